// SPDX-License-Identifier: GPL-2.0-only
/*
 * SRBs with data, for a device without an IOMMU (storport/stor_srb.c).
 * wdm_storport_address_kunit.c has SRBs without data and the refusals of the calls.
 */
#include <kunit/device.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "level.h"
#include "log.h"
#include "memory.h"

#define PAGES	4
#define LENGTH	(PAGES * SZ_4K - 300)

/* An SRB, and memory for its data that begins inside a page. */
struct request {
	struct wdmdma_miniport *miniport;
	struct wdmdma_memory *memory;
	PMDL mdl;
	PSCSI_REQUEST_BLOCK srb;
};

static struct request *request_on(struct kunit *test, struct wdmdma_miniport *miniport)
{
	struct request *request = kunit_kzalloc(test, sizeof(*request), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, request);
	request->miniport = miniport;
	request->memory = wdmdma_test_memory(test, PAGES);
	request->mdl = wdmdma_test_mdl(test, request->memory->va + 100, LENGTH);
	request->srb = wdmdma_srb_create(miniport->extension, 64);
	KUNIT_ASSERT_NOT_NULL(test, request->srb);
	return request;
}

static struct request *request_of(struct kunit *test)
{
	return request_on(test, test->priv);
}

static NTSTATUS map(struct request *request, bool write)
{
	return wdmdma_srb_map(request->miniport->extension, request->srb, request->mdl, write);
}

static void unmap(struct request *request)
{
	wdmdma_srb_unmap(request->miniport->extension, request->srb);
}

static PSTOR_SCATTER_GATHER_LIST list_of(struct request *request)
{
	return StorPortGetScatterGatherList(request->miniport->extension, request->srb);
}

static u64 address_of(struct request *request, PVOID va, ULONG *left)
{
	*left = 0x5a5a5a5a;
	return StorPortGetPhysicalAddress(request->miniport->extension, request->srb, va,
					  left).QuadPart;
}

static unsigned int lists_of(struct wdmdma_miniport *miniport)
{
	return wdmdma_test_lists(wdmdma_test_miniport_adapter(miniport));
}

static PSTOR_SCATTER_GATHER_LIST data_in_of(struct kunit *test, struct request *request)
{
	PSTOR_SCATTER_GATHER_LIST list = (PVOID)test;

	KUNIT_EXPECT_EQ(test,
			StorPortGetDataInBufferScatterGatherList(request->miniport->extension,
								 request->srb, &list),
			STOR_STATUS_SUCCESS);
	return list;
}

static PVOID mdl_of(struct kunit *test, struct request *request)
{
	PVOID mdl = test;

	KUNIT_EXPECT_EQ(test, StorPortGetOriginalMdl(request->miniport->extension, request->srb,
						     &mdl),
			STOR_STATUS_SUCCESS);
	return mdl;
}

static void map_gives_the_srb_its_data(struct kunit *test)
{
	struct request *request = request_of(test);
	PSCSI_REQUEST_BLOCK srb = request->srb;
	PSTOR_SCATTER_GATHER_LIST list;
	unsigned int write;

	for (write = 0; write < 2; write++) {
		KUNIT_ASSERT_EQ(test, map(request, write), STATUS_SUCCESS);
		KUNIT_EXPECT_PTR_EQ(test, srb->DataBuffer, (PVOID)request->memory->va + 100);
		KUNIT_EXPECT_EQ(test, srb->DataTransferLength, (ULONG)LENGTH);
		KUNIT_EXPECT_EQ(test, srb->SrbFlags,
				(ULONG)(write ? SRB_FLAGS_DATA_OUT : SRB_FLAGS_DATA_IN));
		KUNIT_EXPECT_PTR_EQ(test, mdl_of(test, request), (PVOID)request->mdl);
		list = list_of(request);
		KUNIT_ASSERT_NOT_NULL(test, list);
		wdmdma_test_expect_list(test, (PSCATTER_GATHER_LIST)list, request->memory, 100,
					LENGTH);
		/* The data-in list must be the list of a read. A write must have none. */
		KUNIT_EXPECT_PTR_EQ(test, data_in_of(test, request), write ? NULL : list);

		unmap(request);
		KUNIT_EXPECT_NULL(test, srb->DataBuffer);
		KUNIT_EXPECT_EQ(test, srb->DataTransferLength, 0U);
		KUNIT_EXPECT_EQ(test, srb->SrbFlags, 0U);
		KUNIT_EXPECT_NULL(test, list_of(request));
		KUNIT_EXPECT_NULL(test, data_in_of(test, request));
		KUNIT_EXPECT_NULL(test, mdl_of(test, request));
		KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);
	}
}

