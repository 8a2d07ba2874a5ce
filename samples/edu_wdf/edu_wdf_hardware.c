// SPDX-License-Identifier: GPL-2.0-only
/* The functions of the device and of the log that the Windows half needs. */
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/io.h>

#include "edu_wdf_hardware.h"

/* The device takes 64 bits at the DMA registers, and 32 at the others. */
ULONGLONG EduReadRegister(PEDU_HARDWARE hardware, ULONG offset)
{
	return offset >= EDU_DMA_SOURCE ? readq(hardware->regs + offset) :
					  readl(hardware->regs + offset);
}

VOID EduWriteRegister(PEDU_HARDWARE hardware, ULONG offset, ULONGLONG value)
{
	if (offset >= EDU_DMA_SOURCE)
		writeq(value, hardware->regs + offset);
	else
		writel(value, hardware->regs + offset);
}

VOID EduPause(void)
{
	msleep(20);
}

VOID EduLog(PEDU_HARDWARE hardware, const char *format, ...)
{
	struct va_format vaf = { .fmt = format };
	va_list args;

	va_start(args, format);
	vaf.va = &args;
	dev_info(&hardware->pdev->dev, "%pV\n", &vaf);
	va_end(args);
}
