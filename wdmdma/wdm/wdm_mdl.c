// SPDX-License-Identifier: GPL-2.0-only
/*
 * WDM layer: MDLs of ways A, B and D, from allocation to free. wdm/wdm_mdl_pages.c has way C, and
 * wdm/wdm_mdl_map.c has the mappings.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "core/core.h"
#include "core/work.h"
#include "lib/owner.h"
#include "lib/pins.h"
#include "wdm/wdm_mdl_common.h"

/**
 * IoAllocateMdl() - allocate an MDL
 * @virtual_address: start of the buffer. Need not be valid here, and may be NULL
 * @length: bytes, up to 4 GiB - 4 KiB
 * @secondary_buffer: must be FALSE
 * @charge_quota: ignored, as on Windows
 * @irp: must be NULL
 *
 * Answers to wdm: IoAllocateMdl. The header is filled in, the page frames are not.
 *
 * Differs from Windows: there are no IRPs, so an MDL cannot be put into one.
 *
 * Context: <= DISPATCH_LEVEL. Above PASSIVE_LEVEL an MDL must not be larger than the slab
 * allocator allows, which is a few MiB.
 * Return: the MDL, or NULL with the reason in the log.
 */
PMDL IoAllocateMdl(PVOID virtual_address, ULONG length, BOOLEAN secondary_buffer,
		   BOOLEAN charge_quota, PIRP irp)
{
	PMDL mdl;

	if (irp || secondary_buffer) {
		wdmdma_report(__func__, "there are no IRPs to put the MDL into");
		return NULL;
	}
	if (length > WDM_MDL_MAX_BYTES || (ULONG_PTR)virtual_address + length < length) {
		wdmdma_report(__func__, "Length %#x is too long, or wraps round", length);
		return NULL;
	}
	mdl = wdm_mdl_alloc(virtual_address, length);
	if (!mdl)
		wdmdma_report(__func__, "no memory to describe %u bytes", length);
	return mdl;
}
EXPORT_SYMBOL_GPL(IoAllocateMdl);

/**
 * IoFreeMdl() - free one MDL
 * @mdl: from IoAllocateMdl(). NULL is ignored
 *
 * Answers to wdm: IoFreeMdl. The rest of a chain is not freed. If a partial MDL has a mapping of
 * its own, the mapping is removed. Pages that are still locked, or were allocated for the MDL,
 * are reported and given back.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL the mapping is removed a little later.
 */
void IoFreeMdl(PMDL mdl)
{
	bool stays;

	if (!mdl)
		return;
	wdm_mdl_tell(mdl, __func__);
	wdm_mdl_warn_if_used(mdl, __func__);
	wdmdma_owner_forget(mdl);
	stays = wdm_mdl_must_stay_mapped(mdl);
	if (!stays)
		MmPrepareMdlForReuse(mdl);
	if (wdm_mdl_owns_pages(mdl)) {
		wdmdma_report(__func__, "the MDL has pages: call MmFreePagesFromMdl, ExFreePool");
		if (!stays)
			MmFreePagesFromMdl(mdl);
	} else if (mdl->MdlFlags & MDL_PAGES_LOCKED) {
		wdmdma_report(__func__, "the pages are still locked: call MmUnlockPages first");
		MmUnlockPages(mdl);
	}
	wdm_pool_forget_mdl(mdl);
	if (stays)
		wdm_mdl_delete_mapped(mdl, __func__);
	else
		wdm_kvfree(mdl);
}
EXPORT_SYMBOL_GPL(IoFreeMdl);

