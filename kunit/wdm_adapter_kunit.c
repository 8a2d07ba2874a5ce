// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device objects, IoGetDmaAdapter, PutDmaAdapter and GetDmaAlignment as a driver uses them
 * (wdm/wdm_adapter.c). The cases read state that a driver cannot see from the core.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "core/adapter.h"
#include "compat.h"
#include "helpers.h"
#include "memory.h"

#define SLOTS	39

/* Tables of operations. */

static const struct version_row {
	const char *name;
	ULONG version;
	ULONG size;
} version_rows[] = {
	{ "version 0 gets table 1", 0, 0x68 },
	{ "version 1 gets table 1", 1, 0x68 },
	{ "version 2 gets table 2", 2, 0x80 },
	{ "version 3 gets table 3", 3, 0x140 },
};

KUNIT_ARRAY_PARAM_DESC(version, version_rows, name);

static void get_adapter_gives_the_table_of_the_version(struct kunit *test)
{
	const struct version_row *row = test->param_value;
	PDMA_ADAPTER adapter = wdmdma_test_get_adapter(test, row->version, 64);

	KUNIT_EXPECT_EQ(test, adapter->Version, 1);
	KUNIT_EXPECT_EQ(test, adapter->Size, sizeof(DMA_ADAPTER));
	KUNIT_EXPECT_EQ(test, adapter->DmaOperations->Size, row->size);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* Slots past Size must be filled, too, because a driver may call them without a look at Size. */
static void get_adapter_fills_every_slot(struct kunit *test)
{
	const struct version_row *row = test->param_value;
	PDMA_ADAPTER adapter = wdmdma_test_get_adapter(test, row->version, 64);
	void *const *slot = (void *const *)&adapter->DmaOperations->PutDmaAdapter;
	unsigned int n;

	KUNIT_ASSERT_EQ(test, sizeof(DMA_OPERATIONS), (SLOTS + 1) * sizeof(*slot));
	for (n = 0; n < SLOTS; n++)
		KUNIT_EXPECT_NOT_NULL_MSG(test, slot[n], "slot %u", n + 1);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* Addressable windows. */

static const struct reach_row {
	const char *name;
	ULONG version;
	ULONG width;
	BOOLEAN dma32, dma64, scatter_gather;
	INTERFACE_TYPE bus;
	unsigned int mask_bits;
	unsigned int bits;
} reach_rows[] = {
	{ "version 0, no flag: 24 bits", 0, 64, 0, 0, 0, Isa, 64, 24 },
	{ "version 1, no flag: 24 bits", 1, 64, 0, 0, 0, Isa, 64, 24 },
	{ "version 2, no flag: 24 bits", 2, 64, 0, 0, 0, Isa, 64, 24 },
	{ "version 0, Dma32BitAddresses: 32 bits", 0, 24, 1, 0, 0, Isa, 64, 32 },
	{ "version 2, Dma32BitAddresses: 32 bits", 2, 24, 1, 0, 0, Isa, 64, 32 },
	{ "version 0, ScatterGather on PCI: 32 bits", 0, 24, 0, 0, 1, PCIBus, 64, 32 },
	{ "version 0, ScatterGather elsewhere: 24 bits", 0, 64, 0, 0, 1, Isa, 64, 24 },
	{ "version 0, PCI without ScatterGather: 24 bits", 0, 64, 0, 0, 0, PCIBus, 64, 24 },
	{ "version 0, Dma64BitAddresses: 64 bits", 0, 24, 0, 1, 0, Isa, 64, 64 },
	{ "version 2, both flags: 64 bits", 2, 24, 1, 1, 1, PCIBus, 64, 64 },
	{ "version 3, width 13", 3, 13, 0, 0, 1, PCIBus, 64, 13 },
	{ "version 3, width 24", 3, 24, 0, 0, 1, PCIBus, 64, 24 },
	{ "version 3, width 28, flags ignored", 3, 28, 1, 1, 1, PCIBus, 64, 28 },
	{ "version 3, width 32", 3, 32, 0, 0, 1, PCIBus, 64, 32 },
	{ "version 3, width 36", 3, 36, 0, 0, 1, PCIBus, 64, 36 },
	{ "version 3, width 40", 3, 40, 0, 0, 1, PCIBus, 64, 40 },
	{ "version 3, width 64", 3, 64, 0, 0, 1, PCIBus, 64, 64 },
	{ "width 64 on a mask of 32 bits", 3, 64, 0, 0, 1, PCIBus, 32, 32 },
	{ "width 64 on a mask of 31 bits", 3, 64, 0, 0, 1, PCIBus, 31, 31 },
	{ "width 28 on a mask of 32 bits", 3, 28, 0, 0, 1, PCIBus, 32, 28 },
};

KUNIT_ARRAY_PARAM_DESC(reach, reach_rows, name);

/* All ones must be the widest window and not a negative number. */
static void get_adapter_reaches_what_description_and_mask_allow(struct kunit *test)
{
	const struct reach_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	DEVICE_DESCRIPTION description = wdmdma_test_description(row->version, row->width);
	struct wdmdma_adapter *adapter;
	PDMA_ADAPTER dma_adapter;
	ULONG registers;

	description.Dma32BitAddresses = row->dma32;
	description.Dma64BitAddresses = row->dma64;
	description.ScatterGather = row->scatter_gather;
	description.InterfaceType = row->bus;
	KUNIT_ASSERT_EQ(test, dma_set_coherent_mask(f->dev, DMA_BIT_MASK(row->mask_bits)), 0);

	dma_adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, dma_adapter);
	adapter = wdmdma_adapter_find(dma_adapter);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_EXPECT_EQ(test, adapter->reach.first, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, adapter->reach.last, DMA_BIT_MASK(row->bits));
	/* IoGetDmaAdapter must not change the device's mask, which belongs to the driver. */
	KUNIT_EXPECT_EQ(test, f->dev->coherent_dma_mask, DMA_BIT_MASK(row->mask_bits));
	wdmdma_adapter_put(adapter);
	f->ops->PutDmaAdapter(dma_adapter);
}

static const struct version_row old_rows[] = {
	{ .name = "version 0", .version = 0 },
	{ .name = "version 1", .version = 1 },
	{ .name = "version 2", .version = 2 },
};

KUNIT_ARRAY_PARAM_DESC(old, old_rows, name);

/* A description written before Windows 8 has 0x28 bytes. KASAN reports a read beyond its end. */
static void get_adapter_reads_no_tail_below_version_3(struct kunit *test)
{
	const struct version_row *row = test->param_value;
	DEVICE_DESCRIPTION description = wdmdma_test_description(row->version, 0);
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;
	void *old;

	old = kmemdup(&description, WDMDMA_DEVICE_DESCRIPTION_OLD_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, old);
	adapter = IoGetDmaAdapter(f->pdo, old, &registers);
	kfree(old);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_EXPECT_EQ(test, wdmdma_test_core(adapter)->reach.last, U64_MAX);
	f->ops->PutDmaAdapter(adapter);
}

static void get_adapter_does_not_keep_the_description(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDEVICE_DESCRIPTION description = kmalloc(sizeof(*description), GFP_KERNEL);
	PDMA_ADAPTER adapter;
	ULONG registers;

	KUNIT_ASSERT_NOT_NULL(test, description);
	*description = wdmdma_test_description(3, 31);
	adapter = IoGetDmaAdapter(f->pdo, description, &registers);
	memset(description, 0xff, sizeof(*description));
	kfree(description);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_EXPECT_EQ(test, wdmdma_test_core(adapter)->reach.last, DMA_BIT_MASK(31));
	wdmdma_test_alloc_some(test, adapter, 2);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 2UL);
	f->ops->PutDmaAdapter(adapter);
}

