// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recycling: freed buffers of an adapter, for its next allocations.
 *
 * A driver that allocates and frees a buffer again and again would pay the DMA API for a
 * page, an address and a mapping each time. So the adapter keeps a freed buffer for which
 * only a length and a cache type was asked, and gives it, zeroed, to the next allocation
 * of that size. The driver does not have a kept buffer any more: no leak report names it,
 * no look-up finds it, and a free of it is refused.
 *
 * A kept buffer stays mapped for the device in a lazily flushed domain and without an
 * IOMMU. In a strict domain it is unmapped when it is freed, and mapped when it is taken.
 * An untrusted device keeps nothing, nor does one in a private domain or in the domain of
 * another device. See core/recycle_limit.c for how much is kept, and who gives it back.
 *
 * One page moves without the device's sem, under wdmdma_peek_lock(). A mapped page moves
 * under the raw spinlock alone, in any context. The DMA API's locks sleep on PREEMPT_RT,
 * so an unmapped page is mapped and unmapped outside of the raw spinlock. A longer buffer
 * needs the sem, since zeroing 2 MiB takes long. Closing the keep waits for all of them.
 */
#include <linux/atomic.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "backend/backing.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/buffer_record.h"
#include "core/lookup.h"
#include "core/lookup_page.h"
#include "core/recycle.h"
#include "lib/page_set.h"
#include "lib/window.h"
#include "objects.h"

/* Most that an adapter keeps; and what all of them keep, in pages. */
unsigned int wdmdma_recycle_limit = 1024;
atomic_long_t wdmdma_recycled_pages = ATOMIC_LONG_INIT(0);

static unsigned int recycle_nr(const struct wdmdma_buffer *buffer)
{
	return buffer->size >> PAGE_SHIFT;
}

/* The stack for buffers with this cache type and of this size; it has a size that is kept. */
static struct wdmdma_buffer **recycle_stack(struct wdmdma_recycler *recycler,
					    enum wdmdma_cache cache, size_t size)
{
	return &recycler->stack[cache][ilog2(size >> PAGE_SHIFT)];
}

/* How the CPU sees it: what the platform gives, if the module has not changed it. */
static enum wdmdma_cache recycle_cache_of(const struct wdmdma_buffer *buffer)
{
	return buffer->pages ? buffer->pages->cache : WDMDMA_CACHE_PLATFORM;
}

/* Unmap it for the device, and forget where it was. */
static void recycle_unmap(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	dma_addr_t dma = buffer->dma;

	wdmdma_lookup_hide_dma(&adapter->buffers, buffer);
	/* Once it is unmapped, another buffer may get the address: no search may find it here. */
	WRITE_ONCE(buffer->dma, 0);
	wdmdma_backing_unmap_dma(adapter->device, buffer, dma);
}

/* Map what rests for the device, at an address that may be another one. */
static bool recycle_remap(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	/* The device's mask must be its own. */
	lockdep_assert_held(&adapter->device->override);

	if (wdmdma_backing_map_dma(adapter->device, NULL, buffer))
		return false;
	if (wdmdma_window_holds(adapter->reach, buffer->dma, buffer->size) &&
	    !wdmdma_lookup_show_dma(&adapter->buffers, buffer))
		return true;
	recycle_unmap(adapter, buffer);
	return false;
}

/*
 * May the caller map and unmap, and change the look-up's tables? The DMA API's locks sleep
 * on PREEMPT_RT. Elsewhere interrupts must be on: in older kernels a table's lock is
 * local_bh_disable() and local_bh_enable().
 */
static bool recycle_may_map(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) ? preemptible() : !irqs_disabled();
}

/* Is there room for @nr more? */
static bool recycle_has_room(const struct wdmdma_recycler *recycler, unsigned int nr)
{
	return recycler->mode != WDMDMA_RECYCLE_NONE &&
	       READ_ONCE(recycler->pages) + nr <= READ_ONCE(wdmdma_recycle_limit);
}

