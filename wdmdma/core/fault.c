// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls that fail on purpose, so that a driver's error paths run. The kernel's fault injection
 * decides which calls fail. Its conditions, such as a probability, an interval and a number of
 * times, are files in debugfs for each kind of call.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>

#include "compat.h"
#include "core/fault.h"

static struct fault_attr fault_attr[WDMDMA_FAULT_KINDS] = {
	[WDMDMA_FAIL_BUFFER] = FAULT_ATTR_INITIALIZER,
	[WDMDMA_FAIL_VECTOR] = FAULT_ATTR_INITIALIZER,
	[WDMDMA_FAIL_TRANSFER] = FAULT_ATTR_INITIALIZER,
	[WDMDMA_FAIL_CHANNEL] = FAULT_ATTR_INITIALIZER,
};

/* Return true if a call of this kind must fail now. Any context. */
bool wdmdma_fault_is_due(enum wdmdma_fault_kind kind)
{
	return should_fail(&fault_attr[kind], 1);
}

/* Make the files with the conditions, which go with the folder. */
void wdmdma_fault_init(struct dentry *folder)
{
#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
	fault_create_debugfs_attr("fail_common_buffer", folder, &fault_attr[WDMDMA_FAIL_BUFFER]);
	fault_create_debugfs_attr("fail_vector", folder, &fault_attr[WDMDMA_FAIL_VECTOR]);
	fault_create_debugfs_attr("fail_transfer", folder, &fault_attr[WDMDMA_FAIL_TRANSFER]);
	fault_create_debugfs_attr("fail_channel", folder, &fault_attr[WDMDMA_FAIL_CHANNEL]);
#endif
}

#ifdef CONFIG_WDMDMA_KUNIT
struct fault_attr *wdmdma_fault_attr(enum wdmdma_fault_kind kind)
{
	return &fault_attr[kind];
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_fault_attr);
#endif
