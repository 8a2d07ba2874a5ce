// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls around the module: copies by the device itself, and a shortage of memory. The device
 * is QEMU's edu, which copies through its buffer of 4 KiB, and needs 100 ms for each copy.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/mm.h>

#include <wdmdma/mdl.h>

#include "fuzz.h"

#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)
#define EDU_BUFFER		0x40000
#define EDU_MOST		4095

/* Let the device copy, and return true if it has. */
static bool edu_copy(const struct fuzz_device *device, u64 from, u64 to, u32 count, u32 direction)
{
	u32 command;

	writeq(from, device->regs + EDU_DMA_SOURCE);
	writeq(to, device->regs + EDU_DMA_DESTINATION);
	writeq(count, device->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | direction, device->regs + EDU_DMA_COMMAND);
	return !readl_poll_timeout(device->regs + EDU_DMA_COMMAND, command,
				   !(command & EDU_DMA_START), 1000, 5 * USEC_PER_SEC);
}

/* Let a device copy from one buffer to another one. All devices of a domain reach both. */
static void copy_by_device(void)
{
	struct fuzz_block *from = fuzz_find(fuzz()->block, FUZZ_BLOCKS, slot->va && slot->device);
	const struct fuzz_device *device = &fuzz_devices[fuzz_below(fuzz_nr_devices)];
	struct fuzz_block *to;
	u32 count;

	if (!from)
		return;
	if (!fuzz_same_domain(device, from->device))
		device = from->device;
	to = fuzz_find(fuzz()->block, FUZZ_BLOCKS,
		       slot->va && slot->device && slot != from &&
		       fuzz_same_domain(slot->device, device));
	if (!to)
		return;
	count = fuzz_below(min3(from->len, to->len, (size_t)EDU_MOST)) + 1;
	fuzz_demand(edu_copy(device, from->la.QuadPart, EDU_BUFFER, count, 0) &&
		    edu_copy(device, EDU_BUFFER, to->la.QuadPart, count, EDU_DMA_TO_MEMORY),
		    "the device does not copy");
	fuzz_demand(!memcmp(from->va, to->va, count), "the device has copied other bytes");
	fuzz_block_mark(to, true);
	fuzz()->good++;
}

/* Let the kernel take back memory that caches keep, among them the buffers that are recycled. */
static void shrink_caches(void)
{
	struct file *file = filp_open("/proc/sys/vm/drop_caches", O_WRONLY, 0);
	loff_t at = 0;

	if (IS_ERR(file))
		return;
	kernel_write(file, "2", 1, &at);
	filp_close(file, NULL);
	fuzz()->good++;
}

const struct fuzz_call fuzz_device_calls[] = {
	{ "a copy by the device", 2, copy_by_device, FUZZ_ALONE | FUZZ_FED },
	{ "shrinkers", 1, shrink_caches, FUZZ_FED },
	{}
};
