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
 * another device. The parameter keep_pages limits what is kept; the shrinker gives it back.
 *
 * One page moves without the device's sem, under wdmdma_peek_lock(). A mapped page moves
 * under the raw spinlock alone, in any context. The DMA API's locks sleep on PREEMPT_RT,
 * so an unmapped page is mapped and unmapped outside of the raw spinlock. A longer buffer
 * needs the sem, since zeroing 2 MiB takes long. Closing the keep waits for all of them.
 */
#include <linux/delay.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

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

static unsigned int keep_pages = 1024;
static int keep_set_pages(const char *value, const struct kernel_param *param);
static const struct kernel_param_ops keep_pages_ops = {
	.set = keep_set_pages,
	.get = param_get_uint,
};
module_param_cb(keep_pages, &keep_pages_ops, &keep_pages, 0644);
MODULE_PARM_DESC(keep_pages, "pages that an adapter may keep of freed buffers (default 1024); 0: none");
static bool keep_mapped;
module_param(keep_mapped, bool, 0444);
MODULE_PARM_DESC(keep_mapped, "kept pages stay mapped for the device even where the IOMMU is strict (default N)");

/* Open keeps, for the shrinker. */
static LIST_HEAD(keeps);
static DEFINE_MUTEX(keeps_lock);
static atomic_long_t keeps_pages = ATOMIC_LONG_INIT(0);

static unsigned int keep_nr(const struct wdmdma_buffer *buffer)
{
	return buffer->size >> PAGE_SHIFT;
}

/* The stack for buffers with this cache type and of this size; it has a size that is kept. */
static struct wdmdma_buffer **keep_stack(struct wdmdma_kept *keep, enum wdmdma_cache cache,
					 size_t size)
{
	return &keep->stack[cache][ilog2(size >> PAGE_SHIFT)];
}

/* How the CPU sees it: what the platform gives, if the module has not changed it. */
static enum wdmdma_cache keep_cache_of(const struct wdmdma_buffer *buffer)
{
	return buffer->pages ? buffer->pages->cache : WDMDMA_CACHE_PLATFORM;
}

/* Unmap it for the device, and forget where it was. */
static void keep_rest(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	dma_addr_t dma = buffer->dma;

	wdmdma_lookup_hide_dma(&adapter->buffers, buffer);
	/* Once it is unmapped, another buffer may get the address: no search may find it here. */
	WRITE_ONCE(buffer->dma, 0);
	wdmdma_own_unmap(adapter->device, buffer, dma);
}

/* Map what rests for the device, at an address that may be another one. */
static bool keep_wake(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	/* The device's mask must be its own. */
	lockdep_assert_held(&adapter->device->override);

	if (wdmdma_own_map(adapter->device, NULL, buffer))
		return false;
	if (wdmdma_window_holds(adapter->reach, buffer->dma, buffer->size) &&
	    !wdmdma_lookup_show_dma(&adapter->buffers, buffer))
		return true;
	keep_rest(adapter, buffer);
	return false;
}

/*
 * May the caller map and unmap, and change the look-up's tables? The DMA API's locks sleep
 * on PREEMPT_RT. Elsewhere interrupts must be on: in older kernels a table's lock is
 * local_bh_disable() and local_bh_enable().
 */
static bool keep_may_map(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) ? preemptible() : !irqs_disabled();
}

/* Is there room for @nr more? */
static bool keep_has_room(const struct wdmdma_kept *keep, unsigned int nr)
{
	return keep->mode != WDMDMA_KEPT_NONE &&
	       READ_ONCE(keep->pages) + nr <= READ_ONCE(keep_pages);
}

static void keep_push(struct wdmdma_kept *keep, struct wdmdma_buffer *buffer)
{
	struct wdmdma_buffer **top = keep_stack(keep, keep_cache_of(buffer), buffer->size);

	lockdep_assert_held(&keep->lock);

	buffer->below = *top;
	*top = buffer;
	keep->pages += keep_nr(buffer);
	atomic_long_add(keep_nr(buffer), &keeps_pages);
}

static struct wdmdma_buffer *keep_pop(struct wdmdma_kept *keep, struct wdmdma_buffer **top)
{
	struct wdmdma_buffer *buffer = *top;

