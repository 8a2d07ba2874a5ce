// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls of wdmdma_ntos.ko: pool, lookaside lists, events, timers, DPCs, work items. Only
 * blocks of pool outlive their call.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/dispatcher.h>
#include <ddk/wdm/pool.h>
#include <ddk/wdm/thread.h>

#include <wdmdma/mdl.h>

#include "fuzz.h"

#define TAG	0x7a7a7546

static void alloc_pool(void)
{
	static const POOL_FLAGS flags[] = { POOL_FLAG_NON_PAGED, POOL_FLAG_PAGED,
					    POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED };
	struct fuzz_pool *slot = fuzz_find(fuzz()->pool, FUZZ_POOLS, !slot->va);
	u32 size = fuzz_one_in(2) ? fuzz_below(300) + 1 : fuzz_length();
	u32 kind = fuzz_below(ARRAY_SIZE(flags));
	POOL_TYPE type = kind == 1 ? PagedPool : NonPagedPoolNx;
	bool zeroed = fuzz_one_in(2);

	if (!slot)
		return;
	slot->va = zeroed ? ExAllocatePool2(flags[kind], size, TAG) :
			    ExAllocatePoolWithTag(type, size, TAG);
	fuzz_expect(slot->va, "no pool of %u bytes", size);
	if (!slot->va)
		return;
	fuzz_expect(!zeroed || !memchr_inv(slot->va, 0, size), "new pool is not zeroed");
	fuzz_expect(!((unsigned long)slot->va % (size < PAGE_SIZE ? 16 : PAGE_SIZE)),
		    "%u bytes are not aligned", size);
	slot->size = size;
	slot->mark = fuzz()->number;
	memset(slot->va, slot->mark, size);
	fuzz()->good++;
}

static void free_slot(struct fuzz_pool *slot, bool with_tag)
{
	fuzz_expect(!memchr_inv(slot->va, slot->mark, slot->size), "pool has lost its contents");
	if (with_tag)
		ExFreePoolWithTag(slot->va, TAG);
	else
		ExFreePool(slot->va);
	slot->va = NULL;
	fuzz()->good++;
}

/* Free a block, at DISPATCH_LEVEL now and then. Something inside of a block must not be freed. */
static void free_pool(void)
{
	struct fuzz_pool *slot = fuzz_find(fuzz()->pool, FUZZ_POOLS, slot->va);
	bool high = fuzz_one_in(4);

	if (!slot)
		return;
	if (fuzz_one_in(8) && slot->size > 64) {
		ExFreePoolWithTag(slot->va + 16, TAG);
		ExFreePool(NULL);
		fuzz_expect(!memchr_inv(slot->va, slot->mark, slot->size),
			    "a wrong free has changed the pool");
		fuzz()->refused++;
		return;
	}
	if (high)
		local_bh_disable();
	free_slot(slot, fuzz_one_in(2));
	if (high)
		local_bh_enable();
}

static void use_lookaside(void)
{
	u32 size = fuzz_below(500) + 1, nr = fuzz_below(8) + 1, i, n;
	NPAGED_LOOKASIDE_LIST list;
	u8 *entry[8];

	ExInitializeNPagedLookasideList(&list, NULL, NULL, 0, size, TAG, 0);
	for (n = 0; n < 2; n++) {
		for (i = 0; i < nr; i++) {
			entry[i] = ExAllocateFromNPagedLookasideList(&list);
			fuzz_expect(entry[i], "no entry of %u bytes", size);
			if (entry[i])
				memset(entry[i], i, size);
		}
		for (i = 0; i < nr; i++) {
			if (!entry[i])
				continue;
			fuzz_expect(!memchr_inv(entry[i], i, size), "two entries are one");
			ExFreeToNPagedLookasideList(&list, entry[i]);
		}
	}
	ExDeleteNPagedLookasideList(&list);
	fuzz()->good++;
}

