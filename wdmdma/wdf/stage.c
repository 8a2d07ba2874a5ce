// SPDX-License-Identifier: GPL-2.0-only
/* The next transfer of a transaction, and how long it is. */
#include "wdf/transaction.h"

/* Note what the next transfer is. Return a status for a transaction that has none any more. */
NTSTATUS wdf_stage_take(struct wdf_transaction *transaction, u32 generation,
			struct wdf_stage *stage)
{
	NTSTATUS status = STATUS_SUCCESS;
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	if (transaction->generation != generation || !transaction->mdl)
		status = STATUS_CANCELLED;
	else if (READ_ONCE(transaction->mdl_gone))
		status = STATUS_INVALID_DEVICE_REQUEST;
	else
		*stage = (struct wdf_stage) {
			.generation = generation,
			.enabler = transaction->enabler,
			.channel = transaction->channel,
			.direction = transaction->direction,
			.mdl = transaction->mdl,
			.offset = transaction->start + transaction->transferred,
			.left = transaction->length - transaction->transferred,
			.limit = transaction->limit,
			.first = !transaction->transferred,
			.single = transaction->single,
			.immediate = transaction->immediate,
			.max_elements = transaction->max_elements,
			.device_offset = transaction->device_offset,
			.block = transaction->block,
			.base = transaction->base,
			.registers = transaction->registers,
			.reserved = transaction->reserved,
		};
	spin_unlock_irqrestore(&transaction->lock, flags);
	return status;
}

/* Return the map registers that a transaction without lists needs. */
u32 wdf_stage_registers(const struct wdf_stage *stage, size_t length)
{
	size_t offset = stage->mdl->ByteOffset + stage->offset;
	size_t pages;

	if (stage->enabler->system)
		return stage->channel->registers;
	pages = stage->first && length == stage->left ? wdf_span(offset, length) :
							wdf_span(WDF_PAGE_SIZE - 1, length);
	/* In a chain each MDL may begin in the middle of a page. */
	if (stage->mdl->Next)
		pages = max(pages, wdf_chain_pages(stage->mdl, stage->offset, length));
	return min_t(size_t, pages, stage->channel->registers);
}

/* Return the bytes of the next transfer. */
size_t wdf_stage_length(const struct wdf_stage *stage)
{
	size_t length = min(stage->left, stage->limit);
	size_t in_page = (stage->mdl->ByteOffset + stage->offset) % WDF_PAGE_SIZE;

	if (stage->enabler->lists)
		return wdf_chain_cut(stage->mdl, stage->offset, length, stage->channel->registers);
	if (stage->base && wdf_span(in_page, length) > stage->registers)
		length = (size_t)stage->registers * WDF_PAGE_SIZE - in_page;
	return length;
}
