// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stack of a call, for reports. Records hold the addresses themselves. The kernel's depot of
 * stacks would share equal ones, but never frees a stack, and needs tables that many kernels
 * allocate only at boot.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include "compat.h"
#include "lib/stack.h"

/* Frames of the modules of this tree, which lie above those of the driver. */
#define STACK_OWN	16

/* The modules of this tree above this one. They call it for drivers. */
static const char *const stack_layer_name[] = { "wdmdma_ntos", "wdmdma_wdf" };
/* Those that are loaded. Read in RCU read sections, for which the free of a module waits. */
static struct module *stack_layer[ARRAY_SIZE(stack_layer_name)];

static int stack_module_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct module *module = data;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stack_layer); i++) {
		if (strcmp(module->name, stack_layer_name[i]))
			continue;
		if (event == MODULE_STATE_COMING)
			WRITE_ONCE(stack_layer[i], module);
		else if (event == MODULE_STATE_GOING)
			WRITE_ONCE(stack_layer[i], NULL);
	}
	return NOTIFY_DONE;
}

static struct notifier_block stack_module_block = { .notifier_call = stack_module_event };

/* Return 0 or a negative errno. The other modules cannot be loaded before this one. */
int wdmdma_stack_init(void)
{
	return register_module_notifier(&stack_module_block);
}

void wdmdma_stack_exit(void)
{
	unregister_module_notifier(&stack_module_block);
}

#ifdef CONFIG_STACKTRACE
static bool stack_is_layer(unsigned long address)
{
	struct module *module;
	bool found = false;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < ARRAY_SIZE(stack_layer) && !found; i++) {
		module = READ_ONCE(stack_layer[i]);
		found = module && within_module(address, module);
	}
	rcu_read_unlock();
	return found;
}
#endif

/* Note the functions that called the modules of this tree, without those modules. Any context. */
void wdmdma_stack_save(struct wdmdma_stack *stack)
{
#ifdef CONFIG_STACKTRACE
	unsigned long all[STACK_OWN + WDMDMA_STACK_DEPTH];
	unsigned int nr = stack_trace_save(all, ARRAY_SIZE(all), 1), own;

	stack->by_layer = false;
	for (own = 0; own < nr; own++) {
		if (within_module(all[own], THIS_MODULE))
			continue;
		if (!stack_is_layer(all[own]))
			break;
		stack->by_layer = true;
	}
	stack->nr = min_t(unsigned int, nr - own, WDMDMA_STACK_DEPTH);
	memcpy(stack->entry, all + own, stack->nr * sizeof(all[0]));
#else
	memset(stack, 0, sizeof(*stack));
#endif
}

/*
 * Return the address in the driver for which another module of this tree has called this one, or 0
 * if the driver itself has called. Any context.
 */
unsigned long wdmdma_stack_behind_layer(void)
{
	struct wdmdma_stack stack;

	wdmdma_stack_save(&stack);
	return stack.by_layer ? wdmdma_stack_caller(&stack) : 0;
}

/*
 * Write the name of the function at an address into @text, which has WDMDMA_FUNCTION_TEXT bytes. A
 * function whose module is gone has no name, and the address itself must not be shown.
 */
const char *wdmdma_function_text(char *text, unsigned long address)
{
	snprintf(text, WDMDMA_FUNCTION_TEXT, "%pS", (void *)address);
	return strncmp(text, "0x", 2) ? text : "(a module that is gone)";
}

/* Log the functions, one in each line. */
void wdmdma_stack_print(const struct wdmdma_stack *stack)
{
	unsigned int i;

	for (i = 0; i < stack->nr; i++)
		pr_warn("    %s\n", WDMDMA_FUNCTION(stack->entry[i]));
}
