// SPDX-License-Identifier: GPL-2.0-only
/*
 * In which order what a driver left is given back: transfers, memory for the device, and
 * then what the transfers may have used. A backend that looks at each free knows.
 */
#include <kunit/device.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "core/adapter.h"
#include "core/device.h"
#include "core/recycle.h"
#include "memory.h"
#include "objects.h"

#define POOLS		3
/* More than the slab allocator has in one piece: so the page tables show whether it is there. */
#define POOL_LENGTH	(SZ_4M + SZ_1M)
#define DATA_LENGTH	(3 * SZ_4K)
/* A list with an element for each page. */
#define LIST_LENGTH	(0x10 + 4 * 0x18)

static const ULONG ok = STOR_STATUS_SUCCESS;

/* What is looked at when memory for the device is freed. */
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

static void keep_again(void *limit)
{
	wdmdma_recycle_set_limit((unsigned long)limit);
}

/* From here on the frees of the device are looked at. */
static void watch_frees(struct kunit *test, struct device *dev, PDMA_ADAPTER first,
			PDMA_ADAPTER second)
{
	struct wdmdma_device *device = wdmdma_device_open(dev);
	unsigned long limit;

	KUNIT_ASSERT_NOT_NULL(test, device);
	/* What is kept would be freed when the adapter goes. */
	limit = wdmdma_recycle_set_limit(0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, keep_again, (void *)limit), 0);
	watch = (struct watch){ .real = device->backend, .adapters = { first, second } };
	watching_backend = *device->backend;
	watching_backend.free = watching_free;
	device->backend = &watching_backend;
	wdmdma_device_put(device);
}

static VOID no_routine(PVOID *object, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list, PVOID context)
{
}

/* Pool, an MDL of a part of it, and a SRB that the device is to write that part by. */
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

/* A list of the miniport's own, of pool of the slab allocator, in pool. */
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

/* The adapter of a miniport is the last that goes. */
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

/* Each SRB has a common buffer; and there are the uncached extension and host memory. */
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

/* What the device writes by a SRB is in the pool memory before that is given back. */
static void destroy_takes_data_back_into_pool(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PDMA_ADAPTER adapter = wdmdma_test_miniport_adapter(miniport);
	PVOID pool[8], mdl;
	PSCSI_REQUEST_BLOCK srb;
	unsigned int i;

	/* For bounce buffers under slub_debug, which finds what is written after a free. */
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

/* A transfer by one adapter may use a common buffer of another: whichever is the older. */
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
 * StorPortGetPhysicalAddress() reads the list under RCU's read lock, at any level. Meanwhile
 * another thread may unmap the SRB; here the same one does. KASAN looks at the reads.
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

static struct kunit_case storport_order_cases[] = {
	KUNIT_CASE(destroy_ends_transfers_first_and_pool_last),
	KUNIT_CASE(destroy_keeps_the_order_at_dispatch),
	KUNIT_CASE(destroy_takes_data_back_into_pool),
	KUNIT_CASE(unbind_ends_transfers_of_all_adapters_first),
	KUNIT_CASE(list_stays_for_its_readers),
	{}
};

static struct kunit_suite storport_order_suite = {
	.name = "wdmdma_storport_order",
	.init = wdmdma_test_miniport_init,
	.test_cases = storport_order_cases,
};

kunit_test_suite(storport_order_suite);
