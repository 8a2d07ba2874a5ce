// SPDX-License-Identifier: GPL-2.0-only
/*
 * The transfers of an adapter as a whole, and the gate that keeps new transfers out.
 *
 * A call that starts or ends a transfer has no reference to the adapter, and takes no lock to pass
 * the gate. One RCU read section spans the look-up of the adapter, the check of the gate, the
 * mapping, and the insertion into a table or list of the adapter. Another section spans the
 * removal from the table and the unmapping. So a caller that has shut the gate must wait for RCU
 * readers. After that, each transfer is in a table or list.
 */
#include <linux/rcupdate.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/channel.h"
#include "core/sg_list.h"
#include "core/transfer.h"

void wdmdma_transfers_init(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfers *transfers = &adapter->transfers;

	spin_lock_init(&transfers->mapping);
	spin_lock_init(&transfers->lock);
	INIT_LIST_HEAD(&transfers->waiting_lists);
	INIT_LIST_HEAD(&transfers->registers);
	INIT_LIST_HEAD(&transfers->waiting_channels);
	wdmdma_ptr_table_init(&transfers->lists);
	wdmdma_ptr_table_init(&transfers->waiting_buffers);
	wdmdma_ptr_table_init(&transfers->waiting_contexts);
	wdmdma_ptr_table_init(&transfers->bases);
	wdmdma_ptr_table_init(&transfers->contexts);
	INIT_DELAYED_WORK(&transfers->list_work, wdmdma_sg_list_work);
	INIT_WORK(&transfers->channel_work, wdmdma_channel_work);
}

/* Free the memory of the tables. No call and no reader (lib/reader.h) uses the adapter any more. */
void wdmdma_transfers_fini(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfers *transfers = &adapter->transfers;

	wdmdma_ptr_table_destroy(&transfers->lists);
	wdmdma_ptr_table_destroy(&transfers->waiting_buffers);
	wdmdma_ptr_table_destroy(&transfers->waiting_contexts);
	wdmdma_ptr_table_destroy(&transfers->bases);
	wdmdma_ptr_table_destroy(&transfers->contexts);
}

/* Return true if the adapter has no transfers, map registers or requests for them. */
bool wdmdma_transfers_are_idle(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfers *transfers = &adapter->transfers;
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&transfers->lock, flags);
	idle = !transfers->lists.nr && list_empty(&transfers->waiting_lists) &&
	       list_empty(&transfers->registers) && list_empty(&transfers->waiting_channels);
	spin_unlock_irqrestore(&transfers->lock, flags);
	return idle;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfers_are_idle);

/*
 * Let no transfer start and no channel be granted until wdmdma_transfers_release(). Calls that
 * have passed the gate may still start a transfer. So the caller must wait for RCU readers before
 * it relies on wdmdma_transfers_are_idle(), and once more before it changes the domain, because a
 * list that is out of the table may still be unmapped. Return false if the adapter is not idle.
 */
bool wdmdma_transfers_hold(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfers *transfers = &adapter->transfers;
	unsigned long flags;

	spin_lock_irqsave(&transfers->lock, flags);
	WRITE_ONCE(transfers->held, true);
	spin_unlock_irqrestore(&transfers->lock, flags);
	return wdmdma_transfers_are_idle(adapter);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfers_hold);

void wdmdma_transfers_release(struct wdmdma_adapter *adapter)
{
	struct wdmdma_transfers *transfers = &adapter->transfers;
	unsigned long flags;

	spin_lock_irqsave(&transfers->lock, flags);
	WRITE_ONCE(transfers->held, false);
	spin_unlock_irqrestore(&transfers->lock, flags);
	wdmdma_channel_kick(adapter);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_transfers_release);
