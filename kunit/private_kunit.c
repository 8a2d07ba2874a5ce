// SPDX-License-Identifier: GPL-2.0-only
/*
 * The private domain, with an edu device of 40 address lines that moves bytes.
 *
 * Each case begins with a device that was just bound, and must leave the device bound
 * anew without a private domain. Without an IOMMU only the refusals are tested.
 */
#include <kunit/test.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "backend/backend_private.h"
#include "backend/backends.h"
#include "core/device.h"
#include "edu.h"
#include "helpers.h"
#include "objects.h"
#include "private.h"

static bool backend_is(const struct wdmdma_backend *backend)
{
	struct wdmdma_device *device = wdmdma_device_open(private_dev());
	bool is = !IS_ERR(device) && device->backend == backend;

	if (!IS_ERR(device))
		wdmdma_device_put(device);
	return is;
}

/* ---- opt-in ---- */

static void opt_in_without_an_iommu_is_refused(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	PHYSICAL_ADDRESS la;
	struct wdmdma_fixture *fixture;
	void *va;

	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(dev), -EOPNOTSUPP);
	if (!private_has_iommu())
		KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(private_dev()), -EOPNOTSUPP);

	fixture = wdmdma_test_fixture_on(test, dev, 64);
	va = private_between(fixture, 0, U64_MAX, SZ_4K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	wdmdma_test_free(fixture, SZ_4K, la, va);
}

static void opt_in_after_the_first_adapter_is_refused(struct kunit *test)
{
	struct wdmdma_fixture *fixture = wdmdma_test_fixture_on(test, private_dev(), 64);
	PHYSICAL_ADDRESS la;
	u8 *va;

	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(private_dev()), -EBUSY);
	va = private_between(fixture, 0, U64_MAX, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);

	fixture->ops->PutDmaAdapter(fixture->adapter);
	fixture->adapter = NULL;
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(private_dev()), -EBUSY);
	KUNIT_EXPECT_FALSE(test, backend_is(&wdmdma_backend_private));
}

static void opt_in_a_second_time_is_refused(struct kunit *test)
{
	private_needs(test);
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(private_dev()), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(private_dev()), -EBUSY);
	KUNIT_EXPECT_TRUE(test, backend_is(&wdmdma_backend_private));
}

static void opt_in_of_no_device_is_refused(struct kunit *test)
{
	struct pci_dev *pdev = private_edu->pdev;
	int ret;

	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(NULL), -EINVAL);
	local_bh_disable();
	ret = wdmdma_device_use_private_domain(&pdev->dev);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, ret, -EINVAL);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(&pdev->dev), -EINVAL);
}

/* Attach the device to another domain, as another subsystem might do. */
static void opt_in_in_a_foreign_domain_is_refused(struct kunit *test)
{
	struct iommu_domain *domain;
	PHYSICAL_ADDRESS la;
	struct wdmdma_fixture *fixture;
	u8 *va;

	private_needs(test);
	domain = iommu_paging_domain_alloc(private_dev());
	KUNIT_ASSERT_FALSE(test, IS_ERR(domain));
	KUNIT_ASSERT_EQ(test, iommu_attach_device(domain, private_dev()), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(private_dev()), -EBUSY);
	iommu_detach_device(domain, private_dev());
	iommu_domain_free(domain);

	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(private_dev()), 0);
	fixture = wdmdma_test_fixture_on(test, private_dev(), 64);
	va = private_between(fixture, 0, U64_MAX, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);
}

/*
 * On arm64 an interrupt vector is an address in the domain that the device was in, so
 * the opt-in must come first.
 */
static void opt_in_comes_before_interrupt_vectors(struct kunit *test)
{
	int early = IS_ENABLED(CONFIG_ARM64) ? -EBUSY : 0;

	private_needs(test);
	edu_expect_vector(test, private_edu);
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(private_dev()), early);
	KUNIT_EXPECT_EQ(test, edu_interrupt(private_edu), 0);
	pci_free_irq_vectors(private_edu->pdev);

	if (early)
		KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(private_dev()), 0);
	edu_expect_vector(test, private_edu);
	pci_free_irq_vectors(private_edu->pdev);
}

/*
 * Functions of one device that the IOMMU cannot tell apart are one group, which must not
 * get a private domain.
 */
static void opt_in_in_a_group_with_others_is_refused(struct kunit *test)
{
	struct pci_dev *pdev = NULL;
	unsigned int tried = 0;

	for_each_pci_dev(pdev) {
		struct device *dev = &pdev->dev;
		struct wdmdma_domain home = { .own = iommu_get_domain_for_dev(dev) };
		struct wdmdma_device *device;
		struct wdmdma_refusal refusal = {};

		/* The chipset's functions in slot 0x1f have no driver, and must get none. */
		if (PCI_SLOT(pdev->devfn) != 0x1f || dev->driver || !home.own)
			continue;
		device = kunit_kzalloc(test, sizeof(*device), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, device);
		device->dev = dev;
		device->home = &home;
		init_rwsem(&device->sem);
		INIT_LIST_HEAD(&device->adapters);
		INIT_LIST_HEAD(&device->retired);
		KUNIT_EXPECT_EQ(test, wdmdma_device_use_private(device, &refusal), -EOPNOTSUPP);
		KUNIT_EXPECT_NOT_NULL(test, refusal.reason);
		KUNIT_EXPECT_NULL(test, device->private);
		tried++;
	}
	if (!tried)
		kunit_skip(test, "the machine has no such group");
}

