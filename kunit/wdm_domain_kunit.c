// SPDX-License-Identifier: GPL-2.0-only
/*
 * The four domain calls as a driver makes them, and FlushDmaBuffer (wdm/wdm_domain.c).
 * live_domain_kunit.c has devices that share memory through an IOMMU.
 */
#include <kunit/device.h>
#include <kunit/test-bug.h>
#include <linux/bottom_half.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "domains.h"
#include "helpers.h"

#define OK		STATUS_SUCCESS
#define HANDLE_ERROR	STATUS_INVALID_HANDLE
#define PARAMETER	STATUS_INVALID_PARAMETER
#define STATE		STATUS_INVALID_DEVICE_STATE
#define LENGTH		SZ_8K

/* The state machine. Each row is a sequence of calls, and each step has a call and its result. */

enum op {
	END,
	JOIN,		/* the domain that the other is in now */
	JOIN_HOME,	/* the other's home domain */
	LEAVE,
	ALLOC,		/* in the domain that the other is in now */
	ALLOC_HOME,
	BUFFER,		/* a buffer of its own */
	FREE,
	PUT,
	OPEN,		/* a new adapter after the put */
	TOGETHER,	/* both are in one domain */
	APART,
	AT_HOME,	/* the adapter is in its home domain */
};

struct step {
	enum op op;
	unsigned int who, other;
	NTSTATUS expected;
};

static const struct story_row {
	const char *name;
	struct step step[10];
} story_rows[] = {
	{ "each begins in a domain of its own", {
		{ APART, A, B }, { APART, B, C }, { AT_HOME, A } } },
	{ "join and leave", {
		{ JOIN, B, A, OK }, { TOGETHER, A, B }, { AT_HOME, A }, { APART, B, C },
		{ LEAVE, B, 0, OK }, { AT_HOME, B } } },
	{ "join its own domain", {
		{ JOIN, A, A, OK }, { AT_HOME, A }, { LEAVE, A, 0, STATE } } },
	{ "join its own domain with a buffer", {
		{ BUFFER, A }, { JOIN, A, A, OK }, { FREE, A } } },
	{ "join twice", {
		{ JOIN, B, A, OK }, { JOIN, B, A, OK }, { TOGETHER, A, B },
		{ LEAVE, B, 0, OK }, { LEAVE, B, 0, STATE } } },
	{ "join another domain while joined", {
		{ JOIN, B, A, OK }, { JOIN, B, C, STATE }, { TOGETHER, A, B } } },
	{ "join one's own home while joined", {
		{ JOIN, B, A, OK }, { JOIN_HOME, B, B, HANDLE_ERROR }, { TOGETHER, A, B } } },
	{ "join again after leaving", {
		{ JOIN, B, A, OK }, { LEAVE, B, 0, OK }, { JOIN, B, C, OK }, { TOGETHER, B, C },
		{ LEAVE, B, 0, OK }, { JOIN, B, A, OK } } },
	{ "all three", {
		{ JOIN, B, A, OK }, { JOIN, C, B, OK }, { TOGETHER, A, C },
		{ LEAVE, B, 0, OK }, { TOGETHER, A, C } } },
	{ "join with a buffer", {
		{ BUFFER, B }, { JOIN, B, A, STATE }, { AT_HOME, B }, { FREE, B },
		{ JOIN, B, A, OK } } },
	{ "join with a domain buffer", {
		{ ALLOC, B, B, OK }, { JOIN, B, A, STATE }, { FREE, B }, { JOIN, B, A, OK } } },
	{ "leave without having joined", {
		{ LEAVE, A, 0, STATE }, { AT_HOME, A } } },
	{ "leave with a buffer", {
		{ JOIN, B, A, OK }, { BUFFER, B }, { LEAVE, B, 0, STATE }, { TOGETHER, A, B },
		{ FREE, B }, { LEAVE, B, 0, OK } } },
	{ "leave with a domain buffer", {
		{ JOIN, B, A, OK }, { ALLOC, B, A, OK }, { LEAVE, B, 0, STATE }, { FREE, B },
		{ LEAVE, B, 0, OK } } },
	{ "leave while others have domain buffers", {
		{ ALLOC, A, A, OK }, { JOIN, B, A, OK }, { LEAVE, B, 0, OK },
		{ JOIN, C, A, OK }, { FREE, A } } },
	{ "leave the domain that others have joined", {
		{ JOIN, B, A, OK }, { LEAVE, A, 0, STATE }, { JOIN, A, C, STATE },
		{ LEAVE, B, 0, OK }, { JOIN, A, C, OK } } },
	{ "join each other", {
		{ JOIN, B, A, OK }, { JOIN_HOME, A, B, HANDLE_ERROR }, { TOGETHER, A, B } } },
	{ "the handle of an adapter that was put", {
		{ PUT, A }, { JOIN_HOME, B, A, HANDLE_ERROR }, { ALLOC_HOME, B, A, HANDLE_ERROR },
		{ AT_HOME, B } } },
	{ "the handle of one that was put while others stay", {
		{ JOIN, B, A, OK }, { PUT, A }, { JOIN_HOME, C, A, OK }, { TOGETHER, B, C },
		{ ALLOC_HOME, C, A, OK }, { FREE, C } } },
	{ "put while joined", {
		{ JOIN, B, A, OK }, { PUT, B }, { OPEN, B }, { AT_HOME, B } } },
	{ "put while joined, with buffers", {
		{ JOIN, B, A, OK }, { ALLOC, B, A, OK }, { PUT, B }, { OPEN, B },
		{ AT_HOME, B } } },
	{ "a new adapter of a device whose domain others have joined", {
		{ JOIN, B, A, OK }, { PUT, A }, { OPEN, A }, { TOGETHER, A, B },
		{ AT_HOME, A } } },
	{ "a domain that the adapter is not in", {
		{ ALLOC, B, A, PARAMETER }, { JOIN, B, A, OK }, { ALLOC, B, A, OK }, { FREE, B },
		{ LEAVE, B, 0, OK }, { ALLOC, B, A, PARAMETER }, { ALLOC, B, B, OK } } },
};

