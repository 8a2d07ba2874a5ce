// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words in the lines of the debugfs files. A word must not have a blank, because blanks separate
 * the words, and must not show an address of the kernel.
 */
#include <linux/device.h>
#include <linux/kallsyms.h>
#include <linux/seq_file.h>

#include "debug/debug_print.h"
#include "objects.h"

/* Print a blank and a word. Blanks in the word become underscores. */
void wdmdma_debug_word(struct seq_file *m, const char *word)
{
	seq_putc(m, ' ');
	for (; *word; word++)
		seq_putc(m, *word == ' ' || *word == '\n' || *word == '\t' ? '_' : *word);
}

/* Print the names of the device and of its driver. */
void wdmdma_debug_device(struct seq_file *m, const struct wdmdma_device *device)
{
	wdmdma_debug_word(m, dev_name(device->dev));
	wdmdma_debug_word(m, device->driver);
}

/*
 * Print the function that made a call, as function[module]. If the function has no name, because
 * its module is gone, "%ps" would print the address. So print "-" in its place.
 */
void wdmdma_debug_caller(struct seq_file *m, unsigned long caller)
{
	char name[KSYM_SYMBOL_LEN];
	const char *from;

	name[0] = '\0';
	/* The address is that of the instruction behind the call. */
	if (caller)
		sprint_symbol_no_offset(name, caller - 1);
	if (!name[0] || !strncmp(name, "0x", 2)) {
		wdmdma_debug_word(m, "-");
		return;
	}
	seq_putc(m, ' ');
	for (from = name; *from; from++)
		if (*from != ' ')
			seq_putc(m, *from);
}
