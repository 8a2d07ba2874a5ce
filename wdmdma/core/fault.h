/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls that fail on purpose, see core/fault.c. */
#ifndef WDMDMA_FAULT_H
#define WDMDMA_FAULT_H

#include <linux/types.h>

#include "core/verifier.h"
#include "objects.h"

struct dentry;
struct fault_attr;

/* The calls that can be made to fail, each with conditions of its own. */
enum wdmdma_fault_kind {
	WDMDMA_FAIL_BUFFER,
	WDMDMA_FAIL_VECTOR,
	WDMDMA_FAIL_TRANSFER,
	WDMDMA_FAIL_CHANNEL,
	WDMDMA_FAULT_KINDS,
};

#ifdef CONFIG_FAULT_INJECTION
bool wdmdma_fault_is_due(enum wdmdma_fault_kind kind);
void wdmdma_fault_init(struct dentry *folder);
struct fault_attr *wdmdma_fault_attr(enum wdmdma_fault_kind kind);
#else
static inline bool wdmdma_fault_is_due(enum wdmdma_fault_kind kind)
{
	return false;
}

static inline void wdmdma_fault_init(struct dentry *folder) {}
#endif

/* Return true if a call of this kind must fail now, for a device with the setting "fail". */
static inline bool wdmdma_fault(const struct wdmdma_device *device, enum wdmdma_fault_kind kind)
{
	return wdmdma_verifier_checks(device, WDMDMA_STRESS_FAIL) && wdmdma_fault_is_due(kind);
}

#endif /* WDMDMA_FAULT_H */
