// SPDX-License-Identifier: GPL-2.0-only
/* Locks, interrupts, memory and collections. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <ddk/wdfcollection.h>
#include <ddk/wdfmemory.h>
#include <ddk/wdfsync.h>

#include "level.h"
#include "wdf.h"

static bool is_at_dispatch(void)
{
	return in_softirq() || irqs_disabled();
}

static void spin_lock_restores_the_level(struct kunit *test)
{
	WDFSPINLOCK a, b;

	KUNIT_ASSERT_EQ(test, WdfSpinLockCreate(NULL, &a), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, WdfSpinLockCreate(NULL, &b), STATUS_SUCCESS);
	WdfSpinLockAcquire(a);
	KUNIT_EXPECT_TRUE(test, is_at_dispatch());
	WdfSpinLockAcquire(b);
	/* A second acquire would never end. */
	WdfSpinLockAcquire(a);
	WdfSpinLockRelease(b);
	KUNIT_EXPECT_TRUE(test, is_at_dispatch());
	WdfSpinLockRelease(a);
	KUNIT_EXPECT_FALSE(test, is_at_dispatch());
	WdfSpinLockRelease(a);
	local_bh_disable();
	WdfSpinLockAcquire(a);
	WdfSpinLockRelease(a);
	KUNIT_EXPECT_TRUE(test, is_at_dispatch());
	local_bh_enable();
	/* A lock that is held outlives its deletion. */
	WdfSpinLockAcquire(a);
	WdfObjectDelete(a);
	WdfSpinLockRelease(a);
	KUNIT_EXPECT_FALSE(test, is_at_dispatch());
	WdfSpinLockAcquire(a);
	KUNIT_EXPECT_FALSE(test, is_at_dispatch());
	WdfSpinLockRelease(b);
}

static void objects_are_made_and_deleted_under_a_spin_lock(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_4K, 0);
	WDFDMATRANSACTION t = NULL;
	WDFCOLLECTION collection;
	WDFSPINLOCK lock;
	NTSTATUS created, added;

	KUNIT_ASSERT_EQ(test, WdfSpinLockCreate(NULL, &lock), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, WdfCollectionCreate(NULL, &collection), STATUS_SUCCESS);
	WdfSpinLockAcquire(lock);
	created = WdfDmaTransactionCreate(enabler, NULL, &t);
	added = WdfCollectionAdd(collection, t);
	WdfCollectionRemove(collection, t);
	WdfObjectDelete(t);
	WdfSpinLockRelease(lock);
	KUNIT_EXPECT_EQ(test, created, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, added, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionRelease(t), STATUS_INVALID_HANDLE);
}

struct waiter {
	WDFWAITLOCK lock;
	NTSTATUS tried, timed, absolute;
	NTSTATUS got;
};

static int wait_for_lock(void *data)
{
	LONGLONG none = 0, relative = WDF_REL_TIMEOUT_IN_MS(20), past = 1;
	struct waiter *waiter = data;

	waiter->tried = WdfWaitLockAcquire(waiter->lock, &none);
	waiter->timed = WdfWaitLockAcquire(waiter->lock, &relative);
	waiter->absolute = WdfWaitLockAcquire(waiter->lock, &past);
	/* The release of a lock that another thread has is refused. */
	WdfWaitLockRelease(waiter->lock);
	WRITE_ONCE(waiter->got, STATUS_PENDING);
	waiter->got = WdfWaitLockAcquire(waiter->lock, NULL);
	WdfWaitLockRelease(waiter->lock);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void wait_lock_knows_timeouts(struct kunit *test)
{
	struct waiter waiter = { .got = STATUS_UNSUCCESSFUL };
	struct task_struct *task;
	LONGLONG none = 0;
	int n;

	KUNIT_ASSERT_EQ(test, WdfWaitLockCreate(NULL, &waiter.lock), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, WdfWaitLockAcquire(waiter.lock, NULL), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, WdfWaitLockAcquire(waiter.lock, NULL),
			STATUS_INVALID_DEVICE_REQUEST);
	KUNIT_EXPECT_EQ(test, WdfWaitLockAcquire(waiter.lock, &none), STATUS_TIMEOUT);
	task = kthread_run(wait_for_lock, &waiter, "wdf_wait");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (n = 0; n < 500 && READ_ONCE(waiter.got) != STATUS_PENDING; n++)
		msleep(20);
	WdfWaitLockRelease(waiter.lock);
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, waiter.tried, STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, waiter.timed, STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, waiter.absolute, STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, waiter.got, STATUS_SUCCESS);
	local_bh_disable();
	KUNIT_EXPECT_EQ(test, WdfWaitLockAcquire(waiter.lock, &none), STATUS_SUCCESS);
	WdfWaitLockRelease(waiter.lock);
	local_bh_enable();
	WdfObjectDelete(waiter.lock);
	KUNIT_EXPECT_EQ(test, WdfWaitLockAcquire(waiter.lock, NULL), STATUS_INVALID_HANDLE);
}

