// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole, with a real (emulated) device: QEMU's edu copies bytes to and from
 * our buffers, by their logical addresses, with an IOMMU or without one.
 *
 * Each copy takes the device 100 ms. The device drives 32 address lines here
 * (-device edu,dma_mask=0xffffffff). Without it the cases are skipped.
 */
#include <kunit/test.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "helpers.h"

#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START		BIT(0)
#define EDU_DMA_TO_MEMORY	BIT(1)
#define EDU_BUFFER		0x40000	/* in the device's own address space */
#define EDU_MOST		4095	/* QEMU 7.2 aborts when the last of its 4 KiB is used */

static struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
} edu;

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (edu.pdev)
		return -EBUSY;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	edu.regs = pcim_iomap(pdev, 0, 0);
	if (!edu.regs)
		return -ENOMEM;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	pci_set_master(pdev);
	edu.pdev = pdev;
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	edu.pdev = NULL;
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};

static struct pci_driver edu_driver = {
	.name = "wdmdma_live_kunit",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

/* Let the device copy @count bytes, at most EDU_MOST. */
static int edu_copy(u64 from, u64 to, u32 count, u32 direction)
{
	u32 command;

	writeq(from, edu.regs + EDU_DMA_SOURCE);
	writeq(to, edu.regs + EDU_DMA_DESTINATION);
	writeq(count, edu.regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | direction, edu.regs + EDU_DMA_COMMAND);
	return readl_poll_timeout(edu.regs + EDU_DMA_COMMAND, command,
				  !(command & EDU_DMA_START), 1000, 5 * USEC_PER_SEC);
}

/* Has the device read @count bytes at @offset of a buffer, and written them back at @to? */
static void expect_round_trip(struct kunit *test, u8 *va, u64 la, u32 offset, u32 to, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		WRITE_ONCE(va[offset + i], (u8)(i * 7 + offset + count));
		WRITE_ONCE(va[to + i], 0);
	}
	KUNIT_ASSERT_EQ(test, edu_copy(la + offset, EDU_BUFFER, count, 0), 0);
	KUNIT_ASSERT_EQ(test, edu_copy(EDU_BUFFER, la + to, count, EDU_DMA_TO_MEMORY), 0);
	KUNIT_EXPECT_EQ(test, memcmp(va + offset, va + to, count), 0);
}

static int live_suite_init(struct kunit_suite *suite)
{
	return pci_register_driver(&edu_driver);
}

static void live_suite_exit(struct kunit_suite *suite)
{
	pci_unregister_driver(&edu_driver);
}

static void fixture_put(void *data)
{
	struct wdmdma_fixture *fixture = data;

	if (fixture->adapter)
		fixture->ops->PutDmaAdapter(fixture->adapter);
	wdmdma_device_object_put(fixture->pdo);
}

/* test->priv: an adapter of the edu device with 32 address bits. */
static int live_init(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(DEVICE_DESCRIPTION_VERSION3, 32);
	struct wdmdma_fixture *fixture;
	ULONG registers;

	if (!edu.pdev) {
		kunit_skip(test, "the machine has no edu device");
		return 0;
	}
	fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->dev = &edu.pdev->dev;
	fixture->pdo = wdmdma_device_object_get(fixture->dev);
	KUNIT_ASSERT_NOT_NULL(test, fixture->pdo);
	fixture->adapter = IoGetDmaAdapter(fixture->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, fixture->adapter);
	fixture->ops = fixture->adapter->DmaOperations;
	test->priv = fixture;
	return kunit_add_action_or_reset(test, fixture_put, fixture);
}

static void *buffer_alloc(struct kunit *test, ULONG length, PHYSICAL_ADDRESS *la)
{
	struct wdmdma_fixture *fixture = test->priv;
	void *va = fixture->ops->AllocateCommonBuffer(fixture->adapter, length, la, FALSE);

	KUNIT_ASSERT_NOT_NULL(test, va);
	return va;
}

static void *buffer_alloc_below(struct wdmdma_fixture *fixture, u64 maximum, ULONG length,
				PHYSICAL_ADDRESS *la, BOOLEAN cached)
{
	PHYSICAL_ADDRESS limit = { .QuadPart = maximum };

	return fixture->ops->AllocateCommonBufferEx(fixture->adapter, &limit, length, la, cached,
						    MM_ANY_NODE_OK);
}

static void buffer_free(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS la, void *va)
{
	fixture->ops->FreeCommonBuffer(fixture->adapter, length, la, va, FALSE);
}

