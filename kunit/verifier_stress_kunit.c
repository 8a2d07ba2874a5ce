// SPDX-License-Identifier: GPL-2.0-only
/* Settings of the verifier that make life harder for a driver (core/verifier.c, core/fault.c). */
#include <linux/fault-inject.h>
#include <linux/sizes.h>

#include "core/fault.h"
#include "debug/verifier.h"
#include "memory.h"
#include "sgl.h"
#include "verifier.h"

static const char *const wrong_settings[] = {
	"bounce:log", "bounce=1", "registers", "registers=", "registers=1", "registers=few",
	"registers=2:log", "fail=1", "calls=2", "all=2",
};

static void wrong_setting_is_refused(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong_settings); i++)
		KUNIT_EXPECT_EQ_MSG(test, wdmdma_debug_verify(wrong_settings[i]), -EINVAL, "%s",
				    wrong_settings[i]);
}

/* Map a list for both directions, and return how many bytes the module copied. */
static u64 copied(struct kunit *test, BOOLEAN write)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 3);
	atomic64_t *count = &wdmdma_test_core_of(f)->transfers.copied;
	PMDL mdl = wdmdma_test_mdl(test, memory->va, 3 * SZ_4K);
	u64 before = atomic64_read(count);
	PSCATTER_GATHER_LIST list;

	memset(memory->va, 0x42, 3 * SZ_4K);
	list = sgl_get_now(test, f->adapter, mdl, 3 * SZ_4K, write);
	sgl_put(f->adapter, list, write);
	KUNIT_EXPECT_NULL(test, memchr_inv(memory->va, 0x42, 3 * SZ_4K));
	return atomic64_read(count) - before;
}

static void all_transfers_are_copied(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, copied(test, TRUE), 0ULL);
	verifier_on(test, "bounce");
	KUNIT_EXPECT_EQ(test, copied(test, TRUE), 3ULL * SZ_4K);
	verifier_on(test, "none");
	KUNIT_EXPECT_EQ(test, copied(test, TRUE), 0ULL);
}

static void few_map_registers_are_granted(struct kunit *test)
{
	DEVICE_DESCRIPTION description = wdmdma_test_description(3, 64);
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter;
	ULONG registers;

	verifier_on(test, "registers=3");
	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_EXPECT_EQ(test, registers, 3U);
	adapter->DmaOperations->PutDmaAdapter(adapter);
	verifier_on(test, "none");
	adapter = IoGetDmaAdapter(f->pdo, &description, &registers);
	KUNIT_ASSERT_NOT_NULL(test, adapter);
	KUNIT_EXPECT_GT(test, registers, 3U);
	adapter->DmaOperations->PutDmaAdapter(adapter);
}

#ifdef CONFIG_FAULT_INJECTION
/* Let one call of a kind fail, or none. */
static void let_fail(enum wdmdma_fault_kind kind, unsigned long probability)
{
	struct fault_attr *attr = wdmdma_fault_attr(kind);

	atomic_set(&attr->times, 1);
	attr->verbose = 0;
	attr->probability = probability;
}

static bool get_buffer(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va = wdmdma_test_alloc(f, SZ_4K, &la);

	if (va)
		wdmdma_test_free(f, SZ_4K, la, va);
	return va;
}

static bool get_vector(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector =
		wdmdma_test_vector(f, U64_MAX, wdmdma_test_cache(f->dev), 0, 2);

	if (vector)
		f->ops->FreeCommonBufferVector(f->adapter, vector);
	return vector;
}

static bool get_list(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_caught caught;
	NTSTATUS status;

	wdmdma_test_catch_init(&caught);
	status = sgl_get(f->adapter, mdl, 0, SZ_4K, TRUE, &caught);
	if (NT_SUCCESS(status))
		sgl_put(f->adapter, caught.list, TRUE);
	return NT_SUCCESS(status);
}

static bool get_channel(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	NTSTATUS status;
	PVOID base;

	f->ops->InitializeDmaTransferContext(f->adapter, context);
	status = f->ops->AllocateAdapterChannelEx(f->adapter, NULL, context, 1,
						  DMA_SYNCHRONOUS_CALLBACK, NULL, NULL, &base);
	if (NT_SUCCESS(status))
		f->ops->FreeAdapterChannel(f->adapter);
	return NT_SUCCESS(status);
}

static const struct fault_row {
	const char *name;
	enum wdmdma_fault_kind kind;
	bool (*get)(struct kunit *test);
} fault_rows[] = {
	{ "common buffer", WDMDMA_FAIL_BUFFER, get_buffer },
	{ "vector", WDMDMA_FAIL_VECTOR, get_vector },
	{ "list", WDMDMA_FAIL_TRANSFER, get_list },
	{ "channel", WDMDMA_FAIL_CHANNEL, get_channel },
};

KUNIT_ARRAY_PARAM_DESC(fault, fault_rows, name);

/* A call must fail once, on request, and on no device without the setting. */
static void call_fails_on_request(struct kunit *test)
{
	const struct fault_row *row = test->param_value;

	let_fail(row->kind, 100);
	KUNIT_EXPECT_TRUE(test, row->get(test));
	verifier_on(test, "fail");
	KUNIT_EXPECT_FALSE(test, row->get(test));
	KUNIT_EXPECT_TRUE(test, row->get(test));
	let_fail(row->kind, 0);
	KUNIT_EXPECT_TRUE(test, row->get(test));
}
#endif

static struct kunit_case verifier_stress_cases[] = {
	KUNIT_CASE(wrong_setting_is_refused),
	KUNIT_CASE(all_transfers_are_copied),
	KUNIT_CASE(few_map_registers_are_granted),
#ifdef CONFIG_FAULT_INJECTION
	KUNIT_CASE_PARAM(call_fails_on_request, fault_gen_params),
#endif
	{}
};

static struct kunit_suite verifier_stress_suite = {
	.name = "wdmdma_verifier_stress",
	.init = wdmdma_test_fixture_init,
	.test_cases = verifier_stress_cases,
};

kunit_test_suite(verifier_stress_suite);
