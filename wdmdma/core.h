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
 *
 * An adapter can outlive its device's driver (the driver forgot to put it) and
 * is then dead: it owns nothing, every call is refused, and a put frees it.
 *
 * Lock order, outermost first:
 *
 *   wdmdma_open_lock         while a device's record is looked up or made
 *   wdmdma_device.sem        held for reading around each allocation and free,
 *                            for writing where adapters come, go or die
 *   wdmdma_device.override   backend_iommu's: for writing while the device's
 *                            mask or node is replaced for one allocation
 *   xarray lock of wdmdma_adapter.buffers, wdmdma_adapter.vectors_lock, handle
 *   table lock
 *
 * The first three sleep. Nothing at all is held when a deferred free is queued.
 */
#ifndef WDMDMA_CORE_H
#define WDMDMA_CORE_H

#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/llist.h>
#include <linux/numa.h>
#include <linux/rwsem.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "compat.h"
#include "handle.h"
#include "pages.h"
#include "window.h"

struct wdmdma_backend;
struct wdmdma_device;

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
	const char *why;
};

/**
 * struct wdmdma_buffer - one common buffer
 * @cpu: address for the CPU; also the index in the adapter's table
 * @dma: logical address, for the device
 * @len: bytes that the driver asked for, and has to repeat when it frees
 * @size: bytes allocated: whole pages
 * @caller: where it was allocated
 * @attrs: DMA_ATTR_* of the allocation
 * @pages: the page set with the CPU mapping, where the backend made one
 * @sgt: the list by which @pages are mapped, where they are not contiguous
 * @low_bytes: bytes booked in wdmdma_device.low_bytes (backend_iommu)
 * @freeing: set by the one caller that frees the buffer
 * @adopted: the memory is the driver's: this is a struct wdmdma_adopted
 * @deferred: in the adapter's list of frees put off to the work item
 * @rcu: the record outlives look-ups that have just found it
 */
struct wdmdma_buffer {
	void *cpu;
	dma_addr_t dma;
	size_t len;
	size_t size;
	unsigned long caller;
	unsigned long attrs;
	struct wdmdma_pages *pages;
	struct sg_table *sgt;
	size_t low_bytes;
	unsigned long freeing;
	bool adopted;
	struct llist_node deferred;
	struct rcu_head rcu;
};

/**
 * struct wdmdma_adopted - a common buffer on memory of the driver's own
 * @buffer: first, so that both are freed as one; @buffer.pages is our own list
 * @owner: the driver's object that describes the memory, for as long as we use it
 * @owner_cpu: address of all that @owner describes; @buffer may be a part of it
 * @owner_len: length of all that
 * @direction: what the device may do: both, or DMA_TO_DEVICE for reading only
 * @held: we have a reference to each page, and they stay if the driver frees them
 * @iova: the range of addresses, where the kernel has dma_iova_*() (backend_iommu)
 */
struct wdmdma_adopted {
	struct wdmdma_buffer buffer;
	struct wdmdma_handle owner;
	void *owner_cpu;
	size_t owner_len;
	enum dma_data_direction direction;
	bool held;
	struct dma_iova_state iova;
};

static inline struct wdmdma_adopted *wdmdma_to_adopted(struct wdmdma_buffer *buffer)
{
	return container_of(buffer, struct wdmdma_adopted, buffer);
}

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
};

/**
 * struct wdmdma_backend - one way to get memory that a device can reach
 * @name: for messages
 * @alloc: fill in @cpu, @dma and what @free needs for a zeroed buffer of @size
 *         bytes; 0, or a negative errno and the reason in @why. The caller
 *         checks @dma against @window
 * @adopt: the same for the pages of an adopted buffer, which has all but @dma
 * @free: unmap from the device, then, unless they are adopted, from the CPU, and
 *        free; cannot fail
 *
 * Both may sleep.
 */
struct wdmdma_backend {
	const char *name;
	int (*alloc)(struct wdmdma_device *device, struct wdmdma_request *request,
		     struct wdmdma_buffer *buffer);
	int (*adopt)(struct wdmdma_device *device, struct wdmdma_request *request,
		     struct wdmdma_buffer *buffer);
	void (*free)(struct wdmdma_device *device, struct wdmdma_buffer *buffer);
};

/**
 * struct wdmdma_device - a struct device with a bound driver that uses the module
 * @handle: known to the driver as its DEVICE_OBJECT, until unbind
 * @dev: pinned
 * @backend: chosen once, before anything could attach the device elsewhere
 * @sem: see the lock order above
 * @dead: the driver is unbound; protected by @sem
 * @adapters: those not put yet; protected by @sem
 * @retired: those put, newest first; protected by @sem. Their memory stays for a
 *           while, so that a driver that uses one after the put is answered
 * @nr_retired: length of @retired
 * @users: device object references that the driver holds
 * @override: see the lock order above
 * @low_bytes: bytes of live buffers that were placed with a lower limit than the
 *             device's own, by the highest bit of their last address
 * @rcu: for the handle table
 */
struct wdmdma_device {
	struct wdmdma_handle handle;
	struct device *dev;
	const struct wdmdma_backend *backend;
	struct rw_semaphore sem;
	bool dead;
	struct list_head adapters;
	struct list_head retired;
	unsigned int nr_retired;
	atomic_t users;
	struct rw_semaphore override;
	atomic_long_t low_bytes[64];
	struct rcu_head rcu;
};

