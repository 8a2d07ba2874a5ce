/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the files of this folder. The header declares the object behind a miniport's
 * HwDeviceExtension, and the objects that the miniport holds and has not given back.
 *
 * A miniport has no DMA adapter. The module gets and puts one with the calls that any driver
 * makes, and the miniport's memory consists of common buffers of this adapter.
 */
#ifndef WDMDMA_STOR_H
#define WDMDMA_STOR_H

#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <wdmdma/linux.h>
#include <wdmdma/storport.h>

#include "compat.h"
#include "core/core.h"
#include "lib/handle.h"
#include "wdm/wdm_common.h"

/**
 * struct wdm_stor - a miniport's adapter
 * @handle: handle that the miniport knows by the address of @extension
 * @pdo: device object
 * @dma_adapter: adapter of @pdo
 * @uncached_lock: held while the uncached extension is allocated
 * @uncached: the uncached extension, which stays once it is set
 * @uncached_len: bytes that the miniport asked for
 * @uncached_la: logical address of @uncached
 * @lock: protects changes of @objects, and is taken with interrupts off
 * @objects: objects that the miniport holds, other than common buffers
 * @when: name of what ended the extension, for messages. NULL before
 * @teardown: work item that frees everything if the last reference was dropped in atomic
 *            context
 * @rcu: for the handle table
 * @size: length of @extension
 * @extension: memory of the miniport itself
 */
struct wdm_stor {
	struct wdmdma_handle handle;
	PDEVICE_OBJECT pdo;
	PDMA_ADAPTER dma_adapter;
	struct mutex uncached_lock;	/* held while the uncached extension is allocated */
	void *uncached;
	ULONG uncached_len;
	PHYSICAL_ADDRESS uncached_la;
	spinlock_t lock;		/* protects changes of objects */
	DECLARE_HASHTABLE(objects, 6);
	const char *when;
	struct work_struct teardown;
	struct rcu_head rcu;
	size_t size;
	u8 extension[] __aligned(16);
};

struct wdm_stor_object;

/*
 * Stages of the teardown, one for each kind of object. All objects of one stage must be freed
 * before the objects of the next stage, whose memory they may use.
 */
enum wdm_stor_stage {
	WDM_STOR_REQUESTS,	/* SRBs, whose data may be pool */
	WDM_STOR_DEVICE_MEMORY,
	WDM_STOR_MDLS,		/* MDLs, of pool or of memory for the device */
	WDM_STOR_POOL,
	WDM_STOR_STAGES
};

/**
 * struct wdm_stor_kind - a kind of object
 * @name: name for messages
 * @names: the same, for several
 * @stage: stage at which the module frees the object if the miniport does not
 * @end_transfer: stop the device from using memory for the object, or NULL if no device does
 * @release: free the memory behind the object, at any level
 */
struct wdm_stor_kind {
	const char *name;
	const char *names;
	enum wdm_stor_stage stage;
	void (*end_transfer)(struct wdm_stor *stor, struct wdm_stor_object *object);
	void (*release)(struct wdm_stor *stor, struct wdm_stor_object *object);
};

/**
 * struct wdm_stor_object - something that the miniport holds
 * @node: entry in wdm_stor.objects
 * @kind: kind of the object
 * @key: pointer or logical address by which the miniport knows the object
 * @memory: address of the object
 * @len: length of the object, if it has one
 * @rcu: for the free, because look-ups take no lock
 */
struct wdm_stor_object {
	struct hlist_node node;
	const struct wdm_stor_kind *kind;
	u64 key;
	void *memory;
	size_t len;
	struct rcu_head rcu;
};

/* storport/stor_extension.c */
void wdm_stor_exit(void);
struct wdm_stor *wdm_stor_find(PVOID hw_device_extension, const char *call);
struct wdm_stor *wdm_stor_peek(PVOID hw_device_extension, const char *call);
void wdm_stor_put(struct wdm_stor *stor);
void wdm_stor_free_buffer(struct wdm_stor *stor, const char *call, void *memory, dma_addr_t la,
			  size_t len);
ULONG wdm_stor_status(int error);
int wdm_stor_add(struct wdm_stor *stor, const struct wdm_stor_kind *kind, u64 key, void *memory,
		 size_t len);
void *wdm_stor_memory(struct wdm_stor *stor, const struct wdm_stor_kind *kind, u64 key);
struct wdm_stor_object *wdm_stor_take(struct wdm_stor *stor, const struct wdm_stor_kind *kind,
				      u64 key);

static inline gfp_t wdm_stor_gfp(void)
{
	return (wdmdma_at_dispatch() ? GFP_ATOMIC : WDMDMA_GFP) | __GFP_NOWARN;
}

/* storport/stor_srb_data.c */
bool wdm_stor_srb_address(struct wdm_stor *stor, PVOID srb, PVOID va, dma_addr_t *la, size_t *left);

#endif /* WDMDMA_STOR_H */
