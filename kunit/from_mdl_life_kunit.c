// SPDX-License-Identifier: GPL-2.0-only
/*
 * wdm/wdm_from_mdl.c. The calls that end a buffer of CreateCommonBufferFromMdl, and
 * the memory that must outlive the buffer.
 */
#include <kunit/device.h>
#include <linux/io.h>
#include <linux/kmsg_dump.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include <wdmdma/mdl.h>

#include "from_mdl.h"
#include "helpers.h"
#include "lib/owner.h"
#include "mdl.h"

/* FreeCommonBuffer with arguments of the SubSection or of the MDL. */

static const struct free_row {
	const char *name;
	LONG va, la, length;	/* added to those of the SubSection, which is pages 2 to 4 of 8 */
	bool good;
} free_rows[] = {
	{ "address and length of the section", 0, 0, 0, true },
	{ "address of the section, length of the MDL", 0, 0, 5 * SZ_4K, true },
	{ "address of the MDL, length of the section", -2 * SZ_4K, 0, 0, true },
	{ "address and length of the MDL", -2 * SZ_4K, 0, 5 * SZ_4K, true },
	{ "page within the section", SZ_4K, 0, 0 },
	{ "page within the section, its own logical address", SZ_4K, SZ_4K, -SZ_4K },
	{ "not the first byte", 1, 0, 0 },
	{ "page before the section", -SZ_4K, 0, 0 },
	{ "another logical address", 0, SZ_4K, 0 },
	{ "logical address of the MDL", -2 * SZ_4K, -2 * SZ_4K, 0 },
	{ "length too short", 0, 0, -SZ_4K },
	{ "length too short by a byte", 0, 0, -1 },
	{ "length 0", 0, 0, -3 * SZ_4K },
	{ "length too long", 0, 0, SZ_4K },
};

KUNIT_ARRAY_PARAM_DESC(free, free_rows, name);

static void free_has_to_name_the_buffer(struct kunit *test)
{
	const struct free_row *row = test->param_value;
	u8 *block = from_mdl_block(test), *va = block + 2 * SZ_4K;
	PMDL mdl = mdl_built(test, block, BLOCK);
	CONFIG config = from_mdl_section(2 * SZ_4K, 3 * SZ_4K);
	PHYSICAL_ADDRESS la, named;

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, &config, 1, &la), STATUS_SUCCESS);
	named.QuadPart = la.QuadPart + row->la;
	from_mdl_release(test, 3 * SZ_4K + row->length, named, va + row->va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), row->good ? 0UL : 1UL);
	from_mdl_release(test, 3 * SZ_4K, la, va); /* the second free if @good */
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	from_mdl_expect_untouched(test, block);
	IoFreeMdl(mdl);
}

/*
 * With two sections of one MDL, the logical address must select the buffer if the free
 * passes the MDL's address.
 */
static void free_tells_sections_apart(struct kunit *test)
{
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, BLOCK);
	CONFIG one = from_mdl_section(SZ_4K, SZ_4K), two = from_mdl_section(4 * SZ_4K, SZ_8K);
	PHYSICAL_ADDRESS la_one, la_two;

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, &one, 1, &la_one), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, &two, 1, &la_two), STATUS_SUCCESS);
	from_mdl_release(test, BLOCK, la_two, block);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	from_mdl_release(test, SZ_8K, la_two, block + 4 * SZ_4K); /* freed already */
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	from_mdl_release(test, SZ_4K, la_one, block + SZ_4K);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	IoFreeMdl(mdl);
}

static void free_at_dispatch(struct kunit *test)
{
	PMDL mdl = from_mdl_pages(test, true, true);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	local_bh_disable();
	from_mdl_release(test, BLOCK, la, mdl->MappedSystemVa);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	mdl_free_pages(mdl);
}

/* Memory that is freed under a buffer must be reported, and must be held where this is possible. */

static void mdl_freed_before_the_buffer(struct kunit *test)
{
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, BLOCK);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	from_mdl_release(test, BLOCK, la, block);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	from_mdl_expect_untouched(test, block);
}

