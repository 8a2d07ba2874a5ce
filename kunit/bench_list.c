// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on scatter/gather lists, from the DMA_OPERATIONS table and
 * from StorPort. The calls run at DISPATCH_LEVEL, as Windows requires.
 */
#include <linux/bottom_half.h>

#include <wdmdma/linux.h>
#include <wdmdma/mdl.h>

#include "bench.h"

static VOID have_list(PDEVICE_OBJECT device_object, PIRP irp, PSCATTER_GATHER_LIST list,
		      PVOID context)
{
	*(PSCATTER_GATHER_LIST *)context = list;
}

/* Return a list of the memory of the row, or NULL. */
PSCATTER_GATHER_LIST bench_list_get(struct bench *b, struct bench_transfer *t)
{
	PSCATTER_GATHER_LIST list = NULL;

	b->ops->GetScatterGatherList(b->adapter, b->device_object, t->mdl,
				     MmGetMdlVirtualAddress(t->mdl), t->len, have_list, &list,
				     TRUE);
	return list;
}

int bench_list_setup(struct bench *b)
{
	return bench_transfer_setup(b, DMA_TO_DEVICE);
}

int bench_ours_list(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	PSCATTER_GATHER_LIST list;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		list = bench_list_get(b, t);
		if (list)
			b->ops->PutScatterGatherList(b->adapter, list, TRUE);
		else
			ret = -ENOMEM;
	}
	local_bh_enable();
	return ret;
}

/* The list is in memory of the driver. */
int bench_ours_build_list(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	PSCATTER_GATHER_LIST list;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		list = NULL;
		b->ops->BuildScatterGatherList(b->adapter, b->device_object, t->mdl,
					       MmGetMdlVirtualAddress(t->mdl), t->len, have_list,
					       &list, TRUE, t->room, t->room_bytes);
		if (list)
			b->ops->PutScatterGatherList(b->adapter, list, TRUE);
		else
			ret = -ENOMEM;
	}
	local_bh_enable();
	return ret;
}

int bench_ours_calculate_list(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	ULONG bytes, registers;

	while (n--)
		if (b->ops->CalculateScatterGatherList(b->adapter, t->mdl,
						       MmGetMdlVirtualAddress(t->mdl), t->len,
						       &bytes, &registers))
			return -EINVAL;
	return 0;
}

static VOID have_stor_list(PVOID *device_object, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list,
			   PVOID context)
{
	*(PSTOR_SCATTER_GATHER_LIST *)context = list;
}

int bench_ours_stor_list(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	PSTOR_SCATTER_GATHER_LIST list;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		list = NULL;
		StorPortBuildScatterGatherList(b->extension, t->mdl, MmGetMdlVirtualAddress(t->mdl),
					       t->len, have_stor_list, &list, TRUE, t->room,
					       t->room_bytes);
		if (list)
			StorPortPutScatterGatherList(b->extension, list, TRUE);
		else
			ret = -ENOMEM;
	}
	local_bh_enable();
	return ret;
}

int bench_srb_setup(struct bench *b)
{
	struct bench_transfer *t;
	int ret = bench_list_setup(b);

	if (ret)
		return ret;
	t = b->row;
	t->srb = wdmdma_srb_create(b->extension, 64);
	if (t->srb)
		return 0;
	bench_transfer_cleanup(b);
	return -ENOMEM;
}

/* The port driver maps and unmaps the data of an SRB, and the miniport asks for the list. */
int bench_ours_srb(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		if (wdmdma_srb_map(b->extension, t->srb, t->mdl, true)) {
			ret = -ENOMEM;
			break;
		}
		if (!StorPortGetScatterGatherList(b->extension, t->srb))
			ret = -EINVAL;
		wdmdma_srb_unmap(b->extension, t->srb);
	}
	local_bh_enable();
	return ret;
}