/* Fill in an MDL for a part of another MDL. The target must have room for the page frames. */
static void wdm_mdl_fill_partial(PMDL target, PMDL source, PVOID virtual_address, ULONG length)
{
	static const CSHORT inherited = MDL_IO_PAGE_READ | MDL_SOURCE_IS_NONPAGED_POOL |
					MDL_MAPPED_TO_SYSTEM_VA | MDL_IO_SPACE |
					MDL_WRITE_OPERATION;
	ULONG_PTR offset = (ULONG_PTR)virtual_address - (ULONG_PTR)MmGetMdlVirtualAddress(source);
	unsigned long i, first = (source->ByteOffset + offset) >> PAGE_SHIFT;

	target->Next = NULL;
	target->Process = source->Process;
	target->StartVa = (PVOID)((ULONG_PTR)virtual_address & PAGE_MASK);
	target->ByteOffset = offset_in_page(virtual_address);
	target->ByteCount = length;
	target->MdlFlags &= MDL_ALLOCATED_FIXED_SIZE;
	target->MdlFlags |= MDL_PARTIAL | (source->MdlFlags & inherited);
	target->MappedSystemVa = wdm_mdl_is_mapped(source) ? source->MappedSystemVa + offset : NULL;
	for (i = 0; i < wdm_mdl_pages(target); i++)
		MmGetMdlPfnArray(target)[i] = MmGetMdlPfnArray(source)[first + i];
}

/**
 * IoBuildPartialMdl() - make an MDL describe a part of another one
 * @source_mdl: an MDL whose pages are resident
 * @target_mdl: receives the description. Must be large enough for it, and not in use
 * @virtual_address: start of the part, in terms of
 *	MmGetMdlVirtualAddress(@source_mdl)
 * @length: bytes. 0 means all bytes up to the end of the source
 *
 * Answers to wdm: IoBuildPartialMdl. If the source is mapped, the target shares the mapping.
 *
 * Differs from Windows: arguments that do not fit are reported, and the target then describes 0
 * bytes.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void IoBuildPartialMdl(PMDL source_mdl, PMDL target_mdl, PVOID virtual_address, ULONG length)
{
	unsigned long room;
	ULONG_PTR offset;

	if (!source_mdl || !target_mdl) {
		wdmdma_report(__func__, "%s is NULL", source_mdl ? "TargetMdl" : "SourceMdl");
		return;
	}
	if (target_mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL_HAS_BEEN_MAPPED)) {
		wdmdma_report(__func__, "TargetMdl is in use: its pages are locked, or mapped");
		return;
	}
	/* Size does not tell all. A large MDL has room for the range that it was made for. */
	room = max((max_t(SIZE_T, (USHORT)target_mdl->Size, sizeof(MDL)) - sizeof(MDL)) /
		   sizeof(PFN_NUMBER), wdm_mdl_pages(target_mdl));
	target_mdl->ByteCount = 0;

	offset = (ULONG_PTR)virtual_address - (ULONG_PTR)MmGetMdlVirtualAddress(source_mdl);
	if (!(source_mdl->MdlFlags & WDM_MDL_RESIDENT)) {
		wdmdma_report(__func__, "the pages of SourceMdl are not locked");
		return;
	}
	if (offset > source_mdl->ByteCount || length > source_mdl->ByteCount - offset) {
		wdmdma_report(__func__, "the part lies outside of SourceMdl");
		return;
	}
	if (!length)
		length = source_mdl->ByteCount - offset;
	if (PFN_UP((u64)offset_in_page(virtual_address) + length) > room) {
		wdmdma_report(__func__, "TargetMdl is too small for %u bytes", length);
		return;
	}

	wdm_mdl_fill_partial(target_mdl, source_mdl, virtual_address, length);
}
EXPORT_SYMBOL_GPL(IoBuildPartialMdl);

/**
 * MmPrepareMdlForReuse() - remove the mapping that a partial MDL has for itself
 * @mdl: the MDL. Other MDLs are left as they are
 *
 * Answers to wdm: MmPrepareMdlForReuse.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void MmPrepareMdlForReuse(PMDL mdl)
{
	if (mdl && mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED)
		wdm_mdl_unmap(mdl, __func__);
}
EXPORT_SYMBOL_GPL(MmPrepareMdlForReuse);

/**
 * MmBuildMdlForNonPagedPool() - fill in an MDL for memory of the kernel (way A)
 * @mdl: an MDL over kmalloc, vmalloc, contiguous or common-buffer memory
 *
 * Answers to wdm: MmBuildMdlForNonPagedPool. Afterwards the MDL has a system address, which is
 * the address of the memory, and must not be locked or mapped.
 *
 * Differs from Windows: if the memory does not belong to the kernel, the call is reported, and
 * the MDL stays as it was, without MDL_SOURCE_IS_NONPAGED_POOL.
 *
 * Context: <= DISPATCH_LEVEL.
 */
