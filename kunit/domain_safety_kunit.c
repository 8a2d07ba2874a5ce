// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules that keep domains safe. A join must not leave a device behind in a foreign
 * domain, and must not let an untrusted device reach the memory of other devices.
 */
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "backend/translation.h"
#include "core/device.h"
#include "edu.h"
#include "log.h"
#include "objects.h"
#include "system.h"

#define LENGTH		SZ_8K

/* PCI slots of the devices. */
enum {
	LEADER = EDU_SLOT_32_BITS,
	JOINER,
	TWIN = EDU_SLOT_TWINS,
	OTHER_TWIN,
};

static struct wdmdma_fixture *adapter_at(struct kunit *test, unsigned int slot)
{
	return wdmdma_test_fixture_on(test, &edu_at(slot)->pdev->dev, 32);
}

static NTSTATUS join(struct wdmdma_fixture *joiner, struct wdmdma_fixture *leader)
{
	HANDLE domain = leader->ops->GetDmaDomain(leader->adapter);

	return joiner->ops->JoinDmaDomain(joiner->adapter, domain);
}

static NTSTATUS leave(struct wdmdma_fixture *joiner)
{
	return joiner->ops->LeaveDmaDomain(joiner->adapter);
}

static void expect_round_trip(struct kunit *test, unsigned int slot, u8 *va, PHYSICAL_ADDRESS la)
{
	edu_expect_round_trip(test, edu_at(slot), va, la.QuadPart, 0, SZ_4K, EDU_MOST);
}

/* A group gets its second device while its first device has joined another domain. */

static void go_by_leaving(struct kunit *test, struct wdmdma_fixture *joiner)
{
	KUNIT_EXPECT_EQ(test, leave(joiner), STATUS_SUCCESS);
}

static void go_by_put(struct kunit *test, struct wdmdma_fixture *joiner)
{
	joiner->ops->PutDmaAdapter(joiner->adapter);
	joiner->adapter = NULL;
}

static void go_by_unbind(struct kunit *test, struct wdmdma_fixture *joiner)
{
	device_release_driver(joiner->dev);
	KUNIT_ASSERT_EQ(test, device_attach(joiner->dev), 1);
}

static const struct way_row {
	const char *name;
	void (*go)(struct kunit *test, struct wdmdma_fixture *joiner);
	bool goes_on;
} way_rows[] = {
	{ "LeaveDmaDomain", go_by_leaving, true },
	{ "PutDmaAdapter", go_by_put },
	{ "the driver is unbound", go_by_unbind },
};

KUNIT_ARRAY_PARAM_DESC(way, way_rows, name);

static void rescan(struct pci_bus *bus)
{
	pci_lock_rescan_remove();
	pci_rescan_bus(bus);
	pci_unlock_rescan_remove();
}

/*
 * Return the adapter of the first twin after removing the second, or NULL if the case
 * was skipped.
 */
static struct wdmdma_fixture *lone_twin(struct kunit *test)
{
	struct wdmdma_fixture *twin;
	struct pci_dev *other;

	if (!edu_is_there(test, TWIN) || !edu_is_there(test, OTHER_TWIN)) {
		kunit_skip(test, "the machine has no device with two functions");
		return NULL;
	}
	other = edu_at(OTHER_TWIN)->pdev;
	twin = adapter_at(test, TWIN);
	if (!wdmdma_iommu_translates(twin->dev) ||
	    twin->dev->iommu_group != other->dev.iommu_group) {
		kunit_skip(test, "the two functions are not one group behind an IOMMU");
		return NULL;
	}
	pci_stop_and_remove_bus_device_locked(other);
	return twin;
}

/* A device must write only to its own buffer, and to no buffer of the other device. */
static void expect_memory_apart(struct kunit *test, struct wdmdma_fixture *leader,
				struct wdmdma_fixture *twin)
{
	PHYSICAL_ADDRESS leader_la, twin_la;
	u8 *leaders = wdmdma_test_alloc(leader, LENGTH, &leader_la);
	u8 *twins = wdmdma_test_alloc(twin, LENGTH, &twin_la);

	KUNIT_ASSERT_NOT_NULL(test, leaders);
	KUNIT_ASSERT_NOT_NULL(test, twins);
	memset(leaders, 0xa5, LENGTH);
	expect_round_trip(test, TWIN, twins, twin_la);
	KUNIT_EXPECT_NULL(test, memchr_inv(leaders, 0xa5, LENGTH));
	memset(twins, 0x5a, LENGTH);
	expect_round_trip(test, LEADER, leaders, leader_la);
	KUNIT_EXPECT_NULL(test, memchr_inv(twins, 0x5a, LENGTH));
	wdmdma_test_free(leader, LENGTH, leader_la, leaders);
	wdmdma_test_free(twin, LENGTH, twin_la, twins);
}

