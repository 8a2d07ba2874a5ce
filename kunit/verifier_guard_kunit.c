// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guard bands around common buffers (core/guard.c), and the stacks of allocations and frees
 * (core/history.c).
 */
#include <linux/iommu.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "core/adapter.h"
#include "core/history.h"
#include "debug/verifier.h"
#include "edu.h"
#include "log.h"
#include "memory.h"
#include "sgl.h"
#include "verifier.h"

#define CODE	WDMDMA_DMA_CODE(0x0F)

static const struct length_row {
	const char *name;
	ULONG length;
} length_rows[] = {
	{ "one byte", 1 },
	{ "a page", SZ_4K },
	{ "a page and a byte", SZ_4K + 1 },
	{ "64 KiB", SZ_64K },
	{ "2 MiB less 8 KiB", SZ_2M - SZ_8K },
};

KUNIT_ARRAY_PARAM_DESC(length, length_rows, name);

/* A driver that stays in its buffer must not be reported, and must get what it asked for. */
static void right_use_is_silent(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	unsigned long sum = verifier_sum();
	PHYSICAL_ADDRESS la;
	u8 *va;

	verifier_on(test, "all");
	va = wdmdma_test_alloc(f, row->length, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(va));
	KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(la.QuadPart));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, row->length));
	memset(va, 0xff, row->length);
	KUNIT_EXPECT_EQ(test, wdmdma_debug_verify("check"), 0);
	wdmdma_test_free(f, row->length, la, va);
	KUNIT_EXPECT_EQ(test, verifier_sum(), sum);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* Write @at bytes from the start of the buffer, and expect the report at its free. */
