/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pointers that a driver gives. The modules dereference them, so a pointer at which nothing can be
 * is refused before. Such a pointer is a small number, an ERR_PTR(), a user's address, or an
 * address without memory. A wrong pointer to other memory cannot be told from a right one.
 */
#ifndef WDMDMA_ADDRESS_H
#define WDMDMA_ADDRESS_H

#include <linux/err.h>
#include <linux/kasan.h>
#include <linux/mm.h>
#include <linux/types.h>
#include <linux/uaccess.h>

/* Return true if no memory of the kernel can be at an address. The memory is not looked at. */
static inline bool wdmdma_is_wild(const void *pointer)
{
	return (unsigned long)kasan_reset_tag(pointer) < PAGE_OFFSET || IS_ERR(pointer);
}

/* Return true if there is no memory at an address. Any context. */
static inline bool wdmdma_is_no_address(const void *pointer)
{
	u8 first;

	return copy_from_kernel_nofault(&first, pointer, sizeof(first));
}

#endif /* WDMDMA_ADDRESS_H */
