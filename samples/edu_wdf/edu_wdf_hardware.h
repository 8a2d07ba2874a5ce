/* SPDX-License-Identifier: GPL-2.0-only */
/* The device, for the two files of the Linux half. */
#ifndef EDU_WDF_HARDWARE_H
#define EDU_WDF_HARDWARE_H

#include <linux/completion.h>
#include <linux/pci.h>

#include "edu_wdf.h"

struct edu_hardware {
	struct pci_dev *pdev;
	void __iomem *regs;
	WDFDEVICE device;
	WDFINTERRUPT interrupt;
	bool has_irq;
	bool in_d0;
	struct completion done;
	NTSTATUS status;
	unsigned long bytes;
};

#endif /* EDU_WDF_HARDWARE_H */
