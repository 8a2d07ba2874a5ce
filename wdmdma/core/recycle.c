// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recycling of an adapter's freed buffers for its next allocations.
 *
 * A driver may allocate and free a buffer again and again. Without recycling it would pay the
 * DMA API for a page, a logical address and a mapping each time. The adapter's recycler
 * therefore takes a freed buffer if its request had only a length and a cache type. The next
 * allocation of that size and cache type gets the buffer, zeroed. A recycled buffer does not
 * belong to the driver any more, so no leak report may name it, no look-up may find it, and a
 * free of it must be refused.
 *
 * In a lazily flushed domain and without an IOMMU a recycled buffer stays mapped for the
 * device. In a strict domain the buffer is unmapped when it is freed, and mapped again when it
 * is allocated. The recycler stays closed for an untrusted device, for a device in a private
 * domain, and for a device in the domain of another device. See core/recycle_limit.c for the
 * limit and the shrinker.
 *
 * A buffer of one page is recycled and allocated under wdmdma_peek_lock(), without the device's
 * sem. A longer buffer needs the sem, because zeroing 2 MiB takes long. The recycler's lock is
 * held only to push, to pop and to claim. Memory is zeroed, mapped and unmapped outside of the
 * lock and with interrupts on, because an IOMMU may be slow. Closing the recycler therefore waits
 * for the callers that have popped or claimed a buffer.
 *
 * CPUs that use different adapters must share no cache line here. So there is no counter of all
 * recycled pages. The shrinker adds up the pages of all recyclers instead.
 */
#include <linux/log2.h>
#include <linux/mm.h>

#include "backend/backing.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/buffer_record.h"
#include "core/events.h"
#include "core/lookup.h"
#include "core/lookup_page.h"
#include "core/recycle.h"
#include "lib/freed_memory.h"
#include "lib/page_set.h"
#include "lib/window.h"
#include "objects.h"

/* The limit for each adapter, in pages. */
unsigned int wdmdma_recycle_limit = 1024;

/* Zeroing, mapping and unmapping can be slow, so interrupts must be on and the lock free. */
static void recycle_assert_may_be_slow(const struct wdmdma_recycler *recycler)
{
	lockdep_assert_irqs_enabled();
	lockdep_assert_not_held(&recycler->lock);
}

static unsigned int recycle_nr(const struct wdmdma_buffer *buffer)
{
	return buffer->nr_pages;
}

/* Return the stack for this cache type and size. Buffers of this size must be recyclable. */
static struct wdmdma_buffer **recycle_stack(struct wdmdma_recycler *recycler,
					    enum wdmdma_cache cache, size_t size)
{
	return &recycler->stack[cache][ilog2(size >> PAGE_SHIFT)];
}

/* Return the cache type that the module set for the pages, or the platform's cache type. */
static enum wdmdma_cache recycle_cache_of(const struct wdmdma_buffer *buffer)
{
	return buffer->pages ? buffer->pages->cache : WDMDMA_CACHE_PLATFORM;
}

/* Unmap the buffer for the device, and clear its logical address. */
static void recycle_unmap(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	dma_addr_t dma = buffer->dma;

	recycle_assert_may_be_slow(&adapter->recycler);
	wdmdma_lookup_hide_dma(&adapter->buffers, buffer);
	/* After the unmap another buffer may get the address. No search may find it here then. */
	WRITE_ONCE(buffer->dma, 0);
	wdmdma_backing_unmap_dma(adapter->device, buffer, dma);
}

/*
 * Map an unmapped buffer for the device, perhaps at another address. Return true on success.
 * Needs no lock of the device, because recycle_suits() lets in no buffer of the stand-in.
 */
static bool recycle_remap(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	recycle_assert_may_be_slow(&adapter->recycler);
	if (wdmdma_backing_map_dma(adapter->device, NULL, buffer))
		return false;
	if (wdmdma_window_holds(adapter->reach, buffer->dma, wdmdma_buffer_size(buffer)) &&
	    !wdmdma_lookup_show_dma(&adapter->buffers, buffer))
		return true;
	recycle_unmap(adapter, buffer);
	return false;
}

/*
 * Return true if the caller may map and unmap, and may change the look-up's tables. The DMA
 * API's locks sleep on PREEMPT_RT. On other kernels interrupts must be on, because older
 * kernels lock a table with local_bh_disable() and unlock it with local_bh_enable().
 */
static bool recycle_may_map(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) ? preemptible() : !irqs_disabled();
}

/* Return true if the recycler is open and has room for @nr more pages. */
static bool recycle_has_room(const struct wdmdma_recycler *recycler, unsigned int nr)
{
	return recycler->mode != WDMDMA_RECYCLE_NONE &&
	       READ_ONCE(recycler->pages) + nr <= READ_ONCE(wdmdma_recycle_limit);
}

static void recycle_push(struct wdmdma_recycler *recycler, struct wdmdma_buffer *buffer)
{
	struct wdmdma_buffer **top =
		recycle_stack(recycler, recycle_cache_of(buffer), wdmdma_buffer_size(buffer));

	lockdep_assert_held(&recycler->lock);

	buffer->below = *top;
	*top = buffer;
	recycler->pages += recycle_nr(buffer);
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
	return buffer;
}

