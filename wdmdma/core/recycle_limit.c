// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which adapters recycle their freed buffers, how many pages of them, and whether the memory is
 * zeroed. These are module parameters. A shrinker frees recycled buffers when memory is short.
 *
 * Windows leaves the contents of a common buffer undefined, and a recycled buffer never leaves its
 * adapter. A driver that gets one without zeroing sees only what it or its device has written.
 * Cached memory is cheap to zero, and many drivers take zeroed memory for granted. So is the
 * memory of the DMA API for a device that is not cache coherent, which the DMA API zeroes through
 * the same mapping. To zero memory that the module has made uncached takes one bus cycle for each
 * word, so this must not happen. With recycle_zero=all such memory is not recycled. New memory is
 * always zeroed, while its pages are still cached.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/lookup_page.h"
#include "core/recycle.h"
#include "objects.h"

static int recycle_set_pages(const char *value, const struct kernel_param *param);
static const struct kernel_param_ops recycle_pages_ops = {
	.set = recycle_set_pages,
	.get = param_get_uint,
};
module_param_cb(recycle_pages, &recycle_pages_ops, &wdmdma_recycle_limit, 0644);
MODULE_PARM_DESC(recycle_pages,
		 "pages of freed buffers that an adapter may recycle (default 1024); 0: none");
static bool recycle_mapped;
module_param(recycle_mapped, bool, 0444);
MODULE_PARM_DESC(recycle_mapped,
		 "recycled pages stay mapped for the device even where the IOMMU is strict (default N)");

enum recycle_zero {
	RECYCLE_ZERO_NONE,
	RECYCLE_ZERO_CACHED,
	RECYCLE_ZERO_ALL,
};

static const char *const recycle_zero_name[] = {
	[RECYCLE_ZERO_NONE] = "none",
	[RECYCLE_ZERO_CACHED] = "cached",
	[RECYCLE_ZERO_ALL] = "all",
};

static enum recycle_zero recycle_zero = RECYCLE_ZERO_CACHED;

static int recycle_param_set_zero(const char *value, const struct kernel_param *param)
{
	int zero = sysfs_match_string(recycle_zero_name, value);

	if (zero < 0) {
		pr_err("recycle_zero=%s: must be none, cached or all\n", value);
		return zero;
	}
	recycle_zero = zero;
	return 0;
}

static int recycle_param_get_zero(char *value, const struct kernel_param *param)
{
	return sysfs_emit(value, "%s\n", recycle_zero_name[recycle_zero]);
}

static const struct kernel_param_ops recycle_zero_ops = {
	.set = recycle_param_set_zero,
	.get = recycle_param_get_zero,
};
module_param_cb(recycle_zero, &recycle_zero_ops, NULL, 0444);
MODULE_PARM_DESC(recycle_zero,
		 "recycled memory that is zeroed: none, cached (default), all (recycles no uncached memory)");

/* The open recyclers, protected by recyclers_lock. */
static LIST_HEAD(recyclers);
static DEFINE_MUTEX(recyclers_lock);

void wdmdma_recycle_init(struct wdmdma_recycler *recycler)
{
	raw_spin_lock_init(&recycler->lock);
	INIT_LIST_HEAD(&recycler->node);
}

static enum wdmdma_recycle_mode recycle_mode(const struct wdmdma_device *device)
{
	enum wdmdma_recycle_mode mode;

	/* The memory of a verified device goes at each free, so that a late use is seen. */
	if (device->dead || device->domain != device->home || !device->backend->recycle_mode ||
	    READ_ONCE(device->verify) || wdmdma_is_untrusted(device->dev))
		return WDMDMA_RECYCLE_NONE;
	mode = device->backend->recycle_mode(device);
	return mode == WDMDMA_RECYCLE_UNMAPPED && recycle_mapped ? WDMDMA_RECYCLE_MAPPED : mode;
}

/*
 * Open the adapter's recycler, unless it is open or the device must not recycle buffers. The mode
 * must not change while buffers are recycled. An administrator can make a strict domain lazy at any
 * time, and then an open recycler stays as it is.
 */
void wdmdma_recycle_open(struct wdmdma_adapter *adapter)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	enum wdmdma_recycle_mode mode = recycle_mode(adapter->device);

	lockdep_assert_held_write(&adapter->device->sem);
	if (mode == WDMDMA_RECYCLE_NONE || recycler->mode != WDMDMA_RECYCLE_NONE)
		return;
	raw_spin_lock_irq(&recycler->lock);
	recycler->zero = recycle_zero != RECYCLE_ZERO_NONE;
	recycler->uncached = recycle_zero != RECYCLE_ZERO_ALL;
	recycler->mode = mode;
	raw_spin_unlock_irq(&recycler->lock);
	mutex_lock(&recyclers_lock);
	list_move(&recycler->node, &recyclers);
	mutex_unlock(&recyclers_lock);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_open);