static void expect_report(struct kunit *test, ULONG length, long at)
{
	unsigned long count = verifier_count(CODE), sum = verifier_sum();
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	u8 *va;

	va = wdmdma_test_alloc(f, length, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	va[at] = 0x55;
	wdmdma_test_free(f, length, la, va);
	KUNIT_EXPECT_EQ(test, verifier_count(CODE), count + 1);
	KUNIT_EXPECT_EQ(test, verifier_sum(), sum + 1);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void byte_outside_is_reported_at_the_free(struct kunit *test)
{
	const struct length_row *row = test->param_value;

	verifier_on(test, "guard");
	expect_report(test, row->length, -1);
	expect_report(test, row->length, -SZ_4K);
	expect_report(test, row->length, row->length);
	expect_report(test, row->length, PAGE_ALIGN(row->length) + SZ_4K - 1);
}

/* Each damage must be reported once, at the first look. */
static void damage_is_found_on_demand(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned long count = verifier_count(CODE);
	PHYSICAL_ADDRESS la, la_other;
	u8 *va, *other;

	verifier_on(test, "guard");
	va = wdmdma_test_alloc(f, SZ_4K, &la);
	other = wdmdma_test_alloc(f, SZ_64K, &la_other);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_ASSERT_NOT_NULL(test, other);
	other[SZ_64K] = 0;
	KUNIT_EXPECT_EQ(test, wdmdma_debug_verify("check\n"), 0);
	KUNIT_EXPECT_EQ(test, verifier_count(CODE), count + 1);
	KUNIT_EXPECT_EQ(test, wdmdma_debug_verify("check"), 0);
	wdmdma_test_free(f, SZ_4K, la, va);
	wdmdma_test_free(f, SZ_64K, la_other, other);
	KUNIT_EXPECT_EQ(test, verifier_count(CODE), count + 1);
}

static void damage_is_found_when_the_adapter_is_put(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned long count = verifier_count(CODE);
	PHYSICAL_ADDRESS la;
	u8 *va;

	verifier_on(test, "guard");
	va = wdmdma_test_alloc(f, 100, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	va[100] = 0;
	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	KUNIT_EXPECT_EQ(test, verifier_count(CODE), count + 1);
}

static void vector_has_bands(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned long count = verifier_count(CODE);
	PDMA_COMMON_BUFFER_VECTOR vector;
	PHYSICAL_ADDRESS la;
	u8 *va;

	verifier_on(test, "guard");
	vector = wdmdma_test_vector(f, U64_MAX, wdmdma_test_cache(f->dev), 0, 3);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	f->ops->GetCommonBufferFromVectorByIndex(f->adapter, vector, 0, (void *)&va, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	va[-1] = 0;
	f->ops->FreeCommonBufferVector(f->adapter, vector);
	KUNIT_EXPECT_EQ(test, verifier_count(CODE), count + 1);
}

/* The window of the request must hold, with and without room for the bands. */
static void bands_keep_to_the_window(struct kunit *test)
{
	u64 last = wdmdma_test_has_memory(SZ_1M, SZ_16M - 1) ? SZ_16M - 1 : U32_MAX;
	struct wdmdma_fixture *f = test->priv;
	const struct wdmdma_buffer *buffer;
	PHYSICAL_ADDRESS la;
	void *va;

	verifier_on(test, "guard");
	va = wdmdma_test_alloc_below(f, last, SZ_8K, &la, TRUE);
	if (!va)
		kunit_skip(test, "no memory below the limit");
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_8K - 1, last);
	rcu_read_lock();
	buffer = wdmdma_lookup_by_cpu(&wdmdma_test_core_of(f)->buffers, va);
	KUNIT_EXPECT_TRUE(test, !buffer->guarded || la.QuadPart + SZ_8K + SZ_4K - 1 <= last);
	rcu_read_unlock();
	wdmdma_test_free(f, SZ_8K, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void buffer_allocated_before_is_freed(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la, guarded;
	void *va = wdmdma_test_alloc(f, SZ_4K, &la), *later;

	KUNIT_ASSERT_NOT_NULL(test, va);
	verifier_on(test, "all");
	later = wdmdma_test_alloc(f, SZ_4K, &guarded);
	wdmdma_test_free(f, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_debug_verify("none"), 0);
	KUNIT_ASSERT_NOT_NULL(test, later);
	wdmdma_test_free(f, SZ_4K, guarded, later);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* The second free must be reported with the stacks of the allocation and of the first free. */
static void double_free_shows_both_stacks(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	void *va;

	verifier_on(test, "frees");
	va = wdmdma_test_alloc(f, SZ_4K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(f, SZ_4K, la, va);
	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	wdmdma_test_free(f, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "verifier: VA ", "was allocated here"),
			1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "verifier: VA ", "was freed here"), 1U);
	/* The two stacks, and that of this call. A helper may be missing, as it ends in a jump. */
	KUNIT_EXPECT_GE(test, wdmdma_test_log_lines(log, __func__, "[wdmdma_kunit]"), 3U);
}

/* The note of an allocation may come after the verifier was switched off, and must not stay. */
static void late_note_is_dropped(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(f);
	const struct wdmdma_buffer *buffer;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	void *va = wdmdma_test_alloc(f, SZ_4K, &la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	rcu_read_lock();
	buffer = wdmdma_lookup_by_cpu(&adapter->buffers, va);
	rcu_read_unlock();
	wdmdma_history_note_alloc(adapter, buffer);
	wdmdma_test_free(f, SZ_4K, la, va);
	verifier_on(test, "frees");
	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	wdmdma_test_free(f, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "verifier: VA ", "was allocated here"),
			0U);
}

/* The device of a copied transfer must not write outside of the bytes that it was given. */
static void copy_has_bands(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va + 100, 1000);
	unsigned long count = verifier_count(CODE), sum = verifier_sum();
	static const long at[] = { -1, -100, 1000, SZ_4K - 101 };
	PSCATTER_GATHER_LIST list;
	unsigned int i;

	if (wdmdma_test_copies_all(f->dev))
		kunit_skip(test, "the kernel copies the copy");
	verifier_on(test, "all,bounce");
	list = sgl_get_now(test, f->adapter, mdl, 1000, FALSE);
	memset(wdmdma_test_at(list->Elements[0].Address.QuadPart), 0x33, 1000);
	sgl_put(f->adapter, list, FALSE);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va + 100, 0x33, 1000));
	KUNIT_EXPECT_EQ(test, verifier_sum(), sum);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		list = sgl_get_now(test, f->adapter, mdl, 1000, FALSE);
		wdmdma_test_at(list->Elements[0].Address.QuadPart)[at[i]] = 0;
		sgl_put(f->adapter, list, FALSE);
		KUNIT_EXPECT_EQ(test, verifier_count(CODE), count + i + 1);
	}
}

/*
 * A buffer may get bands although its request was found recyclable a moment earlier, if the checks
 * are switched on in between. It must go with its bands, and never be recycled.
 */
static void buffer_with_bands_is_not_recycled(struct kunit *test)
{
	struct wdmdma_fixture *f = wdmdma_test_fixture_on(test, edu_or_fake_device(test), 32);
	struct iommu_domain *domain = iommu_get_domain_for_dev(f->dev);
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(f);
	struct wdmdma_buffer *buffer;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;

	verifier_on(test, "guard");
	va = wdmdma_test_alloc(f, SZ_4K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	rcu_read_lock();
	buffer = wdmdma_lookup_by_cpu(&adapter->buffers, va);
	KUNIT_EXPECT_TRUE(test, buffer->guarded);
	buffer->recyclable = true;
	rcu_read_unlock();
	verifier_off("none");
	wdmdma_test_free(f, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, adapter->recycler.pages, 0U);
	for (i = 0; i < 3 && wdmdma_iommu_translates(f->dev); i++)
		KUNIT_EXPECT_EQ(test,
				(u64)iommu_iova_to_phys(domain, la.QuadPart + (i - 1) * SZ_4K),
				0ULL);
}

static struct kunit_case verifier_guard_cases[] = {
	KUNIT_CASE_PARAM(right_use_is_silent, length_gen_params),
	KUNIT_CASE_PARAM(byte_outside_is_reported_at_the_free, length_gen_params),
	KUNIT_CASE(damage_is_found_on_demand),
	KUNIT_CASE(damage_is_found_when_the_adapter_is_put),
	KUNIT_CASE(vector_has_bands),
	KUNIT_CASE(bands_keep_to_the_window),
	KUNIT_CASE(buffer_allocated_before_is_freed),
	KUNIT_CASE(double_free_shows_both_stacks),
	KUNIT_CASE(late_note_is_dropped),
	KUNIT_CASE(copy_has_bands),
	KUNIT_CASE(buffer_with_bands_is_not_recycled),
	{}
};

static struct kunit_suite verifier_guard_suite = {
	.name = "wdmdma_verifier_guard",
	.init = wdmdma_test_fixture_init,
	.test_cases = verifier_guard_cases,
};

kunit_test_suite(verifier_guard_suite);