/* Map registers. */

static const struct register_row {
	const char *name;
	ULONG length;
	ULONG registers;
} register_rows[] = {
	{ "MaximumLength 0: a default", 0, 17 },
	{ "MaximumLength 1", 1, 2 },
	{ "MaximumLength 4095", 4095, 2 },
	{ "MaximumLength 4096", 4096, 2 },
	{ "MaximumLength 4097", 4097, 3 },
	{ "MaximumLength 64 KiB", 0x10000, 17 },
	{ "MaximumLength 4 GiB - 4096", 0xfffff000, 0x100000 },
	{ "MaximumLength 4 GiB - 4095", 0xfffff001, 0x100001 },
	{ "MaximumLength 4 GiB - 1", 0xffffffff, 0x100001 },
};

KUNIT_ARRAY_PARAM_DESC(registers, register_rows, name);

/*
 * The number of map registers must be rounded up, and must never be 0 or 1, because frameworks
 * divide by it.
 */
static void get_adapter_grants_one_map_register_more_than_pages(struct kunit *test)
{
	const struct register_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	DEVICE_DESCRIPTION description;
	ULONG version, registers, most = U32_MAX;
	phys_addr_t start, end;
	PDMA_ADAPTER adapter;

	/*
	 * If the kernel copies all memory, all map registers must have room
	 * in its bounce buffers.
	 */
	if (wdmdma_test_copies_all(f->dev) && wdmdma_bounce_pool(f->dev, &start, &end))
		most = (end - start) / 2 / PAGE_SIZE;
	for (version = 0; version <= 3; version++) {
		description = wdmdma_test_description(version, 64);
		description.MaximumLength = row->length;
		registers = 0xdeadbeef;
		adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
		KUNIT_ASSERT_NOT_NULL(test, adapter);
		KUNIT_EXPECT_EQ(test, registers, min(row->registers, most));
		f->ops->PutDmaAdapter(adapter);
	}
}

