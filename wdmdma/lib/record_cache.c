// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slab caches for the records of transfers.
 *
 * The caches have a constructor, although there is nothing to construct. The kernel does not zero
 * an object of such a cache in each allocation (init_on_alloc), and the caller writes most of a
 * record anyway. So a caller must not show a driver a part of a record before it has written
 * that part.
 */
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "lib/record_cache.h"

/* With a constructor the allocator puts its link behind the object, and not into it. */
#define RECORD_LINK	sizeof(void *)

static const struct {
	const char *name;
	unsigned int size;
} record_sizes[] = {
	{ "wdmdma_record_512", SZ_512 - RECORD_LINK },
	{ "wdmdma_record_1536", SZ_1K + SZ_512 - RECORD_LINK },
	{ "wdmdma_record_4k", SZ_4K - RECORD_LINK },
	{ "wdmdma_record_16k", SZ_16K - RECORD_LINK },
};

static struct kmem_cache *record_caches[ARRAY_SIZE(record_sizes)];

static void record_construct(void *record)
{
}

/*
 * Return memory for a record of @size bytes, which kfree() frees. The memory has the contents of
 * an older record. Return NULL if there is no memory, or no cache of that size.
 */
void *wdmdma_record_alloc(size_t size, gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(record_sizes); i++)
		if (size <= record_sizes[i].size)
			return kmem_cache_alloc(record_caches[i], gfp);
	return NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_record_alloc);

void wdmdma_record_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(record_sizes); i++)
		kmem_cache_destroy(record_caches[i]);
}

int wdmdma_record_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(record_sizes); i++) {
		record_caches[i] = kmem_cache_create(record_sizes[i].name, record_sizes[i].size, 0,
						     SLAB_HWCACHE_ALIGN, record_construct);
		if (!record_caches[i]) {
			wdmdma_record_exit();
			return -ENOMEM;
		}
	}
	return 0;
}
