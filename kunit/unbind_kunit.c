// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that a driver makes while it is being unbound or after it is gone, and whatever is
 * left of the driver's device then.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "backend/backends.h"
#include "backend/translation.h"
#include "core/adapter.h"
#include "core/device.h"
#include "edu.h"
#include "memory.h"
#include "objects.h"

/* The results of the calls that create the record of a device if it has none. */
struct unbind_calls {
	struct device *dev;
	unsigned int calls;
	PDEVICE_OBJECT pdo;
	PVOID extension;
	int private;
};

/*
 * A devres action of the driver. The driver's probe function has been undone
 * when the action runs.
 */
static void unbind_call(void *data)
{
	struct unbind_calls *calls = data;

	calls->calls++;
	calls->pdo = wdmdma_device_object_get(calls->dev);
	calls->extension = wdmdma_hw_device_extension_create(calls->dev, 64);
	calls->private = wdmdma_device_use_private_domain(calls->dev);
	wdmdma_hw_device_extension_destroy(calls->extension);
	wdmdma_device_object_put(calls->pdo);
}

/* Return the edu device, bound again, so that the module does not know it yet. */
static struct device *edu_dev(struct kunit *test)
{
	struct edu *edu = edu_at(EDU_SLOT_32_BITS);
	struct device *dev;

	if (!edu_is_there(test, EDU_SLOT_32_BITS))
		kunit_skip(test, "the machine has no edu device");
	dev = &edu->pdev->dev;
	device_release_driver(dev);
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
	return dev;
}

static void expect_refused(struct kunit *test, const struct unbind_calls *calls)
{
	KUNIT_EXPECT_EQ(test, calls->calls, 1U);
	KUNIT_EXPECT_NULL(test, calls->pdo);
	KUNIT_EXPECT_NULL(test, calls->extension);
	KUNIT_EXPECT_EQ(test, calls->private, -ESHUTDOWN);
}

/*
 * The first action runs before the module's own clean-up, which still takes back
 * everything that the calls gave. The second action runs after the clean-up, and its
 * calls must be refused.
 */
static void nothing_is_made_while_the_driver_is_unbound(struct kunit *test)
{
	struct device *dev = edu_dev(test);
	struct unbind_calls early = { .dev = dev }, late = { .dev = dev };
	int before = wdmdma_module_refs();
	PDEVICE_OBJECT pdo;

	KUNIT_ASSERT_EQ(test, devm_add_action(dev, unbind_call, &late), 0);
	pdo = wdmdma_device_object_get(dev);
	KUNIT_ASSERT_NOT_NULL(test, pdo);
	wdmdma_device_object_put(pdo);
	KUNIT_ASSERT_EQ(test, devm_add_action(dev, unbind_call, &early), 0);

	device_release_driver(dev);
	KUNIT_EXPECT_EQ(test, early.calls, 1U);
	KUNIT_EXPECT_PTR_EQ(test, early.pdo, pdo);
	expect_refused(test, &late);
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);

	/* The next driver, or the same driver again, must find the device as new. */
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
	pdo = wdmdma_device_object_get(dev);
	KUNIT_EXPECT_NOT_NULL(test, pdo);
	wdmdma_device_object_put(pdo);
}

/* The calls must also be refused if the module did not know the device before. */
static void nothing_is_made_for_a_device_unknown_till_then(struct kunit *test)
{
	struct device *dev = edu_dev(test);
	struct unbind_calls calls = { .dev = dev };

	KUNIT_ASSERT_EQ(test, devm_add_action(dev, unbind_call, &calls), 0);
	device_release_driver(dev);
	expect_refused(test, &calls);
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
}

/* A thread that is not told of the unbind. */
static int unbind_thread(void *data)
{
	struct device *dev = data;

	while (!kthread_should_stop()) {
		PVOID extension = wdmdma_hw_device_extension_create(dev, 64);
		PDEVICE_OBJECT pdo = wdmdma_device_object_get(dev);

		wdmdma_device_object_put(pdo);
		wdmdma_hw_device_extension_destroy(extension);
		cond_resched();
	}
	return 0;
}

static void thread_that_calls_during_the_unbind_leaves_nothing(struct kunit *test)
{
	struct device *dev = edu_dev(test);
	int before = wdmdma_module_refs(), i;
	struct task_struct *thread;

	thread = kthread_run(unbind_thread, dev, "wdmdma_unbind");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	for (i = 0; i < 5; i++) {
		device_release_driver(dev);
		KUNIT_EXPECT_EQ(test, device_attach(dev), 1);
		usleep_range(100, 2000);
	}
	kthread_stop(thread);
	device_release_driver(dev);
	KUNIT_EXPECT_TRUE(test, list_empty(&dev->devres_head));
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
	KUNIT_EXPECT_EQ(test, device_attach(dev), 1);
}