void MmBuildMdlForNonPagedPool(PMDL mdl)
{
	unsigned long i;

	if (!mdl || mdl->MdlFlags & WDM_MDL_RESIDENT) {
		wdmdma_report(__func__, "the MDL is %s", mdl ? "filled in already" : "NULL");
		return;
	}
	for (i = 0; i < wdm_mdl_pages(mdl); i++) {
		if (!wdm_kernel_pfn(mdl->StartVa + (i << PAGE_SHIFT), &MmGetMdlPfnArray(mdl)[i])) {
			wdmdma_report(__func__, "page %lu is no memory of the kernel", i);
			return;
		}
	}
	mdl->Process = NULL;
	mdl->MappedSystemVa = MmGetMdlVirtualAddress(mdl);
	mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
}
EXPORT_SYMBOL_GPL(MmBuildMdlForNonPagedPool);

/*
 * Undo wdm_pin_user() for the first @nr pages. Return how many of them go on counting for @mm,
 * because a common buffer keeps them pinned.
 */
static unsigned long wdm_unpin_user(PMDL mdl, struct mm_struct *mm, unsigned long nr, bool dirty)
{
	unsigned long i, counted = 0;

	for (i = 0; i < nr; i++) {
		/* Marking may sleep. At DISPATCH_LEVEL the mark of wdm_pin_user() must do. */
		counted += wdmdma_pins_give_up(MmGetMdlPfnArray(mdl)[i], mm,
					       dirty && !wdmdma_at_dispatch());
		wdm_mdl_breathe(i);
	}
	return counted;
}

static void wdm_drop_mm(struct work_struct *work)
{
	__mmdrop(container_of(work, struct mm_struct, async_put_work));
}

/*
 * Count @nr pages of a user as not pinned any more. @last says that no page of the MDL is pinned
 * any more, so that the reference to the process's memory is dropped, too. Any context.
 */
static void wdm_unaccount_user(struct mm_struct *mm, unsigned long nr, bool last)
{
	atomic64_sub(nr, &mm->pinned_vm);
	if (!last)
		return;
	if (!wdmdma_at_dispatch()) {
		mmdrop(mm);
	} else if (atomic_dec_and_test(&mm->mm_count)) {
		/* This was the last reference, so nobody else uses the work item in @mm. */
		INIT_WORK(&mm->async_put_work, wdm_drop_mm);
		queue_work(wdmdma_workqueue, &mm->async_put_work);
	}
}

/*
 * Count @nr pages as pinned by this process, as RDMA does. Return false if the process may not
 * pin as many.
 */
static bool wdm_account_user(struct mm_struct *mm, unsigned long nr)
{
	unsigned long pinned = atomic64_add_return(nr, &mm->pinned_vm);

	mmgrab(mm);
	if (pinned <= rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT || capable(CAP_IPC_LOCK))
		return true;
	wdm_unaccount_user(mm, nr, true);
	return false;
}

static NTSTATUS wdm_pin_user(PMDL mdl, bool write)
{
	unsigned int flags = FOLL_LONGTERM | (write ? FOLL_WRITE : 0);
	unsigned long start = (unsigned long)mdl->StartVa;
	unsigned long nr = wdm_mdl_pages(mdl), done, i;
	/* Pointers and page frame numbers have the same size, so the array is filled in place. */
	struct page **page = (struct page **)MmGetMdlPfnArray(mdl);
	long n = 0;

	if (wdmdma_at_dispatch())
		return STATUS_INVALID_DEVICE_STATE;
	if (!current->mm)
		return STATUS_ACCESS_VIOLATION;
	if (!wdm_account_user(current->mm, nr))
		return STATUS_WORKING_SET_QUOTA;

	for (done = 0; done < nr; done += n) {
		n = pin_user_pages_fast(start + (done << PAGE_SHIFT), min(nr - done, 1024UL), flags,
					page + done);
		if (n <= 0)
			break;
	}
	for (i = 0; i < done; i++) {
		if (write)
			set_page_dirty_lock(page[i]);
		MmGetMdlPfnArray(mdl)[i] = page_to_pfn(page[i]);
		wdm_mdl_breathe(i);
	}
	if (done < nr) {
		nr -= wdm_unpin_user(mdl, current->mm, done, false);
		wdm_unaccount_user(current->mm, nr, true);
		return n == -ENOMEM ? STATUS_INSUFFICIENT_RESOURCES : STATUS_ACCESS_VIOLATION;
	}
	mdl->Process = (PEPROCESS)current->mm;
	return STATUS_SUCCESS;
}

