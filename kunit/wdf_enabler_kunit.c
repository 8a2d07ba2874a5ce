// SPDX-License-Identifier: GPL-2.0-only
/* Enablers, and entering and leaving D0 (wdf/enabler.c, wdf/power.c). */
#include <linux/sizes.h>
#include <linux/string.h>

#include "helpers.h"
#include "wdf.h"

static const struct profile_row {
	const char *name;
	WDF_DMA_PROFILE profile;
	ULONG version, width;
	bool lists, duplex;
	u64 last;
} profile_rows[] = {
	{ "packet", WdfDmaProfilePacket, 0, 0, false, false, U32_MAX },
	{ "lists", WdfDmaProfileScatterGather, 0, 0, true, false, U32_MAX },
	{ "packet64", WdfDmaProfilePacket64, 0, 0, false, false, U64_MAX },
	{ "lists64", WdfDmaProfileScatterGather64, 0, 0, true, false, U64_MAX },
	{ "duplex", WdfDmaProfileScatterGatherDuplex, 0, 0, true, true, U32_MAX },
	{ "duplex64", WdfDmaProfileScatterGather64Duplex, 0, 0, true, true, U64_MAX },
	{ "lists, version 3", WdfDmaProfileScatterGather, 3, 0, true, false, U32_MAX },
	{ "lists64, version 3", WdfDmaProfileScatterGather64, 3, 0, true, false, U64_MAX },
	{ "lists64, 36 bits", WdfDmaProfileScatterGather64, 0, 36, true, false, (1ULL << 36) - 1 },
	{ "lists, 24 bits", WdfDmaProfileScatterGather, 0, 24, true, false, SZ_16M - 1 },
};

KUNIT_ARRAY_PARAM_DESC(profile, profile_rows, name);

static void profile_decides_the_adapters(struct kunit *test)
{
	const struct profile_row *row = test->param_value;
	bool third = row->version == 3 || row->width || IS_ENABLED(CONFIG_ARM64);
	struct wdf_fixture *f = test->priv;
	PDMA_ADAPTER read, write;
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler;
	WDFCOMMONBUFFER buffer;
	u64 la;

	wdmdma_test_needs_memory_within(test, row->width ?: 32);
	WDF_DMA_ENABLER_CONFIG_INIT(&config, row->profile, SZ_64K);
	config.WdmDmaVersionOverride = row->version;
	config.AddressWidthOverride = row->width;
	KUNIT_ASSERT_EQ(test, WdfDmaEnablerCreate(f->device, &config, NULL, &enabler),
			STATUS_SUCCESS);
	read = WdfDmaEnablerWdmGetDmaAdapter(enabler, WdfDmaDirectionReadFromDevice);
	write = WdfDmaEnablerWdmGetDmaAdapter(enabler, WdfDmaDirectionWriteToDevice);
	KUNIT_ASSERT_NOT_NULL(test, read);
	KUNIT_ASSERT_NOT_NULL(test, write);
	KUNIT_EXPECT_EQ(test, read != write, row->duplex);
	KUNIT_EXPECT_EQ(test, read->DmaOperations->Size == sizeof(DMA_OPERATIONS), third);
	KUNIT_EXPECT_EQ(test, wdmdma_test_core(read)->scatter_gather, row->lists);
	KUNIT_ASSERT_EQ(test, WdfCommonBufferCreate(enabler, SZ_8K, NULL, &buffer),
			STATUS_SUCCESS);
	la = WdfCommonBufferGetAlignedLogicalAddress(buffer).QuadPart;
	KUNIT_EXPECT_LE(test, la + SZ_8K - 1, row->last);
}

static const struct refuse_row {
	const char *name;
	ULONG size;
	int profile;
	size_t maximum;
	ULONG version, width, flags;
	NTSTATUS status;
} refuse_rows[] = {
	{ "size", 0x40, 4, SZ_4K, 0, 0, 0, STATUS_INFO_LENGTH_MISMATCH },
	{ "profile 0", 0x50, 0, SZ_4K, 0, 0, 0, STATUS_INVALID_PARAMETER },
	{ "profile 9", 0x50, 9, SZ_4K, 0, 0, 0, STATUS_INVALID_PARAMETER },
	{ "profile -1", 0x50, -1, SZ_4K, 0, 0, 0, STATUS_INVALID_PARAMETER },
	{ "length 0", 0x50, 4, 0, 0, 0, 0, STATUS_INVALID_PARAMETER },
	{ "version 1", 0x50, 4, SZ_4K, 1, 0, 0, STATUS_INVALID_PARAMETER },
	{ "version 2 with a width", 0x50, 4, SZ_4K, 2, 36, 0, STATUS_INVALID_PARAMETER },
	{ "version 2 for a system profile", 0x50, 7, SZ_4K, 2, 0, 0, STATUS_INVALID_PARAMETER },
	{ "width for a system profile", 0x50, 7, SZ_4K, 0, 24, 0, STATUS_INVALID_PARAMETER },
	{ "36 bits with 32", 0x50, 2, SZ_4K, 0, 36, 0, STATUS_INVALID_PARAMETER },
	{ "65 bits", 0x50, 4, SZ_4K, 0, 65, 0, STATUS_UNSUCCESSFUL },
	{ "version 4", 0x50, 4, SZ_4K, 4, 0, 0, STATUS_UNSUCCESSFUL },
	{ "single with version 2", 0x50, 4, SZ_4K, 2, 0, 2, STATUS_INVALID_PARAMETER },
	{ "single with version 3", 0x50, 4, SZ_4K, 3, 0, 2, STATUS_SUCCESS },
	{ "no preallocation", 0x50, 4, SZ_4K, 0, 0, 1, STATUS_SUCCESS },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_rows, name);

