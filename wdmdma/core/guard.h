/* SPDX-License-Identifier: GPL-2.0-only */
/* Guard bands around common buffers, see core/guard.c. */
#ifndef WDMDMA_GUARD_H
#define WDMDMA_GUARD_H

#include "core/verifier.h"
#include "objects.h"

struct wdmdma_adapter;
struct wdmdma_transfer;

/* Return true if the buffer of this request should get guard bands. */
static inline bool wdmdma_guard_wants(const struct wdmdma_device *device,
				      const struct wdmdma_request *request)
{
	return wdmdma_verifier_checks(device, WDMDMA_CHECK_GUARD) && !request->granule;
}

int wdmdma_guard_alloc(struct wdmdma_device *device, const struct wdmdma_request *request,
		       struct wdmdma_buffer *buffer);
struct wdmdma_buffer wdmdma_guard_with_bands(const struct wdmdma_buffer *buffer);
void wdmdma_guard_check_bands(const struct wdmdma_adapter *adapter,
			      const struct wdmdma_buffer *buffer, const char *call);

void wdmdma_guard_fill_bands_of_copy(struct wdmdma_transfer *transfer);
void wdmdma_guard_check_copy(struct wdmdma_transfer *transfer);

/* Give the copy of a transfer guard bands, if the verifier wants them. */
static inline void wdmdma_guard_fill_copy(struct wdmdma_transfer *transfer)
{
	if (static_branch_unlikely(&wdmdma_verifier_key))
		wdmdma_guard_fill_bands_of_copy(transfer);
}

/* Report bytes around the buffer that were written. @call is the call that looks. Any context. */
static inline void wdmdma_guard_check(const struct wdmdma_adapter *adapter,
				      const struct wdmdma_buffer *buffer, const char *call)
{
	if (buffer->guarded)
		wdmdma_guard_check_bands(adapter, buffer, call);
}

#endif /* WDMDMA_GUARD_H */