/* Refusals of IoGetDmaAdapter. */

static const struct invalid_row {
	const char *name;
	ULONG version;
	ULONG width;
	BOOLEAN master;
} invalid_rows[] = {
	{ "Version 4", 4, 64, TRUE },
	{ "Version 0xffffffff", 0xffffffff, 64, TRUE },
	{ "Master FALSE on PCI, version 0", 0, 0, FALSE },
	{ "Master FALSE on PCI, version 3", 3, 32, FALSE },
	{ "DmaAddressWidth 0", 3, 0, TRUE },
	{ "DmaAddressWidth 65", 3, 65, TRUE },
	{ "DmaAddressWidth 0xffffffff", 3, 0xffffffff, TRUE },
	{ "DmaAddressWidth 12: no page but page 0", 3, 12, TRUE },
	{ "DmaAddressWidth 1", 3, 1, TRUE },
};

KUNIT_ARRAY_PARAM_DESC(invalid, invalid_rows, name);

static void get_adapter_refuses_description(struct kunit *test)
{
	const struct invalid_row *row = test->param_value;
	DEVICE_DESCRIPTION description = wdmdma_test_description(row->version, row->width);
	struct wdmdma_fixture *f = test->priv;

	description.Master = row->master;
	description.InterfaceType = PCIBus;
	wdmdma_test_expect_no_adapter(test, f->pdo, &description);
}

static void get_adapter_refuses_null_pointers(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;

	wdmdma_test_expect_no_adapter(test, NULL, &description);
	wdmdma_test_expect_no_adapter(test, f->pdo, NULL);
	wdmdma_test_expect_no_adapter(test, NULL, NULL);
	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(f->pdo, &description, NULL));
	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(NULL, NULL, NULL));
}

/*
 * A pointer of the driver's own, a Linux device and an adapter must not be taken
 * for a device object.
 */
static void get_adapter_refuses_foreign_device_object(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;

	wdmdma_test_expect_no_adapter(test, (PDEVICE_OBJECT)&description, &description);
	wdmdma_test_expect_no_adapter(test, (PDEVICE_OBJECT)f->dev, &description);
	wdmdma_test_expect_no_adapter(test, (PDEVICE_OBJECT)f->adapter, &description);
	wdmdma_test_expect_no_adapter(test, (PDEVICE_OBJECT)((char *)f->pdo + 1), &description);
	wdmdma_test_expect_no_adapter(test, (PDEVICE_OBJECT)-1L, &description);
}

