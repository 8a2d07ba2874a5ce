// SPDX-License-Identifier: GPL-2.0-only
/*
 * core/free_mode.c. Frees that do not match their allocation, with free_mode=tolerant,
 * by the calls of a StorPort miniport and by FreeCommonBuffer. The suites of these calls
 * test the same frees in strict mode.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "core/free_mode.h"
#include "helpers.h"

static int free_mode_init(struct kunit *test)
{
	wdmdma_test_miniport_init(test);
	return wdmdma_free_mode_set("tolerant");
}

static void free_mode_exit(struct kunit *test)
{
	wdmdma_free_mode_set("strict");
}

static u8 *alloc(struct kunit *test, size_t bytes, MEMORY_CACHING_TYPE cache, PHYSICAL_ADDRESS *la)
{
	PHYSICAL_ADDRESS none = {}, last = { .QuadPart = -1 };
	struct wdmdma_miniport *miniport = test->priv;
	PVOID va = NULL;
	ULONG status = StorPortAllocateDmaMemory(miniport->extension, bytes, none, last, none,
						 cache, MM_ANY_NODE_OK, &va, la);

	KUNIT_ASSERT_EQ(test, status, STOR_STATUS_SUCCESS);
	return va;
}

static ULONG release(struct kunit *test, u8 *va, size_t bytes, MEMORY_CACHING_TYPE cache)
{
	struct wdmdma_miniport *miniport = test->priv;

	return StorPortFreeContiguousMemorySpecifyCache(miniport->extension, va, bytes, cache);
}

static void mode_is_strict_or_tolerant(struct kunit *test)
{
	static const char *const bad[] = { "", "lenient", "Strict", "tolerant ", "1", "stricter" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, wdmdma_free_mode_set(bad[i]), -EINVAL);
		KUNIT_EXPECT_TRUE(test, wdmdma_free_mode_is_tolerant());
	}
	KUNIT_EXPECT_EQ(test, wdmdma_free_mode_set("strict"), 0);
	KUNIT_EXPECT_FALSE(test, wdmdma_free_mode_is_tolerant());
	KUNIT_EXPECT_EQ(test, wdmdma_free_mode_set("tolerant\n"), 0);
	KUNIT_EXPECT_TRUE(test, wdmdma_free_mode_is_tolerant());
}

/* One free of a block of 5 pages less 100 bytes, and whether the free must free the block. */
struct whole_row {
	const char *name;
	size_t offset, bytes;
	MEMORY_CACHING_TYPE cache;
	bool frees, counts;
};

#define BYTES (5 * SZ_4K - 100)

static const struct whole_row whole_rows[] = {
	{ "what was asked for", 0, BYTES, MmCached, true, false },
	{ "another cache type", 0, BYTES, MmNonCached, true, true },
	{ "the rounded length", 0, 5 * SZ_4K, MmCached, true, true },
	{ "a shorter length in the same pages", 0, 4 * SZ_4K + 1, MmCached, true, true },
	{ "a longer length", 0, SZ_1G, MmCached, true, true },
	{ "all ones as length", 0, SIZE_MAX, MmCached, true, true },
	{ "from inside the first page", 64, BYTES, MmCached, true, true },
	{ "all but the last page", 0, 4 * SZ_4K, MmCached, false, true },
	{ "all but the first page", SZ_4K, BYTES, MmCached, false, true },
	{ "one byte", 2 * SZ_4K + 7, 1, MmCached, false, true },
};

KUNIT_ARRAY_PARAM_DESC(whole, whole_rows, name);

