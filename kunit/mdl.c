// SPDX-License-Identifier: GPL-2.0-only
/* See mdl.h. */
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "mdl.h"

/* An MDL that no page frames have been filled in to. */
PMDL mdl_alloc(struct kunit *test, const void *va, ULONG length)
{
	PMDL mdl = IoAllocateMdl((PVOID)va, length, FALSE, FALSE, NULL);

	KUNIT_ASSERT_NOT_NULL(test, mdl);
	return mdl;
}

/* An MDL over memory of the kernel that is always resident, filled in. */
PMDL mdl_built(struct kunit *test, void *va, ULONG length)
{
	PMDL mdl = mdl_alloc(test, va, length);

	MmBuildMdlForNonPagedPool(mdl);
	return mdl;
}

/* Free an MDL of MmAllocatePagesForMdl(Ex) and its pages. */
void mdl_free_pages(PMDL mdl)
{
	MmFreePagesFromMdl(mdl);
	ExFreePool(mdl);
}

/* Map memory into the process of the case. It is unmapped when the test ends. */
unsigned long mdl_user_map(struct kunit *test, unsigned long length, unsigned long prot)
{
	unsigned long va = kunit_vm_mmap(test, NULL, 0, length, prot, MAP_ANONYMOUS | MAP_PRIVATE,
					 0);

	KUNIT_ASSERT_NE_MSG(test, va, 0, "no user memory");
	KUNIT_ASSERT_LT(test, va, TASK_SIZE);
	return va;
}