static void pages_freed_before_the_buffer_are_held(struct kunit *test)
{
	PMDL mdl = from_mdl_pages(test, true, true);
	struct page *page = pfn_to_page(MmGetMdlPfnArray(mdl)[PAGES - 1]);
	PVOID va = mdl->MappedSystemVa;
	PHYSICAL_ADDRESS la;
	int before = page_count(page);

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, page_count(page), before + 1);
	memset(page_address(page), 0x5a, SZ_4K);
	mdl_free_pages(mdl);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0x5a, SZ_4K));
	get_page(page);
	from_mdl_release(test, BLOCK, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
}

/* The next MDL may get the memory of a freed MDL, and has nothing to do with the buffer. */
static void buffer_does_not_outlive_its_mdl_by_name(struct kunit *test)
{
	PMDL mdl = from_mdl_pages(test, true, true);
	const void *key = mdl;
	PVOID va = mdl->MappedSystemVa;
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_EXPECT_TRUE(test, wdmdma_owner_is_used(key));
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
	KUNIT_EXPECT_FALSE(test, wdmdma_owner_is_used(key));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	from_mdl_release(test, BLOCK, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

static const struct hold_row {
	const char *name;
	bool partial;	/* the buffer is made from a part of the locked MDL */
} hold_rows[] = {
	{ "locked MDL", false },
	{ "part of it", true },
};

KUNIT_ARRAY_PARAM_DESC(hold, hold_rows, name);

static void user_page_unlocked_before_the_buffer_is_held(struct kunit *test)
{
	const struct hold_row *row = test->param_value;
	unsigned long user = mdl_user_map(test, SZ_4K, PROT_READ | PROT_WRITE);
	PMDL mdl = IoAllocateMdl((PVOID)user, SZ_4K, FALSE, FALSE, NULL);
	PMDL part = IoAllocateMdl((PVOID)user, SZ_4K, FALSE, FALSE, NULL);
	PHYSICAL_ADDRESS la;
	struct page *page;
	PVOID va;

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	va = MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority);
	KUNIT_ASSERT_NOT_NULL(test, va);
	page = pfn_to_page(MmGetMdlPfnArray(mdl)[0]);
	KUNIT_ASSERT_NOT_NULL(test, part);
	IoBuildPartialMdl(mdl, part, (PVOID)user, SZ_4K);
	KUNIT_ASSERT_EQ(test, from_mdl_create(test, row->partial ? part : mdl, NULL, 0, &la),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, (u64)la.QuadPart, page_to_phys(page));
	KUNIT_EXPECT_EQ(test, put_user(0x5a, (u8 __user *)user), 0);
	IoFreeMdl(part);
	MmUnlockPages(mdl);
	KUNIT_EXPECT_EQ(test, vm_munmap(user, SZ_4K), 0);
	IoFreeMdl(mdl);
	KUNIT_EXPECT_GE(test, page_count(page), 1);
	KUNIT_EXPECT_EQ(test, *(u8 *)page_address(page), 0x5a);
	from_mdl_release(test, SZ_4K, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
}

/* The system address must still identify the buffer after the mapping was removed. */
static void mapping_removed_before_the_buffer(struct kunit *test)
{
	PMDL mdl = from_mdl_pages(test, true, true);
	PVOID va = mdl->MappedSystemVa;
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	MmUnmapLockedPages(va, mdl);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	from_mdl_release(test, BLOCK, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	mdl_free_pages(mdl);
}

/* Return the end of the kernel's log. */
static struct kmsg_dump_iter log_end(void)
{
	struct kmsg_dump_iter iter;

	kmsg_dump_rewind(&iter);
	iter.cur_seq = iter.next_seq;
	return iter;
}

/* Return true if this call has logged, since @since, that a buffer still uses the MDL. */
static bool use_is_reported(struct kmsg_dump_iter *since, const char *call)
{
	static const char text[] = ": a common buffer made from this MDL is live";
	size_t length;
	char line[256];

	while (kmsg_dump_get_line(since, false, line, sizeof(line) - 1, &length)) {
		line[length] = 0;
		if (strstr(line, call) && strstr(line, text))
			return true;
	}
	return false;
}

enum undo { FREE_PAGES, UNMAP, UNLOCK };

static const struct undo_row {
	const char *name;
	enum undo undo;
} undo_rows[] = {
	{ "MmFreePagesFromMdl", FREE_PAGES },
	{ "MmUnmapLockedPages", UNMAP },
	{ "MmUnlockPages", UNLOCK },
};

KUNIT_ARRAY_PARAM_DESC(undo, undo_rows, name);

/*
 * Return an MDL with a system address. Its page is a user page if MmUnlockPages() is to
 * unlock it.
 */
static PMDL pages_for(struct kunit *test, enum undo undo)
{
	PMDL mdl;

	if (undo != UNLOCK)
		return from_mdl_pages(test, true, true);
	mdl = IoAllocateMdl((PVOID)mdl_user_map(test, SZ_4K, PROT_READ | PROT_WRITE), SZ_4K, FALSE,
			    FALSE, NULL);
	KUNIT_ASSERT_NOT_NULL(test, mdl);
	KUNIT_ASSERT_EQ(test, MmProbeAndLockPages(mdl, UserMode, IoWriteAccess), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
	return mdl;
}

static void undo_under_a_buffer(struct kunit *test, enum undo undo, PMDL mdl)
{
	if (undo == FREE_PAGES) {
		MmFreePagesFromMdl(mdl);
	} else if (undo == UNMAP) {
		MmUnmapLockedPages(mdl->MappedSystemVa, mdl);
	} else {
		MmUnlockPages(mdl);
		KUNIT_EXPECT_EQ(test, vm_munmap((ULONG_PTR)MmGetMdlVirtualAddress(mdl), SZ_4K), 0);
	}
	KUNIT_EXPECT_FALSE(test, mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA);
	KUNIT_EXPECT_EQ(test, !!(mdl->MdlFlags & MDL_PAGES_LOCKED), undo == UNMAP);
}

/* The call must be reported, and the buffer must hold the pages until it is freed. */
static void pages_stay_until_the_buffer_goes(struct kunit *test)
{
	const struct undo_row *row = test->param_value;
	PMDL mdl = pages_for(test, row->undo);
	struct page *page = pfn_to_page(MmGetMdlPfnArray(mdl)[0]);
	ULONG length = MmGetMdlByteCount(mdl);
	u8 *va = mdl->MappedSystemVa;
	struct kmsg_dump_iter log;
	PHYSICAL_ADDRESS la;
	int count, left;

	memset(va, 0x5a, length);
	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	log = log_end();
	undo_under_a_buffer(test, row->undo, mdl);
	KUNIT_EXPECT_TRUE(test, use_is_reported(&log, row->name));
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 1UL);
	KUNIT_EXPECT_EQ(test, folio_maybe_dma_pinned(page_folio(page)), row->undo == UNLOCK);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0x5a, SZ_4K));

	get_page(page);		/* to look at the page after the buffer is gone */
	count = page_count(page);
	KUNIT_EXPECT_GE(test, count, row->undo == UNMAP ? 3 : 2);
	from_mdl_release(test, length, la, va);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	/* A pin counts as many references. */
	left = row->undo == UNLOCK ? 1 : count - 1;
	/* Some pages of users stay in a batch of their CPU, which holds a reference to each. */
	KUNIT_EXPECT_GE(test, page_count(page), left);
	KUNIT_EXPECT_LE(test, page_count(page), left + (row->undo == UNLOCK));
	KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(page_folio(page)));
	put_page(page);
	if (row->undo == UNMAP)
		MmFreePagesFromMdl(mdl);
	if (row->undo == UNLOCK)
		IoFreeMdl(mdl);
	else
		ExFreePool(mdl);
}

