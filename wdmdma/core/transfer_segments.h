/* SPDX-License-Identifier: GPL-2.0-only */
/* The segments of a transfer, which are one for an adapter without scatter/gather. */
#ifndef WDMDMA_TRANSFER_SEGMENTS_H
#define WDMDMA_TRANSFER_SEGMENTS_H

#include "core/adapter.h"
#include "core/transfer.h"

/* Return the largest number of segments that mapping can make of the memory. */
static inline unsigned int wdmdma_transfer_most_segments(const struct wdmdma_transfer *transfer)
{
	if (unlikely(!transfer->adapter->scatter_gather))
		return 1;
	if (unlikely(transfer->must_bounce))
		return wdmdma_copy_chunks(transfer);
	return transfer->memory.orig_nents;
}

/* Return the number of segments of a mapped transfer. */
static inline unsigned int wdmdma_transfer_segments(const struct wdmdma_transfer *transfer)
{
	return likely(transfer->adapter->scatter_gather) ? transfer->mapped->nents : 1;
}

/* Return the entry of the mapped table after @sg. The entries in the record's room are an array. */
static inline struct scatterlist *wdmdma_transfer_next(const struct wdmdma_transfer *transfer,
						       struct scatterlist *sg)
{
	return transfer->mapped->sgl == transfer->room ? sg + 1 : sg_next(sg);
}

/* Return the logical address of the first segment if *@sg is NULL, else of the segment after it. */
static inline dma_addr_t wdmdma_transfer_segment(const struct wdmdma_transfer *transfer,
						 struct scatterlist **sg, u32 *len)
{
	*sg = *sg ? wdmdma_transfer_next(transfer, *sg) : transfer->mapped->sgl;
	*len = likely(transfer->adapter->scatter_gather) ? sg_dma_len(*sg) : transfer->len;
	return sg_dma_address(*sg);
}

#endif /* WDMDMA_TRANSFER_SEGMENTS_H */
