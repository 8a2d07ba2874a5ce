// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: telling another module of the MDLs that drivers free. */
#include <linux/rcupdate.h>

#include <wdmdma/pool.h>

#include "wdm/wdm_mdl_common.h"

static wdmdma_mdl_listener wdm_mdl_listener;

/**
 * wdmdma_mdl_listen() - be told of the MDLs that drivers free
 * @listener: called up to DISPATCH_LEVEL, before the MDL is freed, with the name of the driver's
 *	call. It must not sleep. NULL ends that
 *
 * For wdmdma_wdf.ko, whose transactions use MDLs of drivers.
 *
 * Context: PASSIVE_LEVEL (sleeps). An earlier listener does not run any more afterwards.
 */
void wdmdma_mdl_listen(wdmdma_mdl_listener listener)
{
	WRITE_ONCE(wdm_mdl_listener, listener);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(wdmdma_mdl_listen);

/* A driver frees an MDL. */
void wdm_mdl_tell(PMDL mdl, const char *call)
{
	wdmdma_mdl_listener listener;

	rcu_read_lock();
	listener = READ_ONCE(wdm_mdl_listener);
	if (listener)
		listener(mdl, call);
	rcu_read_unlock();
}