KUNIT_ARRAY_PARAM_DESC(story, story_rows, name);

static void allocate(struct kunit *test, struct actors *actors, const struct step *step,
		     HANDLE domain)
{
	PHYSICAL_ADDRESS *la = &actors->la[step->who];
	PVOID *va = &actors->va[step->who];

	KUNIT_EXPECT_EQ(test, domain_alloc(actors->fixture[step->who], domain, la, va),
			step->expected);
	KUNIT_EXPECT_EQ(test, !!*va, NT_SUCCESS(step->expected));
	KUNIT_EXPECT_EQ(test, !!la->QuadPart, NT_SUCCESS(step->expected));
}

static void take_step(struct kunit *test, struct actors *actors, const struct step *step)
{
	struct wdmdma_fixture *who = actors->fixture[step->who];
	struct wdmdma_fixture *other = actors->fixture[step->other];

	switch (step->op) {
	case JOIN:
		KUNIT_EXPECT_EQ(test, domain_join(who, domain_of(other)), step->expected);
		break;
	case JOIN_HOME:
		KUNIT_EXPECT_EQ(test, domain_join(who, actors->home[step->other]), step->expected);
		break;
	case LEAVE:
		KUNIT_EXPECT_EQ(test, domain_leave(who), step->expected);
		break;
	case ALLOC:
		allocate(test, actors, step, domain_of(other));
		break;
	case ALLOC_HOME:
		allocate(test, actors, step, actors->home[step->other]);
		break;
	case BUFFER:
		actors->va[step->who] = who->ops->AllocateCommonBuffer(who->adapter, LENGTH,
								       &actors->la[step->who],
								       FALSE);
		KUNIT_EXPECT_NOT_NULL(test, actors->va[step->who]);
		break;
	case FREE:
		domain_free(who, actors->la[step->who], actors->va[step->who]);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(who->adapter), 0UL);
		break;
	case PUT:
		domain_put(who);
		break;
	case OPEN:
		actors->fixture[step->who] = wdmdma_test_fixture_on(test, who->dev, 64);
		break;
	case TOGETHER:
		KUNIT_EXPECT_PTR_EQ(test, domain_of(who), domain_of(other));
		break;
	case APART:
		KUNIT_EXPECT_PTR_NE(test, domain_of(who), domain_of(other));
		break;
	case AT_HOME:
		KUNIT_EXPECT_PTR_EQ(test, domain_of(who), actors->home[step->who]);
		break;
	case END:
		break;
	}
}

static void state_machine_is_kept(struct kunit *test)
{
	const struct story_row *row = test->param_value;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(row->step) && row->step[i].op != END; i++)
		take_step(test, test->priv, &row->step[i]);
}

