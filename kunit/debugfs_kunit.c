// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in debugfs (debug/debugfs.c). The cases read them as a read of the file does. They
 * compare the words of a line with what the driver has done. Other cases read while drivers
 * allocate, transfer, put their adapters and are unbound.
 */
#include <kunit/device.h>
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>

#include "core/adapter.h"
#include "core/recycle.h"
#include "debug/debugfs.h"
#include "domains.h"
#include "helpers.h"
#include "lookup.h"
#include "memory.h"
#include "sgl.h"

#define TEXT	SZ_1M
#define WAIT	(10 * HZ)

static void free_text(void *text)
{
	kvfree(text);
}

/* Read a file. Return its text, which lives as long as the case. */
static char *read_file(struct kunit *test, const char *name)
{
	struct seq_file m = { .buf = kvzalloc(TEXT, GFP_KERNEL), .size = TEXT };

	KUNIT_ASSERT_NOT_NULL(test, m.buf);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_text, m.buf), 0);
	mutex_init(&m.lock);
	KUNIT_ASSERT_EQ(test, wdmdma_debugfs_show(name, &m), 0);
	KUNIT_ASSERT_FALSE(test, seq_has_overflowed(&m));
	m.buf[m.count] = '\0';
	return m.buf;
}

/* Return the number of the column with this name in the first line, or -1. */
static int column_of(const char *text, const char *name)
{
	size_t len = strlen(name);
	int column = 0;

	for (; *text && *text != '\n'; column++) {
		if (!strncmp(text, name, len) && (text[len] == ' ' || text[len] == '\n'))
			return column;
		text += strcspn(text, "\n ");
		if (*text == ' ')
			text++;
	}
	return -1;
}

/* Copy a word of a line. */
static void word_of(const char *line, int column, char *word, size_t size)
{
	size_t len;

	for (; column > 0; column--) {
		line += strcspn(line, "\n ");
		if (*line == ' ')
			line++;
	}
	len = min(strcspn(line, "\n "), size - 1);
	memcpy(word, line, len);
	word[len] = '\0';
}

/* Return the next line in which the column has this word, behind the line @line, or NULL. */
static const char *next_line(const char *text, const char *line, const char *name, const char *word)
{
	int column = column_of(text, name);
	char found[64];

	for (line = strchr(line, '\n'); line && line[1]; line = strchr(line, '\n')) {
		line++;
		word_of(line, column, found, sizeof(found));
		if (!strcmp(found, word))
			return line;
	}
	return NULL;
}

static const char *find_line(const char *text, const char *name, const char *word)
{
	return next_line(text, text, name, word);
}

static void expect_word(struct kunit *test, const char *text, const char *line, const char *name,
			const char *expected)
{
	char word[64];

	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_ASSERT_GE(test, column_of(text, name), 0);
	word_of(line, column_of(text, name), word, sizeof(word));
	KUNIT_EXPECT_STREQ(test, word, expected);
}

static u64 number_of(struct kunit *test, const char *text, const char *line, const char *name)
{
	char word[64];
	u64 number = 0;

	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_ASSERT_GE(test, column_of(text, name), 0);
	word_of(line, column_of(text, name), word, sizeof(word));
	KUNIT_EXPECT_EQ(test, kstrtou64(word, 0, &number), 0);
	return number;
}

static const char *adapter_word(struct kunit *test, PDMA_ADAPTER adapter)
{
	char *word = kunit_kzalloc(test, 16, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, word);
	snprintf(word, 16, "%u", wdmdma_test_core(adapter)->id);
	return word;
}

/* Read a number of the case's adapter. */
static u64 adapter_number(struct kunit *test, const char *name)
{
	struct wdmdma_fixture *f = test->priv;
	const char *text = read_file(test, "adapters");

	return number_of(test, text, find_line(text, "adapter", adapter_word(test, f->adapter)),
			 name);
}

