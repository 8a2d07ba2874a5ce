// SPDX-License-Identifier: GPL-2.0-only
/* How transfers of slave devices, their channels and their adapters end (wdm/wdm_system_dma.c). */
#include <kunit/device.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/dma_channel.h"
#include "system.h"

#define SYNC		DMA_SYNCHRONOUS_CALLBACK
#define BYTES		3	/* an 8-bit channel without a device */

/* Transfers. */

/**
 * struct mapped_page - a read transfer of a slave device that is not flushed
 * @slave: the adapter, whose channel the driver has
 * @context: the transfer context that the channel was allocated with
 * @memory: the page
 * @mdl: describes @memory
 * @base: the map registers
 * @length: number of bytes mapped
 */
struct mapped_page {
	struct wdmdma_slave *slave;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;
	PMDL mdl;
	PVOID base;
	ULONG length;
};

/* Map a page for a new slave adapter. Skip the case if the machine has no ISA DMA. */
static void map_page(struct kunit *test, struct mapped_page *page)
{
	wdmdma_test_needs_isa(test);
	page->slave = wdmdma_test_slave(test, BYTES);
	page->memory = wdmdma_test_memory(test, 1);
	page->mdl = wdmdma_test_mdl(test, page->memory->va, PAGE_SIZE);
	page->base = wdmdma_test_slave_base(test, page->slave, page->context);
	page->length = PAGE_SIZE;
	KUNIT_ASSERT_NE(test, wdmdma_test_slave_map(page->slave, page->mdl, page->base,
						    &page->length, FALSE).QuadPart, 0LL);
}

/*
 * Registers that are freed while mapped must be flushed, and the channel must be free
 * for another transfer.
 */
static void registers_freed_while_mapped_stop_the_channel(struct kunit *test)
{
	struct mapped_page page;
	struct wdmdma_slave *s;

	map_page(test, &page);
	s = page.slave;
	s->ops->FreeAdapterChannel(s->adapter);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_core(s->adapter)->dma_channel->loaded);
	page.base = wdmdma_test_slave_base(test, s, page.context);
	KUNIT_EXPECT_NE(test, wdmdma_test_slave_map(s, page.mdl, page.base, &page.length,
						    FALSE).QuadPart, 0LL);
	s->ops->FreeAdapterChannel(s->adapter);
}

/* The end. */

static void put_adapter_stops_the_channel(struct kunit *test)
{
	struct mapped_page page;
	struct wdmdma_slave *s;

	map_page(test, &page);
	s = page.slave;
	s->ops->PutDmaAdapter(s->adapter);
	/* The device wrote nothing, so the memory must have its former contents. */
	KUNIT_EXPECT_EQ(test, page.memory->va[20], 20 * 7);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(BYTES));
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), 0U);
	s->adapter = NULL;
}

/*
 * The unbind comes during a transfer. Later calls on the adapter must be answered and must
 * not touch the channel, which another driver may hold.
 */
static void unbind_gives_the_channel_back(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct mapped_page page;
	struct wdmdma_slave *s;

	map_page(test, &page);
	s = page.slave;
	kunit_device_unregister(test, f->dev);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(BYTES));
	KUNIT_EXPECT_TRUE(test, list_empty(&wdmdma_test_core(s->adapter)->transfers.registers));
	KUNIT_EXPECT_EQ(test, s->ops->ReadDmaCounter(s->adapter), (ULONG)PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_slave_flush(s, page.mdl, page.base, PAGE_SIZE,
							 FALSE));
	KUNIT_EXPECT_EQ(test, wdmdma_test_slave_map(s, page.mdl, page.base, &page.length,
						    FALSE).QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, page.length, 0U);
	KUNIT_EXPECT_EQ(test,
			s->ops->AllocateAdapterChannelEx(s->adapter, NULL, page.context, 1, SYNC,
							 NULL, NULL, &page.base),
			STATUS_DELETE_PENDING);
	KUNIT_EXPECT_NULL(test, page.base);
}

/* Many threads. */

#define THREADS		4

/* State of one of several users of the channel. */
struct turns {
	struct wdmdma_slave *slave;
	struct wdmdma_memory *memory;
	PMDL mdl;
	u8 mark;
	struct task_struct *task;
	struct completion done;
	unsigned long rounds, failures;
};

/* Do a read transfer with a device that sends the user's mark. */
static IO_ALLOCATION_ACTION user_has_the_channel(PDEVICE_OBJECT object, PIRP irp, PVOID base,
						 PVOID context)
{
	struct turns *user = context;
	ULONG length = MmGetMdlByteCount(user->mdl);
	PHYSICAL_ADDRESS la = wdmdma_test_slave_map(user->slave, user->mdl, base, &length, FALSE);

	if (la.QuadPart) {
		memset(wdmdma_test_at(la.QuadPart), user->mark, length);
		user->failures += user->slave->ops->ReadDmaCounter(user->slave->adapter) != length;
		user->failures +=
			!wdmdma_test_slave_flush(user->slave, user->mdl, base, length, FALSE);
		user->failures += !!memchr_inv(user->memory->va, user->mark, length);
	} else {
		user->failures++;
	}
	complete(&user->done);
	return DeallocateObject;
}

