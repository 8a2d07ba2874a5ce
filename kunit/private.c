// SPDX-License-Identifier: GPL-2.0-only
/* See private.h. */
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "edu.h"
#include "helpers.h"
#include "private.h"

struct edu *private_edu;

/* A case has asked for private_rebind() at its end. */
static bool rebinds;

void private_rebind(void *data)
{
	struct pci_dev *pdev = data;

	rebinds = false;
	device_release_driver(&pdev->dev);
	if (device_attach(&pdev->dev) != 1)
		pr_err("wdmdma: the edu device does not come back\n");
}

int private_init(struct kunit *test)
{
	private_edu = edu_at(EDU_SLOT_40_BITS);
	if (!edu_is_there(test, EDU_SLOT_40_BITS))
		kunit_skip(test, "the machine has no such edu device");
	return 0;
}

/* Bind the driver anew when the case ends, because a private domain lasts until then. */
int private_rebind_after(struct kunit *test)
{
	int ret = 0;

	if (!rebinds)
		ret = kunit_add_action_or_reset(test, private_rebind, private_edu->pdev);
	rebinds = !ret;
	return ret;
}

struct device *private_dev(void)
{
	return &private_edu->pdev->dev;
}

/* Return true if the device has an IOMMU, whose default domain may translate or not. */
bool private_has_iommu(void)
{
	return iommu_get_domain_for_dev(private_dev());
}

/*
 * Skip the case if the device can have no private domain. Expect a refusal if it is not
 * cache coherent.
 */
void private_needs(struct kunit *test)
{
	if (!private_has_iommu())
		kunit_skip(test, "needs an IOMMU");
	if (dev_is_dma_coherent(private_dev()))
		return;
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(private_dev()), -EOPNOTSUPP);
	kunit_skip(test, "refused: the device is not cache coherent");
}

/* Return an adapter for the device in a private domain. */
struct wdmdma_fixture *private_fixture(struct kunit *test)
{
	private_needs(test);
	KUNIT_ASSERT_EQ(test, private_rebind_after(test), 0);
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(private_dev()), 0);
	return wdmdma_test_fixture_on(test, private_dev(), 64);
}

/* Allocate a buffer of single pages within these limits. */
void *private_between(struct wdmdma_fixture *fixture, u64 first, u64 last, ULONG length,
		      PHYSICAL_ADDRESS *la)
{
	return wdmdma_test_alloc_between(fixture, first, last, length, 0, la);
}

u64 private_device_sees(u64 la)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(private_dev()), la);
}

/* Expect that the device sees the same memory as the CPU in each page of the buffer. */
void private_expect_same_memory(struct kunit *test, void *va, u64 la, size_t size)
{
	size_t offset;

	for (offset = 0; offset < size; offset += SZ_4K)
		KUNIT_EXPECT_EQ(test, private_device_sees(la + offset),
				(u64)wdmdma_test_physical(va + offset));
}

void private_expect_no_buffers(struct kunit *test, struct wdmdma_fixture *fixture)
{
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}