/*
 * A device without a mask must be refused, with a message that names the mask and not memory.
 */
static void get_adapter_refuses_device_without_mask(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;
	u64 *dma_mask = f->dev->dma_mask;
	u64 mask = f->dev->coherent_dma_mask;
	u64 zero = 0;

	f->dev->dma_mask = NULL;
	wdmdma_test_expect_no_adapter(test, f->pdo, &description);
	f->dev->dma_mask = &zero;
	wdmdma_test_expect_no_adapter(test, f->pdo, &description);
	f->dev->dma_mask = dma_mask;
	f->dev->coherent_dma_mask = 0;
	wdmdma_test_expect_no_adapter(test, f->pdo, &description);
	f->dev->coherent_dma_mask = mask;
}

static void get_adapter_refuses_above_passive_level(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	ULONG at_dispatch = 0xdeadbeef, irqs_off = 0xdeadbeef;
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapters[2];

	local_bh_disable();
	adapters[0] = IoGetDmaAdapter(f->pdo, &description, &at_dispatch);
	local_bh_enable();
	local_irq_disable();
	adapters[1] = IoGetDmaAdapter(f->pdo, &description, &irqs_off);
	local_irq_enable();

	KUNIT_EXPECT_NULL(test, adapters[0]);
	KUNIT_EXPECT_NULL(test, adapters[1]);
	KUNIT_EXPECT_EQ(test, at_dispatch, 0U);
	KUNIT_EXPECT_EQ(test, irqs_off, 0U);
}

static void get_adapter_fails_cleanly_without_memory_once(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;
	ULONG registers = 0xdeadbeef;
	PDMA_ADAPTER adapter = IoGetDmaAdapter(f->pdo, &description, &registers);

	KUNIT_EXPECT_EQ(test, registers, adapter ? 17U : 0U);
	if (adapter)
		f->ops->PutDmaAdapter(adapter);
}

static void get_adapter_fails_cleanly_without_memory(struct kunit *test)
{
	wdmdma_test_sweep(test, get_adapter_fails_cleanly_without_memory_once);
}

/* GetDmaAlignment. */

static void alignment_is_one_on_a_coherent_device(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, f->ops->GetDmaAlignment(f->adapter), 1U);
}

static void alignment_of_no_adapter_is_one(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	DMA_ADAPTER foreign = *f->adapter;

	KUNIT_EXPECT_EQ(test, f->ops->GetDmaAlignment(NULL), 1U);
	KUNIT_EXPECT_EQ(test, f->ops->GetDmaAlignment(&foreign), 1U);
}

static struct kunit_case wdm_adapter_cases[] = {
	KUNIT_CASE_PARAM(get_adapter_gives_the_table_of_the_version, version_gen_params),
	KUNIT_CASE_PARAM(get_adapter_fills_every_slot, version_gen_params),
	KUNIT_CASE_PARAM(get_adapter_reaches_what_description_and_mask_allow, reach_gen_params),
	KUNIT_CASE_PARAM(get_adapter_reads_no_tail_below_version_3, old_gen_params),
	KUNIT_CASE(get_adapter_does_not_keep_the_description),
	KUNIT_CASE_PARAM(get_adapter_grants_one_map_register_more_than_pages,
			 registers_gen_params),
	KUNIT_CASE_PARAM(get_adapter_refuses_description, invalid_gen_params),
	KUNIT_CASE(get_adapter_refuses_null_pointers),
	KUNIT_CASE(get_adapter_refuses_foreign_device_object),
	KUNIT_CASE(get_adapter_refuses_device_without_mask),
	KUNIT_CASE(get_adapter_refuses_above_passive_level),
	KUNIT_CASE(get_adapter_fails_cleanly_without_memory),
	KUNIT_CASE(alignment_is_one_on_a_coherent_device),
	KUNIT_CASE(alignment_of_no_adapter_is_one),
	{}
};

static struct kunit_suite wdm_adapter_suite = {
	.name = "wdmdma_wdm_adapter",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_adapter_cases,
};

kunit_test_suite(wdm_adapter_suite);
