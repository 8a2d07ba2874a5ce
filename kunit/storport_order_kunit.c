// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order in which the module gives back whatever a driver left. Transfers must end first,
 * then memory for the device is freed, and memory that the transfers may have used goes last.
 * A backend that looks at each free checks the order.
 */
#include <kunit/device.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/tracepoint.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "core/adapter.h"
#include "core/device.h"
#include "core/recycle.h"
#include "memory.h"
#include "objects.h"

#define POOLS		3
/*
 * Longer than the slab allocator can serve in one piece, so that the pool memory is from
 * vmalloc and the page tables show whether the memory still exists.
 */
#define POOL_LENGTH	(SZ_4M + SZ_1M)
#define DATA_LENGTH	(3 * SZ_4K)
/* The length of a list with one element for each page. */
#define LIST_LENGTH	(0x10 + 4 * 0x18)

static const ULONG ok = STOR_STATUS_SUCCESS;

/* State that is checked whenever memory for the device is freed. */
static struct watch {
	const struct wdmdma_backend *real;
	PDMA_ADAPTER adapters[2];
	PVOID pool[POOLS];
	unsigned int frees, with_list, without_pool;
} watch;

static bool has_list(void)
{
	struct wdmdma_adapter *adapter;
	bool found = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(watch.adapters); i++) {
		adapter = wdmdma_adapter_find(watch.adapters[i]);
		if (!adapter)
			continue;
		found |= wdmdma_test_lists(watch.adapters[i]);
		wdmdma_adapter_put(adapter);
	}
	return found;
}

static void watching_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	unsigned int i;

	watch.frees++;
	watch.with_list += has_list();
	for (i = 0; i < POOLS; i++)
		watch.without_pool += watch.pool[i] && !vmalloc_to_page(watch.pool[i]);
	watch.real->free(device, buffer);
}

static struct wdmdma_backend watching_backend;

static void restore_limit(void *limit)
{
	wdmdma_recycle_set_limit((unsigned long)limit);
}

/* Check all later frees of the device. */
static void watch_frees(struct kunit *test, struct device *dev, PDMA_ADAPTER first,
			PDMA_ADAPTER second)
{
	struct wdmdma_device *device = wdmdma_device_open(dev);
	unsigned long limit;

	KUNIT_ASSERT_NOT_NULL(test, device);
	/* Recycled buffers would only be freed when the adapter ends. */
	limit = wdmdma_recycle_set_limit(0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, restore_limit, (void *)limit), 0);
	watch = (struct watch){ .real = device->backend, .adapters = { first, second } };
	watching_backend = *device->backend;
	watching_backend.free = watching_free;
	device->backend = &watching_backend;
	wdmdma_device_put(device);
}

static VOID no_routine(PVOID *object, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list, PVOID context)
{
}

/*
 * Allocate pool memory, an MDL for the start of that memory, and an SRB by which the
 * device writes there.
 */
static void take_request(struct kunit *test, PVOID extension, unsigned int i)
{
	PSCSI_REQUEST_BLOCK srb;
	PVOID mdl;

	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, POOL_LENGTH, 0, &watch.pool[i]), ok);
	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(watch.pool[i]));
	KUNIT_ASSERT_EQ(test, StorPortAllocateMdl(extension, watch.pool[i], DATA_LENGTH, &mdl),
			ok);
	KUNIT_ASSERT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, mdl), ok);
	srb = wdmdma_srb_create(extension, 64);
	KUNIT_ASSERT_NOT_NULL(test, srb);
	KUNIT_ASSERT_EQ(test, wdmdma_srb_map(extension, srb, mdl, false), STATUS_SUCCESS);
}

/*
 * Build a list of the miniport's own in pool memory from the slab allocator, for
 * data in such memory.
 */
static void take_list(struct kunit *test, PVOID extension)
{
	PVOID data, mdl, buffer;
	ULONG status;

	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, DATA_LENGTH, 0, &data), ok);
	KUNIT_ASSERT_EQ(test, StorPortAllocatePool(extension, LIST_LENGTH, 0, &buffer), ok);
	KUNIT_ASSERT_EQ(test, StorPortAllocateMdl(extension, data, DATA_LENGTH, &mdl), ok);
	KUNIT_ASSERT_EQ(test, StorPortBuildMdlForNonPagedPool(extension, mdl), ok);
	local_bh_disable();
	status = StorPortBuildScatterGatherList(extension, mdl, data, DATA_LENGTH, no_routine,
						NULL, FALSE, buffer, LIST_LENGTH);
	local_bh_enable();
	KUNIT_ASSERT_EQ(test, status, ok);
}

static void take_everything(struct kunit *test, PVOID extension)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	PHYSICAL_ADDRESS none = {}, last = { .QuadPart = U64_MAX };
	ACCESS_RANGE range;
	ULONG count = 1;
	unsigned int i;

	for (i = 0; i < POOLS; i++)
		take_request(test, extension, i);
	take_list(test, extension);
	KUNIT_ASSERT_NOT_NULL(test, StorPortGetUncachedExtension(extension, &config, SZ_8K));
	KUNIT_ASSERT_EQ(test,
			StorPortAllocateHostMemoryBuffer(extension, SZ_64K, SZ_64K, 0, 0, none,
							 last, none, &range, &count), ok);
}

