// SPDX-License-Identifier: GPL-2.0-only
/* Lists that a miniport builds, for a device without an IOMMU (storport/stor_sg_list.c). */
#include <kunit/device.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "core/adapter.h"
#include "log.h"
#include "memory.h"

#define WAIT	msecs_to_jiffies(10000)
#define PAGES	4
#define LENGTH	(PAGES * SZ_4K)

static const ULONG ok = STOR_STATUS_SUCCESS;
static const ULONG parameter = STOR_STATUS_INVALID_PARAMETER;

/* Memory of a miniport, its list, and the arguments of the list's routine. */
struct making {
	struct wdmdma_memory *memory;
	PMDL mdl;
	u8 buffer[0x10 + (PAGES + 1) * 0x18] __aligned(8);
	struct wdmdma_caught caught;
	bool other_arguments;
};

static VOID catch_list(PVOID *object, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list, PVOID context)
{
	struct making *making = context;

	making->other_arguments |= object || irp;
	wdmdma_test_catch_list(NULL, NULL, (PSCATTER_GATHER_LIST)list, &making->caught);
}

static struct making *making_of(struct kunit *test)
{
	struct making *making = kunit_kzalloc(test, sizeof(*making), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, making);
	making->memory = wdmdma_test_memory(test, PAGES);
	making->mdl = wdmdma_test_mdl(test, making->memory->va, LENGTH);
	wdmdma_test_catch_init(&making->caught);
	return making;
}

/* Build a list at DISPATCH_LEVEL, as a miniport does. */
static ULONG build_part(PVOID extension, struct making *making, size_t offset, ULONG length)
{
	ULONG status;

	local_bh_disable();
	status = StorPortBuildScatterGatherList(extension, making->mdl,
						making->memory->va + offset, length, catch_list,
						making, TRUE, making->buffer,
						sizeof(making->buffer));
	local_bh_enable();
	return status;
}

static ULONG build(PVOID extension, struct making *making)
{
	return build_part(extension, making, 0, LENGTH);
}

static ULONG put_as(PVOID extension, void *list, BOOLEAN write)
{
	ULONG status;

	local_bh_disable();
	status = StorPortPutScatterGatherList(extension, list, write);
	local_bh_enable();
	return status;
}

static ULONG put(PVOID extension, void *list)
{
	return put_as(extension, list, TRUE);
}

static unsigned int lists_of(struct wdmdma_miniport *miniport)
{
	return wdmdma_test_lists(wdmdma_test_miniport_adapter(miniport));
}

static void destroy(struct wdmdma_miniport *miniport)
{
	wdmdma_hw_device_extension_destroy(miniport->extension);
	miniport->extension = NULL;
}

static void list_is_made_in_the_buffer(struct kunit *test)
{
	static const struct { size_t offset; ULONG length; } parts[] = {
		{ 0, LENGTH }, { 0, 1 }, { LENGTH - 1, 1 }, { 100, 2 * SZ_4K },
	};
	struct wdmdma_miniport *miniport = test->priv;
	struct making *making = making_of(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		KUNIT_ASSERT_EQ(test, build_part(miniport->extension, making, parts[i].offset,
						 parts[i].length), ok);
		KUNIT_ASSERT_EQ(test, making->caught.calls, i + 1);
		KUNIT_EXPECT_TRUE(test, making->caught.at_dispatch);
		KUNIT_EXPECT_FALSE(test, making->other_arguments);
		KUNIT_EXPECT_PTR_EQ(test, (void *)making->caught.list, (void *)making->buffer);
		wdmdma_test_expect_list(test, making->caught.list, making->memory,
					parts[i].offset, parts[i].length);
		KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), ok);
		KUNIT_EXPECT_EQ(test, lists_of(miniport), 0U);
	}
}

