// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look-up of an adapter's buffers by CPU address or by logical address, and translation of
 * one address into the other.
 *
 * There can be hundreds of thousands of records of one page. Each is in two hash tables, by
 * the CPU address and by the logical address of the page. Where a logical address is a physical
 * address, the linear map leads from one to the other, and the second table has only the pages
 * with another CPU address. A longer record is in two XArrays, as one range of all its pages. The
 * cost of a look-up therefore grows neither with the number of buffers nor with their length. Two
 * records of an adapter must not share a page, neither by CPU address nor by logical address.
 *
 * A look-up takes no lock but RCU's and works in any context. While a record is inserted or
 * removed, a look-up may find only a part of its pages. If another record has just got a page,
 * the entry of the page may still be the old record. A look-up must therefore check that the
 * record contains the address. The record stays in memory until RCU's readers are done, and
 * wdmdma_lookup_extent() says whether the driver still has the buffer.
 *
 * Removing a record stores NULL over exactly the range that was stored. The removal takes the
 * same steps as the insertion and needs no memory, so it cannot fail.
 */
#include <linux/dma-direct.h>
#include <linux/io.h>
#include <linux/sched/mm.h>
#include <linux/xarray.h>

#include "compat.h"
#include "core/lookup.h"
#include "core/lookup_page.h"
#include "core/vector.h"
#include "lib/page_set.h"
#include "objects.h"

/* Index pages from PAGE_OFFSET to keep the XArray shallow. Lower addresses wrap around. */
static unsigned long lookup_cpu_page(const void *cpu)
{
	return ((unsigned long)cpu - PAGE_OFFSET) >> PAGE_SHIFT;
}

/* Return the index of the last page of a record in @wdmdma_lookup.by_cpu. */
unsigned long wdmdma_lookup_last_page(const struct wdmdma_buffer *buffer)
{
	return lookup_cpu_page(buffer->cpu) + buffer->nr_pages - 1;
}

static unsigned long lookup_dma_page(dma_addr_t dma)
{
	return dma >> PAGE_SHIFT;
}

/*
 * Return true if the record belongs in the hash tables. A block of a vector is always a range,
 * even if it has one page. Its element may be freed, which the look-up of pages does not check.
 */
static bool lookup_is_page(const struct wdmdma_buffer *buffer)
{
	return buffer->nr_pages == 1 && !buffer->block;
}

/* rhashtable_init() allocates with flags of its own, see wdmdma_pages_reclaim(). */
static int lookup_init_table(struct rhashtable *table, const struct rhashtable_params *params)
{
	unsigned int flags;
	int ret;

	if (!wdmdma_pages_reclaim(1))
		return -ENOMEM;
	flags = memalloc_noreclaim_save();
	ret = rhashtable_init(table, params);
	memalloc_noreclaim_restore(flags);
	return ret;
}

int wdmdma_lookup_init(struct wdmdma_lookup *lookup)
{
	int ret = lookup_init_table(&lookup->page_by_cpu, &wdmdma_lookup_by_cpu_params);

	if (ret)
		return ret;
	ret = lookup_init_table(&lookup->page_by_dma, &wdmdma_lookup_by_dma_params);
	if (ret) {
		rhashtable_destroy(&lookup->page_by_cpu);
		return ret;
	}
	xa_init(&lookup->by_cpu);
	xa_init(&lookup->by_dma);
	mutex_init(&lookup->insert);
	INIT_LIST_HEAD(&lookup->records);
	spin_lock_init(&lookup->lock);
	return 0;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_init);

/* Destroy the index. No record may be left in it, and no look-up may be running. May sleep. */
void wdmdma_lookup_destroy(struct wdmdma_lookup *lookup)
{
	rhashtable_destroy(&lookup->page_by_cpu);
	rhashtable_destroy(&lookup->page_by_dma);
	/* An insertion that failed may have left inner nodes behind. */
	xa_destroy(&lookup->by_cpu);
	xa_destroy(&lookup->by_dma);
	mutex_destroy(&lookup->insert);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_destroy);

/* The most records of one page that are walked with the lock held. */
#define LOOKUP_WALKED_MOST	1024
/* Pages that are looked up in one RCU read section. */
#define LOOKUP_AT_ONCE		1024