static void wrong_configurations_are_refused(struct kunit *test)
{
	const struct refuse_row *row = test->param_value;
	struct wdf_fixture *f = test->priv;
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler = (void *)1;

	WDF_DMA_ENABLER_CONFIG_INIT(&config, row->profile, row->maximum);
	config.Size = row->size;
	config.WdmDmaVersionOverride = row->version;
	config.AddressWidthOverride = row->width;
	config.Flags = row->flags;
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, &config, NULL, &enabler),
			row->status);
	KUNIT_EXPECT_EQ(test, !enabler, !!row->status);
}

static void lengths_are_what_was_granted(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, 8192, 0);
	WDFDMAENABLER huge;

	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetMaximumLength(enabler), 8192UL);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetFragmentLength(enabler, 0), 8192UL);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetFragmentLength(enabler, 1), 8192UL);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetFragmentLength(enabler, 2), 0UL);
	KUNIT_EXPECT_NULL(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 2));
	huge = wdf_test_enabler(test, WdfDmaProfileScatterGather64, 1ULL << 32, 0);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetMaximumLength(huge), (size_t)U32_MAX);
	KUNIT_EXPECT_LE(test, WdfDmaEnablerGetFragmentLength(huge, 0), (size_t)U32_MAX);
}

static void element_limit_is_kept(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);

	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetMaximumScatterGatherElements(enabler),
			(size_t)WDF_DMA_ENABLER_UNLIMITED_FRAGMENTS);
	WdfDmaEnablerSetMaximumScatterGatherElements(enabler, 8);
	WdfDmaEnablerSetMaximumScatterGatherElements(enabler, 0);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetMaximumScatterGatherElements(enabler), 8UL);
	WdfDmaEnablerSetMaximumScatterGatherElements(enabler, 1ULL << 40);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetMaximumScatterGatherElements(enabler),
			(size_t)U32_MAX);
}

/*
 * A chain whose first MDL has @first bytes from the start of a page, and whose second has @second
 * bytes from @at. @fits says whether no transfer touches two pages.
 */
static const struct limit_row {
	const char *name;
	size_t maximum, start, first, at, second;
	bool fits;
} limit_rows[] = {
	{ "bytes", 1, 0, SZ_64K, 0, 0, true },
	{ "pairs", 2, 0, SZ_64K, 0, 0, true },
	{ "pairs that cross", 2, 1, SZ_64K, 0, 0, false },
	{ "threes", 3, 0, SZ_64K, 0, 0, false },
	{ "pages", SZ_4K, 0, SZ_64K, 0, 0, true },
	{ "pages less one byte", SZ_4K - 1, 0, SZ_64K, 0, 0, false },
	{ "pairs that meet at the end", 2, 0, SZ_64K - 1, 0, 1, false },
	{ "a second MDL like the first", 2, 0, SZ_64K, 0, SZ_64K, true },
	{ "a second MDL that crosses", 2, 0, SZ_64K, 1, SZ_8K, false },
};

KUNIT_ARRAY_PARAM_DESC(limit, limit_rows, name);

/* No transfer may be left out, however many there are. */
static void element_limit_holds_to_the_last_byte(struct kunit *test)
{
	const struct limit_row *row = test->param_value;
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 16);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, row->first);
	PMDL next = wdmdma_test_mdl(test, memory->va + row->at, max_t(size_t, row->second, 1));
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, row->maximum,
						 0);
	WDFDMATRANSACTION t = wdf_test_transaction(test, enabler);

	if (row->second)
		mdl->Next = next;
	WdfDmaEnablerSetMaximumScatterGatherElements(enabler, 1);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionInitializeUsingOffset(t, wdf_test_program,
								     WdfDmaDirectionWriteToDevice,
								     mdl, row->start,
								     row->first + row->second -
								     row->start),
			row->fits ? STATUS_SUCCESS : STATUS_WDF_TOO_FRAGMENTED);
	WdfDmaTransactionRelease(t);
	mdl->Next = NULL;
}

