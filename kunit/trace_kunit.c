// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints (core/trace.h). Each case attaches probes, makes the calls of a driver, and
 * looks at what the probes got. Only events of the case's own adapters count.
 */
#include <linux/sizes.h>
#include <linux/tracepoint.h>

#include "core/channel.h"
#include "core/recycle.h"
#include "core/trace.h"
#include "domains.h"
#include "helpers.h"
#include "lookup.h"
#include "memory.h"
#include "recycle.h"
#include "sgl.h"

#define WAIT	(10 * HZ)

/* Events that the probes of a case have counted. */
struct seen {
	const struct device *dev;
	unsigned int gets, puts, allocs[WDMDMA_KIND_DOMAIN + 1], frees[WDMDMA_KIND_DOMAIN + 1];
	unsigned int recycled, hits, misses, maps, unmaps, copies[2], waits, grants;
	unsigned int joins, leaves, refusals, memory_allocs, memory_frees;
	u64 bytes, waited_us;
	enum wdmdma_copy copy;
	const char *call, *reason, *what;
	char message[128];
};

static bool is_ours(const struct seen *seen, const struct wdmdma_device *device)
{
	return device->dev == seen->dev;
}

static void saw_adapter_get(void *data, const struct wdmdma_adapter *adapter)
{
	struct seen *seen = data;

	seen->gets += is_ours(seen, adapter->device);
}

static void saw_adapter_put(void *data, const struct wdmdma_adapter *adapter)
{
	struct seen *seen = data;

	seen->puts += is_ours(seen, adapter->device);
}

static void saw_alloc(void *data, const struct wdmdma_adapter *adapter,
		      const struct wdmdma_buffer *buffer, bool recycled)
{
	struct seen *seen = data;

	if (!is_ours(seen, adapter->device))
		return;
	seen->allocs[wdmdma_buffer_kind(buffer)]++;
	seen->recycled += recycled;
	seen->bytes += buffer->len;
}

static void saw_free(void *data, const struct wdmdma_adapter *adapter,
		     const struct wdmdma_buffer *buffer)
{
	struct seen *seen = data;

	if (!is_ours(seen, adapter->device))
		return;
	seen->frees[wdmdma_buffer_kind(buffer)]++;
	seen->bytes -= buffer->len;
}

static void saw_hit(void *data, const struct wdmdma_adapter *adapter,
		    const struct wdmdma_buffer *buffer)
{
	struct seen *seen = data;

	seen->hits += is_ours(seen, adapter->device);
}

static void saw_miss(void *data, const struct wdmdma_adapter *adapter,
		     const struct wdmdma_request *request)
{
	struct seen *seen = data;

	seen->misses += is_ours(seen, adapter->device);
}

static void saw_map(void *data, const struct wdmdma_transfer *transfer, bool bounced)
{
	struct seen *seen = data;

	if (!is_ours(seen, transfer->adapter->device))
		return;
	seen->maps++;
	seen->bytes += transfer->len;
	seen->call = transfer->call;
	seen->copy = wdmdma_transfer_copy(transfer, bounced);
}

static void saw_unmap(void *data, const struct wdmdma_transfer *transfer)
{
	struct seen *seen = data;

	if (!is_ours(seen, transfer->adapter->device))
		return;
	seen->unmaps++;
	seen->bytes -= transfer->len;
}

static void saw_bounce(void *data, const struct wdmdma_transfer *transfer, bool to_copy,
		       const char *reason)
{
	struct seen *seen = data;

	if (!is_ours(seen, transfer->adapter->device))
		return;
	seen->copies[to_copy]++;
	seen->reason = reason;
}

static void saw_wait(void *data, const struct wdmdma_waiter *waiter)
{
	struct seen *seen = data;

	if (!is_ours(seen, waiter->adapter->device))
		return;
	seen->waits++;
	seen->what = waiter->what;
	seen->reason = waiter->reason;
}

static void saw_grant(void *data, const struct wdmdma_waiter *waiter)
{
	struct seen *seen = data;

	if (!is_ours(seen, waiter->adapter->device))
		return;
	seen->grants++;
	seen->waited_us = waiter->waited_us;
}

