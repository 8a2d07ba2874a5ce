// SPDX-License-Identifier: GPL-2.0-only
/*
 * No allocating call may invoke the OOM killer. Tracepoints show the flags of each
 * allocation, including those of the kernel functions that the call uses. The flags tell
 * whether the OOM killer could be invoked, so memory need not be short.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include <ddk/wdfmemory.h>
#include <ddk/wdfsync.h>
#include <ddk/wdm/pool.h>
#include <ddk/wdm/thread.h>

#include "compat.h"
#include "core/adapter.h"
#include "edu.h"
#include "helpers.h"
#include "memory.h"
#include "verifier.h"
#include "wdf.h"

#define SHOWN	8
#define TAG	0x74736554

static struct task_struct *watched;
static struct work_struct *watched_work;
static unsigned int allocations, found, waiting;
static struct {
	unsigned long site;
	gfp_t gfp;
} shown[SHOWN];
static struct tracepoint *points[3];

/* Return true if a failure of this allocation may invoke the OOM killer. */
static bool may_kill(gfp_t gfp, unsigned int order)
{
	return (gfp & __GFP_DIRECT_RECLAIM) && (gfp & __GFP_FS) &&
	       order <= PAGE_ALLOC_COSTLY_ORDER && !(gfp & (__GFP_RETRY_MAYFAIL | __GFP_NORETRY)) &&
	       !(gfp & __GFP_THISNODE) &&
	       !(current->flags & (PF_MEMALLOC | PF_MEMALLOC_NOIO | PF_MEMALLOC_NOFS));
}

static void look(unsigned long site, gfp_t gfp, unsigned int order)
{
	if (in_interrupt())
		return;
	if (current != watched && (!watched_work || current_work() != watched_work))
		return;
	allocations++;
	waiting += gfpflags_allow_blocking(gfp);
	if (!may_kill(gfp, order))
		return;
	if (found < SHOWN) {
		shown[found].site = site;
		shown[found].gfp = gfp;
	}
	found++;
}

static void on_kmalloc(void *data, unsigned long site, const void *ptr, size_t req, size_t alloc,
		       gfp_t gfp, int node)
{
	look(site, gfp, get_order(alloc ?: 1));
}

static void on_cache_alloc(void *data, unsigned long site, const void *ptr, struct kmem_cache *s,
			   gfp_t gfp, int node)
{
	look(site, gfp, 0);
}

static void on_page_alloc(void *data, struct page *page, unsigned int order, gfp_t gfp,
			  int migratetype)
{
	look(_THIS_IP_, gfp, order);
}

static const struct {
	const char *name;
	void *probe;
} probes[] = {
	{ "kmalloc", on_kmalloc },
	{ "kmem_cache_alloc", on_cache_alloc },
	{ "mm_page_alloc", on_page_alloc },
};

static void find_point(struct tracepoint *point, void *data)
{
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(probes); n++)
		if (!strcmp(point->name, probes[n].name))
			points[n] = point;
}

static void unwatch(void *data)
{
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(probes); n++)
		if (points[n])
			tracepoint_probe_unregister(points[n], probes[n].probe, NULL);
	tracepoint_synchronize_unregister();
}

static int oom_init(struct kunit *test)
{
	unsigned int n;

	memset(points, 0, sizeof(points));
	for_each_kernel_tracepoint(find_point, NULL);
	for (n = 0; n < ARRAY_SIZE(probes); n++) {
		if (!points[n]) {
			kunit_skip(test, "the kernel has no such trace points");
			return 0;
		}
	}
	test->priv = wdmdma_test_fixture_on(test, edu_or_fake_device(test), 32);
	for (n = 0; n < ARRAY_SIZE(probes); n++)
		if (tracepoint_probe_register(points[n], probes[n].probe, NULL))
			points[n] = NULL;
	return kunit_add_action_or_reset(test, unwatch, NULL);
}

static void watch(bool on)
{
	if (on) {
		allocations = 0;
		found = 0;
		waiting = 0;
	}
	WRITE_ONCE(watched, on ? current : NULL);
}

/* Watch a work item, too, which runs in a thread of the kernel. */
static void watch_work(struct work_struct *work)
{
	WRITE_ONCE(watched_work, work);
}