static void expect_order(struct kunit *test, unsigned int frees)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, watch.frees, frees);
	KUNIT_EXPECT_EQ(test, watch.with_list, 0U);
	KUNIT_EXPECT_EQ(test, watch.without_pool, 0U);
	for (i = 0; i < POOLS; i++)
		KUNIT_EXPECT_TRUE(test, !watch.pool[i] || !vmalloc_to_page(watch.pool[i]));
}

/* Wait for the end of the miniport's adapter, which goes last. */
static void wait_for_end(struct kunit *test, PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter;
	unsigned int tries = 0;

	while ((adapter = wdmdma_adapter_find(dma_adapter))) {
		wdmdma_adapter_put(adapter);
		KUNIT_ASSERT_LT(test, tries++, 1000U);
		msleep(20);
	}
}

static void destroy(struct wdmdma_miniport *miniport, bool at_dispatch)
{
	if (at_dispatch)
		local_bh_disable();
	wdmdma_hw_device_extension_destroy(miniport->extension);
	if (at_dispatch)
		local_bh_enable();
	miniport->extension = NULL;
}

/* Each SRB has a common buffer. The uncached extension and the host memory are freed besides. */
static void destroy_in_order(struct kunit *test, bool at_dispatch)
{
	struct wdmdma_miniport *miniport = test->priv;
	PDMA_ADAPTER adapter = wdmdma_test_miniport_adapter(miniport);

	watch_frees(test, miniport->dev, adapter, NULL);
	take_everything(test, miniport->extension);
	KUNIT_ASSERT_EQ(test, wdmdma_test_lists(adapter), POOLS + 1U);
	destroy(miniport, at_dispatch);
	wait_for_end(test, adapter);
	expect_order(test, POOLS + 2);
}

static void destroy_ends_transfers_first_and_pool_last(struct kunit *test)
{
	destroy_in_order(test, false);
}

static void destroy_keeps_the_order_at_dispatch(struct kunit *test)
{
	destroy_in_order(test, true);
}

/* Data that the device writes by an SRB must be copied back before the pool memory is freed. */
static void destroy_takes_data_back_into_pool(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PDMA_ADAPTER adapter = wdmdma_test_miniport_adapter(miniport);
	PVOID pool[8], mdl;
	PSCSI_REQUEST_BLOCK srb;
	unsigned int i;

	/* This case is for bounce buffers under slub_debug, which finds writes after a free. */
	for (i = 0; i < ARRAY_SIZE(pool); i++) {
		KUNIT_ASSERT_EQ(test, StorPortAllocatePool(miniport->extension, 1500, 0, &pool[i]),
				ok);
		KUNIT_ASSERT_EQ(test, StorPortAllocateMdl(miniport->extension, pool[i], 1500, &mdl),
				ok);
		KUNIT_ASSERT_EQ(test, StorPortBuildMdlForNonPagedPool(miniport->extension, mdl),
				ok);
		srb = wdmdma_srb_create(miniport->extension, 0);
		KUNIT_ASSERT_NOT_NULL(test, srb);
		KUNIT_ASSERT_EQ(test, wdmdma_srb_map(miniport->extension, srb, mdl, false),
				STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_lists(adapter), 8U);
	destroy(miniport, false);
	wait_for_end(test, adapter);
}

static PDMA_ADAPTER second_adapter(struct kunit *test, struct wdmdma_fixture *fixture)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(DEVICE_DESCRIPTION_VERSION3, 64);
	PDMA_ADAPTER adapter;
	ULONG registers;

	adapter = IoGetDmaAdapter(fixture->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	return adapter;
}

/*
 * A transfer by one adapter may use a common buffer of another adapter. The order must hold
 * whichever adapter is older.
 */
static void unbind_ends_transfers_of_all_adapters_first(struct kunit *test)
{
	struct wdmdma_fixture *fixture = wdmdma_test_fixture_on(test, wdmdma_test_device(test), 64);
	PDMA_ADAPTER adapters[] = { fixture->adapter, second_adapter(test, fixture) };
	const DMA_OPERATIONS *ops = fixture->ops;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;

	for (i = 0; i < ARRAY_SIZE(adapters); i++) {
		va = ops->AllocateCommonBuffer(adapters[i], DATA_LENGTH, &la, FALSE);
		KUNIT_ASSERT_NOT_NULL(test, va);
		wdmdma_test_list(test, adapters[!i], wdmdma_test_mdl(test, va, DATA_LENGTH), TRUE);
	}
	watch_frees(test, fixture->dev, adapters[0], adapters[1]);
	kunit_device_unregister(test, fixture->dev);
	expect_order(test, 2);
	ops->PutDmaAdapter(adapters[1]);
}

/*
 * StorPortGetPhysicalAddress() reads the list under rcu_read_lock(), at any level.
 * Another thread may unmap the SRB meanwhile. Here the same thread unmaps the SRB, and
 * KASAN checks the reads.
 */
static void list_stays_for_its_readers(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, DATA_LENGTH);
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(miniport->extension, 0);
	PSTOR_SCATTER_GATHER_LIST list;
	u64 first, first_after, sum = 0;
	ULONG elements, elements_after, i;

	KUNIT_ASSERT_NOT_NULL(test, srb);
	KUNIT_ASSERT_EQ(test, wdmdma_srb_map(miniport->extension, srb, mdl, false),
			STATUS_SUCCESS);
	list = StorPortGetScatterGatherList(miniport->extension, srb);
	KUNIT_ASSERT_NOT_NULL(test, list);
	elements = READ_ONCE(list->NumberOfElements);
	first = READ_ONCE(list->List[0].PhysicalAddress.QuadPart);

	rcu_read_lock();
	wdmdma_srb_unmap(miniport->extension, srb);
	elements_after = READ_ONCE(list->NumberOfElements);
	first_after = READ_ONCE(list->List[0].PhysicalAddress.QuadPart);
	for (i = 0; i < elements; i++)
		sum += READ_ONCE(list->List[i].Length);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, elements_after, elements);
	KUNIT_EXPECT_EQ(test, first_after, first);
	KUNIT_EXPECT_EQ(test, sum, (u64)DATA_LENGTH);
	wdmdma_srb_destroy(miniport->extension, srb);
}