/*
 * A call that the unbind has overtaken may hold the last reference to a record. At
 * DISPATCH_LEVEL the release must be put off. It takes a mutex, which the kernel would report. A
 * worker on another CPU may be done before the level falls.
 */
static void last_put_of_a_device_at_dispatch_is_put_off(struct kunit *test)
{
	struct device *dev = wdmdma_test_device(test);
	struct wdmdma_device *device = wdmdma_device_open(dev);
	unsigned int waits = 100;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, device);
	get_device(dev);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, kref_read(&device->handle.ref), 1U);
	KUNIT_EXPECT_EQ(test, kref_read(&dev->kobj.kref), 2U);

	local_bh_disable();
	wdmdma_device_put(device);
	local_bh_enable();
	while (kref_read(&dev->kobj.kref) > 1 && waits--)
		msleep(20);
	KUNIT_EXPECT_EQ(test, kref_read(&dev->kobj.kref), 1U);
	put_device(dev);
}

/*
 * The adapter and the extension stay until the module is unloaded. This case can only show
 * that the module may be unloaded. kmemleak checks the memory after the unload.
 */
static void what_was_never_put_does_not_keep_the_module(struct kunit *test)
{
	DEVICE_DESCRIPTION description =
		wdmdma_test_description(DEVICE_DESCRIPTION_VERSION3, 64);
	struct device *dev = wdmdma_test_device(test);
	int before = wdmdma_module_refs();
	PDMA_ADAPTER adapter;
	PHYSICAL_ADDRESS la;
	ULONG registers;

	adapter = IoGetDmaAdapter(wdmdma_device_object_get(dev), &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_EXPECT_NOT_NULL(test, wdmdma_hw_device_extension_create(dev, 64));
	KUNIT_EXPECT_NOT_NULL(test, adapter->DmaOperations->AllocateCommonBuffer(adapter, SZ_4K,
										 &la, TRUE));
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before + 1);
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, wdmdma_module_refs(), before);
	/* Calls on the adapter that was never put must still be answered. */
	KUNIT_EXPECT_NULL(test, adapter->DmaOperations->AllocateCommonBuffer(adapter, SZ_4K, &la,
									     TRUE));
}

/*
 * The next driver's buffers must be mapped in the new domain, even while an adapter of the
 * previous driver lives.
 */
static void domain_replaced_at_unbind_is_the_next_drivers(struct kunit *test)
{
	struct device *dev = edu_dev(test);
	struct wdmdma_fixture *fixture = wdmdma_test_fixture_on(test, dev, 32);
	struct edu_retype replacement = { .dev = dev, .type = "identity" };
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;

	if (!wdmdma_iommu_translates(dev)) {
		kunit_skip(test, "needs an IOMMU");
		return;
	}
	KUNIT_ASSERT_EQ(test, devm_add_action(dev, edu_retype, &replacement), 0);
	device_release_driver(dev);
	if (replacement.ret) {
		KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
		kunit_skip(test, "the IOMMU's domains cannot be replaced");
		return;
	}
	KUNIT_EXPECT_FALSE(test, wdmdma_iommu_translates(dev));

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
		fixture = wdmdma_test_fixture_on(test, dev, 32);
		va = wdmdma_test_alloc(fixture, SZ_8K, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		edu_expect_round_trip(test, edu_at(EDU_SLOT_32_BITS), va, la.QuadPart, 0, SZ_4K,
				      EDU_MOST);
		wdmdma_test_free(fixture, SZ_8K, la, va);
		/* Restore the default domain. */
		device_release_driver(dev);
		KUNIT_EXPECT_EQ(test, edu_set_domain(dev, "auto"), 0);
	}
	KUNIT_ASSERT_EQ(test, device_attach(dev), 1);
}

/*
 * Mappings that the replaced domain took with it must be neither unmapped nor freed. The DMA
 * API's checks would stop the machine for a real device, so the device is a fake one and the
 * memory belongs to the test.
 */
static unsigned int page_frees;

static int page_alloc(struct wdmdma_device *device, struct wdmdma_request *request,
		      struct wdmdma_buffer *buffer)
{
	buffer->cpu = (void *)__get_free_page(GFP_KERNEL | __GFP_ZERO);
	buffer->dma = buffer->cpu ? virt_to_phys(buffer->cpu) : 0;
	return buffer->cpu ? 0 : -ENOMEM;
}

static void page_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	page_frees++;
}

