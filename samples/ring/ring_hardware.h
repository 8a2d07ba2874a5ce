/* SPDX-License-Identifier: GPL-2.0-only */
/* The device, for the two files of the Linux half. */
#ifndef RING_HARDWARE_H
#define RING_HARDWARE_H

#include <linux/pci.h>

#include "ring.h"

struct ring_hardware {
	struct pci_dev *pdev;
	PDEVICE_OBJECT device_object;
	PRING_EXTENSION extension;
};

#endif /* RING_HARDWARE_H */