/* A free that covers all pages must free the block, because nvmewin and SpcNvme free like this. */
static void free_of_all_pages_frees_the_block(struct kunit *test)
{
	const struct whole_row *row = test->param_value;
	unsigned long before = wdmdma_tolerated_frees();
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, BYTES, MmCached, &la);

	KUNIT_EXPECT_EQ(test, release(test, va + row->offset, row->bytes, row->cache),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), row->frees ? 0UL : 1UL);
	KUNIT_EXPECT_EQ(test, wdmdma_tolerated_frees() - before, row->counts ? 1UL : 0UL);
	if (row->frees)
		return;
	/* A free of a part must leave the whole block usable, including the freed part. */
	memset(va, 0xa5, BYTES);
	KUNIT_EXPECT_EQ(test, release(test, va, BYTES, MmCached), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

/* SpcNvme frees the block of a queue pair as two queues, so a block must go with its last part. */
struct parts_row {
	const char *name;
	size_t bytes, first; /* bytes of the block and of its first part */
	bool second_first, at_dispatch;
};

static const struct parts_row parts_rows[] = {
	{ "two pages", SZ_8K, SZ_4K, false, false },
	{ "a long and a short part", SZ_64K + SZ_16K, SZ_64K, false, false },
	{ "the second part first", SZ_64K + SZ_16K, SZ_64K, true, false },
	{ "parts that share a page", 3 * SZ_4K, SZ_4K + 1024, false, false },
	{ "parts that share a page, the second first", 3 * SZ_4K, SZ_4K + 1024, true, false },
	{ "a last page that is not full", SZ_4K + 1024, SZ_4K, false, false },
	{ "at DISPATCH_LEVEL", SZ_8K, SZ_4K, false, true },
};

KUNIT_ARRAY_PARAM_DESC(parts, parts_rows, name);

static void block_goes_with_its_last_part(struct kunit *test)
{
	const struct parts_row *row = test->param_value;
	struct wdmdma_miniport *miniport = test->priv;
	MEMORY_CACHING_TYPE cache = wdmdma_test_uncached(miniport->dev, MmWriteCombined);
	size_t second = row->bytes - row->first;
	ULONG status[2];
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, row->bytes, cache, &la);

	if (row->at_dispatch)
		local_bh_disable();
	status[0] = row->second_first ? release(test, va + row->first, second, MmCached) :
					release(test, va, row->first, MmCached);
	if (row->at_dispatch)
		local_bh_enable();
	KUNIT_EXPECT_EQ(test, status[0], STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 1UL);
	memset(va, 0x5a, row->bytes);

	if (row->at_dispatch)
		local_bh_disable();
	status[1] = row->second_first ? release(test, va, row->first, MmCached) :
					release(test, va + row->first, second, MmCached);
	if (row->at_dispatch)
		local_bh_enable();
	KUNIT_EXPECT_EQ(test, status[1], STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void part_freed_twice_is_refused(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, SZ_16K, MmCached, &la);

	KUNIT_EXPECT_EQ(test, release(test, va, SZ_8K, MmCached), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release(test, va, SZ_8K, MmCached), STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, release(test, va + SZ_4K, 1, MmCached),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 1UL);
	KUNIT_EXPECT_EQ(test, release(test, va + SZ_8K, SZ_8K, MmCached), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void part_that_does_not_adjoin_is_refused(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, SZ_16K, MmCached, &la);

	KUNIT_EXPECT_EQ(test, release(test, va, SZ_4K, MmCached), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, release(test, va + SZ_8K, SZ_4K, MmCached),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 1UL);
	KUNIT_EXPECT_EQ(test, release(test, va, SZ_16K, MmCached), STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
}

static void what_is_no_block_is_refused(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	unsigned long before = wdmdma_tolerated_frees();
	PHYSICAL_ADDRESS la, wrong;
	u8 *va = alloc(test, SZ_8K, MmCached, &la);
	u8 *stack = (u8 *)&la;

	KUNIT_EXPECT_EQ(test, release(test, NULL, SZ_8K, MmCached), STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, release(test, stack, 1, MmCached), STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, release(test, va + SZ_8K, 1, MmCached),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, release(test, va, 0, MmCached), STOR_STATUS_INVALID_PARAMETER);
	wrong.QuadPart = la.QuadPart + SZ_4K;
	KUNIT_EXPECT_EQ(test,
			StorPortFreeDmaMemory(miniport->extension, va, SZ_8K, MmCached, wrong),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_tolerated_frees(), before);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 1UL);
	KUNIT_EXPECT_EQ(test, StorPortFreeDmaMemory(miniport->extension, va, SZ_8K, MmCached, la),
			STOR_STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, StorPortFreeDmaMemory(miniport->extension, va, SZ_8K, MmCached, la),
			STOR_STATUS_INVALID_PARAMETER);
}

/*
 * The uncached extension and the memory of an SRB come from calls that pass no cache
 * type, so a free that passes one must be refused.
 */
static void memory_of_other_calls_is_refused(struct kunit *test)
{
	PORT_CONFIGURATION_INFORMATION config = { .Length = sizeof(config), .Master = TRUE };
	struct wdmdma_miniport *miniport = test->priv;
	u8 *uncached = StorPortGetUncachedExtension(miniport->extension, &config, SZ_8K);

	KUNIT_ASSERT_NOT_NULL(test, uncached);
	KUNIT_EXPECT_EQ(test, release(test, uncached, SZ_8K, MmCached),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, release(test, uncached + SZ_4K, SZ_4K, MmNonCached),
			STOR_STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_miniport_live(test), 1UL);
}

/* FreeCommonBuffer must obey the same rule. Its length may differ, but its address may not. */
static void common_buffer_is_freed_with_another_length(struct kunit *test)
{
	struct wdmdma_fixture *f = wdmdma_test_fixture(test);
	PHYSICAL_ADDRESS la, inside, wrong;
	u8 *va = f->ops->AllocateCommonBuffer(f->adapter, SZ_8K, &la, TRUE);

	KUNIT_ASSERT_NOT_NULL(test, va);
	inside.QuadPart = la.QuadPart + SZ_4K;
	wrong.QuadPart = la.QuadPart + 2 * SZ_4K;
	f->ops->FreeCommonBuffer(f->adapter, SZ_4K, la, va + SZ_4K, TRUE);
	f->ops->FreeCommonBuffer(f->adapter, SZ_8K, wrong, va, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 1UL);
	f->ops->FreeCommonBuffer(f->adapter, SZ_4K, inside, va + SZ_4K, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 1UL);
	f->ops->FreeCommonBuffer(f->adapter, 100, la, va, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 0UL);
}

static void memory_of_the_driver_must_be_named_exactly(struct kunit *test)
{
	struct wdmdma_fixture *f = wdmdma_test_fixture(test);
	void *memory = (void *)__get_free_pages(GFP_KERNEL, 1);
	PMDL mdl = IoAllocateMdl(memory, SZ_8K, FALSE, FALSE, NULL);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_TRUE(test, memory && mdl);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_ASSERT_EQ(test, f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, NULL, 0, &la),
			STATUS_SUCCESS);
	f->ops->FreeCommonBuffer(f->adapter, SZ_8K - 1, la, memory, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 1UL);
	f->ops->FreeCommonBuffer(f->adapter, SZ_8K, la, memory, TRUE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 0UL);
	IoFreeMdl(mdl);
	free_pages((unsigned long)memory, 1);
}

/* A block that was freed only in part must be freed with the adapter. */
static void part_does_not_keep_the_block_for_ever(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PHYSICAL_ADDRESS la;
	u8 *va = alloc(test, SZ_8K, MmCached, &la);

	KUNIT_EXPECT_EQ(test, release(test, va, SZ_4K, MmCached), STOR_STATUS_SUCCESS);
	wdmdma_hw_device_extension_destroy(miniport->extension);
	miniport->extension = NULL;
}

#define ROUNDS 200

struct race {
	struct kunit *test;
	u8 *va;
	size_t bytes;
	struct completion go, done;
	ULONG status;
};

static int race_free(void *data)
{
	struct race *race = data;

	wait_for_completion(&race->go);
	race->status = release(race->test, race->va, race->bytes, MmCached);
	complete(&race->done);
	return 0;
}

/*
 * If two threads free both parts at once, both frees must succeed and the block must be
 * freed once.
 */
static void parts_freed_at_once_free_the_block_once(struct kunit *test)
{
	struct race race = { .test = test, .bytes = SZ_4K };
	struct task_struct *task;
	PHYSICAL_ADDRESS la;
	ULONG status;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		race.va = alloc(test, SZ_8K, MmCached, &la);
		init_completion(&race.go);
		init_completion(&race.done);
		task = kthread_run(race_free, &race, "wdmdma-race");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
		complete(&race.go);
		status = release(test, race.va + SZ_4K, SZ_4K, MmCached);
		wait_for_completion(&race.done);
		KUNIT_ASSERT_EQ(test, status, STOR_STATUS_SUCCESS);
		KUNIT_ASSERT_EQ(test, race.status, STOR_STATUS_SUCCESS);
		KUNIT_ASSERT_EQ(test, wdmdma_test_miniport_live(test), 0UL);
	}
}

static struct kunit_case free_mode_cases[] = {
	KUNIT_CASE(mode_is_strict_or_tolerant),
	KUNIT_CASE_PARAM(free_of_all_pages_frees_the_block, whole_gen_params),
	KUNIT_CASE_PARAM(block_goes_with_its_last_part, parts_gen_params),
	KUNIT_CASE(part_freed_twice_is_refused),
	KUNIT_CASE(part_that_does_not_adjoin_is_refused),
	KUNIT_CASE(what_is_no_block_is_refused),
	KUNIT_CASE(memory_of_other_calls_is_refused),
	KUNIT_CASE(common_buffer_is_freed_with_another_length),
	KUNIT_CASE(memory_of_the_driver_must_be_named_exactly),
	KUNIT_CASE(part_does_not_keep_the_block_for_ever),
	KUNIT_CASE(parts_freed_at_once_free_the_block_once),
	{}
};

static struct kunit_suite free_mode_suite = {
	.name = "wdmdma_free_mode",
	.init = free_mode_init,
	.exit = free_mode_exit,
	.test_cases = free_mode_cases,
};

kunit_test_suite(free_mode_suite);
