// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a process must be pinned while they are locked by an MDL or used by a common
 * buffer. The pins must count against the process's limit.
 */
#include <kunit/device.h>
#include <linux/bottom_half.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "helpers.h"
#include "mdl.h"

#define PAGES	4

/* Return true if the page is pinned. This works only for single pages, which the cases use. */
static bool is_pinned(unsigned long pfn)
{
	return folio_maybe_dma_pinned(page_folio(pfn_to_page(pfn)));
}

/* Return how many pages count as pinned by this process. */
static unsigned long pinned(void)
{
	return atomic64_read(&current->mm->pinned_vm);
}

static const struct buffer_row {
	const char *name;
	bool partial;		/* the buffers are made from a part of the locked MDL */
	bool at_dispatch;	/* MmUnlockPages() is called at this level */
	unsigned int buffers;	/* number of buffers, each of its own adapter */
} buffer_rows[] = {
	{ "locked MDL", .buffers = 1 },
	{ "part of it", .partial = true, .buffers = 1 },
	{ "unlocked at DISPATCH_LEVEL", .at_dispatch = true, .buffers = 1 },
	{ "two buffers", .buffers = 2 },
};

KUNIT_ARRAY_PARAM_DESC(buffer, buffer_rows, name);

/*
 * The unlock must unpin the second page, but not the first, which a buffer uses. A page that stays
 * pinned must count against the process's limit.
 */
static void page_of_a_buffer_stays_pinned(struct kunit *test)
{
	const struct buffer_row *row = test->param_value;
	struct wdmdma_fixture *fixture[2] = { test->priv };
	unsigned long user = mdl_user_map(test, 2 * SZ_4K, PROT_READ | PROT_WRITE), pfn[2];
	PMDL mdl = mdl_alloc(test, (void *)user, 2 * SZ_4K),
	     part = mdl_alloc(test, (void *)user, SZ_4K);
	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION first = {
		.ConfigType = CommonBufferConfigTypeSubSection,
		.SubSection = { .Offset = 0, .Length = SZ_4K },
	};
	unsigned long before = pinned();
	PHYSICAL_ADDRESS la[2];
	unsigned int i;
	NTSTATUS status;
	PVOID va;

	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	pfn[0] = MmGetMdlPfnArray(mdl)[0];
	pfn[1] = MmGetMdlPfnArray(mdl)[1];
	IoBuildPartialMdl(mdl, part, (PVOID)user, SZ_4K);
	for (i = 0; i < row->buffers; i++) {
		if (i)
			fixture[i] = wdmdma_test_fixture(test);
		status = fixture[i]->ops->CreateCommonBufferFromMdl(fixture[i]->adapter,
								    row->partial ? part : mdl,
								    row->partial ? NULL : &first,
								    row->partial ? 0 : 1, &la[i]);
		KUNIT_ASSERT_EQ(test, status, STATUS_SUCCESS);
	}
	if (row->at_dispatch)
		local_bh_disable();
	MmUnlockPages(mdl);
	if (row->at_dispatch)
		local_bh_enable();
	KUNIT_EXPECT_FALSE(test, is_pinned(pfn[1]));
	for (i = 0; i < row->buffers; i++) {
		KUNIT_EXPECT_TRUE(test, is_pinned(pfn[0]));
		KUNIT_EXPECT_EQ(test, pinned(), before + 1);
		wdmdma_test_free(fixture[i], SZ_4K, la[i], va);
		KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(fixture[i]->adapter), 0UL);
	}
	KUNIT_EXPECT_FALSE(test, is_pinned(pfn[0]));
	KUNIT_EXPECT_EQ(test, pinned(), before);
	IoFreeMdl(part);
	IoFreeMdl(mdl);
}

/* A page that a buffer keeps pinned must count once, however often it is locked meanwhile. */
static void page_that_is_locked_again_counts_once(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	unsigned long user = mdl_user_map(test, SZ_4K, PROT_READ | PROT_WRITE), before = pinned();
	PMDL mdl = mdl_alloc(test, (void *)user, SZ_4K);
	PHYSICAL_ADDRESS la;
	unsigned int i;
	PVOID va;

	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, NULL,
								      0, &la), STATUS_SUCCESS);
	MmUnlockPages(mdl);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, pinned(), before + 1);
		KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess),
				STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, pinned(), before + 2);
		MmUnlockPages(mdl);
	}
	wdmdma_test_free(fixture, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, pinned(), before);
	IoFreeMdl(mdl);
}

