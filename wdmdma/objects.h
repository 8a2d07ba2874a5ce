/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types that the core and the backends share, such as requests, buffers, backends, devices and
 * domains. This header must not declare functions of the core.
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
#include <linux/spinlock.h>

#include "backend/standin.h"
#include "compat.h"
#include "lib/handle.h"
#include "lib/owner.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"

struct iommu_domain;
struct iommu_group;
struct wdmdma_backend;
struct wdmdma_device;
struct wdmdma_private;
struct wdmdma_iova_range;

/**
 * struct wdmdma_request - one request for a buffer
 * @call: the Windows call, for messages
 * @caller: return address of the call, for leak reports
 * @len: number of bytes, not rounded
 * @window: logical addresses that the buffer may use
 * @node: preferred NUMA node, or NUMA_NO_NODE
 * @cache: how the CPU must cache the buffer
 * @granule: SZ_2M if memory, addresses and length must consist of large pages, or 0 for single
 *           pages
 * @boundary: a power of two whose multiples the @len bytes must not cross, or 0
 * @quiet: do not log a failure, because the caller retries or logs it
 * @shared: the buffer is for all devices of the domain
 * @own_backing: prefer backing pages, mapped by the module for CPU and device, so that the
 *               buffer can be recycled unmapped. Best effort, without emptying places.
 * @refusal: reason of a failure
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
	struct wdmdma_refusal refusal;
};

/**
 * struct wdmdma_buffer - one common buffer, or one block with elements of a vector
 * @cpu: address for the CPU
 * @dma: logical address, for the device
 * @len: bytes requested by the driver, which must repeat them when it frees the buffer
 * @pages: page set with the CPU mapping, if the backend made a page set
 * @sgt: mapping of @pages for the device if they are not contiguous (backend_iommu)
 * @range: logical addresses of the buffer (backend_private)
 * @caller: return address of the allocating call
 * @nr_pages: number of pages allocated
 * @freeing: set by the one caller that claimed the buffer for its free, and while the buffer is
 *           recycled. Set with wdmdma_recycler.lock held
 * @cache: enum wdmdma_cache requested by the driver
 * @low_order: one more than the order of the addresses accounted in the home's low, a number of
 *             backend/iommu_low.c for a place in a block, or 0 for none (backend_iommu)
 * @imported: the memory belongs to the driver, and the record is a struct wdmdma_imported
 * @block: the buffer has elements of a vector, and is in a struct wdmdma_vector_block
 * @shared: domain buffer, which all devices that join its domain must be able to reach
 * @recyclable: only length and cache type were asked for, so the buffer may be recycled
 * @standin: the DMA API was given wdmdma_device.standin, and must be given it at the free too
 * @guarded: there is a page of the verifier before and after the buffer (core/guard.c)
 * @by_cpu: node in wdmdma_lookup.page_by_cpu. Only for buffers of one page
 * @by_dma: node in wdmdma_lookup.page_by_dma. Only for buffers of one page
 * @freed_first: first page that was freed as a part of the buffer in tolerant mode
 *               (core/free_mode.c). Only for longer buffers
 * @freed_end: page after the last such page, or equal to @freed_first if there is none
 * @node: entry in wdmdma_lookup.records
 * @since: time of the allocation in jiffies, while the buffer is live
 * @deferred: entry in the adapter's list of frees that are left to the work item
 * @below: next buffer of the stack, while the buffer is recycled
 * @rcu: for the free, once the record has left the list and both tables, because look-ups may
 *       still use a record they have found
 *
 * There can be hundreds of thousands of buffers. The slab allocator uses 96 bytes for each, or
 * 128 if the structure grows.
 */
struct wdmdma_buffer {
	void *cpu;
	dma_addr_t dma;
	size_t len;
	struct wdmdma_pages *pages;
	union {
		struct sg_table *sgt;
		struct wdmdma_iova_range *range;
	};
	unsigned long caller;
	u32 nr_pages;
	bool freeing;
	u8 cache;
	u8 low_order;
	u8 imported : 1;
	u8 block : 1;
	u8 shared : 1;
	u8 recyclable : 1;
	u8 standin : 1;
	u8 guarded : 1;
	union {
		struct {
			struct rhash_head by_cpu;
			struct rhash_head by_dma;
		};
		struct {
			u32 freed_first;
			u32 freed_end;
		};
	};
	union {
		struct list_head node;
		struct rcu_head rcu;
	};
	union {
		unsigned long since;
		struct llist_node deferred;
		struct wdmdma_buffer *below;
	};
};

static_assert(sizeof(struct wdmdma_buffer) <= 96);

/* Return the number of bytes allocated, in whole pages. */
static inline size_t wdmdma_buffer_size(const struct wdmdma_buffer *buffer)
{
	return (size_t)buffer->nr_pages << PAGE_SHIFT;
}