static WDFINTERRUPT interrupt;
static atomic_t dpc_calls, isr_calls;
static unsigned int enable_calls, disable_calls;
static BOOLEAN queued[2];
static WDFOBJECT dpc_object;
static bool dpc_at_dispatch;

static BOOLEAN count_isr(WDFINTERRUPT self, ULONG message_id)
{
	atomic_inc(&isr_calls);
	queued[0] = WdfInterruptQueueDpcForIsr(self);
	queued[1] = WdfInterruptQueueDpcForIsr(self);
	return message_id == 3;
}

static VOID count_dpc(WDFINTERRUPT self, WDFOBJECT object)
{
	dpc_object = object;
	dpc_at_dispatch = is_at_dispatch();
	atomic_inc(&dpc_calls);
}

static NTSTATUS count_enable(WDFINTERRUPT self, WDFDEVICE device)
{
	enable_calls++;
	return STATUS_SUCCESS;
}

static NTSTATUS count_disable(WDFINTERRUPT self, WDFDEVICE device)
{
	disable_calls++;
	return STATUS_SUCCESS;
}

static void make_interrupt(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_INTERRUPT_CONFIG config;

	atomic_set(&dpc_calls, 0);
	atomic_set(&isr_calls, 0);
	enable_calls = 0;
	disable_calls = 0;
	WDF_INTERRUPT_CONFIG_INIT(&config, count_isr, count_dpc);
	config.EvtInterruptEnable = count_enable;
	config.EvtInterruptDisable = count_disable;
	KUNIT_ASSERT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &interrupt),
			STATUS_SUCCESS);
}

static void interrupt_calls_isr_and_dpc(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	int n;

	make_interrupt(test);
	/* Nothing is called before the device is in D0. */
	KUNIT_EXPECT_FALSE(test, wdmdma_wdf_interrupt(interrupt, 3));
	KUNIT_EXPECT_EQ(test, atomic_read(&isr_calls), 0);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, enable_calls, 1U);
	local_bh_disable();
	KUNIT_EXPECT_TRUE(test, wdmdma_wdf_interrupt(interrupt, 3));
	KUNIT_EXPECT_TRUE(test, queued[0]);
	KUNIT_EXPECT_FALSE(test, queued[1]);
	local_bh_enable();
	for (n = 0; n < 500 && !atomic_read(&dpc_calls); n++)
		msleep(20);
	msleep(20);
	KUNIT_EXPECT_EQ(test, atomic_read(&dpc_calls), 1);
	KUNIT_EXPECT_PTR_EQ(test, dpc_object, (WDFOBJECT)f->device);
	KUNIT_EXPECT_TRUE(test, dpc_at_dispatch);
	KUNIT_EXPECT_PTR_EQ(test, WdfInterruptGetDevice(interrupt), f->device);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, disable_calls, 1U);
	KUNIT_EXPECT_FALSE(test, wdmdma_wdf_interrupt(interrupt, 3));
	/* The framework owns the interrupt, and nothing is called after the device is gone. */
	WdfObjectDelete(interrupt);
	wdmdma_wdf_device_delete(f->device);
	f->device = NULL;
	KUNIT_EXPECT_FALSE(test, wdmdma_wdf_interrupt(interrupt, 3));
	KUNIT_EXPECT_FALSE(test, WdfInterruptQueueDpcForIsr(interrupt));
	KUNIT_EXPECT_EQ(test, atomic_read(&isr_calls), 1);
}

static int raise_interrupts(void *data)
{
	while (!kthread_should_stop()) {
		wdmdma_wdf_interrupt(interrupt, 0);
		cond_resched();
	}
	return 0;
}

static BOOLEAN look_twice(WDFINTERRUPT self, WDFCONTEXT context)
{
	int before = atomic_read(&isr_calls);

	udelay(9);
	return atomic_read(&isr_calls) == before;
}

