// SPDX-License-Identifier: GPL-2.0-only
/* WDM layer: caches and memory that must agree. */
#include "core/adapter.h"
#include "core/core.h"
#include "core/flush.h"
#include "lib/refusal.h"
#include "wdm/wdm_common.h"
#include "wdm/wdm_mdl_chain.h"

/**
 * WdmFlushDmaBuffer() - FlushDmaBuffer: make memory the same for CPU and device
 * @dma_adapter: from IoGetDmaAdapter()
 * @mdl: resident memory. The rest of a chain does not count
 * @read_operation: TRUE after the device wrote and before the CPU reads. FALSE after the
 *	CPU wrote and before the device reads
 *
 * Answers to wdm: PFLUSH_DMA_BUFFER. There is nothing to do for a cache-coherent device.
 *
 * Differs from Windows: the page gives neither level nor status, so both are a choice of this
 * module. Memory that the device reaches only through a bounce buffer is refused.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER for an adapter that is not live, and for an MDL that is NULL, not
 *   resident, of device memory, or locked for reading only when the device wrote
 * * STATUS_NOT_SUPPORTED
 * * STATUS_DELETE_PENDING after unbind
 */
NTSTATUS WdmFlushDmaBuffer(PDMA_ADAPTER dma_adapter, PMDL mdl, BOOLEAN read_operation)
{
	static const char call[] = "FlushDmaBuffer";
	struct wdmdma_adapter *adapter = wdm_enter(dma_adapter, call, HIGH_LEVEL);
	struct wdmdma_refusal refusal;
	int ret;

	if (IS_ERR(adapter))
		return wdm_status(PTR_ERR(adapter));
	ret = mdl ? wdm_mdl_check(mdl, 0, mdl->ByteCount, read_operation, &refusal) :
		    wdmdma_deny(&refusal, -EINVAL, "Mdl is NULL");
	if (ret)
		wdmdma_refuse_bug_for(adapter->device, call, refusal.bug, refusal.reason, "%s",
				      refusal.reason);
	else
		ret = wdmdma_flush(adapter, call, MmGetMdlPfnArray(mdl), mdl->ByteOffset,
				   mdl->ByteCount, !read_operation);
	wdmdma_adapter_put(adapter);
	return wdm_status(ret);
}

/**
 * KeFlushIoBuffers() - make caches and memory agree before or after a transfer
 * @mdl: one MDL, not its chain. The MDL is not read
 * @read_operation: TRUE if the device writes the memory
 * @dma_operation: TRUE for DMA, FALSE for programmed I/O
 *
 * Answers to wdm: KeFlushIoBuffers. The function has no caches to flush, because it does not know
 * the device. The calls that map and unmap memory for a device flush the caches as the device
 * needs. Programmed I/O is done by the CPU, and a common buffer needs no flush.
 *
 * Context: any.
 */
void KeFlushIoBuffers(PMDL mdl, BOOLEAN read_operation, BOOLEAN dma_operation)
{
	/* Order the CPU's writes before the write that tells the device. */
	mb();
}
EXPORT_SYMBOL_GPL(KeFlushIoBuffers);
