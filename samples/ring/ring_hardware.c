// SPDX-License-Identifier: GPL-2.0-only
/* The functions of the device that the Windows half needs and Windows' kernel does not have. */
#include "ring_hardware.h"

VOID RingDisableDma(PRING_HARDWARE hardware)
{
	pci_clear_master(hardware->pdev);
}