/* Each line must have as many words as the first, or more if the last column is a text. */
static void lines_have_all_columns(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	const char *text, *line, *name;
	PHYSICAL_ADDRESS la;
	unsigned int i, columns, words;

	KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(f, SZ_4K, &la));
	wdmdma_test_free(f, SZ_4K, la, (void *)test);
	for (i = 0; (name = wdmdma_debugfs_name(i)); i++) {
		columns = 0;
		text = read_file(test, name);
		KUNIT_EXPECT_EQ(test, text[strlen(text) - 1], '\n');
		for (line = text; *line; line = strchr(line, '\n') + 1) {
			const char *at = line;

			for (words = 1; *at != '\n'; at++)
				words += *at == ' ';
			columns = columns ?: words;
			if (!strcmp(name, "refusals") || !strcmp(name, "verifier_codes"))
				KUNIT_EXPECT_GE(test, words, columns);
			else
				KUNIT_EXPECT_EQ_MSG(test, words, columns, "%s: %s", name, line);
		}
	}
}

static void adapter_has_its_numbers(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	const char *text = read_file(test, "adapters");
	const char *line = find_line(text, "adapter", adapter_word(test, f->adapter));
	PHYSICAL_ADDRESS la;
	void *va;

	expect_word(test, text, line, "device", dev_name(f->dev));
	expect_word(test, text, line, "version", "3");
	expect_word(test, text, line, "backend", "direct");
	KUNIT_EXPECT_EQ(test, number_of(test, text, line, "last"),
			wdmdma_test_core_of(f)->reach.last);
	KUNIT_EXPECT_EQ(test, number_of(test, text, line, "buffers"), (u64)0);

	va = wdmdma_test_alloc(f, 3 * SZ_4K, &la);
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "buffers"), (u64)1);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "bytes"), (u64)3 * SZ_4K);
	wdmdma_test_free(f, 3 * SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "buffers"), (u64)0);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "most_buffers"), (u64)1);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "most_bytes"), (u64)3 * SZ_4K);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "allocated"), (u64)1);
}

static void recycled_buffer_is_kept(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	unsigned int i;
	void *va;

	if (wdmdma_test_core_of(f)->recycler.mode == WDMDMA_RECYCLE_NONE) {
		kunit_skip(test, "nothing is recycled here");
		return;
	}
	for (i = 0; i < 3; i++) {
		va = wdmdma_test_alloc(f, SZ_4K, &la);
		KUNIT_ASSERT_NOT_NULL(test, va);
		KUNIT_EXPECT_EQ(test, adapter_number(test, "kept_bytes"), (u64)0);
		wdmdma_test_free(f, SZ_4K, la, va);
		KUNIT_EXPECT_EQ(test, adapter_number(test, "kept_bytes"), (u64)SZ_4K);
	}
	KUNIT_EXPECT_EQ(test, adapter_number(test, "hits"), (u64)2);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "misses"), (u64)1);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "allocated"), (u64)3);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "most_buffers"), (u64)1);
}

/* Return the line of the case's only buffer of this many bytes. */
static const char *buffer_line(struct kunit *test, const char *text, const char *bytes)
{
	struct wdmdma_fixture *f = test->priv;
	const char *line = text;
	char adapter[16];

	while ((line = next_line(text, line, "bytes", bytes))) {
		word_of(line, 0, adapter, sizeof(adapter));
		if (!strcmp(adapter, adapter_word(test, f->adapter)))
			return line;
	}
	return NULL;
}