/* Return true if a record of one page has one of @nr pages of @buffer from page @first on. */
static bool lookup_has_one_of(struct wdmdma_lookup *lookup, const struct wdmdma_buffer *buffer,
			      unsigned long first, unsigned long nr)
{
	size_t offset = first << PAGE_SHIFT, end = (first + nr) << PAGE_SHIFT;
	bool found = false;

	rcu_read_lock();
	for (; offset < end && !found; offset += PAGE_SIZE)
		found = wdmdma_lookup_page_by_cpu(lookup, buffer->cpu + offset) ||
			wdmdma_lookup_page_by_dma(lookup, buffer->dma + offset);
	rcu_read_unlock();
	return found;
}

/* Do the same for all pages, by going through the records. */
static bool lookup_walk_has_page_of(struct wdmdma_lookup *lookup,
				    const struct wdmdma_buffer *buffer)
{
	const struct wdmdma_buffer *other;
	bool found = false;

	spin_lock(&lookup->lock);
	list_for_each_entry(other, &lookup->records, node) {
		if (!lookup_is_page(other))
			break;
		found = (size_t)(other->cpu - buffer->cpu) < wdmdma_buffer_size(buffer) ||
			READ_ONCE(other->dma) - buffer->dma < wdmdma_buffer_size(buffer);
		if (found)
			break;
	}
	spin_unlock(&lookup->lock);
	return found;
}

/*
 * Return true if a record of one page has a page of @buffer. If there are few records, go
 * through all of them instead of looking up each page. No record is inserted meanwhile.
 */
static bool lookup_has_page_of(struct wdmdma_lookup *lookup, const struct wdmdma_buffer *buffer)
{
	unsigned int records = atomic_read(&lookup->page_by_cpu.nelems);
	unsigned long first, nr;

	lockdep_assert_held(&lookup->insert);
	if (records <= LOOKUP_WALKED_MOST && records / 8 <= buffer->nr_pages)
		return lookup_walk_has_page_of(lookup, buffer);
	for (first = 0; first < buffer->nr_pages; first += nr) {
		nr = min_t(unsigned long, buffer->nr_pages - first, LOOKUP_AT_ONCE);
		if (lookup_has_one_of(lookup, buffer, first, nr))
			return true;
		cond_resched();
	}
	return false;
}

static bool lookup_ranges_are_free(struct xarray *xa, unsigned long first, unsigned long nr)
{
	return !xa_find(xa, &first, first + nr - 1, XA_PRESENT);
}

static bool lookup_is_free(struct wdmdma_lookup *lookup, const struct wdmdma_buffer *buffer)
{
	unsigned long nr = buffer->nr_pages;

	lockdep_assert_held(&lookup->insert);
	return lookup_ranges_are_free(&lookup->by_cpu, lookup_cpu_page(buffer->cpu), nr) &&
	       lookup_ranges_are_free(&lookup->by_dma, lookup_dma_page(buffer->dma), nr) &&
	       !lookup_has_page_of(lookup, buffer);
}

static int lookup_store(struct xarray *xa, unsigned long first, unsigned long nr, void *entry)
{
	return xa_err(xa_store_range(xa, first, first + nr - 1, entry, WDMDMA_GFP));
}

static int lookup_show_cpu(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer)
{
	if (lookup_is_page(buffer))
		return rhashtable_insert_fast(&lookup->page_by_cpu, &buffer->by_cpu,
					      wdmdma_lookup_by_cpu_params);
	return lookup_store(&lookup->by_cpu, lookup_cpu_page(buffer->cpu), buffer->nr_pages,
			    buffer);
}

static void lookup_hide_cpu(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer)
{
	if (lookup_is_page(buffer))
		rhashtable_remove_fast(&lookup->page_by_cpu, &buffer->by_cpu,
				       wdmdma_lookup_by_cpu_params);
	else
		lookup_store(&lookup->by_cpu, lookup_cpu_page(buffer->cpu), buffer->nr_pages, NULL);
}

/*
 * Return true if a look-up by logical address finds the record by the CPU address that the linear
 * map has for it, so that the record needs no entry of its own.
 */
