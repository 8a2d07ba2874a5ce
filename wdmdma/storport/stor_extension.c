// SPDX-License-Identifier: GPL-2.0-only
/*
 * StorPort calls for a miniport's HwDeviceExtension, and for its one uncached extension.
 *
 * A miniport's device extension is looked up by its address, like every other handle. Each call
 * must hold a reference while it runs. The release of the last reference frees all that the
 * miniport has left.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/instruction_pointer.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/buffer.h"
#include "core/core.h"
#include "core/transfer.h"
#include "core/work.h"
#include "lib/freed_memory.h"
#include "lib/handle.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"
#include "storport/stor.h"
#include "wdm/wdm_common.h"

/* Report a pointer that is no device extension. */
static void __cold stor_refuse_extension(PVOID hw_device_extension, const char *call)
{
	wdmdma_report(call, "HwDeviceExtension %s", hw_device_extension ?
		      "is not from wdmdma_hw_device_extension_create, or already destroyed" :
		      "is NULL");
}

/*
 * Return the object behind the miniport's pointer, with a reference, or NULL with a message.
 * Any context.
 */
struct wdm_stor *wdm_stor_find(PVOID hw_device_extension, const char *call)
{
	struct wdmdma_handle *handle = wdmdma_handle_find(WDMDMA_HANDLE_MINIPORT,
							  hw_device_extension);

	if (handle)
		return container_of(handle, struct wdm_stor, handle);
	stor_refuse_extension(hw_device_extension, call);
	return NULL;
}

/*
 * Return the object behind the miniport's pointer, or NULL with a message. The caller gets no
 * reference. It must hold the RCU read lock for as long as it uses the object. Any context.
 */
struct wdm_stor *wdm_stor_peek(PVOID hw_device_extension, const char *call)
{
	struct wdmdma_handle *handle = wdmdma_handle_peek(WDMDMA_HANDLE_MINIPORT,
							  hw_device_extension);

	if (likely(handle))
		return container_of(handle, struct wdm_stor, handle);
	stor_refuse_extension(hw_device_extension, call);
	return NULL;
}

/* Convert an error of the core to a STOR_STATUS. */
ULONG wdm_stor_status(int error)
{
	switch (error) {
	case 0:
		return STOR_STATUS_SUCCESS;
	case -EINVAL:
		return STOR_STATUS_INVALID_PARAMETER;
	case -ESHUTDOWN:
		return STOR_STATUS_INVALID_DEVICE_STATE;
	default:
		return STOR_STATUS_INSUFFICIENT_RESOURCES;
	}
}

/* Record that the miniport holds an object. Any context. */
int wdm_stor_add(struct wdm_stor *stor, const struct wdm_stor_kind *kind, u64 key, void *memory,
		 size_t len)
{
	struct wdm_stor_object *object = kzalloc(sizeof(*object), wdm_stor_gfp());
	unsigned long flags;

	if (!object)
		return -ENOMEM;
	object->kind = kind;
	object->key = key;
	object->memory = memory;
	object->len = len;
	spin_lock_irqsave(&stor->lock, flags);
	hash_add_rcu(stor->objects, &object->node, key);
	spin_unlock_irqrestore(&stor->lock, flags);
	return 0;
}

/*
 * Return the object of this kind under this key, or NULL. The caller holds the RCU read lock or
 * @stor->lock.
 */
static struct wdm_stor_object *stor_lookup(struct wdm_stor *stor, const struct wdm_stor_kind *kind,
					   u64 key)
{
	struct wdm_stor_object *object;

	hash_for_each_possible_rcu(stor->objects, object, node, key, lockdep_is_held(&stor->lock))
		if (object->key == key && object->kind == kind)
			return object;
	return NULL;
}

/*
 * Return the memory of an object, or NULL. The caller must make sure that the memory stays. Any
 * context.
 */
void *wdm_stor_memory(struct wdm_stor *stor, const struct wdm_stor_kind *kind, u64 key)
{
	struct wdm_stor_object *object;
	void *memory;

	rcu_read_lock();
	object = stor_lookup(stor, kind, key);
	memory = object ? object->memory : NULL;
	rcu_read_unlock();
	return memory;
}

/*
 * Take an object out of the hash table. Of several callers, exactly one gets the object, and
 * must free it by RCU. Any context.
 */
struct wdm_stor_object *wdm_stor_take(struct wdm_stor *stor, const struct wdm_stor_kind *kind,
				      u64 key)
{
	struct wdm_stor_object *object;
	unsigned long flags;

	spin_lock_irqsave(&stor->lock, flags);
	object = stor_lookup(stor, kind, key);
	if (object)
		hash_del_rcu(&object->node);
	spin_unlock_irqrestore(&stor->lock, flags);
	return object;
}