static void handle_is_the_same_on_every_call(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct wdmdma_fixture *again = wdmdma_test_fixture_on(test, actors->fixture[A]->dev, 24);

	KUNIT_EXPECT_PTR_EQ(test, domain_of(actors->fixture[A]), actors->home[A]);
	KUNIT_EXPECT_PTR_EQ(test, domain_of(again), actors->home[A]);
}

/* Values that a driver may pass in place of a handle. */
static HANDLE null_handle(struct actors *actors)
{
	return NULL;
}

static HANDLE all_ones(struct actors *actors)
{
	return (HANDLE)-1L;
}

static HANDLE own_pointer(struct actors *actors)
{
	return actors;
}

static HANDLE adapter_pointer(struct actors *actors)
{
	return actors->fixture[A]->adapter;
}

static HANDLE next_to_a_handle(struct actors *actors)
{
	return (HANDLE)((ULONG_PTR)actors->home[A] + 1);
}

static HANDLE of_closed_domain(struct actors *actors)
{
	domain_put(actors->fixture[A]);
	return actors->home[A];
}

/* Do not unregister the first device, because KUnit's bus binds all devices to its driver. */
static HANDLE of_unbound_device(struct actors *actors)
{
	kunit_device_unregister(kunit_get_current_test(), actors->fixture[C]->dev);
	return actors->home[C];
}

static const struct handle_row {
	const char *name;
	HANDLE (*handle)(struct actors *actors);
} handle_rows[] = {
	{ "NULL", null_handle },
	{ "all ones", all_ones },
	{ "a pointer of the driver's", own_pointer },
	{ "an adapter", adapter_pointer },
	{ "a number next to a handle", next_to_a_handle },
	{ "a closed domain", of_closed_domain },
	{ "the domain of an unbound device", of_unbound_device },
};

KUNIT_ARRAY_PARAM_DESC(handle, handle_rows, name);

static void bad_handle_is_refused(struct kunit *test)
{
	const struct handle_row *row = test->param_value;
	struct actors *actors = test->priv;
	struct wdmdma_fixture *b = actors->fixture[B];
	HANDLE handle = row->handle(actors);
	PHYSICAL_ADDRESS la = { .QuadPart = 1 };
	PVOID va = b;

	KUNIT_EXPECT_EQ(test, domain_join(b, handle), STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, domain_alloc(b, handle, &la, &va), STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_PTR_EQ(test, domain_of(b), actors->home[B]);
}

static const struct alloc_row {
	const char *name;
	u64 maximum;
	ULONG length, flags;
	MEMORY_CACHING_TYPE cache;
	NODE_REQUIREMENT node;
	NTSTATUS expected;
} alloc_rows[] = {
	{ "a byte", U64_MAX, 1, 0, MmCached, 0, OK },
	{ "any node", U64_MAX, SZ_64K, 0, MmCached, MM_ANY_NODE_OK, OK },
	{ "up to 2 GiB", 0x7fffffff, SZ_64K, 0, MmCached, 0, OK },
	{ "up to 16 MiB", 0xffffff, SZ_8K, 0, MmCached, 0, OK },
	{ "large page", U64_MAX, 1, DOMAIN_COMMON_BUFFER_LARGE_PAGE, MmCached, 0, OK },
	{ "uncached", U64_MAX, SZ_8K, 0, MmNonCached, 0, OK },
	{ "uncached large page", U64_MAX, SZ_2M, DOMAIN_COMMON_BUFFER_LARGE_PAGE, MmNonCached, 0,
	  OK },
	{ "length 0", U64_MAX, 0, 0, MmCached, 0, PARAMETER },
	{ "unknown flag", U64_MAX, SZ_4K, 2, MmCached, 0, PARAMETER },
	{ "write-combined", U64_MAX, SZ_4K, 0, MmWriteCombined, 0, PARAMETER },
	{ "cache type 4, of another machine", U64_MAX, SZ_4K, 0, MmNonCachedUnordered, 0,
	  PARAMETER },
	{ "no cache type at all", U64_MAX, SZ_4K, 0, 0x7fffffff, 0, PARAMETER },
	{ "a node that does not exist", U64_MAX, SZ_4K, 0, MmCached, 0x7fffffff, PARAMETER },
	{ "maximum below the length", SZ_64K - 2, SZ_64K, 0, MmCached, 0, PARAMETER },
	{ "maximum 0", 0, SZ_4K, 0, MmCached, 0, PARAMETER },
};

KUNIT_ARRAY_PARAM_DESC(alloc, alloc_rows, name);

static void arguments_are_honoured_or_refused(struct kunit *test)
{
	const struct alloc_row *row = test->param_value;
	struct wdmdma_fixture *a = ((struct actors *)test->priv)->fixture[A];
	size_t granule = row->flags ? SZ_2M : SZ_4K, size = ALIGN((u64)row->length, granule);
	PHYSICAL_ADDRESS maximum = { .QuadPart = row->maximum }, la = { .QuadPart = 1 };
	MEMORY_CACHING_TYPE cache = row->cache;
	NTSTATUS expected = row->expected, status;
	PVOID va = a;

	if (row->cache == MmNonCached && !IS_ENABLED(CONFIG_X86))
		expected = STATUS_NOT_SUPPORTED;
	if (row->expected == OK && !wdmdma_test_has_memory(0, row->maximum))
		expected = STATUS_INSUFFICIENT_RESOURCES;
	status = a->ops->AllocateDomainCommonBuffer(a->adapter, domain_of(a), &maximum, row->length,
						    row->flags, &cache, row->node, &la, &va);
	KUNIT_EXPECT_EQ(test, status, expected);
	if (!NT_SUCCESS(expected)) {
		KUNIT_EXPECT_NULL(test, va);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
		return;
	}
	KUNIT_ASSERT_NOT_NULL(test, va);
	KUNIT_EXPECT_NE(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((u64)la.QuadPart | (ULONG_PTR)va, granule));
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart, row->maximum - (size - 1));
	KUNIT_EXPECT_TRUE(test, wdmdma_test_is_zero(va, size));
	KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(va), row->cache == MmNonCached);
	KUNIT_EXPECT_EQ(test, wdmdma_test_is_uncached(va + size - 1), row->cache == MmNonCached);
	a->ops->FreeCommonBuffer(a->adapter, row->length, la, va, FALSE);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(a->adapter), 0UL);
}