static void what_a_replaced_domain_took_is_left_alone(struct kunit *test)
{
	struct device *dev = get_device(wdmdma_test_device(test));
	struct wdmdma_fixture *fixture = wdmdma_test_fixture_on(test, dev, 64);
	struct wdmdma_device *device = wdmdma_device_find(fixture->pdo);
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_backend backend = wdmdma_backend_direct;
	PSCATTER_GATHER_LIST list;
	PHYSICAL_ADDRESS la;
	dma_addr_t mapped;
	void *va;

	backend.alloc = page_alloc;
	backend.free = page_free;
	backend.recycle_mode = NULL;
	device->backend = &backend;
	page_frees = 0;
	va = fixture->ops->AllocateCommonBufferEx(fixture->adapter, NULL, SZ_4K, &la, TRUE,
						  MM_ANY_NODE_OK);
	KUNIT_ASSERT_NOT_NULL(test, va);
	list = wdmdma_test_list(test, fixture->adapter, mdl, TRUE);
	mapped = list->Elements[0].Address.QuadPart;

	device->home->own = (void *)device;
	kunit_device_unregister(test, dev);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture->adapter), 0UL);
	KUNIT_EXPECT_EQ(test, page_frees, 0U);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&device->lost), (long)SZ_4K);
	wdmdma_device_put(device);

	/*
	 * If the module had unmapped the page, the DMA API's checks would
	 * report this second unmap.
	 */
	dma_unmap_page(dev, mapped, SZ_4K, DMA_TO_DEVICE);
	free_page((unsigned long)va);
	put_device(dev);
}

/* Keeps the module's workqueue busy with a free, so that an unbind has to wait. */
static struct completion free_begun, free_may_end;

static void slow_free(struct wdmdma_device *device, struct wdmdma_buffer *buffer)
{
	complete(&free_begun);
	wait_for_completion(&free_may_end);
	wdmdma_backend_direct.free(device, buffer);
}

static int unbind_now(void *dev)
{
	device_release_driver(dev);
	return 0;
}

/* While the unbind waits for work, a thread of the driver may still call. */
static void calls_after_a_domain_was_replaced_do_no_harm(struct kunit *test)
{
	struct wdmdma_fixture *slow = wdmdma_test_fixture(test);
	struct wdmdma_fixture *f = wdmdma_test_fixture(test);
	struct wdmdma_device *device = wdmdma_device_find(f->pdo);
	struct wdmdma_backend slow_backend = wdmdma_backend_direct, backend = slow_backend;
	unsigned long end = jiffies + 10 * HZ;
	PHYSICAL_ADDRESS la, slow_la, none;
	struct task_struct *thread;
	void *va, *slow_va;

	init_completion(&free_begun);
	init_completion(&free_may_end);
	slow_backend.free = slow_free;
	backend.alloc = page_alloc;
	backend.free = page_free;
	device->backend = &backend;
	page_frees = 0;
	va = wdmdma_test_alloc(f, SZ_4K, &la);
	/* Three pages are not recycled. */
	slow_va = wdmdma_test_alloc(slow, 3 * SZ_4K, &slow_la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_ASSERT_NOT_NULL(test, slow_va);
	wdmdma_test_core_of(slow)->device->backend = &slow_backend;
	local_bh_disable();
	wdmdma_test_free(slow, 3 * SZ_4K, slow_la, slow_va);
	local_bh_enable();
	wait_for_completion(&free_begun);

	device->home->own = (void *)device;
	thread = kthread_create(unbind_now, get_device(f->dev), "wdmdma-unbind");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	get_task_struct(thread);
	wake_up_process(thread);
	while (READ_ONCE(device->backend) == &backend && time_before(jiffies, end))
		cond_resched();
	KUNIT_EXPECT_PTR_NE(test, device->backend, (const struct wdmdma_backend *)&backend);
	KUNIT_EXPECT_NULL(test, wdmdma_test_alloc(f, SZ_8K, &none));
	wdmdma_test_free(f, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&device->lost), (long)SZ_4K);
	complete(&free_may_end);
	kthread_stop(thread);
	put_task_struct(thread);
	wdmdma_test_core_of(slow)->device->backend = &wdmdma_backend_direct;
	KUNIT_EXPECT_EQ(test, page_frees, 0U);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&device->lost), (long)SZ_4K);
	wdmdma_device_put(device);
	put_device(f->dev);
	free_page((unsigned long)va);
}

static struct kunit_case unbind_cases[] = {
	KUNIT_CASE(nothing_is_made_while_the_driver_is_unbound),
	KUNIT_CASE(nothing_is_made_for_a_device_unknown_till_then),
	KUNIT_CASE_SLOW(thread_that_calls_during_the_unbind_leaves_nothing),
	KUNIT_CASE(last_put_of_a_device_at_dispatch_is_put_off),
	KUNIT_CASE(what_was_never_put_does_not_keep_the_module),
	KUNIT_CASE(domain_replaced_at_unbind_is_the_next_drivers),
	KUNIT_CASE(what_a_replaced_domain_took_is_left_alone),
	KUNIT_CASE(calls_after_a_domain_was_replaced_do_no_harm),
	{}
};

static struct kunit_suite unbind_suite = {
	.name = "wdmdma_unbind",
	.test_cases = unbind_cases,
};

kunit_test_suite(unbind_suite);