static void saw_join(void *data, const struct wdmdma_device *device)
{
	struct seen *seen = data;

	seen->joins += is_ours(seen, device);
}

static void saw_leave(void *data, const struct wdmdma_device *device)
{
	struct seen *seen = data;

	seen->leaves += is_ours(seen, device);
}

static void saw_refusal(void *data, const struct wdmdma_device *device, const char *call,
			const char *reason, struct va_format *message)
{
	struct seen *seen = data;

	if (!is_ours(seen, device))
		return;
	seen->refusals++;
	seen->call = call;
	seen->reason = reason;
	snprintf(seen->message, sizeof(seen->message), "%pV", message);
}

static void saw_memory_alloc(void *data, const char *call, const struct wdmdma_pages *pages)
{
	struct seen *seen = data;

	seen->memory_allocs++;
	seen->call = call;
}

static void saw_memory_free(void *data, const char *call, const struct wdmdma_pages *pages)
{
	struct seen *seen = data;

	seen->memory_frees++;
}

/* Attach all probes. Return 0, or another number if one of them failed. */
static int attach(struct seen *seen)
{
	int failed = 0;

	failed |= register_trace_wdmdma_adapter_get(saw_adapter_get, seen);
	failed |= register_trace_wdmdma_adapter_put(saw_adapter_put, seen);
	failed |= register_trace_wdmdma_alloc(saw_alloc, seen);
	failed |= register_trace_wdmdma_free(saw_free, seen);
	failed |= register_trace_wdmdma_recycle_hit(saw_hit, seen);
	failed |= register_trace_wdmdma_recycle_miss(saw_miss, seen);
	failed |= register_trace_wdmdma_map(saw_map, seen);
	failed |= register_trace_wdmdma_unmap(saw_unmap, seen);
	failed |= register_trace_wdmdma_bounce(saw_bounce, seen);
	failed |= register_trace_wdmdma_wait(saw_wait, seen);
	failed |= register_trace_wdmdma_grant(saw_grant, seen);
	failed |= register_trace_wdmdma_join(saw_join, seen);
	failed |= register_trace_wdmdma_leave(saw_leave, seen);
	failed |= register_trace_wdmdma_refusal(saw_refusal, seen);
	failed |= register_trace_wdmdma_memory_alloc(saw_memory_alloc, seen);
	failed |= register_trace_wdmdma_memory_free(saw_memory_free, seen);
	return failed;
}

static void detach(void *seen)
{
	unregister_trace_wdmdma_adapter_get(saw_adapter_get, seen);
	unregister_trace_wdmdma_adapter_put(saw_adapter_put, seen);
	unregister_trace_wdmdma_alloc(saw_alloc, seen);
	unregister_trace_wdmdma_free(saw_free, seen);
	unregister_trace_wdmdma_recycle_hit(saw_hit, seen);
	unregister_trace_wdmdma_recycle_miss(saw_miss, seen);
	unregister_trace_wdmdma_map(saw_map, seen);
	unregister_trace_wdmdma_unmap(saw_unmap, seen);
	unregister_trace_wdmdma_bounce(saw_bounce, seen);
	unregister_trace_wdmdma_wait(saw_wait, seen);
	unregister_trace_wdmdma_grant(saw_grant, seen);
	unregister_trace_wdmdma_join(saw_join, seen);
	unregister_trace_wdmdma_leave(saw_leave, seen);
	unregister_trace_wdmdma_refusal(saw_refusal, seen);
	unregister_trace_wdmdma_memory_alloc(saw_memory_alloc, seen);
	unregister_trace_wdmdma_memory_free(saw_memory_free, seen);
	tracepoint_synchronize_unregister();
}

/* Attach all probes until the case ends. They note the events of one device. */
static struct seen *watch(struct kunit *test, const struct device *dev)
{
	struct seen *seen = kunit_kzalloc(test, sizeof(*seen), GFP_KERNEL);
	int failed;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	seen->dev = dev;
	failed = attach(seen);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, detach, seen), 0);
	KUNIT_ASSERT_EQ(test, failed, 0);
	return seen;
}