static void buffer_has_its_words(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	const char *text, *line;
	PHYSICAL_ADDRESS la;
	char hashed[32];
	void *va = wdmdma_test_alloc(f, 100, &la);

	KUNIT_ASSERT_NOT_NULL(test, va);
	text = read_file(test, "buffers");
	line = buffer_line(test, text, "100");
	expect_word(test, text, line, "kind", "common");
	expect_word(test, text, line, "state", "live");
	expect_word(test, text, line, "pages", "1");
	KUNIT_EXPECT_EQ(test, number_of(test, text, line, "dma"), (u64)la.QuadPart);
	KUNIT_EXPECT_LT(test, number_of(test, text, line, "age_ms"), 10000ULL);
	msleep(50);
	text = read_file(test, "buffers");
	line = buffer_line(test, text, "100");
	KUNIT_EXPECT_GE(test, number_of(test, text, line, "age_ms"), 40ULL);
	/* The address must be the one that the log shows, and not the address itself. */
	snprintf(hashed, sizeof(hashed), "%p", va);
	expect_word(test, text, line, "cpu", hashed);
	if (is_vmalloc_addr(va))
		expect_word(test, text, line, "physical", "scattered");
	else
		KUNIT_EXPECT_EQ(test, number_of(test, text, line, "physical"),
				(u64)virt_to_phys(va));

	wdmdma_test_free(f, 100, la, va);
	text = read_file(test, "buffers");
	if (wdmdma_test_core_of(f)->recycler.mode != WDMDMA_RECYCLE_NONE)
		expect_word(test, text, buffer_line(test, text, "100"), "state", "kept");
	else
		KUNIT_EXPECT_NULL(test, buffer_line(test, text, "100"));
}

static void buffers_are_listed_by_kind(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PDMA_COMMON_BUFFER_VECTOR vector;
	struct lookup_buffer imported;
	const char *text, *line;
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(f, 5 * SZ_4K, &la));
	vector = wdmdma_test_vector(f, U64_MAX, wdmdma_test_cache(f->dev), 0, 3);
	KUNIT_ASSERT_NOT_NULL(test, vector);
	imported = lookup_import(test, SZ_8K, MmCached);

	text = read_file(test, "buffers");
	line = buffer_line(test, text, "20480");
	expect_word(test, text, line, "pages", "5");
	KUNIT_EXPECT_EQ(test, number_of(test, text, line, "dma"), (u64)la.QuadPart);
	/* A range of several entries in the index is one line. */
	KUNIT_EXPECT_NULL(test, next_line(text, line, "bytes", "20480"));
	expect_word(test, text, buffer_line(test, text, "8192"), "kind", "imported");
	KUNIT_EXPECT_NOT_NULL(test, find_line(text, "kind", "block"));

	lookup_release(test, imported);
	f->ops->FreeCommonBufferVector(f->adapter, vector);
	text = read_file(test, "buffers");
	KUNIT_EXPECT_NULL(test, buffer_line(test, text, "8192"));
}

/* More buffers than one RCU read section shows, and each has one line. */
static void many_buffers_are_listed(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	const char *text, *line, *id = adapter_word(test, f->adapter);
	unsigned int lines = 0;

	wdmdma_test_alloc_some(test, f->adapter, 300);
	text = read_file(test, "buffers");
	for (line = find_line(text, "adapter", id); line; line = next_line(text, line, "adapter",
									   id))
		lines++;
	KUNIT_EXPECT_EQ(test, lines, 300U);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "buffers"), (u64)300);
}

static void caller_is_a_function(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	const char *text;
	char word[64];

	KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(f, 77, &la));
	text = read_file(test, "buffers");
	KUNIT_ASSERT_NOT_NULL(test, buffer_line(test, text, "77"));
	word_of(buffer_line(test, text, "77"), column_of(text, "caller"), word, sizeof(word));
	/* The helper that makes the call may end in a jump, and then its caller is the caller. */
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(word, "[wdmdma_kunit]"), "%s", word);
	KUNIT_EXPECT_TRUE_MSG(test, isalpha(word[0]), "%s", word);
}

/* A return address in no module must not be printed as a number. */
static void caller_without_a_name_is_hidden(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	struct wdmdma_adapter *adapter = wdmdma_test_core_of(f);
	struct wdmdma_buffer *buffer;
	PHYSICAL_ADDRESS la;
	unsigned long caller;
	const char *text;

	KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(f, 77, &la));
	buffer = list_first_entry(&adapter->buffers.records, struct wdmdma_buffer, node);
	caller = buffer->caller;
	buffer->caller = (unsigned long)test;
	text = read_file(test, "buffers");
	expect_word(test, text, buffer_line(test, text, "77"), "caller", "-");
	buffer->caller = caller;
}

