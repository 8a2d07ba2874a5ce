// SPDX-License-Identifier: GPL-2.0-only
/* The structures that a driver fills for the calls that create objects (wdf/object.c). */
#include <linux/sizes.h>
#include <linux/string.h>

#include <ddk/wdfinterrupt.h>
#include <ddk/wdfsync.h>

#include "wdf.h"

static void init_macros_set_size_and_defaults(struct kunit *test)
{
	WDF_COMMON_BUFFER_CONFIG buffer;
	WDF_OBJECT_ATTRIBUTES attributes;
	WDF_DMA_ENABLER_CONFIG config;
	WDF_INTERRUPT_CONFIG interrupt;

	memset(&attributes, 0xff, sizeof(attributes));
	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	KUNIT_EXPECT_EQ(test, attributes.Size, 0x38U);
	KUNIT_EXPECT_EQ(test, (int)attributes.ExecutionLevel, 1);
	KUNIT_EXPECT_EQ(test, (int)attributes.SynchronizationScope, 1);
	KUNIT_EXPECT_NULL(test, attributes.ParentObject);
	KUNIT_EXPECT_NULL(test, attributes.ContextTypeInfo);
	memset(&config, 0xff, sizeof(config));
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfilePacket, 5);
	KUNIT_EXPECT_EQ(test, config.Size, 0x50U);
	KUNIT_EXPECT_EQ(test, config.MaximumLength, 5UL);
	KUNIT_EXPECT_EQ(test, config.Flags, 0U);
	WDF_COMMON_BUFFER_CONFIG_INIT(&buffer, 0x3f);
	KUNIT_EXPECT_EQ(test, buffer.Size, 8U);
	WDF_INTERRUPT_CONFIG_INIT(&interrupt, NULL, NULL);
	KUNIT_EXPECT_EQ(test, interrupt.Size, 0x68U);
	KUNIT_EXPECT_EQ(test, (int)interrupt.ShareVector, 2);
	KUNIT_EXPECT_EQ(test, (int)interrupt.ReportInactiveOnPowerDown, 2);
}

static const WDF_OBJECT_CONTEXT_TYPE_INFO nameless = {
	.Size = sizeof(nameless),
	.ContextSize = 4,
};

static const WDF_OBJECT_CONTEXT_TYPE_INFO wrong_size = {
	.Size = 4,
	.ContextName = "wrong",
};

/* Changes to valid attributes, and what each create call returns for them. */
static const struct attribute_row {
	const char *name;
	ULONG size;
	int level, scope;
	PCWDF_OBJECT_CONTEXT_TYPE_INFO type;
	size_t override;
	NTSTATUS status;
} attribute_rows[] = {
	{ "good", 0x38, 1, 1, NULL, 0, STATUS_SUCCESS },
	{ "no scope", 0x38, 1, 4, NULL, 0, STATUS_SUCCESS },
	{ "wrong size", 0x30, 1, 1, NULL, 0, STATUS_INFO_LENGTH_MISMATCH },
	{ "type of a wrong size", 0x38, 1, 1, &wrong_size, 0, STATUS_INFO_LENGTH_MISMATCH },
	{ "type without a name", 0x38, 1, 1, &nameless, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "override without type", 0x38, 1, 1, NULL, 8, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "level 0", 0x38, 0, 1, NULL, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "level 4", 0x38, 4, 1, NULL, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "level passive", 0x38, 2, 1, NULL, 0, STATUS_WDF_EXECUTION_LEVEL_INVALID },
	{ "level dispatch", 0x38, 3, 1, NULL, 0, STATUS_WDF_EXECUTION_LEVEL_INVALID },
	{ "scope 0", 0x38, 1, 0, NULL, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "scope 5", 0x38, 1, 5, NULL, 0, STATUS_WDF_OBJECT_ATTRIBUTES_INVALID },
	{ "scope device", 0x38, 1, 2, NULL, 0, STATUS_WDF_SYNCHRONIZATION_SCOPE_INVALID },
	{ "scope queue", 0x38, 1, 3, NULL, 0, STATUS_WDF_SYNCHRONIZATION_SCOPE_INVALID },
};

KUNIT_ARRAY_PARAM_DESC(attribute, attribute_rows, name);

static void every_create_checks_attributes(struct kunit *test)
{
	const struct attribute_row *row = test->param_value;
	struct wdf_fixture *f = test->priv;
	WDFDMAENABLER enabler = wdf_test_enabler(test, WdfDmaProfileScatterGather64, SZ_64K, 0);
	WDFDMATRANSACTION transaction = (void *)1;
	WDFCOMMONBUFFER buffer = (void *)1;
	WDF_OBJECT_ATTRIBUTES attributes;
	WDFDMAENABLER second = (void *)1;
	WDF_DMA_ENABLER_CONFIG config;
	WDFSPINLOCK lock = (void *)1;

	WDF_OBJECT_ATTRIBUTES_INIT(&attributes);
	attributes.Size = row->size;
	attributes.ExecutionLevel = row->level;
	attributes.SynchronizationScope = row->scope;
	attributes.ContextTypeInfo = row->type;
	attributes.ContextSizeOverride = row->override;
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfilePacket, SZ_4K);
	KUNIT_EXPECT_EQ(test, WdfDmaEnablerCreate(f->device, &config, &attributes, &second),
			row->status);
	KUNIT_EXPECT_EQ(test, WdfDmaTransactionCreate(enabler, &attributes, &transaction),
			row->status);
	KUNIT_EXPECT_EQ(test, WdfCommonBufferCreate(enabler, 8, &attributes, &buffer),
			row->status);
	KUNIT_EXPECT_EQ(test, WdfSpinLockCreate(&attributes, &lock), row->status);
	if (row->status) {
		KUNIT_EXPECT_NULL(test, second);
		KUNIT_EXPECT_NULL(test, transaction);
		KUNIT_EXPECT_NULL(test, buffer);
		KUNIT_EXPECT_NULL(test, lock);
	}
}

static struct kunit_case wdf_attributes_cases[] = {
	KUNIT_CASE(init_macros_set_size_and_defaults),
	KUNIT_CASE_PARAM(every_create_checks_attributes, attribute_gen_params),
	{}
};

static struct kunit_suite wdf_attributes_suite = {
	.name = "wdmdma_wdf_attributes",
	.init = wdf_test_init,
	.test_cases = wdf_attributes_cases,
};

kunit_test_suite(wdf_attributes_suite);