/* Fill in the page frames of kernel memory. It does not move, so no page must be pinned. */
static NTSTATUS wdm_lock_kernel(PMDL mdl)
{
	unsigned long i;

	for (i = 0; i < wdm_mdl_pages(mdl); i++)
		if (!wdm_kernel_pfn(mdl->StartVa + (i << PAGE_SHIFT), &MmGetMdlPfnArray(mdl)[i]))
			return STATUS_ACCESS_VIOLATION;
	mdl->Process = NULL;
	return STATUS_SUCCESS;
}

/**
 * MmProbeAndLockPages() - pin the pages of a buffer (way B)
 * @mdl: an MDL over user or kernel addresses that is not filled in yet
 * @access_mode: UserMode if the address came from a user and must be a user's address,
 *	KernelMode for either kind
 * @operation: IoReadAccess if the buffer is only read. The other values are for writing, too
 *
 * Answers to wdm: MmProbeAndLockPages. User pages are pinned for long-term DMA, in the calling
 * process. They count as pinned by the process (VmPin). The sum of its pinned pages must stay
 * within its RLIMIT_MEMLOCK, unless it has CAP_IPC_LOCK.
 *
 * Differs from Windows: the function returns the status that Windows raises as an exception, and
 * MDL_PAGES_LOCKED is clear then. Kernel memory is not pinned, since it cannot go away by itself.
 * User memory of a file system that writes back cannot be locked for writing.
 *
 * Context: PASSIVE_LEVEL for user addresses, <= DISPATCH_LEVEL for others.
 * Return:
 * * STATUS_SUCCESS
 * * STATUS_INVALID_PARAMETER for an MDL that is NULL, empty or filled in already
 * * STATUS_ACCESS_VIOLATION for an address that cannot be accessed like this
 * * STATUS_WORKING_SET_QUOTA above RLIMIT_MEMLOCK
 * * STATUS_INVALID_DEVICE_STATE at the wrong level
 * * STATUS_INSUFFICIENT_RESOURCES
 */