static void calls_need_dispatch_level(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct making *making = making_of(test);

	KUNIT_EXPECT_EQ(test,
			StorPortBuildScatterGatherList(miniport->extension, making->mdl,
						       making->memory->va, LENGTH, catch_list,
						       making, TRUE, making->buffer,
						       sizeof(making->buffer)),
			STOR_STATUS_INVALID_IRQL);
	KUNIT_EXPECT_EQ(test, making->caught.calls, 0U);
	KUNIT_ASSERT_EQ(test, build(miniport->extension, making), ok);
	KUNIT_EXPECT_EQ(test, StorPortPutScatterGatherList(miniport->extension,
							   (void *)making->buffer, TRUE),
			STOR_STATUS_INVALID_IRQL);
	KUNIT_EXPECT_EQ(test, lists_of(miniport), 1U);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), ok);
}

static const struct refuse_row {
	const char *name;
	bool no_mdl, no_routine, no_buffer, not_locked;
	long offset;
	ULONG length, room, expected;
} refuse_rows[] = {
	{ "no MDL", .no_mdl = true, .length = 1, .expected = STOR_STATUS_INVALID_PARAMETER },
	{ "no routine", .no_routine = true, .length = 1,
	  .expected = STOR_STATUS_INVALID_PARAMETER },
	{ "no buffer", .no_buffer = true, .length = 1, .expected = STOR_STATUS_INVALID_PARAMETER },
	{ "not locked", .not_locked = true, .length = 1,
	  .expected = STOR_STATUS_INVALID_PARAMETER },
	{ "length 0", .expected = STOR_STATUS_INVALID_PARAMETER },
	{ "before the MDL", .offset = -1, .length = 1, .expected = STOR_STATUS_INVALID_PARAMETER },
	{ "past the MDL", .offset = LENGTH, .length = 1,
	  .expected = STOR_STATUS_INVALID_PARAMETER },
	{ "longer than the MDL", .length = LENGTH + 1, .expected = STOR_STATUS_BUFFER_TOO_SMALL },
	{ "length with all bits", .length = U32_MAX, .expected = STOR_STATUS_BUFFER_TOO_SMALL },
	{ "no room for the list", .length = LENGTH, .room = 0x10 + 0x18,
	  .expected = STOR_STATUS_BUFFER_TOO_SMALL },
};

KUNIT_ARRAY_PARAM_DESC(refuse, refuse_rows, name);

static void build_refuses(struct kunit *test)
{
	const struct refuse_row *row = test->param_value;
	struct wdmdma_miniport *miniport = test->priv;
	struct making *making = making_of(test);
	CSHORT flags = making->mdl->MdlFlags;
	ULONG status;

	if (row->not_locked)
		making->mdl->MdlFlags = 0;
	local_bh_disable();
	status = StorPortBuildScatterGatherList(miniport->extension,
						row->no_mdl ? NULL : making->mdl,
						making->memory->va + row->offset, row->length,
						row->no_routine ? NULL : catch_list, making, TRUE,
						row->no_buffer ? NULL : making->buffer,
						row->room ?: sizeof(making->buffer));
	local_bh_enable();
	making->mdl->MdlFlags = flags;
	KUNIT_EXPECT_EQ(test, status, row->expected);
	KUNIT_EXPECT_EQ(test, making->caught.calls, 0U);
	KUNIT_EXPECT_EQ(test, lists_of(miniport), 0U);
}

/* The log must name the miniport's call, and not the call of the adapter behind it. */
static void refusal_names_the_call_that_was_made(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct making *making = making_of(test);
	struct kmsg_dump_iter log;

	wdmdma_test_log_wait();
	wdmdma_test_log_begin(&log);
	KUNIT_EXPECT_EQ(test, build_part(miniport->extension, making, 0, LENGTH + 1),
			STOR_STATUS_BUFFER_TOO_SMALL);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "StorPortBuildScatterGatherList: ", ""),
			1U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, " BuildScatterGatherList", ""), 0U);
}

static void buffer_holds_one_list(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct making *making = making_of(test);

	KUNIT_ASSERT_EQ(test, build(miniport->extension, making), ok);
	KUNIT_EXPECT_EQ(test, build(miniport->extension, making), parameter);
	KUNIT_EXPECT_EQ(test, making->caught.calls, 1U);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), ok);
	KUNIT_EXPECT_EQ(test, build(miniport->extension, making), ok);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), ok);
}