static void expect_no_killer(struct kunit *test, const char *what)
{
	unsigned int n;

	KUNIT_EXPECT_GT_MSG(test, allocations, 0U, "%s", what);
	for (n = 0; n < min_t(unsigned int, found, SHOWN); n++)
		KUNIT_FAIL(test, "%s: %pS allocates with %#x", what, (void *)shown[n].site,
			   (__force unsigned int)shown[n].gfp);
	KUNIT_EXPECT_EQ_MSG(test, found, 0U, "%s", what);
}

static const struct oom_row {
	const char *name;
	u64 maximum;
	ULONG length;
	BOOLEAN cached;
} oom_rows[] = {
	{ "one page", U64_MAX, SZ_4K, TRUE },
	{ "64 KiB", U64_MAX, SZ_64K, TRUE },
	{ "1 MiB", U64_MAX, SZ_1M, TRUE },
	{ "12 MiB", U64_MAX, 3 * SZ_4M, TRUE },
	{ "low", SZ_16M - 1, SZ_16K, TRUE },
	{ "uncached page", U64_MAX, SZ_4K, FALSE },
	{ "uncached 1 MiB", U64_MAX, SZ_1M, FALSE },
	{ "uncached, low", SZ_16M - 1, SZ_16K, FALSE },
};

KUNIT_ARRAY_PARAM_DESC(oom, oom_rows, name);

/*
 * Allocate two buffers. The first may reuse recycled memory, and the second finds the
 * tables in place.
 */
static void common_buffer(struct kunit *test)
{
	const struct oom_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la[2];
	void *va[2];
	unsigned int n;

	if (!WDMDMA_CAN_UNCACHE && row->cached != (wdmdma_test_cache(f->dev) == MmCached))
		kunit_skip(test, "the device has no memory of that cache type here");
	watch(true);
	for (n = 0; n < 2; n++)
		va[n] = wdmdma_test_alloc_below(f, row->maximum, row->length, &la[n], row->cached);
	watch(false);
	for (n = 0; n < 2; n++)
		if (va[n])
			wdmdma_test_free(f, row->length, la[n], va[n]);
	expect_no_killer(test, row->name);
}

static void vector_and_adapter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	DEVICE_DESCRIPTION description =
		wdmdma_test_description(DEVICE_DESCRIPTION_VERSION3, 32);
	PDMA_COMMON_BUFFER_VECTOR vector;
	PDMA_ADAPTER adapter;
	ULONG registers;

	watch(true);
	vector = wdmdma_test_vector(f, U64_MAX, wdmdma_test_cache(f->dev), 0, 5000);
	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	watch(false);
	KUNIT_EXPECT_NOT_NULL(test, vector);
	KUNIT_EXPECT_NOT_NULL(test, adapter);
	if (vector)
		f->ops->FreeCommonBufferVector(f->adapter, vector);
	if (adapter)
		adapter->DmaOperations->PutDmaAdapter(adapter);
	expect_no_killer(test, "vector, adapter");
}

static void memory_of_the_driver(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 700);
	PHYSICAL_ADDRESS la;
	NTSTATUS status;
	void *va;
	PMDL mdl;

	watch(true);
	mdl = IoAllocateMdl(memory->va, 700 * PAGE_SIZE, FALSE, FALSE, NULL);
	watch(false);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	watch(true);
	status = f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, NULL, 0, &la);
	va = MmAllocateContiguousMemory(SZ_64K, (PHYSICAL_ADDRESS){ .QuadPart = -1 });
	watch(false);
	if (NT_SUCCESS(status))
		wdmdma_test_free(f, 700 * PAGE_SIZE, la, memory->va);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_NOT_NULL(test, va);
	if (va)
		MmFreeContiguousMemory(va);
	expect_no_killer(test, "MDL, buffer on it, contiguous memory");
}

/* A driver asks so in the way of writeback, so neither pages nor MDL may wait for it. */
static void pages_without_waiting(struct kunit *test)
{
	PHYSICAL_ADDRESS none = {}, last = { .QuadPart = U64_MAX };
	PMDL mdl;

	watch(true);
	mdl = MmAllocatePagesForMdlEx(none, last, none, SZ_4M, MmCached, MM_ALLOCATE_NO_WAIT);
	watch(false);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	KUNIT_EXPECT_GT(test, allocations, 0U);
	KUNIT_EXPECT_EQ(test, waiting, 0U);
	expect_no_killer(test, "pages without waiting");
}

