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
 *   keeps_lock (keep.c)      while an adapter's keep comes or goes; the shrinker, which
 *                            must wait for nobody, tries this and the sem
 *   wdmdma_kept.lock         around what is put into a keep or taken out of it
 *   xarray and table locks of wdmdma_lookup, wdmdma_lookup.lock,
 *   wdmdma_adapter.vectors_lock, wdmdma_adapter.transfers_lock, handle table lock,
 *   the lock of tolerant.c, wdmdma_space.lock (backend_private), the lock of the list
 *   of homes (domain.c), wdmdma_controller.lock
 *
 * The first six sleep. Of the sems only one is held at a time: that of an adapter's
 * own device, also where the DMA is done with another one, see wdmdma_adapter_dma().
 * Nothing at all is held when a deferred free is queued.
 */
#ifndef WDMDMA_CORE_H
#define WDMDMA_CORE_H

#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/hashtable.h>
#include <linux/llist.h>
#include <linux/numa.h>
#include <linux/rhashtable-types.h>
#include <linux/rwsem.h>

#include "align.h"
#include "compat.h"
#include "handle.h"
#include "keep.h"
#include "lookup.h"
#include "pages.h"
#include "standin.h"
#include "window.h"
#include "work.h"

struct wdmdma_backend;
struct wdmdma_controller;
struct wdmdma_registers;
struct wdmdma_device;
struct wdmdma_private;
struct wdmdma_range;

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
 * @own: memory that the module maps itself, for CPU and device, if that is easily had
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
	bool own;
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
 * @named_first: the pages from this one on up to @named_end were freed as parts of
 * @named_end: the buffer, in tolerant mode (tolerant.c); none if they are equal
 * @freeing: set by the one caller that frees the buffer; and while it is kept
 * @cache: the cache type that was asked for: enum wdmdma_cache
 * @low_order: one more than the order of what is booked in wdmdma_device.low;
 *             0 for nothing (backend_iommu)
 * @adopted: the memory is the driver's: this is a struct wdmdma_adopted
 * @block: elements of a vector: this is in a struct wdmdma_vector_block
 * @shared: a domain buffer: all that join its domain must reach it
 * @keepable: nothing but its length and cache type was asked for: it can be kept
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
	struct wdmdma_range *range;
	unsigned long caller;
	u32 named_first;
	u32 named_end;
	atomic_t freeing;
	u8 cache;
	u8 low_order;
	u8 adopted : 1;
	u8 block : 1;
	u8 shared : 1;
	u8 keepable : 1;
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
 * struct wdmdma_adopted - a common buffer on memory of the driver's own
 * @buffer: first, so that both are freed as one; @buffer.pages is our own list
 * @owner: the driver's object that describes the memory, for as long as we use it
 * @owner_cpu: address of all that @owner describes; @buffer may be a part of it
 * @owner_len: length of all that
 * @direction: what the device may do: both, or DMA_TO_DEVICE for reading only
 * @held: we have a reference to each page, and they stay if the driver frees them
 * @pinned: they are a process's: they stay pinned if the driver unpins them
 */
struct wdmdma_adopted {
	struct wdmdma_buffer buffer;
	struct wdmdma_handle owner;
	void *owner_cpu;
	size_t owner_len;
	enum dma_data_direction direction;
	bool held;
	bool pinned;
};

static inline struct wdmdma_adopted *wdmdma_to_adopted(struct wdmdma_buffer *buffer)
{
	return container_of(buffer, struct wdmdma_adopted, buffer);
}

/**
 * struct wdmdma_naming - what a driver says of the buffer that it frees
 * @call: the Windows call, for messages
 * @cpu: virtual address
 * @len: length
 * @dma: logical address, if @has_dma
 * @cache: the cache type it was allocated with, if @has_cache. A buffer that was
 *         allocated by a call without one (WDMDMA_CACHE_PLATFORM) is then not meant
 * @has_dma: the call says where the buffer is for the device
 * @has_cache: the call says how the buffer is cached
 */
struct wdmdma_naming {
	const char *call;
	void *cpu;
	size_t len;
	dma_addr_t dma;
	enum wdmdma_cache cache;
	bool has_dma;
	bool has_cache;
};

