/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How wdmdma_ntos.ko, or another module with a pool, gets the blocks that a driver frees with
 * ExFreePool(). That call is wdmdma.ko's, because it frees MDLs. wdmdma_wdf.ko is told of those.
 */
#ifndef WDMDMA_POOL_H
#define WDMDMA_POOL_H

#include <wdmdma/mdl.h>
#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

/**
 * struct wdmdma_pool_ops - a pool
 * @free: frees a block, or reports why not. Returns FALSE if the address never was one
 * @reused: the address is an MDL's now. The pool must forget that it was a block
 * @going: memory that a driver may have put objects into is about to be freed. @call is the name
 *	of the driver's call
 *
 * They are called up to DISPATCH_LEVEL and must not sleep.
 */
struct wdmdma_pool_ops {
	BOOLEAN (*free)(PVOID address);
	VOID (*reused)(PVOID address);
	VOID (*going)(const VOID *start, SIZE_T size, const char *call);
};

BOOLEAN wdmdma_pool_register(const struct wdmdma_pool_ops *ops);
VOID wdmdma_pool_unregister(const struct wdmdma_pool_ops *ops);
VOID wdmdma_pool_going(const VOID *start, SIZE_T size, const char *call);

typedef VOID (*wdmdma_mdl_listener)(const MDL *mdl, const char *call);

VOID wdmdma_mdl_listen(wdmdma_mdl_listener listener);

WDMDMA_HEADER_END

#endif /* WDMDMA_POOL_H */
