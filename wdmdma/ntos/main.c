// SPDX-License-Identifier: GPL-2.0-only
/* The wiring of wdmdma_ntos.ko, and nothing else. */
#include "ntos/ntos.h"

#include <linux/module.h>

#include "ntos/block.h"
#include "ntos/dispatcher.h"
#include "ntos/pool.h"
#include "ntos/thread.h"

static int __init nt_init(void)
{
	int ret;

	nt_wait_init();
	nt_dpc_init();
	nt_timer_init();
	ret = nt_block_init();
	if (ret)
		return ret;
	ret = nt_work_init();
	if (ret)
		goto exit_block;
	ret = nt_pool_init();
	if (!ret)
		return 0;
	nt_work_exit();
exit_block:
	nt_block_exit();
	return ret;
}

/* No driver is linked with the module any more. */
static void __exit nt_exit(void)
{
	nt_timer_exit();
	nt_dpc_exit();
	nt_work_exit();
	nt_thread_exit_all();
	nt_pool_exit();
	nt_block_exit();
}

module_init(nt_init);
module_exit(nt_exit);

MODULE_DESCRIPTION("Windows kernel routines for ported drivers");
MODULE_LICENSE("GPL");