static void recycle_push(struct wdmdma_recycler *recycler, struct wdmdma_buffer *buffer)
{
	struct wdmdma_buffer **top =
		recycle_stack(recycler, recycle_cache_of(buffer), buffer->size);

	lockdep_assert_held(&recycler->lock);

	buffer->below = *top;
	*top = buffer;
	recycler->pages += recycle_nr(buffer);
	atomic_long_add(recycle_nr(buffer), &wdmdma_recycled_pages);
}

static struct wdmdma_buffer *recycle_pop(struct wdmdma_recycler *recycler,
					 struct wdmdma_buffer **top)
{
	struct wdmdma_buffer *buffer = *top;

	lockdep_assert_held(&recycler->lock);

	if (!buffer)
		return NULL;
	*top = buffer->below;
	recycler->pages -= recycle_nr(buffer);
	atomic_long_sub(recycle_nr(buffer), &wdmdma_recycled_pages);
	return buffer;
}

/* Is this for one that could be kept, and could be taken from what is kept? */
bool wdmdma_recycle_allows(const struct wdmdma_adapter *adapter,
			   const struct wdmdma_request *request)
{
	u64 size = wdmdma_request_size(request);

	return READ_ONCE(adapter->recycler.mode) != WDMDMA_RECYCLE_NONE &&
	       request->window.first == adapter->reach.first &&
	       request->window.last == adapter->reach.last && request->node == NUMA_NO_NODE &&
	       !request->granule && !request->boundary && !request->shared && is_power_of_2(size) &&
	       size >> PAGE_SHIFT < 1UL << WDMDMA_RECYCLE_ORDERS;
}

/**
 * wdmdma_recycle_take() - a kept buffer, for a request that wdmdma_recycle_allows()
 * @adapter: its adapter
 * @request: what is asked for
 *
 * Context: may sleep; under the device's sem.
 * Return: a buffer that nobody else has: mapped, its memory as it was, and not known to
 * be live yet; NULL if there is none, or it cannot be mapped.
 */
struct wdmdma_buffer *wdmdma_recycle_take(struct wdmdma_adapter *adapter,
					  const struct wdmdma_request *request)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	struct wdmdma_buffer *buffer;
	bool mapped = true;

	lockdep_assert_held(&adapter->device->sem);

	raw_spin_lock_irq(&recycler->lock);
	buffer = recycle_pop(recycler,
			     recycle_stack(recycler, request->cache, wdmdma_request_size(request)));
	raw_spin_unlock_irq(&recycler->lock);

	if (buffer && recycler->mode == WDMDMA_RECYCLE_UNMAPPED) {
		down_read(&adapter->device->override);
		mapped = recycle_remap(adapter, buffer);
		up_read(&adapter->device->override);
	}
	if (mapped)
		return buffer;
	wdmdma_record_discard(adapter, buffer);
	return NULL;
}

/* Only what the module mapped itself can rest, and only under the device's own mask. */
static bool recycle_suits(const struct wdmdma_recycler *recycler,
			  const struct wdmdma_buffer *buffer)
{
	return buffer->recyclable && (recycler->mode != WDMDMA_RECYCLE_UNMAPPED ||
				      (buffer->pages && !buffer->sgt && !buffer->low_order));
}

/* The longest one of any stack but @except. */
static struct wdmdma_buffer *recycle_pop_any(struct wdmdma_recycler *recycler,
					     struct wdmdma_buffer **except)
{
	struct wdmdma_buffer *buffer = NULL, **top;
	unsigned int cache, order;

	raw_spin_lock_irq(&recycler->lock);
	for (order = WDMDMA_RECYCLE_ORDERS; order-- && !buffer;) {
		for (cache = 0; cache < WDMDMA_RECYCLE_CACHES && !buffer; cache++) {
			top = &recycler->stack[cache][order];
			if (top != except)
				buffer = recycle_pop(recycler, top);
		}
	}
	raw_spin_unlock_irq(&recycler->lock);
	return buffer;
}

/*
 * Room for a buffer: others of another kind go, which may have been wanted in another
 * phase of the driver's work; of its own kind there are enough.
 */
