// SPDX-License-Identifier: GPL-2.0-only
/*
 * The headers of include/ddk, as Windows source uses them (corpus/). Code that is defined in a
 * header must do what Windows documents. The sources that use the DMA interface must find it as
 * Windows drivers expect it.
 */
#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include <wdmdma/linux.h>

#include "corpus/corpus.h"
#include "helpers.h"

/* Fail with the text of the expectation that did not hold. */
static void expect_held(struct kunit *test, const char *failed)
{
	KUNIT_EXPECT_NULL_MSG(test, failed, "does not hold: %s", failed);
}

static void lists_keep_their_order(struct kunit *test)
{
	expect_held(test, CorpusLists());
	expect_held(test, CorpusSingleLists());
}

static void interlocked_operations_return_the_documented_value(struct kunit *test)
{
	expect_held(test, CorpusInterlocked());
	expect_held(test, CorpusInterlockedSmall());
	expect_held(test, CorpusInterlockedBits());
	expect_held(test, CorpusInterlockedPair());
}

static void interlocked_lists_return_the_former_first_entry(struct kunit *test)
{
	expect_held(test, CorpusInterlockedLists());
}

#define TURNS 5000

static int take_turns(void *data)
{
	unsigned long shared = 0;
	int n;

	complete(data);
	for (n = 0; n < TURNS; n++) {
		shared += !CorpusSharedListTurn();
		if (n % 1000 == 0)
			cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return shared;
}

/* Several threads take entries and give them back. None may get an entry that another one has. */
static void interlocked_lists_give_an_entry_to_one_owner(struct kunit *test)
{
	struct task_struct *threads[4];
	struct completion begun;
	int n;

	CorpusSharedListInit();
	init_completion(&begun);
	for (n = 0; n < ARRAY_SIZE(threads); n++) {
		threads[n] = kthread_run(take_turns, &begun, "corpus/%d", n);
		/* A thread that is stopped before it runs has not taken a turn. */
		if (!IS_ERR(threads[n]))
			wait_for_completion(&begun);
	}
	for (n = 0; n < ARRAY_SIZE(threads); n++) {
		KUNIT_EXPECT_FALSE(test, IS_ERR(threads[n]));
		if (!IS_ERR(threads[n]))
			KUNIT_EXPECT_EQ(test, kthread_stop(threads[n]), 0);
	}
	KUNIT_EXPECT_EQ(test, CorpusSharedListCount(), CORPUS_ENTRIES);
}

static void macros_have_the_documented_value(struct kunit *test)
{
	expect_held(test, CorpusMacros());
	expect_held(test, CorpusGuids());
}

static void memory_functions_change_only_what_they_name(struct kunit *test)
{
	expect_held(test, CorpusMemory());
}

static void strings_count_bytes(struct kunit *test)
{
	expect_held(test, CorpusStrings());
}

static void safe_arithmetic_notices_an_overflow(struct kunit *test)
{
	expect_held(test, CorpusArithmetic());
	expect_held(test, CorpusConversions());
}

static void safe_strings_are_cut_and_terminated(struct kunit *test)
{
	expect_held(test, CorpusSafeStrings());
	expect_held(test, CorpusFormats());
}

static void assertions_of_a_debug_build_are_reported(struct kunit *test)
{
	expect_held(test, CorpusAssertsOfDebugBuilds());
}

static void words_stand_wherever_drivers_write_them(struct kunit *test)
{
	expect_held(test, CorpusWords());
}

/* The module with the corpus would not link if two files had one function. */
static void inline_functions_are_not_shared_by_files(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, CorpusInlineOfAnotherFile(10), 65U);
}

static void a_driver_may_wrap_the_table_of_operations(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	expect_held(test, CorpusWrappedTable(f->adapter));
	KUNIT_EXPECT_PTR_EQ(test, (const void *)f->adapter->DmaOperations, (const void *)f->ops);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static void a_driver_may_lay_its_own_list_over_ours(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	void *memory = kunit_kzalloc(test, SZ_16K, GFP_KERNEL);
	const char *failed;

	KUNIT_ASSERT_NOT_NULL(test, memory);
	local_bh_disable();
	failed = CorpusOwnList(f->adapter, memory + 100, SZ_8K);
	local_bh_enable();
	expect_held(test, failed);
}

static void the_size_of_the_table_tells_its_operations(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	expect_held(test, CorpusSizes(f->pdo));
}

static void a_class_may_own_an_adapter(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;

	expect_held(test, CorpusAdapterClass(f->pdo));
}

static void bitmaps_keep_to_their_buffer(struct kunit *test)
{
	expect_held(test, CorpusBitmaps());
}

static void small_calls_are_there(struct kunit *test)
{
	u8 reg = 0;

	expect_held(test, CorpusSmallCalls(&reg));
}

static void a_driver_starts_a_thread_as_on_windows(struct kunit *test)
{
	expect_held(test, CorpusThread());
}

static struct kunit_case base_cases[] = {
	KUNIT_CASE(lists_keep_their_order),
	KUNIT_CASE(interlocked_operations_return_the_documented_value),
	KUNIT_CASE(interlocked_lists_return_the_former_first_entry),
	KUNIT_CASE(interlocked_lists_give_an_entry_to_one_owner),
	KUNIT_CASE(macros_have_the_documented_value),
	KUNIT_CASE(memory_functions_change_only_what_they_name),
	KUNIT_CASE(strings_count_bytes),
	KUNIT_CASE(safe_arithmetic_notices_an_overflow),
	KUNIT_CASE(safe_strings_are_cut_and_terminated),
	KUNIT_CASE(assertions_of_a_debug_build_are_reported),
	KUNIT_CASE(words_stand_wherever_drivers_write_them),
	KUNIT_CASE(inline_functions_are_not_shared_by_files),
	KUNIT_CASE(a_driver_may_wrap_the_table_of_operations),
	KUNIT_CASE(a_driver_may_lay_its_own_list_over_ours),
	KUNIT_CASE(the_size_of_the_table_tells_its_operations),
	KUNIT_CASE(a_class_may_own_an_adapter),
	KUNIT_CASE(bitmaps_keep_to_their_buffer),
	KUNIT_CASE(small_calls_are_there),
	KUNIT_CASE(a_driver_starts_a_thread_as_on_windows),
	{}
};

static struct kunit_suite base_suite = {
	.name = "wdmdma_base",
	.init = wdmdma_test_fixture_init,
	.test_cases = base_cases,
};

kunit_test_suite(base_suite);
