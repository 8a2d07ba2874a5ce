// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark on common buffers in the driver's own memory, and the number
 * of entries in the IOMMU's page tables.
 *
 * The entries are counted where the IOMMU driver is told to make them. A kprobe on the
 * domain's map_pages() adds up the page counts.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/mm.h>

#include <wdmdma/mdl.h>

#include "bench.h"

#define LENGTH		SZ_2M
/* Index of pgcount in map_pages(domain, iova, paddr, pgsize, pgcount, ...). */
#define PGCOUNT_ARGUMENT	4

int bench_from_mdl_setup(struct bench *b)
{
	return bench_transfer_setup(b, DMA_BIDIRECTIONAL);
}

int bench_ours_from_mdl(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	PHYSICAL_ADDRESS la;

	while (n--) {
		if (b->ops->CreateCommonBufferFromMdl(b->adapter, t->mdl, NULL, 0, &la))
			return -ENOMEM;
		b->ops->FreeCommonBuffer(b->adapter, t->len, la, MmGetMdlVirtualAddress(t->mdl),
					 TRUE);
	}
	return 0;
}

static atomic_long_t entries;

static int count_entries(struct kprobe *probe, struct pt_regs *regs)
{
	atomic_long_add(regs_get_kernel_argument(regs, PGCOUNT_ARGUMENT), &entries);
	return 0;
}

static int large_buffer(struct bench *b, unsigned long *count)
{
	PHYSICAL_ADDRESS la;
	void *va;

	atomic_long_set(&entries, 0);
	va = b->ops->AllocateCommonBufferWithBounds(b->adapter, NULL, NULL, LENGTH,
						    DOMAIN_COMMON_BUFFER_LARGE_PAGE, NULL,
						    MM_ANY_NODE_OK, &la);
	*count = atomic_long_read(&entries);
	if (!va)
		return -ENOMEM;
	b->ops->FreeCommonBuffer(b->adapter, LENGTH, la, va, TRUE);
	return 0;
}

/*
 * Count the entries for a buffer of large pages, and for the same amount of memory in
 * single pages. Caller has begun a row with 2 MiB of scattered memory.
 */
static int count_both(struct bench *b, unsigned long *large, unsigned long *small)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(b->dev);
	struct kprobe probe = {
		.addr = (kprobe_opcode_t *)domain->ops->map_pages,
		.pre_handler = count_entries,
	};
	int ret = register_kprobe(&probe);

	if (ret)
		return ret;
	ret = large_buffer(b, large);
	if (!ret) {
		atomic_long_set(&entries, 0);
		ret = bench_raw_table(b, 1);
		*small = atomic_long_read(&entries);
	}
	unregister_kprobe(&probe);
	return ret;
}

int bench_count_map_ops(struct bench *b, unsigned long *large, unsigned long *small)
{
	int ret = bench_row_begin(b, bench_row_find("from_mdl_512_pages"));

	if (ret)
		return ret;
	ret = count_both(b, large, small);
	bench_row_end(b);
	return ret;
}
