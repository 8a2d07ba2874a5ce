/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernels 6.1 and 7.3, and between architectures. Old kernels get the new
 * names, so that the code reads as if written for the newest kernel. The tests must look at the
 * definitions in the headers, and never at a version number, because distributions backport.
 */
#ifndef WDMDMA_COMPAT_H
#define WDMDMA_COMPAT_H

#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mmzone.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>
#include <linux/xarray.h>

/* Inner functions are visible to wdmdma_kunit.ko, and only in a build that includes it. */
#ifdef CONFIG_WDMDMA_KUNIT
#define EXPORT_SYMBOL_FOR_KUNIT(symbol)	EXPORT_SYMBOL_GPL(symbol)
#else
/* The macro must not be empty, so that the semicolon after it ends something. */
#define EXPORT_SYMBOL_FOR_KUNIT(symbol)	static_assert(sizeof(typeof(symbol) *))
#endif

/*
 * Flags for all allocations of the module in calls that may sleep. The kernel tries as hard as
 * it can without its OOM killer. After that the call must fail, as drivers expect.
 */
#define WDMDMA_GFP		(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Up to 6.7 the largest order was MAX_ORDER. Up to 6.3 MAX_ORDER itself was no valid order. */
#ifndef MAX_PAGE_ORDER
#define MAX_PAGE_ORDER		(MAX_ORDER - 1)
#endif

/* Up to 6.8 there was no assertion of its own for RCU readers. */
#ifndef lockdep_assert_in_rcu_read_lock
#define lockdep_assert_in_rcu_read_lock() \
	RCU_LOCKDEP_WARN(!rcu_read_lock_held(), "no RCU read section")
#endif

/* Newer kernels have replaced the migrate type of alloc_contig_range() with flags. */
#ifndef ACR_FLAGS_NONE
#define ACR_FLAGS_NONE		MIGRATE_MOVABLE
#endif

/* Up to 6.15 the DMA API could not be asked to map several blocks of memory as one range. */
#ifdef DMA_IOVA_USE_SWIOTLB
#define WDMDMA_HAS_DMA_IOVA	1
#else
#define WDMDMA_HAS_DMA_IOVA	0
struct dma_iova_state { };
#endif

/*
 * Up to 6.10 a domain was allocated for a bus. linux/iommu.h must be included before this
 * header.
 */
#ifndef WDMDMA_HAS_PAGING_DOMAIN_ALLOC
#define iommu_paging_domain_alloc(dev) \
	(iommu_domain_alloc((dev)->bus) ?: ERR_PTR(-ENOMEM))
#endif

/* Up to 6.6 the module had to allocate the shrinker itself. */
#ifndef WDMDMA_HAS_SHRINKER_ALLOC
#define shrinker_alloc		wdmdma_shrinker_alloc
#define shrinker_register	wdmdma_shrinker_register
#define shrinker_free		wdmdma_shrinker_free

static inline struct shrinker *wdmdma_shrinker_alloc(unsigned int flags, const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), WDMDMA_GFP);

	if (shrinker)
		shrinker->seeks = DEFAULT_SEEKS;
	return shrinker;
}

/* unregister_shrinker() accepts a shrinker that could not be registered. */
static inline void wdmdma_shrinker_register(struct shrinker *shrinker)
{
	if (register_shrinker(shrinker, KBUILD_MODNAME))
		pr_warn("wdmdma: no memory for a shrinker\n");
}

static inline void wdmdma_shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

/* Up to 6.12 the function of a timer was set by itself. */
#ifndef WDMDMA_HAS_HRTIMER_SETUP
#include <linux/hrtimer.h>
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*expired)(struct hrtimer *timer),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = expired;
}
#endif

/* Up to 6.9 the value of a string in a tracepoint had to be given twice. */
#ifdef WDMDMA_HAS_ASSIGN_STR_DST
#define wdmdma_assign_str(dst, src)	\
	do {				\
		(void)(src);		\
		__assign_str(dst);	\
	} while (0)
