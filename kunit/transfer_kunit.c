// SPDX-License-Identifier: GPL-2.0-only
/*
 * How memory is cut into pieces, mapped and copied (core/transfer.c). A table of
 * physical chunks stands for the memory. There is no MDL, and the cases that only cut
 * need no memory at all.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/transfer.h"
#include "core/transfer_source.h"
#include "memory.h"
#include "objects.h"

/* Where the memory of QEMU's machines begins. */
#define RAM	(IS_ENABLED(CONFIG_ARM64) ? SZ_1G : 0)

struct chunk {
	phys_addr_t start;
	size_t len;
};

/* A chunk and its page frame numbers. The source must not go beyond the last chunk. */
struct described {
	struct chunk chunk;
	unsigned long *pfn;
};

static void enter(struct wdmdma_source *source, struct described *described)
{
	source->mdl = described;
	source->pfn = described->pfn;
	source->offset = offset_in_page(described->chunk.start);
	source->here = described->chunk.len;
}

static void next_chunk(struct wdmdma_source *source)
{
	enter(source, (struct described *)source->mdl + 1);
}

/* Return a source of the first @len bytes of @chunks, which must have at least that many bytes. */
static struct wdmdma_source source_of(struct kunit *test, const struct chunk *chunks, size_t len)
{
	struct wdmdma_source source = { .left = len, .more = next_chunk };
	unsigned long nr, i;
	unsigned int n = 0;
	struct described *described;
	size_t sum = 0;

	do {
		sum += chunks[n++].len;
	} while (sum < len);
	described = kunit_kcalloc(test, n, sizeof(*described), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, described);
	while (n--) {
		described[n].chunk = chunks[n];
		nr = PFN_UP(offset_in_page(chunks[n].start) + chunks[n].len);
		described[n].pfn = kunit_kmalloc_array(test, nr, sizeof(long), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, described[n].pfn);
		for (i = 0; i < nr; i++)
			described[n].pfn[i] = PHYS_PFN(chunks[n].start) + i;
	}
	enter(&source, described);
	return source;
}

static const struct piece_row {
	const char *name;
	struct chunk range[4];
	unsigned int most;	/* dma_set_max_seg_size() */
	unsigned long boundary;	/* dma_set_seg_boundary() */
	unsigned int pieces;
} piece_rows[] = {
	{ "pages that follow each other", { { RAM + SZ_1M, SZ_32K } }, SZ_64K, U32_MAX, 1 },
	{ "cut at the longest segment", { { RAM + SZ_1M, SZ_1M } }, SZ_64K, U32_MAX, 16 },
	{ "cut there from inside a page", { { RAM + SZ_1M + 100, SZ_1M } }, SZ_64K, U32_MAX, 17 },
	{ "and a rest", { { RAM + SZ_1M + 100, SZ_1M + 1 } }, SZ_64K, U32_MAX, 17 },
	{ "cut at one page", { { RAM + SZ_1M, SZ_16K } }, SZ_4K, U32_MAX, 4 },
	{ "cut at one page from inside a page", { { RAM + SZ_1M + 100, SZ_16K } },
	  SZ_4K, U32_MAX, 5 },
	{ "ranges that meet", { { RAM + SZ_1M, SZ_4K }, { RAM + SZ_1M + SZ_4K, SZ_4K } },
	  SZ_64K, U32_MAX, 1 },
	{ "ranges that do not", { { RAM + SZ_2M, SZ_4K }, { RAM + SZ_1M, SZ_4K } },
	  SZ_64K, U32_MAX, 2 },
	{ "across a boundary of 64 KiB", { { RAM + SZ_64K - 100, 200 } }, SZ_64K, SZ_64K - 1, 2 },
	{ "to the last byte before it", { { RAM + SZ_64K - 100, 100 } }, SZ_64K, SZ_64K - 1, 1 },
	{ "single bytes", { { RAM + 5, 1 }, { RAM + 7, 1 }, { RAM + 8, 1 }, { RAM + 4, 1 } },
	  SZ_64K, U32_MAX, 3 },
};

KUNIT_ARRAY_PARAM_DESC(piece, piece_rows, name);