static void every_byte_of_the_data_has_its_address(struct kunit *test)
{
	static const size_t offsets[] = { 0, 1, SZ_4K - 101, SZ_4K - 100, 2 * SZ_4K, LENGTH - 1 };
	struct request *request = request_of(test);
	u8 *data = request->memory->va + 100;
	unsigned int i;
	ULONG left;

	KUNIT_EXPECT_EQ(test, address_of(request, data, &left), 0ULL);
	KUNIT_ASSERT_EQ(test, map(request, true), STATUS_SUCCESS);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		u64 la = address_of(request, data + offsets[i], &left);

		KUNIT_ASSERT_NE(test, la, 0ULL);
		KUNIT_EXPECT_EQ(test, *wdmdma_test_at(la), data[offsets[i]]);
		/*
		 * The length must end with the page or with the data, because no
		 * two pages are adjacent.
		 */
		KUNIT_EXPECT_EQ(test, (size_t)left,
				min_t(size_t, SZ_4K - offset_in_page(100 + offsets[i]),
				      LENGTH - offsets[i]));
	}
	KUNIT_EXPECT_EQ(test, address_of(request, data - 1, &left), 0ULL);
	KUNIT_EXPECT_EQ(test, left, 0U);
	KUNIT_EXPECT_EQ(test, address_of(request, data + LENGTH, &left), 0ULL);
	KUNIT_EXPECT_EQ(test, left, 0U);

	/* The miniport may write to its SRB. */
	request->srb->DataBuffer = NULL;
	KUNIT_EXPECT_NE(test, address_of(request, data + 5, &left), 0ULL);
	KUNIT_EXPECT_EQ(test, address_of(request, NULL, &left), 0ULL);
	unmap(request);
	KUNIT_EXPECT_EQ(test, address_of(request, data, &left), 0ULL);
}

static void srb_is_mapped_once(struct kunit *test)
{
	struct request *request = request_of(test);
	PSTOR_SCATTER_GATHER_LIST list;

	unmap(request);
	KUNIT_ASSERT_EQ(test, map(request, true), STATUS_SUCCESS);
	list = list_of(request);
	KUNIT_EXPECT_EQ(test, map(request, false), STATUS_INVALID_DEVICE_STATE);
	KUNIT_EXPECT_PTR_EQ(test, list_of(request), list);
	KUNIT_EXPECT_EQ(test, request->srb->SrbFlags, (ULONG)SRB_FLAGS_DATA_OUT);
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 1U);
	unmap(request);
	unmap(request);
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);
	KUNIT_EXPECT_EQ(test, map(request, true), STATUS_SUCCESS);
	unmap(request);
}

/* A failed map must leave the SRB unchanged, so that a later map can succeed. */
static void map_that_fails_changes_nothing(struct kunit *test)
{
	struct request *request = request_of(test);
	CSHORT flags = request->mdl->MdlFlags;

	request->mdl->MdlFlags = 0;
	KUNIT_EXPECT_EQ(test, map(request, true), STATUS_INVALID_PARAMETER);
	request->mdl->MdlFlags = flags;
	KUNIT_EXPECT_NULL(test, request->srb->DataBuffer);
	KUNIT_EXPECT_EQ(test, request->srb->SrbFlags, 0U);
	KUNIT_EXPECT_NULL(test, list_of(request));
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);

	/* The call must not wait for memory. */
	wdmdma_test_short(test, wdmdma_test_miniport_adapter(request->miniport));
	KUNIT_EXPECT_EQ(test, map(request, true), STATUS_INSUFFICIENT_RESOURCES);
	wdmdma_test_plenty();
	KUNIT_EXPECT_EQ(test, map(request, true), STATUS_SUCCESS);
	unmap(request);
}