/* The lists of the biggest drivers would take 600 MiB if each transaction had one. */
static void long_transfers_cost_no_memory_in_advance(struct kunit *test)
{
	size_t lengths[] = { SZ_256M - 1, SZ_1G };
	WDFDMATRANSACTION transaction;
	WDFDMAENABLER enabler;
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64Duplex, lengths[i], 0);
		for (n = 0; n < 100; n++)
			KUNIT_EXPECT_EQ(test, WdfDmaTransactionCreate(enabler, NULL, &transaction),
					STATUS_SUCCESS);
	}
}

/* What the power callbacks log, and which one fails. */
static char power_log[64];
static const char *power_fails;

static NTSTATUS power_step(char step)
{
	size_t at = strlen(power_log);

	if (at < sizeof(power_log) - 1)
		power_log[at] = step;
	return strchr(power_fails, step) ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}

static NTSTATUS power_fill(WDFDMAENABLER enabler)
{
	return power_step('F');
}

static NTSTATUS power_enable(WDFDMAENABLER enabler)
{
	return power_step('E');
}

static NTSTATUS power_start(WDFDMAENABLER enabler)
{
	return power_step('S');
}

static NTSTATUS power_stop(WDFDMAENABLER enabler)
{
	return power_step('s');
}

static NTSTATUS power_disable(WDFDMAENABLER enabler)
{
	return power_step('d');
}

static NTSTATUS power_flush(WDFDMAENABLER enabler)
{
	return power_step('f');
}

static WDFDMAENABLER power_enabler(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler;

	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64, SZ_4K);
	config.EvtDmaEnablerFill = power_fill;
	config.EvtDmaEnablerEnable = power_enable;
	config.EvtDmaEnablerSelfManagedIoStart = power_start;
	config.EvtDmaEnablerSelfManagedIoStop = power_stop;
	config.EvtDmaEnablerDisable = power_disable;
	config.EvtDmaEnablerFlush = power_flush;
	KUNIT_ASSERT_EQ(test, WdfDmaEnablerCreate(f->device, &config, NULL, &enabler),
			STATUS_SUCCESS);
	return enabler;
}

static const struct power_row {
	const char *name, *fails, *up, *down;
} power_rows[] = {
	{ "nothing", "", "FESFES", "sdfsdf" },
	{ "fill", "F", "F", "ssdf" },
	{ "enable", "E", "FE", "sdsdf" },
	{ "start", "S", "FES", "sdfsdf" },
	{ "stop", "s", "FESFES", "sdfsdf" },
	{ "disable", "d", "FESFES", "sdfsdf" },
	{ "flush", "f", "FESFES", "sdfsdf" },
};

KUNIT_ARRAY_PARAM_DESC(power, power_rows, name);

static void power_callbacks_are_called_in_order(struct kunit *test)
{
	const struct power_row *row = test->param_value;
	bool fails_up = strpbrk(row->fails, "FES"), fails_down = strpbrk(row->fails, "sdf");
	struct wdf_fixture *f = test->priv;

	power_enabler(test);
	power_enabler(test);
	memset(power_log, 0, sizeof(power_log));
	power_fails = row->fails;
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device),
			fails_up ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS);
	KUNIT_EXPECT_STREQ(test, power_log, row->up);
	memset(power_log, 0, sizeof(power_log));
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device),
			fails_down ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS);
	KUNIT_EXPECT_STREQ(test, power_log, row->down);
	/* A failure is forgotten with the next power-up. */
	power_fails = "";
	memset(power_log, 0, sizeof(power_log));
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_up(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_wdf_device_power_down(f->device), STATUS_SUCCESS);
	KUNIT_EXPECT_STREQ(test, power_log, "FESFESsdfsdf");
}

static PVOID cleanup_memory;

static VOID use_adapter(WDFOBJECT object)
{
	PDMA_ADAPTER adapter = WdfDmaEnablerWdmGetDmaAdapter(object, 0);
	PHYSICAL_ADDRESS la;

	cleanup_memory = adapter->DmaOperations->AllocateCommonBuffer(adapter, SZ_4K, &la, TRUE);
	if (cleanup_memory)
		adapter->DmaOperations->FreeCommonBuffer(adapter, SZ_4K, la, cleanup_memory, TRUE);
}

static void adapter_lives_in_the_cleanup_callback(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.EvtCleanupCallback = use_adapter;
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64, SZ_4K);
	KUNIT_ASSERT_EQ(test, WdfDmaEnablerCreate(f->device, &config, &attributes, &enabler),
			STATUS_SUCCESS);
	WdfObjectReference(enabler);
	cleanup_memory = NULL;
	WdfObjectDelete(enabler);
	KUNIT_EXPECT_NOT_NULL(test, cleanup_memory);
	KUNIT_EXPECT_NULL(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 0));
	WdfObjectDereference(enabler);
}