static bool lookup_is_linear(const struct wdmdma_lookup *lookup, const struct wdmdma_buffer *buffer)
{
	return lookup->physical &&
	       buffer->cpu == phys_to_virt(dma_to_phys(lookup->physical, buffer->dma));
}

/*
 * Make a record known by its logical address. Interrupts must be on, and on PREEMPT_RT also
 * preemption. May sleep for a record that is longer than one page. Return 0 or a negative
 * errno. After an error the caller must hide the record again.
 */
int wdmdma_lookup_show_dma(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer)
{
	if (lookup_is_page(buffer) && lookup_is_linear(lookup, buffer))
		return 0;
	if (lookup_is_page(buffer))
		return rhashtable_insert_fast(&lookup->page_by_dma, &buffer->by_dma,
					      wdmdma_lookup_by_dma_params);
	return lookup_store(&lookup->by_dma, lookup_dma_page(buffer->dma), buffer->nr_pages,
			    buffer);
}

/* Undo wdmdma_lookup_show_dma(), in the same context. Cannot fail. */
void wdmdma_lookup_hide_dma(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer)
{
	if (lookup_is_page(buffer) && lookup_is_linear(lookup, buffer))
		return;
	if (lookup_is_page(buffer))
		rhashtable_remove_fast(&lookup->page_by_dma, &buffer->by_dma,
				       wdmdma_lookup_by_dma_params);
	else
		lookup_store(&lookup->by_dma, lookup_dma_page(buffer->dma), buffer->nr_pages, NULL);
}

/* Count a new record. */
static void lookup_count(struct wdmdma_lookup *lookup, const struct wdmdma_buffer *buffer)
{
	lockdep_assert_held(&lookup->lock);
	lookup->nr++;
	lookup->pages += buffer->nr_pages;
	lookup->most_nr = max(lookup->most_nr, lookup->nr);
	lookup->most_pages = max(lookup->most_pages, lookup->pages);
	lookup->inserted++;
}

/**
 * wdmdma_lookup_insert() - make a record known by its addresses
 * @lookup: the index of the record's adapter
 * @buffer: the record, with @cpu, @dma and @size. It must be freed by RCU, even after an
 *          error
 *
 * Context: may sleep.
 * Return: 0, -EBUSY if another record already has one of the pages, or -ENOMEM.
 */
int wdmdma_lookup_insert(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer)
{
	int ret = -EBUSY;

	might_sleep();
	INIT_LIST_HEAD(&buffer->node);
	mutex_lock(&lookup->insert);
	if (lookup_is_free(lookup, buffer)) {
		ret = lookup_show_cpu(lookup, buffer) ?: wdmdma_lookup_show_dma(lookup, buffer);
		if (ret) {
			wdmdma_lookup_erase(lookup, buffer);
			ret = -ENOMEM;
		} else {
			spin_lock(&lookup->lock);
			if (lookup_is_page(buffer))
				list_add(&buffer->node, &lookup->records);
			else
				list_add_tail(&buffer->node, &lookup->records);
			lookup_count(lookup, buffer);
			spin_unlock(&lookup->lock);
		}
	}
	mutex_unlock(&lookup->insert);
	return ret;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_insert);

/*
 * Remove a record. The caller must do so before another buffer can get the addresses. A record
 * without a logical address is known by its CPU address only. Cannot fail.
 */
void wdmdma_lookup_erase(struct wdmdma_lookup *lookup, struct wdmdma_buffer *buffer)
{
	spin_lock(&lookup->lock);
	/* A record whose insertion failed is in no list. */
	if (!list_empty(&buffer->node)) {
		lookup->nr--;
		lookup->pages -= buffer->nr_pages;
	}
	list_del_init(&buffer->node);
	spin_unlock(&lookup->lock);
	if (buffer->dma)
		wdmdma_lookup_hide_dma(lookup, buffer);
	lookup_hide_cpu(lookup, buffer);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_erase);

/*
 * Look up a range as xa_load() does, but without a state in memory and without a read lock of
 * its own. wdmdma_virt_to_logical() in a buffer of 8 KiB takes 347 instructions with this walk,
 * and 437 with xa_load(). A sibling entry can lead to another sibling entry only while the range
 * is being replaced.
 */