/**
 * struct wdmdma_adapter - one open adapter
 * @handle: known to the driver by the address of @face
 * @device: with a reference
 * @node: in @device->adapters or @device->retired
 * @reach: logical addresses that this adapter may use; never page 0
 * @buffers: live buffers, indexed by CPU page number
 * @vectors: live vectors
 * @vectors_lock: protects @vectors; taken under the device's sem
 * @deferred: buffers freed in atomic context, waiting for @drain
 * @drain: frees those
 * @teardown: destroys the adapter, where the last reference went in atomic context
 * @rcu: for the handle table
 * @face: what the driver sees; belongs to the face
 */
struct wdmdma_adapter {
	struct wdmdma_handle handle;
	struct wdmdma_device *device;
	struct list_head node;
	struct wdmdma_window reach;
	struct xarray buffers;
	struct list_head vectors;
	spinlock_t vectors_lock;	/* protects vectors */
	struct llist_head deferred;
	struct work_struct drain;
	struct work_struct teardown;
	struct rcu_head rcu;
	u8 face[] __aligned(8);
};

/**
 * struct wdmdma_vector_block - elements of a vector that were allocated as one
 * @buffer: their memory; the addresses stay readable when it is freed
 * @live: elements not freed yet; 0 when the memory is gone
 */
struct wdmdma_vector_block {
	struct wdmdma_buffer buffer;
	atomic_t live;
};

/**
 * struct wdmdma_vector - many common buffers of one size
 * @handle: known to the driver by the address of this
 * @adapter: which it belongs to
 * @node: in @adapter->vectors
 * @caller: where it was allocated
 * @count: elements
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

/*
 * At DISPATCH_LEVEL or above: bottom halves or interrupts are off, or, where the
 * kernel counts that, preemption. On a kernel that does not count, a plain
 * spin_lock() does not show: DISPATCH_LEVEL means spin_lock_bh().
 */
static inline bool wdmdma_at_dispatch(void)
{
	return in_interrupt() || irqs_disabled() ||
	       (IS_ENABLED(CONFIG_PREEMPT_COUNT) && preempt_count());
}

/*
 * Logical addresses that the device's own masks allow for coherent memory. Under
 * the device's override lock where backend_iommu may replace them.
 */
static inline u64 wdmdma_device_reach(const struct wdmdma_device *device)
{
	u64 reach = device->dev->coherent_dma_mask;

	return device->dev->bus_dma_limit ? min(reach, device->dev->bus_dma_limit) : reach;
}

/* wdm_memory.c; for main.c, which is above all layers */
void wdm_memory_exit(void);

/* device.c */
struct wdmdma_device *wdmdma_device_open(struct device *dev);
struct wdmdma_device *wdmdma_device_find(const void *handle);
void wdmdma_device_put(struct wdmdma_device *device);
#ifdef CONFIG_WDMDMA_KUNIT
int wdmdma_module_refs(void);
#endif

/* adapter.c */
extern struct workqueue_struct *wdmdma_workqueue;

struct wdmdma_adapter *wdmdma_adapter_create(struct wdmdma_device *device,
					     struct wdmdma_window reach, size_t face_size);
void wdmdma_adapter_publish(struct wdmdma_adapter *adapter);
struct wdmdma_adapter *wdmdma_adapter_find(const void *face);
void wdmdma_adapter_put(struct wdmdma_adapter *adapter);
void wdmdma_adapter_close(struct wdmdma_adapter *adapter);

/* buffer.c */
int wdmdma_buffer_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			void **cpu, dma_addr_t *dma);
int wdmdma_buffer_adopt(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
			const struct wdmdma_adoption *adoption, dma_addr_t *dma);
int wdmdma_buffer_free(struct wdmdma_adapter *adapter, const char *call, void *cpu,
		       dma_addr_t dma, size_t len);
int wdmdma_block_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer);
void wdmdma_block_free(struct wdmdma_adapter *adapter, struct wdmdma_buffer *buffer);
void wdmdma_buffer_free_deferred(struct wdmdma_adapter *adapter);
void wdmdma_buffer_free_all(struct wdmdma_adapter *adapter, const char *when);

/* vector.c */
int wdmdma_vector_alloc(struct wdmdma_adapter *adapter, struct wdmdma_request *request, u32 count,
			struct wdmdma_vector **result);
int wdmdma_vector_get(struct wdmdma_adapter *adapter, const char *call, const void *key, u32 index,
		      void **cpu, dma_addr_t *dma);
void wdmdma_vector_free_element(struct wdmdma_adapter *adapter, const char *call, const void *key,
				u32 index);
void wdmdma_vector_free(struct wdmdma_adapter *adapter, const char *call, const void *key);
void wdmdma_vector_free_all(struct wdmdma_adapter *adapter, const char *when);

/* own.c */
int wdmdma_own_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
		     struct wdmdma_window physical, struct wdmdma_buffer *buffer);
int wdmdma_own_map(struct wdmdma_device *device, struct wdmdma_request *request,
		   struct wdmdma_buffer *buffer);
void wdmdma_own_unmap(struct wdmdma_device *device, struct wdmdma_buffer *buffer);
void wdmdma_own_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer);

/* backend_direct.c, backend_iommu.c */
extern const struct wdmdma_backend wdmdma_backend_direct;
extern const struct wdmdma_backend wdmdma_backend_iommu;
bool wdmdma_iommu_translates(struct device *dev);

#endif /* WDMDMA_CORE_H */
