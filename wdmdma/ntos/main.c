// SPDX-License-Identifier: GPL-2.0-only
/* The wiring of wdmdma_ntos.ko, and nothing else. */
#include "ntos/ntos.h"

#include <linux/module.h>
#include <linux/stringify.h>

#include <wdmdma/version.h>

#include "ntos/block.h"
#include "ntos/dispatcher.h"
#include "ntos/going.h"
#include "ntos/pool.h"
#include "ntos/thread.h"

/*
 * A PREEMPT_RT kernel may have PREEMPT_RT_NEEDS_BH_LOCK as an option and be built without it. Its
 * bottom halves do not exclude each other, so DISPATCH_LEVEL means nothing there, and a KSPIN_LOCK
 * could spin for ever.
 */
static bool __init nt_levels_are_missing(void)
{
#ifdef WDMDMA_NO_BH_LOCK
	return true;
#else
	return false;
#endif
}

static int __init nt_init(void)
{
	int ret;

	if (nt_levels_are_missing()) {
		pr_err("the kernel must be built with PREEMPT_RT_NEEDS_BH_LOCK\n");
		return -EOPNOTSUPP;
	}
	nt_wait_init();
	nt_dpc_init();
	nt_timer_init();
	nt_thread_table_init();
	ret = nt_record_init();
	if (ret)
		return ret;
	ret = nt_block_init();
	if (ret)
		goto exit_record;
	ret = nt_work_init();
	if (ret)
		goto exit_block;
	ret = nt_pool_init();
	if (ret)
		goto exit_work;
	ret = nt_going_init();
	if (!ret)
		return 0;
	nt_pool_exit();
exit_work:
	nt_work_exit();
exit_block:
	nt_block_exit();
exit_record:
	nt_record_exit();
	return ret;
}

/* No driver is linked with the module any more. */
static void __exit nt_exit(void)
{
	nt_going_exit();
	nt_timer_exit();
	nt_dpc_exit();
	nt_work_exit();
	nt_thread_table_exit();
	nt_pool_exit();
	nt_block_exit();
	nt_record_exit();
}

module_init(nt_init);
module_exit(nt_exit);

MODULE_DESCRIPTION("Windows kernel routines for ported drivers");
MODULE_AUTHOR("The wdmdma maintainers");
MODULE_VERSION(__stringify(WDMDMA_VERSION_MAJOR) "." __stringify(WDMDMA_VERSION_MINOR) "."
	       __stringify(WDMDMA_VERSION_PATCH));
MODULE_LICENSE("GPL");