static __always_inline struct wdmdma_buffer *lookup_range(const struct xarray *xa,
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

/* Return the record that contains @cpu, or NULL. It is valid in the caller's RCU read section. */
struct wdmdma_buffer *wdmdma_lookup_by_cpu(struct wdmdma_lookup *lookup, const void *cpu)
{
	struct wdmdma_buffer *buffer = wdmdma_lookup_page_by_cpu(lookup, cpu);

	if (!buffer)
		buffer = lookup_range(&lookup->by_cpu, lookup_cpu_page(cpu));
	return buffer && (size_t)(cpu - buffer->cpu) < wdmdma_buffer_size(buffer) ? buffer : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_by_cpu);

/* As wdmdma_lookup_by_cpu(), for a logical address. */
struct wdmdma_buffer *wdmdma_lookup_by_dma(struct wdmdma_lookup *lookup, dma_addr_t dma)
{
	struct wdmdma_buffer *buffer = wdmdma_lookup_page_by_dma(lookup, dma);

	if (!buffer)
		buffer = lookup_range(&lookup->by_dma, lookup_dma_page(dma));
	return buffer && dma - buffer->dma < wdmdma_buffer_size(buffer) ? buffer : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_by_dma);

/*
 * Return the live element at @offset of a block, or an empty extent. The caller must keep the
 * vector from being freed, by an RCU read section or by holding the device's sem for writing.
 */
static struct wdmdma_extent lookup_element(const struct wdmdma_buffer *buffer, size_t offset)
{
	const struct wdmdma_vector_block *block =
		container_of(buffer, struct wdmdma_vector_block, buffer);
	const struct wdmdma_vector *vector = block->vector;
	u32 nth = offset / vector->stride;
	u32 index = (block - vector->block) * vector->per_block + nth;

	if (index >= vector->count || test_bit(index, vector->dead))
		return (struct wdmdma_extent){};
	return (struct wdmdma_extent){ nth * vector->stride, vector->len };
}

/* Return the extent that the driver has at @offset of a record. It is empty after the free. */
struct wdmdma_extent wdmdma_lookup_extent(const struct wdmdma_buffer *buffer, size_t offset)
{
	if (buffer->block)
		return lookup_element(buffer, offset);
	return (struct wdmdma_extent){ 0, READ_ONCE(buffer->freeing) ? 0 : buffer->len };
}

/* Return the number of bytes from @offset of a record to the end of the extent there, or 0. */
static size_t lookup_left(const struct wdmdma_buffer *buffer, size_t offset)
{
	struct wdmdma_extent extent = wdmdma_lookup_extent(buffer, offset);

	offset -= extent.start;
	return offset < extent.len ? extent.len - offset : 0;
}

/**
 * wdmdma_lookup_to_dma() - translate a CPU address into a logical address
 * @lookup: the index of the adapter
 * @cpu: the CPU address
 * @dma: receives the logical address
 *
 * Context: any. The caller is in an RCU read section.
 * Return: number of bytes from @cpu to the end of the buffer or element, or 0 if there is none.
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

/* As wdmdma_lookup_to_dma(), in the other direction. */
size_t wdmdma_lookup_to_cpu(struct wdmdma_lookup *lookup, dma_addr_t dma, void **cpu)
{
	struct wdmdma_buffer *buffer = wdmdma_lookup_by_dma(lookup, dma);

	if (!buffer)
		return 0;
	*cpu = buffer->cpu + (dma - buffer->dma);
	return lookup_left(buffer, dma - buffer->dma);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_lookup_to_cpu);

/*
 * Return the highest logical address of the domain buffers, or 0 if there are none. There may be
 * hundreds of thousands of records, so the caller must keep them in place with the device's sem,
 * held for writing, and no spinlock is held for the walk. May sleep.
 */
u64 wdmdma_lookup_highest_shared(const struct wdmdma_lookup *lookup)
{
	const struct wdmdma_buffer *buffer;
	u64 highest = 0;

	list_for_each_entry(buffer, &lookup->records, node) {
		if (buffer->shared)
			highest = max_t(u64, highest, buffer->dma + wdmdma_buffer_size(buffer) - 1);
		cond_resched();
	}
	return highest;
}
