// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm_adapter.c: device objects, IoGetDmaAdapter, PutDmaAdapter, GetDmaAlignment,
 * as a driver uses them. What a driver cannot see (reach, what is left of an
 * adapter after its put) is read from the core.
 */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/device.h"
#include "memory.h"

#define SLOTS	39

/* Is it an adapter that the module knows? */
static bool is_live(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);

	if (adapter)
		wdmdma_adapter_put(adapter);
	return adapter;
}

static PDMA_ADAPTER get_adapter(struct kunit *test, ULONG version, ULONG width)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(version, width);
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers = 0;

	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_EXPECT_EQ(test, registers, 17U);
	return adapter;
}

static void alloc_some(struct kunit *test, PDMA_ADAPTER adapter, unsigned int n)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	PHYSICAL_ADDRESS la;

	while (n--)
		KUNIT_ASSERT_NOT_NULL(test, ops->AllocateCommonBuffer(adapter, 0x3000, &la, TRUE));
}

/* The call must give no adapter, and no registers. */
static void expect_no_adapter(struct kunit *test, PDEVICE_OBJECT pdo,
			      PDEVICE_DESCRIPTION description)
{
	ULONG registers = 0xdeadbeef;

	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(pdo, description, &registers));
	KUNIT_EXPECT_EQ(test, registers, 0U);
}

/* Tables. */

static const struct version_row {
	const char *name;
	ULONG version;
	ULONG size;
} version_rows[] = {
	{ "version 0 gets table 1", 0, 0x68 },
	{ "version 1 gets table 1", 1, 0x68 },
	{ "version 2 gets table 2", 2, 0x80 },
	{ "version 3 gets table 3", 3, 0x140 },	/* peer defect 13 */
};

KUNIT_ARRAY_PARAM_DESC(version, version_rows, name);

static void get_adapter_gives_the_table_of_the_version(struct kunit *test)
{
	const struct version_row *row = test->param_value;
	PDMA_ADAPTER adapter = get_adapter(test, row->version, 64);

	KUNIT_EXPECT_EQ(test, adapter->Version, 1);
	KUNIT_EXPECT_EQ(test, adapter->Size, sizeof(DMA_ADAPTER));
	KUNIT_EXPECT_EQ(test, adapter->DmaOperations->Size, row->size);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* Those past Size too: a driver that calls one without looking gets the call. */
static void get_adapter_fills_every_slot(struct kunit *test)
{
	const struct version_row *row = test->param_value;
	PDMA_ADAPTER adapter = get_adapter(test, row->version, 64);
	void *const *slot = (void *const *)&adapter->DmaOperations->PutDmaAdapter;
	unsigned int n;

	KUNIT_ASSERT_EQ(test, sizeof(DMA_OPERATIONS), (SLOTS + 1) * sizeof(*slot));
	for (n = 0; n < SLOTS; n++)
		KUNIT_EXPECT_NOT_NULL_MSG(test, slot[n], "slot %u", n + 1);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

/* Reach. */

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

/* Peer defect 6: all ones is the widest reach, not a negative one. */
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
	/* The mask of the device belongs to its driver. */
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

/* A description written before Windows 8 has 0x28 bytes; KASAN guards what follows. */
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
	alloc_some(test, adapter, 2);
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

/* Peer defects 14 and 28: never 0 or 1, and rounded up. */
static void get_adapter_grants_one_map_register_more_than_pages(struct kunit *test)
{
	const struct register_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	DEVICE_DESCRIPTION description;
	ULONG version, registers, most = U32_MAX;
	phys_addr_t start, end;
	PDMA_ADAPTER adapter;

	/* All that the kernel copies must have room in its bounce buffers. */
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
	expect_no_adapter(test, f->pdo, &description);
}

static void get_adapter_refuses_null_pointers(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;

	expect_no_adapter(test, NULL, &description);
	expect_no_adapter(test, f->pdo, NULL);
	expect_no_adapter(test, NULL, NULL);
	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(f->pdo, &description, NULL));
	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(NULL, NULL, NULL));
}

