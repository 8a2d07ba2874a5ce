// SPDX-License-Identifier: GPL-2.0-only
/* Buffers and vectors of every kind in the private domain. The edu device moves their bytes. */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "edu.h"
#include "helpers.h"
#include "mdl.h"
#include "private.h"

#define HIGH		BIT_ULL(36)	/* above the windows of QEMU's host bridge */
#define MEMORY SZ_64K /* length of imported memory */
#define MANY		1000
#define THREADS		2
#define THREAD_ROUNDS	300

/* Allocate a buffer of 1 MiB in large pages within these limits. */
static void *large(struct wdmdma_fixture *fixture, u64 first, u64 last, PHYSICAL_ADDRESS *la)
{
	return wdmdma_test_alloc_between(fixture, first, last, SZ_1M,
					 DOMAIN_COMMON_BUFFER_LARGE_PAGE, la);
}

/* ---- memory ---- */

static void device_moves_bytes_of_every_kind(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la;
	u8 *va;

	KUNIT_EXPECT_TRUE(test, wdmdma_adapter_is_translated(fixture->adapter));
	va = wdmdma_test_alloc(fixture, SZ_64K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, SZ_4K - 100, SZ_32K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_64K, la, va);

	va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_8K, &la,
						  !wdmdma_test_can_uncache(fixture->dev),
						  MM_ANY_NODE_OK);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 10, SZ_4K, EDU_MOST - 10);
	wdmdma_test_free(fixture, SZ_8K, la, va);

	/* The buddy allocator has no block of this size. */
	va = private_between(fixture, 0, U64_MAX, SZ_16M, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	private_expect_same_memory(test, va, la.QuadPart, SZ_16M);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, SZ_16M - SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_16M, la, va);
	private_expect_no_buffers(test, fixture);
}

static void large_page_is_one_for_cpu_and_device(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la, none;
	u8 *va;

	va = large(fixture, HIGH + SZ_4K, HIGH + SZ_4M - 1, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, HIGH + SZ_2M);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, SZ_2M));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(wdmdma_test_physical(va), SZ_2M));
	private_expect_same_memory(test, va, la.QuadPart, SZ_2M);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, SZ_1M - SZ_4K, EDU_MOST);
	KUNIT_EXPECT_NULL(test, large(fixture, HIGH + SZ_4K, HIGH + SZ_4M - 1, &none));
	wdmdma_test_free(fixture, SZ_1M, la, va);
}

static void memory_is_on_the_preferred_node(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la;
	ULONG offset;
	void *va;
	int node;

	if (num_online_nodes() < 2)
		kunit_skip(test, "the machine has one node");
	for_each_online_node(node) {
		va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_1M, &la, TRUE,
							  node);
		KUNIT_ASSERT_NOT_NULL(test, va);
		for (offset = 0; offset < SZ_1M; offset += SZ_4K)
			KUNIT_EXPECT_EQ(test, node,
					pfn_to_nid(PHYS_PFN(wdmdma_test_physical(va + offset))));
		wdmdma_test_free(fixture, SZ_1M, la, va);
	}
}

/* Allocate memory of the driver in scattered pages. */
static u8 *memory_alloc(struct kunit *test)
{
	u8 *va = vzalloc(MEMORY);

	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}

static void scattered_pages_become_one_range_in_the_window(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeLogicalAddressLimits,
		.LogicalAddressLimits.MinimumAddress.QuadPart = HIGH,
		.LogicalAddressLimits.MaximumAddress.QuadPart = HIGH + MEMORY - 1,
	};
	struct wdmdma_fixture *fixture = private_fixture(test);
	u8 *va = memory_alloc(test);
	PMDL mdl = mdl_built(test, va, MEMORY);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl,
								      &config, 1, &la),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, HIGH);
	private_expect_same_memory(test, va, la.QuadPart, MEMORY);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, SZ_4K - 100, MEMORY - EDU_MOST,
			      EDU_MOST);
	wdmdma_test_free(fixture, MEMORY, la, va);
	KUNIT_EXPECT_EQ(test, private_device_sees(HIGH), 0ULL);
	IoFreeMdl(mdl);
	vfree(va);
}

