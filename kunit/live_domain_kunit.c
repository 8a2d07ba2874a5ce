// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains with real (emulated) devices. A and B must reach the same bytes at the same
 * logical address, with an IOMMU or without one. C must not reach them if there is an
 * IOMMU.
 */
#include <kunit/test.h>
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "backend/translation.h"
#include "domains.h"
#include "edu.h"
#include "helpers.h"

/* PCI slots of the devices. */
enum {
	EDU_A = EDU_SLOT_32_BITS,
	EDU_B,
	EDU_C,
	NARROW = EDU_SLOT_28_BITS,
	TWIN = EDU_SLOT_TWINS,
	OTHER_TWIN,
};

/* Adapters of A, B and C with 32 address bits, left in test->priv. */
struct trio {
	struct wdmdma_fixture *a, *b, *c;
	bool translated;
};

/* Get an adapter for the device in this slot. */
static struct wdmdma_fixture *adapter_at(struct kunit *test, unsigned int slot, ULONG width)
{
	return wdmdma_test_fixture_on(test, &edu_at(slot)->pdev->dev, width);
}

static int live_domain_init(struct kunit *test)
{
	struct trio *trio = kunit_kzalloc(test, sizeof(*trio), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, trio);
	if (!edu_is_there(test, EDU_A) || !edu_is_there(test, EDU_B) ||
	    !edu_is_there(test, EDU_C)) {
		kunit_skip(test, "the machine does not have three edu devices");
		return 0;
	}
	trio->a = adapter_at(test, EDU_A, 32);
	trio->b = adapter_at(test, EDU_B, 32);
	trio->c = adapter_at(test, EDU_C, 32);
	trio->translated = wdmdma_iommu_translates(trio->a->dev);
	test->priv = trio;
	return 0;
}

static NTSTATUS join(struct wdmdma_fixture *fixture, struct wdmdma_fixture *other)
{
	return domain_join(fixture, domain_of(other));
}

/* Allocate a buffer for all members of the domain that the adapter is in. */
static u8 *alloc(struct kunit *test, struct wdmdma_fixture *fixture, PHYSICAL_ADDRESS *la)
{
	PVOID va;

	KUNIT_ASSERT_EQ(test, domain_alloc(fixture, domain_of(fixture), la, &va), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(va), !dev_is_dma_coherent(fixture->dev));
	return va;
}

