/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core: devices, adapters and buffers, without a Windows type and without
 * the IOMMU API.
 *
 *   struct wdmdma_device    one per struct device that a driver opened; lives
 *                           from then until the driver is unbound (devres), and
 *                           its memory until the last adapter is gone
 *   struct wdmdma_adapter   one per IoGetDmaAdapter; owns its buffers
 *   struct wdmdma_buffer    one per common buffer of any kind; everything that
 *                           freeing needs is in it, so freeing cannot fail
 *   struct wdmdma_domain    one per set of devices that share memory from the start;
 *                           others may join it
 *
 * An adapter can outlive its device's driver (the driver forgot to put it) and
 * is then dead: it owns nothing, every call is refused, and a put frees it.
 *
 * Lock order, outermost first:
 *
 *   wdmdma_open_lock         while a device's record is looked up or made, and where it
 *                            changes its state or goes
 *   wdmdma_domain_lock       one for all: for writing while a device changes its
 *                            domain or an adapter goes, for reading while a domain
 *                            buffer is allocated
 *   wdmdma_device.sem        held for reading around each allocation and free,
 *                            for writing where adapters come, go or die
 *   wdmdma_device.override   backend_iommu's: for writing while the masks and the node
 *                            of the device's stand-in are those of one allocation
 *   wdmdma_lookup.insert     held around each insertion
 *   keeps_lock (core/recycle.c)      while an adapter's keep comes or goes; the shrinker, which
 *                            must wait for nobody, tries this and the sem
 *   wdmdma_kept.lock         around what is put into a keep or taken out of it
 *   xarray and table locks of wdmdma_lookup, wdmdma_lookup.lock,
 *   wdmdma_adapter.vectors_lock, wdmdma_transfers.lock, handle table lock,
 *   the lock of core/free_mode.c, wdmdma_iova_space.lock (backend_private), the lock of the list
 *   of homes (core/domain.c), wdmdma_dma_channel.lock
 *
 * The first six sleep. Of the sems only one is held at a time: that of an adapter's
 * own device, also where the DMA is done with another one, see wdmdma_adapter_dma().
 * Nothing at all is held when a deferred free is queued.
 */
#ifndef WDMDMA_CORE_H
#define WDMDMA_CORE_H

#include <linux/device.h>
#include <linux/preempt.h>

/* One message with the device's name; rate-limited, because drivers retry. */
#define wdmdma_refuse(device, call, fmt, ...) \
	dev_warn_ratelimited((device)->dev, "%s: " fmt "\n", call, ##__VA_ARGS__)

/* What was left behind is reported one by one up to here, and then as a sum. */
#define WDMDMA_LEAKS_SHOWN	8

/*
 * At DISPATCH_LEVEL or above: bottom halves or interrupts are off, or, where the
 * kernel counts that, preemption. On a kernel that does not count, a plain
 * spin_lock() does not show: DISPATCH_LEVEL means spin_lock_bh(). On PREEMPT_RT a
 * spinlock switches nothing off, but is a section of RCU readers; so this is not
 * for such sections of our own.
 */
static inline bool wdmdma_at_dispatch(void)
{
	return in_interrupt() || irqs_disabled() ||
	       (IS_ENABLED(CONFIG_PREEMPT_COUNT) && preempt_count()) ||
	       (IS_ENABLED(CONFIG_PREEMPT_RT) && rcu_preempt_depth());
}

#endif /* WDMDMA_CORE_H */