static void interrupt_lock_keeps_the_isr_away(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	unsigned int n, changed = 0;
	struct task_struct *task;

	make_interrupt(test);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
	task = kthread_run(raise_interrupts, NULL, "wdf_isr");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	for (n = 0; n < 500 && !atomic_read(&isr_calls); n++)
		msleep(20);
	for (n = 0; n < 200; n++) {
		WdfInterruptAcquireLock(interrupt);
		changed += !look_twice(interrupt, NULL);
		WdfInterruptReleaseLock(interrupt);
		changed += !WdfInterruptSynchronize(interrupt, look_twice, NULL);
	}
	kthread_stop(task);
	KUNIT_EXPECT_GT(test, atomic_read(&isr_calls), 0);
	KUNIT_EXPECT_EQ(test, changed, 0U);
	WdfInterruptAcquireLock(interrupt);
	WdfInterruptAcquireLock(interrupt);
	WdfInterruptReleaseLock(interrupt);
	WdfInterruptReleaseLock(interrupt);
	KUNIT_EXPECT_FALSE(test, is_at_dispatch());
	wdmdma_wdf_device_power_down(f->device);
}

static BOOLEAN never_called(WDFINTERRUPT self, WDFCONTEXT context)
{
	*(bool *)context = true;
	return TRUE;
}

/* A service routine has the interrupt's lock, and asks for it again in each way. */
static BOOLEAN isr_that_locks(WDFINTERRUPT self, ULONG message)
{
	bool called = false;

	WdfInterruptAcquireLock(self);
	atomic_add(WdfInterruptSynchronize(self, never_called, &called) || called, &isr_calls);
	wdmdma_wdf_interrupt(self, 0);
	/* The lock is the framework's, and must not be released. */
	WdfInterruptReleaseLock(self);
	atomic_inc(&isr_calls);
	return WdfInterruptQueueDpcForIsr(self);
}

static VOID dpc_that_keeps_the_lock(WDFINTERRUPT self, WDFOBJECT device)
{
	WdfInterruptAcquireLock(self);
	atomic_inc(&dpc_calls);
}

static void lock_of_an_interrupt_is_not_lost(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_INTERRUPT_CONFIG config;
	WDFINTERRUPT self;
	int n;

	atomic_set(&dpc_calls, 0);
	atomic_set(&isr_calls, 0);
	WDF_INTERRUPT_CONFIG_INIT(&config, isr_that_locks, dpc_that_keeps_the_lock);
	KUNIT_ASSERT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &self), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, wdmdma_wdf_interrupt(self, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&isr_calls), 1);
	for (n = 0; n < 500 && !atomic_read(&dpc_calls); n++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, atomic_read(&dpc_calls), 1);
	/* The lock of the DPC was released, so these do not wait for ever. */
	WdfInterruptAcquireLock(self);
	WdfInterruptReleaseLock(self);
	KUNIT_EXPECT_FALSE(test, is_at_dispatch());
	wdmdma_wdf_device_power_down(f->device);
}

static void wrong_interrupts_are_refused(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_INTERRUPT_CONFIG config;
	WDFINTERRUPT self;

	WDF_INTERRUPT_CONFIG_INIT(&config, NULL, count_dpc);
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &self),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, self);
	WDF_INTERRUPT_CONFIG_INIT(&config, count_isr, count_dpc);
	config.EvtInterruptWorkItem = count_dpc;
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &self),
			STATUS_INVALID_PARAMETER);
	WDF_INTERRUPT_CONFIG_INIT(&config, count_isr, count_dpc);
	config.WaitLock = (void *)0x10;
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &self),
			STATUS_INVALID_PARAMETER);
	config.WaitLock = NULL;
	config.PassiveHandling = TRUE;
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &self),
			STATUS_INVALID_PARAMETER);
	config.Size = 0x30;
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &self),
			STATUS_INFO_LENGTH_MISMATCH);
	/* The configuration of an older KMDF ends before that member. */
	config.Size = 0x38;
	KUNIT_EXPECT_EQ(test, WdfInterruptCreate(f->device, &config, NULL, &self),
			STATUS_SUCCESS);
}

