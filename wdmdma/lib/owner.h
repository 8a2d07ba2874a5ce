/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Owners: objects of a driver whose memory is in use by buffers. The driver may ask, by the
 * address of its object, whether there are any.
 *
 * There can be as many as there are buffers, so they are not in the table of lib/handle.h, which
 * every call searches.
 */
#ifndef WDMDMA_OWNER_H
#define WDMDMA_OWNER_H

#include <linux/rhashtable-types.h>
#include <linux/types.h>

/**
 * struct wdmdma_owner - one use of the memory of a driver's object
 * @node: entry in the table. An object may be in use by several buffers
 * @key: address of the driver's object. It is compared, and never followed
 * @gone: the object is gone, and its address may have another meaning
 */
struct wdmdma_owner {
	struct rhlist_head node;
	const void *key;
	bool gone;
};

int wdmdma_owner_add(struct wdmdma_owner *owner, const void *key);
void wdmdma_owner_remove(struct wdmdma_owner *owner);
bool wdmdma_owner_is_used(const void *key);
void wdmdma_owner_forget(const void *key);

/* For main.c */
int wdmdma_owner_init(void);
void wdmdma_owner_exit(void);

#endif /* WDMDMA_OWNER_H */
