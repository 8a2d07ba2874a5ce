// SPDX-License-Identifier: GPL-2.0-only
/* Random calls on map registers and the channel of an adapter. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/completion.h>

#include <wdmdma/mdl.h>

#include "fuzz.h"

static void get_base(void)
{
	struct fuzz_base *slot = fuzz_find(fuzz()->base, FUZZ_BASES, !slot->base);
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1] __aligned(8);
	struct fuzz_adapter *adapter = fuzz_adapter_any();
	NTSTATUS status;
	u32 count;

	if (!slot || !adapter || adapter->shared ||
	    !fuzz_has(adapter, AllocateAdapterChannelEx))
		return;
	count = fuzz_below(adapter->registers + 2);
	*slot = (struct fuzz_base) { .adapter = adapter, .count = count };
	adapter->ops->InitializeDmaTransferContext(adapter->adapter, context);
	status = adapter->ops->AllocateAdapterChannelEx(adapter->adapter, adapter->device->object,
							context, count, DMA_SYNCHRONOUS_CALLBACK,
							NULL, NULL, &slot->base);
	fuzz_expect(NT_SUCCESS(status) == (count <= adapter->registers),
		    "%u registers of %u: 0x%x", count, adapter->registers, status);
	fuzz_expect(NT_SUCCESS(status) == !!slot->base, "registers with status 0x%x", status);
	if (!NT_SUCCESS(status)) {
		fuzz()->refused++;
		return;
	}
	adapter->ops->FreeAdapterObject(adapter->adapter, DeallocateObjectKeepRegisters);
	adapter->users++;
	fuzz()->good++;
}

/* A request for the channel, and what its routine returns. */
struct wish {
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1] __aligned(8);
	IO_ALLOCATION_ACTION action;
	PVOID base;
	struct completion called;
};

static IO_ALLOCATION_ACTION have_channel(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context)
{
	struct wish *wish = context;
	IO_ALLOCATION_ACTION action = wish->action;

	wish->base = base;
	/* The wish may be gone from here on. */
	complete(&wish->called);
	return action;
}

static NTSTATUS ask_for_channel(struct fuzz_adapter *adapter, struct wish *wish, u32 count)
{
	NTSTATUS status;

	*wish = (struct wish) { .action = wish->action };
	init_completion(&wish->called);
	adapter->ops->InitializeDmaTransferContext(adapter->adapter, wish->context);
	local_bh_disable();
	status = adapter->ops->AllocateAdapterChannelEx(adapter->adapter, adapter->device->object,
							wish->context, count, 0, have_channel, wish,
							NULL);
	local_bh_enable();
	return status;
}

/*
 * Take the channel and let a second request wait for it. The second one is cancelled, or gets the
 * channel when the first one gives it back.
 */
static void use_channel(void)
{
	struct fuzz_adapter *adapter = fuzz_adapter_any();
	struct wish first = { .action = KeepObject }, second = { .action = DeallocateObject };
	PDEVICE_OBJECT object;
	NTSTATUS status;
	bool waits;
	u32 count;

	if (!adapter || adapter->shared || !fuzz_has(adapter, CancelAdapterChannel))
		return;
	object = adapter->device->object;
	count = fuzz_below(adapter->registers + 2);
	status = ask_for_channel(adapter, &first, count);
	fuzz_expect(NT_SUCCESS(status) == (count <= adapter->registers),
		    "%u registers of %u: 0x%x", count, adapter->registers, status);
	if (!NT_SUCCESS(status)) {
		fuzz()->refused++;
		return;
	}
	fuzz_demand(wait_for_completion_timeout(&first.called, FUZZ_PATIENCE), "no channel comes");
	status = ask_for_channel(adapter, &second, 1);
	fuzz_expect(NT_SUCCESS(status), "a second request: 0x%x", status);
	fuzz_demand(!completion_done(&second.called), "two requests have the channel");
	fuzz_demand(!adapter->ops->CancelAdapterChannel(adapter->adapter, object, first.context),
		    "a request with the channel was cancelled");
	waits = NT_SUCCESS(status);
	if (waits && fuzz_one_in(2)) {
		waits = false;
		fuzz_demand(adapter->ops->CancelAdapterChannel(adapter->adapter, object,
							       second.context),
			    "a request that waits was not cancelled");
	}
	local_bh_disable();
	adapter->ops->FreeAdapterChannel(adapter->adapter);
	local_bh_enable();
	if (waits)
		fuzz_demand(wait_for_completion_timeout(&second.called, FUZZ_PATIENCE),
			    "no channel comes for the second request");
	else
		fuzz_demand(!completion_done(&second.called), "a request without need is granted");
	fuzz()->good++;
}