static void read_only_is_enforced_by_the_iommu(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessReadOnly,
	};
	struct wdmdma_fixture *fixture = private_fixture(test);
	u8 *va = memory_alloc(test);
	PMDL mdl = mdl_built(test, va, MEMORY);
	PHYSICAL_ADDRESS la;

	memset(va, 0xa5, MEMORY);
	KUNIT_ASSERT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl,
								      &config, 1, &la),
			STATUS_SUCCESS);
	/* QEMU reports the fault only if the device has not read the page before. */
	edu_expect_iommu_faults(true);
	edu_copy(private_edu, EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY);
	edu_expect_iommu_faults(false);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0xa5, MEMORY));
	KUNIT_EXPECT_EQ(test, edu_copy(private_edu, la.QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	wdmdma_test_free(fixture, MEMORY, la, va);
	IoFreeMdl(mdl);
	vfree(va);
}

/* The IOMMU must block the read, so the bytes that the device writes next must be other bytes. */
static void write_only_is_enforced_where_the_iommu_can(struct kunit *test)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeHardwareAccessPermissions,
		.HardwareAccessType = CommonBufferHardwareAccessWriteOnly,
	};
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS la, other_la;
	u8 *va = memory_alloc(test), *other;
	PMDL mdl = mdl_built(test, va, MEMORY);
	NTSTATUS status;

	memset(va, 0xa5, MEMORY);
	status = fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, &config, 1, &la);
	if (!wdmdma_test_iommu_forbids_reading(fixture->dev)) {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		goto free;
	}
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	other = wdmdma_test_alloc(fixture, SZ_4K, &other_la);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_EQ(test, edu_copy(private_edu, other_la.QuadPart, EDU_BUFFER, EDU_MOST, 0), 0);
	edu_expect_iommu_faults(true);
	edu_copy(private_edu, la.QuadPart, EDU_BUFFER, EDU_MOST, 0);
	edu_expect_iommu_faults(false);
	KUNIT_EXPECT_EQ(test,
			edu_copy(private_edu, EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY),
			0);
	KUNIT_EXPECT_NULL(test, memchr(va, 0xa5, EDU_MOST));
	wdmdma_test_free(fixture, SZ_4K, other_la, other);
	wdmdma_test_free(fixture, MEMORY, la, va);
free:
	IoFreeMdl(mdl);
	vfree(va);
}

static PDMA_COMMON_BUFFER_VECTOR vector_alloc(struct wdmdma_fixture *fixture, ULONG flags,
					      ULONG count, ULONG size)
{
	PHYSICAL_ADDRESS low = { .QuadPart = HIGH }, high = { .QuadPart = -1 };
	PDMA_COMMON_BUFFER_VECTOR vector;

	fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high, MmCached, 0, flags,
						 count, size, &vector);
	return vector;
}

/*
 * Both the memory and the addresses must be freed. The device must fault there, and
 * another buffer may use the addresses.
 */
static void vector_element_is_freed_at_once(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PDMA_COMMON_BUFFER_VECTOR vector = vector_alloc(fixture, 0, 64, SZ_8K);
	PHYSICAL_ADDRESS la, neighbour, again;
	PVOID va, other;

	KUNIT_ASSERT_NOT_NULL(test, vector);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 17, &va, &la);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 18, &other,
						       &neighbour);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, SZ_4K, 1024);
	fixture->ops->FreeCommonBufferFromVector(fixture->adapter, vector, 17);
	KUNIT_EXPECT_EQ(test, private_device_sees(la.QuadPart), 0ULL);
	KUNIT_EXPECT_EQ(test, private_device_sees(neighbour.QuadPart),
			(u64)wdmdma_test_physical(other));
	edu_expect_iommu_faults(true);
	edu_copy(private_edu, EDU_BUFFER, la.QuadPart, 512, EDU_DMA_TO_MEMORY);
	edu_expect_iommu_faults(false);
	edu_expect_round_trip(test, private_edu, other, neighbour.QuadPart, 0, SZ_4K, 1024);

	va = private_between(fixture, la.QuadPart, la.QuadPart + SZ_8K - 1, SZ_8K, &again);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, private_edu, va, again.QuadPart, 0, SZ_4K, 1024);
	wdmdma_test_free(fixture, SZ_8K, again, va);
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
	KUNIT_EXPECT_EQ(test, private_device_sees(neighbour.QuadPart), 0ULL);
}

