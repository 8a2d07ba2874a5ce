/* SPDX-License-Identifier: GPL-2.0-only */
/* The stack of a call, see lib/stack.c. */
#ifndef WDMDMA_STACK_H
#define WDMDMA_STACK_H

#define WDMDMA_STACK_DEPTH	16

/**
 * struct wdmdma_stack - return addresses, from the innermost function outwards
 * @nr: number of addresses, which is 0 if the kernel cannot tell them (CONFIG_STACKTRACE)
 * @entry: the addresses. The functions of this module are left out
 */
struct wdmdma_stack {
	unsigned int nr;
	unsigned long entry[WDMDMA_STACK_DEPTH];
};

void wdmdma_stack_save(struct wdmdma_stack *stack);
void wdmdma_stack_print(const struct wdmdma_stack *stack);

/* Return the address in the driver from which the module was called, or 0. */
static inline unsigned long wdmdma_stack_caller(const struct wdmdma_stack *stack)
{
	return stack->nr ? stack->entry[0] : 0;
}

#endif /* WDMDMA_STACK_H */
