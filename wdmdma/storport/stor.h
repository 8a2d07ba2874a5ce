/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the StorPort family share: the object behind a miniport's
 * HwDeviceExtension, and the list of what the miniport got and has not given back.
 *
 * A miniport has no DMA adapter. The one here is got and put with the calls that
 * any driver makes, and the miniport's memory is common buffers of it.
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
 * @handle: known to the miniport by the address of @extension
 * @pdo: the device object
 * @dma_adapter: its adapter
 * @uncached_lock: held while the uncached extension is allocated
 * @uncached: the uncached extension; once set it stays
 * @uncached_len: bytes asked for
 * @uncached_la: its logical address
 * @lock: protects @objects; interrupts off
 * @objects: what the miniport holds beside common buffers
 * @teardown: gives everything back, where the last reference went in atomic context
 * @rcu: for the handle table
 * @extension: the miniport's own memory
 */
struct wdm_stor {
	struct wdmdma_handle handle;
	PDEVICE_OBJECT pdo;
	PDMA_ADAPTER dma_adapter;
	struct mutex uncached_lock;	/* held while the uncached extension is allocated */
	void *uncached;
	ULONG uncached_len;
	PHYSICAL_ADDRESS uncached_la;
	spinlock_t lock;		/* protects objects */
	DECLARE_HASHTABLE(objects, 6);
	struct work_struct teardown;
	struct rcu_head rcu;
	u8 extension[] __aligned(16);
};

struct wdm_stor_object;

/*
 * What may lie in or point to what: objects of one stage are all given back before those
 * of the next, whose memory they may use.
 */
enum wdm_stor_stage {
	WDM_STOR_REQUESTS,	/* SRBs: their data may be pool */
	WDM_STOR_DEVICE_MEMORY,
	WDM_STOR_MDLS,		/* of pool, and of memory for the device */
	WDM_STOR_POOL,
	WDM_STOR_STAGES
};

/**
 * struct wdm_stor_kind - a kind of object
 * @name: for messages
 * @stage: when it is given back if the miniport does not do so
 * @end_transfer: let no device use memory for the object any more; NULL where none does
 * @release: give back what is behind the object; at any level
 */
struct wdm_stor_kind {
	const char *name;
	enum wdm_stor_stage stage;
	void (*end_transfer)(struct wdm_stor *stor, struct wdm_stor_object *object);
	void (*release)(struct wdm_stor *stor, struct wdm_stor_object *object);
};

/**
 * struct wdm_stor_object - something that the miniport holds
 * @node: in wdm_stor.objects
 * @kind: what it is
 * @key: what the miniport knows it by: a pointer, or a logical address
 * @memory: where it is
 * @len: its length, if it has one
 */
struct wdm_stor_object {
	struct hlist_node node;
	const struct wdm_stor_kind *kind;
	u64 key;
	void *memory;
	size_t len;
};

/* storport/stor_extension.c */
void wdm_stor_exit(void);
struct wdm_stor *wdm_stor_find(PVOID hw_device_extension, const char *call);
void wdm_stor_put(struct wdm_stor *stor);
ULONG wdm_stor_status(int error);
int wdm_stor_keep(struct wdm_stor *stor, const struct wdm_stor_kind *kind, u64 key, void *memory,
		  size_t len);
void *wdm_stor_memory(struct wdm_stor *stor, const struct wdm_stor_kind *kind, u64 key);
struct wdm_stor_object *wdm_stor_take(struct wdm_stor *stor, const struct wdm_stor_kind *kind,
				      u64 key);

/* A message about an argument; the caller returns the documented failure. */
#define wdm_stor_refuse(call, fmt, ...) \
	pr_warn_ratelimited("%s: " fmt "\n", call, ##__VA_ARGS__)

static inline gfp_t wdm_stor_gfp(void)
{
	return (wdmdma_at_dispatch() ? GFP_ATOMIC : WDMDMA_GFP) | __GFP_NOWARN;
}

/* storport/stor_srb.c */
bool wdm_stor_is_srb(struct wdm_stor *stor, PSCSI_REQUEST_BLOCK srb);
bool wdm_stor_srb_address(struct wdm_stor *stor, PSCSI_REQUEST_BLOCK srb, PVOID va, dma_addr_t *la,
			  size_t *left);

#endif /* WDMDMA_STOR_H */