/*
 * Free a common buffer of the extension. A buffer that was left when the driver was unbound was
 * reported and freed then, so there is nothing to do. Any context.
 */
void wdm_stor_free_buffer(struct wdm_stor *stor, const char *call, void *memory, dma_addr_t la,
			  size_t len)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(stor->dma_adapter);
	dma_addr_t live;

	if (!adapter)
		return;
	if (!wdmdma_virt_to_logical(stor->dma_adapter, memory, &live, NULL) && live == la)
		wdmdma_buffer_free(adapter, call, memory, la, len);
	wdmdma_adapter_put(adapter);
}

static void stor_free_uncached(struct wdm_stor *stor)
{
	wdm_stor_free_buffer(stor, stor->when, stor->uncached, stor->uncached_la.QuadPart,
			     stor->uncached_len);
}

/*
 * End all transfers for SRBs and lists, so that the device uses no memory any more, whoever
 * owns the memory.
 */
static void stor_end_transfers(struct wdm_stor *stor)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(stor->dma_adapter);
	struct wdm_stor_object *object;
	unsigned int bucket;

	hash_for_each(stor->objects, bucket, object, node)
		if (object->kind->end_transfer)
			object->kind->end_transfer(stor, object);
	if (!adapter)
		return;
	wdmdma_sg_list_end(adapter, stor->when);
	wdmdma_adapter_put(adapter);
}

/* Free and report the objects of a stage. */
static void stor_release_stage(struct wdm_stor *stor, enum wdm_stor_stage stage)
{
	struct device *dev = ((struct wdmdma_device *)stor->pdo)->dev;
	const struct wdm_stor_kind *kind = NULL;
	struct wdm_stor_object *object;
	struct hlist_node *next;
	unsigned int bucket, left = 0;

	hash_for_each_safe(stor->objects, bucket, next, object, node) {
		if (object->kind->stage != stage)
			continue;
		kind = object->kind;
		if (left++ < WDMDMA_LEAKS_SHOWN)
			dev_warn(dev, "%s: not freed: %s %p\n", stor->when, kind->name,
				 object->memory);
		hash_del(&object->node);
		kind->release(stor, object);
		kfree_rcu(object, rcu);
	}
	if (kind)
		dev_warn(dev, "%s: %u %s were left: freed now\n", stor->when, left, kind->names);
}

/*
 * Free everything. No call uses the extension or can find it any more. The transfers must end
 * first, since their memory may be of any kind. After that, an object must be freed before the
 * memory that it lies in. May sleep.
 */
static void stor_teardown(struct work_struct *work)
{
	struct wdm_stor *stor = container_of(work, struct wdm_stor, teardown);
	enum wdm_stor_stage stage;

	/* Calls for SRBs find the extension under the RCU read lock, and take no reference. */
	synchronize_rcu();
	stor_end_transfers(stor);
	for (stage = 0; stage < WDM_STOR_STAGES; stage++) {
		stor_release_stage(stor, stage);
		if (stage == WDM_STOR_DEVICE_MEMORY && stor->uncached)
			stor_free_uncached(stor);
	}
	stor->dma_adapter->DmaOperations->PutDmaAdapter(stor->dma_adapter);
	wdm_device_drop(stor->pdo, WDMDMA_USER_MINIPORT);
	kvfree_rcu(stor, rcu);
}

/*
 * Tear down when the last reference is gone, in a work item if the caller must not sleep. Any
 * context.
 */
static void stor_release(struct kref *ref)
{
	struct wdm_stor *stor = container_of(ref, struct wdm_stor, handle.ref);

	if (wdmdma_at_dispatch())
		queue_work(wdmdma_workqueue, &stor->teardown);
	else
		stor_teardown(&stor->teardown);
}

void wdm_stor_put(struct wdm_stor *stor)
{
	kref_put(&stor->handle.ref, stor_release);
}

/* Get the adapter. The device's mask alone limits its addresses. */
static bool stor_get_adapter(struct wdm_stor *stor, struct device *dev, const char *call)
{
	DEVICE_DESCRIPTION description = {
		.Version = DEVICE_DESCRIPTION_VERSION3,
		.Master = TRUE,
		.ScatterGather = TRUE,
		.InterfaceType = InterfaceTypeUndefined,
		.MaximumLength = U32_MAX,
		.DmaAddressWidth = 64,
	};
	ULONG map_registers;

	stor->pdo = wdm_device_hold(dev, WDMDMA_USER_MINIPORT, call);
	if (!stor->pdo)
		return false;
	stor->dma_adapter = wdm_adapter_get((struct wdmdma_device *)stor->pdo,
					    WDMDMA_USER_MINIPORT, call, &description,
					    &map_registers);
	if (stor->dma_adapter)
		return true;
	wdm_device_drop(stor->pdo, WDMDMA_USER_MINIPORT);
	return false;
}