/* Compare an event with a flag. A wait that succeeds ends the signal of one that synchronizes. */
static void use_event(void)
{
	bool sync = fuzz_one_in(2), state = fuzz_one_in(2), was;
	LARGE_INTEGER now = {};
	NTSTATUS status;
	KEVENT event;
	u32 n;

	KeInitializeEvent(&event, sync ? SynchronizationEvent : NotificationEvent, state);
	for (n = fuzz_below(12); n; n--) {
		was = state;
		switch (fuzz_below(4)) {
		case 0:
			fuzz_expect(!!KeSetEvent(&event, 0, FALSE) == was, "KeSetEvent");
			state = true;
			break;
		case 1:
			fuzz_expect(!!KeResetEvent(&event) == was, "KeResetEvent");
			state = false;
			break;
		case 2:
			fuzz_expect(!!KeReadStateEvent(&event) == was, "KeReadStateEvent");
			break;
		default:
			status = KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &now);
			fuzz_expect(status == (was ? STATUS_SUCCESS : STATUS_TIMEOUT),
				    "a wait: 0x%x", status);
			if (sync)
				state = false;
		}
	}
	fuzz()->good++;
}

static void count_run(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	atomic_inc(context);
}

static void use_dpc(void)
{
	bool first, second, removed = false;
	atomic_t runs = ATOMIC_INIT(0);
	KDPC dpc;
	int expected;

	KeInitializeDpc(&dpc, count_run, &runs);
	local_bh_disable();
	first = KeInsertQueueDpc(&dpc, NULL, NULL);
	second = KeInsertQueueDpc(&dpc, NULL, NULL);
	if (fuzz_one_in(2))
		removed = KeRemoveQueueDpc(&dpc);
	local_bh_enable();
	KeFlushQueuedDpcs();
	expected = first + second - removed;
	fuzz_expect(first, "a DPC was not queued");
	fuzz_expect(atomic_read(&runs) == expected, "%d runs of a DPC and not %d",
		    atomic_read(&runs), expected);
	fuzz()->good++;
}

/* Set a timer with a DPC, and cancel it or wait for it. */
static void use_timer(void)
{
	LARGE_INTEGER soon = { .QuadPart = -10000LL * (fuzz_below(3) + 1) };
	LARGE_INTEGER long_after = { .QuadPart = -200000000LL };
	bool wait = fuzz_one_in(2), cancelled = false;
	atomic_t runs = ATOMIC_INIT(0);
	NTSTATUS status;
	KTIMER timer;
	KDPC dpc;

	KeInitializeDpc(&dpc, count_run, &runs);
	KeInitializeTimerEx(&timer, NotificationTimer);
	fuzz_expect(!KeSetTimer(&timer, soon, &dpc), "a new timer was set");
	if (!wait)
		cancelled = KeCancelTimer(&timer);
	if (!cancelled) {
		status = KeWaitForSingleObject(&timer, Executive, KernelMode, FALSE, &long_after);
		fuzz_demand(status == STATUS_SUCCESS, "a timer does not fire: 0x%x", status);
	}
	fuzz_expect(!KeCancelTimer(&timer), "a timer that has ended was set");
	KeFlushQueuedDpcs();
	fuzz_expect(atomic_read(&runs) == !cancelled, "%d runs of the DPC of a timer",
		    atomic_read(&runs));
	fuzz()->good++;
}

static VOID do_work(PDEVICE_OBJECT object, PVOID event)
{
	KeSetEvent(event, 0, FALSE);
}

static void use_work_item(void)
{
	struct fuzz_device *device = &fuzz_devices[fuzz_below(fuzz_nr_devices)];
	LARGE_INTEGER long_after = { .QuadPart = -200000000LL };
	PIO_WORKITEM item = IoAllocateWorkItem(device->object);
	NTSTATUS status;
	KEVENT done;

	fuzz_expect(item, "no work item");
	if (!item)
		return;
	KeInitializeEvent(&done, NotificationEvent, FALSE);
	IoQueueWorkItem(item, do_work, DelayedWorkQueue, &done);
	status = KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, &long_after);
	fuzz_demand(status == STATUS_SUCCESS, "a work item does not run: 0x%x", status);
	IoFreeWorkItem(item);
	fuzz()->good++;
}

const struct fuzz_call fuzz_kit_calls[] = {
	{ "ExAllocatePool2", 5, alloc_pool },
	{ "ExFreePool", 4, free_pool },
	{ "lookaside lists", 2, use_lookaside },
	{ "events", 2, use_event },
	{ "DPCs", 3, use_dpc },
	{ "timers", 2, use_timer },
	{ "work items", 2, use_work_item },
	{}
};

void fuzz_pool_end(void)
{
	struct fuzz_pool *slot;

	for (slot = fuzz()->pool; slot < fuzz()->pool + FUZZ_POOLS; slot++)
		if (slot->va)
			free_slot(slot, true);
}
