// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of the controller, of the kernel and of the log that the miniport needs. A
 * miniport on Windows would use StorPortReadRegisterUlong, StorPortStallExecution,
 * StorPortNotification and DbgPrint.
 */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/io.h>

#include "nvme_hardware.h"

ULONG NvmeReadRegister(PNVME_HARDWARE hardware, ULONG offset)
{
	return readl(hardware->regs + offset);
}

ULONGLONG NvmeReadRegister64(PNVME_HARDWARE hardware, ULONG offset)
{
	return lo_hi_readq(hardware->regs + offset);
}

VOID NvmeWriteRegister(PNVME_HARDWARE hardware, ULONG offset, ULONG value)
{
	writel(value, hardware->regs + offset);
}

VOID NvmeWriteRegister64(PNVME_HARDWARE hardware, ULONG offset, ULONGLONG value)
{
	lo_hi_writeq(value, hardware->regs + offset);
}

ULONG NvmeNode(PNVME_HARDWARE hardware)
{
	int node = dev_to_node(&hardware->pdev->dev);

	return node == NUMA_NO_NODE ? MM_ANY_NODE_OK : node;
}

VOID NvmeWait(ULONG microseconds)
{
	usleep_range(microseconds, 2 * microseconds);
}

/* Read a status that the controller writes. The read must come before all later reads. */
USHORT NvmeReadStatus(const USHORT *status)
{
	USHORT value = READ_ONCE(*status);

	dma_rmb();
	return value;
}

VOID NvmeRequestComplete(PNVME_HARDWARE hardware, PSCSI_REQUEST_BLOCK srb)
{
	bool *done = srb->OriginalRequest;

	*done = true;
}

VOID NvmeLog(PNVME_HARDWARE hardware, const char *format, ...)
{
	struct va_format vaf = { .fmt = format };
	va_list args;

	va_start(args, format);
	vaf.va = &args;
	dev_info(&hardware->pdev->dev, "%pV\n", &vaf);
	va_end(args);
}