static struct seen *watch_fixture(struct kunit *test)
{
	const struct wdmdma_fixture *f = test->priv;

	return watch(test, f->dev);
}

static void adapter_is_traced(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;

	wdmdma_test_second_adapter(test, 64);
	KUNIT_EXPECT_EQ(test, seen->gets, 1U);
	KUNIT_EXPECT_EQ(test, seen->puts, 0U);
	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	KUNIT_EXPECT_EQ(test, seen->puts, 1U);
}

static void common_buffer_is_traced(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	PHYSICAL_ADDRESS la;
	void *va = wdmdma_test_alloc(test->priv, 3 * SZ_4K, &la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, seen->allocs[WDMDMA_KIND_COMMON], 1U);
	KUNIT_EXPECT_EQ(test, seen->bytes, (u64)3 * SZ_4K);
	wdmdma_test_free(test->priv, 3 * SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, seen->frees[WDMDMA_KIND_COMMON], 1U);
	KUNIT_EXPECT_EQ(test, seen->bytes, (u64)0);
	KUNIT_EXPECT_EQ(test, seen->recycled, 0U);
}

/* The bytes that a driver holds are those of all allocations, less those of all frees. */
static void recycled_buffer_is_traced(struct kunit *test)
{
	static const ULONG lengths[] = { SZ_4K, SZ_16K };
	struct seen *seen;
	unsigned int i;

	recycle_init(test);
	seen = watch_fixture(test);
	if (!recycle_keeps(test))
		return;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		PHYSICAL_ADDRESS la;
		void *va;

		recycle_alloc_and_free(test, test->priv, lengths[i], &la);
		KUNIT_EXPECT_EQ(test, seen->misses, i + 1);
		KUNIT_EXPECT_EQ(test, seen->hits, i);
		va = recycle_alloc(test, lengths[i], &la);
		KUNIT_EXPECT_EQ(test, seen->hits, i + 1);
		KUNIT_EXPECT_EQ(test, seen->recycled, i + 1);
		KUNIT_EXPECT_EQ(test, seen->bytes, (u64)lengths[i]);
		recycle_release(test, lengths[i], la, va);
		KUNIT_EXPECT_EQ(test, seen->allocs[WDMDMA_KIND_COMMON], 2 * (i + 1));
		KUNIT_EXPECT_EQ(test, seen->frees[WDMDMA_KIND_COMMON], 2 * (i + 1));
		KUNIT_EXPECT_EQ(test, seen->bytes, (u64)0);
	}
}

static void vector_is_traced_by_blocks(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;

	vector = wdmdma_test_vector(f, U64_MAX, wdmdma_test_cache(f->dev), 0, 4);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	KUNIT_EXPECT_GE(test, seen->allocs[WDMDMA_KIND_BLOCK], 1U);
	f->ops->FreeCommonBufferVector(f->adapter, vector);
	KUNIT_EXPECT_EQ(test, seen->frees[WDMDMA_KIND_BLOCK], seen->allocs[WDMDMA_KIND_BLOCK]);
	KUNIT_EXPECT_EQ(test, seen->bytes, (u64)0);
}

static void imported_buffer_is_traced(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	struct lookup_buffer buffer = lookup_import(test, SZ_4K, MmCached);

	KUNIT_ASSERT_NOT_NULL(test, buffer.va);
	KUNIT_EXPECT_EQ(test, seen->allocs[WDMDMA_KIND_IMPORTED], 1U);
	lookup_release(test, buffer);
	KUNIT_EXPECT_EQ(test, seen->frees[WDMDMA_KIND_IMPORTED], 1U);
}

/* A buffer that the driver did not free is freed by the put, and the trace says so. */
static void leaked_buffer_is_traced(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(f, SZ_4K, &la));
	f->ops->PutDmaAdapter(f->adapter);
	f->adapter = NULL;
	KUNIT_EXPECT_EQ(test, seen->frees[WDMDMA_KIND_COMMON], 1U);
}

