// SPDX-License-Identifier: GPL-2.0-only
/* The files in debugfs, while the driver works and its devices come and go. */
#include <kunit/device.h>
#include <linux/kthread.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/device.h"
#include "debug/debugfs.h"
#include "helpers.h"
#include "lib/ptr_table.h"
#include "memory.h"
#include "sgl.h"

#define TEXT	SZ_1M
#define WAIT	(10 * HZ)
#define MANY	(2 * WDMDMA_PTR_TABLE_FIRST)	/* more lists than the table's first buckets */

/* Reads all files until it must stop. */
static int reader(void *data)
{
	struct seq_file m = { .buf = kvzalloc(TEXT, GFP_KERNEL), .size = TEXT };
	unsigned int *reads = data, i = 0;
	const char *name;

	while (!kthread_should_stop()) {
		m.count = 0;
		name = wdmdma_debugfs_name(i++);
		if (!name)
			name = wdmdma_debugfs_name(i = 0);
		if (m.buf && !wdmdma_debugfs_show(name, &m))
			WRITE_ONCE(*reads, *reads + 1);
		cond_resched();
	}
	kvfree(m.buf);
	return 0;
}

static void stop_reader(void *task)
{
	kthread_stop(task);
	put_task_struct(task);
}

/* Start a reader, which stops with the case. */
static unsigned int *start_reader(struct kunit *test)
{
	unsigned int *reads = kunit_kzalloc(test, sizeof(*reads), GFP_KERNEL);
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, reads);
	task = kthread_create(reader, reads, "wdmdma_reader");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_reader, task), 0);
	wake_up_process(task);
	return reads;
}

static void driver_works_while_files_are_read(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdmdma_fixture *f = test->priv;
	const unsigned int *reads = start_reader(test);
	unsigned long end = jiffies + WAIT;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;

	for (i = 0; READ_ONCE(*reads) < 200 && time_before(jiffies, end); i++) {
		ULONG length = i % 4 ? SZ_4K : 5 * SZ_4K;

		va = wdmdma_test_alloc(f, length, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		sgl_put(f->adapter, wdmdma_test_list(test, f->adapter, mdl, TRUE), TRUE);
		wdmdma_test_free(f, length, la, va);
		if (i % 16)
			continue;
		f->ops->PutDmaAdapter(f->adapter);
		f->adapter = wdmdma_test_get_adapter(test, DEVICE_DESCRIPTION_VERSION3, 64);
		KUNIT_ASSERT_NOT_NULL(test, f->adapter);
	}
	KUNIT_EXPECT_GE(test, READ_ONCE(*reads), 12U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_of(wdmdma_test_core_of(f)), 0UL);
}

/* A put must free everything before it returns, whoever reads. */
static void put_waits_for_no_reader(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_device *device = wdmdma_test_core_of(f)->device;
	const unsigned int *reads = start_reader(test);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		PDMA_ADAPTER adapter = wdmdma_test_second_adapter(test, 64);
		struct wdmdma_adapter *core = wdmdma_test_core(adapter), *other;
		bool found = false;

		adapter->DmaOperations->PutDmaAdapter(adapter);
		down_read(&device->sem);
		list_for_each_entry(other, &device->adapters, node)
			found |= other == core;
		up_read(&device->sem);
		KUNIT_ASSERT_FALSE(test, found);
	}
	KUNIT_EXPECT_GE(test, READ_ONCE(*reads), 1U);
}

static void devices_come_and_go_while_files_are_read(struct kunit *test)
{
	const unsigned int *reads = start_reader(test);
	unsigned long end = jiffies + WAIT;
	struct wdmdma_fixture *f;
	PHYSICAL_ADDRESS la;
	unsigned int i;

	for (i = 0; i < 40 && time_before(jiffies, end); i++) {
		struct device *dev = wdmdma_test_register(test, "wdmdma-read");

		f = wdmdma_test_fixture_on(test, dev, 64);
		KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(f, SZ_4K, &la));
		if (i % 2)
			f->ops->PutDmaAdapter(f->adapter);
		f->adapter = NULL;
		kunit_device_unregister(test, dev);
	}
	KUNIT_EXPECT_GE(test, READ_ONCE(*reads), 1U);
}

/*
 * A reader may look at the lists of an adapter that is put meanwhile. So the table must stay as
 * long as the memory of the adapter, which is kept for a while.
 */
static void table_of_lists_stays_for_a_reader(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_transfers *transfers = &wdmdma_test_core_of(f)->transfers;
	PSCATTER_GATHER_LIST list[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++)
		list[i] = wdmdma_test_list(test, f->adapter, mdl, TRUE);
	while (i--)
		sgl_put(f->adapter, list[i], TRUE);
	KUNIT_ASSERT_GT(test, transfers->lists.buckets, WDMDMA_PTR_TABLE_FIRST);
	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	KUNIT_ASSERT_NOT_NULL(test, transfers->lists.segment);
	for (i = 0; i < transfers->lists.buckets; i++)
		KUNIT_EXPECT_TRUE(test, hlist_empty(wdmdma_ptr_bucket(&transfers->lists, i)));
}

static struct kunit_case debugfs_race_cases[] = {
	KUNIT_CASE(driver_works_while_files_are_read),
	KUNIT_CASE(put_waits_for_no_reader),
	KUNIT_CASE(devices_come_and_go_while_files_are_read),
	KUNIT_CASE(table_of_lists_stays_for_a_reader),
	{}
};

static struct kunit_suite debugfs_race_suite = {
	.name = "wdmdma_debugfs_race",
	.init = wdmdma_test_fixture_init,
	.test_cases = debugfs_race_cases,
};

kunit_test_suite(debugfs_race_suite);