/* Map a part of an MDL into a list on the stack, and look at it as the device does. */
static void map_base(struct fuzz_base *slot)
{
	u8 room[FUZZ_ROOM_BYTES] __aligned(8);
	struct fuzz_list seen = { .adapter = slot->adapter, .list = (void *)room };
	struct fuzz_mdl *mdl;
	NTSTATUS status;
	ULONG len;
	bool good;

	slot->write = fuzz_one_in(2);
	mdl = fuzz_mdl_take(slot->write);
	if (!mdl)
		return;
	good = fuzz_mdl_part(mdl, &slot->offset, &slot->len) && slot->count;
	if (!slot->adapter->registers)
		good = false;
	len = slot->len;
	status = slot->adapter->ops->MapTransferEx(slot->adapter->adapter, mdl->mdl, slot->base,
						   slot->offset, 0, &len, slot->write,
						   (void *)room, sizeof(room), NULL, NULL);
	fuzz_expect(NT_SUCCESS(status) == good, "%u bytes under %u registers: 0x%x", slot->len,
		    slot->count, status);
	fuzz_expect(NT_SUCCESS(status) ? len && len <= slot->len : !len, "%u of %u bytes", len,
		    slot->len);
	if (!NT_SUCCESS(status)) {
		fuzz_mdl_put(mdl);
		fuzz()->refused++;
		return;
	}
	slot->len = len;
	slot->mdl = mdl;
	seen.mdl = mdl;
	seen.offset = slot->offset;
	seen.len = len;
	fuzz_list_check(&seen);
	seen.write = slot->write;
	fuzz_list_write(&seen);
	/* The list is gone now, so remember what was written by the number of the call. */
	if (!slot->write)
		mdl->mark = fuzz()->number ^ 0x5a;
	fuzz()->good++;
}

/* End what is mapped. A driver may name fewer bytes than were mapped. */
static void flush_base(struct fuzz_base *slot)
{
	u32 len = fuzz_one_in(2) ? slot->len : fuzz_below(slot->len + 1);
	NTSTATUS status;

	if (fuzz_one_in(8)) {
		status = slot->adapter->ops->FlushAdapterBuffersEx(slot->adapter->adapter,
								   slot->mdl->mdl, slot->base,
								   slot->offset + slot->len, len,
								   slot->write);
		fuzz_expect(!NT_SUCCESS(status), "a flush behind what is mapped");
		fuzz()->refused++;
		return;
	}
	status = slot->adapter->ops->FlushAdapterBuffersEx(slot->adapter->adapter, slot->mdl->mdl,
							   slot->base, slot->offset, len,
							   slot->write);
	fuzz_expect(NT_SUCCESS(status), "a flush of %u of %u bytes: 0x%x", len, slot->len, status);
	if (!slot->write)
		fuzz_expect(!memchr_inv(slot->mdl->va + slot->offset, slot->mdl->mark, slot->len),
			    "the bytes of the device have not arrived");
	fuzz_mdl_put(slot->mdl);
	slot->mdl = NULL;
	fuzz()->good++;
}

static void free_base(struct fuzz_base *slot)
{
	if (slot->mdl)
		flush_base(slot);
	if (slot->mdl)
		return;
	/* A wrong number must free nothing. */
	if (fuzz_one_in(4))
		slot->adapter->ops->FreeMapRegisters(slot->adapter->adapter, slot->base,
						     slot->count + 1);
	slot->adapter->ops->FreeMapRegisters(slot->adapter->adapter, slot->base, slot->count);
	slot->adapter->users--;
	slot->base = NULL;
	fuzz()->good++;
}

static void use_base(void)
{
	struct fuzz_base *slot = fuzz_find(fuzz()->base, FUZZ_BASES, slot->base);

	if (!slot)
		return;
	if (slot->mdl)
		flush_base(slot);
	else if (fuzz_one_in(4))
		free_base(slot);
	else
		map_base(slot);
}

const struct fuzz_call fuzz_register_calls[] = {
	{ "map registers", 3, get_base },
	{ "MapTransferEx", 12, use_base },
	{ "AllocateAdapterChannelEx", 3, use_channel },
	{}
};

static void forget_base(struct fuzz_base *slot)
{
	slot->base = NULL;
	if (slot->mdl)
		fuzz_mdl_put(slot->mdl);
	slot->mdl = NULL;
}

/* End the map registers of a device. Without @tidy the module ends them, so forget them. */
void fuzz_registers_end(const struct fuzz_device *device, bool tidy)
{
	struct fuzz_base *base;

	for (base = fuzz()->base; base < fuzz()->base + FUZZ_BASES; base++) {
		while (tidy && base->base && base->adapter->device == device)
			free_base(base);
		if (base->base && base->adapter->device == device)
			forget_base(base);
	}
}
