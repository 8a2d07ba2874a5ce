// SPDX-License-Identifier: GPL-2.0-only
/* Strings that are formatted, and processors. */
#include <kunit/test.h>
#include <linux/cpumask.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/processor.h>
#include <ddk/wdm/string_print.h>
#include <ddk/wdm/thread.h>

#include "log.h"
#include "ntos/format.h"

static const WCHAR wide_format[] = { '%', 'd', ' ', '%', 's', ' ', '%', 'S', 0xE9, 0 };
static const WCHAR wide_text[] = { '7', ' ', 0x20AC, 'x', ' ', 'n', 'a', 0xE9, 0 };
static const WCHAR euro[] = { 0x20AC, 'x', 0 };

static void strings_are_formatted_and_cut(struct kunit *test)
{
	char to[8];

	KUNIT_EXPECT_EQ(test, RtlStringCbPrintfA(to, sizeof(to), "%ld-%s", -1, "abc"),
			STATUS_SUCCESS);
	KUNIT_EXPECT_STREQ(test, to, "-1-abc");
	KUNIT_EXPECT_EQ(test, RtlStringCchPrintfA(to, sizeof(to), "%s", "1234567"), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, RtlStringCchPrintfA(to, sizeof(to), "%s", "12345678"),
			STATUS_BUFFER_OVERFLOW);
	KUNIT_EXPECT_STREQ(test, to, "1234567");
	KUNIT_EXPECT_EQ(test, RtlStringCbPrintfA(to, 0, "x"), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, RtlStringCbPrintfA(to, 0x80000000, "x"), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, RtlStringCbPrintfA(NULL, 8, "x"), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_EQ(test, RtlStringCbPrintfA(to, 8, NULL), STATUS_INVALID_PARAMETER);
}

static void wide_strings_are_formatted_and_cut(struct kunit *test)
{
	struct { USHORT length, most; WCHAR *buffer; } counted;
	WCHAR to[16];

	KUNIT_EXPECT_EQ(test, RtlStringCbPrintfW(to, sizeof(to), wide_format, 7, euro, "na"),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, memcmp(to, wide_text, sizeof(wide_text)), 0);
	KUNIT_EXPECT_EQ(test, RtlStringCchPrintfW(to, 4, wide_format, 7, euro, "na"),
			STATUS_BUFFER_OVERFLOW);
	KUNIT_EXPECT_EQ(test, memcmp(to, wide_text, 3 * sizeof(WCHAR)), 0);
	KUNIT_EXPECT_EQ(test, to[3], 0);
	counted = (typeof(counted)) { .most = sizeof(to), .buffer = to };
	KUNIT_EXPECT_EQ(test, RtlUnicodeStringPrintf((void *)&counted, wide_format, 7, euro, "na"),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, counted.length, sizeof(wide_text) - sizeof(WCHAR));
	counted.most = 8;
	KUNIT_EXPECT_EQ(test, RtlUnicodeStringPrintf((void *)&counted, wide_format, 7, euro, "na"),
			STATUS_BUFFER_OVERFLOW);
	KUNIT_EXPECT_LE(test, counted.length, 8);
	KUNIT_EXPECT_EQ(test, RtlUnicodeStringPrintf(NULL, wide_format), STATUS_INVALID_PARAMETER);
}

static void strings_at_bad_addresses_do_no_harm(struct kunit *test)
{
	char *text = kunit_kzalloc(test, NT_PRINT_MOST, GFP_KERNEL);
	struct { USHORT length, most; const void *buffer; } counted = { 4, 4, (void *)0x10 };
	void *low = (void *)0x10, *gap = (void *)0x8000000000000000;

	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_EXPECT_STREQ(test, nt_debug_format(text, "%s|%ws|%wZ", low, low, low),
			   "(bad address)|(bad address)|(bad address)");
	KUNIT_EXPECT_STREQ(test, nt_debug_format(text, "%s|%wZ|%Z", gap, gap, &counted),
			   "(bad address)|(bad address)|(bad address)");
	KUNIT_EXPECT_EQ(test, DbgPrint("%s", low), 0U);
}

static void processors_have_numbers_below_their_count(struct kunit *test)
{
	const ULONG count = KeQueryMaximumProcessorCount();
	PROCESSOR_NUMBER number;
	KAFFINITY active = 0;
	ULONG index;

	index = KeGetCurrentProcessorNumberEx(&number);
	KUNIT_EXPECT_LT(test, index, count);
	KUNIT_EXPECT_EQ(test, index % 64 == number.Number, index / 64 == number.Group);
	KUNIT_EXPECT_LT(test, KeGetCurrentProcessorNumber(), count);
	KUNIT_EXPECT_GE(test, count, num_online_cpus());
	KUNIT_EXPECT_EQ(test, KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), count);
	KUNIT_EXPECT_EQ(test, KeQueryActiveProcessorCountEx(1000), 0U);
	KUNIT_EXPECT_EQ(test, KeQueryActiveProcessorCount(&active), min(count, 64U));
	KUNIT_EXPECT_EQ(test, hweight64(active), min(count, 64U));
}

static void print_with_prefix(const char *prefix, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vDbgPrintExWithPrefix(prefix, DPFLTR_DEFAULT_ID, DPFLTR_ERROR_LEVEL, format, arguments);
	va_end(arguments);
}

static void a_prefix_stands_before_the_text(struct kunit *test)
{
	struct kmsg_dump_iter log;

	wdmdma_test_log_begin(&log);
	print_with_prefix("ring%d: ", "%ld of %s\n", 3, "many");
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "wdmdma_ntos: ", "ring%d: 3 of many"), 1U);
}

static struct kunit_case ntos_string_cases[] = {
	KUNIT_CASE(strings_are_formatted_and_cut),
	KUNIT_CASE(wide_strings_are_formatted_and_cut),
	KUNIT_CASE(strings_at_bad_addresses_do_no_harm),
	KUNIT_CASE(processors_have_numbers_below_their_count),
	KUNIT_CASE(a_prefix_stands_before_the_text),
	{}
};

static struct kunit_suite ntos_string_suite = {
	.name = "wdmdma_ntos_string",
	.test_cases = ntos_string_cases,
};

kunit_test_suite(ntos_string_suite);
