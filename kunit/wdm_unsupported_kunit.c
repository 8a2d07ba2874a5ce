// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm_unsupported.c: the slots that are not there yet can be called, refuse with
 * the documented failure, clear their outputs and call no routine of the driver.
 *
 * One function per slot makes the call, with what struct args holds: something
 * sane, or NULL wherever a pointer goes.
 */
#include <linux/mm.h>

#include "helpers.h"

#include <wdmdma/mdl.h>

#define GARBAGE		0xdeadbeefU

/* What the calls pass, and what they leave. Each output has a pointer that may be NULL. */
struct args {
	const DMA_OPERATIONS *ops;
	PDMA_ADAPTER adapter;
	PDEVICE_OBJECT pdo;
	PMDL mdl;
	PVOID va;
	PVOID context;
	PHYSICAL_ADDRESS *limit;
	MEMORY_CACHING_TYPE *cache;
	PDRIVER_CONTROL control;
	PDRIVER_LIST_CONTROL list_control;
	PDMA_COMPLETION_ROUTINE completion;
	PSCATTER_GATHER_LIST list;
	PDMA_COMMON_BUFFER_EXTENDED_CONFIGURATION configuration;

	PULONG length_out, size_out;
	PHYSICAL_ADDRESS *la_out;
	PVOID *pointer_out;
};

/* What stands behind the pointers. */
struct sane {
	MDL mdl;
	PFN_NUMBER pfn[2];	/* of the MDL */
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION configuration;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1];
	u8 memory[256];
	PHYSICAL_ADDRESS limit;
	MEMORY_CACHING_TYPE cache;
	ULONG length, size;
	PHYSICAL_ADDRESS la;
	PVOID pointer;
	SCATTER_GATHER_LIST list;
};

static bool routine_was_called;

static IO_ALLOCATION_ACTION control_routine(PDEVICE_OBJECT device_object, PIRP irp,
					    PVOID map_register_base, PVOID context)
{
	routine_was_called = true;
	return DeallocateObject;
}

static VOID list_routine(PDEVICE_OBJECT device_object, PIRP irp,
			 PSCATTER_GATHER_LIST scatter_gather, PVOID context)
{
	routine_was_called = true;
}

static VOID completion_routine(PDMA_ADAPTER adapter, PDEVICE_OBJECT device_object,
			       PVOID completion_context, DMA_COMPLETION_STATUS status)
{
	routine_was_called = true;
}

/* The calls. */

#define expect_unsupported(test, call) \
	KUNIT_EXPECT_EQ(test, (ULONG)(call), (ULONG)STATUS_NOT_SUPPORTED)

static void allocate_adapter_channel(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->AllocateAdapterChannel(a->adapter, a->pdo, 2, a->control,
								a->context));
}

static void flush_adapter_buffers(struct kunit *test, struct args *a)
{
	KUNIT_EXPECT_EQ(test, a->ops->FlushAdapterBuffers(a->adapter, a->mdl, a->context, a->va,
							  256, TRUE), FALSE);
}

static void free_adapter_channel(struct kunit *test, struct args *a)
{
	a->ops->FreeAdapterChannel(a->adapter);
}

static void free_map_registers(struct kunit *test, struct args *a)
{
	a->ops->FreeMapRegisters(a->adapter, a->context, 2);
}

static void map_transfer(struct kunit *test, struct args *a)
{
	PHYSICAL_ADDRESS la = a->ops->MapTransfer(a->adapter, a->mdl, a->context, a->va,
						  a->length_out, TRUE);

	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
}

static void read_dma_counter(struct kunit *test, struct args *a)
{
	KUNIT_EXPECT_EQ(test, a->ops->ReadDmaCounter(a->adapter), 0U);
}

static void get_scatter_gather_list(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->GetScatterGatherList(a->adapter, a->pdo, a->mdl, a->va,
							      256, a->list_control, a->context,
							      TRUE));
}

static void put_scatter_gather_list(struct kunit *test, struct args *a)
{
	a->ops->PutScatterGatherList(a->adapter, a->list, TRUE);
}

/* Peer defect 28: the count is optional. */
static void calculate_scatter_gather_list(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->CalculateScatterGatherList(a->adapter, a->mdl, a->va, 256,
								    a->size_out, a->length_out));
}

static void build_scatter_gather_list(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->BuildScatterGatherList(a->adapter, a->pdo, a->mdl, a->va,
								256, a->list_control, a->context,
								TRUE, a->list, 64));
}

static void build_mdl_from_scatter_gather_list(struct kunit *test, struct args *a)
{
	expect_unsupported(test,
			   a->ops->BuildMdlFromScatterGatherList(a->adapter, a->list, a->mdl,
								 (PMDL *)a->pointer_out));
}

static void get_dma_adapter_info(struct kunit *test, struct args *a)
{
	DMA_ADAPTER_INFO info = { .Version = DMA_ADAPTER_INFO_VERSION1 };

	expect_unsupported(test, a->ops->GetDmaAdapterInfo(a->adapter, a->mdl ? &info : NULL));
}