static void calls_work_with_interrupts_off(struct kunit *test)
{
	struct request *request = request_of(test);
	unsigned long flags;
	NTSTATUS status;
	void *list;

	flags = wdmdma_test_raise();
	status = map(request, true);
	list = list_of(request);
	unmap(request);
	wdmdma_test_lower(flags);
	KUNIT_EXPECT_EQ(test, status, STATUS_SUCCESS);
	KUNIT_EXPECT_NOT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);

	KUNIT_EXPECT_EQ(test, map(request, true), STATUS_SUCCESS);
	flags = wdmdma_test_raise();
	wdmdma_srb_destroy(request->miniport->extension, request->srb);
	wdmdma_test_lower(flags);
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);
	KUNIT_EXPECT_EQ(test,
			wdmdma_test_live_buffers(wdmdma_test_miniport_adapter(request->miniport)),
			0UL);
}

/* Calls that a miniport makes in a hard interrupt, and what they returned. */
struct hard_calls {
	struct irq_work work;
	struct request *request;
	PSTOR_SCATTER_GATHER_LIST list;
	u64 address;
	ULONG left;
};

static void make_hard_calls(struct irq_work *work)
{
	struct hard_calls *calls = container_of(work, struct hard_calls, work);

	calls->list = list_of(calls->request);
	calls->address = address_of(calls->request, calls->request->memory->va + 100, &calls->left);
}

/* Lockdep reports a lock that may sleep on PREEMPT_RT. */
static void look_ups_take_no_lock_in_a_hard_interrupt(struct kunit *test)
{
	struct hard_calls calls = { .work = IRQ_WORK_INIT_HARD(make_hard_calls) };
	struct kmsg_dump_iter log;

	calls.request = request_of(test);
	KUNIT_ASSERT_EQ(test, map(calls.request, false), STATUS_SUCCESS);
	wdmdma_test_log_begin(&log);
	irq_work_queue(&calls.work);
	irq_work_sync(&calls.work);
	KUNIT_ASSERT_NOT_NULL(test, calls.list);
	KUNIT_EXPECT_PTR_EQ(test, calls.list, list_of(calls.request));
	KUNIT_EXPECT_EQ(test, calls.address, (u64)calls.list->List[0].PhysicalAddress.QuadPart);
	KUNIT_EXPECT_EQ(test, calls.left, calls.list->List[0].Length);
	KUNIT_EXPECT_EQ(test, wdmdma_test_log_lines(log, "Invalid wait context", ""), 0U);
	unmap(calls.request);
}

static void srb_is_of_its_miniport_alone(struct kunit *test)
{
	struct request *request = request_of(test), foreign = *request;
	ULONG left;

	foreign.miniport = wdmdma_test_miniport_on(test, request->miniport->dev);
	KUNIT_EXPECT_EQ(test, map(&foreign, true), STATUS_INVALID_PARAMETER);
	KUNIT_ASSERT_EQ(test, map(request, true), STATUS_SUCCESS);
	unmap(&foreign);
	KUNIT_EXPECT_NULL(test, list_of(&foreign));
	KUNIT_EXPECT_EQ(test, address_of(&foreign, request->srb->DataBuffer, &left), 0ULL);
	wdmdma_srb_destroy(foreign.miniport->extension, request->srb);
	KUNIT_EXPECT_NOT_NULL(test, list_of(request));
	unmap(request);
}

static void destroy_unmaps_the_data(struct kunit *test)
{
	struct request *request = request_of(test);
	struct wdmdma_miniport *miniport = request->miniport;

	KUNIT_ASSERT_EQ(test, map(request, true), STATUS_SUCCESS);
	wdmdma_srb_destroy(miniport->extension, request->srb);
	KUNIT_EXPECT_EQ(test, lists_of(miniport), 0U);
	KUNIT_EXPECT_EQ(test, wdmdma_test_live_buffers(wdmdma_test_miniport_adapter(miniport)),
			0UL);
	KUNIT_EXPECT_NULL(test, list_of(request));
	unmap(request);
	wdmdma_srb_destroy(miniport->extension, request->srb);
}

static void extension_may_go_with_srbs_alive(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	struct request *mapped = request_of(test), *idle = request_of(test);
	struct request gone = *mapped;
	struct wdmdma_miniport ended = *miniport;
	ULONG left;

	KUNIT_ASSERT_EQ(test, map(mapped, true), STATUS_SUCCESS);
	KUNIT_ASSERT_NOT_NULL(test, idle->srb);
	wdmdma_hw_device_extension_destroy(miniport->extension);
	miniport->extension = NULL;

	gone.miniport = &ended;
	unmap(&gone);
	KUNIT_EXPECT_EQ(test, map(&gone, true), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, list_of(&gone));
	KUNIT_EXPECT_EQ(test, address_of(&gone, mapped->memory->va + 100, &left), 0ULL);
	KUNIT_EXPECT_EQ(test, left, 0U);
	wdmdma_srb_destroy(ended.extension, gone.srb);
}

