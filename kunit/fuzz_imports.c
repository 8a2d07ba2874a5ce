// SPDX-License-Identifier: GPL-2.0-only
/* Random calls of CreateCommonBufferFromMdl. The buffer is a block of the model like others. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>

#include <wdmdma/mdl.h>

#include "fuzz.h"

#define CONFIG	DMA_COMMON_BUFFER_EXTENDED_CONFIGURATION

/* Choose whole pages of an MDL. Return false if it has none that begin a page. */
static bool choose_pages(const struct fuzz_mdl *mdl, u32 *offset, u32 *len)
{
	u32 pages = MmGetMdlByteCount(mdl->mdl) / PAGE_SIZE, first;

	if (MmGetMdlByteOffset(mdl->mdl) || !pages)
		return false;
	first = fuzz_below(pages);
	*offset = first * PAGE_SIZE;
	*len = (fuzz_below(pages - first) + 1) * PAGE_SIZE;
	return true;
}

static CONFIG part(u32 offset, u32 len)
{
	CONFIG config = { .ConfigType = CommonBufferConfigTypeSubSection };

	config.SubSection.Offset = offset;
	config.SubSection.Length = len;
	return config;
}

/* Make a call that must be refused whatever the machine is. */
static void import_wrong(struct fuzz_adapter *adapter, struct fuzz_mdl *mdl, u32 offset, u32 len)
{
	PHYSICAL_ADDRESS la = fuzz_address(1);
	CONFIG configs[2] = { part(offset, len), part(offset, len) };
	u32 count = 1, kind = fuzz_below(6);
	NTSTATUS status;

	switch (kind) {
	case 1:
		count = 2;
		break;
	case 2:
		configs[0].SubSection.Offset++;
		break;
	case 3:
		configs[0].SubSection.Length -= 1 + fuzz_below(PAGE_SIZE - 1);
		break;
	case 4:
		configs[0].SubSection.Length = U32_MAX & PAGE_MASK;
		break;
	case 5:
		configs[0].ConfigType = CommonBufferConfigTypeMax + fuzz_below(100);
		break;
	}
	status = adapter->ops->CreateCommonBufferFromMdl(adapter->adapter, kind ? mdl->mdl : NULL,
							 configs, count, &la);
	fuzz_expect(status == STATUS_INVALID_PARAMETER, "wrong argument %u: 0x%x", kind, status);
	fuzz_expect(!la.QuadPart, "an address of memory that was refused");
	fuzz()->refused++;
}

/* Import a second time, or with a page in common, which must be refused. */
static void import_again(const struct fuzz_block *block, u32 offset)
{
	struct fuzz_adapter *adapter = block->adapter;
	PHYSICAL_ADDRESS la = fuzz_address(1);
	CONFIG config = part(offset, PAGE_SIZE);
	NTSTATUS status;

	status = adapter->ops->CreateCommonBufferFromMdl(adapter->adapter, block->mdl->mdl,
							 &config, 1, &la);
	fuzz_expect(status == STATUS_INVALID_PARAMETER && !la.QuadPart,
		    "a page is imported twice: 0x%x", status);
	fuzz()->refused++;
}

static void import(void)
{
	struct fuzz_adapter *adapter = fuzz_find(fuzz()->adapter, FUZZ_ADAPTERS,
						 slot->adapter &&
						 fuzz_has(slot, CreateCommonBufferFromMdl));
	struct fuzz_block *block = fuzz_block_empty();
	struct fuzz_mdl *mdl = fuzz_mdl_take(false);
	PHYSICAL_ADDRESS la = fuzz_address(1);
	NTSTATUS status;
	u32 offset, len;
	CONFIG config;

	if (!mdl)
		return;
	if (!adapter || !block || !choose_pages(mdl, &offset, &len))
		goto put;
	if (fuzz_one_in(4)) {
		import_wrong(adapter, mdl, offset, len);
		goto put;
	}
	config = part(offset, len);
	status = adapter->ops->CreateCommonBufferFromMdl(adapter->adapter, mdl->mdl, &config, 1,
							 &la);
	/* Without an IOMMU the pages may be scattered, or out of reach. */
	fuzz_expect(NT_SUCCESS(status) || !wdmdma_adapter_is_translated(adapter->adapter),
		    "%u bytes from %u: 0x%x", len, offset, status);
	fuzz_expect(NT_SUCCESS(status) == !!la.QuadPart, "address 0x%llx with status 0x%x",
		    (u64)la.QuadPart, status);
	if (!NT_SUCCESS(status)) {
		fuzz()->refused++;
		goto put;
	}
	block->kind = FUZZ_IMPORT;
	block->mdl = mdl;
	block->la = la;
	fuzz_block_have(block, adapter, mdl->va + offset, len);
	if (fuzz_one_in(4))
		import_again(block, offset + fuzz_below(len / PAGE_SIZE) * PAGE_SIZE);
	return;

put:
	fuzz_mdl_put(mdl);
}

const struct fuzz_call fuzz_import_calls[] = {
	{ "CreateCommonBufferFromMdl", 6, import },
	{}
};