static void collection_keeps_order_and_references(struct kunit *test)
{
	WDFCOLLECTION collection;
	WDFMEMORY item[3];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, WdfCollectionCreate(NULL, &collection), STATUS_SUCCESS);
	KUNIT_EXPECT_NULL(test, WdfCollectionGetFirstItem(collection));
	KUNIT_EXPECT_NULL(test, WdfCollectionGetLastItem(collection));
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, WdfMemoryCreate(NULL, 0, 0, 8, &item[i], NULL),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, WdfCollectionAdd(collection, item[i]), STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, WdfCollectionGetCount(collection), 3U);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ(test, WdfCollectionGetItem(collection, i), (void *)item[i]);
	KUNIT_EXPECT_NULL(test, WdfCollectionGetItem(collection, 3));
	KUNIT_EXPECT_NULL(test, WdfCollectionGetItem(collection, U32_MAX));
	KUNIT_EXPECT_PTR_EQ(test, WdfCollectionGetLastItem(collection), (void *)item[2]);
	WdfObjectDelete(item[1]);
	KUNIT_EXPECT_NOT_NULL(test, WdfMemoryGetBuffer(item[1], NULL));
	WdfCollectionRemove(collection, item[1]);
	KUNIT_EXPECT_NULL(test, WdfMemoryGetBuffer(item[1], NULL));
	WdfCollectionRemove(collection, item[1]);
	WdfCollectionRemoveItem(collection, 5);
	WdfCollectionRemoveItem(collection, 0);
	KUNIT_EXPECT_EQ(test, WdfCollectionGetCount(collection), 1U);
	KUNIT_EXPECT_PTR_EQ(test, WdfCollectionGetFirstItem(collection), (void *)item[2]);
	KUNIT_EXPECT_EQ(test, WdfCollectionAdd(collection, NULL), STATUS_INVALID_HANDLE);
	WdfObjectDelete(collection);
	KUNIT_EXPECT_EQ(test, WdfCollectionGetCount(collection), 0U);
	KUNIT_EXPECT_NOT_NULL(test, WdfMemoryGetBuffer(item[2], NULL));
}

static void memory_is_aligned_and_copied(struct kunit *test)
{
	size_t sizes[] = { 1, 16, 100, 3000, SZ_4K, 5000, SZ_64K };
	u8 bytes[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, back[8] = {};
	WDFMEMORY memory;
	unsigned int i;
	size_t size;
	PVOID buffer;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, WdfMemoryCreate(NULL, 0, 0, sizes[i], &memory, &buffer),
				STATUS_SUCCESS);
		KUNIT_EXPECT_PTR_EQ(test, WdfMemoryGetBuffer(memory, &size), buffer);
		KUNIT_EXPECT_EQ(test, size, sizes[i]);
		KUNIT_EXPECT_EQ(test, (unsigned long)buffer % 16, 0UL);
		if (sizes[i] >= SZ_4K)
			KUNIT_EXPECT_EQ(test, (unsigned long)buffer % SZ_4K, 0UL);
		memset(buffer, 0, sizes[i]);
		WdfObjectDelete(memory);
	}
	KUNIT_EXPECT_EQ(test, WdfMemoryCreate(NULL, 0, 0, 0, &memory, &buffer),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfMemoryCreate(NULL, 0, 0, SIZE_MAX, &memory, &buffer),
			STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_NULL(test, memory);
	KUNIT_ASSERT_EQ(test, WdfMemoryCreatePreallocated(NULL, back, 8, &memory), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, WdfMemoryGetBuffer(memory, NULL), (void *)back);
	KUNIT_EXPECT_EQ(test, WdfMemoryCopyFromBuffer(memory, 4, bytes, 4), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, back[4], 1);
	KUNIT_EXPECT_EQ(test, WdfMemoryCopyFromBuffer(memory, 4, bytes, 5),
			STATUS_INVALID_BUFFER_SIZE);
	KUNIT_EXPECT_EQ(test, WdfMemoryCopyFromBuffer(memory, 9, bytes, 1),
			STATUS_INVALID_BUFFER_SIZE);
	KUNIT_EXPECT_EQ(test, WdfMemoryCopyFromBuffer(memory, 0, bytes, 0),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfMemoryCopyToBuffer(memory, 4, bytes, 4), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, WdfMemoryCopyToBuffer(memory, SIZE_MAX, bytes, 2),
			STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_EQ(test, WdfMemoryCopyToBuffer(memory, 0, NULL, 2), STATUS_INVALID_PARAMETER);
	WdfObjectDelete(memory);
}

static struct kunit_case wdf_sync_cases[] = {
	KUNIT_CASE(spin_lock_restores_the_level),
	KUNIT_CASE(objects_are_made_and_deleted_under_a_spin_lock),
	KUNIT_CASE(wait_lock_knows_timeouts),
	KUNIT_CASE(interrupt_calls_isr_and_dpc),
	KUNIT_CASE(interrupt_lock_keeps_the_isr_away),
	KUNIT_CASE(lock_of_an_interrupt_is_not_lost),
	KUNIT_CASE(wrong_interrupts_are_refused),
	KUNIT_CASE(collection_keeps_order_and_references),
	KUNIT_CASE(memory_is_aligned_and_copied),
	{}
};

static struct kunit_suite wdf_sync_suite = {
	.name = "wdmdma_wdf_sync",
	.init = wdf_test_init,
	.test_cases = wdf_sync_cases,
};

kunit_test_suite(wdf_sync_suite);
