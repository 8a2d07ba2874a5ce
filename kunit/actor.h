/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads and driver callbacks that use one adapter at the same time. */
#ifndef WDMDMA_KUNIT_ACTOR_H
#define WDMDMA_KUNIT_ACTOR_H

#include <linux/completion.h>

#include <wdmdma/mdl.h>

#include "helpers.h"

/* One thread or one driver callback, with the data that it works on. */
struct actor {
	PDMA_ADAPTER adapter;
	struct wdmdma_fixture *fixture;
	PMDL mdl;
	PVOID base;
	bool base_there, called;
	IO_ALLOCATION_ACTION action;
	NTSTATUS status;
	unsigned long calls;
	struct completion done;
};

bool actor_spin_until(const bool *flag);
void actor_init(struct actor *actor, struct wdmdma_fixture *f, PMDL mdl);
void actor_tell(struct actor *actor, PVOID base);
void actor_start(struct kunit *test, struct actor *actor, int (*act)(void *));
void actor_wait(struct kunit *test, struct actor *actor);
IO_ALLOCATION_ACTION actor_keep(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context);
VOID actor_keep_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context);
VOID actor_put_and_count(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context);

#endif /* WDMDMA_KUNIT_ACTOR_H */