static void device_goes_home_though_its_group_has_grown(struct kunit *test)
{
	const struct way_row *row = test->param_value;
	struct wdmdma_fixture *twin = lone_twin(test), *leader;
	struct iommu_domain *home;
	struct pci_dev *pdev;
	PHYSICAL_ADDRESS la;
	u8 *va;

	if (!twin)
		return;
	leader = adapter_at(test, LEADER);
	pdev = to_pci_dev(twin->dev);
	home = iommu_get_domain_for_dev(twin->dev);
	KUNIT_ASSERT_EQ(test, join(twin, leader), STATUS_SUCCESS);
	rescan(pdev->bus);
	/*
	 * The second function is in the joined domain now, where the kernel lets no driver bind
	 * to it.
	 */
	KUNIT_EXPECT_NULL(test, edu_at(OTHER_TWIN)->pdev);
	va = wdmdma_test_alloc(twin, LENGTH, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_round_trip(test, TWIN, va, la);
	wdmdma_test_free(twin, LENGTH, la, va);

	row->go(test, twin);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(&pdev->dev), home);
	expect_memory_apart(test, leader, row->goes_on ? twin : adapter_at(test, TWIN));

	pdev = pci_get_slot(pdev->bus, pdev->devfn + 1);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
	pci_dev_put(pdev);
	expect_memory_apart(test, leader, adapter_at(test, OTHER_TWIN));
}

/* Bind the driver of the first twin anew. */
static void rebind_twin(struct kunit *test, struct pci_dev *pdev)
{
	device_release_driver(&pdev->dev);
	KUNIT_ASSERT_EQ(test, device_attach(&pdev->dev), 1);
}

/*
 * The DMA API takes no notice of the IOMMU for a device that was added to a group in a private
 * domain. Its logical addresses would be physical ones, at which the device faults.
 */
static void device_that_the_dma_api_has_no_iommu_for_is_refused(struct kunit *test)
{
	struct kmsg_dump_iter log;
	struct wdmdma_fixture *twin;
	struct pci_dev *pdev, *other;
	PHYSICAL_ADDRESS la;
	u8 *va;

	if (edu_is_there(test, TWIN) && !dev_is_dma_coherent(&edu_at(TWIN)->pdev->dev)) {
		kunit_skip(test, "no private domain for a device that is not cache coherent");
		return;
	}
	twin = lone_twin(test);
	if (!twin)
		return;
	pdev = to_pci_dev(twin->dev);
	rebind_twin(test, pdev);
	KUNIT_ASSERT_EQ(test, wdmdma_device_use_private_domain(&pdev->dev), 0);
	rescan(pdev->bus);
	KUNIT_EXPECT_NULL(test, edu_at(OTHER_TWIN)->pdev);
	rebind_twin(test, pdev);
	other = pci_get_slot(pdev->bus, pdev->devfn + 1);
	KUNIT_ASSERT_NOT_NULL(test, other);
	KUNIT_EXPECT_EQ(test, device_attach(&other->dev), 1);
	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_NULL(test, wdmdma_device_object_get(&other->dev));
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "wdmdma_device_object_get: ",
						    "maps past the device's IOMMU"), 1U);

	/* The remedy in the message. */
	pci_stop_and_remove_bus_device_locked(other);
	pci_dev_put(other);
	rescan(pdev->bus);
	KUNIT_ASSERT_NOT_NULL(test, edu_at(OTHER_TWIN)->pdev);
	twin = adapter_at(test, OTHER_TWIN);
	va = wdmdma_test_alloc(twin, LENGTH, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_round_trip(test, OTHER_TWIN, va, la);
	wdmdma_test_free(twin, LENGTH, la, va);
}

/* Get adapters for LEADER and JOINER. Return false if the case was skipped. */
static bool get_pair(struct kunit *test, struct wdmdma_fixture **leader,
		     struct wdmdma_fixture **joiner)
{
	if (!edu_is_there(test, LEADER) || !edu_is_there(test, JOINER)) {
		kunit_skip(test, "the machine does not have two edu devices");
		return false;
	}
	*leader = adapter_at(test, LEADER);
	*joiner = adapter_at(test, JOINER);
	return true;
}

