// SPDX-License-Identifier: GPL-2.0-only
/* See helpers.h. */
#include <kunit/device.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_ARM64
#include <asm/barrier.h>
#include <asm/sysreg.h>
#endif

#include "backend/translation.h"
#include "compat.h"
#include "core/adapter.h"
#include "core/recycle.h"
#include "helpers.h"
#include "objects.h"
#include "storport/stor.h"

/* More failure points than any call has. A sweep that reaches the limit would not end. */
#define SWEEP_LIMIT	2000

/*
 * Register a fake device with masks of 32 bits. The device is cache coherent. A real
 * device without a firmware description may not be, and the live suites test such
 * devices.
 */
struct device *wdmdma_test_register(struct kunit *test, const char *name)
{
	struct device *dev = kunit_device_register(test, name);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
#ifdef CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE
	dev->dma_coherent = true;
#endif
	return dev;
}

/*
 * Register a fake device with 64-bit masks. The device is unregistered, and so unbound,
 * when the test ends.
 */
struct device *wdmdma_test_device(struct kunit *test)
{
	static atomic_t devices;
	struct device *dev;
	char name[32];

	snprintf(name, sizeof(name), "wdmdma-%d", atomic_inc_return(&devices));
	dev = wdmdma_test_register(test, name);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	return dev;
}

/* Return a valid description of a bus master. @width is used only by version 3. */
DEVICE_DESCRIPTION wdmdma_test_description(ULONG version, ULONG width)
{
	DEVICE_DESCRIPTION description = {
		.Version = version,
		.Master = TRUE,
		.ScatterGather = TRUE,
		.Dma64BitAddresses = TRUE,
		.InterfaceType = InterfaceTypeUndefined,
		.MaximumLength = 0x10000,
		.DmaAddressWidth = width,
	};

	return description;
}

static void fixture_put(void *data)
{
	struct wdmdma_fixture *fixture = data;

	if (fixture->adapter)
		fixture->ops->PutDmaAdapter(fixture->adapter);
	wdmdma_device_object_put(fixture->pdo);
}

/*
 * Get a device object and an adapter with @width address bits for @dev. Both are put
 * when the test ends.
 */
struct wdmdma_fixture *wdmdma_test_fixture_on(struct kunit *test, struct device *dev, ULONG width)
{
	DEVICE_DESCRIPTION description =
		wdmdma_test_description(DEVICE_DESCRIPTION_VERSION3, width);
	struct wdmdma_fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	ULONG registers;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->dev = dev;
	fixture->pdo = wdmdma_device_object_get(fixture->dev);
	KUNIT_ASSERT_NOT_NULL(test, fixture->pdo);
	fixture->adapter = IoGetDmaAdapter(fixture->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, fixture->adapter);
	fixture->ops = fixture->adapter->DmaOperations;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, fixture_put, fixture), 0);
	return fixture;
}

struct wdmdma_fixture *wdmdma_test_fixture(struct kunit *test)
{
	return wdmdma_test_fixture_on(test, wdmdma_test_device(test), 64);
}

/* A kunit_suite.init that leaves a fixture in test->priv. */
int wdmdma_test_fixture_init(struct kunit *test)
{
	test->priv = wdmdma_test_fixture(test);
	return 0;
}

void *wdmdma_test_alloc(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS *la)
{
	return fixture->ops->AllocateCommonBuffer(fixture->adapter, length, la, FALSE);
}

void *wdmdma_test_alloc_below(struct wdmdma_fixture *fixture, u64 maximum, ULONG length,
			      PHYSICAL_ADDRESS *la, BOOLEAN cached)
{
	PHYSICAL_ADDRESS limit = { .QuadPart = maximum };

	return fixture->ops->AllocateCommonBufferEx(fixture->adapter, &limit, length, la, cached,
						    MM_ANY_NODE_OK);
}