static bool recycle_make_room(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	struct wdmdma_buffer **own =
		recycle_stack(recycler, recycle_cache_of(buffer), buffer->size);
	struct wdmdma_buffer *other;

	if (recycle_nr(buffer) > READ_ONCE(wdmdma_recycle_limit))
		return false;
	while (!recycle_has_room(recycler, recycle_nr(buffer))) {
		other = recycle_pop_any(recycler, own);
		if (!other)
			return false;
		wdmdma_record_discard(adapter, other);
	}
	return true;
}

/**
 * wdmdma_recycle_put() - keep a buffer that the caller claimed for freeing
 * @adapter: its adapter
 * @buffer: the buffer
 *
 * Context: may sleep; under the device's sem, so that the mode stays. Others who free at
 * the same time may make the limit exceeded by what they free.
 * Return: false if it is not kept.
 */
bool wdmdma_recycle_put(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;

	lockdep_assert_held(&adapter->device->sem);

	if (!recycle_suits(recycler, buffer) || !recycle_make_room(adapter, buffer))
		return false;
	if (recycler->mode == WDMDMA_RECYCLE_UNMAPPED)
		recycle_unmap(adapter, buffer);
	raw_spin_lock_irq(&recycler->lock);
	recycle_push(recycler, buffer);
	raw_spin_unlock_irq(&recycler->lock);
	return true;
}

/* The page freed last, if the mode is still @mode. */
static struct wdmdma_buffer *recycle_pop_page(struct wdmdma_recycler *recycler,
					      enum wdmdma_recycle_mode mode)
{
	lockdep_assert_held(&recycler->lock);

	return recycler->mode == mode ?
		       recycle_pop(recycler, &recycler->stack[WDMDMA_CACHE_PLATFORM][0]) :
		       NULL;
}

/* Put in what was claimed or taken before, open or not: whoever closes it waits for us. */
static void recycle_put_unmapped(struct wdmdma_recycler *recycler, struct wdmdma_buffer *buffer)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&recycler->lock, flags);
	recycle_push(recycler, buffer);
	raw_spin_unlock_irqrestore(&recycler->lock, flags);
}

/* A page that rested, mapped now but not live yet; NULL if there is none. */
static struct wdmdma_buffer *recycle_take_unmapped(struct wdmdma_adapter *adapter)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	struct wdmdma_buffer *buffer;
	unsigned long flags;

	/* Nobody waits here: while the mask is another one, the long way does. */
	if (!recycle_may_map() || !down_read_trylock(&adapter->device->override))
		return NULL;
	raw_spin_lock_irqsave(&recycler->lock, flags);
	buffer = recycle_pop_page(recycler, WDMDMA_RECYCLE_UNMAPPED);
	raw_spin_unlock_irqrestore(&recycler->lock, flags);
	if (buffer && !recycle_remap(adapter, buffer)) {
		recycle_put_unmapped(recycler, buffer);
		buffer = NULL;
	}
	up_read(&adapter->device->override);
	return buffer;
}

/* Zero it, and give it to the driver. */
static void *recycle_give_page(struct wdmdma_buffer *buffer, size_t len, unsigned long caller,
			       dma_addr_t *dma)
{
	void *cpu = buffer->cpu;

	*dma = buffer->dma;
	clear_page(cpu);
	wdmdma_record_revive(buffer, len, WDMDMA_CACHE_PLATFORM, caller);
	return cpu;
}

/**
 * wdmdma_recycle_take_page() - allocate a buffer of one page, if one is kept
 * @adapter: found by its face
 * @len: bytes
 * @caller: where it is allocated
 * @dma: receives the logical address
 *
 * Context: any but hard interrupts, under wdmdma_peek_lock().
 * Return: the address for the CPU, of zeroed memory; NULL if there is none.
 */