/* Buffers that the driver did not free. */

static void put_of_the_adapter_leaves_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, BLOCK), pages = from_mdl_pages(test, true, true);
	struct page *page = pfn_to_page(MmGetMdlPfnArray(pages)[0]);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, from_mdl_create(test, pages, NULL, 0, &la), STATUS_SUCCESS);
	f->ops->PutDmaAdapter(f->adapter);
	KUNIT_EXPECT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_INVALID_PARAMETER);
	f->adapter = NULL;
	from_mdl_expect_untouched(test, block);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_EQ(test, MmAdvanceMdl(mdl, SZ_4K), STATUS_SUCCESS);	/* not in use */
	IoFreeMdl(mdl);
	mdl_free_pages(pages);
}

static void unbind_leaves_the_memory(struct kunit *test)
{
	struct wdmdma_fixture *f = test->priv;
	u8 *block = from_mdl_block(test);
	PMDL mdl = mdl_built(test, block, BLOCK), pages = from_mdl_pages(test, true, true);
	struct page *page = pfn_to_page(MmGetMdlPfnArray(pages)[0]);
	PHYSICAL_ADDRESS la;

	KUNIT_ASSERT_EQ(test, from_mdl_create(test, mdl, NULL, 0, &la), STATUS_SUCCESS);
	KUNIT_ASSERT_EQ(test, from_mdl_create(test, pages, NULL, 0, &la), STATUS_SUCCESS);
	kunit_device_unregister(test, f->dev);
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(from_mdl_create(test, mdl, NULL, 0, &la)));
	KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	from_mdl_expect_untouched(test, block);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	IoFreeMdl(mdl);
	mdl_free_pages(pages);
}