void *wdmdma_test_alloc_between(struct wdmdma_fixture *fixture, u64 first, u64 last, ULONG length,
				ULONG flags, PHYSICAL_ADDRESS *la)
{
	PHYSICAL_ADDRESS minimum = { .QuadPart = first }, maximum = { .QuadPart = last };

	return fixture->ops->AllocateCommonBufferWithBounds(fixture->adapter, &minimum, &maximum,
							    length, flags, NULL, MM_ANY_NODE_OK,
							    la);
}

/* Free a common buffer of any kind. */
void wdmdma_test_free(struct wdmdma_fixture *fixture, ULONG length, PHYSICAL_ADDRESS la, void *va)
{
	fixture->ops->FreeCommonBuffer(fixture->adapter, length, la, va, FALSE);
}

/* Return a vector with elements of one page, or NULL if the allocation failed. */
PDMA_COMMON_BUFFER_VECTOR wdmdma_test_vector(struct wdmdma_fixture *fixture, u64 maximum,
					     MEMORY_CACHING_TYPE cache, int node, ULONG count)
{
	PHYSICAL_ADDRESS low = {}, high = { .QuadPart = maximum };
	PDMA_COMMON_BUFFER_VECTOR vector;

	fixture->ops->AllocateCommonBufferVector(fixture->adapter, low, high, cache, node, 0, count,
						 PAGE_SIZE, &vector);
	return vector;
}

phys_addr_t wdmdma_test_physical(void *va)
{
	return is_vmalloc_addr(va) ? page_to_phys(vmalloc_to_page(va)) + offset_in_page(va)
				   : virt_to_phys(va);
}

static void miniport_destroy(void *data)
{
	struct wdmdma_miniport *miniport = data;

	wdmdma_hw_device_extension_destroy(miniport->extension);
}

/* Create a device extension of 1000 bytes for @dev, and destroy it when the test ends. */
struct wdmdma_miniport *wdmdma_test_miniport_on(struct kunit *test, struct device *dev)
{
	struct wdmdma_miniport *miniport = kunit_kzalloc(test, sizeof(*miniport), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, miniport);
	miniport->dev = dev;
	miniport->extension = wdmdma_hw_device_extension_create(dev, 1000);
	KUNIT_ASSERT_NOT_NULL(test, miniport->extension);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, miniport_destroy, miniport), 0);
	return miniport;
}

/* A kunit_suite.init that leaves a miniport in test->priv. */
int wdmdma_test_miniport_init(struct kunit *test)
{
	test->priv = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	return 0;
}

/* Return the adapter that belongs to a device extension. */
PDMA_ADAPTER wdmdma_test_miniport_adapter(const struct wdmdma_miniport *miniport)
{
	return container_of(miniport->extension, struct wdm_stor, extension)->dma_adapter;
}

/* Return the device extension of the miniport in test->priv. */
PVOID wdmdma_test_extension(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;

	return miniport->extension;
}

/*
 * Get another adapter for the device of the fixture in test->priv. The case must put the
 * adapter.
 */
PDMA_ADAPTER wdmdma_test_second_adapter(struct kunit *test, ULONG width)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, width);
	struct wdmdma_fixture *fixture = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	adapter = IoGetDmaAdapter(fixture->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	return adapter;
}

/* Get another adapter for the fixture's device, with 16 pages and so 17 map registers. */
PDMA_ADAPTER wdmdma_test_get_adapter(struct kunit *test, ULONG version, ULONG width)
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

/* Allocate @n common buffers, which are freed with the adapter. */
void wdmdma_test_alloc_some(struct kunit *test, PDMA_ADAPTER adapter, unsigned int n)
{
	const DMA_OPERATIONS *ops = adapter->DmaOperations;
	PHYSICAL_ADDRESS la;

	while (n--)
		KUNIT_ASSERT_NOT_NULL(test, ops->AllocateCommonBuffer(adapter, 0x3000, &la, TRUE));
}

