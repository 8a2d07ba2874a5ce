// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of core/domain.c that needs the IOMMU API. These functions find the group of a
 * device, check whether two devices can share a domain, and move a device from one domain to
 * another.
 *
 * A device that joins is attached to the default domain of another device, the leader. A device
 * link makes the driver core unbind the joiner's driver before the leader's, so that the domain
 * outlives its use. The driver core drops the link when the joiner's driver is unbound. The
 * module has no call to drop the link earlier.
 */
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "backend/iommu_group.h"
#include "backend/translation.h"
#include "compat.h"
#include "lib/refusal.h"
#include "objects.h"

/* Return the IOMMU group of a device that an IOMMU translates for, with a reference, or NULL. */
struct iommu_group *wdmdma_group_get(struct wdmdma_device *device)
{
	return wdmdma_iommu_translates(device->dev) ? iommu_group_get(device->dev) : NULL;
}

void wdmdma_group_put(struct iommu_group *group)
{
	iommu_group_put(group);
}

/*
 * Return the domain that the device is in now, or NULL without an IOMMU. The caller may only
 * compare the pointer.
 */
struct iommu_domain *wdmdma_group_domain(struct wdmdma_device *device)
{
	return iommu_get_domain_for_dev(device->dev);
}

static void group_free_regions(struct list_head *regions)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, regions, list)
		kfree(region);
}

static bool group_has_region(struct list_head *regions, const struct iommu_resv_region *wanted)
{
	struct iommu_resv_region *region;

	list_for_each_entry(region, regions, list)
		if (region->type == wanted->type && region->start == wanted->start &&
		    region->length == wanted->length)
			return true;
	return false;
}

/*
 * Return -EBUSY if a change of domain would break the device's MSI vectors. On arm64 a vector
 * writes to a logical address, which was chosen in the domain that the device was in when the
 * vector was allocated.
 */
int wdmdma_group_check_msi(struct wdmdma_device *device, struct wdmdma_refusal *refusal)
{
	struct iommu_resv_region *region;
	LIST_HEAD(regions);
	int ret = 0;

	if (!device->home->group || !dev_is_pci(device->dev) ||
	    !pci_dev_msi_enabled(to_pci_dev(device->dev)))
		return 0;
	if (iommu_get_group_resv_regions(device->home->group, &regions))
		ret = -ENOMEM;
	list_for_each_entry(region, &regions, list) {
		if (region->type != IOMMU_RESV_SW_MSI)
			continue;
		ret = wdmdma_deny(refusal, -EBUSY,
				  "the device has MSI vectors, which would be lost here: free them first");
	}
	group_free_regions(&regions);
	return ret;
}

/* Check one of the joiner's regions against those of the leader. */
static int group_check_region(const struct iommu_resv_region *region, struct list_head *leaders,
			      struct wdmdma_refusal *refusal)
{
	if (region->type == IOMMU_RESV_DIRECT)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the firmware needs the device to stay in its own domain");
	if (!group_has_region(leaders, region))
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "other addresses are reserved for the device than in that domain");
	return 0;
}

/* Check that the leader's address allocator avoids all addresses that the joiner cannot use. */
static int group_check_regions(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			       struct wdmdma_refusal *refusal)
{
	LIST_HEAD(joiners);
	LIST_HEAD(leaders);
	struct iommu_resv_region *region;
	int ret = 0;

	if (iommu_get_group_resv_regions(joiner->home->group, &joiners) ||
	    iommu_get_group_resv_regions(leader->home->group, &leaders))
		ret = -ENOMEM;
	list_for_each_entry(region, &joiners, list) {
		if (ret)
			break;
		ret = group_check_region(region, &leaders, refusal);
	}
	group_free_regions(&joiners);
	group_free_regions(&leaders);
	return ret;
}

static int group_find_untrusted(struct device *dev, void *unused)
{
	return wdmdma_is_untrusted(dev);
}

/*
 * Check that a join weakens no protection. The kernel protects itself from devices behind an
 * external port. Their unmaps take effect at once, and pages that hold other data too are
 * copied. Memory that the kernel maps for a trusted device has neither protection, and members
 * of a domain reach all memory that is mapped in it. So an untrusted device must be alone in
 * its domain, and a device that was promised strict unmaps must get strict unmaps.
 */