static u8 *alloc_plain(struct kunit *test, struct wdmdma_fixture *fixture, PHYSICAL_ADDRESS *la)
{
	u8 *va = wdmdma_test_alloc(fixture, DOMAIN_LENGTH, la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}

/* Make a device read @from and write the bytes to @to. @seed makes the pattern unique. */
static void expect_device_copies(struct kunit *test, unsigned int device, u8 *from, u64 from_la,
				 u8 *to, u64 to_la, u8 seed)
{
	struct edu *edu = edu_at(device);
	u32 i;

	for (i = 0; i < EDU_MOST; i++) {
		WRITE_ONCE(from[i], (u8)(i * 7 + seed));
		WRITE_ONCE(to[i], 0);
	}
	KUNIT_ASSERT_EQ(test, edu_copy(edu, from_la, EDU_BUFFER, EDU_MOST, 0), 0);
	KUNIT_ASSERT_EQ(test, edu_copy(edu, EDU_BUFFER, to_la, EDU_MOST, EDU_DMA_TO_MEMORY), 0);
	KUNIT_EXPECT_EQ(test, memcmp(from, to, EDU_MOST), 0);
}

/* The same within one buffer of DOMAIN_LENGTH bytes. */
static void expect_round_trip(struct kunit *test, unsigned int device, u8 *va, PHYSICAL_ADDRESS la,
			      u8 seed)
{
	expect_device_copies(test, device, va, la.QuadPart, va + SZ_4K, la.QuadPart + SZ_4K, seed);
}

/*
 * Make a device write to an address that it must not reach. The device has no buffers of
 * its own, so none of them can be at this address.
 */
static void expect_no_access(struct kunit *test, unsigned int device, u8 *va, PHYSICAL_ADDRESS la)
{
	memset(va, 0xa5, DOMAIN_LENGTH);
	edu_expect_iommu_faults(true);
	edu_copy(edu_at(device), EDU_BUFFER, la.QuadPart, EDU_MOST, EDU_DMA_TO_MEMORY);
	edu_expect_iommu_faults(false);
	KUNIT_EXPECT_NULL(test, memchr_inv(va, 0xa5, DOMAIN_LENGTH));
}

/* Bytes that A writes must be read by B at the same address, and the other way round. */
static void devices_that_joined_share_bytes(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *b = trio->b;
	PHYSICAL_ADDRESS shared_la, a_la, b_la;
	u8 *shared, *own_a, *own_b;

	kunit_info(test, "the devices are %stranslated by an IOMMU\n",
		   trio->translated ? "" : "not ");
	KUNIT_ASSERT_EQ(test, join(b, a), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, domain_of(a), domain_of(b));
	shared = alloc(test, a, &shared_la);
	own_a = alloc_plain(test, a, &a_la);
	own_b = alloc_plain(test, b, &b_la);

	expect_device_copies(test, EDU_A, own_a, a_la.QuadPart, shared, shared_la.QuadPart, 1);
	memset(own_b, 0, DOMAIN_LENGTH);
	KUNIT_EXPECT_EQ(test, edu_copy(edu_at(EDU_B), shared_la.QuadPart, EDU_BUFFER, EDU_MOST, 0),
			0);
	KUNIT_EXPECT_EQ(test, edu_copy(edu_at(EDU_B), EDU_BUFFER, b_la.QuadPart, EDU_MOST,
				       EDU_DMA_TO_MEMORY), 0);
	KUNIT_EXPECT_EQ(test, memcmp(own_a, own_b, EDU_MOST), 0);

	expect_device_copies(test, EDU_B, own_b, b_la.QuadPart, shared, shared_la.QuadPart, 2);
	expect_round_trip(test, EDU_A, shared, shared_la, 3);

	domain_free(b, b_la, own_b);
	domain_free(a, a_la, own_a);
	domain_free(a, shared_la, shared);
	KUNIT_EXPECT_EQ(test, domain_leave(b), STATUS_SUCCESS);
}

static void device_that_has_not_joined_reaches_nothing(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *b = trio->b;
	PHYSICAL_ADDRESS la;
	u8 *va;

	if (!trio->translated) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	KUNIT_ASSERT_EQ(test, join(b, a), STATUS_SUCCESS);
	va = alloc(test, a, &la);
	expect_round_trip(test, EDU_B, va, la, 4);
	expect_no_access(test, EDU_C, va, la);
	domain_free(a, la, va);
}

/* After the leave B must not reach A's buffers, and B's own buffers must work. */
static void leaving_restores_the_devices_own_domain(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *b = trio->b;
	struct iommu_domain *before = iommu_get_domain_for_dev(b->dev);
	PHYSICAL_ADDRESS la, own_la;
	u8 *va, *own;

	va = alloc(test, a, &la);
	KUNIT_ASSERT_EQ(test, join(b, a), STATUS_SUCCESS);
	expect_round_trip(test, EDU_B, va, la, 5);
	KUNIT_ASSERT_EQ(test, domain_leave(b), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, iommu_get_domain_for_dev(b->dev), before);
	if (trio->translated)
		expect_no_access(test, EDU_B, va, la);
	own = alloc_plain(test, b, &own_la);
	expect_round_trip(test, EDU_B, own, own_la, 6);
	domain_free(b, own_la, own);
	domain_free(a, la, va);
}

/*
 * The buffers of a joined device must be mapped in the joined domain, and not in the
 * device's default domain.
 */

static void try_buffer_below(struct kunit *test, struct wdmdma_fixture *b, u64 maximum,
			     BOOLEAN cached)
{
	PHYSICAL_ADDRESS la;
	u8 *va = wdmdma_test_alloc_below(b, maximum, DOMAIN_LENGTH, &la, cached);

	if (!va && !cached && !IS_ENABLED(CONFIG_X86))
		return;
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + DOMAIN_LENGTH - 1, maximum);
	KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(va),
			!cached || !dev_is_dma_coherent(b->dev));
	expect_round_trip(test, EDU_B, va, la, 7);
	domain_free(b, la, va);
}

