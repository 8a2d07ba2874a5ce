/* SPDX-License-Identifier: GPL-2.0-only */
/* CreateCommonBufferFromMdl with the arguments that most cases use, and memory for the call. */
#ifndef WDMDMA_KUNIT_FROM_MDL_H
#define WDMDMA_KUNIT_FROM_MDL_H

#include <linux/sizes.h>

#include <wdmdma/mdl.h>

#include "helpers.h"

#define PAGES		8
#define BLOCK		(PAGES * SZ_4K)
#define CONFIG		DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION

CONFIG from_mdl_section(ULONGLONG offset, ULONG length);
CONFIG from_mdl_access(unsigned int type);
NTSTATUS from_mdl_create(struct kunit *test, PMDL mdl, CONFIG *configs, ULONG count,
			 PHYSICAL_ADDRESS *la);
void from_mdl_release(struct kunit *test, ULONG length, PHYSICAL_ADDRESS la, PVOID va);
void from_mdl_expect_refused(struct kunit *test, PMDL mdl, CONFIG *configs, ULONG count,
			     NTSTATUS status);
u8 *from_mdl_block(struct kunit *test);
void from_mdl_expect_untouched(struct kunit *test, const u8 *block);
PMDL from_mdl_pages(struct kunit *test, bool contiguous, bool mapped);

#endif /* WDMDMA_KUNIT_FROM_MDL_H */