/* Neither a pointer of the driver's own, nor a Linux device, nor an adapter is a device object. */
static void get_adapter_refuses_foreign_device_object(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;

	expect_no_adapter(test, (PDEVICE_OBJECT)&description, &description);
	expect_no_adapter(test, (PDEVICE_OBJECT)f->dev, &description);
	expect_no_adapter(test, (PDEVICE_OBJECT)f->adapter, &description);
	expect_no_adapter(test, (PDEVICE_OBJECT)((char *)f->pdo + 1), &description);
	expect_no_adapter(test, (PDEVICE_OBJECT)-1L, &description);
}

/* Peer defect 27: refused, and the message names the mask, not memory. */
static void get_adapter_refuses_device_without_mask(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;
	u64 *dma_mask = f->dev->dma_mask;
	u64 mask = f->dev->coherent_dma_mask;
	u64 zero = 0;

	f->dev->dma_mask = NULL;
	expect_no_adapter(test, f->pdo, &description);
	f->dev->dma_mask = &zero;
	expect_no_adapter(test, f->pdo, &description);
	f->dev->dma_mask = dma_mask;
	f->dev->coherent_dma_mask = 0;
	expect_no_adapter(test, f->pdo, &description);
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

/* Each adapter is its own: reach, table, buffers and put. */
static void get_adapter_gives_independent_adapters(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER narrow = get_adapter(test, 3, 31);
	PDMA_ADAPTER old = get_adapter(test, 0, 0);

	KUNIT_EXPECT_PTR_NE(test, narrow, old);
	KUNIT_EXPECT_PTR_NE(test, narrow, f->adapter);
	KUNIT_EXPECT_EQ(test, wdmdma_test_core(narrow)->reach.last, DMA_BIT_MASK(31));
	KUNIT_EXPECT_EQ(test, wdmdma_test_core(f->adapter)->reach.last, U64_MAX);
	alloc_some(test, f->adapter, 1);
	alloc_some(test, narrow, 2);
	alloc_some(test, old, 3);

	f->ops->PutDmaAdapter(narrow);
	KUNIT_EXPECT_TRUE(test, is_live(f->adapter));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 1UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(old), 3UL);
	alloc_some(test, old, 1);
	f->ops->PutDmaAdapter(old);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 1UL);
}

/* PutDmaAdapter. */

static const struct put_row {
	const char *name;
	unsigned int buffers;
	enum { PASSIVE, BH_OFF, IRQS_OFF } level;
} put_rows[] = {
	{ "unused", 0, PASSIVE },
	{ "with buffers", 5, PASSIVE },
	{ "unused, at DISPATCH_LEVEL", 0, BH_OFF },
	{ "with buffers, at DISPATCH_LEVEL", 5, BH_OFF },
	{ "unused, interrupts off", 0, IRQS_OFF },
	{ "with buffers, interrupts off", 5, IRQS_OFF },
};

KUNIT_ARRAY_PARAM_DESC(put, put_rows, name);

/*
 * Peer defect 5: no buffer outlives its adapter. The memory of the adapter itself
 * stays for a while, which is what lets the test look.
 */
static void put_ends_the_adapter_and_frees_its_buffers(struct kunit *test)
{
	const struct put_row *row = test->param_value;
	PDMA_ADAPTER adapter = get_adapter(test, 3, 64);
	struct wdmdma_adapter *core = wdmdma_test_core(adapter);
	unsigned long flags;

	alloc_some(test, adapter, row->buffers);
	if (row->level == BH_OFF) {
		local_bh_disable();
		adapter->DmaOperations->PutDmaAdapter(adapter);
		local_bh_enable();
	} else if (row->level == IRQS_OFF) {
		local_irq_save(flags);
		adapter->DmaOperations->PutDmaAdapter(adapter);
		local_irq_restore(flags);
	} else {
		adapter->DmaOperations->PutDmaAdapter(adapter);
	}

	KUNIT_EXPECT_FALSE(test, is_live(adapter));
	flush_work(&core->teardown);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_of(core), 0UL);
}

