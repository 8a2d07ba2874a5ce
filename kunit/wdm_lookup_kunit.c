// SPDX-License-Identifier: GPL-2.0-only
/*
 * Translation of addresses, as the Linux half of a driver calls it, for a device without an
 * IOMMU (wdm/wdm_translate.c). A logical address is a physical address here, so the cases
 * compare it with the page tables.
 */
#include <kunit/device.h>
#include <linux/completion.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "lookup.h"

#define GARBAGE	0xdeadbeefcafef00dULL
#define LARGE	DOMAIN_COMMON_BUFFER_LARGE_PAGE

/*
 * Expect that byte @at of the buffer has @left bytes to the end, in both directions. A @left
 * of 0 means that the byte is in no buffer.
 */
static void expect_byte(struct kunit *test, PDMA_ADAPTER adapter, const struct lookup_buffer *b,
			s64 at, size_t left)
{
	size_t to_dma_left = 1, to_cpu_left = 1;
	dma_addr_t la = GARBAGE;
	void *va;

	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(adapter, b->va + at, &la, &to_dma_left),
			left ? 0 : -ENXIO);
	va = wdmdma_logical_to_virt(adapter, b->la.QuadPart + at, &to_cpu_left);
	KUNIT_EXPECT_EQ(test, la, left ? (dma_addr_t)(b->la.QuadPart + at) : 0);
	KUNIT_EXPECT_PTR_EQ(test, va, left ? (void *)b->va + at : NULL);
	KUNIT_EXPECT_EQ(test, to_dma_left, left);
	KUNIT_EXPECT_EQ(test, to_cpu_left, left);
}

static void expect_found(struct kunit *test, const struct lookup_buffer *b)
{
	struct wdmdma_fixture *f = test->priv;

	expect_byte(test, f->adapter, b, 0, b->length);
	expect_byte(test, f->adapter, b, b->length / 2, b->length - b->length / 2);
	expect_byte(test, f->adapter, b, b->length - 1, 1);
}

static void expect_gone(struct kunit *test, PDMA_ADAPTER adapter, const struct lookup_buffer *b)
{
	expect_byte(test, adapter, b, 0, 0);
	expect_byte(test, adapter, b, b->length / 2, 0);
	expect_byte(test, adapter, b, b->length - 1, 0);
}

static const struct length_row {
	const char *name;
	ULONG length;
	bool imported;
} length_rows[] = {
	{ "1 byte", 1 },
	{ "4 KiB", SZ_4K },
	{ "5000 bytes", 5000 },
	{ "5 pages", 5 * SZ_4K },
	{ "64 KiB", SZ_64K },
	{ "2 MiB", SZ_2M },
	{ "4 KiB of the driver's", SZ_4K, true },
	{ "5 pages of the driver's", 5 * SZ_4K, true },
	{ "2 MiB of the driver's", SZ_2M, true },
};

KUNIT_ARRAY_PARAM_DESC(length, length_rows, name);

static void every_byte_of_a_buffer_is_translated(struct kunit *test)
{
	const struct length_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = row->imported ? lookup_import(test, row->length, MmCached) :
						 lookup_alloc(test, row->length);
	dma_addr_t la;

	expect_found(test, &b);
	expect_byte(test, f->adapter, &b, -1, 0);
	expect_byte(test, f->adapter, &b, row->length, 0);
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, b.va + row->length / 2, &la, NULL),
			0);
	KUNIT_EXPECT_EQ(test, (u64)la, (u64)virt_to_phys(b.va) + row->length / 2);
	lookup_release(test, b);
	expect_gone(test, f->adapter, &b);
}

static const struct section_row {
	const char *name;
	ULONG start, length;	/* pages of the memory, whose pages 2 and 3 are a buffer */
	NTSTATUS status;
} section_rows[] = {
	{ "the same", 2, 2, STATUS_INVALID_PARAMETER },
	{ "first page", 2, 1, STATUS_INVALID_PARAMETER },
	{ "second page", 3, 1, STATUS_INVALID_PARAMETER },
	{ "over the start", 1, 2, STATUS_INVALID_PARAMETER },
	{ "all", 0, 8, STATUS_INVALID_PARAMETER },
	{ "page before", 1, 1, STATUS_SUCCESS },
	{ "pages behind", 4, 4, STATUS_SUCCESS },
};

KUNIT_ARRAY_PARAM_DESC(section, section_rows, name);

static DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION section(ULONG page, ULONG pages)
{
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = {
		.ConfigType = CommonBufferConfigTypeSubSection,
		.SubSection.Offset = page * SZ_4K,
		.SubSection.Length = pages * SZ_4K,
	};

	return config;
}