	lockdep_assert_held(&keep->lock);

	if (!buffer)
		return NULL;
	*top = buffer->below;
	keep->pages -= keep_nr(buffer);
	atomic_long_sub(keep_nr(buffer), &keeps_pages);
	return buffer;
}

/* Is this for one that could be kept, and could be taken from what is kept? */
bool wdmdma_keep_allows(const struct wdmdma_adapter *adapter,
			const struct wdmdma_request *request)
{
	u64 size = wdmdma_request_size(request);

	return READ_ONCE(adapter->keep.mode) != WDMDMA_KEPT_NONE &&
	       request->window.first == adapter->reach.first &&
	       request->window.last == adapter->reach.last &&
	       request->node == NUMA_NO_NODE && !request->granule && !request->boundary &&
	       !request->shared && is_power_of_2(size) &&
	       size >> PAGE_SHIFT < 1UL << WDMDMA_KEEP_ORDERS;
}

/**
 * wdmdma_keep_take() - a kept buffer, for a request that wdmdma_keep_allows()
 * @adapter: its adapter
 * @request: what is asked for
 *
 * Context: may sleep; under the device's sem.
 * Return: a buffer that nobody else has: mapped, its memory as it was, and not known to
 * be live yet; NULL if there is none, or it cannot be mapped.
 */
struct wdmdma_buffer *wdmdma_keep_take(struct wdmdma_adapter *adapter,
				       const struct wdmdma_request *request)
{
	struct wdmdma_kept *keep = &adapter->keep;
	struct wdmdma_buffer *buffer;
	bool awake = true;

	lockdep_assert_held(&adapter->device->sem);

	raw_spin_lock_irq(&keep->lock);
	buffer = keep_pop(keep, keep_stack(keep, request->cache, wdmdma_request_size(request)));
	raw_spin_unlock_irq(&keep->lock);

	if (buffer && keep->mode == WDMDMA_KEPT_RESTING) {
		down_read(&adapter->device->override);
		awake = keep_wake(adapter, buffer);
		up_read(&adapter->device->override);
	}
	if (awake)
		return buffer;
	wdmdma_record_discard(adapter, buffer);
	return NULL;
}

/* Only what the module mapped itself can rest, and only under the device's own mask. */
static bool keep_suits(const struct wdmdma_kept *keep, const struct wdmdma_buffer *buffer)
{
	return buffer->keepable &&
	       (keep->mode != WDMDMA_KEPT_RESTING ||
		(buffer->pages && !buffer->sgt && !buffer->low_order));
}

/* The longest one of any stack but @except. */
static struct wdmdma_buffer *keep_pop_any(struct wdmdma_kept *keep, struct wdmdma_buffer **except)
{
	struct wdmdma_buffer *buffer = NULL, **top;
	unsigned int cache, order;

	raw_spin_lock_irq(&keep->lock);
	for (order = WDMDMA_KEEP_ORDERS; order-- && !buffer;) {
		for (cache = 0; cache < WDMDMA_KEEP_CACHES && !buffer; cache++) {
			top = &keep->stack[cache][order];
			if (top != except)
				buffer = keep_pop(keep, top);
		}
	}
	raw_spin_unlock_irq(&keep->lock);
	return buffer;
}

/*
 * Room for a buffer: others of another kind go, which may have been wanted in another
 * phase of the driver's work; of its own kind there are enough.
 */
static bool keep_make_room(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	struct wdmdma_kept *keep = &adapter->keep;
	struct wdmdma_buffer **own = keep_stack(keep, keep_cache_of(buffer), buffer->size);
	struct wdmdma_buffer *other;

	if (keep_nr(buffer) > READ_ONCE(keep_pages))
		return false;
	while (!keep_has_room(keep, keep_nr(buffer))) {
		other = keep_pop_any(keep, own);
		if (!other)
			return false;
		wdmdma_record_discard(adapter, other);
	}
	return true;
}

/**
 * wdmdma_keep_put() - keep a buffer that the caller claimed for freeing
 * @adapter: its adapter
 * @buffer: the buffer
 *
 * Context: may sleep; under the device's sem, so that the mode stays. Others who free at
 * the same time may make the limit exceeded by what they free.
 * Return: false if it is not kept.
 */