static void missing_outputs_are_refused(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct wdmdma_fixture *a = actors->fixture[A];
	PHYSICAL_ADDRESS la = { .QuadPart = 1 };
	PVOID va = a;

	KUNIT_EXPECT_EQ(test, domain_alloc(a, actors->home[A], NULL, &va), PARAMETER);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, domain_alloc(a, actors->home[A], &la, NULL), PARAMETER);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_EQ(test, domain_alloc(a, actors->home[A], NULL, NULL), PARAMETER);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(a->adapter), 0UL);
}

/*
 * A buffer belongs to the adapter that allocated it. Another member of the
 * domain must not free it.
 */
static void free_on_another_member_frees_nothing(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct wdmdma_fixture *a = actors->fixture[A], *b = actors->fixture[B];
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_ASSERT_EQ(test, domain_join(b, actors->home[A]), OK);
	KUNIT_ASSERT_EQ(test, domain_alloc(a, actors->home[A], &la, &va), OK);
	domain_free(b, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(a->adapter), 1UL);
	memset(va, 0xa5, LENGTH);
	domain_free(a, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(a->adapter), 0UL);
}

static void ceiling_is_the_lowest_of_the_members(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct wdmdma_fixture *a = actors->fixture[A];
	struct wdmdma_fixture *narrow = wdmdma_test_fixture_on(test, wdmdma_test_device(test), 28);
	PHYSICAL_ADDRESS la;
	PVOID va;

	wdmdma_test_needs_memory_within(test, 28);
	KUNIT_ASSERT_EQ(test, domain_join(narrow, actors->home[A]), OK);
	KUNIT_ASSERT_EQ(test, domain_alloc(a, actors->home[A], &la, &va), OK);
	KUNIT_EXPECT_LE(test, (u64)la.QuadPart + LENGTH - 1, DMA_BIT_MASK(28));
	domain_free(a, la, va);
}

static void calls_need_passive_level(struct kunit *test)
{
	struct actors *actors = test->priv;
	struct wdmdma_fixture *b = actors->fixture[B];
	PHYSICAL_ADDRESS la = { .QuadPart = 1 };
	NTSTATUS joined, left, allocated;
	HANDLE domain;
	PVOID va = b;

	local_bh_disable();
	domain = domain_of(b);
	joined = domain_join(b, actors->home[A]);
	left = domain_leave(b);
	allocated = domain_alloc(b, actors->home[B], &la, &va);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, domain);
	KUNIT_EXPECT_EQ(test, joined, STATE);
	KUNIT_EXPECT_EQ(test, left, STATE);
	KUNIT_EXPECT_EQ(test, allocated, STATE);
	KUNIT_EXPECT_NULL(test, va);
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	KUNIT_EXPECT_PTR_EQ(test, domain_of(b), actors->home[B]);
}