/* Ask for memory of every kind. Return 0, or the bits of the statuses. */
static ULONG take_memory(struct device *dev, PVOID extension, struct wdmdma_memory *memory)
{
	PHYSICAL_ADDRESS none = {}, last = { .QuadPart = U64_MAX }, la;
	MEMORY_CACHING_TYPE cache = wdmdma_test_cache(dev);
	PVOID pool, mdl, va;
	ACCESS_RANGE range;
	ULONG count = 1;

	return StorPortAllocatePool(extension, 100, 0, &pool) |
	       StorPortAllocatePool(extension, SZ_64K, 0, &pool) |
	       StorPortAllocatePool(extension, SZ_4M + SZ_1M, 0, &pool) |
	       StorPortAllocateMdl(extension, memory->va, 4 * PAGE_SIZE, &mdl) |
	       StorPortAllocateDmaMemory(extension, SZ_64K, none, last, none, cache,
					 MM_ANY_NODE_OK, &va, &la) |
	       StorPortAllocateContiguousMemorySpecifyCacheNode(extension, SZ_64K, none, last,
								none, cache, MM_ANY_NODE_OK, &va) |
	       StorPortAllocateHostMemoryBuffer(extension, SZ_64K, SZ_64K, 0, 0, none, last, none,
						&range, &count);
}

/* All of the miniport's memory goes with its extension. */
static void memory_of_a_miniport(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 4);
	struct wdmdma_fixture *f = test->priv;
	PVOID extension, uncached;
	PSCSI_REQUEST_BLOCK srb;
	ULONG failed;

	watch(true);
	extension = wdmdma_hw_device_extension_create(f->dev, 1000);
	watch(false);
	KUNIT_ASSERT_NOT_NULL(test, extension);
	expect_no_killer(test, "device extension");

	watch(true);
	failed = take_memory(f->dev, extension, memory);
	uncached = StorPortGetUncachedExtension(extension, &config, SZ_8K);
	srb = wdmdma_srb_create(extension, 64);
	watch(false);
	wdmdma_hw_device_extension_destroy(extension);
	KUNIT_EXPECT_EQ(test, failed, (ULONG)STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_NOT_NULL(test, srb);
	KUNIT_EXPECT_NOT_NULL(test, uncached);
	expect_no_killer(test, "memory of a miniport");
}

static void buffer_of_a_domain(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	static const ULONG lengths[] = { SZ_4K, SZ_64K, SZ_2M };
	PHYSICAL_ADDRESS la[ARRAY_SIZE(lengths)];
	PVOID va[ARRAY_SIZE(lengths)];
	NTSTATUS status[ARRAY_SIZE(lengths)];
	HANDLE domain;
	unsigned int n;

	watch(true);
	domain = f->ops->GetDmaDomain(f->adapter);
	for (n = 0; n < ARRAY_SIZE(lengths); n++)
		status[n] = f->ops->AllocateDomainCommonBuffer(f->adapter, domain, NULL, lengths[n],
							       0, NULL, MM_ANY_NODE_OK, &la[n],
							       &va[n]);
	watch(false);
	for (n = 0; n < ARRAY_SIZE(lengths); n++) {
		KUNIT_EXPECT_EQ(test, status[n], STATUS_SUCCESS);
		if (NT_SUCCESS(status[n]))
			wdmdma_test_free(f, lengths[n], la[n], va[n]);
	}
	expect_no_killer(test, "buffers of a domain");
}

/* While the verifier keeps stacks and puts guards around the memory. */
static void buffer_of_a_verified_device(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va;

	verifier_on(test, "all");
	watch(true);
	va = wdmdma_test_alloc(f, SZ_64K, &la);
	watch(false);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(f, SZ_64K, la, va);
	expect_no_killer(test, "buffer of a verified device");
}

