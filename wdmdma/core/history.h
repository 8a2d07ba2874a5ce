/* SPDX-License-Identifier: GPL-2.0-only */
/* Where common buffers were allocated and freed, see core/history.c. */
#ifndef WDMDMA_HISTORY_H
#define WDMDMA_HISTORY_H

#include "core/adapter.h"
#include "core/verifier.h"
#include "objects.h"

void wdmdma_history_note_alloc(const struct wdmdma_adapter *adapter,
			       const struct wdmdma_buffer *buffer);
void wdmdma_history_note_free(const struct wdmdma_adapter *adapter,
			      const struct wdmdma_buffer *buffer);
void wdmdma_history_print(const struct wdmdma_adapter *adapter, const void *cpu);
void wdmdma_history_clear(void);

/* Note the stack of an allocation, if the verifier is on for the device. May sleep. */
static inline void wdmdma_history_alloc(const struct wdmdma_adapter *adapter,
					const struct wdmdma_buffer *buffer)
{
	if (wdmdma_verifier_checks_any(adapter->device))
		wdmdma_history_note_alloc(adapter, buffer);
}

/* Note the stack of a free, if that of the allocation was noted. Any context. */
static inline void wdmdma_history_free(const struct wdmdma_adapter *adapter,
				       const struct wdmdma_buffer *buffer)
{
	if (static_branch_unlikely(&wdmdma_verifier_key))
		wdmdma_history_note_free(adapter, buffer);
}

/* Log where the buffer at an address was allocated and freed, as far as that is known. */
static inline void wdmdma_history_show(const struct wdmdma_adapter *adapter, const void *cpu)
{
	if (wdmdma_verifier_checks_any(adapter->device))
		wdmdma_history_print(adapter, cpu);
}

#endif /* WDMDMA_HISTORY_H */