static phys_addr_t physical(void *va)
{
	return is_vmalloc_addr(va) ? page_to_phys(vmalloc_to_page(va)) + offset_in_page(va)
				   : virt_to_phys(va);
}

static void device_moves_bytes_across_pages(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	u8 *va = buffer_alloc(test, SZ_64K, &la);

	expect_round_trip(test, va, la.QuadPart, 0, SZ_32K, 1);
	expect_round_trip(test, va, la.QuadPart, 0, SZ_32K, EDU_MOST);
	expect_round_trip(test, va, la.QuadPart, SZ_4K - 100, SZ_64K - SZ_4K, EDU_MOST);
	buffer_free(test->priv, SZ_64K, la, va);
}

static void device_moves_bytes_of_uncached_memory(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	u8 *va = buffer_alloc_below(test->priv, U64_MAX, SZ_8K, &la, FALSE);

	KUNIT_ASSERT_NOT_NULL(test, va);
	expect_round_trip(test, va, la.QuadPart, 10, SZ_4K, EDU_MOST - 10);
	buffer_free(test->priv, SZ_8K, la, va);
}

static void device_moves_bytes_below_every_limit(struct kunit *test)
{
	static const u64 limits[] = { 0xbfffffff, 0x7fffffff, 0xffffff };
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	u8 *va;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		va = buffer_alloc_below(fixture, limits[i], SZ_8K, &la, TRUE);
		KUNIT_ASSERT_NOT_NULL_MSG(test, va, "limit %#llx", limits[i]);
		KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_8K - 1, limits[i]);
		expect_round_trip(test, va, la.QuadPart, 0, SZ_4K, EDU_MOST);
		buffer_free(fixture, SZ_8K, la, va);
	}
}

/* What each page of a buffer is for the CPU and for the IOMMU, or for the bus without one. */
static void logical_address_is_that_of_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct iommu_domain *domain = iommu_get_domain_for_dev(fixture->dev);
	bool translated = wdmdma_iommu_translates(fixture->dev);
	PHYSICAL_ADDRESS la;
	u8 *va = buffer_alloc(test, SZ_64K, &la);
	u32 offset;

	kunit_info(test, "the device is %stranslated by an IOMMU\n", translated ? "" : "not ");
	KUNIT_EXPECT_NE(test, la.QuadPart, 0LL);
	for (offset = 0; offset < SZ_64K; offset += SZ_4K) {
		u64 address = la.QuadPart + offset;

		if (translated)
			address = iommu_iova_to_phys(domain, address);
		KUNIT_EXPECT_EQ(test, address, (u64)physical(va + offset));
	}
	buffer_free(fixture, SZ_64K, la, va);
	if (translated)
		KUNIT_EXPECT_EQ_MSG(test, wdmdma_test_live_buffers(fixture->adapter), 0UL,
				    "the buffer is still there");
}

/*
 * A low limit must do no harm: not to itself (an address above it), and not to
 * the device's later allocations of the same length.
 */
static void low_limit_poisons_nothing(struct kunit *test)
{
	static const u64 limits[] = { 0xfff, 0x7fff, 0xffff, 0x1ffff, 0x3ffff };
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	unsigned int i, n;
	u8 *va;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		for (n = 0; n < 8; n++) {
			va = buffer_alloc_below(fixture, limits[i], SZ_64K, &la, TRUE);
			if (!va)
				continue;
			KUNIT_EXPECT_LE(test, (u64)la.QuadPart + SZ_64K - 1, limits[i]);
			buffer_free(fixture, SZ_64K, la, va);
		}
		va = buffer_alloc(test, SZ_64K, &la);
		buffer_free(fixture, SZ_64K, la, va);
		va = buffer_alloc(test, SZ_1M, &la);
		buffer_free(fixture, SZ_1M, la, va);
	}
}

