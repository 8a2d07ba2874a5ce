// SPDX-License-Identifier: GPL-2.0-only
/* The sums of what a driver has left. */
#include <linux/device.h>

#include "core/core.h"
#include "objects.h"

/* Report the sums. The first leaks of each kind were reported when they were found. */
void wdmdma_leaks_report(const struct wdmdma_device *device, const struct wdmdma_leaks *leaks)
{
	struct device *dev = device->dev;

	if (leaks->lists)
		dev_warn(dev, "%s: %u lists were left: taken back now\n", leaks->when,
			 leaks->lists);
	if (leaks->channels)
		dev_warn(dev, "%s: %u channel requests were left: ended now\n", leaks->when,
			 leaks->channels);
	if (leaks->vectors)
		dev_warn(dev, "%s: %u vectors were left: freed now\n", leaks->when,
			 leaks->vectors);
	if (leaks->buffers)
		dev_warn(dev, "%s: %u common buffers were left, %zu bytes: freed now\n",
			 leaks->when, leaks->buffers, leaks->bytes);
}