static void buffers_on_one_memory_share_no_page(struct kunit *test)
{
	const struct section_row *row = test->param_value;
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION config = section(2, 2);
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer whole = lookup_import(test, 8 * SZ_4K, MmCached), one, two;
	PMDL mdl = whole.mdl;

	/* The case needs only the memory of this buffer. */
	f->ops->FreeCommonBuffer(f->adapter, whole.length, whole.la, whole.va, TRUE);
	one = (struct lookup_buffer){ .va = whole.va + 2 * SZ_4K, .length = 2 * SZ_4K };
	two = (struct lookup_buffer){ .va = whole.va + row->start * SZ_4K,
				      .length = row->length * SZ_4K };
	KUNIT_ASSERT_EQ(test, f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, &config, 1,
								&one.la), STATUS_SUCCESS);
	config = section(row->start, row->length);
	KUNIT_EXPECT_EQ(test, f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, &config, 1,
								&two.la), row->status);
	expect_found(test, &one);
	if (NT_SUCCESS(row->status)) {
		expect_found(test, &two);
		lookup_release(test, two);
	}
	expect_found(test, &one);
	lookup_release(test, one);
	expect_gone(test, f->adapter, &one);
	IoFreeMdl(mdl);
	MmFreeContiguousMemory(whole.va);
}

/* No page of a common buffer, the first or another, may become a buffer of its own. */
static void part_of_a_buffer_is_not_made_one(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = lookup_alloc(test, SZ_16K);
	PHYSICAL_ADDRESS la = { .QuadPart = GARBAGE };
	PMDL mdl = IoAllocateMdl(b.va + SZ_8K, SZ_4K, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_EQ(test, f->ops->CreateCommonBufferFromMdl(f->adapter, mdl, NULL, 0, &la),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	IoFreeMdl(mdl);
	expect_found(test, &b);
	lookup_release(test, b);
}

static const struct vector_row {
	const char *name;
	ULONG count;
	ULONG size;
	ULONG flags;
} vector_rows[] = {
	{ "8 of 4 KiB", 8, SZ_4K },
	{ "9 of 5000 bytes", 9, 5000 },
	{ "16 MiB in all, more than one block can be", 4096, SZ_4K },
	{ "3 on a large page", 3, SZ_4K, LARGE },
};

KUNIT_ARRAY_PARAM_DESC(vector, vector_rows, name);

static void elements_are_translated_until_they_are_freed(struct kunit *test)
{
	const struct vector_row *row = test->param_value;
	PDMA_COMMON_BUFFER_VECTOR vector =
		lookup_vector_alloc(test, row->count, row->size, row->flags);
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer first = lookup_element(test, vector, 0, row->size);
	struct lookup_buffer second = lookup_element(test, vector, 1, row->size);
	struct lookup_buffer last = lookup_element(test, vector, row->count - 1, row->size);

	expect_found(test, &first);
	expect_found(test, &second);
	expect_found(test, &last);
	if (!IS_ALIGNED(row->size, SZ_4K))
		expect_byte(test, f->adapter, &first, row->size, 0);
	if (row->flags)
		expect_byte(test, f->adapter, &last, row->size, 0);

	f->ops->FreeCommonBufferFromVector(f->adapter, vector, 1);
	expect_found(test, &first);
	expect_gone(test, f->adapter, &second);
	expect_found(test, &last);
	lookup_vector_free(test, vector);
	expect_gone(test, f->adapter, &first);
	expect_gone(test, f->adapter, &last);
}

static void element_is_not_freed_as_a_buffer(struct kunit *test)
{
	PDMA_COMMON_BUFFER_VECTOR vector = lookup_vector_alloc(test, 8, SZ_8K, 0);
	struct lookup_buffer b;
	ULONG i;

	for (i = 0; i < 8; i++) {
		b = lookup_element(test, vector, i, SZ_8K);
		lookup_release(test, b);
		b.length = 8 * SZ_8K;
		lookup_release(test, b);
	}
	for (i = 0; i < 8; i++) {
		b = lookup_element(test, vector, i, SZ_8K);
		expect_found(test, &b);
	}
	lookup_vector_free(test, vector);
}

static void buffer_of_another_adapter_is_not_found(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv, *other = wdmdma_test_fixture(test);
	PDMA_COMMON_BUFFER_VECTOR vector = lookup_vector_alloc(test, 2, SZ_4K, 0);
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct lookup_buffer b = lookup_alloc(test, SZ_8K),
			     c = lookup_element(test, vector, 1, SZ_4K);
	PDMA_ADAPTER sibling;
	ULONG registers;

	sibling = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, sibling);
	expect_gone(test, other->adapter, &b);
	expect_gone(test, other->adapter, &c);
	expect_gone(test, sibling, &b);
	expect_gone(test, sibling, &c);
	f->ops->PutDmaAdapter(sibling);
	lookup_vector_free(test, vector);
	lookup_release(test, b);
}

static void memory_that_is_no_buffer_is_not_found(struct kunit *test)
{
	static const u64 numbers[] = { 0, 1, SZ_4K, U64_MAX, U64_MAX - SZ_4K + 1, 1ULL << 63,
				       (u64)LONG_MAX, 0x7fff12345000ULL };
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = lookup_alloc(test, SZ_4K);
	size_t left = 1;
	dma_addr_t la;
	int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		la = GARBAGE;
		KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, (void *)(long)numbers[i],
							     &la, &left), -ENXIO);
		KUNIT_EXPECT_EQ(test, la, 0ULL);
		KUNIT_EXPECT_EQ(test, left, 0UL);
		KUNIT_EXPECT_NULL(test, wdmdma_logical_to_virt(f->adapter, numbers[i], &left));
	}
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, f, &la, NULL), -ENXIO);
	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, &la, &la, NULL), -ENXIO);
	lookup_release(test, b);
}