/**
 * struct wdmdma_adoption - memory of the driver's own that is to become a buffer
 * @owner: as in struct wdmdma_adopted, by pointer
 * @owner_type: what @owner is
 * @owner_cpu: as there
 * @owner_len: as there
 * @pfn: the pages; their number follows from the request's length
 * @cpu: their address for the CPU, page aligned
 * @direction: as there
 * @hold: take references to the pages, which must be such that allow it
 * @pinned: the pages are pinned ones of a process (pins.h)
 */
struct wdmdma_adoption {
	const void *owner;
	enum wdmdma_handle_type owner_type;
	void *owner_cpu;
	size_t owner_len;
	const unsigned long *pfn;
	void *cpu;
	enum dma_data_direction direction;
	bool hold;
	bool pinned;
};

/* How a device gets at memory of a driver's. */
enum wdmdma_reach {
	WDMDMA_OUT_OF_REACH,
	WDMDMA_REACHES_COPY,	/* the kernel copies, through bounce buffers of its own */
	WDMDMA_REACHES,
};

/**
 * struct wdmdma_backend - one way to get memory that a device can reach
 * @name: for messages
 * @small_blocks: many small buffers cost little more than one large one
 * @alloc: fill in @cpu, @dma and what @free needs for a zeroed buffer of @size
 *         bytes; 0, or a negative errno and the reason in @why. The caller
 *         checks @dma against @window
 * @adopt: the same for the pages of an adopted buffer, which has all but @dma
 * @free: unmap from the device, then, unless they are adopted, from the CPU, and
 *        free; cannot fail
 * @shares: two devices that both use this backend may be able to share a domain
 * @reaches: can the device be given this memory, in this window of logical addresses?
 *           NULL: any, and which address it has shows only when it is mapped
 * @forget: give back what is kept of buffers that were freed, and say if there was any;
 *          NULL: nothing is kept
 * @phys: the memory behind a logical address that is mapped
 * @keep_mode: how freed buffers of the device's may be kept for the next allocation
 * @merges: pages that do not follow each other can become one range of addresses
 * @maps_with_dma_api: transfers can be mapped by dma_map_*()
 *
 * @alloc, @adopt and @free may sleep; @reaches and @phys are for transfers, and do
 * not. The device they are given is that of wdmdma_adapter_dma().
 */