static const struct put_row late_rows[] = {
	{ "put at PASSIVE_LEVEL", 0, PASSIVE },
	{ "put at DISPATCH_LEVEL", 0, BH_OFF },
};

KUNIT_ARRAY_PARAM_DESC(late, late_rows, name);

/* A free put off at DISPATCH_LEVEL, as of more than a page, is done before the adapter goes. */
static void put_does_the_frees_put_off_before(struct kunit *test)
{
	const struct put_row *row = test->param_value;
	PDMA_ADAPTER adapter = get_adapter(test, 3, 64);
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	struct wdmdma_adapter *core = wdmdma_test_core(adapter);
	PHYSICAL_ADDRESS la[8];
	PVOID va[8];
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(va); n++) {
		va[n] = ops->AllocateCommonBuffer(adapter, 5000, &la[n], TRUE);
		KUNIT_ASSERT_NOT_NULL(test, va[n]);
	}
	/* Both works are held up, so that one has to wait for the other. */
	down_write(&core->device->sem);
	local_bh_disable();
	for (n = 0; n < ARRAY_SIZE(va); n++)
		ops->FreeCommonBuffer(adapter, 5000, la[n], va[n], TRUE);
	if (row->level != PASSIVE)
		ops->PutDmaAdapter(adapter);
	local_bh_enable();
	msleep(50);
	KUNIT_EXPECT_FALSE(test, list_empty(&core->buffers.records));
	up_write(&core->device->sem);
	if (row->level == PASSIVE)
		ops->PutDmaAdapter(adapter);

	flush_work(&core->teardown);
	KUNIT_EXPECT_FALSE(test, is_live(adapter));
	KUNIT_EXPECT_TRUE(test, list_empty(&core->buffers.records));
	KUNIT_EXPECT_TRUE(test, llist_empty(&core->deferred));
}

static void put_ignores_null_and_foreign_adapters(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	DMA_ADAPTER foreign = *f->adapter;

	f->ops->PutDmaAdapter(NULL);
	f->ops->PutDmaAdapter(&foreign);
	f->ops->PutDmaAdapter((PDMA_ADAPTER)f->pdo);
	f->ops->PutDmaAdapter((PDMA_ADAPTER)((char *)f->adapter + 8));
	f->ops->PutDmaAdapter((PDMA_ADAPTER)-1L);
	KUNIT_EXPECT_TRUE(test, is_live(f->adapter));
	alloc_some(test, f->adapter, 1);
}

/* The table can still be read through an adapter that was put; every call is refused. */
static void put_adapter_is_refused_everywhere(struct kunit *test)
{
	PDMA_ADAPTER adapter = get_adapter(test, 3, 64);
	PHYSICAL_ADDRESS la, kept;
	PVOID va;

	va = adapter->DmaOperations->AllocateCommonBuffer(adapter, 100, &kept, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, va);
	adapter->DmaOperations->PutDmaAdapter(adapter);
	adapter->DmaOperations->PutDmaAdapter(adapter);

	adapter->DmaOperations->FreeCommonBuffer(adapter, 100, kept, va, TRUE);
	la.QuadPart = -1;
	va = adapter->DmaOperations->AllocateCommonBuffer(adapter, 100, &la, TRUE);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	la.QuadPart = -1;
	va = adapter->DmaOperations->AllocateCommonBufferEx(adapter, NULL, 100, &la, TRUE, 0);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, adapter->DmaOperations->GetDmaAlignment(adapter), 1U);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