/* The end of the transfer must not read the MDL. */
static void mdl_may_be_freed_before_the_unmap(struct kunit *test)
{
	struct request *request = request_of(test);
	PMDL mdl = IoAllocateMdl(request->memory->va, LENGTH, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	MmBuildMdlForNonPagedPool(mdl);
	KUNIT_ASSERT_EQ(test, wdmdma_srb_map(request->miniport->extension, request->srb, mdl,
					     false), STATUS_SUCCESS);
	IoFreeMdl(mdl);
	unmap(request);
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);
}

/*
 * The unbind takes back the list with all lists of the adapter. No call may return
 * the list afterwards.
 */
static void unbind_takes_back_the_list(struct kunit *test)
{
	struct wdmdma_miniport *miniport, *first = test->priv;
	struct request *request;
	ULONG left;

	/*
	 * KUnit's bus binds all devices to the driver of the first device, so the
	 * first device must stay.
	 */
	KUNIT_ASSERT_NOT_NULL(test, first->extension);
	miniport = wdmdma_test_miniport_on(test, wdmdma_test_device(test));
	request = request_on(test, miniport);
	KUNIT_ASSERT_EQ(test, map(request, false), STATUS_SUCCESS);
	kunit_device_unregister(test, miniport->dev);

	KUNIT_EXPECT_EQ(test, lists_of(miniport), 0U);
	KUNIT_EXPECT_NULL(test, list_of(request));
	KUNIT_EXPECT_NULL(test, data_in_of(test, request));
	KUNIT_EXPECT_EQ(test, address_of(request, request->memory->va + 100, &left), 0ULL);
	unmap(request);
	KUNIT_EXPECT_EQ(test, map(request, false), STATUS_DELETE_PENDING);
	KUNIT_EXPECT_NULL(test, list_of(request));
	wdmdma_srb_destroy(miniport->extension, request->srb);
}

/* Threads that map and unmap the same SRB, and do not know of each other. */

struct mapper {
	struct request *request;
	unsigned int mapped, refused, other;
};

static int map_and_unmap(void *data)
{
	struct mapper *mapper = data;
	NTSTATUS status;

	while (!kthread_should_stop()) {
		status = map(mapper->request, true);
		if (status == STATUS_SUCCESS)
			mapper->mapped++;
		else if (status == STATUS_INVALID_DEVICE_STATE)
			mapper->refused++;
		else
			mapper->other++;
		unmap(mapper->request);
		cond_resched();
	}
	return 0;
}

static void one_of_several_maps_and_one_unmaps(struct kunit *test)
{
	struct request *request = request_of(test);
	struct mapper mapper[4] = {};
	struct task_struct *task[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(task); i++) {
		mapper[i].request = request;
		task[i] = kthread_run(map_and_unmap, &mapper[i], "wdmdma-srb");
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task[i]);
	}
	msleep(500);
	for (i = 0; i < ARRAY_SIZE(task); i++) {
		kthread_stop(task[i]);
		KUNIT_EXPECT_EQ(test, mapper[i].other, 0U);
	}
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);
	KUNIT_EXPECT_EQ(test, map(request, true), STATUS_SUCCESS);
	unmap(request);
}

static void map_once(struct kunit *test)
{
	int left = current->fail_nth;
	static struct request *request;
	NTSTATUS status;

	current->fail_nth = 0;
	if (left == 1)
		request = request_of(test);
	current->fail_nth = left;

	status = map(request, true);
	left = current->fail_nth;
	current->fail_nth = 0;
	if (!NT_SUCCESS(status))
		KUNIT_EXPECT_EQ(test, status, STATUS_INSUFFICIENT_RESOURCES);
	KUNIT_EXPECT_EQ(test, !!list_of(request), NT_SUCCESS(status));
	unmap(request);
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);
	current->fail_nth = left;
}

static void map_fails_cleanly_at_every_point(struct kunit *test)
{
	wdmdma_test_sweep(test, map_once);
}

