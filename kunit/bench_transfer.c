// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on transfers. Scattered pages of the driver become a list,
 * or are mapped with map registers. The raw side uses a list that exists already.
 */
#include <linux/bottom_half.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include <wdmdma/mdl.h>

#include "bench.h"

#define ELEMENTS	(SZ_64K / PAGE_SIZE + 1)

struct transfer_row {
	struct bench_scattered scattered;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1] __aligned(8);
	PVOID registers;
	struct {
		SCATTER_GATHER_LIST list;
		SCATTER_GATHER_ELEMENT element[ELEMENTS];
	} room;
};

/* Release the row. Unbinding the device would free the map registers as well. */
void bench_transfer_cleanup(struct bench *b)
{
	struct transfer_row *row = b->row;

	if (row->registers) {
		local_bh_disable();
		b->ops->FreeMapRegisters(b->adapter, row->registers, ELEMENTS);
		local_bh_enable();
	}
	bench_scattered_release(&row->scattered);
	kfree(row);
}

int bench_list_setup(struct bench *b)
{
	struct transfer_row *row = kzalloc(sizeof(*row), GFP_KERNEL);
	int ret;

	if (!row)
		return -ENOMEM;
	b->row = row;
	ret = bench_scattered_make(&row->scattered, b->len);
	if (ret)
		bench_transfer_cleanup(b);
	return ret;
}

static VOID have_list(PDEVICE_OBJECT device_object, PIRP irp, PSCATTER_GATHER_LIST list,
		      PVOID context)
{
	*(PSCATTER_GATHER_LIST *)context = list;
}

int bench_ours_list(struct bench *b, unsigned int n)
{
	struct transfer_row *row = b->row;
	PMDL mdl = row->scattered.mdl;
	PSCATTER_GATHER_LIST list;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		list = NULL;
		b->ops->GetScatterGatherList(b->adapter, b->device_object, mdl,
					     MmGetMdlVirtualAddress(mdl), b->len, have_list, &list,
					     TRUE);
		if (list)
			b->ops->PutScatterGatherList(b->adapter, list, TRUE);
		else
			ret = -ENOMEM;
	}
	local_bh_enable();
	return ret;
}

int bench_raw_list(struct bench *b, unsigned int n)
{
	struct transfer_row *row = b->row;

	while (n--) {
		if (dma_map_sgtable(b->dev, &row->scattered.sgt, DMA_TO_DEVICE, 0))
			return -ENOMEM;
		dma_unmap_sgtable(b->dev, &row->scattered.sgt, DMA_TO_DEVICE, 0);
	}
	return 0;
}

/* The channel is granted at once. The row keeps the map registers and releases the channel. */
int bench_map_setup(struct bench *b)
{
	struct transfer_row *row;
	NTSTATUS status;
	int ret = bench_list_setup(b);

	if (ret)
		return ret;
	row = b->row;
	b->ops->InitializeDmaTransferContext(b->adapter, row->context);
	local_bh_disable();
	status = b->ops->AllocateAdapterChannelEx(b->adapter, b->device_object, row->context,
						  ELEMENTS, DMA_SYNCHRONOUS_CALLBACK, NULL, NULL,
						  &row->registers);
	if (!status)
		b->ops->FreeAdapterObject(b->adapter, DeallocateObjectKeepRegisters);
	local_bh_enable();
	if (!status)
		return 0;
	row->registers = NULL;
	bench_transfer_cleanup(b);
	return -EBUSY;
}

int bench_ours_map(struct bench *b, unsigned int n)
{
	struct transfer_row *row = b->row;
	PMDL mdl = row->scattered.mdl;
	ULONG length;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		length = b->len;
		if (b->ops->MapTransferEx(b->adapter, mdl, row->registers, 0, 0, &length, TRUE,
					  &row->room.list, sizeof(row->room), NULL, NULL) ||
		    length != b->len)
			ret = -ENOMEM;
		b->ops->FlushAdapterBuffersEx(b->adapter, mdl, row->registers, 0, length, TRUE);
	}
	local_bh_enable();
	return ret;
}