struct wdmdma_backend {
	const char *name;
	bool small_blocks;
	bool shares;
	int (*alloc)(struct wdmdma_device *device, struct wdmdma_request *request,
		     struct wdmdma_buffer *buffer);
	int (*adopt)(struct wdmdma_device *device, struct wdmdma_request *request,
		     struct wdmdma_buffer *buffer);
	void (*free)(struct wdmdma_device *device, struct wdmdma_buffer *buffer);
	bool (*forget)(struct wdmdma_device *device);
	enum wdmdma_reach (*reaches)(const struct wdmdma_device *device,
				     struct wdmdma_window window, phys_addr_t phys, size_t len);
	phys_addr_t (*phys)(const struct wdmdma_device *device, dma_addr_t dma);
	enum wdmdma_kept_mode (*keep_mode)(const struct wdmdma_device *device);
	bool merges;
	bool maps_with_dma_api;
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
 * @align: what align.c notes
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
 * struct wdmdma_adapter - one open adapter
 * @handle: known to the driver by the address of @face
 * @device: with a reference
 * @node: in @device->adapters or @device->retired
 * @reach: logical addresses that this adapter may use; never page 0
 * @buffers: live buffers and blocks of vectors, and what is kept
 * @keep: freed buffers, for the next allocations
 * @vectors: live vectors
 * @vectors_lock: protects @vectors; taken under the device's sem
 * @deferred: buffers freed in atomic context, waiting for @drain
 * @drain: frees those
 * @teardown: destroys the adapter, where the last reference went in atomic context
 * @scatter_gather: the device takes lists; if not, it is given one range for a transfer
 * @map_registers: pages that one transfer may have
 * @controller: the DMA controller's channel that moves the bytes; NULL for a bus master
 * @lists: lists that the driver has, by their addresses
 * @waiting_lists: those that cannot be mapped yet, oldest first
 * @lists_served: @list_work is at it
 * @list_round: the round of tries that @list_work is in; the next one where it ends
 * @list_work: maps what waits
 * @unended_lists: synchronous calls that the driver has to end by FreeAdapterObject
 * @unended: the list of the one such call, as long as there is no other and it is not put
 * @channel: who has the channel; NULL while it is free
 * @registers: map registers that the driver has
 * @waiting_channels: who waits for the channel, oldest first
 * @channel_work: grants it
 * @transfers_closed: no more lists and channels: the adapter or its driver goes
 * @transfers_held: none for now: the device changes its domain
 * @starting: transfers that have noted the device to map with, and are in none of the
 *            lists above yet
 * @transfers_lock: protects lists, channel, registers, and the three above
 * @forget: frees the adapter's memory, when nobody can be looking anything up in it
 * @face: what the driver sees; belongs to the face
 */
struct wdmdma_adapter {
	struct wdmdma_handle handle;
	struct wdmdma_device *device;
	struct list_head node;
	struct wdmdma_window reach;
	struct wdmdma_lookup buffers;
	struct wdmdma_kept keep;
	struct list_head vectors;
	spinlock_t vectors_lock;	/* protects vectors */
	struct llist_head deferred;
	struct work_struct drain;
	struct work_struct teardown;
	bool scatter_gather;
	u32 map_registers;
	struct wdmdma_controller *controller;
	DECLARE_HASHTABLE(lists, 6);
	struct list_head waiting_lists;
	bool lists_served;
	unsigned int list_round;
	struct delayed_work list_work;
	unsigned int unended_lists;
	struct wdmdma_transfer *unended;
	struct wdmdma_registers *channel;
	struct list_head registers;
	struct list_head waiting_channels;
	struct work_struct channel_work;
	bool transfers_closed;
	bool transfers_held;
	unsigned int starting;
	spinlock_t transfers_lock;	/* protects lists, channel, registers and the above */
	struct rcu_work forget;
	u8 face[] __aligned(8);
};

/**
 * struct wdmdma_vector_block - elements of a vector that were allocated as one
 * @buffer: their memory; the addresses stay readable when it is freed
 * @vector: the vector
 * @live: elements not freed yet; 0 when the memory is gone
 */
struct wdmdma_vector_block {
	struct wdmdma_buffer buffer;
	struct wdmdma_vector *vector;
	atomic_t live;
};

/**
 * struct wdmdma_vector - many common buffers of one size
 * @handle: known to the driver by the address of this
 * @adapter: which it belongs to
 * @node: in @adapter->vectors
 * @caller: where it was allocated
 * @count: elements
 * @len: bytes asked for, of each
 * @stride: bytes from one element to the next, whole pages
 * @per_block: elements in each block but the last
 * @blocks: length of @block
 * @dead: a bit for each element that the driver has freed; behind @block
 * @rcu: for the handle table
 * @block: the memory
 */
struct wdmdma_vector {
	struct wdmdma_handle handle;
	struct wdmdma_adapter *adapter;
	struct list_head node;
	unsigned long caller;
	u32 count;
	size_t len;
	size_t stride;
	u32 per_block;
	u32 blocks;
	unsigned long *dead;
	struct rcu_head rcu;
	struct wdmdma_vector_block block[];
};

/* Bytes to allocate for a request; more than its length fits into 32 bits. */
static inline u64 wdmdma_request_size(const struct wdmdma_request *request)
{
	return ALIGN((u64)request->len, max_t(u64, request->granule, PAGE_SIZE));
}

/* One message with the device's name; rate-limited, because drivers retry. */
#define wdmdma_refuse(device, call, fmt, ...) \
	dev_warn_ratelimited((device)->dev, "%s: " fmt "\n", call, ##__VA_ARGS__)

/* Why a dead device gets nothing, for messages. */
static inline const char *wdmdma_dead_why(const struct wdmdma_device *device)
{
	return device->astray ? "the IOMMU has not taken the device back: bind its driver anew" :
				"the driver is unbound from the device";
}

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

/* Logical addresses that the device's own masks allow for coherent memory. */
static inline u64 wdmdma_device_reach(const struct wdmdma_device *device)
{
	u64 reach = device->dev->coherent_dma_mask;

	return device->dev->bus_dma_limit ? min(reach, device->dev->bus_dma_limit) : reach;
}

/*
 * The device to do an adapter's DMA with. Under the sem of the adapter's own device; or
 * for a transfer, which notes it, and which keeps the adapter where it is.
 */
static inline struct wdmdma_device *wdmdma_adapter_dma(const struct wdmdma_adapter *adapter)
{
	return adapter->device->dma;
}

/* wdm_memory.c, wdm_storport.c; for main.c, which is above all layers */
void wdm_memory_exit(void);
void wdm_stor_exit(void);

/* device.c */
struct wdmdma_device *wdmdma_device_open(struct device *dev);
struct wdmdma_device *wdmdma_device_find(const void *handle);
void wdmdma_device_put(struct wdmdma_device *device);
void wdmdma_device_retire(struct wdmdma_adapter *adapter);
int wdmdma_device_use_private(struct wdmdma_device *device, const char **why);
struct wdmdma_device *wdmdma_device_take_left(void);
#ifdef CONFIG_WDMDMA_KUNIT
int wdmdma_module_refs(void);
#endif

/* adapter.c */
struct wdmdma_adapter *wdmdma_adapter_create(struct wdmdma_device *device,
					     struct wdmdma_window reach, size_t face_size);
void wdmdma_adapter_publish(struct wdmdma_adapter *adapter);
struct wdmdma_adapter *wdmdma_adapter_find(const void *face);
void wdmdma_adapter_put(struct wdmdma_adapter *adapter);
void wdmdma_adapter_close(struct wdmdma_adapter *adapter);
void wdmdma_adapter_exit(void);

/* As wdmdma_adapter_find(), without a reference: for the time of the caller's RCU read lock. */
static inline struct wdmdma_adapter *wdmdma_adapter_peek(const void *face)
{
	struct wdmdma_handle *handle = wdmdma_handle_peek(WDMDMA_HANDLE_ADAPTER, face);

	return handle ? container_of(handle, struct wdmdma_adapter, handle) : NULL;
}

/* buffer.c */
int wdmdma_buffer_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			void **cpu, dma_addr_t *dma);
int wdmdma_buffer_adopt(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			const struct wdmdma_adoption *adoption, dma_addr_t *dma);
int wdmdma_buffer_free(struct wdmdma_adapter *adapter, const char *call, void *cpu,
		       dma_addr_t dma, size_t len);
int wdmdma_buffer_free_named(struct wdmdma_adapter *adapter, const struct wdmdma_naming *naming);
void wdmdma_buffer_free_deferred(struct wdmdma_adapter *adapter);
void wdmdma_buffer_free_all(struct wdmdma_adapter *adapter, const char *when);

/* buffer_record.c */
int wdmdma_record_check(const struct wdmdma_adapter *adapter, struct wdmdma_request *request);
int wdmdma_record_enter(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			struct wdmdma_buffer *buffer);
int wdmdma_block_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer);
void wdmdma_block_free(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer);
void wdmdma_record_revive(struct wdmdma_buffer *buffer, size_t len, enum wdmdma_cache cache,
			  unsigned long caller);
