// SPDX-License-Identifier: GPL-2.0-only
/* See actor.h. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "actor.h"

#define WAIT	(10 * HZ)
#define SPINS	5000000

/* Busy-wait for @flag. The caller may have bottom halves off or be in an RCU read section. */
bool actor_spin_until(const bool *flag)
{
	unsigned int left = SPINS;

	while (!READ_ONCE(*flag) && left--)
		udelay(1);
	/* Pairs with the release in actor_tell(), so that the base is read after the flag. */
	return smp_load_acquire(flag);
}

void actor_init(struct actor *actor, struct wdmdma_fixture *f, PMDL mdl)
{
	memset(actor, 0, sizeof(*actor));
	actor->fixture = f;
	actor->adapter = f->adapter;
	actor->mdl = mdl;
	init_completion(&actor->done);
}

/* Publish @base to the thread that waits in actor_spin_until(). */
void actor_tell(struct actor *actor, PVOID base)
{
	actor->base = base;
	/*
	 * Pairs with the acquire in actor_spin_until(), so that the base is written before the
	 * flag.
	 */
	smp_store_release(&actor->base_there, true);
}

void actor_start(struct kunit *test, struct actor *actor, int (*act)(void *))
{
	struct task_struct *task = kthread_run(act, actor, "wdmdma-actor");

	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
}

void actor_wait(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&actor->done, WAIT), 0UL);
}

IO_ALLOCATION_ACTION actor_keep(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context)
{
	struct actor *actor = context;
	IO_ALLOCATION_ACTION action = actor->action;

	actor->base = base;
	actor->calls++;
	/* The actor may be freed as soon as it is completed. */
	complete(&actor->done);
	return action;
}

/* A routine of a list that the driver keeps. */
VOID actor_keep_list(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	struct actor *actor = context;

	actor->base = list;
}

VOID actor_put_and_count(PDEVICE_OBJECT object, PIRP irp, PSCATTER_GATHER_LIST list, PVOID context)
{
	struct actor *actor = context;

	actor->adapter->DmaOperations->PutScatterGatherList(actor->adapter, list, TRUE);
	actor->calls++;
	complete(&actor->done);
}