static SRBEX_DATA_SCSI_CDB16 *command_of(PSTORAGE_REQUEST_BLOCK block)
{
	return (PVOID)block + block->SrbExDataOffset[0];
}

/* A miniport finds everything by offsets, and looks at types and lengths before. */
static void a_block_refers_to_its_parts(struct kunit *test)
{
	struct wdmdma_miniport *miniport = test->priv;
	PSTORAGE_REQUEST_BLOCK block = wdmdma_srb_create_ex(miniport->extension, 64);
	PSTORAGE_REQUEST_BLOCK bare = wdmdma_srb_create_ex(miniport->extension, 0);
	SRBEX_DATA_SCSI_CDB16 *command;
	STOR_ADDR_BTL8 *address;
	ULONG left;

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_ASSERT_NOT_NULL(test, bare);
	KUNIT_EXPECT_EQ(test, block->Length, 8);
	KUNIT_EXPECT_EQ(test, block->Function, 0x28);
	KUNIT_EXPECT_EQ(test, block->Signature, 0x53524258U);
	KUNIT_EXPECT_EQ(test, block->Version, 1U);
	KUNIT_EXPECT_EQ(test, block->SrbFunction, (ULONG)SRB_FUNCTION_EXECUTE_SCSI);
	address = (PVOID)block + block->AddressOffset;
	KUNIT_EXPECT_EQ(test, address->Type, STOR_ADDRESS_TYPE_BTL8);
	KUNIT_EXPECT_EQ(test, address->AddressLength, 4U);
	KUNIT_EXPECT_EQ(test, block->NumSrbExData, 1U);
	command = command_of(block);
	KUNIT_EXPECT_EQ(test, command->Type, SrbExDataTypeScsiCdb16);
	KUNIT_EXPECT_EQ(test, command->Length, 0x20U);
	KUNIT_EXPECT_LE(test, block->AddressOffset + sizeof(*address), (size_t)block->SrbLength);
	KUNIT_EXPECT_LE(test, block->SrbExDataOffset[0] + sizeof(*command),
			(size_t)block->SrbLength);
	/* Extension and sense buffer are memory that the device can use. */
	KUNIT_EXPECT_NE(test, StorPortGetPhysicalAddress(miniport->extension, block,
							 block->MiniportContext, &left).QuadPart,
			0LL);
	KUNIT_EXPECT_GE(test, left, 64U);
	KUNIT_EXPECT_EQ(test, command->SenseInfoBufferLength, 252);
	KUNIT_EXPECT_NE(test, StorPortGetPhysicalAddress(miniport->extension, block,
							 command->SenseInfoBuffer, &left).QuadPart,
			0LL);
	KUNIT_EXPECT_NULL(test, bare->MiniportContext);
	wdmdma_srb_destroy(miniport->extension, block);
	wdmdma_srb_destroy(miniport->extension, bare);
}

static void map_gives_a_block_its_data(struct kunit *test)
{
	struct request *request = request_of(test), like = *request;
	PSTORAGE_REQUEST_BLOCK block = wdmdma_srb_create_ex(request->miniport->extension, 64);
	PSTOR_SCATTER_GATHER_LIST list;
	unsigned int write;
	ULONG left;

	KUNIT_ASSERT_NOT_NULL(test, block);
	like.srb = (PVOID)block;
	block->SrbFlags = SRB_FLAGS_NO_QUEUE_FREEZE;
	for (write = 0; write < 2; write++) {
		KUNIT_ASSERT_EQ(test, map(&like, write), STATUS_SUCCESS);
		KUNIT_EXPECT_EQ(test, map(&like, write), STATUS_INVALID_DEVICE_STATE);
		/* The miniport may write to its SRB, also where the other form has Function. */
		block->Function = 0;
		KUNIT_EXPECT_PTR_EQ(test, block->DataBuffer, (PVOID)request->memory->va + 100);
		KUNIT_EXPECT_EQ(test, block->DataTransferLength, (ULONG)LENGTH);
		KUNIT_EXPECT_EQ(test, block->SrbFlags,
				(ULONG)(SRB_FLAGS_NO_QUEUE_FREEZE |
					(write ? SRB_FLAGS_DATA_OUT : SRB_FLAGS_DATA_IN)));
		KUNIT_EXPECT_PTR_EQ(test, mdl_of(test, &like), (PVOID)request->mdl);
		list = list_of(&like);
		KUNIT_ASSERT_NOT_NULL(test, list);
		wdmdma_test_expect_list(test, (PSCATTER_GATHER_LIST)list, request->memory, 100,
					LENGTH);
		KUNIT_EXPECT_PTR_EQ(test, data_in_of(test, &like), write ? NULL : list);
		KUNIT_EXPECT_NE(test, address_of(&like, request->memory->va + 100, &left), 0ULL);
		unmap(&like);
		KUNIT_EXPECT_NULL(test, block->DataBuffer);
		KUNIT_EXPECT_EQ(test, block->DataTransferLength, 0U);
		KUNIT_EXPECT_EQ(test, block->SrbFlags, (ULONG)SRB_FLAGS_NO_QUEUE_FREEZE);
		KUNIT_EXPECT_NULL(test, list_of(&like));
	}
	/* Nothing but these members has changed. */
	KUNIT_EXPECT_EQ(test, block->Signature, 0x53524258U);
	KUNIT_EXPECT_EQ(test, command_of(block)->Type, SrbExDataTypeScsiCdb16);
	wdmdma_srb_destroy(request->miniport->extension, block);
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);
}