/* Return true if a recycled buffer may serve the request, and its buffer may be recycled later. */
bool wdmdma_recycle_allows(const struct wdmdma_adapter *adapter,
			   const struct wdmdma_request *request)
{
	u64 size = wdmdma_request_size(request);

	return READ_ONCE(adapter->recycler.mode) != WDMDMA_RECYCLE_NONE &&
	       request->window.first == adapter->reach.first &&
	       request->window.last == adapter->reach.last && request->node == NUMA_NO_NODE &&
	       !request->granule && !request->boundary && !request->shared && is_power_of_2(size) &&
	       (request->cache == WDMDMA_CACHE_PLATFORM || adapter->recycler.uncached) &&
	       size >> PAGE_SHIFT < 1UL << WDMDMA_RECYCLE_ORDERS;
}

/**
 * wdmdma_recycle_take() - take a recycled buffer
 * @adapter: the adapter
 * @request: a request that wdmdma_recycle_allows()
 *
 * Context: may sleep. The caller holds the device's sem.
 * Return: a mapped buffer that no other caller has, or NULL if there is none or it cannot be
 * mapped. If wdmdma_recycle_zeroes(), the caller must zero the memory. After that it must call
 * wdmdma_record_revive().
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
	if (buffer)
		recycler->hits++;
	else
		recycler->misses++;
	raw_spin_unlock_irq(&recycler->lock);

	if (buffer && recycler->mode == WDMDMA_RECYCLE_UNMAPPED)
		mapped = recycle_remap(adapter, buffer);
	if (mapped)
		return buffer;
	wdmdma_record_free(adapter, buffer);
	return NULL;
}

/*
 * Return true if the buffer can be recycled in the recycler's mode. A buffer with guard bands must
 * go, because it was placed while the device was verified. To be recycled unmapped, a
 * buffer must have pages that the module itself mapped, and mapped with the device's own mask.
 * A buffer below a lower limit has addresses of the stand-in.
 */
static bool recycle_suits(const struct wdmdma_recycler *recycler,
			  const struct wdmdma_buffer *buffer)
{
	if (!buffer->recyclable || buffer->guarded)
		return false;
	return recycler->mode != WDMDMA_RECYCLE_UNMAPPED ||
	       (buffer->pages && !buffer->sgt && !buffer->standin);
}

/* Pop a buffer of the longest size from any stack but @except, or return NULL. */
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
 * Make room for a buffer by freeing recycled buffers of other sizes or cache types, which the
 * driver may have needed in an earlier phase of its work. Buffers of the same kind stay,
 * because one more is of no use if they fill the limit. Return false if there is no room.
 */
static bool recycle_make_room(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	struct wdmdma_buffer **own =
		recycle_stack(recycler, recycle_cache_of(buffer), wdmdma_buffer_size(buffer));
	struct wdmdma_buffer *other;

	if (recycle_nr(buffer) > READ_ONCE(wdmdma_recycle_limit))
		return false;
	while (!recycle_has_room(recycler, recycle_nr(buffer))) {
		other = recycle_pop_any(recycler, own);
		if (!other)
			return false;
		wdmdma_record_free(adapter, other);
	}
	return true;
}

/**
 * wdmdma_recycle_put() - recycle a buffer that the caller claimed for freeing
 * @adapter: the adapter
 * @buffer: the buffer
 *
 * Concurrent callers may exceed the limit by the buffers that they recycle.
 *
 * Context: may sleep. The caller holds the device's sem, so that the mode cannot change.
 * Return: true, or false if the buffer is not recycled and the caller must free it.
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

/* Pop the page that was freed last. Return NULL if there is none or the mode is not @mode. */
static struct wdmdma_buffer *recycle_pop_page(struct wdmdma_recycler *recycler,
					      enum wdmdma_recycle_mode mode)
{
	struct wdmdma_buffer *buffer = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&recycler->lock, flags);
	if (recycler->mode == mode)
		buffer = recycle_pop(recycler, &recycler->stack[WDMDMA_CACHE_PLATFORM][0]);
	if (buffer)
		recycler->hits++;
	raw_spin_unlock_irqrestore(&recycler->lock, flags);
	return buffer;
}

/*
 * Push an unmapped page that the caller claimed or popped before, even if the recycler has been
 * closed meanwhile. wdmdma_recycle_close() waits for the caller before it frees the pages.
 */
static void recycle_put_unmapped(struct wdmdma_recycler *recycler, struct wdmdma_buffer *buffer)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&recycler->lock, flags);
	recycle_push(recycler, buffer);
	raw_spin_unlock_irqrestore(&recycler->lock, flags);
}

/* Pop an unmapped page and map it. Return the page, which is not live yet, or NULL. */
static struct wdmdma_buffer *recycle_take_unmapped(struct wdmdma_adapter *adapter)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	struct wdmdma_buffer *buffer;

	if (!recycle_may_map())
		return NULL;
	buffer = recycle_pop_page(recycler, WDMDMA_RECYCLE_UNMAPPED);
	if (!buffer || recycle_remap(adapter, buffer))
		return buffer;
	recycle_put_unmapped(recycler, buffer);
	return NULL;
}

