// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack of a call, for reports. Records hold the addresses themselves. The kernel's depot of
 * stacks would share equal ones, but never frees a stack, and needs tables that many kernels
 * allocate only at boot.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "compat.h"
#include "lib/stack.h"

/* Frames of the module itself, which lie above those of the driver. */
#define STACK_OWN	16

/* Note the functions that called the module, without those of the module. Any context. */
void wdmdma_stack_save(struct wdmdma_stack *stack)
{
#ifdef CONFIG_STACKTRACE
	unsigned long all[STACK_OWN + WDMDMA_STACK_DEPTH];
	unsigned int nr = stack_trace_save(all, ARRAY_SIZE(all), 1), own = 0;

	while (own < nr && within_module(all[own], THIS_MODULE))
		own++;
	stack->nr = min_t(unsigned int, nr - own, WDMDMA_STACK_DEPTH);
	memcpy(stack->entry, all + own, stack->nr * sizeof(all[0]));
#else
	stack->nr = 0;
#endif
}

/* Log the functions, one in each line. */
void wdmdma_stack_print(const struct wdmdma_stack *stack)
{
	unsigned int i;

	for (i = 0; i < stack->nr; i++)
		pr_warn("    %pS\n", (void *)stack->entry[i]);
}