static void what_is_no_adapter_translates_nothing(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER bad[] = { NULL, (PDMA_ADAPTER)f, (PDMA_ADAPTER)8, f->adapter };
	struct lookup_buffer b = lookup_alloc(test, SZ_4K);
	struct wdmdma_buffer_info info;
	dma_addr_t la;
	size_t left;
	int i;

	KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(f->adapter, b.va, NULL, &left), -EINVAL);
	KUNIT_EXPECT_EQ(test, left, 0UL);
	KUNIT_EXPECT_FALSE(test, wdmdma_adapter_is_translated(f->adapter));
	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		la = GARBAGE;
		left = 1;
		KUNIT_EXPECT_EQ(test, wdmdma_virt_to_logical(bad[i], b.va, &la, &left), -EINVAL);
		KUNIT_EXPECT_EQ(test, la, 0ULL);
		KUNIT_EXPECT_EQ(test, left, 0UL);
		left = 1;
		KUNIT_EXPECT_NULL(test, wdmdma_logical_to_virt(bad[i], b.la.QuadPart, &left));
		KUNIT_EXPECT_EQ(test, left, 0UL);
		KUNIT_EXPECT_FALSE(test, wdmdma_adapter_is_translated(bad[i]));
		memset(&info, 0xff, sizeof(info));
		KUNIT_EXPECT_EQ(test, wdmdma_buffer_info_get(bad[i], b.va, &info), -EINVAL);
		KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(&info, sizeof(info)));
	}
}

static void unbind_ends_what_is_translated(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = lookup_alloc(test, SZ_4K);

	kunit_device_unregister(test, f->dev);
	expect_gone(test, f->adapter, &b);
}

static void translation_works_at_any_level(struct kunit *test)
{
	static DEFINE_SPINLOCK(lock);
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = lookup_alloc(test, SZ_8K), c = lookup_alloc(test, SZ_8K);
	dma_addr_t bh_la, irq_la, gone_la;
	unsigned long flags;
	int bh, irq, gone;
	bool translated;
	void *bh_va;

	spin_lock_bh(&lock);
	bh = wdmdma_virt_to_logical(f->adapter, b.va + 5000, &bh_la, NULL);
	bh_va = wdmdma_logical_to_virt(f->adapter, b.la.QuadPart + 5000, NULL);
	translated = wdmdma_adapter_is_translated(f->adapter);
	/* The memory is freed later, but the buffer must be gone at once. */
	f->ops->FreeCommonBuffer(f->adapter, SZ_8K, c.la, c.va, TRUE);
	gone = wdmdma_virt_to_logical(f->adapter, c.va, &gone_la, NULL);
	spin_unlock_bh(&lock);
	local_irq_save(flags);
	irq = wdmdma_virt_to_logical(f->adapter, b.va + 5000, &irq_la, NULL);
	local_irq_restore(flags);

	KUNIT_EXPECT_EQ(test, bh, 0);
	KUNIT_EXPECT_EQ(test, irq, 0);
	KUNIT_EXPECT_EQ(test, gone, -ENXIO);
	KUNIT_EXPECT_EQ(test, bh_la, (dma_addr_t)b.la.QuadPart + 5000);
	KUNIT_EXPECT_EQ(test, irq_la, bh_la);
	KUNIT_EXPECT_EQ(test, gone_la, 0ULL);
	KUNIT_EXPECT_PTR_EQ(test, bh_va, (void *)b.va + 5000);
	KUNIT_EXPECT_FALSE(test, translated);
	lookup_release(test, b);
}

static const struct count_row {
	const char *name;
	unsigned int count;
} count_rows[] = {
	{ "10 buffers", 10 },
	{ "2000 buffers", 2000 },
};

KUNIT_ARRAY_PARAM_DESC(count, count_rows, name);

