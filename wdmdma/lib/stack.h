/* SPDX-License-Identifier: GPL-2.0-only */
/* The stack of a call, see lib/stack.c. */
#ifndef WDMDMA_STACK_H
#define WDMDMA_STACK_H

#include <linux/types.h>

#define WDMDMA_STACK_DEPTH	16
/* A function's name, offset and module. A longer text is cut. */
#define WDMDMA_FUNCTION_TEXT	128

/**
 * struct wdmdma_stack - return addresses, from the innermost function outwards
 * @nr: number of addresses, which is 0 if the kernel cannot tell them (CONFIG_STACKTRACE)
 * @by_layer: another module of this tree has called this one for the driver
 * @entry: the addresses. Those in the modules of this tree are left out
 */
struct wdmdma_stack {
	unsigned int nr;
	bool by_layer;
	unsigned long entry[WDMDMA_STACK_DEPTH];
};

int wdmdma_stack_init(void);
void wdmdma_stack_exit(void);
void wdmdma_stack_save(struct wdmdma_stack *stack);
unsigned long wdmdma_stack_behind_layer(void);
const char *wdmdma_function_text(char *text, unsigned long address);

/* The name of the function at an address, for messages. */
#define WDMDMA_FUNCTION(address) \
	wdmdma_function_text((char [WDMDMA_FUNCTION_TEXT]) {}, address)

void wdmdma_stack_print(const struct wdmdma_stack *stack);

/* Return the address in the driver from which the module was called, or 0. */
static inline unsigned long wdmdma_stack_caller(const struct wdmdma_stack *stack)
{
	return stack->nr ? stack->entry[0] : 0;
}

#endif /* WDMDMA_STACK_H */