static void objects_of_kmdf(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdf_fixture *wdf = wdf_test_on(test, f->dev);
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMATRANSACTION transaction;
	WDFDMAENABLER enabler = NULL;
	WDFCOMMONBUFFER buffer;
	NTSTATUS status[5];
	WDFSPINLOCK lock;
	WDFMEMORY memory;
	unsigned int i;

	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64, SZ_64K);
	watch(true);
	status[0] = WdfDmaEnablerCreate(wdf->device, &config, NULL, &enabler);
	status[1] = WdfDmaTransactionCreate(enabler, NULL, &transaction);
	status[2] = WdfCommonBufferCreate(enabler, SZ_64K, NULL, &buffer);
	status[3] = WdfMemoryCreate(NULL, 0, 0, SZ_16K, &memory, NULL);
	status[4] = WdfSpinLockCreate(NULL, &lock);
	watch(false);
	for (i = 0; i < ARRAY_SIZE(status); i++)
		KUNIT_EXPECT_EQ_MSG(test, status[i], STATUS_SUCCESS, "object %u", i);
	expect_no_killer(test, "objects of KMDF");
}

static void memory_of_the_kit(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PIO_WORKITEM item;
	PVOID pool[3];
	unsigned int i;

	watch(true);
	pool[0] = ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, TAG);
	pool[1] = ExAllocatePool2(POOL_FLAG_NON_PAGED, SZ_16K, TAG);
	pool[2] = ExAllocatePool2(POOL_FLAG_NON_PAGED, SZ_1M, TAG);
	item = IoAllocateWorkItem(f->pdo);
	watch(false);
	KUNIT_EXPECT_NOT_NULL(test, item);
	if (item)
		IoFreeWorkItem(item);
	for (i = 0; i < ARRAY_SIZE(pool); i++) {
		KUNIT_EXPECT_NOT_NULL(test, pool[i]);
		if (pool[i])
			ExFreePoolWithTag(pool[i], TAG);
	}
	expect_no_killer(test, "memory of the kit");
}

static NTSTATUS get_list(struct wdmdma_fixture *f, PMDL mdl, struct wdmdma_caught *caught)
{
	wdmdma_test_catch_init(caught);
	return f->ops->GetScatterGatherList(f->adapter, NULL, mdl, MmGetMdlVirtualAddress(mdl),
					    MmGetMdlByteCount(mdl), wdmdma_test_catch_list, caught,
					    TRUE);
}

/* A list is made in the call, or later by a work item. */
static void list_that_comes_or_waits(struct kunit *test)
{
	struct wdmdma_fixture *f;
	struct wdmdma_adapter *adapter;
	struct wdmdma_memory *memory;
	struct wdmdma_caught caught;
	NTSTATUS status;
	PMDL mdl;

	f = wdmdma_test_fixture(test);
	adapter = wdmdma_test_core_of(f);
	memory = wdmdma_test_memory(test, 16);
	mdl = wdmdma_test_mdl(test, memory->va, 16 * PAGE_SIZE);
	watch(true);
	status = get_list(f, mdl, &caught);
	watch(false);
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, 20 * HZ), 0UL);
	f->ops->PutScatterGatherList(f->adapter, caught.list, TRUE);
	expect_no_killer(test, "list");

	wdmdma_test_short(test, f->adapter);
	watch(true);
	watch_work(&adapter->transfers.list_work.work);
	status = get_list(f, mdl, &caught);
	msleep(50);
	wdmdma_test_plenty();
	KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&caught.done, 20 * HZ), 0UL);
	watch_work(NULL);
	watch(false);
	f->ops->PutScatterGatherList(f->adapter, caught.list, TRUE);
	expect_no_killer(test, "list that waits");
}

static struct kunit_case oom_cases[] = {
	KUNIT_CASE_PARAM(common_buffer, oom_gen_params),
	KUNIT_CASE(vector_and_adapter),
	KUNIT_CASE(memory_of_the_driver),
	KUNIT_CASE(pages_without_waiting),
	KUNIT_CASE(memory_of_a_miniport),
	KUNIT_CASE(buffer_of_a_domain),
	KUNIT_CASE(buffer_of_a_verified_device),
	KUNIT_CASE(objects_of_kmdf),
	KUNIT_CASE(memory_of_the_kit),
	KUNIT_CASE(list_that_comes_or_waits),
	{}
};

static struct kunit_suite oom_suite = {
	.name = "wdmdma_oom",
	.init = oom_init,
	.test_cases = oom_cases,
};

kunit_test_suite(oom_suite);