/*
 * A reader of an SRB's list that meets the unbind. A trace point of the DMA API, between the
 * list's removal and its free, lets the reader in.
 */
static struct meeting {
	struct tracepoint *point;
	struct task_struct *unbinding;
	PSTOR_SCATTER_GATHER_LIST list;
	bool open, inside;
	u64 sum;
} meeting;

static void find_unmap(struct tracepoint *point, void *data)
{
	if (!strcmp(point->name, "dma_unmap_sg"))
		meeting.point = point;
}

/* Let the reader in, and wait at most a second until it is. */
static void let_reader_in(void *data, struct device *dev)
{
	unsigned long end = jiffies + HZ;

	if (current != meeting.unbinding)
		return;
	WRITE_ONCE(meeting.open, true);
	while (!READ_ONCE(meeting.inside) && time_before(jiffies, end))
		cpu_relax();
}

static int read_list(void *data)
{
	unsigned long end;
	ULONG i;

	while (!READ_ONCE(meeting.open)) {
		if (kthread_should_stop())
			return 0;
		cond_resched();
	}
	rcu_read_lock();
	WRITE_ONCE(meeting.inside, true);
	end = jiffies + HZ / 5;
	while (time_before(jiffies, end)) {
		meeting.sum = 0;
		for (i = 0; i < READ_ONCE(meeting.list->NumberOfElements); i++)
			meeting.sum += READ_ONCE(meeting.list->List[i].Length);
	}
	rcu_read_unlock();
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static void list_stays_for_its_readers_at_unbind(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, DATA_LENGTH);
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(miniport->extension, 0);
	struct task_struct *thread;

	meeting = (struct meeting){ .unbinding = current };
	for_each_kernel_tracepoint(find_unmap, NULL);
	if (!meeting.point || num_online_cpus() < 2) {
		kunit_skip(test, "the kernel has no trace point of the DMA API, or one CPU");
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, srb);
	KUNIT_ASSERT_EQ(test, wdmdma_srb_map(miniport->extension, srb, mdl, false),
			STATUS_SUCCESS);
	meeting.list = StorPortGetScatterGatherList(miniport->extension, srb);
	KUNIT_ASSERT_NOT_NULL(test, meeting.list);
	thread = kthread_run(read_list, NULL, "wdmdma_reader");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	KUNIT_ASSERT_EQ(test, tracepoint_probe_register(meeting.point, let_reader_in, NULL), 0);

	kunit_device_unregister(test, miniport->dev);
	tracepoint_probe_unregister(meeting.point, let_reader_in, NULL);
	tracepoint_synchronize_unregister();
	kthread_stop(thread);
	KUNIT_EXPECT_TRUE(test, meeting.inside);
	KUNIT_EXPECT_EQ(test, meeting.sum, (u64)DATA_LENGTH);
}

static struct kunit_case storport_order_cases[] = {
	KUNIT_CASE(destroy_ends_transfers_first_and_pool_last),
	KUNIT_CASE(destroy_keeps_the_order_at_dispatch),
	KUNIT_CASE(destroy_takes_data_back_into_pool),
	KUNIT_CASE(unbind_ends_transfers_of_all_adapters_first),
	KUNIT_CASE(list_stays_for_its_readers),
	KUNIT_CASE(list_stays_for_its_readers_at_unbind),
	{}
};

static struct kunit_suite storport_order_suite = {
	.name = "wdmdma_storport_order",
	.init = wdmdma_test_miniport_init,
	.test_cases = storport_order_cases,
};

kunit_test_suite(storport_order_suite);