static void contiguous_memory_is_traced(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	void *va = MmAllocateContiguousMemory(SZ_4K, wdmdma_test_pa(U64_MAX));

	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, seen->memory_allocs, 1U);
	KUNIT_EXPECT_STREQ(test, seen->call, "MmAllocateContiguousMemory");
	MmFreeContiguousMemory(va);
	KUNIT_EXPECT_EQ(test, seen->memory_frees, 1U);
}

static void list_is_traced(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;
	PSCATTER_GATHER_LIST list = wdmdma_test_list(test, f->adapter, mdl, TRUE);

	KUNIT_EXPECT_EQ(test, seen->maps, 1U);
	KUNIT_EXPECT_EQ(test, seen->bytes, (u64)SZ_8K);
	KUNIT_EXPECT_STREQ(test, seen->call, "GetScatterGatherListEx");
	KUNIT_EXPECT_EQ(test, (int)seen->copy,
			wdmdma_test_copies_all(f->dev) ? WDMDMA_COPY_KERNEL : WDMDMA_COPY_NONE);
	KUNIT_EXPECT_EQ(test, seen->copies[true], 0U);
	sgl_put(f->adapter, list, TRUE);
	KUNIT_EXPECT_EQ(test, seen->unmaps, 1U);
	KUNIT_EXPECT_EQ(test, seen->bytes, (u64)0);
}

/* A list of an adapter that does not reach the memory is copied, in and back. */
static void copy_is_traced(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;
	bool by_kernel = wdmdma_test_copies_all(f->dev);
	PSCATTER_GATHER_LIST list = wdmdma_test_list(test, adapter, mdl, FALSE);

	KUNIT_EXPECT_EQ(test, (int)seen->copy, by_kernel ? WDMDMA_COPY_KERNEL : WDMDMA_COPY_MODULE);
	KUNIT_EXPECT_EQ(test, seen->copies[true], by_kernel ? 0U : 1U);
	KUNIT_EXPECT_EQ(test, seen->copies[false], 0U);
	sgl_put(adapter, list, FALSE);
	KUNIT_EXPECT_EQ(test, seen->copies[false], by_kernel ? 0U : 1U);
	if (!by_kernel)
		KUNIT_EXPECT_STREQ(test, seen->reason, "the device does not reach the memory");
}

static void waiting_list_is_traced(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_caught caught[2];
	unsigned int i;

	wdmdma_test_short(test, f->adapter);
	for (i = 0; i < ARRAY_SIZE(caught); i++) {
		wdmdma_test_catch_init(&caught[i]);
		KUNIT_ASSERT_EQ(test, sgl_get(f->adapter, mdl, 0, SZ_4K, TRUE, &caught[i]),
				STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, seen->waits, 2U);
	KUNIT_EXPECT_EQ(test, seen->grants, 0U);
	KUNIT_EXPECT_STREQ(test, seen->what, "list");
	KUNIT_EXPECT_STREQ(test, seen->reason, "it must wait behind other lists");
	wdmdma_test_plenty();
	for (i = 0; i < ARRAY_SIZE(caught); i++) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught[i].done, WAIT), 0UL);
		sgl_put(f->adapter, caught[i].list, TRUE);
	}
	KUNIT_EXPECT_EQ(test, seen->grants, 2U);
	KUNIT_EXPECT_GT(test, seen->waited_us, (u64)0);
	KUNIT_EXPECT_LT(test, seen->waited_us, (u64)60 * USEC_PER_SEC);
}

static IO_ALLOCATION_ACTION keep_channel(PDEVICE_OBJECT object, PIRP irp, PVOID base,
					 PVOID context)
{
	complete(context);
	return KeepObject;
}

static void channel_is_traced(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;
	struct completion done[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(done); i++) {
		init_completion(&done[i]);
		KUNIT_ASSERT_EQ(test,
				f->ops->AllocateAdapterChannel(f->adapter, NULL, 1, keep_channel,
							       &done[i]),
				STATUS_SUCCESS);
	}
	KUNIT_EXPECT_EQ(test, seen->grants, 1U);
	KUNIT_EXPECT_EQ(test, seen->waited_us, (u64)0);
	KUNIT_EXPECT_EQ(test, seen->waits, 1U);
	KUNIT_EXPECT_STREQ(test, seen->what, "channel");
	f->ops->FreeAdapterChannel(f->adapter);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&done[1], WAIT), 0UL);
	KUNIT_EXPECT_EQ(test, seen->grants, 2U);
	KUNIT_EXPECT_GT(test, seen->waited_us, (u64)0);
	f->ops->FreeAdapterChannel(f->adapter);
}

