// SPDX-License-Identifier: GPL-2.0-only
/*
 * No allocating call may invoke the OOM killer. Tracepoints show the flags of each
 * allocation, including those of the kernel functions that the call uses. The flags tell
 * whether the OOM killer could be invoked, so memory need not be short.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/tracepoint.h>

#include "core/adapter.h"
#include "edu.h"
#include "helpers.h"
#include "memory.h"

#define SHOWN	8

static struct task_struct *watched;
static unsigned int allocations, found;
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
	       !(gfp & __GFP_THISNODE) && !(current->flags & PF_MEMALLOC);
}

static void look(unsigned long site, gfp_t gfp, unsigned int order)
{
	if (current != watched || in_interrupt())
		return;
	allocations++;
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
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	unsigned int n;

	memset(points, 0, sizeof(points));
	for_each_kernel_tracepoint(find_point, NULL);
	for (n = 0; n < ARRAY_SIZE(probes); n++) {
		if (!points[n]) {
			kunit_skip(test, "the kernel has no such trace points");
			return 0;
		}
	}
	test->priv = wdmdma_test_fixture_on(test, edu->pdev ? &edu->pdev->dev :
					    wdmdma_test_device(test), 32);
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
	}
	WRITE_ONCE(watched, on ? current : NULL);
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
	vector = wdmdma_test_vector(f, U64_MAX, MmCached, 0, 5000);
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

static struct kunit_case oom_cases[] = {
	KUNIT_CASE_PARAM(common_buffer, oom_gen_params),
	KUNIT_CASE(vector_and_adapter),
	KUNIT_CASE(memory_of_the_driver),
	{}
};

static struct kunit_suite oom_suite = {
	.name = "wdmdma_oom",
	.init = oom_init,
	.test_cases = oom_cases,
};

kunit_test_suite(oom_suite);
