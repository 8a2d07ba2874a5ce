// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which adapters recycle their freed buffers, and how many pages of them. The limit is a module
 * parameter. A shrinker frees recycled buffers when memory is short.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

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

	if (device->dead || device->domain != device->home || !device->backend->recycle_mode ||
	    (dev_is_pci(device->dev) && to_pci_dev(device->dev)->untrusted))
		return WDMDMA_RECYCLE_NONE;
	mode = device->backend->recycle_mode(device);
	return mode == WDMDMA_RECYCLE_UNMAPPED && recycle_mapped ? WDMDMA_RECYCLE_MAPPED : mode;
}

/* Open the adapter's recycler, unless the device must not recycle buffers. */
void wdmdma_recycle_open(struct wdmdma_adapter *adapter)
{
	struct wdmdma_recycler *recycler = &adapter->recycler;
	enum wdmdma_recycle_mode mode = recycle_mode(adapter->device);

	lockdep_assert_held_write(&adapter->device->sem);
	if (mode == WDMDMA_RECYCLE_NONE)
		return;
	raw_spin_lock_irq(&recycler->lock);
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
	/* Wait for callers that map or unmap a page outside of the lock. */
	if (mode == WDMDMA_RECYCLE_UNMAPPED)
		synchronize_rcu();
	wdmdma_recycle_drain(adapter, ULONG_MAX);
}

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

static unsigned long recycle_count(struct shrinker *shrinker, struct shrink_control *control)
{
	return atomic_long_read(&wdmdma_recycled_pages) ?: SHRINK_EMPTY;
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
#endif