/* The message has the numbers, and the reason is the same text for all refusals of its kind. */
static void refusal_is_traced(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va = wdmdma_test_alloc(f, SZ_4K, &la);
	unsigned long before;

	KUNIT_ASSERT_NOT_NULL(test, va);
	before = wdmdma_test_core_of(f)->device->refusals.all;
	wdmdma_test_free(f, SZ_8K, la, va);
	KUNIT_EXPECT_EQ(test, seen->refusals, 1U);
	KUNIT_EXPECT_STREQ(test, seen->call, "FreeCommonBuffer");
	KUNIT_EXPECT_STREQ(test, seen->reason, "the length is not the one allocated");
	KUNIT_EXPECT_NOT_NULL(test, strstr(seen->message, "8192 bytes"));
	KUNIT_EXPECT_EQ(test, wdmdma_test_core_of(f)->device->refusals.all, before + 1);
	wdmdma_test_free(f, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, seen->refusals, 1U);
}

/* A log that is full must not hide a refusal from the counters and the trace. */
static void refusals_are_counted_beyond_the_log(struct kunit *test)
{
	struct seen *seen = watch_fixture(test);
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_refusals *refusals = &wdmdma_test_core_of(f)->device->refusals;
	PHYSICAL_ADDRESS none = {};
	unsigned int i;

	for (i = 0; i < 100; i++)
		wdmdma_test_free(f, SZ_4K, none, (void *)test);
	KUNIT_EXPECT_EQ(test, seen->refusals, 100U);
	KUNIT_EXPECT_EQ(test, refusals->nr, 1U);
	KUNIT_EXPECT_EQ(test, refusals->row[0].count, 100UL);
}

static void domain_is_traced(struct kunit *test)
{
	struct actors *actors;
	PHYSICAL_ADDRESS la;
	struct seen *seen;
	PVOID va;

	domain_init(test);
	actors = test->priv;
	seen = watch(test, actors->fixture[A]->dev);
	KUNIT_ASSERT_EQ(test, domain_join(actors->fixture[A], actors->home[B]), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->joins, 1U);
	KUNIT_ASSERT_EQ(test, domain_alloc(actors->fixture[A], actors->home[B], &la, &va),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->allocs[WDMDMA_KIND_DOMAIN], 1U);
	domain_free(actors->fixture[A], la, va);
	KUNIT_EXPECT_EQ(test, seen->frees[WDMDMA_KIND_DOMAIN], 1U);
	KUNIT_EXPECT_EQ(test, seen->leaves, 0U);
	KUNIT_ASSERT_EQ(test, domain_leave(actors->fixture[A]), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, seen->leaves, 1U);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(adapter_is_traced),
	KUNIT_CASE(common_buffer_is_traced),
	KUNIT_CASE(recycled_buffer_is_traced),
	KUNIT_CASE(vector_is_traced_by_blocks),
	KUNIT_CASE(imported_buffer_is_traced),
	KUNIT_CASE(leaked_buffer_is_traced),
	KUNIT_CASE(contiguous_memory_is_traced),
	KUNIT_CASE(list_is_traced),
	KUNIT_CASE(copy_is_traced),
	KUNIT_CASE(waiting_list_is_traced),
	KUNIT_CASE(channel_is_traced),
	KUNIT_CASE(refusal_is_traced),
	KUNIT_CASE(refusals_are_counted_beyond_the_log),
	KUNIT_CASE(domain_is_traced),
	{}
};

static struct kunit_suite trace_suite = {
	.name = "wdmdma_trace",
	.init = wdmdma_test_fixture_init,
	.exit = recycle_exit,
	.test_cases = trace_cases,
};

kunit_test_suite(trace_suite);
