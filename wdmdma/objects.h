/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects that core and backends share: what is asked for, what was given, and whom
 * it belongs to. Nothing that the core offers is declared here.
 */
#ifndef WDMDMA_OBJECTS_H
#define WDMDMA_OBJECTS_H

#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/numa.h>
#include <linux/rhashtable-types.h>
#include <linux/rwsem.h>

#include "backend/standin.h"
#include "compat.h"
#include "lib/handle.h"
#include "lib/page_set.h"
#include "lib/window.h"

struct iommu_domain;
struct iommu_group;
struct wdmdma_backend;
struct wdmdma_device;
struct wdmdma_private;
struct wdmdma_iova_range;

/**
 * struct wdmdma_request - one allocation, as asked for
 * @call: the Windows call, for messages
 * @caller: where it was called from, for leak reports
 * @len: bytes asked for, not rounded
 * @window: logical addresses that the buffer may use
 * @node: preferred NUMA node, or NUMA_NO_NODE
 * @cache: how the CPU is to see the buffer
 * @granule: SZ_2M for large pages: the memory, its addresses and its length then
 *           come in such; 0 for single pages
 * @boundary: a power of two whose multiples the @len bytes may not cross; 0 for none
 * @quiet: a failure is not reported: the caller has another try, or reports it
 * @shared: the buffer is for all of the domain
 * @own_backing: memory that the module maps itself, for CPU and device, if that is easily had
 * @why: set on failure: the reason, for the message
 */
struct wdmdma_request {
	const char *call;
	unsigned long caller;
	size_t len;
	struct wdmdma_window window;
	int node;
	enum wdmdma_cache cache;
	size_t granule;
	u64 boundary;
	bool quiet;
	bool shared;
	bool own_backing;
	const char *why;
};

/**
 * struct wdmdma_buffer - one common buffer, or a block with elements of a vector
 * @cpu: address for the CPU
 * @dma: logical address, for the device
 * @len: bytes that the driver asked for, and has to repeat when it frees
 * @size: bytes allocated: whole pages
 * @pages: the page set with the CPU mapping, where the backend made one
 * @sgt: how @pages are mapped, where they are not contiguous (backend_iommu)
 * @range: its logical addresses (backend_private)
 * @caller: where it was allocated
 * @freed_first: the pages from this one on up to @freed_end were freed as parts of
 * @freed_end: the buffer, in tolerant mode (core/free_mode.c); none if they are equal
 * @freeing: set by the one caller that frees the buffer; and while it is kept
 * @cache: the cache type that was asked for: enum wdmdma_cache
 * @low_order: one more than the order of what is booked in wdmdma_device.low;
 *             0 for nothing (backend_iommu)
 * @imported: the memory is the driver's: this is a struct wdmdma_imported
 * @block: elements of a vector: this is in a struct wdmdma_vector_block
 * @shared: a domain buffer: all that join its domain must reach it
 * @recyclable: nothing but its length and cache type was asked for: it can be kept
 * @standin: the DMA API was given wdmdma_device.standin, and is to be when it is freed
 * @by_cpu: in wdmdma_lookup.page_by_cpu
 * @by_dma: in wdmdma_lookup.page_by_dma
 * @node: in wdmdma_lookup.records
 * @deferred: in the adapter's list of frees put off to the work item
 * @below: while it is kept: the next one of the stack
 * @rcu: once it has left both: the record outlives look-ups that have found it
 *
 * There can be hundreds of thousands, and the slab allocator has 128 bytes or 192.
 */
struct wdmdma_buffer {
	void *cpu;
	dma_addr_t dma;
	size_t len;
	size_t size;
	struct wdmdma_pages *pages;
	struct sg_table *sgt;
	struct wdmdma_iova_range *range;
	unsigned long caller;
	u32 freed_first;
	u32 freed_end;
	atomic_t freeing;
	u8 cache;
	u8 low_order;
	u8 imported : 1;
	u8 block : 1;
	u8 shared : 1;
	u8 recyclable : 1;
	u8 standin : 1;
	struct rhash_head by_cpu;
	struct rhash_head by_dma;
	struct list_head node;
	union {
		struct llist_node deferred;
		struct wdmdma_buffer *below;
		struct rcu_head rcu;
	};
};

static_assert(sizeof(struct wdmdma_buffer) <= 128);