static void buffers_of_any_number_are_translated(struct kunit *test)
{
	const struct count_row *row = test->param_value;
	struct lookup_buffer *b = kunit_kcalloc(test, row->count, sizeof(*b), GFP_KERNEL);
	struct wdmdma_fixture *f = test->priv;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, b);
	for (i = 0; i < row->count; i++)
		b[i] = lookup_alloc(test, i % 3 * SZ_4K + 100);
	for (i = 0; i < row->count; i++)
		expect_found(test, &b[i]);
	for (i = 0; i < row->count; i++)
		lookup_release(test, b[i]);
	expect_gone(test, f->adapter, &b[row->count / 2]);
}

#define ROUNDS	500

/* State of the other thread. The test reads @failed after @done. */
struct worker {
	struct wdmdma_fixture *f;
	struct completion done;
	unsigned int failed;
	bool finished;
	u8 *va;			/* last buffer of the thread, live or not */
};

/* Allocate and free. The thread must find each buffer of its own. */
static int worker_churn(void *data)
{
	PHYSICAL_ADDRESS la, high = { .QuadPart = -1 }, low = {};
	struct worker *w = data;
	PDMA_COMMON_BUFFER_VECTOR vector;
	dma_addr_t dma;
	int n;

	for (n = 0; n < ROUNDS; n++) {
		u8 *va = w->f->ops->AllocateCommonBuffer(w->f->adapter, SZ_8K, &la, TRUE);

		WRITE_ONCE(w->va, va);
		w->failed += !va ||
			     wdmdma_virt_to_logical(w->f->adapter, va + 5000, &dma, NULL) ||
			     dma != la.QuadPart + 5000;
		w->f->ops->FreeCommonBuffer(w->f->adapter, SZ_8K, la, va, TRUE);
		w->f->ops->AllocateCommonBufferVector(w->f->adapter, low, high, MmCached, 0, 0, 4,
						      SZ_4K, &vector);
		w->failed += !vector;
		w->f->ops->FreeCommonBufferFromVector(w->f->adapter, vector, 1);
		w->f->ops->FreeCommonBufferVector(w->f->adapter, vector);
	}
	WRITE_ONCE(w->finished, true);
	kthread_complete_and_exit(&w->done, 0);
}

static void threads_translate_while_others_free(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct lookup_buffer b = lookup_alloc(test, SZ_8K);
	struct worker w = { .f = f };
	unsigned int wrong = 0;
	struct task_struct *task;
	dma_addr_t la;
	size_t left;
	u8 *va;

	init_completion(&w.done);
	task = kthread_run(worker_churn, &w, "wdmdma-churn");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	while (!READ_ONCE(w.finished)) {
		wrong += wdmdma_virt_to_logical(f->adapter, b.va + 5000, &la, &left) ||
			 la != b.la.QuadPart + 5000 || left != SZ_8K - 5000;
		wrong += wdmdma_logical_to_virt(f->adapter, b.la.QuadPart, NULL) != b.va;
		/*
		 * A buffer of the other thread may be gone by now. Its translation must
		 * be right or must fail.
		 */
		va = READ_ONCE(w.va);
		wrong += va && !wdmdma_virt_to_logical(f->adapter, va + 100, &la, &left) &&
			 (la != virt_to_phys(va) + 100 || left > SZ_8K - 100);
		cond_resched();
	}
	wait_for_completion(&w.done);
	KUNIT_EXPECT_EQ(test, wrong, 0U);
	KUNIT_EXPECT_EQ(test, w.failed, 0U);
	lookup_release(test, b);
}

static struct kunit_case wdm_lookup_cases[] = {
	KUNIT_CASE_PARAM(every_byte_of_a_buffer_is_translated, length_gen_params),
	KUNIT_CASE_PARAM(buffers_on_one_memory_share_no_page, section_gen_params),
	KUNIT_CASE(part_of_a_buffer_is_not_made_one),
	KUNIT_CASE_PARAM(elements_are_translated_until_they_are_freed, vector_gen_params),
	KUNIT_CASE(element_is_not_freed_as_a_buffer),
	KUNIT_CASE(buffer_of_another_adapter_is_not_found),
	KUNIT_CASE(memory_that_is_no_buffer_is_not_found),
	KUNIT_CASE(what_is_no_adapter_translates_nothing),
	KUNIT_CASE(unbind_ends_what_is_translated),
	KUNIT_CASE(translation_works_at_any_level),
	KUNIT_CASE_PARAM(buffers_of_any_number_are_translated, count_gen_params),
	KUNIT_CASE(threads_translate_while_others_free),
	{}
};

static struct kunit_suite wdm_lookup_suite = {
	.name = "wdmdma_wdm_lookup",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_lookup_cases,
};

kunit_test_suite(wdm_lookup_suite);