static void get_and_put_can_be_repeated(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned int n;

	for (n = 0; n < 200; n++) {
		PDMA_ADAPTER adapter = get_adapter(test, n % 4, 64);

		alloc_some(test, adapter, n % 3);
		if (n & 1)
			local_bh_disable();
		f->ops->PutDmaAdapter(adapter);
		if (n & 1)
			local_bh_enable();
	}
	KUNIT_EXPECT_TRUE(test, is_live(f->adapter));
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

/* Device objects. */

static void device_object_is_one_per_device(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct device *other = wdmdma_test_register(test, "wdmdma-other");
	PDEVICE_OBJECT pdo = wdmdma_device_object_get(f->dev);

	KUNIT_EXPECT_PTR_EQ(test, pdo, f->pdo);
	wdmdma_device_object_put(pdo);
	pdo = wdmdma_device_object_get(other);
	KUNIT_EXPECT_NOT_NULL(test, pdo);
	KUNIT_EXPECT_PTR_NE(test, pdo, f->pdo);
	wdmdma_device_object_put(pdo);
}

static void device_object_get_refuses_no_device_and_no_driver(struct kunit *test)
{
	struct device *bare = kunit_kzalloc(test, sizeof(*bare), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, bare);
	KUNIT_EXPECT_NULL(test, wdmdma_device_object_get(NULL));
	KUNIT_EXPECT_NULL(test, wdmdma_device_object_get(bare));
}

static void device_object_get_refuses_above_passive_level(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDEVICE_OBJECT pdo[2];

	local_bh_disable();
	pdo[0] = wdmdma_device_object_get(f->dev);
	local_bh_enable();
	local_irq_disable();
	pdo[1] = wdmdma_device_object_get(f->dev);
	local_irq_enable();
	KUNIT_EXPECT_NULL(test, pdo[0]);
	KUNIT_EXPECT_NULL(test, pdo[1]);
}

/* Put too often, it is reported and stays what it was: unbind alone ends it. */
static void device_object_survives_bad_puts(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned int n;

	wdmdma_device_object_put(NULL);
	wdmdma_device_object_put((PDEVICE_OBJECT)f->dev);
	wdmdma_device_object_put((PDEVICE_OBJECT)f->adapter);
	for (n = 0; n < 3; n++)
		wdmdma_device_object_put(f->pdo);

	f->ops->PutDmaAdapter(get_adapter(test, 3, 64));
	alloc_some(test, f->adapter, 1);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_device_object_get(f->dev), f->pdo);
}

#ifdef CONFIG_FAULT_INJECTION
/* Each time on a new device: only the first call for a device allocates. */
static void device_object_get_fails_cleanly_without_memory_once(struct kunit *test)
{
	unsigned int nth = current->fail_nth;
	PDEVICE_OBJECT pdo;
	struct device *dev;

	current->fail_nth = 0;
	dev = wdmdma_test_register(test, "wdmdma-sweep");
	current->fail_nth = nth;
	pdo = wdmdma_device_object_get(dev);
	nth = current->fail_nth;
	current->fail_nth = 0;
	wdmdma_device_object_put(pdo);
	kunit_device_unregister(test, dev);
	current->fail_nth = nth;
}
#endif

static void device_object_get_fails_cleanly_without_memory(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	wdmdma_test_sweep(test, device_object_get_fails_cleanly_without_memory_once);
#else
	kunit_skip(test, "the kernel has no fault injection");
#endif
}

/* The driver is unbound. */

/* A device of the test's own, to unregister it, and an adapter with three buffers. */
struct unbound {
	struct device *dev;
	PDEVICE_OBJECT pdo;
	PDMA_ADAPTER adapter;
	const DMA_OPERATIONS *ops;
	PHYSICAL_ADDRESS la;
	PVOID va;
};

static struct unbound unbind_with_adapter(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct unbound u = { .dev = wdmdma_test_register(test, "wdmdma-unbind") };
	ULONG registers;

	u.pdo = wdmdma_device_object_get(u.dev);
	KUNIT_ASSERT_NOT_NULL(test, u.pdo);
	u.adapter = IoGetDmaAdapter(u.pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, u.adapter);
	u.ops = u.adapter->DmaOperations;
	u.va = u.ops->AllocateCommonBuffer(u.adapter, 5000, &u.la, TRUE);
	KUNIT_ASSERT_NOT_NULL(test, u.va);
	alloc_some(test, u.adapter, 2);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(u.adapter), 3UL);
	get_device(u.dev);
	kunit_device_unregister(test, u.dev);
	return u;
}