bool wdmdma_keep_put(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer)
{
	struct wdmdma_kept *keep = &adapter->keep;

	lockdep_assert_held(&adapter->device->sem);

	if (!keep_suits(keep, buffer) || !keep_make_room(adapter, buffer))
		return false;
	if (keep->mode == WDMDMA_KEPT_RESTING)
		keep_rest(adapter, buffer);
	raw_spin_lock_irq(&keep->lock);
	keep_push(keep, buffer);
	raw_spin_unlock_irq(&keep->lock);
	return true;
}

/* The page freed last, if the mode is still @mode. */
static struct wdmdma_buffer *keep_pop_page(struct wdmdma_kept *keep, enum wdmdma_kept_mode mode)
{
	lockdep_assert_held(&keep->lock);

	return keep->mode == mode ? keep_pop(keep, &keep->stack[WDMDMA_CACHE_PLATFORM][0]) : NULL;
}

/* Put in what was claimed or taken before, open or not: whoever closes it waits for us. */
static void keep_put_resting(struct wdmdma_kept *keep, struct wdmdma_buffer *buffer)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&keep->lock, flags);
	keep_push(keep, buffer);
	raw_spin_unlock_irqrestore(&keep->lock, flags);
}

/* A page that rested, mapped now but not live yet; NULL if there is none. */
static struct wdmdma_buffer *keep_take_resting(struct wdmdma_adapter *adapter)
{
	struct wdmdma_kept *keep = &adapter->keep;
	struct wdmdma_buffer *buffer;
	unsigned long flags;

	/* Nobody waits here: while the mask is another one, the long way does. */
	if (!keep_may_map() || !down_read_trylock(&adapter->device->override))
		return NULL;
	raw_spin_lock_irqsave(&keep->lock, flags);
	buffer = keep_pop_page(keep, WDMDMA_KEPT_RESTING);
	raw_spin_unlock_irqrestore(&keep->lock, flags);
	if (buffer && !keep_wake(adapter, buffer)) {
		keep_put_resting(keep, buffer);
		buffer = NULL;
	}
	up_read(&adapter->device->override);
	return buffer;
}

/* Zero it, and give it to the driver. */
static void *keep_give_page(struct wdmdma_buffer *buffer, size_t len, unsigned long caller,
			    dma_addr_t *dma)
{
	void *cpu = buffer->cpu;

	*dma = buffer->dma;
	clear_page(cpu);
	wdmdma_record_revive(buffer, len, WDMDMA_CACHE_PLATFORM, caller);
	return cpu;
}

/**
 * wdmdma_keep_take_page() - allocate a buffer of one page, if one is kept
 * @adapter: found by its face
 * @len: bytes
 * @caller: where it is allocated
 * @dma: receives the logical address
 *
 * Context: any but hard interrupts, under wdmdma_peek_lock().
 * Return: the address for the CPU, of zeroed memory; NULL if there is none.
 */
void *wdmdma_keep_take_page(struct wdmdma_adapter *adapter, size_t len, unsigned long caller,
			    dma_addr_t *dma)
{
	struct wdmdma_kept *keep = &adapter->keep;
	enum wdmdma_kept_mode mode = READ_ONCE(keep->mode);
	struct wdmdma_buffer *buffer;
	unsigned long flags;
	void *cpu = NULL;

	if (!len || len > PAGE_SIZE || mode == WDMDMA_KEPT_NONE)
		return NULL;
	if (mode == WDMDMA_KEPT_RESTING) {
		buffer = keep_take_resting(adapter);
		return buffer ? keep_give_page(buffer, len, caller, dma) : NULL;
	}
	raw_spin_lock_irqsave(&keep->lock, flags);
	buffer = keep_pop_page(keep, WDMDMA_KEPT_MAPPED);
	if (buffer)
		cpu = keep_give_page(buffer, len, caller, dma);
	raw_spin_unlock_irqrestore(&keep->lock, flags);
	return cpu;
}