/**
 * struct wdmdma_imported - a common buffer on memory of the driver's own
 * @buffer: first, so that both are freed as one; @buffer.pages is our own list
 * @owner: the driver's object that describes the memory, for as long as we use it
 * @owner_cpu: address of all that @owner describes; @buffer may be a part of it
 * @owner_len: length of all that
 * @direction: what the device may do: both, or DMA_TO_DEVICE for reading only
 * @held: we have a reference to each page, and they stay if the driver frees them
 * @pinned: they are a process's: they stay pinned if the driver unpins them
 */
struct wdmdma_imported {
	struct wdmdma_buffer buffer;
	struct wdmdma_handle owner;
	void *owner_cpu;
	size_t owner_len;
	enum dma_data_direction direction;
	bool held;
	bool pinned;
};

static inline struct wdmdma_imported *wdmdma_to_imported(struct wdmdma_buffer *buffer)
{
	return container_of(buffer, struct wdmdma_imported, buffer);
}

/* How a device gets at memory of a driver's. */
enum wdmdma_access {
	WDMDMA_ACCESS_NONE,
	WDMDMA_ACCESS_BOUNCED, /* the kernel copies, through bounce buffers of its own */
	WDMDMA_ACCESS_DIRECT,
};

/**
 * enum wdmdma_recycle_mode - how a freed buffer may be kept
 * @WDMDMA_RECYCLE_NONE: not at all
 * @WDMDMA_RECYCLE_MAPPED: as it is; the device could still reach it
 * @WDMDMA_RECYCLE_UNMAPPED: its pages, with the CPU's mapping; not mapped for the device
 */
enum wdmdma_recycle_mode {
	WDMDMA_RECYCLE_NONE,
	WDMDMA_RECYCLE_MAPPED,
	WDMDMA_RECYCLE_UNMAPPED,
};

/**
 * struct wdmdma_addresses - of one byte
 * @cpu: for the CPU
 * @dma: for the device
 */
struct wdmdma_addresses {
	void *cpu;
	dma_addr_t dma;
};

/**
 * struct wdmdma_backend - one way to get memory that a device can reach
 * @name: for messages
 * @small_blocks: many small buffers cost little more than one large one
 * @alloc: fill in @cpu, @dma and what @free needs for a zeroed buffer of @size
 *         bytes; 0, or a negative errno and the reason in @why. The caller
 *         checks @dma against @window
 * @import: the same for the pages of an imported buffer, which has all but @dma
 * @free: unmap from the device, then, unless they are imported, from the CPU, and
 *        free; cannot fail
 * @shares: two devices that both use this backend may be able to share a domain
 * @access: can the device be given this memory, in this window of logical addresses?
 *           NULL: any, and which address it has shows only when it is mapped
 * @forget: give back what is kept of buffers that were freed, and say if there was any;
 *          NULL: nothing is kept
 * @phys: the memory behind a logical address that is mapped
 * @recycle_mode: how freed buffers of the device's may be kept for the next allocation
 * @merges: pages that do not follow each other can become one range of addresses
 * @maps_with_dma_api: transfers can be mapped by dma_map_*()
 *
 * @alloc, @import and @free may sleep; @access and @phys are for transfers, and do
 * not. The device they are given is that of wdmdma_adapter_dma().
 */
struct wdmdma_backend {
	const char *name;
	bool small_blocks;
	bool shares;
	int (*alloc)(struct wdmdma_device *device, struct wdmdma_request *request,
		     struct wdmdma_buffer *buffer);
	int (*import)(struct wdmdma_device *device, struct wdmdma_request *request,
		      struct wdmdma_buffer *buffer);
	void (*free)(struct wdmdma_device *device, struct wdmdma_buffer *buffer);
	bool (*forget)(struct wdmdma_device *device);
	enum wdmdma_access (*access)(const struct wdmdma_device *device,
				     struct wdmdma_window window, phys_addr_t phys, size_t len);
	phys_addr_t (*phys)(const struct wdmdma_device *device, dma_addr_t dma);
	enum wdmdma_recycle_mode (*recycle_mode)(const struct wdmdma_device *device);
	bool merges;
	bool maps_with_dma_api;
};

/**
 * struct wdmdma_align - what there was before a device was opened
 * @mask: its minimum alignment mask
 * @parms: DMA parameters for one that has none
 */
struct wdmdma_align {
	unsigned int mask;
	struct device_dma_parameters parms;
};

/* Of a device's driver. */
enum wdmdma_device_state {
	WDMDMA_DEVICE_BOUND,
	WDMDMA_DEVICE_UNBINDING,
	WDMDMA_DEVICE_UNBOUND,
};