static void get_dma_transfer_info(struct kunit *test, struct args *a)
{
	DMA_TRANSFER_INFO info = { .Version = DMA_TRANSFER_INFO_VERSION2 };

	expect_unsupported(test, a->ops->GetDmaTransferInfo(a->adapter, a->mdl, 0, 256, TRUE,
							    a->mdl ? &info : NULL));
}

static void initialize_dma_transfer_context(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->InitializeDmaTransferContext(a->adapter, a->context));
}

static void allocate_adapter_channel_ex(struct kunit *test, struct args *a)
{
	expect_unsupported(test,
			   a->ops->AllocateAdapterChannelEx(a->adapter, a->pdo, a->context, 2,
							    DMA_SYNCHRONOUS_CALLBACK, a->control,
							    a->context, a->pointer_out));
}

static void configure_adapter_channel(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->ConfigureAdapterChannel(a->adapter, 1, a->context));
}

static void cancel_adapter_channel(struct kunit *test, struct args *a)
{
	KUNIT_EXPECT_EQ(test, a->ops->CancelAdapterChannel(a->adapter, a->pdo, a->context), FALSE);
}

static void map_transfer_ex(struct kunit *test, struct args *a)
{
	expect_unsupported(test,
			   a->ops->MapTransferEx(a->adapter, a->mdl, a->context, 0, 0,
						 a->length_out, TRUE, a->list, 64, a->completion,
						 a->context));
}

static void get_scatter_gather_list_ex(struct kunit *test, struct args *a)
{
	expect_unsupported(test,
			   a->ops->GetScatterGatherListEx(a->adapter, a->pdo, a->context, a->mdl,
							  0, 256, DMA_SYNCHRONOUS_CALLBACK,
							  a->list_control, a->context, TRUE,
							  a->completion, a->context,
							  (PSCATTER_GATHER_LIST *)a->pointer_out));
}

/* The last argument is an output too, whatever its type says. */
static void build_scatter_gather_list_ex(struct kunit *test, struct args *a)
{
	expect_unsupported(test,
			   a->ops->BuildScatterGatherListEx(a->adapter, a->pdo, a->context, a->mdl,
							    0, 256, DMA_SYNCHRONOUS_CALLBACK,
							    a->list_control, a->context, TRUE,
							    a->list, 64, a->completion,
							    a->context, a->pointer_out));
}

static void flush_adapter_buffers_ex(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->FlushAdapterBuffersEx(a->adapter, a->mdl, a->context, 0,
							       256, TRUE));
}

static void free_adapter_object(struct kunit *test, struct args *a)
{
	a->ops->FreeAdapterObject(a->adapter, DeallocateObject);
}

static void cancel_mapped_transfer(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->CancelMappedTransfer(a->adapter, a->context));
}

static void allocate_domain_common_buffer(struct kunit *test, struct args *a)
{
	expect_unsupported(test,
			   a->ops->AllocateDomainCommonBuffer(a->adapter, a->context, a->limit, 256,
							      0, a->cache, MM_ANY_NODE_OK,
							      a->la_out, a->pointer_out));
}

static void flush_dma_buffer(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->FlushDmaBuffer(a->adapter, a->mdl, TRUE));
}

static void join_dma_domain(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->JoinDmaDomain(a->adapter, a->context));
}

static void leave_dma_domain(struct kunit *test, struct args *a)
{
	expect_unsupported(test, a->ops->LeaveDmaDomain(a->adapter));
}

static void get_dma_domain(struct kunit *test, struct args *a)
{
	KUNIT_EXPECT_NULL(test, a->ops->GetDmaDomain(a->adapter));
}

/* Which outputs a slot has. */
enum { LENGTH = 1, SIZE = 2, LA = 4, POINTER = 8 };

static const struct slot_row {
	const char *name;
	void (*call)(struct kunit *test, struct args *a);
	unsigned int outputs;
} slot_rows[] = {
	{ "AllocateAdapterChannel", allocate_adapter_channel },
	{ "FlushAdapterBuffers", flush_adapter_buffers },
	{ "FreeAdapterChannel", free_adapter_channel },
	{ "FreeMapRegisters", free_map_registers },
	{ "MapTransfer", map_transfer, LENGTH },
	{ "ReadDmaCounter", read_dma_counter },
	{ "GetScatterGatherList", get_scatter_gather_list },
	{ "PutScatterGatherList", put_scatter_gather_list },
	{ "CalculateScatterGatherList", calculate_scatter_gather_list, LENGTH | SIZE },
	{ "BuildScatterGatherList", build_scatter_gather_list },
	{ "BuildMdlFromScatterGatherList", build_mdl_from_scatter_gather_list, POINTER },
	{ "GetDmaAdapterInfo", get_dma_adapter_info },
	{ "GetDmaTransferInfo", get_dma_transfer_info },
	{ "InitializeDmaTransferContext", initialize_dma_transfer_context },
	{ "AllocateAdapterChannelEx", allocate_adapter_channel_ex, POINTER },
	{ "ConfigureAdapterChannel", configure_adapter_channel },
	{ "CancelAdapterChannel", cancel_adapter_channel },
	{ "MapTransferEx", map_transfer_ex, LENGTH },
	{ "GetScatterGatherListEx", get_scatter_gather_list_ex, POINTER },
	{ "BuildScatterGatherListEx", build_scatter_gather_list_ex, POINTER },
	{ "FlushAdapterBuffersEx", flush_adapter_buffers_ex },
	{ "FreeAdapterObject", free_adapter_object },
	{ "CancelMappedTransfer", cancel_mapped_transfer },
	{ "AllocateDomainCommonBuffer", allocate_domain_common_buffer, LA | POINTER },
	{ "FlushDmaBuffer", flush_dma_buffer },
	{ "JoinDmaDomain", join_dma_domain },
	{ "LeaveDmaDomain", leave_dma_domain },
	{ "GetDmaDomain", get_dma_domain },
};