static void calls_refuse_a_block_that_is_none(struct kunit *test)
{
	struct request *request = request_of(test), like = *request;
	PVOID extension = request->miniport->extension;
	PSTORAGE_REQUEST_BLOCK block = wdmdma_srb_create_ex(extension, 64), late;
	STORAGE_REQUEST_BLOCK own = { .Function = SRB_FUNCTION_STORAGE_REQUEST_BLOCK };
	ULONG left;

	KUNIT_ASSERT_NOT_NULL(test, block);
	KUNIT_EXPECT_NULL(test, wdmdma_srb_create_ex(extension, SZ_1M + 1));
	KUNIT_EXPECT_NULL(test, wdmdma_srb_create_ex(NULL, 64));
	local_bh_disable();
	late = wdmdma_srb_create_ex(extension, 64);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, late);
	/* One that the driver has made by itself. */
	like.srb = (PVOID)&own;
	KUNIT_EXPECT_EQ(test, map(&like, true), STATUS_INVALID_PARAMETER);
	KUNIT_EXPECT_NULL(test, list_of(&like));
	KUNIT_EXPECT_EQ(test, address_of(&like, request->memory->va, &left), 0ULL);
	unmap(&like);
	wdmdma_srb_destroy(extension, &own);
	/* One that is destroyed, while it has data. */
	like.srb = (PVOID)block;
	KUNIT_EXPECT_EQ(test, map(&like, true), STATUS_SUCCESS);
	wdmdma_srb_destroy(extension, block);
	KUNIT_EXPECT_EQ(test, lists_of(request->miniport), 0U);
	KUNIT_EXPECT_EQ(test, map(&like, true), STATUS_INVALID_PARAMETER);
	wdmdma_srb_destroy(extension, block);
}

static struct kunit_case wdm_storport_srb_cases[] = {
	KUNIT_CASE(map_gives_the_srb_its_data),
	KUNIT_CASE(every_byte_of_the_data_has_its_address),
	KUNIT_CASE(srb_is_mapped_once),
	KUNIT_CASE(map_that_fails_changes_nothing),
	KUNIT_CASE(calls_work_with_interrupts_off),
	KUNIT_CASE(look_ups_take_no_lock_in_a_hard_interrupt),
	KUNIT_CASE(srb_is_of_its_miniport_alone),
	KUNIT_CASE(destroy_unmaps_the_data),
	KUNIT_CASE(extension_may_go_with_srbs_alive),
	KUNIT_CASE(mdl_may_be_freed_before_the_unmap),
	KUNIT_CASE(unbind_takes_back_the_list),
	KUNIT_CASE(one_of_several_maps_and_one_unmaps),
	KUNIT_CASE(map_fails_cleanly_at_every_point),
	KUNIT_CASE(a_block_refers_to_its_parts),
	KUNIT_CASE(map_gives_a_block_its_data),
	KUNIT_CASE(calls_refuse_a_block_that_is_none),
	{}
};

static struct kunit_suite wdm_storport_srb_suite = {
	.name = "wdmdma_wdm_storport_srb",
	.init = wdmdma_test_miniport_init,
	.test_cases = wdm_storport_srb_cases,
};

kunit_test_suite(wdm_storport_srb_suite);