/**
 * wdmdma_recycle_take_page() - allocate a recycled buffer of one page
 * @adapter: the adapter, from wdmdma_adapter_peek()
 * @len: length in bytes
 * @caller: where the buffer is allocated, for leak reports
 * @dma: receives the logical address
 *
 * Context: any with interrupts on. The caller holds wdmdma_peek_lock().
 * Return: the CPU address of memory, which is zeroed if wdmdma_recycle_zeroes(). NULL if there is
 * no recycled page.
 */
void *wdmdma_recycle_take_page(struct wdmdma_adapter *adapter, size_t len, unsigned long caller,
			       dma_addr_t *dma)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	enum wdmdma_recycle_mode mode = READ_ONCE(recycler->mode);
	struct wdmdma_buffer *buffer;
	void *cpu;

	if (!len || len > PAGE_SIZE || mode == WDMDMA_RECYCLE_NONE)
		return NULL;
	buffer = mode == WDMDMA_RECYCLE_UNMAPPED ? recycle_take_unmapped(adapter) :
						   recycle_pop_page(recycler, mode);
	if (!buffer)
		return NULL;
	recycle_assert_may_be_slow(recycler);
	cpu = buffer->cpu;
	*dma = buffer->dma;
	if (wdmdma_recycle_zeroes(recycler, WDMDMA_CACHE_PLATFORM))
		clear_page(cpu);
	wdmdma_record_revive(buffer, len, WDMDMA_CACHE_PLATFORM,
			     wdmdma_adapter_caller(adapter, caller));
	wdmdma_trace_recycle_hit(container_of(recycler, struct wdmdma_adapter, recycler), buffer);
	return cpu;
}

/* Return true if a free names this buffer exactly. */
static __always_inline bool recycle_is_named(struct wdmdma_buffer *buffer, const void *cpu,
					     dma_addr_t dma, size_t len)
{
	/* The acquire pairs with the release of wdmdma_record_revive(). */
	return !smp_load_acquire(&buffer->freeing) && buffer->cpu == cpu && buffer->dma == dma &&
	       buffer->len == len;
}

/*
 * Claim for freeing a page that was found by its CPU address. Return false if the free does not
 * name it exactly, or it cannot be recycled.
 */
static __always_inline bool recycle_claim_page(struct wdmdma_recycler *recycler,
					       struct wdmdma_buffer *buffer, void *cpu,
					       dma_addr_t dma, size_t len)
{
	lockdep_assert_held(&recycler->lock);

	if (!recycle_is_named(buffer, cpu, dma, len) || !recycle_suits(recycler, buffer) ||
	    !recycle_has_room(recycler, 1))
		return false;
	WRITE_ONCE(buffer->freeing, true);
	return true;
}

/**
 * wdmdma_recycle_put_page() - free a buffer of one page by recycling it
 * @adapter: the adapter, from wdmdma_adapter_peek()
 * @cpu: CPU address
 * @dma: logical address
 * @len: length that the driver asked for
 *
 * Context: any. The caller holds wdmdma_peek_lock().
 * Return: true, or false if the arguments name no such buffer or it cannot be recycled.
 * In that case nothing has changed.
 */
bool wdmdma_recycle_put_page(struct wdmdma_adapter *adapter, void *cpu, dma_addr_t dma, size_t len)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	enum wdmdma_recycle_mode mode = READ_ONCE(recycler->mode);
	struct wdmdma_buffer *buffer;
	unsigned long flags;
	bool claimed;

	if (len > PAGE_SIZE || mode == WDMDMA_RECYCLE_NONE ||
	    (mode == WDMDMA_RECYCLE_UNMAPPED && !recycle_may_map()))
		return false;
	buffer = wdmdma_lookup_page_by_cpu(&adapter->buffers, cpu);
	if (!buffer)
		return false;
	/* Once the page is recycled, somebody else may have it. */
	if (unlikely(wdmdma_going_is_heard()) && recycle_is_named(buffer, cpu, dma, len))
		wdmdma_going(cpu, len, "FreeCommonBuffer");
	raw_spin_lock_irqsave(&recycler->lock, flags);
	claimed = recycler->mode == mode && recycle_claim_page(recycler, buffer, cpu, dma, len);
	if (claimed) {
		wdmdma_trace_free(adapter, buffer);
		if (mode == WDMDMA_RECYCLE_MAPPED)
			recycle_push(recycler, buffer);
	}
	raw_spin_unlock_irqrestore(&recycler->lock, flags);
	if (claimed && mode == WDMDMA_RECYCLE_UNMAPPED) {
		recycle_unmap(adapter, buffer);
		recycle_put_unmapped(recycler, buffer);
	}
	return claimed;
}

/**
 * wdmdma_recycle_drain() - free recycled buffers
 * @adapter: the adapter
 * @pages: number of pages to free, which the last buffer may exceed
 *
 * Context: may sleep. The caller holds the device's sem.
 * Return: number of pages freed.
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
		wdmdma_record_free(adapter, buffer);
	}
	return freed;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_drain);