/* The call must fail cleanly at every allocation. */

static PMDL sweep_mdl;

static void create_and_free(struct kunit *test)
{
	PHYSICAL_ADDRESS la;
	NTSTATUS status = from_mdl_create(test, sweep_mdl, NULL, 0, &la);

	if (NT_SUCCESS(status)) {
		from_mdl_release(test, BLOCK, la, sweep_mdl->MappedSystemVa);
	} else {
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
		KUNIT_EXPECT_EQ(test, la.QuadPart, 0LL);
	}
}

static void create_fails_cleanly(struct kunit *test)
{
	struct page *page;

	sweep_mdl = from_mdl_pages(test, true, true);
	page = pfn_to_page(MmGetMdlPfnArray(sweep_mdl)[0]);
	memset(page_address(page), 0xa5, SZ_4K);
	wdmdma_test_sweep(test, create_and_free);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live(test), 0UL);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0xa5, SZ_4K));
	mdl_free_pages(sweep_mdl);
}

static struct kunit_case from_mdl_life_cases[] = {
	KUNIT_CASE_PARAM(free_has_to_name_the_buffer, free_gen_params),
	KUNIT_CASE(free_tells_sections_apart),
	KUNIT_CASE(free_at_dispatch),
	/*
	 * This case must come before the cases that log the same messages, because messages are
	 * rate limited.
	 */
	KUNIT_CASE_PARAM(pages_stay_until_the_buffer_goes, undo_gen_params),
	KUNIT_CASE(mdl_freed_before_the_buffer),
	KUNIT_CASE(pages_freed_before_the_buffer_are_held),
	KUNIT_CASE(buffer_does_not_outlive_its_mdl_by_name),
	KUNIT_CASE_PARAM(user_page_unlocked_before_the_buffer_is_held, hold_gen_params),
	KUNIT_CASE(mapping_removed_before_the_buffer),
	KUNIT_CASE(put_of_the_adapter_leaves_the_memory),
	KUNIT_CASE(unbind_leaves_the_memory),
	KUNIT_CASE(create_fails_cleanly),
	{}
};

static struct kunit_suite from_mdl_life_suite = {
	.name = "wdmdma_from_mdl_life",
	.init = wdmdma_test_fixture_init,
	.test_cases = from_mdl_life_cases,
};

kunit_test_suite(from_mdl_life_suite);