/**
 * wdmdma_hw_device_extension_create() - make a miniport's device extension
 * @dev: the device, with its driver bound or in its probe function
 * @size: number of bytes that the miniport wants, which is its DeviceExtensionSize
 *
 * The glue of a ported miniport must call this once the DMA mask is set, and pass the result to
 * the miniport as HwDeviceExtension. The extension is zeroed memory of the miniport, and the
 * handle in all StorPort calls. The memory that those calls return lies within the device's DMA
 * mask.
 *
 * Context: PASSIVE_LEVEL (may sleep).
 * Return: the extension, or NULL with the reason in the log.
 */
PVOID wdmdma_hw_device_extension_create(struct device *dev, size_t size)
{
	struct wdm_stor *stor;

	if (wdm_above_passive(__func__))
		return NULL;
	if (!size) {
		wdmdma_report(__func__, "size is 0");
		return NULL;
	}
	stor = wdmdma_kvmalloc(struct_size(stor, extension, size), WDMDMA_GFP | __GFP_ZERO);
	if (!stor) {
		wdmdma_report(__func__, "no memory for %zu bytes", size);
		return NULL;
	}
	stor->size = size;
	mutex_init(&stor->uncached_lock);
	spin_lock_init(&stor->lock);
	hash_init(stor->objects);
	INIT_WORK(&stor->teardown, stor_teardown);
	if (!stor_get_adapter(stor, dev, __func__)) {
		kvfree(stor);
		return NULL;
	}
	wdmdma_handle_publish(&stor->handle, WDMDMA_HANDLE_MINIPORT, stor->extension);
	return stor->extension;
}
EXPORT_SYMBOL_GPL(wdmdma_hw_device_extension_create);

/* From now on, start no list, and give the miniport no list that has waited. Any context. */
static void stor_close_lists(struct wdm_stor *stor)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(stor->dma_adapter);

	if (!adapter)
		return;
	wdmdma_sg_list_close(adapter);
	wdmdma_adapter_put(adapter);
}

/* End the extension, unless another caller has. @when is the call or event, for messages. */
static void stor_end(struct wdm_stor *stor, const char *when)
{
	if (!wdmdma_handle_retire(&stor->handle))
		return;
	stor->when = when;
	stor_close_lists(stor);
	wdmdma_going(stor->extension, stor->size, when);
	wdm_stor_put(stor);
}

/**
 * wdmdma_hw_device_extension_destroy() - end a miniport's device extension
 * @hw_device_extension: from wdmdma_hw_device_extension_create(), or NULL, which is ignored
 *
 * The glue must call this when the miniport is done, in the driver's remove function or in the
 * error path of its probe function. The call reports and frees all objects that the miniport
 * did not free, transfers first, and pool after all objects that may use it. Memory of
 * StorPortAllocateDmaMemory() goes with the adapter, at the very end. The uncached extension is
 * freed without a report. Above PASSIVE_LEVEL the module frees the objects a little later, but no
 * waiting list reaches the miniport any more. If the glue forgets the call, the DMA memory is
 * reported and freed when the driver is unbound, as for any adapter. The extension itself stays
 * until this call, which may also follow the unbind. In a hard interrupt the call does nothing.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void wdmdma_hw_device_extension_destroy(PVOID hw_device_extension)
{
	struct wdm_stor *stor;

	if (!hw_device_extension || wdm_above_dispatch(__func__))
		return;
	stor = wdm_stor_find(hw_device_extension, __func__);
	if (!stor)
		return;
	stor_end(stor, __func__);
	wdm_stor_put(stor);
}
EXPORT_SYMBOL_GPL(wdmdma_hw_device_extension_destroy);

/* Return any extension that is left, or NULL. For module exit, when there are no other callers. */
static struct wdm_stor *stor_any(void)
{
	struct wdmdma_handle *handle, *any = NULL;
	unsigned int bucket;

	rcu_read_lock();
	hash_for_each_rcu(wdmdma_handles, bucket, handle, node)
		if (handle->type == WDMDMA_HANDLE_MINIPORT)
			any = handle;
	rcu_read_unlock();
	return any ? container_of(any, struct wdm_stor, handle) : NULL;
}

/* Free the extensions that were forgotten. Called when the module goes, after all other calls. */
void wdm_stor_exit(void)
{
	struct wdm_stor *stor;

	while ((stor = stor_any()))
		stor_end(stor, "module unloaded");
}

