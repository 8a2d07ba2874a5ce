/* SPDX-License-Identifier: GPL-2.0-only */
/* The device, for the two files of the Linux half. */
#ifndef EDU_HARDWARE_H
#define EDU_HARDWARE_H

#include <linux/pci.h>

#include "edu.h"

#define EDU_SCATTERED_PAGES	(EDU_SCATTERED_LENGTH >> PAGE_SHIFT)

struct edu_hardware {
	struct pci_dev *pdev;
	void __iomem *regs;
	PDEVICE_OBJECT device_object;
	bool stuck;
	struct page *page[EDU_SCATTERED_PAGES];
	void *scattered;
	EDU_EXTENSION extension;
};

#endif /* EDU_HARDWARE_H */