/* Expect that the call returns no adapter and no map registers. */
void wdmdma_test_expect_no_adapter(struct kunit *test, PDEVICE_OBJECT pdo,
				   PDEVICE_DESCRIPTION description)
{
	ULONG registers = 0xdeadbeef;

	KUNIT_EXPECT_NULL(test, IoGetDmaAdapter(pdo, description, &registers));
	KUNIT_EXPECT_EQ(test, registers, 0U);
}

/*
 * Return the number of an adapter's buffers. Buffers that are being freed or recycled do
 * not count.
 */
unsigned long wdmdma_test_live_of(struct wdmdma_adapter *adapter)
{
	struct wdmdma_buffer *buffer;
	unsigned long live = 0;

	spin_lock(&adapter->buffers.lock);
	list_for_each_entry(buffer, &adapter->buffers.records, node)
		live += !buffer->block && !READ_ONCE(buffer->freeing);
	spin_unlock(&adapter->buffers.lock);
	return live;
}

/*
 * Return the number of live buffers after deferred frees have finished. A buffer whose free was
 * deferred and did not happen counts as live.
 */
unsigned long wdmdma_test_live_buffers(PDMA_ADAPTER dma_adapter)
{
	struct wdmdma_adapter *adapter = wdmdma_adapter_find(dma_adapter);
	struct wdmdma_buffer *buffer;
	unsigned long live;

	if (!adapter)
		return 0;
	flush_work(&adapter->drain);
	live = wdmdma_test_live_of(adapter);
	llist_for_each_entry(buffer, READ_ONCE(adapter->deferred.first), deferred)
		live++;
	wdmdma_adapter_put(adapter);
	return live;
}

/* Return the number of live buffers of the fixture in test->priv. */
unsigned long wdmdma_test_live(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;

	return wdmdma_test_live_buffers(fixture->adapter);
}

/* Return the number of live buffers of the miniport in test->priv. */
unsigned long wdmdma_test_miniport_live(struct kunit *test)
{
	return wdmdma_test_live_buffers(wdmdma_test_miniport_adapter(test->priv));
}

/* Return true if map registers are allocated. */
bool wdmdma_test_has_registers(PDMA_ADAPTER dma_adapter)
{
	return !list_empty(&wdmdma_test_core(dma_adapter)->transfers.registers);
}

/*
 * Return true if the machine has memory in this range. Some machines have no low memory.
 * Holes within a node are ignored.
 */
bool wdmdma_test_has_memory(u64 first, u64 last)
{
	int node;

	for_each_online_node(node)
		if (PFN_PHYS(node_start_pfn(node)) <= last && PFN_PHYS(node_end_pfn(node)) > first)
			return true;
	return false;
}

/*
 * Return the size of the free block that begins at this page, in pages. Return 0 if the page
 * is in use, or if only movable memory may use it.
 */
static unsigned long free_from(unsigned long pfn)
{
	struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

	if (!page || !PageBuddy(page) || is_zone_movable_page(page))
		return 0;
	return 1UL << page_private(page);
}

/*
 * Return true if there are @size contiguous free bytes from @first to @last, both
 * inclusive, that begin at a multiple of @align. If so, an allocation must not fail.
 * Free pages on the lists of a CPU are not counted.
 */
bool wdmdma_test_has_free(u64 first, u64 last, size_t size, size_t align)
{
	unsigned long pfn, end = 0, start = 0, step, align_pages = align >> PAGE_SHIFT;
	struct zone *zone = NULL;
	int node;

	for_each_online_node(node)
		end = max(end, node_end_pfn(node));
	if (last < PFN_PHYS(end) - 1)
		end = PHYS_PFN(last + 1);
	for (pfn = PHYS_PFN(ALIGN(first, PAGE_SIZE)); pfn < end; pfn += step ?: 1) {
		step = free_from(pfn);
		if (!step || page_zone(pfn_to_page(pfn)) != zone) {
			zone = step ? page_zone(pfn_to_page(pfn)) : NULL;
			start = ALIGN(pfn, align_pages);
		}
		if (zone && min(pfn + step, end) >= start + PHYS_PFN(size))
			return true;
	}
	return false;
}