/* A pointer that is no list built by this miniport must end no list and must not return success. */
static void put_refuses(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct wdmdma_miniport *other = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	struct wdmdma_miniport *sibling = wdmdma_test_miniport_on(test, miniport->dev);
	struct making *making = making_of(test);

	KUNIT_EXPECT_EQ(test, put(miniport->extension, NULL), parameter);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), parameter);
	KUNIT_ASSERT_EQ(test, build(miniport->extension, making), ok);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer + 8), parameter);
	KUNIT_EXPECT_EQ(test, put(other->extension, making->buffer), parameter);
	KUNIT_EXPECT_EQ(test, put(sibling->extension, making->buffer), parameter);
	KUNIT_EXPECT_EQ(test, put(&making, making->buffer), parameter);
	KUNIT_EXPECT_EQ(test, lists_of(miniport), 1U);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), ok);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), parameter);
}

static void list_of_a_srb_is_not_to_be_put(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PSCSI_REQUEST_BLOCK srb = wdmdma_srb_create(miniport->extension, 0);
	struct making *making = making_of(test);
	PSTOR_SCATTER_GATHER_LIST list;

	KUNIT_ASSERT_NOT_NULL(test, srb);
	KUNIT_ASSERT_EQ(test, wdmdma_srb_map(miniport->extension, srb, making->mdl, true),
			STATUS_SUCCESS);
	list = StorPortGetScatterGatherList(miniport->extension, srb);
	KUNIT_ASSERT_NOT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, list), parameter);
	KUNIT_EXPECT_PTR_EQ(test, StorPortGetScatterGatherList(miniport->extension, srb), list);
	wdmdma_srb_destroy(miniport->extension, srb);
	KUNIT_EXPECT_EQ(test, lists_of(miniport), 0U);
}

static void wrong_direction_ends_the_list(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct making *making = making_of(test);

	KUNIT_ASSERT_EQ(test, build(miniport->extension, making), ok);
	KUNIT_EXPECT_EQ(test, put_as(miniport->extension, making->buffer, FALSE), ok);
	KUNIT_EXPECT_EQ(test, lists_of(miniport), 0U);
}

static void list_that_waits_comes_later(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct making *making = making_of(test);

	wdmdma_test_short(test, wdmdma_test_miniport_adapter(miniport));
	KUNIT_ASSERT_EQ(test, build(miniport->extension, making), ok);
	KUNIT_EXPECT_EQ(test, making->caught.calls, 0U);
	/* The list is not there yet, so it cannot be put. */
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), parameter);
	wdmdma_test_plenty();
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&making->caught.done, WAIT), 0UL);
	KUNIT_EXPECT_TRUE(test, making->caught.at_dispatch);
	KUNIT_EXPECT_FALSE(test, making->other_arguments);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), ok);
}

/*
 * The miniport may free the buffer and the context after the call, so neither may
 * be touched any more.
 */
static void destroy_takes_back_lists(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PVOID extension = miniport->extension;
	struct making *making[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(making); i++) {
		making[i] = making_of(test);
		KUNIT_ASSERT_EQ(test, build(extension, making[i]), ok);
	}
	destroy(miniport);
	for (i = 0; i < ARRAY_SIZE(making); i++) {
		KUNIT_EXPECT_EQ(test, put(extension, making[i]->buffer), parameter);
		KUNIT_EXPECT_EQ(test, build(extension, making[i]), parameter);
		KUNIT_EXPECT_EQ(test, making[i]->caught.calls, 1U);
	}
}