static void deletion_of_the_device_takes_all(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64Duplex, SZ_64K,
						 0);
	PDMA_ADAPTER adapter = WdfDmaEnablerWdmGetDmaAdapter(enabler, 0);
	WDFDMATRANSACTION transaction = wdf_test_transaction(test, enabler);
	struct wdf_fixture *f = test->priv;
	WDFCOMMONBUFFER buffer;

	KUNIT_ASSERT_EQ(test, WdfCommonBufferCreate(enabler, SZ_8K, NULL, &buffer),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(adapter), 1UL);
	wdmdma_wdf_device_delete(f->device);
	KUNIT_EXPECT_NULL(test, wdmdma_adapter_find(adapter));
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetMaximumLength(enabler), 0UL);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferGetLength(buffer), 0UL);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionRelease(transaction), STATUS_INVALID_HANDLE);
	f->device = NULL;
}

static void creation_needs_passive_level(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler;

	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64, SZ_4K);
	local_bh_disable();
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, &config, NULL, &enabler),
			STATUS_INVALID_DEVICE_REQUEST);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, enabler);
}

static void system_profile_has_no_adapter_at_first(struct kunit *test)
{
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileSystem, SZ_4K, 0);
	WDFDMAENABLER master = wdf_test_enabler(test, WdfDmaProfilePacket, SZ_4K, 0);
	WDF_DMA_SYSTEM_PROFILE_CONFIG config;
	PHYSICAL_ADDRESS none = {};
	u32 resource[5] = {};

	KUNIT_EXPECT_NULL(test, WdfDmaEnablerWdmGetDmaAdapter(enabler, 0));
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerGetMaximumLength(enabler), 0UL);
	WDF_DMA_SYSTEM_PROFILE_CONFIG_INIT(&config, none, Width8Bits, (void *)resource);
	KUNIT_EXPECT_EQ(test, config.Size, 0x20U);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerConfigureSystemProfile(master, &config, 0),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerConfigureSystemProfile(enabler, NULL, 0),
			STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerConfigureSystemProfile(enabler, &config, 2),
			STATUS_INVALID_PARAMETER);
	config.Size = 8;
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerConfigureSystemProfile(enabler, &config, 0),
			STATUS_INFO_LENGTH_MISMATCH);
	config.Size = sizeof(config);
	config.DmaDescriptor = NULL;
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerConfigureSystemProfile(enabler, &config, 0),
			STATUS_INVALID_PARAMETER);
	/* There is no channel 9. */
	resource[1] = 9;
	config.DmaDescriptor = (void *)resource;
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerConfigureSystemProfile(enabler, &config, 0),
			STATUS_UNSUCCESSFUL);
}

static void create_enabler(struct kunit *test)
{
	struct wdf_fixture *f = test->priv;
	WDF_DMA_ENABLER_CONFIG config;
	WDFDMAENABLER enabler = (void *)1;
	WDFCOMMONBUFFER buffer = (void *)1;
	NTSTATUS status;

	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather64Duplex, SZ_4K);
	status = WdfDmaEnablerCreate(f->device, &config, NULL, &enabler);
	if (status) {
		KUNIT_EXPECT_NULL(test, enabler);
		return;
	}
	status = WdfCommonBufferCreate(enabler, SZ_8K, NULL, &buffer);
	KUNIT_EXPECT_EQ(test, !status, !!buffer);
	if (status)
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
	WdfObjectDelete(enabler);
}

static void creation_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, create_enabler);
	create_enabler(test);
}

static struct kunit_case wdf_enabler_cases[] = {
	KUNIT_CASE_PARAM(profile_decides_the_adapters, profile_gen_params),
	KUNIT_CASE_PARAM(wrong_configurations_are_refused, refuse_gen_params),
	KUNIT_CASE(lengths_are_what_was_granted),
	KUNIT_CASE(element_limit_is_kept),
	KUNIT_CASE_PARAM(element_limit_holds_to_the_last_byte, limit_gen_params),
	KUNIT_CASE(long_transfers_cost_no_memory_in_advance),
	KUNIT_CASE_PARAM(power_callbacks_are_called_in_order, power_gen_params),
	KUNIT_CASE(adapter_lives_in_the_cleanup_callback),
	KUNIT_CASE(deletion_of_the_device_takes_all),
	KUNIT_CASE(creation_needs_passive_level),
	KUNIT_CASE(system_profile_has_no_adapter_at_first),
	KUNIT_CASE(creation_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdf_enabler_suite = {
	.name = "wdmdma_wdf_enabler",
	.init = wdf_test_init,
	.test_cases = wdf_enabler_cases,
};

kunit_test_suite(wdf_enabler_suite);