static void unbind_frees_buffers_and_refuses_calls(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct unbound u = unbind_with_adapter(test);
	PHYSICAL_ADDRESS la = { .QuadPart = -1 };

	KUNIT_EXPECT_TRUE(test, is_live(u.adapter));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(u.adapter), 0UL);
	KUNIT_EXPECT_NULL(test, u.ops->AllocateCommonBuffer(u.adapter, 100, &la, TRUE));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	la.QuadPart = -1;
	KUNIT_EXPECT_NULL(test, u.ops->AllocateCommonBufferEx(u.adapter, NULL, 100, &la, FALSE, 0));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	u.ops->FreeCommonBuffer(u.adapter, 5000, u.la, u.va, TRUE);
	KUNIT_EXPECT_EQ(test, u.ops->GetDmaAlignment(u.adapter), 1U);

	expect_no_adapter(test, u.pdo, &description);
	KUNIT_EXPECT_NULL(test, wdmdma_device_object_get(u.dev));
	wdmdma_device_object_put(u.pdo);

	u.ops->PutDmaAdapter(u.adapter);
	KUNIT_EXPECT_FALSE(test, is_live(u.adapter));
	u.ops->PutDmaAdapter(u.adapter);
	put_device(u.dev);
}

/* Who could still call has a module that depends on this one: the adapter need not pin it. */
static void adapter_keeps_the_module_until_unbind(struct kunit *test)
{
	int before = wdmdma_module_refs();
	struct unbound u;

	u = unbind_with_adapter(test);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
	wdmdma_device_object_put(u.pdo);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
	u.ops->PutDmaAdapter(u.adapter);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
	put_device(u.dev);
}

static void device_object_keeps_the_module_until_unbind(struct kunit *test)
{
	struct device *dev = wdmdma_test_register(test, "wdmdma-pin");
	int before = wdmdma_module_refs();
	PDEVICE_OBJECT pdo;

	pdo = wdmdma_device_object_get(dev);
	KUNIT_ASSERT_NOT_NULL(test, pdo);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before + 1);
	wdmdma_device_object_put(pdo);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before + 1);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
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
	KUNIT_CASE(get_adapter_gives_independent_adapters),
	KUNIT_CASE_PARAM(put_ends_the_adapter_and_frees_its_buffers, put_gen_params),
	KUNIT_CASE_PARAM(put_does_the_frees_put_off_before, late_gen_params),
	KUNIT_CASE(put_ignores_null_and_foreign_adapters),
	KUNIT_CASE(put_adapter_is_refused_everywhere),
	KUNIT_CASE(get_and_put_can_be_repeated),
	KUNIT_CASE(alignment_is_one_on_a_coherent_device),
	KUNIT_CASE(alignment_of_no_adapter_is_one),
	KUNIT_CASE(device_object_is_one_per_device),
	KUNIT_CASE(device_object_get_refuses_no_device_and_no_driver),
	KUNIT_CASE(device_object_get_refuses_above_passive_level),
	KUNIT_CASE(device_object_survives_bad_puts),
	KUNIT_CASE(device_object_get_fails_cleanly_without_memory),
	KUNIT_CASE(unbind_frees_buffers_and_refuses_calls),
	KUNIT_CASE(adapter_keeps_the_module_until_unbind),
	KUNIT_CASE(device_object_keeps_the_module_until_unbind),
	{}
};

static struct kunit_suite wdm_adapter_suite = {
	.name = "wdmdma_wdm_adapter",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_adapter_cases,
};

kunit_test_suite(wdm_adapter_suite);