static void try_large_page(struct kunit *test, struct wdmdma_fixture *b)
{
	PHYSICAL_ADDRESS la;
	u8 *va = wdmdma_test_alloc_between(b, 0, U64_MAX, DOMAIN_LENGTH,
					   DOMAIN_COMMON_BUFFER_LARGE_PAGE, &la);

	if (!dev_is_dma_coherent(b->dev)) {
		KUNIT_EXPECT_NULL(test, va);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_FALSE(test, wdmdma_test_is_uncached(va));
	expect_round_trip(test, EDU_B, va, la, 8);
	domain_free(b, la, va);
}

static void try_vector(struct kunit *test, struct wdmdma_fixture *b)
{
	MEMORY_CACHING_TYPE cache = wdmdma_test_cache(b->dev);
	PDMA_COMMON_BUFFER_VECTOR vector = wdmdma_test_vector(b, U64_MAX, cache, 0, 4);
	PHYSICAL_ADDRESS la, next_la;
	PVOID va, next;

	KUNIT_ASSERT_NOT_NULL(test, vector);
	b->ops->GetCommonBufferFromVectorByIndex(b->adapter, vector, 2, &va, &la);
	b->ops->GetCommonBufferFromVectorByIndex(b->adapter, vector, 3, &next, &next_la);
	expect_device_copies(test, EDU_B, va, la.QuadPart, next, next_la.QuadPart, 9);
	b->ops->FreeCommonBufferVector(b->adapter, vector);
}

static void try_memory_of_the_driver(struct kunit *test, struct wdmdma_fixture *b)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = U32_MAX }, la;
	PMDL mdl = MmAllocatePagesForMdlEx(low, high, low, DOMAIN_LENGTH, MmCached,
					   MM_ALLOCATE_REQUIRE_CONTIGUOUS_CHUNKS);
	NTSTATUS status;
	u8 *va;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	status = b->ops->CreateCommonBufferFromMdl(b->adapter, mdl, NULL, 0, &la);
	if (dev_is_dma_coherent(b->dev)) {
		KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
		expect_round_trip(test, EDU_B, va, la, 10);
		domain_free(b, la, va);
	} else {
		KUNIT_EXPECT_EQ(test, status, STATUS_NOT_SUPPORTED);
	}
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
}

static void every_call_of_a_joined_adapter_gives_addresses_that_work(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *b = trio->b;

	KUNIT_ASSERT_EQ(test, join(b, a), STATUS_SUCCESS);
	try_buffer_below(test, b, U64_MAX, TRUE);
	try_buffer_below(test, b, U64_MAX, FALSE);
	try_buffer_below(test, b, 0x7fffffff, TRUE);
	try_large_page(test, b);
	try_vector(test, b);
	try_memory_of_the_driver(test, b);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(b->adapter), 0UL);
	KUNIT_EXPECT_EQ(test, domain_leave(b), STATUS_SUCCESS);
}

static void narrow_device_lowers_the_ceiling(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *narrow;
	PHYSICAL_ADDRESS la;
	u8 *va;

	if (!edu_is_there(test, NARROW)) {
		kunit_skip(test, "the machine has no device with 28 address lines");
		return;
	}
	narrow = adapter_at(test, NARROW, 28);
	va = alloc(test, a, &la);
	if ((u64)la.QuadPart > DMA_BIT_MASK(28))
		KUNIT_EXPECT_EQ(test, join(narrow, a), STATUS_NOT_SUPPORTED);
	domain_free(a, la, va);

	KUNIT_ASSERT_EQ(test, join(narrow, a), STATUS_SUCCESS);
	va = alloc(test, a, &la);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + DOMAIN_LENGTH - 1, DMA_BIT_MASK(28));
	expect_round_trip(test, EDU_A, va, la, 11);
	expect_round_trip(test, NARROW, va, la, 12);
	domain_free(a, la, va);
	va = alloc(test, narrow, &la);
	expect_round_trip(test, NARROW, va, la, 13);
	expect_round_trip(test, EDU_A, va, la, 14);
	domain_free(narrow, la, va);
	KUNIT_EXPECT_EQ(test, domain_leave(narrow), STATUS_SUCCESS);
}