static void adapter_that_is_not_live_is_refused(struct kunit *test)
{
	struct actors *actors = test->priv;
	const DMA_OPERATIONS *ops = actors->fixture[B]->ops;
	PDMA_ADAPTER adapters[] = { NULL, actors->fixture[B]->adapter, (PDMA_ADAPTER)actors };
	PHYSICAL_ADDRESS la;
	NTSTATUS status;
	unsigned int i;
	PVOID va;

	domain_put(actors->fixture[B]);
	for (i = 0; i < ARRAY_SIZE(adapters); i++) {
		va = actors;
		KUNIT_EXPECT_NULL(test, ops->GetDmaDomain(adapters[i]));
		KUNIT_EXPECT_EQ(test, ops->JoinDmaDomain(adapters[i], actors->home[A]), PARAMETER);
		KUNIT_EXPECT_EQ(test, ops->LeaveDmaDomain(adapters[i]), PARAMETER);
		KUNIT_EXPECT_EQ(test, ops->FlushDmaBuffer(adapters[i], NULL, TRUE), PARAMETER);
		status = ops->AllocateDomainCommonBuffer(adapters[i], actors->home[A], NULL, 1, 0,
							 NULL, 0, &la, &va);
		KUNIT_EXPECT_EQ(test, status, PARAMETER);
		KUNIT_EXPECT_NULL(test, va);
	}
}

/* FlushDmaBuffer. */

static void flush_makes_no_difference_to_the_bytes(struct kunit *test)
{
	struct wdmdma_fixture *a = ((struct actors *)test->priv)->fixture[A];
	u8 *bytes = kunit_kmalloc(test, 3 * SZ_4K, GFP_KERNEL);
	NTSTATUS status;
	PMDL mdl;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	memset(bytes, 0x5a, 3 * SZ_4K);
	mdl = IoAllocateMdl(bytes + 100, 2 * SZ_4K, FALSE, FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_EXPECT_EQ(test, a->ops->FlushDmaBuffer(a->adapter, mdl, FALSE), OK);
	local_bh_disable();
	status = a->ops->FlushDmaBuffer(a->adapter, mdl, TRUE);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, status, OK);
	KUNIT_EXPECT_NULL(test, memchr_inv(bytes, 0x5a, 3 * SZ_4K));
	IoFreeMdl(mdl);
}

static void flush_refuses_what_is_not_resident(struct kunit *test)
{
	struct wdmdma_fixture *a = ((struct actors *)test->priv)->fixture[A];
	MDL mdl = { .ByteCount = SZ_4K };

	KUNIT_EXPECT_EQ(test, a->ops->FlushDmaBuffer(a->adapter, NULL, TRUE), PARAMETER);
	KUNIT_EXPECT_EQ(test, a->ops->FlushDmaBuffer(a->adapter, &mdl, TRUE), PARAMETER);
	mdl.MdlFlags = MDL_PAGES_LOCKED | MDL_IO_SPACE;
	KUNIT_EXPECT_EQ(test, a->ops->FlushDmaBuffer(a->adapter, &mdl, FALSE), PARAMETER);
}

static struct kunit_case wdm_domain_cases[] = {
	KUNIT_CASE_PARAM(state_machine_is_kept, story_gen_params),
	KUNIT_CASE(handle_is_the_same_on_every_call),
	KUNIT_CASE_PARAM(bad_handle_is_refused, handle_gen_params),
	KUNIT_CASE_PARAM(arguments_are_honoured_or_refused, alloc_gen_params),
	KUNIT_CASE(missing_outputs_are_refused),
	KUNIT_CASE(free_on_another_member_frees_nothing),
	KUNIT_CASE(ceiling_is_the_lowest_of_the_members),
	KUNIT_CASE(calls_need_passive_level),
	KUNIT_CASE(adapter_that_is_not_live_is_refused),
	KUNIT_CASE(flush_makes_no_difference_to_the_bytes),
	KUNIT_CASE(flush_refuses_what_is_not_resident),
	{}
};

static struct kunit_suite wdm_domain_suite = {
	.name = "wdmdma_wdm_domain",
	.init = domain_init,
	.test_cases = wdm_domain_cases,
};

kunit_test_suite(wdm_domain_suite);