static void memory_is_cut_where_the_device_must_not_go(struct kunit *test)
{
	const struct piece_row *row = test->param_value;
	struct wdmdma_transfer transfer = {
		.adapter = wdmdma_test_core_of(test->priv),
		.direction = DMA_TO_DEVICE,
	};
	struct wdmdma_fixture *fixture = test->priv;
	struct device_dma_parameters parameters = {};
	struct wdmdma_source source;
	struct scatterlist *sg;
	size_t len = 0, sum = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(row->range); i++)
		len += row->range[i].len;
	source = source_of(test, row->range, len);
	fixture->dev->dma_parms = &parameters;
	dma_set_max_seg_size(fixture->dev, row->most);
	dma_set_seg_boundary(fixture->dev, row->boundary);
	ret = wdmdma_transfer_init(&transfer, &source);
	fixture->dev->dma_parms = NULL;
	KUNIT_ASSERT_EQ(test, ret, 0);

	KUNIT_EXPECT_EQ(test, transfer.memory.orig_nents, row->pieces);
	KUNIT_EXPECT_EQ(test, transfer.len, len);
	for_each_sgtable_sg(&transfer.memory, sg, i) {
		phys_addr_t last = sg_phys(sg) + sg->length - 1;

		KUNIT_EXPECT_LE(test, sg->length, row->most);
		KUNIT_EXPECT_EQ(test, sg_phys(sg) & ~(u64)row->boundary,
				last & ~(u64)row->boundary);
		/* A piece that the next one continues must end with a page. */
		if (!sg_is_last(sg) && sg_phys(sg_next(sg)) == last + 1)
			KUNIT_EXPECT_TRUE(test, PAGE_ALIGNED(last + 1));
		sum += sg->length;
	}
	KUNIT_EXPECT_EQ(test, sum, len);
	wdmdma_transfer_fini(&transfer);
}

/* A range across 4 GiB must not wrap. Only count its pieces, as the memory may not exist. */
static void memory_is_cut_at_each_4_gib(struct kunit *test)
{
	static const struct wdmdma_limits limits = { .most = SZ_64K, .boundary = U32_MAX };
	struct chunk chunk[] = {
		{ 0xfffff000, SZ_8K }, { 0x100001000, SZ_4K }, { 0x1ffffffff, 2 }, { 1, 1 },
	};
	struct wdmdma_source source = source_of(test, chunk, SZ_8K + SZ_4K + 3);

	KUNIT_EXPECT_EQ(test, wdmdma_source_pieces(source, &limits), 5U);
}

/* The address that a backend returns for a segment which is not at the memory of the transfer. */
static phys_addr_t elsewhere(const struct wdmdma_device *device, dma_addr_t dma)
{
	return dma + PAGE_SIZE;
}

static void mapping_is_verified(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(test->priv);
	const struct wdmdma_backend *backend = adapter->device->backend;
	struct wdmdma_backend strange = *backend;
	struct wdmdma_transfer transfer = {
		.adapter = adapter,
		.direction = DMA_TO_DEVICE,
		.no_bounce = true,
	};
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	struct chunk range[] = {
		{ page_to_phys(memory->page[0]), SZ_4K }, { page_to_phys(memory->page[1]), SZ_4K },
	};
	struct wdmdma_source source = source_of(test, range, SZ_8K);
	u64 last = adapter->reach.last;

	if (wdmdma_test_copies_all(adapter->device->dev))
		kunit_skip(test, "the kernel copies all memory");
	KUNIT_ASSERT_EQ(test, wdmdma_transfer_init(&transfer, &source), 0);
	KUNIT_ASSERT_EQ(test, wdmdma_transfer_prepare(&transfer, GFP_KERNEL), 0);
	/* The mapping is a copy, although no_bounce forbids a copy. */
	strange.phys = elsewhere;
	adapter->device->backend = &strange;
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_map(&transfer), -ERANGE);
	KUNIT_EXPECT_NULL(test, transfer.mapped);
	adapter->device->backend = backend;
	/* The mapping is beyond the adapter's window. */
	adapter->reach.last = SZ_8K;
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_map(&transfer), -EOPNOTSUPP);
	KUNIT_EXPECT_NULL(test, transfer.mapped);
	adapter->reach.last = last;
	/* The two pages are not contiguous, so a device without scatter/gather needs a copy. */
	adapter->scatter_gather = false;
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_map(&transfer), -ERANGE);
	KUNIT_EXPECT_NULL(test, transfer.mapped);
	transfer.must_bounce = false;
	transfer.no_bounce = false;
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_map(&transfer), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, transfer.must_bounce);
	KUNIT_EXPECT_NULL(test, transfer.mapped);
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_prepare(&transfer, GFP_KERNEL), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_map(&transfer), 0);
	wdmdma_transfer_unmap(&transfer);
	adapter->scatter_gather = true;
	wdmdma_transfer_fini(&transfer);
	KUNIT_EXPECT_TRUE(test, wdmdma_transfers_are_idle(adapter));
}

static void device_that_the_dma_api_does_not_map_for_is_refused(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(test->priv);
	const struct wdmdma_backend *backend = adapter->device->backend;
	struct wdmdma_backend own = *backend;
	struct wdmdma_transfer transfer = { .adapter = adapter };
	struct chunk range = { RAM + SZ_1M, SZ_4K };
	struct wdmdma_source source = source_of(test, &range, SZ_4K);
	struct wdmdma_source none = source_of(test, &range, 0);

	KUNIT_EXPECT_EQ(test, wdmdma_transfer_init(&transfer, &none), -EINVAL);
	own.maps_with_dma_api = false;
	adapter->device->backend = &own;
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_init(&transfer, &source), -EOPNOTSUPP);
	adapter->device->backend = backend;
	KUNIT_EXPECT_TRUE(test, wdmdma_transfers_are_idle(adapter));
}

