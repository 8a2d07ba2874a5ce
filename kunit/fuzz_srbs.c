// SPDX-License-Identifier: GPL-2.0-only
/* Random calls on requests of a miniport. The memory of a request is an MDL of the model. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/mm.h>

#include <wdmdma/mdl.h>
#include <wdmdma/storport.h>

#include "fuzz.h"

static void make_srb(void)
{
	struct fuzz_srb *slot = fuzz_find(fuzz()->srb, FUZZ_SRBS, !slot->srb);
	struct fuzz_device *device = &fuzz_devices[fuzz_below(fuzz_nr_devices)];
	bool ex = fuzz_one_in(2);

	if (!slot)
		return;
	*slot = (struct fuzz_srb) { .device = device };
	slot->srb = ex ? (PVOID)wdmdma_srb_create_ex(device->extension, fuzz_below(256)) :
			 (PVOID)wdmdma_srb_create(device->extension, fuzz_below(256));
	fuzz_expect(slot->srb, "no request");
	fuzz()->good++;
}

static void map_srb(struct fuzz_srb *slot)
{
	struct fuzz_adapter fake = { .device = slot->device, .width = 32 };
	struct fuzz_list seen = { .adapter = &fake, .write = fuzz_one_in(2) };
	NTSTATUS status;

	seen.mdl = fuzz_mdl_take(seen.write);
	if (!seen.mdl)
		return;
	seen.len = MmGetMdlByteCount(seen.mdl->mdl);
	local_bh_disable();
	status = wdmdma_srb_map(slot->device->extension, slot->srb, seen.mdl->mdl, seen.write);
	local_bh_enable();
	fuzz_expect(NT_SUCCESS(status), "%u bytes: 0x%x", seen.len, status);
	if (!NT_SUCCESS(status)) {
		fuzz_mdl_put(seen.mdl);
		return;
	}
	slot->mdl = seen.mdl;
	slot->write = seen.write;
	/* The two kinds of lists have one layout. */
	seen.list = (void *)StorPortGetScatterGatherList(slot->device->extension, slot->srb);
	fuzz_expect(seen.list, "a request without a list");
	if (seen.list) {
		fuzz_list_check(&seen);
		fuzz_list_write(&seen);
	}
	if (!slot->write)
		slot->mdl->mark = fuzz()->number ^ 0x5a;
	fuzz()->good++;
}

static void unmap_srb(struct fuzz_srb *slot)
{
	struct fuzz_mdl *mdl = slot->mdl;

	local_bh_disable();
	wdmdma_srb_unmap(slot->device->extension, slot->srb);
	local_bh_enable();
	fuzz_expect(!StorPortGetScatterGatherList(slot->device->extension, slot->srb),
		    "a list after the end");
	if (!slot->write)
		fuzz_expect(!memchr_inv(mdl->va, mdl->mark, MmGetMdlByteCount(mdl->mdl)),
			    "the bytes of the device have not arrived");
	fuzz_mdl_put(mdl);
	slot->mdl = NULL;
	fuzz()->good++;
}

static void destroy_srb(struct fuzz_srb *slot)
{
	if (slot->mdl)
		unmap_srb(slot);
	wdmdma_srb_destroy(slot->device->extension, slot->srb);
	slot->srb = NULL;
	fuzz()->good++;
}

/* Map a request that is mapped, or unmap one that is not. Nothing may change. */
static void use_srb_wrong(struct fuzz_srb *slot)
{
	NTSTATUS status;

	if (slot->mdl) {
		status = wdmdma_srb_map(slot->device->extension, slot->srb, slot->mdl->mdl,
					slot->write);
		fuzz_expect(status == STATUS_INVALID_DEVICE_STATE, "mapped twice: 0x%x", status);
	} else {
		wdmdma_srb_unmap(slot->device->extension, slot->srb);
		status = wdmdma_srb_map(slot->device->extension, slot->srb, NULL, true);
		fuzz_expect(status == STATUS_INVALID_PARAMETER, "no MDL: 0x%x", status);
	}
	fuzz()->refused++;
}

static void use_srb(void)
{
	struct fuzz_srb *slot = fuzz_find(fuzz()->srb, FUZZ_SRBS, slot->srb);

	if (!slot)
		return;
	if (fuzz_one_in(8))
		use_srb_wrong(slot);
	else if (fuzz_one_in(8))
		destroy_srb(slot);
	else if (slot->mdl)
		unmap_srb(slot);
	else
		map_srb(slot);
}

const struct fuzz_call fuzz_srb_calls[] = {
	{ "wdmdma_srb_create", 2, make_srb },
	{ "wdmdma_srb_map", 8, use_srb },
	{}
};

/* Destroy the requests of a device. */
void fuzz_srbs_end(const struct fuzz_device *device)
{
	struct fuzz_srb *slot;

	for (slot = fuzz()->srb; slot < fuzz()->srb + FUZZ_SRBS; slot++)
		if (slot->srb && slot->device == device)
			destroy_srb(slot);
}