/**
 * struct wdmdma_imported - a common buffer on memory of the driver
 * @buffer: must be first, so that both are freed as one. The module has made the list
 *          @buffer.pages itself.
 * @owner: use of the driver's object that describes the memory, for the life of the buffer
 * @owner_cpu: address of all memory that @owner describes, of which @buffer may be a part
 * @owner_len: length of all memory that @owner describes
 * @direction: DMA_BIDIRECTIONAL, or the only direction that the device may use
 * @held: the module has a reference to each page, so the pages stay if the driver frees them
 * @pinned: the pages belong to a process, and stay pinned if the driver unpins them
 */
struct wdmdma_imported {
	struct wdmdma_buffer buffer;
	struct wdmdma_owner owner;
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

/* How a device can get at memory of a driver. */
enum wdmdma_access {
	WDMDMA_ACCESS_NONE,
	WDMDMA_ACCESS_BOUNCED, /* the kernel copies through its bounce buffers */
	WDMDMA_ACCESS_DIRECT,
};

/**
 * enum wdmdma_recycle_mode - how a freed buffer may be recycled
 * @WDMDMA_RECYCLE_NONE: not at all
 * @WDMDMA_RECYCLE_MAPPED: the buffer stays as it is, and the device could still reach it
 * @WDMDMA_RECYCLE_UNMAPPED: the pages and their CPU mapping stay, but are unmapped from the
 *                           device
 */
enum wdmdma_recycle_mode {
	WDMDMA_RECYCLE_NONE,
	WDMDMA_RECYCLE_MAPPED,
	WDMDMA_RECYCLE_UNMAPPED,
};

/**
 * struct wdmdma_addresses - the addresses of one byte
 * @cpu: address for the CPU
 * @dma: address for the device
 */
struct wdmdma_addresses {
	void *cpu;
	dma_addr_t dma;
};

/**
 * struct wdmdma_backend - one way to memory that a device can reach
 * @name: for messages
 * @small_blocks: many small buffers cost little more than one large buffer
 * @alloc: allocate a zeroed buffer of @size bytes. Fill in @cpu, @dma and what @free needs.
 *         Return 0, or a negative errno with the reason in the request. The caller must check
 *         @dma against @window.
 * @import: like @alloc, for the pages of an imported buffer, which has everything but @dma
 * @free: unmap a buffer from the device, then from the CPU, and free the memory. The CPU
 *        mapping and the memory of an imported buffer stay. Must not fail.
 * @shares: two devices with this backend may be able to share a domain
 * @physical: the logical address of memory is its physical address, as dma_to_phys() says
 * @access: return how the device can get at memory within a window of logical addresses. NULL
 *          means that the device can get at any memory, and learns the address only from the
 *          mapping.
 * @forget: free memory that is kept for later buffers, and return true if there was any. NULL if
 *          the backend keeps none.
 * @phys: return the physical address behind a mapped logical address
 * @recycle_mode: return how freed buffers of a device may be recycled
 * @merges: one range of addresses can consist of pages that do not follow each other
 * @maps_with_dma_api: transfers can be mapped by dma_map_*()
 *
 * @alloc, @import and @free may sleep. @access and @phys are for transfers and must not sleep.
 * All of them must be called with the device of wdmdma_adapter_dma().
 */
struct wdmdma_backend {
	const char *name;
	bool small_blocks;
	bool shares;
	bool physical;
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
 * struct wdmdma_dma_parms - DMA parameters of a device before the module changed them
 * @own: DMA parameters for a device that has none
 * @align_mask: minimum alignment mask
 * @segment: length of the longest segment
 * @raised: length of the longest segment that the module has set instead, or 0
 */
struct wdmdma_dma_parms {
	struct device_dma_parameters own;
	unsigned int align_mask;
	unsigned int segment;
	unsigned int raised;
};

/* Calls that were refused for one reason. Both texts are constants. */
struct wdmdma_refusal_count {
	const char *call;
	const char *reason;
	unsigned long count;
};

#define WDMDMA_REFUSAL_ROWS	32

/**
 * struct wdmdma_refusals - the refusals of a device, counted by call and reason
 * @lock: protects all members. May be taken in any context, and is the innermost lock
 * @all: number of all refusals
 * @nr: number of rows in use
 * @row: the counts. Refusals that find no row are in @all only
 */
struct wdmdma_refusals {
	raw_spinlock_t lock; /* protects all members */
	unsigned long all;
	unsigned int nr;
	struct wdmdma_refusal_count row[WDMDMA_REFUSAL_ROWS];
};

#define WDMDMA_DRIVER_NAME	32

/* Who uses a device. Each has a call of its own that must end its use before the unbind. */
enum wdmdma_user {
	WDMDMA_USER_DRIVER,	/* has device objects, and gets adapters itself */
	WDMDMA_USER_MINIPORT,	/* has device extensions, with an adapter each */
	WDMDMA_USER_WDF,	/* has a WDFDEVICE, and below it enablers with adapters */
	WDMDMA_USERS
};

/* State of a device's driver. */
enum wdmdma_device_state {
	WDMDMA_DEVICE_BOUND,
	WDMDMA_DEVICE_UNBINDING,
	WDMDMA_DEVICE_UNBOUND,
};

/**
 * struct wdmdma_device - a struct device with a bound driver that uses the module
 * @handle: handle known to the driver as its DEVICE_OBJECT until unbind
 * @dev: the struct device, with a reference
 * @mask: DMA mask for transfers, as found by the last adapter
 * @backend: chosen once, before the device could be attached to another domain
 * @private: private domain requested by the driver before the first adapter, which also changed
 *           @backend, or NULL. Protected by @sem.
 * @sem: see the lock order in core/core.h
 * @dead: the driver is unbound, or the device is astray. Written with wdmdma_domain_lock and
 *        @sem held.
 * @astray: the IOMMU did not take the device back into its home. Written like @dead.
 * @home: domain that the device starts in, with a reference
 * @domain: domain of the device and all its adapters, with a reference unless it is @home.
 *          Written like @dead.
 * @member: entry in @domain->devices until the driver is unbound
 * @dma: device whose struct device must be used for DMA, which is the leader while this device
 *       is attached to another domain, and otherwise this device. Written like @dead. Needs no
 *       reference, because the driver of a leader is unbound after the drivers of the joiners.
 * @adapters: adapters before PutDmaAdapter. Protected by @sem.
 * @retired: adapters after PutDmaAdapter, newest first. Protected by @sem. Their memory stays
 *           for a while, so that a driver still using such an adapter gets an error.
 * @nr_retired: length of @retired
 * @users: number of uses that have not ended, for each kind of user
 * @override: see the lock order in core/core.h
 * @parms: for core/dma_parms.c
 * @standin: struct device given to the DMA API in place of @dev
 * @low_blocks: blocks for short buffers with a lower limit than that of the device. Protected by
 *              wdmdma_low.lock of @home
 * @lost: bytes of buffers that could not be freed
 * @driver: name of the driver, for tracepoints and debugfs
 * @record: entry in the list of all records. Protected by wdmdma_open_lock.
 * @state: protected by wdmdma_open_lock
 * @free: work item that frees the record if the last reference was dropped in atomic context
 * @rcu: for the handle table. kfree_rcu() allows no large offset
 * @verify: the verifier's checks for the device, bits of enum wdmdma_check
 * @refusals: counters of refusals
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
	atomic_t users[WDMDMA_USERS];
	struct rw_semaphore override;
	struct wdmdma_dma_parms parms;
	struct wdmdma_standin standin;
	struct list_head low_blocks;
	atomic_long_t lost;
	char driver[WDMDMA_DRIVER_NAME];
	struct list_head record;
	enum wdmdma_device_state state;
	struct work_struct free;
	struct rcu_head rcu;
	u32 verify;
	struct wdmdma_refusals refusals;
};

/**
 * struct wdmdma_domain - devices that share one logical address space
 * @handle: handle known to the driver by a number, which is never used again
 * @group: IOMMU group whose devices have their home here, with a reference. NULL without
 *         translation, where the domain is the home of one device.
 * @own: IOMMU domain of @group, to compare with the domain of a device. NULL without an IOMMU.
 *       Protected by wdmdma_domain_lock.
 * @bound: number of devices with a bound driver and their home here. Protected by
 *         wdmdma_domain_lock.
 * @astray: the group is known to be in another IOMMU domain, and the home holds references to
 *          itself and to the module meanwhile. Protected by wdmdma_domain_lock.
 * @low: low addresses that buffers of the devices of @group use
 * @node: entry in the list of homes, if there is a group
 * @devices: devices in the domain. Protected by wdmdma_domain_lock.
 * @rcu: for the handle table
 *
 * The object lives as long as a record of a device that has its home here, and as long as a
 * device is in the domain. For a driver the domain lives while an adapter is in it.
 */
struct wdmdma_domain {
	struct wdmdma_handle handle;
	struct iommu_group *group;
	struct iommu_domain *own;
	unsigned int bound;
	bool astray;
	struct wdmdma_low low;
	struct list_head node;
	struct list_head devices;
	struct rcu_head rcu;
};

/* Return the number of bytes to allocate. The result may need more than 32 bits. */
static inline u64 wdmdma_request_size(const struct wdmdma_request *request)
{
	return ALIGN((u64)request->len, max_t(u64, request->granule, PAGE_SIZE));
}

/* Return the highest logical address that the device's own masks allow for coherent memory. */
static inline u64 wdmdma_device_reach(const struct wdmdma_device *device)
{
	u64 reach = device->dev->coherent_dma_mask;

	return device->dev->bus_dma_limit ? min(reach, device->dev->bus_dma_limit) : reach;
}

/* Return the reason why a dead device gets nothing, for messages. */
static inline const char *wdmdma_dead_reason(const struct wdmdma_device *device)
{
	return device->astray ? "the IOMMU has not taken the device back: bind its driver anew" :
				"the driver is unbound from the device";
}

#endif /* WDMDMA_OBJECTS_H */