/* Fill the space below a limit until it refuses; then everything else still works. */
static void full_low_space_is_refused_and_forgotten(struct kunit *test)
{
	enum { MOST = 512 };
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS *la = kunit_kcalloc(test, MOST, sizeof(*la), GFP_KERNEL), other;
	void **va = kunit_kcalloc(test, MOST, sizeof(*va), GFP_KERNEL), *high;
	unsigned int n, i;

	KUNIT_ASSERT_NOT_NULL(test, la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	for (n = 0; n < MOST; n++) {
		va[n] = buffer_alloc_below(fixture, 0xfffff, SZ_4K, &la[n], TRUE);
		if (!va[n])
			break;
		KUNIT_EXPECT_LE(test, (u64)la[n].QuadPart + SZ_4K - 1, 0xfffffULL);
	}
	KUNIT_EXPECT_LT(test, n, (unsigned int)MOST);
	high = buffer_alloc(test, SZ_4K, &other);
	buffer_free(fixture, SZ_4K, other, high);
	for (i = 0; i < n; i++)
		buffer_free(fixture, SZ_4K, la[i], va[i]);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

static void alloc_free_loop_uses_nothing_up(struct kunit *test)
{
	static const ULONG lengths[] = { 1, SZ_4K, SZ_4K + 1, SZ_64K, SZ_1M };
	struct wdmdma_fixture *fixture = test->priv;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		ULONG length = lengths[i % ARRAY_SIZE(lengths)];
		PHYSICAL_ADDRESS la;
		void *va = buffer_alloc(test, length, &la);

		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)va, PAGE_SIZE));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(la.QuadPart, PAGE_SIZE));
		buffer_free(fixture, length, la, va);
	}
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

static void free_at_dispatch_reaches_the_device_later(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la, la2;
	void *va = buffer_alloc(test, SZ_64K, &la), *va2;
	unsigned long flags;

	va2 = buffer_alloc_below(fixture, U64_MAX, SZ_8K, &la2, FALSE);
	KUNIT_ASSERT_NOT_NULL(test, va2);
	local_irq_save(flags);
	buffer_free(fixture, SZ_64K, la, va);
	buffer_free(fixture, SZ_8K, la2, va2);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

static void alloc_every_kind(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	PHYSICAL_ADDRESS la;
	void *va;

	va = fixture->ops->AllocateCommonBuffer(fixture->adapter, SZ_8K, &la, FALSE);
	if (va)
		buffer_free(fixture, SZ_8K, la, va);
	va = buffer_alloc_below(fixture, 0x7fffffff, SZ_8K, &la, TRUE);
	if (va)
		buffer_free(fixture, SZ_8K, la, va);
	va = buffer_alloc_below(fixture, U64_MAX, SZ_8K, &la, FALSE);
	if (va)
		buffer_free(fixture, SZ_8K, la, va);
}

static void alloc_fails_cleanly_at_every_point(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	wdmdma_test_sweep(test, alloc_every_kind);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
}

/* Unbind with buffers of each kind live: taken back; and the adapter answers. */
static void unbind_takes_back_what_is_left(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	struct pci_dev *pdev = edu.pdev;
	PHYSICAL_ADDRESS la;

	buffer_alloc(test, SZ_4K, &la);
	buffer_alloc(test, SZ_64K, &la);
	KUNIT_EXPECT_NOT_NULL(test, buffer_alloc_below(fixture, 0x7fffffff, SZ_8K, &la, TRUE));
	KUNIT_EXPECT_NOT_NULL(test, buffer_alloc_below(fixture, U64_MAX, SZ_8K, &la, FALSE));

	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_NULL(test, edu.pdev);
	la.QuadPart = 1;
	KUNIT_EXPECT_NULL(test, fixture->ops->AllocateCommonBuffer(fixture->adapter, 1, &la, 0));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);

	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
	KUNIT_EXPECT_PTR_EQ(test, edu.pdev, pdev);
}

static struct kunit_case live_cases[] = {
	KUNIT_CASE_SLOW(device_moves_bytes_across_pages),
	KUNIT_CASE_SLOW(device_moves_bytes_of_uncached_memory),
	KUNIT_CASE_SLOW(device_moves_bytes_below_every_limit),
	KUNIT_CASE(logical_address_is_that_of_the_memory),
	KUNIT_CASE(low_limit_poisons_nothing),
	KUNIT_CASE(full_low_space_is_refused_and_forgotten),
	KUNIT_CASE(alloc_free_loop_uses_nothing_up),
	KUNIT_CASE(free_at_dispatch_reaches_the_device_later),
	KUNIT_CASE(alloc_fails_cleanly_at_every_point),
	KUNIT_CASE(unbind_takes_back_what_is_left),
	{}
};

static struct kunit_suite live_suite = {
	.name = "wdmdma_live",
	.suite_init = live_suite_init,
	.suite_exit = live_suite_exit,
	.init = live_init,
	.test_cases = live_cases,
};

kunit_test_suite(live_suite);
