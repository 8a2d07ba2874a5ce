// SPDX-License-Identifier: GPL-2.0-only
/* The settings of the verifier (core/verifier.c, debug/verifier.c). */
#include <linux/seq_file.h>
#include <linux/sizes.h>

#include "core/verifier.h"
#include "debug/debugfs.h"
#include "debug/verifier.h"
#include "log.h"
#include "verifier.h"

static const char *const wrong_settings[] = {
	"", " ", "everything", "calls,", ",calls", "calls:", "calls:shout", "none,calls",
	"calls,none", "device", "device ", "device wdmdma-test", "driver x", "driver x y",
	"device  calls", "calls frees",
};

/* A setting that is not understood must change nothing, and must leave one line in the log. */
static void wrong_setting_is_refused(struct kunit *test)
{
	struct kmsg_dump_iter log;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong_settings); i++) {
		wdmdma_test_log_begin(&log);
		KUNIT_EXPECT_EQ_MSG(test, wdmdma_debug_verify(wrong_settings[i]), -EINVAL, "%s",
				    wrong_settings[i]);
		KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "verify: ", ""), 1U);
	}
	KUNIT_EXPECT_FALSE(test, wdmdma_verifier_is_on());
}

static void free_wrongly(struct wdmdma_fixture *f)
{
	wdmdma_test_free(f, SZ_4K, wdmdma_test_pa(SZ_4K), f);
}

/* Make a wrong free on the device, and return how often that was reported. */
static unsigned long reports(struct wdmdma_fixture *f)
{
	unsigned long count = verifier_count(WDMDMA_DMA_CODE(0x03));

	free_wrongly(f);
	return verifier_count(WDMDMA_DMA_CODE(0x03)) - count;
}

static void only_the_chosen_check_is_made(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, reports(f), 0UL);
	verifier_on(test, "calls,left");
	KUNIT_EXPECT_EQ(test, reports(f), 0UL);
	verifier_on(test, "frees,left\n");
	KUNIT_EXPECT_EQ(test, reports(f), 1UL);
	verifier_on(test, "none");
	KUNIT_EXPECT_EQ(test, reports(f), 0UL);
}

static struct wdmdma_fixture *other_device(struct kunit *test)
{
	return wdmdma_test_fixture_on(test, wdmdma_test_register(test, "wdmdma-other"), 64);
}

/* Set the checks of the device of the suite alone. */
static void verifier_on_device(struct kunit *test, const char *checks)
{
	const struct wdmdma_fixture *f = test->priv;
	char setting[96];

	snprintf(setting, sizeof(setting), "device %s %s", dev_name(f->dev), checks);
	KUNIT_ASSERT_EQ(test, wdmdma_debug_verify(setting), 0);
}

static void only_the_chosen_device_is_checked(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv, *other = other_device(test);

	verifier_on_device(test, "frees");
	KUNIT_EXPECT_EQ(test, reports(f), 1UL);
	KUNIT_EXPECT_EQ(test, reports(other), 0UL);
	verifier_on_device(test, "none");
	KUNIT_EXPECT_EQ(test, reports(f), 0UL);
	KUNIT_EXPECT_FALSE(test, wdmdma_verifier_is_on());
}

/* Allocate at DISPATCH_LEVEL, and return how often that was reported. */
static unsigned long level_reports(struct wdmdma_fixture *f)
{
	unsigned long count = verifier_count(WDMDMA_DMA_CODE(0x14));
	PHYSICAL_ADDRESS la;

	local_bh_disable();
	wdmdma_test_alloc(f, SZ_4K, &la);
	local_bh_enable();
	return verifier_count(WDMDMA_DMA_CODE(0x14)) - count;
}

static void wrong_level_is_reported_for_the_chosen_device(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv, *other = other_device(test);

	verifier_on_device(test, "level");
	KUNIT_EXPECT_EQ(test, level_reports(f), 1UL);
	KUNIT_EXPECT_EQ(test, level_reports(other), 0UL);
	verifier_on_device(test, "none");
}