#else
#define wdmdma_assign_str(dst, src)	__assign_str(dst, src)
#endif

/* Up to 6.2 iommu_map() had no gfp parameter. Another function was for atomic context. */
#ifdef WDMDMA_HAS_IOMMU_MAP_ATOMIC
#define iommu_map(domain, address, physical, size, prot, gfp) \
	((void)(gfp), iommu_map(domain, address, physical, size, prot))
#endif

/* Find the kernel's bounce buffers for a device. Return false if there are none. */
static inline bool wdmdma_bounce_pool(struct device *dev, phys_addr_t *start, phys_addr_t *end)
{
#ifdef CONFIG_SWIOTLB
	const struct io_tlb_mem *mem = dev->dma_io_tlb_mem;

	if (!mem || !mem->nslabs)
		return false;
	/* Up to 6.5 the structure itself described the memory. */
#ifdef WDMDMA_HAS_SWIOTLB_POOL
	*start = mem->defpool.start;
	*end = mem->defpool.end;
#else
	*start = mem->start;
	*end = mem->end;
#endif
	return true;
#else
	return false;
#endif
}

/*
 * Make a copy of a struct device independent of the bounce buffers that the kernel has added for
 * the original. Their list would have no end for the copy.
 */
static inline void wdmdma_disown_bounce_pools(struct device *copy)
{
#ifdef CONFIG_SWIOTLB_DYNAMIC
	INIT_LIST_HEAD(&copy->dma_io_tlb_pools);
	spin_lock_init(&copy->dma_io_tlb_lock);
	copy->dma_uses_io_tlb = false;
#endif
}

/* Return how many bytes of the kernel's bounce buffers are in use, or -1 if that is not counted. */
static inline s64 wdmdma_bounce_used(struct device *dev)
{
#if defined(WDMDMA_HAS_SWIOTLB_USED) && defined(CONFIG_SWIOTLB) && defined(CONFIG_DEBUG_FS)
	if (dev->dma_io_tlb_mem)
		return atomic_long_read(&dev->dma_io_tlb_mem->total_used) << IO_TLB_SHIFT;
#endif
	return -1;
}

/* Return true if the device reaches nothing but a pool of its own (restricted-dma-pool). */
static inline bool wdmdma_has_restricted_pool(struct device *dev)
{
#ifdef CONFIG_SWIOTLB
	return dev->dma_io_tlb_mem && is_swiotlb_for_alloc(dev);
#else
	return false;
#endif
}

/*
 * Without multi-index entries a range must be stored page by page, which is slower for long
 * buffers.
 */
#ifndef CONFIG_XARRAY_MULTI
#define xa_store_range		wdmdma_xa_store_range
static inline void *wdmdma_xa_store_range(struct xarray *xa, unsigned long first,
					  unsigned long last, void *entry, gfp_t gfp)
{
	void *old = NULL;

	for (; first <= last && !xa_is_err(old); first++)
		old = xa_store(xa, first, entry, gfp);
	return xa_is_err(old) ? old : NULL;
}
#endif

#ifndef CONFIG_CONTIG_ALLOC
#define alloc_contig_range	wdmdma_no_contig_alloc
static inline int wdmdma_no_contig_alloc(unsigned long first, unsigned long end,
					 unsigned int flags, gfp_t gfp)
{
	return -EOPNOTSUPP;
}
#endif

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#define WDMDMA_CAN_UNCACHE	1
#else
/* Only x86 lets a module change how the linear map caches its pages. */
#define WDMDMA_CAN_UNCACHE	0
#define set_pages_array_uc	wdmdma_no_set_pages
#define set_pages_array_wc	wdmdma_no_set_pages
#define set_pages_array_wb	wdmdma_no_set_pages
static inline int wdmdma_no_set_pages(struct page **pages, int nr)
{
	return -EOPNOTSUPP;
}
#endif

#endif /* WDMDMA_COMPAT_H */