/* The page that is named exactly, now claimed for freeing; NULL if there is none to keep. */
static struct wdmdma_buffer *keep_claim_page(struct wdmdma_adapter *adapter, void *cpu,
					     dma_addr_t dma, size_t len)
{
	struct wdmdma_kept *keep = &adapter->keep;
	struct wdmdma_buffer *buffer;

	lockdep_assert_held(&keep->lock);

	if (!keep_has_room(keep, 1))
		return NULL;
	buffer = wdmdma_lookup_page_by_cpu(&adapter->buffers, cpu);
	return buffer && buffer->cpu == cpu && buffer->dma == dma && buffer->len == len &&
	       keep_suits(keep, buffer) && !atomic_xchg(&buffer->freeing, 1) ? buffer : NULL;
}

/**
 * wdmdma_keep_put_page() - free a buffer of one page, if it can be kept
 * @adapter: found by its face
 * @cpu: virtual address
 * @dma: logical address
 * @len: length, as it was asked for
 *
 * Context: any, under wdmdma_peek_lock().
 * Return: false if that names no such buffer, or it is not kept: nothing has happened.
 */
bool wdmdma_keep_put_page(struct wdmdma_adapter *adapter, void *cpu, dma_addr_t dma, size_t len)
{
	struct wdmdma_kept *keep = &adapter->keep;
	enum wdmdma_kept_mode mode = READ_ONCE(keep->mode);
	struct wdmdma_buffer *buffer = NULL;
	unsigned long flags;

	if (len > PAGE_SIZE || (mode == WDMDMA_KEPT_RESTING && !keep_may_map()))
		return false;
	raw_spin_lock_irqsave(&keep->lock, flags);
	if (keep->mode == mode)
		buffer = keep_claim_page(adapter, cpu, dma, len);
	if (buffer && mode == WDMDMA_KEPT_MAPPED)
		keep_push(keep, buffer);
	raw_spin_unlock_irqrestore(&keep->lock, flags);
	if (buffer && mode == WDMDMA_KEPT_RESTING) {
		keep_rest(adapter, buffer);
		keep_put_resting(keep, buffer);
	}
	return buffer;
}

/**
 * wdmdma_keep_drain() - give back kept buffers
 * @adapter: the adapter
 * @pages: how many pages; some more may go
 *
 * Context: may sleep; under the device's sem.
 * Return: pages given back.
 */
unsigned long wdmdma_keep_drain(struct wdmdma_adapter *adapter, unsigned long pages)
{
	struct wdmdma_buffer *buffer;
	unsigned long freed = 0;

	lockdep_assert_held(&adapter->device->sem);

	while (freed < pages) {
		buffer = keep_pop_any(&adapter->keep, NULL);
		if (!buffer)
			break;
		freed += keep_nr(buffer);
		wdmdma_record_discard(adapter, buffer);
	}
	return freed;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_keep_drain);

void wdmdma_keep_init(struct wdmdma_kept *keep)
{
	raw_spin_lock_init(&keep->lock);
	INIT_LIST_HEAD(&keep->node);
}

static enum wdmdma_kept_mode keep_mode(const struct wdmdma_device *device)
{
	enum wdmdma_kept_mode mode;

	if (device->dead || device->domain != device->home || !device->backend->keep_mode ||
	    (dev_is_pci(device->dev) && to_pci_dev(device->dev)->untrusted))
		return WDMDMA_KEPT_NONE;
	mode = device->backend->keep_mode(device);
	return mode == WDMDMA_KEPT_RESTING && keep_mapped ? WDMDMA_KEPT_MAPPED : mode;
}

/* Let an adapter keep buffers, if its device may. */
void wdmdma_keep_open(struct wdmdma_adapter *adapter)
{
	struct wdmdma_kept *keep = &adapter->keep;
	enum wdmdma_kept_mode mode = keep_mode(adapter->device);

	lockdep_assert_held_write(&adapter->device->sem);
	if (mode == WDMDMA_KEPT_NONE)
		return;
	raw_spin_lock_irq(&keep->lock);
	keep->mode = mode;
	raw_spin_unlock_irq(&keep->lock);
	mutex_lock(&keeps_lock);
	list_move(&keep->node, &keeps);
	mutex_unlock(&keeps_lock);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_keep_open);