static void destroy_drops_what_waits(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct wdmdma_adapter *adapter =
		wdmdma_adapter_find(wdmdma_test_miniport_adapter(miniport));
	struct making *making = making_of(test);

	KUNIT_ASSERT_NOT_NULL(test, adapter);
	wdmdma_test_short(test, wdmdma_test_miniport_adapter(miniport));
	KUNIT_ASSERT_EQ(test, build(miniport->extension, making), ok);
	/*
	 * At DISPATCH_LEVEL the adapter is torn down later. In this case the reference to the
	 * adapter keeps it until then.
	 */
	local_bh_disable();
	destroy(miniport);
	local_bh_enable();
	wdmdma_test_plenty();
	msleep(100);
	KUNIT_EXPECT_EQ(test, making->caught.calls, 0U);
	wdmdma_adapter_put(adapter);
}

static void unbind_takes_back_lists(struct kunit *test)
{
	struct wdmdma_miniport *miniport, *first = test->priv;
	struct making *live = making_of(test), *waiting = making_of(test);

	/*
	 * KUnit's bus binds all devices to the driver of the first device, so the
	 * first device must stay.
	 */
	KUNIT_ASSERT_NOT_NULL(test, first->extension);
	miniport = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	KUNIT_ASSERT_EQ(test, build(miniport->extension, live), ok);
	wdmdma_test_short(test, wdmdma_test_miniport_adapter(miniport));
	KUNIT_ASSERT_EQ(test, build(miniport->extension, waiting), ok);
	kunit_device_unregister(test, miniport->dev);
	wdmdma_test_plenty();

	KUNIT_EXPECT_EQ(test, lists_of(miniport), 0U);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, live->buffer), parameter);
	KUNIT_EXPECT_EQ(test, put(miniport->extension, waiting->buffer), parameter);
	KUNIT_EXPECT_EQ(test, build(miniport->extension, live),
			STOR_STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_EQ(test, live->caught.calls, 1U);
	KUNIT_EXPECT_EQ(test, waiting->caught.calls, 0U);
}

/* Build a list and put it. If the build fails, the routine must never be called. */
static void build_and_put(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	int left = current->fail_nth;
	static struct making *making;
	ULONG status;

	current->fail_nth = 0;
	if (left == 1)
		making = making_of(test);
	wdmdma_test_catch_init(&making->caught);
	current->fail_nth = left;

	status = build(miniport->extension, making);
	left = current->fail_nth;
	current->fail_nth = 0;
	if (status == ok) {
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&making->caught.done, WAIT),
				0UL);
		KUNIT_EXPECT_EQ(test, put(miniport->extension, making->buffer), ok);
	} else {
		KUNIT_EXPECT_EQ(test, status, STOR_STATUS_INSUFFICIENT_RESOURCES);
	}
	KUNIT_EXPECT_EQ(test, making->caught.calls, status == ok ? 1U : 0U);
	KUNIT_EXPECT_EQ(test, lists_of(miniport), 0U);
	current->fail_nth = left;
}

static void build_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, build_and_put);
}

static struct kunit_case wdm_storport_list_cases[] = {
	KUNIT_CASE(list_is_made_in_the_buffer),
	KUNIT_CASE(calls_need_dispatch_level),
	KUNIT_CASE_PARAM(build_refuses, refuse_gen_params),
	KUNIT_CASE_SLOW(refusal_names_the_call_that_was_made),
	KUNIT_CASE(buffer_holds_one_list),
	KUNIT_CASE(put_refuses),
	KUNIT_CASE(list_of_a_srb_is_not_to_be_put),
	KUNIT_CASE(wrong_direction_ends_the_list),
	KUNIT_CASE(list_that_waits_comes_later),
	KUNIT_CASE(destroy_takes_back_lists),
	KUNIT_CASE(destroy_drops_what_waits),
	KUNIT_CASE(unbind_takes_back_lists),
	KUNIT_CASE(build_fails_cleanly_at_every_point),
	{}
};

static struct kunit_suite wdm_storport_list_suite = {
	.name = "wdmdma_wdm_storport_list",
	.init = wdmdma_test_miniport_init,
	.test_cases = wdm_storport_list_cases,
};

kunit_test_suite(wdm_storport_list_suite);