static int user_thread(void *data)
{
	struct turns *user = data;
	PDMA_ADAPTER adapter = user->slave->adapter;

	while (!kthread_should_stop()) {
		user->mark++;
		if (!NT_SUCCESS(user->slave->ops->AllocateAdapterChannel(adapter, NULL, 2,
									 user_has_the_channel,
									 user)) ||
		    !wait_for_completion_timeout(&user->done, 20 * HZ))
			user->failures++;
		user->slave->ops->ReadDmaCounter(adapter);
		user->rounds++;
		cond_resched();
	}
	return 0;
}

/* Each user must get its own data, although all of them share the channel and its bounce memory. */
static void threads_take_turns(struct kunit *test)
{
	struct turns *user = kunit_kcalloc(test, THREADS, sizeof(*user), GFP_KERNEL);
	struct wdmdma_slave *s;
	unsigned int i;

	wdmdma_test_needs_isa(test);
	KUNIT_ASSERT_NOT_NULL(test, user);
	s = wdmdma_test_slave(test, BYTES);
	for (i = 0; i < THREADS; i++) {
		user[i].slave = s;
		user[i].memory = wdmdma_test_memory(test, 2);
		user[i].mdl = wdmdma_test_mdl(test, user[i].memory->va, SZ_8K);
		user[i].mark = i * 64;
		init_completion(&user[i].done);
	}
	for (i = 0; i < THREADS; i++)
		user[i].task = kthread_run(user_thread, &user[i], "wdmdma-user-%u", i);
	schedule_timeout_uninterruptible(2 * HZ);
	for (i = 0; i < THREADS; i++) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(user[i].task));
		if (!IS_ERR(user[i].task))
			kthread_stop(user[i].task);
		KUNIT_EXPECT_EQ(test, user[i].failures, 0UL);
		KUNIT_EXPECT_GT(test, user[i].rounds, 1UL);
	}
	KUNIT_EXPECT_FALSE(test, wdmdma_test_core(s->adapter)->dma_channel->loaded);
}

/* Shortage of memory. */

static void get_and_put(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_slave_description(3, BYTES);
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	if (adapter)
		adapter->DmaOperations->PutDmaAdapter(adapter);
	else
		KUNIT_EXPECT_EQ(test, registers, 0U);
}

static void get_adapter_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_needs_isa(test);
	wdmdma_test_sweep(test, get_and_put);
	KUNIT_EXPECT_TRUE(test, wdmdma_test_channel_is_free(BYTES));
}

/* The objects that the sweep uses. */
static struct wdmdma_slave *sweep_slave;
static PVOID sweep_base;
static PMDL sweep_mdl;

static void map_and_flush(struct kunit *test)
{
	ULONG length = SZ_8K;

	if (wdmdma_test_slave_map(sweep_slave, sweep_mdl, sweep_base, &length, FALSE).QuadPart)
		KUNIT_EXPECT_TRUE(test, wdmdma_test_slave_flush(sweep_slave, sweep_mdl, sweep_base,
								SZ_8K, FALSE));
	else
		KUNIT_EXPECT_EQ(test, length, 0U);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_core(sweep_slave->adapter)->dma_channel->loaded);
}

static void map_fails_cleanly_at_every_point(struct kunit *test)
{
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	struct wdmdma_memory *memory;

	wdmdma_test_needs_isa(test);
	memory = wdmdma_test_memory(test, 2);
	sweep_slave = wdmdma_test_slave(test, BYTES);
	sweep_mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	sweep_base = wdmdma_test_slave_base(test, sweep_slave, context);
	wdmdma_test_sweep(test, map_and_flush);
	sweep_slave->ops->FreeAdapterChannel(sweep_slave->adapter);
}

static struct kunit_case wdm_system_life_cases[] = {
	KUNIT_CASE(registers_freed_while_mapped_stop_the_channel),
	KUNIT_CASE(put_adapter_stops_the_channel),
	KUNIT_CASE(unbind_gives_the_channel_back),
	KUNIT_CASE_SLOW(threads_take_turns),
	KUNIT_CASE(get_adapter_fails_cleanly_at_every_point),
	KUNIT_CASE(map_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_system_life_suite = {
	.name = "wdmdma_wdm_system_life",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_system_life_cases,
};

kunit_test_suite(wdm_system_life_suite);
