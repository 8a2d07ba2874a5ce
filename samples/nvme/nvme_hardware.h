/* SPDX-License-Identifier: GPL-2.0-only */
/* The controller, for the two files of the Linux half. */
#ifndef NVME_HARDWARE_H
#define NVME_HARDWARE_H

#include <linux/pci.h>

#include "nvme.h"

struct nvme_hardware {
	struct pci_dev *pdev;
	void __iomem *regs;
	PVOID extension;
	NVME_IDENTITY identity;
	unsigned int checks;
	u64 bytes;
	u64 mismatches;
};

#endif /* NVME_HARDWARE_H */