KUNIT_ARRAY_PARAM_DESC(slot, slot_rows, name);

static struct args sane_args(struct kunit *test, struct sane *sane)
{
	struct wdmdma_fixture *f = test->priv;
	struct args a = {
		.ops = f->ops,
		.adapter = f->adapter,
		.pdo = f->pdo,
		.mdl = &sane->mdl,
		.va = sane->memory,
		.context = sane->context,
		.limit = &sane->limit,
		.cache = &sane->cache,
		.control = control_routine,
		.list_control = list_routine,
		.completion = completion_routine,
		.list = &sane->list,
		.configuration = &sane->configuration,
		.length_out = &sane->length,
		.size_out = &sane->size,
		.la_out = &sane->la,
		.pointer_out = &sane->pointer,
	};

	sane->mdl.StartVa = (PVOID)((ULONG_PTR)sane->memory & PAGE_MASK);
	sane->mdl.ByteOffset = offset_in_page(sane->memory);
	sane->mdl.ByteCount = sizeof(sane->memory);
	sane->limit.QuadPart = -1;
	sane->cache = MmCached;
	sane->length = GARBAGE;
	sane->size = GARBAGE;
	sane->la.QuadPart = GARBAGE;
	sane->pointer = sane;
	return a;
}

/* An output is cleared, and what is none of this slot's is left alone. */
static void slot_refuses_and_clears_outputs(struct kunit *test)
{
	const struct slot_row *row = test->param_value;
	struct sane *sane = kunit_kzalloc(test, sizeof(*sane), GFP_KERNEL);
	struct wdmdma_fixture *f = test->priv;
	struct args a;

	KUNIT_ASSERT_NOT_NULL(test, sane);
	a = sane_args(test, sane);
	routine_was_called = false;
	row->call(test, &a);

	KUNIT_EXPECT_EQ(test, sane->length, row->outputs & LENGTH ? 0 : GARBAGE);
	KUNIT_EXPECT_EQ(test, sane->size, row->outputs & SIZE ? 0 : GARBAGE);
	KUNIT_EXPECT_EQ(test, sane->la.QuadPart, row->outputs & LA ? 0LL : GARBAGE);
	KUNIT_EXPECT_PTR_EQ(test, sane->pointer, row->outputs & POINTER ? NULL : (PVOID)sane);
	KUNIT_EXPECT_FALSE(test, routine_was_called);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(f->adapter), 0UL);
}

static void slot_refuses_null_arguments(struct kunit *test)
{
	const struct slot_row *row = test->param_value;
	struct wdmdma_fixture *f = test->priv;
	struct args a = { .ops = f->ops };

	row->call(test, &a);
	a.adapter = f->adapter;
	row->call(test, &a);
}

/* Most of them are made for DISPATCH_LEVEL. */
static void slot_refuses_at_dispatch_level(struct kunit *test)
{
	const struct slot_row *row = test->param_value;
	struct sane *sane = kunit_kzalloc(test, sizeof(*sane), GFP_KERNEL);
	struct args a;

	KUNIT_ASSERT_NOT_NULL(test, sane);
	a = sane_args(test, sane);
	local_bh_disable();
	row->call(test, &a);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, sane->length, row->outputs & LENGTH ? 0 : GARBAGE);
}

static struct kunit_case wdm_unsupported_cases[] = {
	KUNIT_CASE_PARAM(slot_refuses_and_clears_outputs, slot_gen_params),
	KUNIT_CASE_PARAM(slot_refuses_null_arguments, slot_gen_params),
	KUNIT_CASE_PARAM(slot_refuses_at_dispatch_level, slot_gen_params),
	{}
};

static struct kunit_suite wdm_unsupported_suite = {
	.name = "wdmdma_wdm_unsupported",
	.init = wdmdma_test_fixture_init,
	.test_cases = wdm_unsupported_cases,
};

kunit_test_suite(wdm_unsupported_suite);