/* The usual order frees the buffer first, and then no pin must remain after the unlock. */
static void page_is_unpinned_by_the_unlock_if_no_buffer_uses_it(struct kunit *test)
{
	struct wdmdma_fixture *fixture = test->priv;
	unsigned long user = mdl_user_map(test, SZ_4K, PROT_READ | PROT_WRITE), pfn;
	PMDL mdl = mdl_alloc(test, (void *)user, SZ_4K);
	PHYSICAL_ADDRESS la;
	PVOID va;

	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	pfn = MmGetMdlPfnArray(mdl)[0];
	KUNIT_ASSERT_EQ(test, fixture->ops->CreateCommonBufferFromMdl(fixture->adapter, mdl, NULL,
								      0, &la), STATUS_SUCCESS);
	wdmdma_test_free(fixture, SZ_4K, la, va);
	KUNIT_EXPECT_TRUE(test, is_pinned(pfn));
	MmUnlockPages(mdl);
	KUNIT_EXPECT_FALSE(test, is_pinned(pfn));
	IoFreeMdl(mdl);
}

/* Give this thread the limit of a process without privileges. */
struct limit {
	unsigned long before;
	const struct cred *creds;
	struct cred *plain;
};

static void limit_set(struct kunit *test, struct limit *limit, unsigned long bytes)
{
	struct rlimit *rlim = &current->signal->rlim[RLIMIT_MEMLOCK];

	limit->plain = prepare_creds();
	KUNIT_ASSERT_NOT_NULL(test, limit->plain);
	cap_clear(limit->plain->cap_effective);
	limit->creds = override_creds(limit->plain);
	limit->before = rlim->rlim_cur;
	WRITE_ONCE(rlim->rlim_cur, bytes);
}

static void limit_undo(struct limit *limit)
{
	WRITE_ONCE(current->signal->rlim[RLIMIT_MEMLOCK].rlim_cur, limit->before);
	revert_creds(limit->creds);
	put_cred(limit->plain);
}

static void pinned_pages_count_against_the_limit(struct kunit *test)
{
	unsigned long user = mdl_user_map(test, PAGES * SZ_4K, PROT_READ | PROT_WRITE),
		      before = pinned();
	PMDL all = mdl_alloc(test, (void *)user, PAGES * SZ_4K),
	     more = mdl_alloc(test, (void *)user, SZ_4K);
	NTSTATUS status[4];
	struct limit limit;

	limit_set(test, &limit, (before + PAGES) * SZ_4K);
	status[0] = MmProbeAndLockPages(all, UserMode, IoWriteAccess);
	status[1] = MmProbeAndLockPages(more, UserMode, IoReadAccess);
	limit_undo(&limit);
	KUNIT_EXPECT_EQ(test, status[0], STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, status[1], STATUS_WORKING_SET_QUOTA);
	KUNIT_EXPECT_FALSE(test, more->MdlFlags & MDL_PAGES_LOCKED);
	KUNIT_EXPECT_EQ(test, pinned(), before + PAGES);

	/* Pages that MmAdvanceMdl() or MmUnlockPages() unlocked must not count any more. */
	KUNIT_EXPECT_EQ(test, MmAdvanceMdl(all, SZ_4K), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, pinned(), before + PAGES - 1);
	limit_set(test, &limit, (before + PAGES) * SZ_4K);
	status[2] = MmProbeAndLockPages(more, UserMode, IoReadAccess);
	limit_undo(&limit);
	KUNIT_EXPECT_EQ(test, status[2], STATUS_SUCCESS);
	MmUnlockPages(all);
	local_bh_disable();
	MmUnlockPages(more);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, pinned(), before);

	/* A thread with CAP_IPC_LOCK must have no limit. The test thread has that capability. */
	limit_set(test, &limit, 0);
	cap_raise(limit.plain->cap_effective, CAP_IPC_LOCK);
	status[3] = MmProbeAndLockPages(more, UserMode, IoReadAccess);
	limit_undo(&limit);
	KUNIT_EXPECT_EQ(test, status[3], STATUS_SUCCESS);
	MmUnlockPages(more);
	IoFreeMdl(all);
	IoFreeMdl(more);
}

static void lock_that_fails_counts_nothing(struct kunit *test)
{
	unsigned long user = mdl_user_map(test, PAGES * SZ_4K, PROT_READ | PROT_WRITE),
		      before = pinned();
	PMDL mdl = mdl_alloc(test, (void *)user, PAGES * SZ_4K);

	KUNIT_ASSERT_EQ(test, vm_munmap(user + 2 * SZ_4K, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess),
			STATUS_ACCESS_VIOLATION);
	KUNIT_EXPECT_EQ(test, pinned(), before);
	IoFreeMdl(mdl);
}

static struct kunit_case mdl_pins_cases[] = {
	KUNIT_CASE_PARAM(page_of_a_buffer_stays_pinned, buffer_gen_params),
	KUNIT_CASE(page_that_is_locked_again_counts_once),
	KUNIT_CASE(page_is_unpinned_by_the_unlock_if_no_buffer_uses_it),
	KUNIT_CASE(pinned_pages_count_against_the_limit),
	KUNIT_CASE(lock_that_fails_counts_nothing),
	{}
};

static struct kunit_suite mdl_pins_suite = {
	.name = "wdmdma_mdl_pins",
	.init = wdmdma_test_fixture_init,
	.test_cases = mdl_pins_cases,
};

kunit_test_suite(mdl_pins_suite);