/*
 * The leader depends on the joiner, so the join fails after the IOMMU has moved the joiner. The
 * join must be undone.
 */
static void join_that_fails_half_way_leaves_the_device_at_home(struct kunit *test)
{
	struct wdmdma_fixture *leader, *joiner;
	struct iommu_domain *home;
	struct device_link *link;
	PHYSICAL_ADDRESS la;
	u8 *leaders, *va;

	if (!get_pair(test, &leader, &joiner))
		return;
	if (!wdmdma_iommu_translates(joiner->dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	home = iommu_get_domain_for_dev(joiner->dev);
	link = device_link_add(leader->dev, joiner->dev, DL_FLAG_STATELESS);
	KUNIT_ASSERT_NOT_NULL(test, link);
	KUNIT_EXPECT_EQ(test, join(joiner, leader), STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(joiner->dev), home);
	device_link_del(link);

	leaders = wdmdma_test_alloc(leader, LENGTH, &la);
	KUNIT_ASSERT_NOT_NULL(test, leaders);
	memset(leaders, 0xa5, LENGTH);
	va = wdmdma_test_alloc(joiner, LENGTH, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_round_trip(test, JOINER, va, la);
	KUNIT_EXPECT_NULL(test, memchr_inv(leaders, 0xa5, LENGTH));
	wdmdma_test_free(joiner, LENGTH, la, va);

	/* Nothing may be left that a later join meets. */
	KUNIT_EXPECT_EQ(test, join(joiner, leader), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, leave(joiner), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(joiner->dev), home);
	/* Rebind the joiner, which removes its device link to the leader. */
	device_release_driver(joiner->dev);
	KUNIT_ASSERT_EQ(test, device_attach(joiner->dev), 1);
}

/* IOMMU drivers never fail to take a device back, so the case corrupts the module's record. */
static void device_that_is_not_taken_back_gets_nothing(struct kunit *test)
{
	struct wdmdma_fixture *leader, *joiner;
	struct wdmdma_domain *home;
	struct wdmdma_device *device;
	struct iommu_domain *own;
	PHYSICAL_ADDRESS la;
	PDEVICE_OBJECT pdo;
	int refs;

	if (!get_pair(test, &leader, &joiner))
		return;
	if (!wdmdma_iommu_translates(joiner->dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	KUNIT_ASSERT_EQ(test, join(joiner, leader), STATUS_SUCCESS);
	device = wdmdma_device_find(joiner->pdo);
	home = device->home;
	wdmdma_device_put(device);
	own = home->own;
	home->own = iommu_get_domain_for_dev(leader->dev);
	refs = wdmdma_module_refs();

	KUNIT_EXPECT_EQ(test, leave(joiner), STATUS_DELETE_PENDING);
	KUNIT_EXPECT_NULL(test, wdmdma_test_alloc(joiner, LENGTH, &la));
	KUNIT_EXPECT_NULL(test, joiner->ops->GetDmaDomain(joiner->adapter));
	KUNIT_EXPECT_EQ(test, join(joiner, leader), STATUS_DELETE_PENDING);
	/* The next driver must get nothing either, until the device is back in its own domain. */
	device_release_driver(joiner->dev);
	KUNIT_ASSERT_EQ(test, device_attach(joiner->dev), 1);
	KUNIT_EXPECT_NULL(test, wdmdma_device_object_get(joiner->dev));
	KUNIT_EXPECT_EQ(test, wdmdma_device_use_private_domain(joiner->dev), -EBUSY);
	/* The fault must not be forgotten, so the module cannot be unloaded. */
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), refs);

	home->own = own;
	pdo = wdmdma_device_object_get(joiner->dev);
	KUNIT_EXPECT_NOT_NULL(test, pdo);
	/* Now the device's record has the reference. */
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), refs);
	wdmdma_device_object_put(pdo);
	/* Rebind the joiner, which removes its device link to the leader. */
	device_release_driver(joiner->dev);
	KUNIT_ASSERT_EQ(test, device_attach(joiner->dev), 1);
}

static const struct trust_row {
	const char *name;
	unsigned int untrusted;
} trust_rows[] = {
	{ "the joiner", JOINER },
	{ "the leader", LEADER },
};

KUNIT_ARRAY_PARAM_DESC(trust, trust_rows, name);

static void untrusted_device_shares_no_domain(struct kunit *test)
{
	const struct trust_row *row = test->param_value;
	struct wdmdma_fixture *leader, *joiner;
	HANDLE home;

	if (!get_pair(test, &leader, &joiner))
		return;
	home = joiner->ops->GetDmaDomain(joiner->adapter);
	edu_at(row->untrusted)->pdev->untrusted = 1;
	KUNIT_EXPECT_EQ(test, join(joiner, leader), STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_PTR_EQ(test, joiner->ops->GetDmaDomain(joiner->adapter), home);
	edu_at(row->untrusted)->pdev->untrusted = 0;
	KUNIT_EXPECT_EQ(test, join(joiner, leader), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, leave(joiner), STATUS_SUCCESS);
}

/* Change the type of a device's default domain as an administrator does. See edu_set_domain(). */
static int retype(struct device *dev, const char *type)
{
	int ret;

	device_release_driver(dev);
	ret = edu_set_domain(dev, type);
	return device_attach(dev) == 1 ? ret : -ENODEV;
}

static void strict_device_joins_no_lazy_domain(struct kunit *test)
{
	struct wdmdma_fixture *leader, *joiner;
	struct device *dev;

	if (!get_pair(test, &leader, &joiner))
		return;
	dev = joiner->dev;
	if (!wdmdma_iommu_translates(dev) || retype(dev, "DMA") ||
	    iommu_get_domain_for_dev(leader->dev)->type != IOMMU_DOMAIN_DMA_FQ) {
		retype(dev, "auto");
		kunit_skip(test, "needs an IOMMU with lazy domains");
		return;
	}
	joiner = adapter_at(test, JOINER);
	KUNIT_EXPECT_EQ(test, join(joiner, leader), STATUS_NOT_SUPPORTED);
	/* The other way round must succeed, because no device loses protection. */
	KUNIT_EXPECT_EQ(test, join(leader, joiner), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, leave(leader), STATUS_SUCCESS);

	/* Unbind the leader first, which removes the device link that the join made. */
	device_release_driver(leader->dev);
	KUNIT_EXPECT_EQ(test, retype(dev, "auto"), 0);
	KUNIT_ASSERT_EQ(test, device_attach(leader->dev), 1);
}

static void expect_device_object(struct kunit *test, struct device *dev)
{
	PDEVICE_OBJECT pdo = wdmdma_device_object_get(dev);

	KUNIT_EXPECT_NOT_NULL(test, pdo);
	wdmdma_device_object_put(pdo);
}

/* A joined device goes home at unbind, though an administrator has just replaced its domain. */
static void device_goes_home_though_its_domain_is_replaced(struct kunit *test)
{
	struct wdmdma_fixture *leader, *joiner;
	struct edu_retype retyped = { .type = "identity" };
	struct kmsg_dump_iter log;
	struct device *dev;
	int refs;

	if (!get_pair(test, &leader, &joiner))
		return;
	dev = joiner->dev;
	refs = wdmdma_module_refs();
	if (!wdmdma_iommu_translates(dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	/* The next domain should translate, too. A lazy domain is made strict. */
	if (iommu_get_domain_for_dev(dev)->type == IOMMU_DOMAIN_DMA_FQ)
		retyped.type = "DMA";
	retyped.dev = dev;
	KUNIT_ASSERT_EQ(test, join(joiner, leader), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, devm_add_action(dev, edu_retype, &retyped), 0);
	wdmdma_test_log_begin(&log);
	device_release_driver(dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "has not taken the device back", ""), 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), refs - 1);

	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
	expect_device_object(test, dev);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), refs);
	KUNIT_EXPECT_EQ(test, retype(dev, "auto"), 0);
	expect_device_object(test, dev);
	if (retyped.ret)
		kunit_skip(test, "the IOMMU's domains cannot be replaced");
}

