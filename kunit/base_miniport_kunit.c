// SPDX-License-Identifier: GPL-2.0-only
/*
 * A miniport in the manner of public ones (corpus/miniport.c), with the configuration that the
 * Linux half prepares.
 */
#include <linux/sizes.h>

#include <wdmdma/linux.h>

#include "corpus/corpus.h"
#include "helpers.h"

static ACCESS_RANGE ranges[1] = { { .RangeLength = SZ_4K, .RangeInMemory = TRUE } };

static void find_adapter(struct kunit *test, ULONG expected)
{
	struct wdmdma_miniport *miniport = test->priv;
	PORT_CONFIGURATION_INFORMATION config;

	wdmdma_port_configuration_init(&config);
	config.NumberOfAccessRanges = expected == 1;
	config.AccessRanges = &ranges;
	KUNIT_EXPECT_EQ(test, CorpusFindAdapter(miniport->extension, &config), expected);
	if (expected != 1)
		return;
	KUNIT_EXPECT_EQ(test, config.MaximumTransferLength, (ULONG)SZ_512K);
	KUNIT_EXPECT_EQ(test, config.NumberOfPhysicalBreaks, 129U);
	KUNIT_EXPECT_EQ(test, config.AlignmentMask, 3U);
	KUNIT_EXPECT_EQ(test, config.MapBuffers, STOR_MAP_NON_READ_WRITE_BUFFERS);
	KUNIT_EXPECT_EQ(test, config.SynchronizationModel, StorSynchronizeFullDuplex);
	KUNIT_EXPECT_TRUE(test, config.HwMSInterruptRoutine(miniport->extension, 0) == FALSE);
	KUNIT_EXPECT_EQ(test, config.Dma64BitAddresses,
			SCSI_DMA64_MINIPORT_FULL64BIT_SUPPORTED);
}

static void find_adapter_fills_the_configuration(struct kunit *test)
{
	find_adapter(test, 1);
}

static void find_adapter_may_find_none(struct kunit *test)
{
	find_adapter(test, 0);
}

/* A miniport that does not set Master, because StorPort has set it, must get its memory. */
static void a_prepared_configuration_is_good_for_the_uncached_extension(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PORT_CONFIGURATION_INFORMATION config;

	wdmdma_port_configuration_init(&config);
	KUNIT_EXPECT_EQ(test, config.Length, 0xe0U);
	KUNIT_EXPECT_EQ(test, config.Dma64BitAddresses, SCSI_DMA64_SYSTEM_SUPPORTED);
	KUNIT_EXPECT_NOT_NULL(test, StorPortGetUncachedExtension(miniport->extension, &config,
								 SZ_4K));
}

static void requests_have_two_forms(struct kunit *test)
{
	const char *failed = CorpusRequests();

	KUNIT_EXPECT_NULL_MSG(test, failed, "does not hold: %s", failed);
}

static struct kunit_case miniport_cases[] = {
	KUNIT_CASE(find_adapter_fills_the_configuration),
	KUNIT_CASE(find_adapter_may_find_none),
	KUNIT_CASE(a_prepared_configuration_is_good_for_the_uncached_extension),
	KUNIT_CASE(requests_have_two_forms),
	{}
};

static struct kunit_suite miniport_suite = {
	.name = "wdmdma_base_miniport",
	.init = wdmdma_test_miniport_init,
	.test_cases = miniport_cases,
};

kunit_test_suite(miniport_suite);