static void vector_of_large_pages_is_one_piece(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS first, last;
	PVOID va, end;

	vector = vector_alloc(fixture, DOMAIN_COMMON_BUFFER_LARGE_PAGE, 8, SZ_64K);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 0, &va, &first);
	fixture->ops->GetCommonBufferFromVectorByIndex(fixture->adapter, vector, 7, &end, &last);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(first.QuadPart, SZ_2M));
	KUNIT_EXPECT_EQ(test, last.QuadPart, first.QuadPart + 7LL * SZ_64K);
	KUNIT_EXPECT_PTR_EQ(test, end, va + 7 * SZ_64K);
	fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

/* ---- refused calls ---- */

static void list_ready(PDEVICE_OBJECT device_object, PIRP irp, PSCATTER_GATHER_LIST list,
		       PVOID context)
{
	struct kunit *test = context;

	KUNIT_FAIL(test, "a list was made");
}

static void transfers_are_refused(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	u8 *va = memory_alloc(test);
	PMDL mdl = mdl_built(test, va, MEMORY);

	KUNIT_EXPECT_EQ(test, STATUS_NOT_SUPPORTED,
			fixture->ops->GetScatterGatherList(fixture->adapter, NULL, mdl, va, MEMORY,
							   list_ready, test, TRUE));
	IoFreeMdl(mdl);
	vfree(va);
}

/* ---- many buffers ---- */

static void many_buffers_go_in_random_order(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS *la = kunit_kcalloc(test, MANY, sizeof(*la), GFP_KERNEL), all;
	void **va = kunit_kcalloc(test, MANY, sizeof(*va), GFP_KERNEL);
	ULONG *length = kunit_kcalloc(test, MANY, sizeof(*length), GFP_KERNEL);
	unsigned int i, j, overlaps = 0;
	struct rnd_state random;

	KUNIT_ASSERT_NOT_NULL(test, la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_ASSERT_NOT_NULL(test, length);
	prandom_seed_state(&random, 7);
	for (i = 0; i < MANY; i++) {
		length[i] = SZ_4K << prandom_u32_state(&random) % 4;
		va[i] = private_between(fixture, SZ_16M, SZ_64M - 1, length[i], &la[i]);
		KUNIT_ASSERT_NOT_NULL_MSG(test, va[i], "buffer %u", i);
		for (j = 0; j < i; j++)
			overlaps += la[i].QuadPart < la[j].QuadPart + length[j] &&
				    la[j].QuadPart < la[i].QuadPart + length[i];
	}
	KUNIT_EXPECT_EQ(test, overlaps, 0U);
	for (i = MANY; i > 0; i--) {
		j = prandom_u32_state(&random) % i;
		private_expect_same_memory(test, va[j], la[j].QuadPart, length[j]);
		wdmdma_test_free(fixture, length[j], la[j], va[j]);
		KUNIT_EXPECT_EQ(test, private_device_sees(la[j].QuadPart), 0ULL);
		va[j] = va[i - 1];
		la[j] = la[i - 1];
		length[j] = length[i - 1];
	}
	private_expect_no_buffers(test, fixture);
	/* All addresses must be free, so that a single buffer can fill the window. */
	va[0] = private_between(fixture, SZ_16M, SZ_64M - 1, SZ_64M - SZ_16M, &all);
	KUNIT_ASSERT_NOT_NULL(test, va[0]);
	wdmdma_test_free(fixture, SZ_64M - SZ_16M, all, va[0]);
}

struct worker {
	struct wdmdma_fixture *fixture;
	unsigned int number;
	unsigned int wrong;
	struct completion done;
};

static bool worker_round(struct worker *worker, ULONG length)
{
	PHYSICAL_ADDRESS la;
	bool right;
	u8 *va;

	va = private_between(worker->fixture, SZ_1M, SZ_2M - 1, length, &la);
	if (!va)
		return false;
	memset(va, worker->number, length);
	right = private_device_sees(la.QuadPart) == wdmdma_test_physical(va);
	cond_resched();
	right = right && !memchr_inv(va, worker->number, length);
	wdmdma_test_free(worker->fixture, length, la, va);
	return right;
}

static int worker_run(void *data)
{
	struct worker *worker = data;
	unsigned int i;

	for (i = 0; i < THREAD_ROUNDS; i++)
		worker->wrong += !worker_round(worker, SZ_4K << i % 4);
	complete(&worker->done);
	return 0;
}

static void threads_do_not_disturb_each_other(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	struct worker worker[THREADS] = {};
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		worker[i].fixture = fixture;
		worker[i].number = i + 1;
		init_completion(&worker[i].done);
		KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(worker_run, &worker[i], "wdmdma-%u",
							    i)));
	}
	for (i = 0; i < THREADS; i++) {
		wait_for_completion(&worker[i].done);
		KUNIT_EXPECT_EQ(test, worker[i].wrong, 0U);
	}
	private_expect_no_buffers(test, fixture);
}

