/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of the things that drivers hold by their address. A pointer of a driver is looked up
 * before it is used, so a wrong pointer does no harm.
 */
#ifndef WDMDMA_NTOS_BLOCK_H
#define WDMDMA_NTOS_BLOCK_H

#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/types.h>

enum nt_block_kind {
	NT_BLOCK_POOL,
	NT_BLOCK_IO_SPACE,
	NT_BLOCK_WORK_ITEM,
};

/**
 * struct nt_block - one thing that a driver holds
 * @node: link in the table
 * @deferred: link in the list of blocks that a worker frees
 * @address: what the driver has
 * @kind: what it is
 * @key: what the free must repeat, which is the tag or the length
 * @size: bytes
 */
struct nt_block {
	struct hlist_node node;
	struct llist_node deferred;
	unsigned long address;
	enum nt_block_kind kind;
	u64 key;
	size_t size;
};

struct nt_block *nt_block_alloc(gfp_t gfp);
void nt_block_drop(struct nt_block *block);
void nt_block_free(struct nt_block *block);
void nt_block_add(struct nt_block *block);
struct nt_block *nt_block_take(enum nt_block_kind kind, const void *address, u64 key, bool any_key,
			       u64 *found);
bool nt_block_exists(enum nt_block_kind kind, const void *address);
void nt_block_defer(struct nt_block *block);
int nt_block_init(void);
void nt_block_exit(void);

#endif /* WDMDMA_NTOS_BLOCK_H */
