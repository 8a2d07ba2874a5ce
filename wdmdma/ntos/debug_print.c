// SPDX-License-Identifier: GPL-2.0-only
/* DbgPrint, and what a driver does when something is wrong. */
#include "ntos/ntos.h"

#include <linux/instruction_pointer.h>
#include <linux/panic.h>
#include <linux/string.h>

#include <ddk/wdm/processor.h>
#include <ddk/wdm/thread.h>

#include "ntos/format.h"

/* Print a text line by line. */
static void nt_print_lines(char *text, ULONG level)
{
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (!*line)
			continue;
		if (level == DPFLTR_ERROR_LEVEL)
			pr_err("%s\n", line);
		else if (level == DPFLTR_WARNING_LEVEL)
			pr_warn("%s\n", line);
		else
			pr_info("%s\n", line);
	}
}

static void nt_debug_text(char buffer[NT_PRINT_MOST], const char *format, va_list *args)
{
	struct nt_text text = { .buffer = buffer, .most = NT_PRINT_MOST };

	buffer[0] = 0;
	if (format)
		nt_text_format(&text, format, args);
}

static void nt_debug_print(ULONG level, const char *format, va_list *args)
{
	char buffer[NT_PRINT_MOST];

	nt_debug_text(buffer, format, args);
	nt_print_lines(buffer, level);
}

/**
 * DbgPrint() - write to the kernel's log
 * @format: format of Windows. A text is cut to 511 characters, and each call ends its line
 *
 * Answers to wdm: DbgPrint. %p is hashed. Characters of wide strings above 0x7F become question
 * marks. A string at an address without memory is "(bad address)". %f and the like are not
 * supported.
 *
 * Context: any.
 * Return: STATUS_SUCCESS.
 */
ULONG DbgPrint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	nt_debug_print(DPFLTR_INFO_LEVEL, format, &args);
	va_end(args);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(DbgPrint);

/**
 * DbgPrintEx() - write to the kernel's log
 * @component: ignored. Nothing is filtered
 * @level: DPFLTR_ERROR_LEVEL and DPFLTR_WARNING_LEVEL become levels of the log. All others are
 *	information
 * @format: as for DbgPrint()
 *
 * Answers to wdm: DbgPrintEx.
 *
 * Context: any.
 * Return: STATUS_SUCCESS.
 */
ULONG DbgPrintEx(ULONG component, ULONG level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	nt_debug_print(level, format, &args);
	va_end(args);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(DbgPrintEx);

/**
 * vDbgPrintEx() - DbgPrintEx() with a list of arguments
 * @component: ignored
 * @level: as for DbgPrintEx()
 * @format: as for DbgPrint()
 * @arguments: arguments of the format
 *
 * Answers to wdm: vDbgPrintEx.
 *
 * Context: any.
 * Return: STATUS_SUCCESS.
 */
ULONG vDbgPrintEx(ULONG component, ULONG level, const char *format, va_list arguments)
{
	va_list copy;

	va_copy(copy, arguments);
	nt_debug_print(level, format, &copy);
	va_end(copy);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(vDbgPrintEx);

/**
 * vDbgPrintExWithPrefix() - vDbgPrintEx() with a text in front
 * @prefix: the text
 * @component: ignored
 * @level: as for DbgPrintEx()
 * @format: as for DbgPrint()
 * @arguments: arguments of the format
 *
 * Answers to wdm: vDbgPrintExWithPrefix. Both texts together are cut as one.
 *
 * Context: any.
 * Return: STATUS_SUCCESS.
 */
ULONG vDbgPrintExWithPrefix(const char *prefix, ULONG component, ULONG level, const char *format,
			    va_list arguments)
{
	char buffer[NT_PRINT_MOST];
	va_list copy;

	va_copy(copy, arguments);
	nt_debug_text(buffer, format, &copy);
	va_end(copy);
	return DbgPrintEx(component, level, "%s%s", prefix, buffer);
}
EXPORT_SYMBOL_GPL(vDbgPrintExWithPrefix);

/**
 * DbgBreakPoint() - report that a driver has stopped itself
 *
 * Answers to wdm: DbgBreakPoint.
 *
 * Differs from Windows: there is no debugger. The log has the address of the call, and the driver
 * goes on.
 *
 * Context: any.
 */
void DbgBreakPoint(void)
{
	wdmdma_report(__func__, "break point of the driver at %pS", (void *)_RET_IP_);
}
EXPORT_SYMBOL_GPL(DbgBreakPoint);

/**
 * WdmBugCheckEx() - stop the machine
 * @code: the reason, for the log
 * @parameter1: more of it, as the three others
 * @parameter2: see @parameter1
 * @parameter3: see @parameter1
 * @parameter4: see @parameter1
 *
 * Answers to wdm: KeBugCheckEx, which a macro makes of it. A driver calls it if memory that the
 * machine needs is damaged, and relies on it not to return. So it is panic(), which no setting of
 * the kernel turns off.
 *
 * Context: any.
 */
void WdmBugCheckEx(ULONG code, ULONG_PTR parameter1, ULONG_PTR parameter2, ULONG_PTR parameter3,
		   ULONG_PTR parameter4)
{
	panic("bug check 0x%08x (0x%lx, 0x%lx, 0x%lx, 0x%lx) of the driver at %pS\n", code,
	      (unsigned long)parameter1, (unsigned long)parameter2, (unsigned long)parameter3,
	      (unsigned long)parameter4, (void *)_RET_IP_);
}
EXPORT_SYMBOL_GPL(WdmBugCheckEx);

/**
 * RtlAssert() - report an assertion that has failed
 * @failed_assertion: text of the expression
 * @file_name: file of the driver
 * @line_number: line in it
 * @message: optional text of the driver
 *
 * Answers to ntddk: RtlAssert. The driver goes on.
 *
 * Context: any.
 */
void RtlAssert(PVOID failed_assertion, PVOID file_name, ULONG line_number, PCHAR message)
{
	char text[NT_PRINT_MOST];

	/* The driver's pointers may be wrong, which nt_debug_format() bears. */
	pr_err("assertion failed: %s\n",
	       nt_debug_format(text, "%s, in %s, line %u: %s", failed_assertion, file_name,
			       line_number, message ? (void *)message : (void *)""));
}
EXPORT_SYMBOL_GPL(RtlAssert);