void wdmdma_record_disown(struct wdmdma_adopted *adopted);
void wdmdma_record_discard(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer);

/* tolerant.c */
bool wdmdma_free_is_tolerant(void);
const char *wdmdma_tolerate(struct wdmdma_buffer *buffer, const struct wdmdma_naming *naming,
			    bool *whole);
#ifdef CONFIG_WDMDMA_KUNIT
int wdmdma_free_mode_set(const char *value);
unsigned long wdmdma_tolerated_frees(void);
#endif

/* vector.c */
int wdmdma_vector_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request, u32 count,
			struct wdmdma_vector **result);
struct wdmdma_addresses wdmdma_vector_peek(const void *face, const void *key, u32 index);
struct wdmdma_addresses wdmdma_vector_get(struct wdmdma_adapter *adapter, const char *call,
					  const void *key, u32 index);
void wdmdma_vector_free_element(struct wdmdma_adapter *adapter, const char *call, const void *key,
				u32 index);
void wdmdma_vector_free(struct wdmdma_adapter *adapter, const char *call, const void *key);
void wdmdma_vector_free_all(struct wdmdma_adapter *adapter, const char *when);

/* flush.c */
int wdmdma_flush(struct wdmdma_adapter *adapter, const char *call, const unsigned long *pfn,
		 size_t offset, size_t len, bool to_device);

/* backend_direct.c, backend_iommu.c; backend_private.c, which has more in its header */
extern const struct wdmdma_backend wdmdma_backend_direct;
extern const struct wdmdma_backend wdmdma_backend_iommu;
extern const struct wdmdma_backend wdmdma_backend_private;

#include "domain.h"

/* translation.c */
bool wdmdma_iommu_translates(struct device *dev);
bool wdmdma_iommu_forbids_reading(struct device *dev);
bool wdmdma_iommu_is_lazy(const struct wdmdma_device *device);
bool wdmdma_iommu_has_page_size(struct device *dev, size_t size);

#endif /* WDMDMA_CORE_H */