/*
 * The IOMMU cannot tell the two functions apart, so they must share a home, and neither
 * may join without the other.
 */
static void group_of_two_shares_a_domain_and_cannot_join(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *twin, *other;
	PHYSICAL_ADDRESS la;
	u8 *va;

	if (!edu_is_there(test, TWIN) || !edu_is_there(test, OTHER_TWIN)) {
		kunit_skip(test, "the machine has no device with two functions");
		return;
	}
	twin = adapter_at(test, TWIN, 32);
	other = adapter_at(test, OTHER_TWIN, 32);
	if (!trio->translated || twin->dev->iommu_group != other->dev->iommu_group) {
		kunit_skip(test, "the two functions are not one group");
		return;
	}
	KUNIT_EXPECT_PTR_EQ(test, domain_of(twin), domain_of(other));
	KUNIT_EXPECT_EQ(test, join(twin, other), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, join(twin, a), STATUS_NOT_SUPPORTED);
	va = alloc(test, twin, &la);
	expect_round_trip(test, TWIN, va, la, 15);
	expect_round_trip(test, OTHER_TWIN, va, la, 16);

	/* Other devices may still join the group's domain. */
	KUNIT_ASSERT_EQ(test, join(a, other), STATUS_SUCCESS);
	expect_round_trip(test, EDU_A, va, la, 17);
	KUNIT_EXPECT_EQ(test, domain_leave(a), STATUS_SUCCESS);
	domain_free(twin, la, va);
}

/* The device link that protects the leader stays until B's driver is unbound. */
static void two_devices_share_one_way_round(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *b = trio->b;
	struct pci_dev *pdev = edu_at(EDU_B)->pdev;

	KUNIT_ASSERT_EQ(test, join(b, a), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, domain_leave(b), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, join(a, b), trio->translated ? STATUS_INVALID_DEVICE_STATE :
							     STATUS_SUCCESS);
	if (!trio->translated)
		return;
	KUNIT_EXPECT_EQ(test, join(b, a), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, domain_leave(b), STATUS_SUCCESS);

	device_release_driver(&pdev->dev);
	KUNIT_ASSERT_EQ(test, device_attach(&pdev->dev), 1);
	b = wdmdma_test_fixture_on(test, &pdev->dev, 32);
	KUNIT_EXPECT_EQ(test, join(a, b), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, domain_leave(a), STATUS_SUCCESS);
	/* Restore the state for the other cases, by removing A's device link. */
	device_release_driver(trio->a->dev);
	KUNIT_ASSERT_EQ(test, device_attach(trio->a->dev), 1);
}

/*
 * On arm64 an interrupt vector is an address in the domain that the device was in, so
 * the device must not move.
 */
static void device_with_vectors_stays_where_they_would_be_lost(struct kunit *test)
{
	NTSTATUS status = IS_ENABLED(CONFIG_ARM64) ? STATUS_INVALID_DEVICE_STATE : STATUS_SUCCESS;
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *b = trio->b;
	struct pci_dev *pdev = edu_at(EDU_B)->pdev;

	if (!trio->translated) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	edu_expect_vector(test, edu_at(EDU_B));
	KUNIT_EXPECT_EQ(test, join(b, a), status);
	KUNIT_EXPECT_EQ(test, edu_interrupt(edu_at(EDU_B)), 0);
	pci_free_irq_vectors(pdev);

	KUNIT_EXPECT_EQ(test, join(b, a), STATUS_SUCCESS);
	edu_expect_vector(test, edu_at(EDU_B));
	KUNIT_EXPECT_EQ(test, domain_leave(b), status);
	KUNIT_EXPECT_EQ(test, edu_interrupt(edu_at(EDU_B)), 0);
	pci_free_irq_vectors(pdev);
	if (!NT_SUCCESS(status))
		KUNIT_EXPECT_EQ(test, domain_leave(b), STATUS_SUCCESS);
}