static void enter_and_leave(struct kunit *test)
{
	struct iommu_domain *before = iommu_get_domain_for_dev(private_dev());
	struct wdmdma_private *private;
	struct wdmdma_refusal refusal = {};
	unsigned int left;

	private = wdmdma_private_create(private_dev(), &refusal);
	/* Only entering the domain may fail. */
	left = current->fail_nth;
	current->fail_nth = 0;
	if (IS_ERR(private))
		KUNIT_EXPECT_NOT_NULL(test, refusal.reason);
	else
		wdmdma_private_destroy(private);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(private_dev()), before);
	current->fail_nth = left;
}

static void opt_in_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture;
	PHYSICAL_ADDRESS la;
	u8 *va;

	if (!private_has_iommu())
		kunit_skip(test, "needs an IOMMU");
	wdmdma_test_sweep_on(test, private_dev(), enter_and_leave);
	fixture = wdmdma_test_fixture_on(test, private_dev(), 64);
	va = private_between(fixture, 0, U64_MAX, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);
}

/* ---- refused calls ---- */

static void device_neither_joins_nor_is_joined(struct kunit *test)
{
	struct wdmdma_fixture *fixture = private_fixture(test), *other;
	struct edu *neighbour = edu_at(EDU_SLOT_32_BITS);
	PHYSICAL_ADDRESS la;
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, neighbour->pdev);
	other = wdmdma_test_fixture_on(test, &neighbour->pdev->dev, 32);
	KUNIT_EXPECT_EQ(test, STATUS_NOT_SUPPORTED,
			fixture->ops->JoinDmaDomain(fixture->adapter,
						    other->ops->GetDmaDomain(other->adapter)));
	KUNIT_EXPECT_EQ(test, STATUS_NOT_SUPPORTED,
			other->ops->JoinDmaDomain(other->adapter,
						  fixture->ops->GetDmaDomain(fixture->adapter)));
	va = wdmdma_test_alloc(fixture, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, SZ_4K, 1024);
	wdmdma_test_free(fixture, SZ_8K, la, va);
	va = wdmdma_test_alloc(other, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, neighbour, va, la.QuadPart, 0, SZ_4K, 1024);
	wdmdma_test_free(other, SZ_8K, la, va);
}

/* ---- unbind ---- */

static void default_domain_is_back_after_unbind(struct kunit *test)
{
	struct pci_dev *pdev = private_edu->pdev;
	struct iommu_domain *before = iommu_get_domain_for_dev(&pdev->dev), *private;
	struct wdmdma_fixture *fixture;
	PHYSICAL_ADDRESS la;
	u8 *va;

	private_needs(test);
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(&pdev->dev), 0);
	private = iommu_get_domain_for_dev(&pdev->dev);
	KUNIT_EXPECT_PTR_NE(test, private, before);
	private_rebind(pdev);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(&pdev->dev), before);

	fixture = wdmdma_test_fixture_on(test, &pdev->dev, 64);
	KUNIT_EXPECT_FALSE(test, backend_is(&wdmdma_backend_private));
	va = wdmdma_test_alloc(fixture, SZ_8K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	edu_expect_round_trip(test, private_edu, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
	wdmdma_test_free(fixture, SZ_8K, la, va);
}

/* Any case may leave the device without a driver, or in a private domain. */
static int private_suite_init(struct kunit *test)
{
	return private_init(test) ?: private_rebind_after(test);
}

static struct kunit_case private_cases[] = {
	KUNIT_CASE(opt_in_without_an_iommu_is_refused),
	KUNIT_CASE_SLOW(opt_in_after_the_first_adapter_is_refused),
	KUNIT_CASE(opt_in_a_second_time_is_refused),
	KUNIT_CASE(opt_in_of_no_device_is_refused),
	KUNIT_CASE_SLOW(opt_in_in_a_foreign_domain_is_refused),
	KUNIT_CASE_SLOW(opt_in_comes_before_interrupt_vectors),
	KUNIT_CASE(opt_in_in_a_group_with_others_is_refused),
	KUNIT_CASE_SLOW(opt_in_fails_cleanly_at_every_point),
	KUNIT_CASE_SLOW(device_neither_joins_nor_is_joined),
	KUNIT_CASE_SLOW(default_domain_is_back_after_unbind),
	{}
};

static struct kunit_suite private_suite = {
	.name = "wdmdma_private",
	.init = private_suite_init,
	.test_cases = private_cases,
};

kunit_test_suite(private_suite);
