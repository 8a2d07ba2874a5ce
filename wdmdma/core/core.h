/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core: devices, adapters and common buffers. Core code must not use a Windows type
 * or the IOMMU API.
 *
 *   struct wdmdma_device    one per struct device that a driver opened. Lives until the
 *                           driver is unbound (devres). Its memory stays until the last
 *                           adapter is gone
 *   struct wdmdma_adapter   one per IoGetDmaAdapter. Owns its buffers
 *   struct wdmdma_buffer    one per common buffer of any kind. Holds everything that a
 *                           free needs, so that a free cannot fail
 *   struct wdmdma_domain    one per set of devices that share memory from the start.
 *                           Other devices may join
 *
 * An adapter outlives its device's driver if the driver forgot to put it. The adapter is
 * then dead. A dead adapter owns nothing, every call must be refused, and a put frees it.
 *
 * Lock order, outermost first:
 *
 *   wdmdma_open_lock         held while a device's record is found, made or freed, and while the
 *                            record changes its state. Of the locks below, only the next one,
 *                            verifier_lock, the handle table's lock and the lock of the list of
 *                            homes are taken with this one held
 *   wdmdma_domain_lock       one for all domains. Held for writing while a device changes its
 *                            domain or an adapter goes, and for reading while a domain buffer is
 *                            allocated, so that no device joins that cannot reach the buffer
 *   wdmdma_device.sem        held for reading around each allocation and free, and for writing
 *                            where adapters come, go or die, so that nothing is allocated while
 *                            the unbind frees buffers
 *   wdmdma_device.override   belongs to backend_iommu. Held for writing while the masks and the
 *                            node of the device's stand-in are those of one allocation, and for
 *                            reading around other allocations. No free takes it
 *   wdmdma_low.search        belongs to backend_iommu. Held while a buffer with a low limit is
 *                            placed, by one device of an IOMMU group at a time. No free takes it
 *   verifier_lock            (core/verifier.c) held while the settings of the verifier are read or
 *                            changed. Of the module's locks, none is taken with this one held
 *   wdmdma_lookup.insert     held around each insertion
 *   recyclers_lock           (core/recycle_limit.c) held while an adapter starts or stops to
 *                            recycle buffers. The shrinker must not wait for a lock that is held
 *                            around an allocation, so it only tries recyclers_lock and the sem,
 *                            and no function that frees a buffer may take wdmdma_device.override or
 *                            wdmdma_low.search
 *   wdmdma_recycler.lock     held while a recycled buffer is put in or taken out, and while a
 *                            buffer is claimed for its free. Nothing is mapped, and no table
 *                            changes, with this lock held
 *   wdmdma_transfers.mapping may be taken outside of wdmdma_transfers.lock
 *   xarray and table locks of wdmdma_lookup, wdmdma_lookup.lock, wdmdma_adapter.vectors_lock,
 *   wdmdma_transfers.lock, the handle table's lock, wdmdma_iova_space.lock (backend_private),
 *   wdmdma_low.lock (backend_iommu), the lock of the list of homes (core/domain.c)
 *   dma_channels_lock        (core/dma_channel.c) held while all channels are looked at
 *   wdmdma_dma_channel.lock  may be taken with wdmdma_transfers.lock held, and the kernel's
 *                            dma_spin_lock with this one held
 *
 * The lock of core/free_mode.c, the xarrays' locks of contiguous memory (wdm/wdm_contiguous.c) and
 * of uncached memory, the lock of reserved ranges (wdm/wdm_reserved.c) and the lock of a
 * miniport's objects (storport/stor_extension.c) are taken with interrupts off, each alone.
 *
 * wdmdma_refusals.lock may be taken with any of these locks held, and no lock with this one held.
 *
 * The locks down to recyclers_lock sleep. A task must not hold more than one sem. It must be the
 * sem of an adapter's own device, even if another device does the DMA, see wdmdma_adapter_dma().
 * No lock at all may be held when a deferred free is queued.
 */
#ifndef WDMDMA_CORE_H
#define WDMDMA_CORE_H

#include <linux/device.h>
#include <linux/preempt.h>
#include <linux/ratelimit.h>

struct wdmdma_device;

/* core/refusal.c */
void __cold __printf(6, 7) wdmdma_refusal_report(struct wdmdma_device *device, bool log,
						 const char *call, u32 bug, const char *reason,
						 const char *fmt, ...);

/*
 * Report a refusal, and count it by @reason, which must be a constant text. Log one message with
 * the device's name. The rate of messages is limited, because drivers retry. @bug is the code that
 * Windows has for the mistake, or 0.
 */
#define wdmdma_refuse_bug_for(device, call, bug, reason, fmt, ...)			\
	do {										\
		static DEFINE_RATELIMIT_STATE(wdmdma_rate, DEFAULT_RATELIMIT_INTERVAL,	\
					      DEFAULT_RATELIMIT_BURST);			\
		const char *wdmdma_call = call;						\
											\
		wdmdma_refusal_report(device, ___ratelimit(&wdmdma_rate, wdmdma_call),	\
				      wdmdma_call, bug, reason, fmt, ##__VA_ARGS__);	\
	} while (0)

/* Report a refusal for which Windows has no code. */
#define wdmdma_refuse_for(device, call, reason, fmt, ...) \
	wdmdma_refuse_bug_for(device, call, 0, reason, fmt, ##__VA_ARGS__)

/* Report a refusal whose reason is the message itself. */
#define wdmdma_refuse(device, call, fmt, ...) \
	wdmdma_refuse_for(device, call, NULL, fmt, ##__VA_ARGS__)
#define wdmdma_refuse_bug(device, call, bug, fmt, ...) \
	wdmdma_refuse_bug_for(device, call, bug, NULL, fmt, ##__VA_ARGS__)

/* Leaks of a kind are reported one by one up to this number, and then as a sum. */
#define WDMDMA_LEAKS_SHOWN	8

/**
 * struct wdmdma_leaks - what an adapter that goes had left, or all adapters of a device together
 * @when: what ends them, for messages
 * @lists: number of lists
 * @channels: number of requests for the channel
 * @vectors: number of vectors
 * @buffers: number of common buffers
 * @bytes: bytes of the common buffers
 */
struct wdmdma_leaks {
	const char *when;
	unsigned int lists;
	unsigned int channels;
	unsigned int vectors;
	unsigned int buffers;
	size_t bytes;
};

/* Count a leak in @leaks, the number of its kind. Return true if the leak must be reported. */
static inline bool wdmdma_leak_is_shown(unsigned int *leaks)
{
	return (*leaks)++ < WDMDMA_LEAKS_SHOWN;
}

/* core/leaks.c */
void wdmdma_leaks_report(const struct wdmdma_device *device, const struct wdmdma_leaks *leaks);

/*
 * Return true at DISPATCH_LEVEL or above, which means with bottom halves or interrupts off,
 * or with preemption off if the kernel counts that. A kernel that does not count cannot see
 * a plain spin_lock(), so DISPATCH_LEVEL requires spin_lock_bh(). On PREEMPT_RT a spinlock
 * switches nothing off, but is an RCU read section. So the module should not call this
 * function in an RCU read section of its own. wdmdma_routine_nested() may, because it asks
 * only for a task that is in a routine, and then the result is true in any case.
 */
static inline bool wdmdma_at_dispatch(void)
{
	return in_interrupt() || irqs_disabled() ||
	       (IS_ENABLED(CONFIG_PREEMPT_COUNT) && preempt_count()) ||
	       (IS_ENABLED(CONFIG_PREEMPT_RT) && rcu_preempt_depth());
}

#endif /* WDMDMA_CORE_H */
