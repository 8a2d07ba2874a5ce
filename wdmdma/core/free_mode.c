// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tolerant freeing, for drivers whose free does not repeat the arguments of the allocation.
 *
 * Some drivers free with another length, free a buffer in two parts, or name another cache
 * type, and Windows accepts such a free. With free_mode=tolerant the free names the pages that
 * its range touches, cut off at the end of the buffer. Once all pages of a buffer were named,
 * by one free or by several adjoining frees, the module frees the whole buffer. Until then the
 * whole buffer must stay, because the driver may still use the other part. A free that matches
 * exactly does not come here.
 *
 * The module still refuses an address outside of every buffer, a wrong logical address, a part
 * that was freed before, and a buffer on imported memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "compat.h"
#include "core/buffer.h"
#include "core/free_mode.h"
#include "lib/bug_check.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "objects.h"

static bool tolerant;
static unsigned long tolerated_frees;
/* Protects tolerated_frees and all buffers' freed_first and freed_end. Taken in any context. */
static DEFINE_RAW_SPINLOCK(free_mode_lock);

static int free_mode_set(const char *value, const struct kernel_param *param)
{
	if (sysfs_streq(value, "tolerant")) {
		tolerant = true;
	} else if (sysfs_streq(value, "strict")) {
		tolerant = false;
	} else {
		pr_err("free_mode=%s: must be strict or tolerant\n", value);
		return -EINVAL;
	}
	return 0;
}

static int free_mode_get(char *value, const struct kernel_param *param)
{
	return sysfs_emit(value, "%s\n", tolerant ? "tolerant" : "strict");
}

static const struct kernel_param_ops free_mode_ops = {
	.set = free_mode_set,
	.get = free_mode_get,
};

module_param_cb(free_mode, &free_mode_ops, NULL, 0444);
MODULE_PARM_DESC(free_mode, "strict (default): a free that does not match is refused; tolerant: it frees the whole block once all of it was named");
module_param(tolerated_frees, ulong, 0444);
MODULE_PARM_DESC(tolerated_frees, "frees that did not match and were accepted (read only)");

bool wdmdma_free_mode_is_tolerant(void)
{
	return tolerant;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_free_mode_is_tolerant);

/*
 * Add the pages from @first to @end - 1 to the freed part of the buffer, and set *@whole to
 * whether the part now covers the buffer.
 */
static int free_mode_note(struct wdmdma_buffer *buffer, u32 first, u32 end, bool *whole,
			  struct wdmdma_refusal *refusal)
{
	lockdep_assert_held(&free_mode_lock);

	/* A buffer of one page is freed as a whole, and its record has no room for a part. */
	if (buffer->nr_pages == 1) {
		*whole = true;
		tolerated_frees++;
		return 0;
	}
	if (buffer->freed_first == buffer->freed_end) {
		buffer->freed_first = first;
		buffer->freed_end = end;
	} else if (first >= buffer->freed_first && end <= buffer->freed_end) {
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x03),
				       "this part of the buffer was freed before");
	} else if (first > buffer->freed_end || end < buffer->freed_first) {
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "this part does not adjoin the one that was freed before");
	}
	buffer->freed_first = min(buffer->freed_first, first);
	buffer->freed_end = max(buffer->freed_end, end);
	*whole = buffer->freed_end - buffer->freed_first == buffer->nr_pages;
	tolerated_frees++;
	return 0;
}

/**
 * wdmdma_free_mode_tolerate() - accept a free that does not match
 * @buffer: the buffer that contains the named address
 * @args: the arguments of the free
 * @whole: receives whether all pages of the buffer have been named, if the free is accepted
 * @refusal: receives the reason of a failure
 *
 * Context: any. The caller must keep the record from being freed.
 * Return: 0 if the free is accepted, or -EINVAL.
 */
int wdmdma_free_mode_tolerate(struct wdmdma_buffer *buffer, const struct wdmdma_free_args *args,
			      bool *whole, struct wdmdma_refusal *refusal)
{
	size_t offset = args->cpu - buffer->cpu;
	size_t len = min(args->len, wdmdma_buffer_size(buffer) - offset);
	unsigned long flags;
	int ret;

	if (buffer->imported)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "the memory is the driver's own, and must be named exactly");
	if (buffer->block)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "an element of a vector: FreeCommonBufferFromVector frees it");
	if (args->has_cache && buffer->cache == WDMDMA_CACHE_PLATFORM)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "the buffer is not from the call that this one frees for");
	if (args->has_dma && args->dma != buffer->dma + offset)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F),
				       "the logical address is not that of the virtual address");
	if (!len)
		return wdmdma_deny_bug(refusal, -EINVAL, WDMDMA_DMA_CODE(0x1F), "the length is 0");

	raw_spin_lock_irqsave(&free_mode_lock, flags);
	ret = free_mode_note(buffer, offset >> PAGE_SHIFT, PFN_UP(offset + len), whole, refusal);
	raw_spin_unlock_irqrestore(&free_mode_lock, flags);
	return ret;
}

#ifdef CONFIG_WDMDMA_KUNIT
int wdmdma_free_mode_set(const char *value)
{
	return free_mode_set(value, NULL);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_free_mode_set);

unsigned long wdmdma_tolerated_frees(void)
{
	return READ_ONCE(tolerated_frees);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_tolerated_frees);
#endif