/*
 * Return true if an allocation of @size bytes from @first to @last must not fail, because
 * memory is free there. A block must be aligned to its size. Without huge pages a pageblock
 * is as large as the largest block, and alloc_contig_range() takes nothing from a pageblock
 * that has reserved pages.
 */
bool wdmdma_test_must_have(u64 first, u64 last, size_t size)
{
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		size = max_t(size_t, size, pageblock_nr_pages << PAGE_SHIFT);
	return wdmdma_test_has_free(first, last, size, roundup_pow_of_two(size));
}

/*
 * Return true if a device must get @size bytes with logical addresses from @first to @last.
 * Behind an IOMMU the kernel knows no lower bound for them.
 */
bool wdmdma_test_must_reach(struct device *dev, u64 first, u64 last, size_t size)
{
	last = min(last, dev->coherent_dma_mask);
	if (last < first || last - first < size - 1)
		return false;
	if (wdmdma_iommu_translates(dev))
		return !first;
	return wdmdma_test_must_have(first, last, size);
}

/* Skip the case if all memory of the machine lies beyond @width address bits. */
void wdmdma_test_needs_memory_within(struct kunit *test, ULONG width)
{
	if (!wdmdma_test_has_memory(0, DMA_BIT_MASK(width)))
		kunit_skip(test, "the machine has no memory within %u address bits", width);
}

/* Skip the case unless the machine has several nodes whose memory ranges do not overlap. */
void wdmdma_test_needs_nodes(struct kunit *test)
{
	int node, other;

	if (num_node_state(N_MEMORY) < 2)
		kunit_skip(test, "the machine has one node");
	for_each_node_state(node, N_MEMORY)
		for_each_node_state(other, N_MEMORY)
			if (node != other && node_start_pfn(node) < node_end_pfn(other) &&
			    node_start_pfn(other) < node_end_pfn(node))
				kunit_skip(test, "the memory of nodes lies mixed");
}

/* Return true if this range has logical addresses for the device, and memory for them. */
bool wdmdma_test_has_room(struct device *dev, u64 first, u64 last)
{
	return wdmdma_iommu_translates(dev) || wdmdma_test_has_memory(first, last);
}

/* Return true if there is memory that both the device and the CPU access uncached. */
bool wdmdma_test_can_uncache(struct device *dev)
{
	return WDMDMA_CAN_UNCACHE || !dev_is_dma_coherent(dev);
}

/* Return @wanted, or MmCached if the device can have no uncached memory. */
MEMORY_CACHING_TYPE wdmdma_test_uncached(struct device *dev, MEMORY_CACHING_TYPE wanted)
{
	return wdmdma_test_can_uncache(dev) ? wanted : MmCached;
}

/* Return the cache type that a device's memory has if the driver asks for none. */
MEMORY_CACHING_TYPE wdmdma_test_cache(struct device *dev)
{
	return dev_is_dma_coherent(dev) ? MmCached : MmNonCached;
}

/*
 * Expect that uncached @memory was refused if no memory can be uncached, and allocated
 * otherwise. Return true if it must be refused.
 */
bool wdmdma_test_refuses_uncached(struct kunit *test, const void *memory)
{
	if (WDMDMA_CAN_UNCACHE)
		KUNIT_ASSERT_NOT_NULL(test, memory);
	else
		KUNIT_EXPECT_NULL(test, memory);
	return !WDMDMA_CAN_UNCACHE;
}

#ifdef CONFIG_X86
static bool pte_has(const void *va, pteval_t flags)
{
	unsigned int level;
	pte_t *pte = lookup_address((unsigned long)va, &level);

	return pte && pte_flags(*pte) & flags;
}