/*
 * A copy that is longer than the longest contiguous memory must be refused for good. The
 * module must not try forever.
 */
static void copy_longer_than_memory_can_be_is_refused(struct kunit *test)
{
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(test->priv);
	struct wdmdma_transfer transfer = { .adapter = adapter, .direction = DMA_TO_DEVICE };
	struct chunk range[] = {
		{ RAM + SZ_128M, SZ_32M }, { RAM + SZ_256M, SZ_32M },
	};
	struct wdmdma_source source = source_of(test, range, SZ_64M);

	adapter->scatter_gather = false;
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_init(&transfer, &source), -EOPNOTSUPP);
	adapter->scatter_gather = true;
	KUNIT_EXPECT_TRUE(test, wdmdma_transfers_are_idle(adapter));
}

/*
 * A record has the contents of an older record. An entry must not keep any of them, because
 * some kernels have flags there which change how the entry is unmapped.
 */
static void entries_keep_nothing_of_an_older_record(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	struct chunk range[] = {
		{ page_to_phys(memory->page[0]), SZ_4K }, { page_to_phys(memory->page[1]), SZ_4K },
	};
	struct wdmdma_source source = source_of(test, range, SZ_8K);
	struct scatterlist room[2], expected;
	struct wdmdma_transfer transfer = {
		.adapter = wdmdma_test_core_of(test->priv),
		.direction = DMA_TO_DEVICE,
		.room = room,
		.room_nr = ARRAY_SIZE(room),
	};
	unsigned int i;

	memset(room, 0xff, sizeof(room));
	KUNIT_ASSERT_EQ(test, wdmdma_transfer_init(&transfer, &source), 0);
	KUNIT_EXPECT_PTR_EQ(test, transfer.memory.sgl, &room[0]);
	KUNIT_ASSERT_EQ(test, transfer.memory.orig_nents, 2U);
	for (i = 0; i < 2; i++) {
		memset(&expected, 0, sizeof(expected));
		sg_set_page(&expected, memory->page[i], SZ_4K, 0);
		if (i)
			sg_mark_end(&expected);
		KUNIT_EXPECT_MEMEQ(test, &room[i], &expected, sizeof(expected));
	}
	wdmdma_transfer_fini(&transfer);
}

/* The pages of an MDL that a driver changes while the module reads the MDL. */
struct changing {
	unsigned long before[2], after[2];
	unsigned int calls;
};

static void read_again(struct wdmdma_source *source)
{
	struct changing *changing = source->mdl;

	source->pfn = changing->calls++ ? changing->after : changing->before;
	source->offset = 0;
	source->here = SZ_8K;
}

/* The pages are one piece when they are counted, and two when they are cut. */
static void mdl_that_changes_during_the_call_is_refused(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	unsigned long pfn = page_to_pfn(memory->page[0]);
	struct changing changing = {
		.before = { pfn, pfn + 1 },
		.after = { pfn, page_to_pfn(memory->page[1]) },
	};
	struct wdmdma_source source = {
		.left = SZ_8K, .mdl = &changing, .more = read_again,
	};
	struct wdmdma_transfer transfer = {
		.adapter = wdmdma_test_core_of(test->priv),
		.direction = DMA_TO_DEVICE,
	};

	KUNIT_EXPECT_EQ(test, wdmdma_transfer_init(&transfer, &source), -EINVAL);
	KUNIT_EXPECT_GT(test, changing.calls, 1U);
	KUNIT_EXPECT_STREQ(test, transfer.refusal.reason,
			   "the MDL has changed during the call");
	KUNIT_EXPECT_NULL(test, transfer.memory.sgl);
	/* The same memory must be good if nobody changes its description. */
	KUNIT_EXPECT_EQ(test, wdmdma_transfer_init(&transfer, &source), 0);
	KUNIT_EXPECT_EQ(test, transfer.memory.orig_nents, 2U);
	wdmdma_transfer_fini(&transfer);
}

static struct kunit_case transfer_cases[] = {
	KUNIT_CASE_PARAM(memory_is_cut_where_the_device_must_not_go, piece_gen_params),
	KUNIT_CASE(memory_is_cut_at_each_4_gib),
	KUNIT_CASE(entries_keep_nothing_of_an_older_record),
	KUNIT_CASE(mdl_that_changes_during_the_call_is_refused),
	KUNIT_CASE(mapping_is_verified),
	KUNIT_CASE(device_that_the_dma_api_does_not_map_for_is_refused),
	KUNIT_CASE(copy_longer_than_memory_can_be_is_refused),
	{}
};

static struct kunit_suite transfer_suite = {
	.name = "wdmdma_transfer",
	.init = wdmdma_test_fixture_init,
	.test_cases = transfer_cases,
};

kunit_test_suite(transfer_suite);
