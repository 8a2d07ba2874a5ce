/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses that a driver gives. The modules dereference pointers, so a pointer at which nothing
 * can be is refused before. Such a pointer is a small number, an ERR_PTR(), a user's address, or an
 * address without memory. A wrong pointer to other memory cannot be told from a right one. If a
 * pointer is passed in place of an address for the device, by mistake, it must not be shown.
 */
#ifndef WDMDMA_ADDRESS_H
#define WDMDMA_ADDRESS_H

#include <linux/err.h>
#include <linux/kasan.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
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

#define WDMDMA_ADDRESS_TEXT	20

/*
 * Write an address of the device that the driver gave to @text, and return @text. An address that
 * may be one of the kernel is hashed like any pointer. All ones, and limits close to that, are not.
 */
static inline const char *wdmdma_address_text(char *text, u64 address)
{
	if (address >= PAGE_OFFSET && address < U64_MAX - SZ_16M)
		snprintf(text, WDMDMA_ADDRESS_TEXT, "%p", (void *)(unsigned long)address);
	else
		snprintf(text, WDMDMA_ADDRESS_TEXT, "%#llx", address);
	return text;
}

/* The same, with memory that lasts as long as the block of code that it is in. For messages. */
#define WDMDMA_SHOWN(address)	wdmdma_address_text((char [WDMDMA_ADDRESS_TEXT]) {}, address)

#endif /* WDMDMA_ADDRESS_H */