/* The devices of the remaining cases are fake, and no IOMMU translates for them. */

/* An ISA channel reaches only 16 MiB, so a domain with a channel must stay below 16 MiB. */
static void channel_lowers_the_ceiling_of_its_domain(struct kunit *test)
{
	struct wdmdma_fixture *other = wdmdma_test_fixture(test);
	struct wdmdma_slave *slave;
	PHYSICAL_ADDRESS la;
	HANDLE domain;
	PVOID va;

	test->priv = wdmdma_test_fixture(test);
	wdmdma_test_needs_isa(test);
	slave = wdmdma_test_slave(test, 1);
	domain = slave->ops->GetDmaDomain(slave->adapter);
	KUNIT_ASSERT_NOT_NULL(test, domain);

	/*
	 * The limit must hold for a buffer that the channel allocates, and for one of another
	 * member.
	 */
	KUNIT_ASSERT_EQ(test, slave->ops->AllocateDomainCommonBuffer(slave->adapter, domain, NULL,
								     LENGTH, 0, NULL,
								     MM_ANY_NODE_OK, &la, &va),
			STATUS_SUCCESS);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + LENGTH - 1, DMA_BIT_MASK(24));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, LENGTH));
	slave->ops->FreeCommonBuffer(slave->adapter, LENGTH, la, va, FALSE);

	KUNIT_ASSERT_EQ(test, other->ops->JoinDmaDomain(other->adapter, domain), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, other->ops->AllocateDomainCommonBuffer(other->adapter, domain, NULL,
								     LENGTH, 0, NULL,
								     MM_ANY_NODE_OK, &la, &va),
			STATUS_SUCCESS);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + LENGTH - 1, DMA_BIT_MASK(24));
	wdmdma_test_free(other, LENGTH, la, va);
	KUNIT_EXPECT_EQ(test, leave(other), STATUS_SUCCESS);

	/* A buffer must not be longer than the channel can move at a time. */
	KUNIT_EXPECT_EQ(test, slave->ops->AllocateDomainCommonBuffer(slave->adapter, domain, NULL,
								     SZ_128K, 0, NULL,
								     MM_ANY_NODE_OK, &la, &va),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, 0ULL);
}