static void transfers_are_listed(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 2);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_8K);
	struct wdmdma_fixture *f = test->priv;
	const char *text, *line, *id = adapter_word(test, f->adapter);
	PSCATTER_GATHER_LIST list = wdmdma_test_list(test, f->adapter, mdl, TRUE);
	struct wdmdma_caught caught;

	text = read_file(test, "transfers");
	line = find_line(text, "adapter", id);
	expect_word(test, text, line, "what", "list");
	expect_word(test, text, line, "call", "GetScatterGatherListEx");
	expect_word(test, text, line, "amount", "8192");
	KUNIT_EXPECT_EQ(test, adapter_number(test, "live"), (u64)1);
	sgl_put(f->adapter, list, TRUE);
	text = read_file(test, "transfers");
	KUNIT_EXPECT_NULL(test, find_line(text, "adapter", id));
	KUNIT_EXPECT_EQ(test, adapter_number(test, "live"), (u64)0);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "most_live"), (u64)1);

	wdmdma_test_short(test, f->adapter);
	wdmdma_test_catch_init(&caught);
	KUNIT_ASSERT_EQ(test, sgl_get(f->adapter, mdl, 0, SZ_4K, TRUE, &caught), STATUS_SUCCESS);
	text = read_file(test, "transfers");
	line = find_line(text, "adapter", id);
	expect_word(test, text, line, "what", "waiting-list");
	KUNIT_EXPECT_EQ(test, adapter_number(test, "waiting"), (u64)1);
	wdmdma_test_plenty();
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&caught.done, WAIT), 0UL);
	sgl_put(f->adapter, caught.list, TRUE);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "waiting"), (u64)0);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "waited"), (u64)1);
}

static void map_registers_are_listed(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	const char *text, *line;
	PVOID base = NULL;

	KUNIT_ASSERT_EQ(test,
			f->ops->AllocateAdapterChannel(f->adapter, NULL, 3,
						       wdmdma_test_keep_registers, &base),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "granted"), (u64)3);
	text = read_file(test, "transfers");
	line = find_line(text, "adapter", adapter_word(test, f->adapter));
	expect_word(test, text, line, "what", "registers");
	expect_word(test, text, line, "amount", "3");
	f->ops->FreeMapRegisters(f->adapter, base, 3);
	KUNIT_EXPECT_EQ(test, adapter_number(test, "granted"), (u64)0);
}

static IO_ALLOCATION_ACTION keep_channel(PDEVICE_OBJECT object, PIRP irp, PVOID base, PVOID context)
{
	complete(context);
	return KeepObject;
}

/* Registers that were granted wait no more, whether they are in use or not. */
static void granted_registers_do_not_wait(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	const char *text, *line, *id = adapter_word(test, f->adapter);
	DECLARE_COMPLETION_ONSTACK(first);
	DECLARE_COMPLETION_ONSTACK(second);

	KUNIT_ASSERT_EQ(test,
			f->ops->AllocateAdapterChannel(f->adapter, NULL, 1, keep_channel, &first),
			STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test,
			f->ops->AllocateAdapterChannel(f->adapter, NULL, 2, keep_channel, &second),
			STATUS_SUCCESS);
	msleep(20);
	text = read_file(test, "transfers");
	line = find_line(text, "what", "waiting-channel");
	expect_word(test, text, line, "adapter", id);
	KUNIT_EXPECT_GE(test, number_of(test, text, line, "waited_ms"), (u64)20);
	f->ops->FreeAdapterChannel(f->adapter);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&second, WAIT), 0UL);
	text = read_file(test, "transfers");
	line = find_line(text, "adapter", id);
	expect_word(test, text, line, "what", "registers");
	expect_word(test, text, line, "amount", "2");
	KUNIT_EXPECT_EQ(test, number_of(test, text, line, "waited_ms"), (u64)0);
	f->ops->FreeAdapterChannel(f->adapter);
}