/* Read where the uncached extension may lie. Return 0 or -EINVAL. */
static int stor_read_config(const PORT_CONFIGURATION_INFORMATION *config,
			    struct wdmdma_request *request)
{
	if (!config)
		return wdmdma_deny(&request->refusal, -EINVAL, "ConfigInfo is NULL");
	if (!config->Master)
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "Master is FALSE: only a bus master has an uncached extension");
	switch (config->Dma64BitAddresses & ~SCSI_DMA64_SYSTEM_SUPPORTED) {
	case SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED:
		request->boundary = SZ_4G;
		break;
	case SCSI_DMA64_MINIPORT_FULL64BIT_NO_BOUNDARY_REQ_SUPPORTED:
		break;
	default:
		request->window.last = U32_MAX;
	}
	if (!(config->FeatureSupport & STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED))
		return 0;
	if (!config->DmaAddressWidth || config->DmaAddressWidth > 64)
		return wdmdma_deny(&request->refusal, -EINVAL, "DmaAddressWidth is not in 1 to 64");
	wdmdma_window_clip(&request->window, wdmdma_window_of_width(config->DmaAddressWidth));
	return 0;
}

/* Allocate the uncached extension. */
static void stor_alloc_uncached(struct wdm_stor *stor, const PORT_CONFIGURATION_INFORMATION *config,
				struct wdmdma_request *request)
{
	struct wdmdma_adapter *adapter = wdm_enter(stor->dma_adapter, request->call, HIGH_LEVEL);
	dma_addr_t dma;
	void *cpu;

	lockdep_assert_held(&stor->uncached_lock);
	if (IS_ERR(adapter))
		return;
	if (stor_read_config(config, request)) {
		wdmdma_refuse_for(adapter->device, request->call, request->refusal.reason, "%s",
				  request->refusal.reason);
		goto put;
	}
	if (config->FeatureSupport & STOR_ADAPTER_UNCACHED_EXTENSION_NUMA_NODE_PREFERRED)
		request->node = dev_to_node(adapter->device->dev);
	if (wdmdma_buffer_alloc(adapter, request, &cpu, &dma))
		goto put;
	stor->uncached_len = request->len;
	stor->uncached_la.QuadPart = dma;
	/* A reader that sees the address must see the length, too. */
	smp_store_release(&stor->uncached, cpu);
put:
	wdmdma_adapter_put(adapter);
}

/**
 * StorPortGetUncachedExtension() - get the one block that CPU and adapter share
 * @hw_device_extension: the miniport's device extension
 * @config_info: the miniport's configuration, of which the first call reads Master,
 *	Dma64BitAddresses, FeatureSupport and DmaAddressWidth; later calls ignore it
 * @number_of_bytes: number of bytes, of which whole pages are allocated
 *
 * Answers to storport: StorPortGetUncachedExtension. The first call allocates a common buffer
 * as AllocateCommonBuffer does. The buffer is page aligned, and cached if the device is cache
 * coherent. Later calls return the same block, whatever they ask for. A call that asks
 * for more is reported. The block lies below 4 GiB, unless Dma64BitAddresses is FULL64BIT or
 * FULL64BIT_NO_BOUNDARY_REQ. With FULL64BIT it crosses no multiple of 4 GiB. The block is freed
 * with the device extension.
 *
 * Differs from Windows: may be called at any time after wdmdma_hw_device_extension_create().
 *
 * Context: PASSIVE_LEVEL (may sleep) for the first call, any for later ones.
 * Return: the address for the CPU, or NULL with the reason in the log.
 */
PVOID StorPortGetUncachedExtension(PVOID hw_device_extension,
				   PPORT_CONFIGURATION_INFORMATION config_info,
				   ULONG number_of_bytes)
{
	struct wdmdma_request request = {
		.call = __func__,
		.caller = _RET_IP_,
		.len = number_of_bytes,
		.window = WDMDMA_WINDOW_ALL,
		.node = NUMA_NO_NODE,
		.cache = WDMDMA_CACHE_PLATFORM,
	};
	struct wdm_stor *stor = wdm_stor_find(hw_device_extension, __func__);
	dma_addr_t la;
	void *uncached;

	if (!stor)
		return NULL;
	/* Pairs with the release in stor_alloc_uncached(), which has set the length before. */
	uncached = smp_load_acquire(&stor->uncached);
	if (!uncached && !wdm_above_passive(__func__)) {
		mutex_lock(&stor->uncached_lock);
		if (!stor->uncached)
			stor_alloc_uncached(stor, config_info, &request);
		uncached = stor->uncached;
		mutex_unlock(&stor->uncached_lock);
	}
	if (uncached && wdmdma_virt_to_logical(stor->dma_adapter, uncached, &la, NULL)) {
		wdmdma_report(__func__, "the driver is unbound, and the block is gone");
		uncached = NULL;
	} else if (uncached && number_of_bytes > stor->uncached_len) {
		wdmdma_report(__func__, "%u bytes are more than the first call's %u, which stay",
			      number_of_bytes, stor->uncached_len);
	}
	wdm_stor_put(stor);
	return uncached;
}
EXPORT_SYMBOL_GPL(StorPortGetUncachedExtension);