/* ---- unbind and failures ---- */

static void unbind_takes_back_what_is_left(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	struct pci_dev *pdev = private_edu->pdev;
	u8 *va = memory_alloc(test);
	PMDL mdl = mdl_built(test, va, MEMORY);
	PHYSICAL_ADDRESS la;

	KUNIT_EXPECT_NOT_NULL(test, private_between(fixture, HIGH, U64_MAX, SZ_64K, &la));
	KUNIT_EXPECT_NOT_NULL(test, large(fixture, 0, U64_MAX, &la));
	KUNIT_EXPECT_NOT_NULL(test, vector_alloc(fixture, 0, 8, SZ_4K));
	KUNIT_EXPECT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, NULL,
								      0, &la), STATUS_SUCCESS);
	memset(va, 0x77, MEMORY);

	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0x77, MEMORY));
	KUNIT_EXPECT_NULL(test, private_between(fixture, 0, U64_MAX, SZ_4K, &la));
	private_expect_no_buffers(test, fixture);
	IoFreeMdl(mdl);
	vfree(va);
}

static void alloc_every_kind(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	void *va;

	va = private_between(fixture, HIGH, U64_MAX, SZ_32K, &la);
	if (va)
		wdmdma_test_free(fixture, SZ_32K, la, va);
	va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_8K, &la, FALSE,
						  MM_ANY_NODE_OK);
	if (va)
		wdmdma_test_free(fixture, SZ_8K, la, va);
	vector = vector_alloc(fixture, 0, 3, SZ_4K);
	if (vector)
		fixture->ops->FreeCommonBufferVector(fixture->adapter, vector);
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test);
	PHYSICAL_ADDRESS before, after;
	void *va;

	va = wdmdma_test_alloc(fixture, SZ_4K, &before);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(fixture, SZ_4K, before, va);
	test->priv = fixture;
	wdmdma_test_sweep_on(test, fixture->dev, alloc_every_kind);
	private_expect_no_buffers(test, fixture);
	/* The highest address must be free again, because no failure may lose an address. */
	va = wdmdma_test_alloc(fixture, SZ_4K, &after);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, after.QuadPart, before.QuadPart);
	wdmdma_test_free(fixture, SZ_4K, after, va);
}

static struct kunit_case private_buffer_cases[] = {
	KUNIT_CASE_SLOW(device_moves_bytes_of_every_kind),
	KUNIT_CASE_SLOW(large_page_is_one_for_cpu_and_device),
	KUNIT_CASE(memory_is_on_the_preferred_node),
	KUNIT_CASE_SLOW(scattered_pages_become_one_range_in_the_window),
	KUNIT_CASE_SLOW(read_only_is_enforced_by_the_iommu),
	KUNIT_CASE_SLOW(write_only_is_enforced_where_the_iommu_can),
	KUNIT_CASE_SLOW(vector_element_is_freed_at_once),
	KUNIT_CASE(vector_of_large_pages_is_one_piece),
	KUNIT_CASE(transfers_are_refused),
	KUNIT_CASE(many_buffers_go_in_random_order),
	KUNIT_CASE_SLOW(threads_do_not_disturb_each_other),
	KUNIT_CASE(unbind_takes_back_what_is_left),
	KUNIT_CASE_SLOW(alloc_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite private_buffer_suite = {
	.name = "wdmdma_private_buffer",
	.init = private_init,
	.test_cases = private_buffer_cases,
};

kunit_test_suite(private_buffer_suite);