static void unbind(struct pci_dev *pdev)
{
	device_release_driver(&pdev->dev);
}

/* Remove the device, as "echo 1 > remove" does. */
static void unplug(struct pci_dev *pdev)
{
	pci_stop_and_remove_bus_device_locked(pdev);
}

static const struct loss_row {
	const char *name;
	void (*lose)(struct pci_dev *pdev);
	unsigned int who;
} loss_rows[] = {
	{ "the joiner's driver is unbound", unbind, EDU_B },
	{ "the leader's driver is unbound", unbind, EDU_A },
	{ "the joiner is unplugged", unplug, EDU_B },
	{ "the leader is unplugged", unplug, EDU_A },
};

KUNIT_ARRAY_PARAM_DESC(loss, loss_rows, name);

/*
 * All buffers of the lost device must be freed, and those of the other devices must keep
 * working.
 */
static void loss_of_a_device_is_survived(struct kunit *test)
{
	const struct loss_row *row = test->param_value;
	struct trio *trio = test->priv;
	struct wdmdma_fixture *a = trio->a, *b = trio->b, *c = trio->c;
	struct pci_dev *pdev = edu_at(row->who)->pdev;
	struct pci_bus *bus = pdev->bus;
	struct device *devices[] = { a->dev, b->dev };
	bool b_goes = row->who == EDU_B || trio->translated, a_goes = row->who == EDU_A;
	PHYSICAL_ADDRESS la, b_la, c_la;
	unsigned int i;
	u8 *va, *vb, *vc;

	KUNIT_ASSERT_EQ(test, join(b, a), STATUS_SUCCESS);
	va = alloc(test, a, &la);
	vb = alloc(test, b, &b_la);
	vc = alloc_plain(test, c, &c_la);
	expect_round_trip(test, EDU_B, va, la, 18);

	row->lose(pdev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(a->adapter), a_goes ? 0UL : 1UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(b->adapter), b_goes ? 0UL : 1UL);
	KUNIT_EXPECT_EQ(test, !edu_at(EDU_A)->pdev, a_goes);
	KUNIT_EXPECT_EQ(test, !edu_at(EDU_B)->pdev, b_goes);
	/* A buffer that the unbind has freed must not be freed again. */
	if (b_goes)
		domain_free(b, b_la, vb);
	if (a_goes)
		domain_free(a, la, va);
	else
		expect_round_trip(test, EDU_A, va, la, 19);
	expect_round_trip(test, EDU_C, vc, c_la, 20);
	domain_free(c, c_la, vc);

	if (row->lose == unplug) {
		pci_lock_rescan_remove();
		pci_rescan_bus(bus);
		pci_unlock_rescan_remove();
	}
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i] != &pdev->dev || row->lose == unbind)
			KUNIT_EXPECT_GE(test, device_attach(devices[i]), 0);
	KUNIT_ASSERT_NOT_NULL(test, edu_at(EDU_A)->pdev);
	KUNIT_ASSERT_NOT_NULL(test, edu_at(EDU_B)->pdev);

	/* A device that comes back must be in its own domain. */
	b = adapter_at(test, row->who, 32);
	vb = alloc_plain(test, b, &b_la);
	expect_round_trip(test, row->who, vb, b_la, 21);
	domain_free(b, b_la, vb);
}

static void unbind_leader(void *leader)
{
	device_release_driver(leader);
}

/* The probe function may run in a thread of another node, so it finds the test here. */
static struct kunit *probing;

/*
 * Join B to A, allocate a buffer and fail the probe. The driver core then undoes these
 * steps in reverse order.
 */
