/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Look-up of buffers of one page without a function call, for paths where every instruction
 * counts. core/lookup.c does the same for buffers of any length.
 */
#ifndef WDMDMA_LOOKUP_PAGE_H
#define WDMDMA_LOOKUP_PAGE_H

#include <linux/dma-direct.h>
#include <linux/hash.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/rhashtable.h>

#include "objects.h"

/* One hash function serves both kinds of addresses, which must have the same size. */
static_assert(sizeof(dma_addr_t) == sizeof(void *));

/*
 * Bits in the hash of a page's address. rhashtable uses the low bits of a hash, but only the
 * high bits of the product in hash_long() are well mixed. The hash function must therefore
 * return only the high bits, which are enough for 2^20 buckets.
 */
#define WDMDMA_LOOKUP_HASH_BITS	20

static inline u32 wdmdma_lookup_hash(const void *key, u32 len, u32 seed)
{
	return hash_long(*(const unsigned long *)key >> PAGE_SHIFT ^ seed,
			 WDMDMA_LOOKUP_HASH_BITS);
}

static inline int wdmdma_lookup_cmp_cpu(struct rhashtable_compare_arg *arg, const void *record)
{
	return ((const struct wdmdma_buffer *)record)->cpu != *(void * const *)arg->key;
}

static inline int wdmdma_lookup_cmp_dma(struct rhashtable_compare_arg *arg, const void *record)
{
	return ((const struct wdmdma_buffer *)record)->dma != *(const dma_addr_t *)arg->key;
}

static const struct rhashtable_params wdmdma_lookup_by_cpu_params = {
	.key_len = sizeof(void *),
	.key_offset = offsetof(struct wdmdma_buffer, cpu),
	.head_offset = offsetof(struct wdmdma_buffer, by_cpu),
	.hashfn = wdmdma_lookup_hash,
	.obj_cmpfn = wdmdma_lookup_cmp_cpu,
	.automatic_shrinking = true,
};

static const struct rhashtable_params wdmdma_lookup_by_dma_params = {
	.key_len = sizeof(dma_addr_t),
	.key_offset = offsetof(struct wdmdma_buffer, dma),
	.head_offset = offsetof(struct wdmdma_buffer, by_dma),
	.hashfn = wdmdma_lookup_hash,
	.obj_cmpfn = wdmdma_lookup_cmp_dma,
	.automatic_shrinking = true,
};

/* Return the record of the page at @cpu, or NULL. It is valid in the caller's read section. */
static __always_inline struct wdmdma_buffer *
wdmdma_lookup_page_by_cpu(struct wdmdma_lookup *lookup, const void *cpu)
{
	unsigned long page = (unsigned long)cpu & PAGE_MASK;

	return rhashtable_lookup(&lookup->page_by_cpu, &page, wdmdma_lookup_by_cpu_params);
}

static __always_inline struct wdmdma_buffer *
wdmdma_lookup_page_by_dma(struct wdmdma_lookup *lookup, dma_addr_t dma)
{
	dma_addr_t page = dma & PAGE_MASK;
	struct wdmdma_buffer *buffer;

	/* The address may be any number, and is not followed. The record must have it. */
	if (lookup->physical) {
		void *cpu = phys_to_virt(dma_to_phys(lookup->physical, page));

		buffer = wdmdma_lookup_page_by_cpu(lookup, cpu);
		if (buffer && buffer->dma == page)
			return buffer;
	}
	return rhashtable_lookup(&lookup->page_by_dma, &page, wdmdma_lookup_by_dma_params);
}

/*
 * As wdmdma_lookup_to_dma(), but only for live buffers of one page. A return value of 0 does
 * not mean that no buffer is there, so the caller must then try wdmdma_lookup_to_dma().
 */
static __always_inline size_t wdmdma_lookup_page_to_dma(struct wdmdma_lookup *lookup,
							const void *cpu, dma_addr_t *dma)
{
	struct wdmdma_buffer *buffer = wdmdma_lookup_page_by_cpu(lookup, cpu);
	size_t offset = offset_in_page(cpu);

	if (!buffer || READ_ONCE(buffer->freeing) || offset >= buffer->len)
		return 0;
	*dma = buffer->dma + offset;
	return buffer->len - offset;
}

#endif /* WDMDMA_LOOKUP_PAGE_H */
