// SPDX-License-Identifier: GPL-2.0-only
/* Module wiring, and nothing else. */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/stringify.h>

#include <wdmdma/version.h>

#include "core/adapter.h"
#include "core/history.h"
#include "core/recycle.h"
#include "core/work.h"
#include "debug/debugfs.h"
#include "lib/owner.h"
#include "lib/pins.h"
#include "lib/record_cache.h"
#include "lib/stack.h"
#include "storport/stor.h"
#include "wdm/wdm_mdl_common.h"

static int __init wdmdma_init(void)
{
	int ret;

	ret = wdmdma_work_init();
	if (ret)
		return ret;
	ret = wdmdma_record_init();
	if (ret)
		goto exit_work;
	ret = wdmdma_owner_init();
	if (ret)
		goto exit_record;
	ret = wdmdma_recycle_register();
	if (ret)
		goto exit_owner;
	ret = wdmdma_stack_init();
	if (ret)
		goto unregister_recycle;
	wdmdma_debugfs_init();
	return 0;

unregister_recycle:
	wdmdma_recycle_unregister();
exit_owner:
	wdmdma_owner_exit();
exit_record:
	wdmdma_record_exit();
exit_work:
	wdmdma_work_exit();
	return ret;
}

/* No driver that uses the module is bound any more. Adapters and extensions may be left. */
static void __exit wdmdma_exit(void)
{
	wdmdma_debugfs_exit();
	wdmdma_stack_exit();
	wdmdma_recycle_unregister();
	wdm_stor_exit();
	wdmdma_adapter_exit();
	/* The work items that free adapters are queued by RCU callbacks. */
	rcu_barrier();
	wdmdma_work_exit();
	wdm_reserved_exit();
	wdm_noncached_exit();
	wdm_memory_exit();
	wdm_mdl_pages_exit();
	wdm_pool_exit();
	wdmdma_pins_exit();
	rcu_barrier();
	wdmdma_owner_exit();
	wdmdma_record_exit();
	wdmdma_history_clear();
}

module_init(wdmdma_init);
module_exit(wdmdma_exit);

MODULE_DESCRIPTION("Windows WDM DMA adapters and common buffers");
MODULE_AUTHOR("The wdmdma maintainers");
MODULE_VERSION(__stringify(WDMDMA_VERSION_MAJOR) "." __stringify(WDMDMA_VERSION_MINOR) "."
	       __stringify(WDMDMA_VERSION_PATCH));
MODULE_LICENSE("GPL");
