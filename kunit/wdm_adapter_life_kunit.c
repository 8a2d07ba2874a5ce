// SPDX-License-Identifier: GPL-2.0-only
/* How adapters and device objects end, at PutDmaAdapter and at unbind (wdm/wdm_adapter.c). */
#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/sched.h>

#include "core/adapter.h"
#include "core/device.h"
#include "helpers.h"

/* Return true if the module knows the adapter. */
static bool is_live(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);

	if (adapter)
		wdmdma_adapter_put(adapter);
	return adapter;
}

/* Adapters must not share a window, a table, buffers or their end. */
static void get_adapter_gives_independent_adapters(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER narrow = wdmdma_test_get_adapter(test, 3, 31);
	PDMA_ADAPTER old = wdmdma_test_get_adapter(test, 0, 0);

	KUNIT_EXPECT_PTR_NE(test, narrow, old);
	KUNIT_EXPECT_PTR_NE(test, narrow, f->adapter);
	KUNIT_EXPECT_EQ(test, wdmdma_test_core(narrow)->reach.last, DMA_BIT_MASK(31));
	KUNIT_EXPECT_EQ(test, wdmdma_test_core(f->adapter)->reach.last, U64_MAX);
	wdmdma_test_alloc_some(test, f->adapter, 1);
	wdmdma_test_alloc_some(test, narrow, 2);
	wdmdma_test_alloc_some(test, old, 3);

	f->ops->PutDmaAdapter(narrow);
	KUNIT_EXPECT_TRUE(test, is_live(f->adapter));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 1UL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(old), 3UL);
	wdmdma_test_alloc_some(test, old, 1);
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
 * No buffer may outlive its adapter. The memory of the adapter itself remains for a while, so that
 * the case can read it.
 */
static void put_ends_the_adapter_and_frees_its_buffers(struct kunit *test)
{
	const struct put_row *row = test->param_value;
	PDMA_ADAPTER adapter = wdmdma_test_get_adapter(test, 3, 64);
	struct wdmdma_adapter *core = wdmdma_test_core(adapter);
	unsigned long flags;

	wdmdma_test_alloc_some(test, adapter, row->buffers);
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

/*
 * A free at DISPATCH_LEVEL of more than a page is put off. Such a free must be done
 * before the adapter ends.
 */
static void put_does_the_frees_put_off_before(struct kunit *test)
{
	const struct put_row *row = test->param_value;
	PDMA_ADAPTER adapter = wdmdma_test_get_adapter(test, 3, 64);
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	struct wdmdma_adapter *core = wdmdma_test_core(adapter);
	PHYSICAL_ADDRESS la[8];
	PVOID va[8];
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(va); n++) {
		va[n] = ops->AllocateCommonBuffer(adapter, 5000, &la[n], TRUE);
		KUNIT_ASSERT_NOT_NULL(test, va[n]);
	}
	/* Hold up both work items, so that one must wait for the other. */
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
	wdmdma_test_alloc_some(test, f->adapter, 1);
}

/* The table must stay readable through an adapter that was put, and every call must be refused. */
static void put_adapter_is_refused_everywhere(struct kunit *test)
{
	PDMA_ADAPTER adapter = wdmdma_test_get_adapter(test, 3, 64);
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
		PDMA_ADAPTER adapter = wdmdma_test_get_adapter(test, n % 4, 64);

		wdmdma_test_alloc_some(test, adapter, n % 3);
		if (n & 1)
			local_bh_disable();
		f->ops->PutDmaAdapter(adapter);
		if (n & 1)
			local_bh_enable();
	}
	KUNIT_EXPECT_TRUE(test, is_live(f->adapter));
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

/*
 * A device object that is put too often must be reported and must stay valid. Only the unbind
 * ends a device object.
 */
static void device_object_survives_bad_puts(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	unsigned int n;

	wdmdma_device_object_put(NULL);
	wdmdma_device_object_put((PDEVICE_OBJECT)f->dev);
	wdmdma_device_object_put((PDEVICE_OBJECT)f->adapter);
	for (n = 0; n < 3; n++)
		wdmdma_device_object_put(f->pdo);

	f->ops->PutDmaAdapter(wdmdma_test_get_adapter(test, 3, 64));
	wdmdma_test_alloc_some(test, f->adapter, 1);
	KUNIT_EXPECT_PTR_EQ(test, wdmdma_device_object_get(f->dev), f->pdo);
}

#ifdef CONFIG_FAULT_INJECTION
/* Use a new device each time, because only the first call for a device allocates memory. */
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

/* A device of the test's own, which the test can unregister, and an adapter with three buffers. */
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
	wdmdma_test_alloc_some(test, u.adapter, 2);
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

	wdmdma_test_expect_no_adapter(test, u.pdo, &description);
	KUNIT_EXPECT_NULL(test, wdmdma_device_object_get(u.dev));
	wdmdma_device_object_put(u.pdo);

	u.ops->PutDmaAdapter(u.adapter);
	KUNIT_EXPECT_FALSE(test, is_live(u.adapter));
	u.ops->PutDmaAdapter(u.adapter);
	put_device(u.dev);
}

/*
 * A driver that could still call the module is a module that depends on it, so the adapter
 * need not hold a module reference.
 */
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

static struct kunit_case wdm_adapter_life_cases[] = {
	KUNIT_CASE(get_adapter_gives_independent_adapters),
	KUNIT_CASE_PARAM(put_ends_the_adapter_and_frees_its_buffers, put_gen_params),
	KUNIT_CASE_PARAM(put_does_the_frees_put_off_before, late_gen_params),
	KUNIT_CASE(put_ignores_null_and_foreign_adapters),
	KUNIT_CASE(put_adapter_is_refused_everywhere),
	KUNIT_CASE(get_and_put_can_be_repeated),
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

static struct kunit_suite wdm_adapter_life_suite = {
	.name = "wdmdma_wdm_adapter_life",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_adapter_life_cases,
};

kunit_test_suite(wdm_adapter_life_suite);