static int join_and_fail(struct pci_dev *pdev)
{
	struct kunit *test = probing;
	struct trio *trio = test->priv;
	PHYSICAL_ADDRESS la;

	trio->b = wdmdma_test_fixture_on(test, &pdev->dev, 32);
	KUNIT_EXPECT_EQ(test, join(trio->b, trio->a), STATUS_SUCCESS);
	KUNIT_EXPECT_NOT_NULL(test, wdmdma_test_alloc(trio->b, DOMAIN_LENGTH, &la));
	KUNIT_EXPECT_EQ(test, devm_add_action(&pdev->dev, unbind_leader, trio->a->dev), 0);
	return -ENODEV;
}

/*
 * The driver core normally keeps A bound while B is bound. If B's probe function fails,
 * the core releases A before it cleans up B. In this case A goes first.
 */
static void leader_goes_while_the_joiners_probe_fails(struct kunit *test)
{
	struct edu *a = edu_at(EDU_A), *b = edu_at(EDU_B);
	struct trio *trio = test->priv;
	struct device *dev = trio->b->dev;
	PHYSICAL_ADDRESS la;
	u8 *va;

	device_release_driver(dev);
	probing = test;
	b->probed = join_and_fail;
	KUNIT_EXPECT_LE(test, device_attach(dev), 0);
	b->probed = NULL;
	KUNIT_EXPECT_NULL(test, a->pdev);
	KUNIT_EXPECT_NULL(test, b->pdev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(trio->b->adapter), 0UL);

	KUNIT_ASSERT_EQ(test, device_attach(trio->a->dev), 1);
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
	trio->b = adapter_at(test, EDU_B, 32);
	va = alloc_plain(test, trio->b, &la);
	expect_round_trip(test, EDU_B, va, la, 22);
	domain_free(trio->b, la, va);
}

static void alloc_shared(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *b = trio->b;
	PHYSICAL_ADDRESS la;
	PVOID va;

	domain_alloc(b, domain_of(b), &la, &va);
	if (va)
		domain_free(b, la, va);
}

/*
 * Sweep neither join nor leave. If the kernel's IOMMU drivers run out of memory while
 * they attach a device, they warn, or damage the domain. The driver for VT-d in 6.12 no
 * longer flushes the domain afterwards.
 */
static void alloc_for_the_domain_fails_cleanly_at_every_point(struct kunit *test)
{
	struct trio *trio = test->priv;
	struct wdmdma_fixture *b = trio->b;

	KUNIT_ASSERT_EQ(test, join(b, trio->a), STATUS_SUCCESS);
	wdmdma_test_sweep_on(test, b->dev, alloc_shared);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(b->adapter), 0UL);
	KUNIT_EXPECT_EQ(test, domain_leave(b), STATUS_SUCCESS);
}

static struct kunit_case live_domain_cases[] = {
	KUNIT_CASE_SLOW(devices_that_joined_share_bytes),
	KUNIT_CASE_SLOW(device_that_has_not_joined_reaches_nothing),
	KUNIT_CASE_SLOW(leaving_restores_the_devices_own_domain),
	KUNIT_CASE_SLOW(every_call_of_a_joined_adapter_gives_addresses_that_work),
	KUNIT_CASE_SLOW(narrow_device_lowers_the_ceiling),
	KUNIT_CASE_SLOW(group_of_two_shares_a_domain_and_cannot_join),
	KUNIT_CASE(two_devices_share_one_way_round),
	KUNIT_CASE(device_with_vectors_stays_where_they_would_be_lost),
	KUNIT_CASE_PARAM(loss_of_a_device_is_survived, loss_gen_params),
	KUNIT_CASE(leader_goes_while_the_joiners_probe_fails),
	KUNIT_CASE(alloc_for_the_domain_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite live_domain_suite = {
	.name = "wdmdma_live_domain",
	.init = live_domain_init,
	.test_cases = live_domain_cases,
};

kunit_test_suite(live_domain_suite);