int wdmdma_group_check_trust(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			     struct wdmdma_refusal *refusal)
{
	struct iommu_group *group = leader->home->group;

	if (wdmdma_is_untrusted(joiner->dev) || wdmdma_is_untrusted(leader->dev) ||
	    (group && iommu_group_for_each_dev(group, NULL, group_find_untrusted)))
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "one of the devices is behind an external port (untrusted)");
	if (group && joiner->home->own->type == IOMMU_DOMAIN_DMA &&
	    leader->home->own->type != IOMMU_DOMAIN_DMA)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the device's own domain is strict (DMA), the other one lazy (DMA-FQ)");
	return 0;
}

static int group_count(struct device *dev, void *count)
{
	++*(unsigned int *)count;
	return 0;
}

/*
 * Return 0 if the joiner can use the leader's translations, or a negative errno with the reason
 * in @refusal.
 */
int wdmdma_group_check_join(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			    struct wdmdma_refusal *refusal)
{
	unsigned int in_group = 0;
	int ret;

	iommu_group_for_each_dev(joiner->home->group, &in_group, group_count);
	if (in_group != 1)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the IOMMU cannot tell the device from others of its group");
	if (joiner->dev->bus != leader->dev->bus)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the devices are on different kinds of bus");
	/*
	 * Addresses in a host bridge's windows never reach the IOMMU. An address allocator
	 * reserves only the windows of its own device's bridge.
	 */
	if (dev_is_pci(joiner->dev) &&
	    pci_find_host_bridge(to_pci_dev(joiner->dev)->bus) !=
	    pci_find_host_bridge(to_pci_dev(leader->dev)->bus))
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the devices are behind different PCI host bridges");

	/* Otherwise the device link would not keep the leader bound. */
	if (leader->dev->links.status != DL_DEV_DRIVER_BOUND)
		return wdmdma_deny(refusal, -EBUSY,
				   "the driver of the other device is not bound yet, or not any more");
	ret = wdmdma_group_check_msi(joiner, refusal);
	return ret ?: group_check_regions(joiner, leader, refusal);
}

/*
 * Move a device, with the rest of its group, back to the device's own default domain. Return
 * false if the device did not arrive there. No kernel call reports this, so compare the
 * domains. iommu_detach_device() must not be used, because the call does nothing at all if
 * another device has joined the group in the meantime.
 */
bool wdmdma_group_detach(struct wdmdma_device *device)
{
	iommu_detach_group(iommu_get_domain_for_dev(device->dev), device->home->group);
	return iommu_get_domain_for_dev(device->dev) == device->home->own;
}

/*
 * Return true if the device is in a default domain, and not in @left, which it has joined. An
 * administrator may replace the default domain of a group while none of its devices has a driver
 * (sysfs: iommu_group/type), also between the bus's dma_cleanup() and the module's clean-up. The
 * kernel then moves the group into the new one.
 */
bool wdmdma_group_has_moved(struct wdmdma_device *device, const struct iommu_domain *left)
{
	const struct iommu_domain *domain = iommu_get_domain_for_dev(device->dev);

	return domain && domain != left &&
	       (domain->type == IOMMU_DOMAIN_DMA || domain->type == IOMMU_DOMAIN_DMA_FQ ||
		domain->type == IOMMU_DOMAIN_IDENTITY);
}

/*
 * Attach a device to the default domain of another device. No other function does this, because
 * kernels might come to refuse such an attachment.
 */
int wdmdma_group_attach(struct wdmdma_device *joiner, struct wdmdma_device *leader,
			struct wdmdma_refusal *refusal)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(leader->dev);
	struct device_link *link;
	int ret = iommu_attach_device(domain, joiner->dev);

	if (ret == -EBUSY)
		return wdmdma_deny(refusal, ret,
				   "somebody else has attached the device to a domain");
	if (ret == -ENOMEM)
		return wdmdma_deny(refusal, ret, "out of memory");
	if (ret)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the IOMMU of the device cannot use that domain");
	link = device_link_add(joiner->dev, leader->dev, DL_FLAG_AUTOREMOVE_CONSUMER);
	if (link && (link->status == DL_STATE_ACTIVE || link->status == DL_STATE_CONSUMER_PROBE))
		return 0;
	/* The caller finds out whether the device is back. */
	wdmdma_group_detach(joiner);
	return wdmdma_deny(refusal, -EBUSY, link ?
			   "the driver of one of the devices is being bound or unbound" :
			   "the other device depends on this one: its driver has to be unbound first");
}