/* Close the adapter's recycler and free the buffers in it. */
void wdmdma_recycle_close(struct wdmdma_adapter *adapter)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	enum wdmdma_recycle_mode mode;

	lockdep_assert_held_write(&adapter->device->sem);
	mutex_lock(&recyclers_lock);
	list_del_init(&recycler->node);
	mutex_unlock(&recyclers_lock);
	raw_spin_lock_irq(&recycler->lock);
	mode = recycler->mode;
	recycler->mode = WDMDMA_RECYCLE_NONE;
	raw_spin_unlock_irq(&recycler->lock);
	wdmdma_recycle_drain(adapter, ULONG_MAX);
	/*
	 * A caller may have popped or claimed a page before, and zero, map or unmap it outside of
	 * the lock. Its record is still in the look-up then. After the wait such a page is either
	 * live or in the recycler.
	 */
	if (mode == WDMDMA_RECYCLE_NONE || list_empty(&adapter->buffers.records))
		return;
	synchronize_rcu();
	wdmdma_recycle_drain(adapter, ULONG_MAX);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_close);

static struct wdmdma_adapter *recycle_to_adapter(struct wdmdma_recycler *recycler)
{
	return container_of(recycler, struct wdmdma_adapter, recycler);
}

/*
 * Free @pages recycled pages of all adapters, or as many as possible without waiting. Must not
 * wait for a lock, because the caller may be an allocation that holds any lock. Return the
 * number of pages freed.
 */
unsigned long wdmdma_recycle_shrink(unsigned long pages)
{
	struct wdmdma_adapter *adapter;
	unsigned long freed = 0;
	struct wdmdma_recycler *recycler;

	if (!mutex_trylock(&recyclers_lock))
		return 0;
	list_for_each_entry(recycler, &recyclers, node) {
		adapter = recycle_to_adapter(recycler);
		if (freed >= pages)
			break;
		if (!down_read_trylock(&adapter->device->sem))
			continue;
		freed += wdmdma_recycle_drain(adapter, pages - freed);
		up_read(&adapter->device->sem);
	}
	mutex_unlock(&recyclers_lock);
	return freed;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_shrink);

/*
 * Free the buffers that exceed the limit. The sem may only be tried here, because
 * recyclers_lock nests inside of it. Return true if no adapter had to be left out.
 */
static bool recycle_trim(void)
{
	struct wdmdma_adapter *adapter;
	struct wdmdma_recycler *recycler;
	unsigned int most, pages;
	bool all = true;

	mutex_lock(&recyclers_lock);
	list_for_each_entry(recycler, &recyclers, node) {
		adapter = recycle_to_adapter(recycler);
		most = READ_ONCE(wdmdma_recycle_limit);
		pages = READ_ONCE(recycler->pages);
		if (pages <= most)
			continue;
		if (down_read_trylock(&adapter->device->sem)) {
			wdmdma_recycle_drain(adapter, pages - most);
			up_read(&adapter->device->sem);
		} else {
			all = false;
		}
	}
	mutex_unlock(&recyclers_lock);
	return all;
}

static int recycle_set_pages(const char *value, const struct kernel_param *param)
{
	int ret = param_set_uint(value, param);

	while (!ret && !recycle_trim()) {
		if (fatal_signal_pending(current))
			return -EINTR;
		fsleep(10 * USEC_PER_MSEC);
	}
	return ret;
}

/*
 * Count the recycled pages of all adapters, without a counter that all CPUs would share. Must not
 * wait, as wdmdma_recycle_shrink(). Return 0, which means unknown, if the list is in use.
 */
static unsigned long recycle_count(struct shrinker *shrinker, struct shrink_control *control)
{
	struct wdmdma_recycler *recycler;
	unsigned long pages = 0;

	if (!mutex_trylock(&recyclers_lock))
		return 0;
	list_for_each_entry(recycler, &recyclers, node)
		pages += READ_ONCE(recycler->pages);
	mutex_unlock(&recyclers_lock);
	return pages ?: SHRINK_EMPTY;
}

static unsigned long recycle_scan(struct shrinker *shrinker, struct shrink_control *control)
{
	return wdmdma_recycle_shrink(control->nr_to_scan) ?: SHRINK_STOP;
}

static struct shrinker *recycle_shrinker;

int wdmdma_recycle_register(void)
{
	recycle_shrinker = shrinker_alloc(0, "wdmdma-recycle");
	if (!recycle_shrinker)
		return -ENOMEM;
	recycle_shrinker->count_objects = recycle_count;
	recycle_shrinker->scan_objects = recycle_scan;
	shrinker_register(recycle_shrinker);
	return 0;
}

void wdmdma_recycle_unregister(void)
{
	shrinker_free(recycle_shrinker);
}

#ifdef CONFIG_WDMDMA_KUNIT
/* Set the limit for the time of a test case, and return the old limit. */
unsigned int wdmdma_recycle_set_limit(unsigned int pages)
{
	return xchg(&wdmdma_recycle_limit, pages);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_set_limit);

/* Set the limit as a write to the module parameter does. */
int wdmdma_recycle_write_limit(const char *value)
{
	const struct kernel_param param = { .arg = &wdmdma_recycle_limit };

	return recycle_set_pages(value, &param);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_write_limit);

/* Set recycle_mapped for adapters that are opened later, and return the old value. */
bool wdmdma_recycle_set_mapped(bool mapped)
{
	return xchg(&recycle_mapped, mapped);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_set_mapped);

/* Set recycle_zero for adapters that are opened later. */
int wdmdma_recycle_set_zero(const char *value)
{
	return recycle_param_set_zero(value, NULL);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_set_zero);

/* Return what the shrinker counts. */
unsigned long wdmdma_recycle_count(void)
{
	return recycle_count(NULL, NULL);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_recycle_count);
#endif