/**
 * struct wdmdma_device - a struct device with a bound driver that uses the module
 * @handle: known to the driver as its DEVICE_OBJECT, until unbind
 * @dev: pinned
 * @mask: its mask for transfers, as the last adapter found it
 * @backend: chosen once, before anything could attach the device elsewhere
 * @private: the domain that the driver asked for before there was an adapter, and
 *           with which @backend changed; or NULL. Protected by @sem
 * @sem: see the lock order above
 * @dead: the driver is unbound, or the device astray; written under wdmdma_domain_lock
 *        and @sem
 * @astray: the IOMMU did not take the device back; written like @dead
 * @home: the domain that the device starts in, with a reference
 * @domain: the one it is in, with all its adapters; with a reference if it is not
 *          @home; written like @dead
 * @member: in @domain->devices until the driver is unbound
 * @dma: whose struct device to use for DMA: this one, or that of the leader while the
 *       device is attached to another one's domain; written like @dead. It needs no
 *       reference: a leader's driver is not unbound before those that joined it
 * @adapters: those not put yet; protected by @sem
 * @retired: those put, newest first; protected by @sem. Their memory stays for a
 *           while, so that a driver that uses one after the put is answered
 * @nr_retired: length of @retired
 * @users: device object references that the driver holds
 * @override: see the lock order above
 * @align: what core/align.c notes
 * @standin: what the DMA API is given in place of @dev
 * @low: what was placed with a lower limit than the device's own
 * @lost: bytes of buffers that could not be taken back
 * @record: in the list of all; protected by wdmdma_open_lock
 * @state: protected by wdmdma_open_lock
 * @free: frees the record, where the last reference went in atomic context
 * @rcu: for the handle table
 */
struct wdmdma_device {
	struct wdmdma_handle handle;
	struct device *dev;
	u64 mask;
	const struct wdmdma_backend *backend;
	struct wdmdma_private *private;
	struct rw_semaphore sem;
	bool dead;
	bool astray;
	struct wdmdma_domain *home;
	struct wdmdma_domain *domain;
	struct list_head member;
	struct wdmdma_device *dma;
	struct list_head adapters;
	struct list_head retired;
	unsigned int nr_retired;
	atomic_t users;
	struct rw_semaphore override;
	struct wdmdma_align align;
	struct wdmdma_standin standin;
	struct wdmdma_low low;
	atomic_long_t lost;
	struct list_head record;
	enum wdmdma_device_state state;
	struct work_struct free;
	struct rcu_head rcu;
};

/**
 * struct wdmdma_domain - what one logical address means the same for
 * @handle: known to the driver by a number, which is never used again
 * @group: the IOMMU group whose devices have their home here, with a reference; NULL
 *         where nothing translates: then it is the home of one device
 * @own: what the IOMMU calls the domain, to be compared with where a device is; NULL
 *       without one; protected by wdmdma_domain_lock
 * @bound: devices with a bound driver that have their home here; protected by
 *         wdmdma_domain_lock
 * @astray: the group is known to be elsewhere, with a reference; protected by
 *          wdmdma_domain_lock
 * @node: in the list of homes, if there is a group
 * @devices: those in the domain; protected by wdmdma_domain_lock
 * @rcu: for the handle table
 *
 * The object lives as long as the records of the devices that have their home in it,
 * and as long as a device is in it. For a driver the domain lives while an adapter is in it.
 */
struct wdmdma_domain {
	struct wdmdma_handle handle;
	struct iommu_group *group;
	struct iommu_domain *own;
	unsigned int bound;
	bool astray;
	struct list_head node;
	struct list_head devices;
	struct rcu_head rcu;
};

/* Bytes to allocate for a request; more than its length fits into 32 bits. */
static inline u64 wdmdma_request_size(const struct wdmdma_request *request)
{
	return ALIGN((u64)request->len, max_t(u64, request->granule, PAGE_SIZE));
}

/* Logical addresses that the device's own masks allow for coherent memory. */
static inline u64 wdmdma_device_reach(const struct wdmdma_device *device)
{
	u64 reach = device->dev->coherent_dma_mask;

	return device->dev->bus_dma_limit ? min(reach, device->dev->bus_dma_limit) : reach;
}

/* Why a dead device gets nothing, for messages. */
static inline const char *wdmdma_dead_why(const struct wdmdma_device *device)
{
	return device->astray ? "the IOMMU has not taken the device back: bind its driver anew" :
				"the driver is unbound from the device";
}

#endif /* WDMDMA_OBJECTS_H */
