// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private backend. The device has an IOMMU domain of its own, in which the module chooses the
 * addresses. The driver must ask for the domain before its first adapter.
 *
 * The private domain can do more than the device's default domain. It allows an exact window,
 * with a minimum of any height, and takes back the addresses of each buffer at once. In return
 * the DMA API knows nothing of this domain. The DMA API still answers for the device, but with
 * addresses of the default domain, which mean nothing to the device now. Only the DMA API
 * flushes lazily, so each free in a private domain must wait for the IOMMU.
 *
 * The domain lasts until the driver is unbound. Then the device goes back to its default
 * domain. Nothing may be mapped in either domain at that time.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "backend/backend_private.h"
#include "backend/backends.h"
#include "backend/backing.h"
#include "backend/translation.h"
#include "compat.h"
#include "lib/iova_space.h"
#include "lib/page_set.h"
#include "lib/refusal.h"
#include "lib/window.h"
#include "objects.h"

/**
 * struct wdmdma_private - a private IOMMU domain and its addresses
 * @dev: the device
 * @group: IOMMU group of which the device is the only member, with a reference
 * @domain: the domain
 * @aperture: addresses that the domain can map
 * @space: addresses that are in use, or must never be used
 */
struct wdmdma_private {
	struct device *dev;
	struct iommu_group *group;
	struct iommu_domain *domain;
	struct wdmdma_window aperture;
	struct wdmdma_iova_space space;
};

static int private_count(struct device *dev, void *count)
{
	(*(unsigned int *)count)++;
	return 0;
}

/* Return -EOPNOTSUPP if the device cannot have any private domain. */
static int private_check(struct device *dev, struct iommu_group *group,
			 struct wdmdma_refusal *refusal)
{
	unsigned int devices = 0;

	if (!group || !iommu_get_domain_for_dev(dev))
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "no IOMMU translates the device's addresses");
	if (!dev_is_dma_coherent(dev))
		return wdmdma_deny(refusal, -EOPNOTSUPP, "the device is not cache coherent");
	if (dev->dma_range_map)
		return wdmdma_deny(refusal, -EOPNOTSUPP, "the device sees memory at an offset");
	iommu_group_for_each_dev(group, &devices, private_count);
	if (devices != 1)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the IOMMU cannot tell the device from others");
	return 0;
}

static int private_reserve(struct wdmdma_private *private, u64 first, u64 last)
{
	struct wdmdma_window pages = { first & PAGE_MASK, last | ~PAGE_MASK };

	return first <= last ? wdmdma_iova_space_reserve(&private->space, pages) : 0;
}

/*
 * Let the device's interrupts through. On arm64 the device writes them to an address in the
 * domain.
 */
static int private_pass_msi(struct wdmdma_private *private, struct device *dev, u64 base,
			    struct wdmdma_refusal *refusal)
{
	if (dev_is_pci(dev) && pci_dev_msi_enabled(to_pci_dev(dev)))
		return wdmdma_deny(refusal, -EBUSY, "too late: the device has interrupt vectors");
	return iommu_get_msi_cookie(private->domain, base);
}

static int private_add_region(struct wdmdma_private *private, struct device *dev,
			      const struct iommu_resv_region *region,
			      struct wdmdma_refusal *refusal)
{
	int ret = 0;

	if (region->type == IOMMU_RESV_DIRECT || region->type == IOMMU_RESV_DIRECT_RELAXABLE)
		return wdmdma_deny(refusal, -EOPNOTSUPP,
				   "the firmware wants memory to be mapped for the device");
	if (region->type == IOMMU_RESV_SW_MSI)
		ret = private_pass_msi(private, dev, region->start, refusal);
	return ret ?: private_reserve(private, region->start, region->start + region->length - 1);
}

/* Reserve the addresses that mean something else to the IOMMU, such as those of interrupts. */
static int private_add_regions(struct wdmdma_private *private, struct device *dev,
			       struct wdmdma_refusal *refusal)
{
	struct iommu_resv_region *region;
	LIST_HEAD(regions);
	int ret;

	ret = iommu_get_group_resv_regions(private->group, &regions);
	list_for_each_entry(region, &regions, list)
		ret = ret ?: private_add_region(private, dev, region, refusal);
	iommu_put_resv_regions(dev, &regions);
	return ret;
}

/*
 * Reserve the addresses of bridge windows. They never reach the IOMMU, because a bridge may
 * send them to another device.
 */
static int private_add_bridge_windows(struct wdmdma_private *private, struct device *dev)
{
	struct resource_entry *window;
	int ret = 0;

	if (!dev_is_pci(dev))
		return 0;
	resource_list_for_each_entry(window, &pci_find_host_bridge(to_pci_dev(dev)->bus)->windows)
		if (!ret && resource_type(window->res) == IORESOURCE_MEM)
			ret = private_reserve(private, window->res->start - window->offset,
					      window->res->end - window->offset);
	return ret;
}

/*
 * Attach the device to the private domain. An IOMMU driver that runs out of memory halfway may
 * leave the device blocked until the next change of domain that succeeds, so try once more.
 */