/* A setting must hold for a device that comes later. */
static void only_the_chosen_driver_is_checked(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv, *later;
	char setting[96];

	snprintf(setting, sizeof(setting), "driver %s frees", dev_driver_string(f->dev));
	KUNIT_ASSERT_EQ(test, wdmdma_debug_verify("driver no-driver frees"), 0);
	KUNIT_EXPECT_EQ(test, reports(f), 0UL);
	KUNIT_ASSERT_EQ(test, wdmdma_debug_verify("driver no-driver none"), 0);
	KUNIT_ASSERT_EQ(test, wdmdma_debug_verify("driver wdmdma-later frees"), 0);
	later = wdmdma_test_fixture_on(test, wdmdma_test_register(test, "wdmdma-later"), 64);
	KUNIT_EXPECT_EQ(test, reports(later),
			!strcmp(dev_driver_string(later->dev), "wdmdma-later"));
	KUNIT_ASSERT_EQ(test, wdmdma_debug_verify("driver wdmdma-later none"), 0);
	KUNIT_ASSERT_EQ(test, wdmdma_debug_verify(setting), 0);
	KUNIT_EXPECT_EQ(test, reports(f), 1UL);
	snprintf(setting, sizeof(setting), "driver %s none", dev_driver_string(f->dev));
	KUNIT_ASSERT_EQ(test, wdmdma_debug_verify(setting), 0);
	KUNIT_EXPECT_EQ(test, reports(f), 0UL);
}

static void report_names_code_caller_and_section(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct kmsg_dump_iter log;

	verifier_on(test, "frees");
	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	free_wrongly(f);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "verifier: ", "bug check 0xe6, code 0x03"),
			1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, dev_name(f->dev), "section Misuse"), 1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "called by ", "[wdmdma_kunit]"), 1U);
}

static void files_show_settings_and_counts(struct kunit *test)
{
	struct seq_file m = { .buf = kunit_kzalloc(test, SZ_16K, GFP_KERNEL), .size = SZ_16K };

	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	mutex_init(&m.lock);
	verifier_on(test, "frees:log,left:warn");
	KUNIT_ASSERT_EQ(test, wdmdma_debugfs_show("verifier", &m), 0);
	KUNIT_EXPECT_STREQ(test, m.buf, "target name checks\nall - frees:log,left:warn\n");
	m.count = 0;
	memset(m.buf, 0, m.size);
	KUNIT_ASSERT_EQ(test, wdmdma_debugfs_show("verifier_codes", &m), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "0xe6 0x07 left warn "));
	KUNIT_EXPECT_NOT_NULL(test, strstr(m.buf, "0xe6 0x03 frees log "));
	verifier_on(test, "left:log");
}

/* A setting for which there is no memory must change nothing, and another one must be in force. */
static void try_a_setting(struct kunit *test)
{
	int ret = wdmdma_debug_verify("frees");
#ifdef CONFIG_FAULT_INJECTION
	unsigned int left = current->fail_nth;

	current->fail_nth = 0;
#endif
	if (ret)
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	KUNIT_EXPECT_EQ(test, wdmdma_verifier_is_on(), !ret);
	KUNIT_EXPECT_EQ(test, reports(test->priv), ret ? 0UL : 1UL);
	verifier_off("none");
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = left;
#endif
}

static void setting_without_memory_changes_nothing(struct kunit *test)
{
	wdmdma_test_sweep(test, try_a_setting);
}

static struct kunit_case verifier_settings_cases[] = {
	KUNIT_CASE(wrong_setting_is_refused),
	KUNIT_CASE(setting_without_memory_changes_nothing),
	KUNIT_CASE(only_the_chosen_check_is_made),
	KUNIT_CASE(only_the_chosen_device_is_checked),
	KUNIT_CASE(wrong_level_is_reported_for_the_chosen_device),
	KUNIT_CASE(only_the_chosen_driver_is_checked),
	KUNIT_CASE(report_names_code_caller_and_section),
	KUNIT_CASE(files_show_settings_and_counts),
	{}
};

static struct kunit_suite verifier_settings_suite = {
	.name = "wdmdma_verifier_settings",
	.init = wdmdma_test_fixture_init,
	.test_cases = verifier_settings_cases,
};

kunit_test_suite(verifier_settings_suite);