/* Let it keep nothing from now on. */
void wdmdma_keep_close(struct wdmdma_adapter *adapter)
{
	struct wdmdma_kept *keep = &adapter->keep;
	enum wdmdma_kept_mode mode;

	lockdep_assert_held_write(&adapter->device->sem);
	mutex_lock(&keeps_lock);
	list_del_init(&keep->node);
	mutex_unlock(&keeps_lock);
	raw_spin_lock_irq(&keep->lock);
	mode = keep->mode;
	keep->mode = WDMDMA_KEPT_NONE;
	raw_spin_unlock_irq(&keep->lock);
	/* A page may be between the lock and its mapping. */
	if (mode == WDMDMA_KEPT_RESTING)
		synchronize_rcu();
	wdmdma_keep_drain(adapter, ULONG_MAX);
}

static struct wdmdma_adapter *keep_to_adapter(struct wdmdma_kept *keep)
{
	return container_of(keep, struct wdmdma_adapter, keep);
}

/*
 * Give back @pages of what all adapters keep, or whatever can be had without waiting:
 * the caller may be an allocation that is in the middle of anything. Returns how many.
 */
unsigned long wdmdma_keep_shrink(unsigned long pages)
{
	struct wdmdma_adapter *adapter;
	unsigned long freed = 0;
	struct wdmdma_kept *keep;

	if (!mutex_trylock(&keeps_lock))
		return 0;
	list_for_each_entry(keep, &keeps, node) {
		adapter = keep_to_adapter(keep);
		if (freed >= pages)
			break;
		if (!down_read_trylock(&adapter->device->sem))
			continue;
		freed += wdmdma_keep_drain(adapter, pages - freed);
		up_read(&adapter->device->sem);
	}
	mutex_unlock(&keeps_lock);
	return freed;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_keep_shrink);

/*
 * Give back what exceeds the limit. keeps_lock is taken inside the sem, so here the sem is
 * tried; true if that went well for all.
 */
static bool keep_trim(void)
{
	struct wdmdma_adapter *adapter;
	struct wdmdma_kept *keep;
	unsigned int most, pages;
	bool all = true;

	mutex_lock(&keeps_lock);
	list_for_each_entry(keep, &keeps, node) {
		adapter = keep_to_adapter(keep);
		most = READ_ONCE(keep_pages);
		pages = READ_ONCE(keep->pages);
		if (pages <= most)
			continue;
		if (down_read_trylock(&adapter->device->sem)) {
			wdmdma_keep_drain(adapter, pages - most);
			up_read(&adapter->device->sem);
		} else {
			all = false;
		}
	}
	mutex_unlock(&keeps_lock);
	return all;
}

static int keep_set_pages(const char *value, const struct kernel_param *param)
{
	int ret = param_set_uint(value, param);

	while (!ret && !keep_trim()) {
		if (fatal_signal_pending(current))
			return -EINTR;
		fsleep(10 * USEC_PER_MSEC);
	}
	return ret;
}

static unsigned long keep_count(struct shrinker *shrinker, struct shrink_control *control)
{
	return atomic_long_read(&keeps_pages) ?: SHRINK_EMPTY;
}

static unsigned long keep_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	return wdmdma_keep_shrink(control->nr_to_scan) ?: SHRINK_STOP;
}

static struct shrinker *keep_shrinker;

int wdmdma_keep_register(void)
{
	keep_shrinker = shrinker_alloc(0, "wdmdma-keep");
	if (!keep_shrinker)
		return -ENOMEM;
	keep_shrinker->count_objects = keep_count;
	keep_shrinker->scan_objects = keep_scan;
	shrinker_register(keep_shrinker);
	return 0;
}

void wdmdma_keep_unregister(void)
{
	shrinker_free(keep_shrinker);
}

#ifdef CONFIG_WDMDMA_KUNIT
/* For the time of a case. Returns what it was. */
unsigned int wdmdma_keep_set_limit(unsigned int pages)
{
	return xchg(&keep_pages, pages);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_keep_set_limit);

/* What writing to the parameter does. */
int wdmdma_keep_write_limit(const char *value)
{
	const struct kernel_param param = { .arg = &keep_pages };

	return keep_set_pages(value, &param);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_keep_write_limit);

/* The same; for adapters that come after. */
bool wdmdma_keep_set_mapped(bool mapped)
{
	return xchg(&keep_mapped, mapped);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_keep_set_mapped);
#endif