static int private_attach(struct wdmdma_private *private, struct device *dev,
			  struct wdmdma_refusal *refusal)
{
	int ret = iommu_attach_device(private->domain, dev);

	if (ret == -ENOMEM)
		ret = iommu_attach_device(private->domain, dev);
	if (ret == -EBUSY)
		return wdmdma_deny(refusal, ret,
				   "the device is in another domain than its default one");
	if (ret && ret != -ENOMEM)
		return wdmdma_deny(refusal, ret, "the IOMMU does not take the domain");
	return ret;
}

/* Read the limits of the domain, which are known only while the device is in it. */
static int private_read_geometry(struct wdmdma_private *private, struct wdmdma_refusal *refusal)
{
	const struct iommu_domain *domain = private->domain;

	private->aperture.first = domain->geometry.aperture_start;
	private->aperture.last = domain->geometry.aperture_end;
	if (domain->pgsize_bitmap & (PAGE_SIZE | (PAGE_SIZE - 1)))
		return 0;
	return wdmdma_deny(refusal, -EOPNOTSUPP, "the IOMMU's pages are larger than the kernel's");
}

/*
 * Move the device back to its default domain, and the group out of the private domain. Return
 * false if the device is still in the private domain, which must not be freed then. No kernel
 * call reports this, so compare the domains.
 */
static bool private_detach(struct wdmdma_private *private)
{
	/* Do not use iommu_detach_device(), because another device may have joined the group. */
	iommu_detach_group(private->domain, private->group);
	if (iommu_get_domain_for_dev(private->dev) != private->domain)
		return true;
	dev_err(private->dev,
		"the IOMMU has not let go of the device's private domain: it is never freed\n");
	return false;
}

/*
 * Reserve addresses and attach the device. On failure, private->domain is NULL if the device
 * could not be detached again.
 */
static int private_enter(struct wdmdma_private *private, struct device *dev,
			 struct wdmdma_refusal *refusal)
{
	int ret = private_add_regions(private, dev, refusal);

	ret = ret ?: private_add_bridge_windows(private, dev);
	ret = ret ?: private_attach(private, dev, refusal);
	if (ret)
		return ret;
	ret = private_read_geometry(private, refusal);
	if (ret && !private_detach(private))
		private->domain = NULL;
	return ret;
}

/**
 * wdmdma_private_create() - put a device into a private domain
 * @dev: the device, for which nothing may be mapped
 * @refusal: receives the reason of a failure
 *
 * Context: may sleep.
 * Return: the domain, or an ERR_PTR with the device in its default domain. The error is
 * -EOPNOTSUPP, -ENOMEM, or -EBUSY if it is too late.
 */
struct wdmdma_private *wdmdma_private_create(struct device *dev, struct wdmdma_refusal *refusal)
{
	struct wdmdma_private *private = kzalloc(sizeof(*private), WDMDMA_GFP);
	int ret;

	wdmdma_deny(refusal, -ENOMEM, "out of memory");
	if (!private)
		return ERR_PTR(-ENOMEM);
	private->dev = dev;
	private->group = iommu_group_get(dev);
	ret = private_check(dev, private->group, refusal);
	if (ret)
		goto put_group;
	/*
	 * A buffer must not be at address 0, because drivers take it for "none". So exclude
	 * page 0.
	 */
	ret = wdmdma_iova_space_init(&private->space, PAGE_SIZE);
	if (ret)
		goto put_group;
	private->domain = iommu_paging_domain_alloc(dev);
	if (IS_ERR(private->domain)) {
		ret = PTR_ERR(private->domain);
		goto destroy_space;
	}
	ret = private_enter(private, dev, refusal);
	if (!ret)
		return private;

	if (private->domain)
		iommu_domain_free(private->domain);
destroy_space:
	wdmdma_iova_space_destroy(&private->space);
put_group:
	iommu_group_put(private->group);
	kfree(private);
	return ERR_PTR(ret == -ENOMEM || ret == -EBUSY ? ret : -EOPNOTSUPP);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_private_create);

/*
 * Undo wdmdma_private_create(). No buffer may be left in the domain. Return false if the device
 * could not be detached. May sleep.
 */
bool wdmdma_private_destroy(struct wdmdma_private *private)
{
	bool left = private_detach(private);

	if (left)
		iommu_domain_free(private->domain);
	wdmdma_iova_space_destroy(&private->space);
	iommu_group_put(private->group);
	kfree(private);
	return left;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_private_destroy);

/*
 * Unmap the first @mapped bytes of a buffer, which must be all that is mapped, and free its
 * addresses. If the IOMMU fails to unmap, leak both the addresses and the pages, so that they
 * are never used again.
 */