NTSTATUS MmProbeAndLockPages(PMDL mdl, KPROCESSOR_MODE access_mode, LOCK_OPERATION operation)
{
	bool write = operation != IoReadAccess;
	NTSTATUS status;
	ULONG_PTR start;

	if (!mdl || mdl->MdlFlags & WDM_MDL_RESIDENT || !mdl->ByteCount) {
		wdmdma_report(__func__, "the MDL is %s", !mdl ? "NULL" : mdl->ByteCount ?
			      "filled in or locked already" : "empty");
		return STATUS_INVALID_PARAMETER;
	}
	start = (ULONG_PTR)MmGetMdlVirtualAddress(mdl);
	if (start < TASK_SIZE_MAX)
		status = access_ok((void __user *)start, mdl->ByteCount) ?
			 wdm_pin_user(mdl, write) : STATUS_ACCESS_VIOLATION;
	else
		status = access_mode == KernelMode ? wdm_lock_kernel(mdl) : STATUS_ACCESS_VIOLATION;
	if (!NT_SUCCESS(status)) {
		wdmdma_report(__func__, "%u bytes at %p cannot be locked: status %#x%s",
			      mdl->ByteCount, MmGetMdlVirtualAddress(mdl), status,
			      status == STATUS_WORKING_SET_QUOTA ? " (RLIMIT_MEMLOCK)" : "");
		return status;
	}
	mdl->MdlFlags &= ~MDL_WRITE_OPERATION;
	mdl->MdlFlags |= MDL_PAGES_LOCKED | (write ? MDL_WRITE_OPERATION : 0);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(MmProbeAndLockPages);

/**
 * MmUnlockPages() - undo MmProbeAndLockPages()
 * @mdl: the MDL
 *
 * Answers to wdm: MmUnlockPages. Removes the MDL's system mapping first. An MDL that is not
 * locked is reported, and left as it is. A page that a common buffer still uses stays pinned, and
 * counts as such, until the buffer is freed.
 *
 * Context: <= DISPATCH_LEVEL. At DISPATCH_LEVEL the mapping is removed a little later.
 */
void MmUnlockPages(PMDL mdl)
{
	struct mm_struct *mm;
	unsigned long nr;

	if (!mdl || !(mdl->MdlFlags & MDL_PAGES_LOCKED) || wdm_mdl_owns_pages(mdl)) {
		wdmdma_report(__func__, "the MDL is %s", mdl ?
			      "not locked by MmProbeAndLockPages" : "NULL");
		return;
	}
	wdm_mdl_warn_if_used(mdl, __func__);
	if (mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)
		wdm_mdl_unmap(mdl, __func__);
	mm = (struct mm_struct *)mdl->Process;
	if (mm) {
		nr = wdm_mdl_pages(mdl);
		nr -= wdm_unpin_user(mdl, mm, nr, mdl->MdlFlags & MDL_WRITE_OPERATION);
		wdm_unaccount_user(mm, nr, true);
	}
	mdl->Process = NULL;
	mdl->MdlFlags &= ~MDL_PAGES_LOCKED;
}
EXPORT_SYMBOL_GPL(MmUnlockPages);

/**
 * MmAdvanceMdl() - move the start of an MDL forward
 * @mdl: an MDL of way A or B
 * @number_of_bytes: bytes by which the start moves. The end stays
 *
 * Answers to wdm: MmAdvanceMdl. Pages before the new start are unlocked at once, and must not be
 * used any more, mapped or not.
 *
 * Differs from Windows: the call is refused for pages allocated for the MDL, for a partial MDL,
 * and while a common buffer made from the MDL is live.
 *
 * Context: <= DISPATCH_LEVEL.
 * Return: STATUS_SUCCESS, STATUS_INVALID_PARAMETER_2 if the new start is past the end, or
 * STATUS_NOT_SUPPORTED.
 */
NTSTATUS MmAdvanceMdl(PMDL mdl, ULONG number_of_bytes)
{
	unsigned long passed, left, counted;
	struct mm_struct *mm;
	PPFN_NUMBER pfn;

	if (!mdl || number_of_bytes > mdl->ByteCount) {
		wdmdma_report(__func__, "%u bytes are past the end", number_of_bytes);
		return STATUS_INVALID_PARAMETER_2;
	}
	if (wdm_mdl_owns_pages(mdl) || mdl->MdlFlags & MDL_PARTIAL ||
	    wdmdma_owner_is_used(mdl)) {
		wdmdma_report(__func__, "the MDL owns its pages, is partial or in use");
		return STATUS_NOT_SUPPORTED;
	}

	pfn = MmGetMdlPfnArray(mdl);
	passed = (mdl->ByteOffset + (u64)number_of_bytes) >> PAGE_SHIFT;
	left = wdm_mdl_pages(mdl) - passed;
	if (mdl->MdlFlags & MDL_PAGES_LOCKED && mdl->Process) {
		mm = (struct mm_struct *)mdl->Process;
		counted = wdm_unpin_user(mdl, mm, passed, mdl->MdlFlags & MDL_WRITE_OPERATION);
		wdm_unaccount_user(mm, passed - counted, false);
	}
	memmove(pfn, pfn + passed, left * sizeof(*pfn));
	/* Store how many pages the mapping begins before StartVa, in an entry that is free now. */
	if (passed && mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) {
		pfn[left] = passed + (mdl->MdlFlags & MDL_FREE_EXTRA_PTES ? pfn[left + passed] : 0);
		mdl->MdlFlags |= MDL_FREE_EXTRA_PTES;
	}

	mdl->StartVa += passed << PAGE_SHIFT;
	mdl->ByteOffset = (mdl->ByteOffset + number_of_bytes) & ~PAGE_MASK;
	mdl->ByteCount -= number_of_bytes;
	if (wdm_mdl_is_mapped(mdl))
		mdl->MappedSystemVa += number_of_bytes;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(MmAdvanceMdl);