/* Return true if the CPU bypasses its caches at this address. */
bool wdmdma_test_is_uncached(const void *va)
{
	return pte_has(va, _PAGE_PCD | _PAGE_PWT);
}

bool wdmdma_test_is_writable(const void *va)
{
	return pte_has(va, _PAGE_RW);
}
#else
/*
 * Return PAR_EL1 after the translation of a read or a write. Arm's manual describes the
 * register.
 */
static u64 mmu_answer(const void *va, bool write)
{
	unsigned long flags;
	u64 answer;

	local_irq_save(flags);
	if (write)
		asm volatile("at s1e1w, %0" : : "r" (va));
	else
		asm volatile("at s1e1r, %0" : : "r" (va));
	isb();
	answer = read_sysreg_par();
	local_irq_restore(flags);
	return answer;
}

bool wdmdma_test_is_uncached(const void *va)
{
	u64 answer = mmu_answer(va, false);

	return !(answer & SYS_PAR_EL1_F) && answer >> 56 != 0xff;	/* not write-back */
}

bool wdmdma_test_is_writable(const void *va)
{
	return !(mmu_answer(va, true) & SYS_PAR_EL1_F);
}
#endif

bool wdmdma_test_is_zero(const void *memory, size_t size)
{
	return !memchr_inv(memory, 0, size);
}

/*
 * Make the call with its first allocation failing, then its second, and so on, until the
 * call makes fewer allocations. The call must check that it either failed cleanly or
 * succeeded, and must undo a success. The number of failure points depends on the
 * kernel, and a fallback absorbs some failures. Recycled buffers are freed before each
 * round, because they would need no allocation.
 */
void wdmdma_test_sweep(struct kunit *test, void (*call)(struct kunit *test))
{
#ifdef CONFIG_FAULT_INJECTION
	unsigned int nth, left;

	for (nth = 1; nth < SWEEP_LIMIT; nth++) {
		wdmdma_recycle_shrink(ULONG_MAX);
		current->fail_nth = nth;
		call(test);
		left = current->fail_nth;
		current->fail_nth = 0;
		if (left) {
			KUNIT_EXPECT_GT_MSG(test, nth, 1, "no failure point was met");
			return;
		}
	}
	KUNIT_FAIL(test, "the sweep does not end");
#else
	kunit_skip(test, "the kernel has no fault injection");
#endif
}

/*
 * Return true if the device is behind virtio's IOMMU, which takes map requests and has
 * no page table.
 */
bool wdmdma_test_iommu_is_virtio(struct device *dev)
{
	struct device *iommu = dev->iommu ? dev->iommu->iommu_dev->dev->parent : NULL;

	return iommu && strstarts(dev_name(iommu), "virtio");
}

/*
 * Return true if the IOMMU can forbid reading. The kernel's drivers for Intel's and
 * Arm's IOMMUs always let a device read what it may write.
 */
bool wdmdma_test_iommu_forbids_reading(struct device *dev)
{
	return wdmdma_test_iommu_is_virtio(dev) ||
	       (dev->iommu && strstarts(dev_name(dev->iommu->iommu_dev->dev), "ivhd"));
}

/*
 * Sweep a call that frees buffers of @dev behind an IOMMU, or changes the domain of
 * @dev. The driver of virtio's IOMMU allocates memory for both. If an allocation fails
 * there, the driver either does not unmap, so that the kernel warns, or miscounts the
 * devices of the domain that was left, so that the domain maps nothing any more.
 */
void wdmdma_test_sweep_on(struct kunit *test, struct device *dev, void (*call)(struct kunit *test))
{
	if (wdmdma_test_iommu_is_virtio(dev))
		kunit_skip(test, "the IOMMU's driver cannot unmap or attach without memory");
	wdmdma_test_sweep(test, call);
}