static void private_unmap(struct wdmdma_device *device, struct wdmdma_buffer *buffer,
			  size_t mapped)
{
	struct wdmdma_private *private = device->private;
	u64 first = buffer->range->taken.first;
	size_t unmapped = mapped ? iommu_unmap(private->domain, first, mapped) : 0;

	if (unmapped >= mapped) {
		wdmdma_iova_space_free(&private->space, buffer->range);
	} else {
		dev_warn(device->dev, "%zu of %zu bytes cannot be unmapped from %#llx\n",
			 mapped - unmapped, mapped, first);
		if (!buffer->imported || wdmdma_to_imported(buffer)->held)
			wdmdma_pfns_leak(buffer->pages->pfn, buffer->pages->nr,
					 "are still known to a device");
	}
	buffer->range = NULL;
}

/* Return the preferred alignment of a buffer's logical addresses. */
static u64 private_align(const struct wdmdma_request *request, size_t size)
{
	if (request->granule)
		return request->granule;
	/* A buffer that is aligned to its length crosses no boundary of at least that length. */
	if (request->boundary)
		return roundup_pow_of_two(size);
	/* With this alignment the IOMMU can use large pages, if the memory allows it too. */
	return size >= SZ_2M ? SZ_2M : PAGE_SIZE;
}

/*
 * Allocate addresses for a buffer. If the window is too narrow for the preferred alignment,
 * align to pages.
 */
static struct wdmdma_iova_range *private_take(struct wdmdma_private *private,
					      const struct wdmdma_request *request,
					      struct wdmdma_window window, size_t size)
{
	struct wdmdma_iova_range *range;

	range = wdmdma_iova_space_alloc(&private->space, window, size,
					private_align(request, size));
	if (!range && !request->granule)
		range = wdmdma_iova_space_alloc(&private->space, window, size, PAGE_SIZE);
	return range;
}

/* Map the buffer's pages as one range of addresses. */
static int private_map(struct wdmdma_device *device, struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer, int prot)
{
	struct wdmdma_private *private = device->private;
	const unsigned long *pfn = buffer->pages->pfn;
	unsigned long done, run, nr = buffer->pages->nr;
	struct wdmdma_window window = request->window;

	if (!wdmdma_window_clip(&window, private->aperture))
		return wdmdma_deny(&request->refusal, -EINVAL,
				   "the IOMMU has no address in that range");
	request->refusal.reason = "no logical addresses are free in that range";
	buffer->range = private_take(private, request, window, wdmdma_buffer_size(buffer));
	if (!buffer->range)
		return -ENOMEM;
	buffer->dma = buffer->range->taken.first;

	for (done = 0; done < nr; done += run) {
		run = wdmdma_pfns_run(pfn + done, nr - done);
		if (iommu_map(private->domain, buffer->dma + PFN_PHYS(done), PFN_PHYS(pfn[done]),
			      PFN_PHYS(run), prot | IOMMU_CACHE, WDMDMA_GFP)) {
			request->refusal.reason = "the IOMMU cannot map the memory";
			private_unmap(device, buffer, PFN_PHYS(done));
			return -ENOMEM;
		}
	}
	return 0;
}

static int private_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
			 struct wdmdma_buffer *buffer)
{
	unsigned long nr = buffer->nr_pages;
	struct wdmdma_page_limits limits = {
		.window = WDMDMA_WINDOW_ALL,
		.node = request->node,
		.gfp = WDMDMA_PAGES_GFP,
	};
	int ret;

	if (request->granule && !wdmdma_iommu_has_page_size(device->dev, request->granule))
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "the IOMMU has no pages of that size");
	/* Large pages must be large for the CPU too, and so contiguous. */
	buffer->pages = request->granule ? wdmdma_pages_alloc(&limits, nr) :
					   wdmdma_pages_gather(&limits, nr);
	if (!buffer->pages)
		return wdmdma_deny(&request->refusal, -ENOMEM, "no free memory of that length");
	ret = wdmdma_backing_map_cpu(request, buffer);
	if (ret)
		return ret;
	ret = private_map(device, request, buffer, IOMMU_READ | IOMMU_WRITE);
	if (ret)
		wdmdma_backing_free_pages(buffer);
	return ret;
}

static int private_import(struct wdmdma_device *device, struct wdmdma_request *request,
			  struct wdmdma_buffer *buffer)
{
	enum dma_data_direction direction = wdmdma_to_imported(buffer)->direction;
	int prot = 0;

	if (direction == DMA_FROM_DEVICE && !wdmdma_iommu_forbids_reading(device->dev))
		return wdmdma_deny(&request->refusal, -EOPNOTSUPP,
				   "the IOMMU lets a device read what it may write");
	if (direction != DMA_FROM_DEVICE)
		prot |= IOMMU_READ;
	if (direction != DMA_TO_DEVICE)
		prot |= IOMMU_WRITE;
	return private_map(device, request, buffer, prot);
}

static void private_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	private_unmap(device, buffer, wdmdma_buffer_size(buffer));
	if (!buffer->imported)
		wdmdma_backing_free_pages(buffer);
}

const struct wdmdma_backend wdmdma_backend_private = {
	.name = "private domain",
	.small_blocks = true,
	.alloc = private_alloc,
	.import = private_import,
	.free = private_free,
};
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_backend_private);