static void copied_bytes_are_counted(struct kunit *test)
{
	struct wdmdma_memory *memory = wdmdma_test_memory(test, 1);
	PMDL mdl = wdmdma_test_mdl(test, memory->va, SZ_4K);
	struct wdmdma_fixture *f = test->priv;
	PDMA_ADAPTER adapter = wdmdma_test_copying_adapter(test);
	u64 expected = wdmdma_test_copies_all(f->dev) ? 0 : 2 * SZ_4K;
	const char *text;

	sgl_put(adapter, wdmdma_test_list(test, adapter, mdl, FALSE), FALSE);
	text = read_file(test, "adapters");
	KUNIT_EXPECT_EQ(test,
			number_of(test, text,
				  find_line(text, "adapter", adapter_word(test, adapter)),
				  "copied_bytes"),
			expected);
}

static void refusals_are_listed_by_reason(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	PHYSICAL_ADDRESS la;
	void *va = wdmdma_test_alloc(f, SZ_4K, &la);
	const char *text, *line;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, va);
	for (i = 0; i < 3; i++)
		wdmdma_test_free(f, SZ_8K, la, va);
	text = read_file(test, "refusals");
	line = find_line(text, "device", dev_name(f->dev));
	expect_word(test, text, line, "call", "FreeCommonBuffer");
	expect_word(test, text, line, "count", "3");
	KUNIT_EXPECT_NOT_NULL(test, strstr(line, " the length is not the one allocated\n"));
	wdmdma_test_free(f, SZ_4K, la, va);
}

static void summary_is_the_sum(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	const char *before = read_file(test, "summary"), *after;
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_NOT_NULL(test, wdmdma_test_alloc(f, 3 * SZ_4K, &la));
	after = read_file(test, "summary");
	KUNIT_EXPECT_EQ(test, number_of(test, after, find_line(after, "name", "bytes"), "value"),
			number_of(test, before, find_line(before, "name", "bytes"), "value") +
				3 * SZ_4K);
}

static void domains_show_where_a_device_is(struct kunit *test)
{
	const char *a, *text, *line;
	struct actors *actors;
	char home[32];

	domain_init(test);
	actors = test->priv;
	a = dev_name(actors->fixture[A]->dev);
	text = read_file(test, "domains");
	line = find_line(text, "device", a);
	KUNIT_ASSERT_NOT_NULL(test, line);
	word_of(line, column_of(text, "domain"), home, sizeof(home));
	expect_word(test, text, line, "home", home);
	KUNIT_ASSERT_EQ(test, domain_join(actors->fixture[A], actors->home[B]), STATUS_SUCCESS);
	text = read_file(test, "domains");
	line = find_line(text, "device", a);
	expect_word(test, text, line, "home", home);
	KUNIT_EXPECT_EQ(test, number_of(test, text, line, "domain"), (u64)actors->home[B]);
	KUNIT_ASSERT_EQ(test, domain_leave(actors->fixture[A]), STATUS_SUCCESS);
}

static struct kunit_case debugfs_cases[] = {
	KUNIT_CASE(lines_have_all_columns),
	KUNIT_CASE(adapter_has_its_numbers),
	KUNIT_CASE(recycled_buffer_is_kept),
	KUNIT_CASE(buffer_has_its_words),
	KUNIT_CASE(buffers_are_listed_by_kind),
	KUNIT_CASE(many_buffers_are_listed),
	KUNIT_CASE(caller_is_a_function),
	KUNIT_CASE(caller_without_a_name_is_hidden),
	KUNIT_CASE(transfers_are_listed),
	KUNIT_CASE(map_registers_are_listed),
	KUNIT_CASE(granted_registers_do_not_wait),
	KUNIT_CASE(copied_bytes_are_counted),
	KUNIT_CASE(refusals_are_listed_by_reason),
	KUNIT_CASE(summary_is_the_sum),
	KUNIT_CASE(domains_show_where_a_device_is),
	{}
};

static struct kunit_suite debugfs_suite = {
	.name = "wdmdma_debugfs",
	.init = wdmdma_test_fixture_init,
	.test_cases = debugfs_cases,
};

kunit_test_suite(debugfs_suite);