/* A channel must not join a domain with a buffer that it does not reach. */
static void channel_joins_only_what_it_reaches(struct kunit *test)
{
	struct wdmdma_fixture *other = wdmdma_test_fixture(test);
	HANDLE domain = other->ops->GetDmaDomain(other->adapter);
	struct wdmdma_slave *slave;
	PHYSICAL_ADDRESS la;
	PVOID va;

	test->priv = wdmdma_test_fixture(test);
	wdmdma_test_needs_isa(test);
	slave = wdmdma_test_slave(test, 1);
	KUNIT_ASSERT_EQ(test, other->ops->AllocateDomainCommonBuffer(other->adapter, domain, NULL,
								     LENGTH, 0, NULL,
								     MM_ANY_NODE_OK, &la, &va),
			STATUS_SUCCESS);
	KUNIT_ASSERT_GT(test, (u64)la.QuadPart, DMA_BIT_MASK(24));
	KUNIT_EXPECT_EQ(test, slave->ops->JoinDmaDomain(slave->adapter, domain),
			STATUS_NOT_SUPPORTED);
	wdmdma_test_free(other, LENGTH, la, va);
	KUNIT_EXPECT_EQ(test, slave->ops->JoinDmaDomain(slave->adapter, domain), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, slave->ops->LeaveDmaDomain(slave->adapter), STATUS_SUCCESS);
}

/* One device would see data in the CPU's caches that the other does not see. */
static void devices_that_differ_in_coherence_share_no_domain(struct kunit *test)
{
#ifdef CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE
	struct device *dev = wdmdma_test_device(test);
	struct wdmdma_fixture *coherent = wdmdma_test_fixture(test), *other;

	dev->dma_coherent = false;
	other = wdmdma_test_fixture_on(test, dev, 64);
	KUNIT_EXPECT_EQ(test, join(other, coherent), STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_EQ(test, join(coherent, other), STATUS_NOT_SUPPORTED);
	KUNIT_EXPECT_PTR_NE(test, other->ops->GetDmaDomain(other->adapter),
			    coherent->ops->GetDmaDomain(coherent->adapter));
#else
	kunit_skip(test, "every device is cache coherent");
#endif
}

static struct kunit_case domain_safety_cases[] = {
	KUNIT_CASE_PARAM(device_goes_home_though_its_group_has_grown, way_gen_params),
	KUNIT_CASE(device_that_the_dma_api_has_no_iommu_for_is_refused),
	KUNIT_CASE(join_that_fails_half_way_leaves_the_device_at_home),
	KUNIT_CASE(device_that_is_not_taken_back_gets_nothing),
	KUNIT_CASE_PARAM(untrusted_device_shares_no_domain, trust_gen_params),
	KUNIT_CASE(strict_device_joins_no_lazy_domain),
	KUNIT_CASE(device_goes_home_though_its_domain_is_replaced),
	KUNIT_CASE(channel_lowers_the_ceiling_of_its_domain),
	KUNIT_CASE(channel_joins_only_what_it_reaches),
	KUNIT_CASE(devices_that_differ_in_coherence_share_no_domain),
	{}
};

static struct kunit_suite domain_safety_suite = {
	.name = "wdmdma_domain_safety",
	.test_cases = domain_safety_cases,
};

kunit_test_suite(domain_safety_suite);
