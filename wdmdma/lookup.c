// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look-up: which buffer of an adapter lies at an address, for the CPU or for the
 * device, and what the other address is.
 *
 * Each live record, a buffer or a block of a vector, is in two xarrays, with all
 * its pages as one range: so the cost grows neither with the number of buffers nor
 * with their length. No two records of an adapter share a page, in either.
 *
 * Looking up takes no lock but RCU's, in any context. While a record comes or goes
 * it may be found by a part of its pages, and the entry of a page that has just
 * been given to another record may be that of the old one: so a record counts only
 * if the address is in it. It is in memory until RCU's readers are done; whether
 * the driver still has the buffer, wdmdma_lookup_extent() says.
 *
 * Removing stores nothing over exactly the range that was stored, which takes the
 * same steps and needs no memory: so it cannot fail.
 */
#include <linux/mm.h>
#include <linux/xarray.h>

#include "compat.h"
#include "core.h"

/* From the linear map on: small numbers make a low tree. What lies before it wraps around. */
static unsigned long lookup_cpu_page(const void *cpu)
{
	return ((unsigned long)cpu - PAGE_OFFSET) >> PAGE_SHIFT;
}

static unsigned long lookup_dma_page(dma_addr_t dma)
{
	return dma >> PAGE_SHIFT;
}

void wdmdma_lookup_init(struct wdmdma_lookup *lookup)
{
	xa_init(&lookup->by_cpu);
	xa_init(&lookup->by_dma);
	mutex_init(&lookup->insert);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_init);

/* An insertion that failed may have left inner nodes behind; records must be gone. */
void wdmdma_lookup_destroy(struct wdmdma_lookup *lookup)
{
	xa_destroy(&lookup->by_cpu);
	xa_destroy(&lookup->by_dma);
	mutex_destroy(&lookup->insert);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_destroy);

static bool lookup_is_free(struct xarray *xa, unsigned long first, unsigned long last)
{
	return !xa_find(xa, &first, last, XA_PRESENT);
}

static int lookup_store(struct wdmdma_lookup *lookup, const struct wdmdma_buffer *buffer,
			void *entry)
{
	unsigned long more = (buffer->size >> PAGE_SHIFT) - 1;
	unsigned long cpu = lookup_cpu_page(buffer->cpu), dma = lookup_dma_page(buffer->dma);
	int ret;

	ret = xa_err(xa_store_range(&lookup->by_cpu, cpu, cpu + more, entry, GFP_KERNEL));
	if (ret)
		return ret;
	return xa_err(xa_store_range(&lookup->by_dma, dma, dma + more, entry, GFP_KERNEL));
}

/**
 * wdmdma_lookup_insert() - make a record known by its addresses
 * @lookup: of its adapter
 * @buffer: the record, with @cpu, @dma and @size; to be freed by RCU, whatever the
 *          result
 *
 * Context: may sleep.
 * Return: 0; -EBUSY if a record has one of its pages already, -ENOMEM.
 */
int wdmdma_lookup_insert(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer)
{
	unsigned long more = (buffer->size >> PAGE_SHIFT) - 1;
	unsigned long cpu = lookup_cpu_page(buffer->cpu), dma = lookup_dma_page(buffer->dma);
	int ret = -EBUSY;

	mutex_lock(&lookup->insert);
	if (lookup_is_free(&lookup->by_cpu, cpu, cpu + more) &&
	    lookup_is_free(&lookup->by_dma, dma, dma + more)) {
		ret = lookup_store(lookup, buffer, buffer);
		if (ret)
			wdmdma_lookup_erase(lookup, buffer);
	}
	mutex_unlock(&lookup->insert);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_insert);

/* Make a record unknown, before its addresses can become another's. Cannot fail. */
void wdmdma_lookup_erase(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer)
{
	lookup_store(lookup, buffer, NULL);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_erase);

/*
 * What xa_load() does, without a state in memory and a read lock of its own: this is
 * most of what a translation costs. A sibling can lead to another one only while the
 * range is being replaced.
 */
static __always_inline struct wdmdma_buffer *lookup_page(const struct xarray *xa,
							 unsigned long page)
{
	const struct xa_node *node = NULL;
	void *entry;

again:
	entry = xa_head(xa);
	if (xa_is_node(entry) && page >> xa_to_node(entry)->shift > XA_CHUNK_MASK)
		return NULL;
	while (xa_is_internal(entry)) {
		if (likely(xa_is_node(entry))) {
			node = xa_to_node(entry);
			entry = xa_entry(xa, node, (page >> node->shift) & XA_CHUNK_MASK);
		} else if (xa_is_sibling(entry)) {
			entry = xa_entry(xa, node, xa_to_sibling(entry));
		} else {
			goto again;	/* the node is being removed */
		}
	}
	return entry;
}

/* The record with this address, for the time of the caller's RCU read lock; or NULL. */
struct wdmdma_buffer *wdmdma_lookup_by_cpu(struct wdmdma_lookup *lookup, const void *cpu)
{
	struct wdmdma_buffer *buffer = lookup_page(&lookup->by_cpu, lookup_cpu_page(cpu));

	return buffer && (size_t)(cpu - buffer->cpu) < buffer->size ? buffer : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_by_cpu);

/* The same by its logical address. */
struct wdmdma_buffer *wdmdma_lookup_by_dma(struct wdmdma_lookup *lookup, dma_addr_t dma)
{
	struct wdmdma_buffer *buffer = lookup_page(&lookup->by_dma, lookup_dma_page(dma));

	return buffer && dma - buffer->dma < buffer->size ? buffer : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_by_dma);

/* What the driver has at @offset of a record: nothing, once it is freed. */
struct wdmdma_extent wdmdma_lookup_extent(const struct wdmdma_buffer *buffer, size_t offset)
{
	if (buffer->block)
		return wdmdma_vector_extent(buffer, offset);
	return (struct wdmdma_extent){ 0, READ_ONCE(buffer->freeing) ? 0 : buffer->len };
}

/* Bytes from @offset of a record to the end of what the driver has there; or 0. */
static size_t lookup_left(const struct wdmdma_buffer *buffer, size_t offset)
{
	struct wdmdma_extent extent = wdmdma_lookup_extent(buffer, offset);

	offset -= extent.start;
	return offset < extent.len ? extent.len - offset : 0;
}

/**
 * wdmdma_lookup_to_dma() - the logical address of a byte
 * @lookup: of the adapter
 * @cpu: its address for the CPU
 * @dma: receives the logical address
 *
 * Context: any, under the RCU read lock.
 * Return: bytes from there to the end of the buffer or element; 0 if there is none.
 */
size_t wdmdma_lookup_to_dma(struct wdmdma_lookup *lookup, const void *cpu, dma_addr_t *dma)
{
	struct wdmdma_buffer *buffer = wdmdma_lookup_by_cpu(lookup, cpu);

	if (!buffer)
		return 0;
	*dma = buffer->dma + (cpu - buffer->cpu);
	return lookup_left(buffer, cpu - buffer->cpu);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_to_dma);

/* The other way round. */
size_t wdmdma_lookup_to_cpu(struct wdmdma_lookup *lookup, dma_addr_t dma, void **cpu)
{
	struct wdmdma_buffer *buffer = wdmdma_lookup_by_dma(lookup, dma);

	if (!buffer)
		return 0;
	*cpu = buffer->cpu + (dma - buffer->dma);
	return lookup_left(buffer, dma - buffer->dma);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_to_cpu);