void *wdmdma_recycle_take_page(struct wdmdma_adapter *adapter, size_t len, unsigned long caller,
			       dma_addr_t *dma)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	enum wdmdma_recycle_mode mode = READ_ONCE(recycler->mode);
	struct wdmdma_buffer *buffer;
	unsigned long flags;
	void *cpu = NULL;

	if (!len || len > PAGE_SIZE || mode == WDMDMA_RECYCLE_NONE)
		return NULL;
	if (mode == WDMDMA_RECYCLE_UNMAPPED) {
		buffer = recycle_take_unmapped(adapter);
		return buffer ? recycle_give_page(buffer, len, caller, dma) : NULL;
	}
	raw_spin_lock_irqsave(&recycler->lock, flags);
	buffer = recycle_pop_page(recycler, WDMDMA_RECYCLE_MAPPED);
	if (buffer)
		cpu = recycle_give_page(buffer, len, caller, dma);
	raw_spin_unlock_irqrestore(&recycler->lock, flags);
	return cpu;
}

/* The page that is named exactly, now claimed for freeing; NULL if there is none to keep. */
static struct wdmdma_buffer *recycle_claim_page(struct wdmdma_adapter *adapter, void *cpu,
						dma_addr_t dma, size_t len)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	struct wdmdma_buffer *buffer;

	if (!recycle_has_room(recycler, 1))
		return NULL;
	buffer = wdmdma_lookup_page_by_cpu(&adapter->buffers, cpu);
	if (!buffer || buffer->cpu != cpu || buffer->dma != dma || buffer->len != len ||
	    !recycle_suits(recycler, buffer) || atomic_xchg(&buffer->freeing, 1))
		return NULL;
	return buffer;
}

/* Needs no lock before the page is put in: closing waits for all that have found it open. */
static bool recycle_put_page_unmapped(struct wdmdma_adapter *adapter, void *cpu, dma_addr_t dma,
				      size_t len)
{
	struct wdmdma_buffer *buffer;

	buffer = recycle_may_map() ? recycle_claim_page(adapter, cpu, dma, len) : NULL;
	if (!buffer)
		return false;
	recycle_unmap(adapter, buffer);
	recycle_put_unmapped(&adapter->recycler, buffer);
	return true;
}

/**
 * wdmdma_recycle_put_page() - free a buffer of one page, if it can be kept
 * @adapter: found by its face
 * @cpu: virtual address
 * @dma: logical address
 * @len: length, as it was asked for
 *
 * Context: any, under wdmdma_peek_lock().
 * Return: false if that names no such buffer, or it is not kept: nothing has happened.
 */
bool wdmdma_recycle_put_page(struct wdmdma_adapter *adapter, void *cpu, dma_addr_t dma, size_t len)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	enum wdmdma_recycle_mode mode = READ_ONCE(recycler->mode);
	struct wdmdma_buffer *buffer = NULL;
	unsigned long flags;

	if (len > PAGE_SIZE)
		return false;
	if (mode == WDMDMA_RECYCLE_UNMAPPED)
		return recycle_put_page_unmapped(adapter, cpu, dma, len);
	raw_spin_lock_irqsave(&recycler->lock, flags);
	if (recycler->mode == mode)
		buffer = recycle_claim_page(adapter, cpu, dma, len);
	if (buffer)
		recycle_push(recycler, buffer);
	raw_spin_unlock_irqrestore(&recycler->lock, flags);
	return buffer != NULL;
}

/**
 * wdmdma_recycle_drain() - give back kept buffers
 * @adapter: the adapter
 * @pages: how many pages; some more may go
 *
 * Context: may sleep; under the device's sem.
 * Return: pages given back.
 */
unsigned long wdmdma_recycle_drain(struct wdmdma_adapter *adapter, unsigned long pages)
{
	struct wdmdma_buffer *buffer;
	unsigned long freed = 0;

	lockdep_assert_held(&adapter->device->sem);

	while (freed < pages) {
		buffer = recycle_pop_any(&adapter->recycler, NULL);
		if (!buffer)
			break;
		freed += recycle_nr(buffer);
		wdmdma_record_discard(adapter, buffer);
	}
	return freed;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_drain);
