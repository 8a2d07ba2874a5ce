// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on map registers. MapTransferEx maps a whole transfer in one
 * call. MapTransfer maps one piece in each call. A packet cycle allocates the channel and
 * gives the map registers back, as a packet-based driver does for each request.
 */
#include <linux/bottom_half.h>

#include <wdmdma/mdl.h>

#include "bench.h"

/* The channel is granted at once. The row keeps the map registers and releases the channel. */
int bench_map_setup(struct bench *b)
{
	struct bench_transfer *t;
	NTSTATUS status;
	int ret = bench_list_setup(b);

	if (ret)
		return ret;
	t = b->row;
	t->nr_registers = t->pages + 1;
	b->ops->InitializeDmaTransferContext(b->adapter, t->context);
	local_bh_disable();
	status = b->ops->AllocateAdapterChannelEx(b->adapter, b->device_object, t->context,
						  t->nr_registers, DMA_SYNCHRONOUS_CALLBACK, NULL,
						  NULL, &t->registers);
	if (!status)
		b->ops->FreeAdapterObject(b->adapter, DeallocateObjectKeepRegisters);
	local_bh_enable();
	if (!status)
		return 0;
	t->registers = NULL;
	bench_transfer_cleanup(b);
	return -EBUSY;
}

int bench_ours_map_ex(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	ULONG length;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		length = t->len;
		if (b->ops->MapTransferEx(b->adapter, t->mdl, t->registers, 0, 0, &length, TRUE,
					  t->room, t->room_bytes, NULL, NULL) ||
		    length != t->len)
			ret = -ENOMEM;
		b->ops->FlushAdapterBuffersEx(b->adapter, t->mdl, t->registers, 0, length, TRUE);
	}
	local_bh_enable();
	return ret;
}

/* Map all pieces and flush once. */
static int map_pieces(struct bench *b, PVOID registers)
{
	struct bench_transfer *t = b->row;
	char *va = MmGetMdlVirtualAddress(t->mdl);
	size_t done = 0;
	ULONG length;

	while (done < t->len) {
		length = t->len - done;
		if (!b->ops->MapTransfer(b->adapter, t->mdl, registers, va + done, &length,
					 TRUE).QuadPart)
			break;
		done += length;
	}
	b->ops->FlushAdapterBuffers(b->adapter, t->mdl, registers, va, t->len, TRUE);
	return done == t->len ? 0 : -ENOMEM;
}

int bench_ours_map_loop(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret)
		ret = map_pieces(b, t->registers);
	local_bh_enable();
	return ret;
}

static IO_ALLOCATION_ACTION have_channel(PDEVICE_OBJECT device_object, PIRP irp, PVOID registers,
					 PVOID context)
{
	*(PVOID *)context = registers;
	return DeallocateObjectKeepRegisters;
}

int bench_ours_packet(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	PVOID registers;
	int ret = 0;

	local_bh_disable();
	while (n-- && !ret) {
		registers = NULL;
		b->ops->AllocateAdapterChannel(b->adapter, b->device_object, t->pages,
					       have_channel, &registers);
		if (!registers) {
			ret = -EBUSY;
			break;
		}
		ret = map_pieces(b, registers);
		b->ops->FreeMapRegisters(b->adapter, registers, t->pages);
	}
	local_bh_enable();
	return ret;
}
