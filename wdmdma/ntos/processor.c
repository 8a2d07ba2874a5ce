// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processors. Drivers use the number of one as an index into an array of so many as there are. A
 * processor of Linux keeps its number while another one is offline, so the count is the highest
 * number that there can be, plus one.
 */
#include "ntos/ntos.h"

#include <linux/cpumask.h>
#include <linux/smp.h>

#include <ddk/wdm/processor.h>

#define NT_GROUP	64

/**
 * KeGetCurrentProcessorNumberEx() - tell the processor of the caller
 * @number: optional; set to the group and the number in it
 *
 * Answers to wdm: KeGetCurrentProcessorNumberEx, KeGetCurrentProcessorNumber.
 *
 * Context: any. Below DISPATCH_LEVEL the caller may be on another processor a moment later.
 * Return: the index of the processor, from 0.
 */
ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER number)
{
	const unsigned int cpu = raw_smp_processor_id();

	if (number && !nt_is_wrong(number, "ProcNumber", __func__))
		*number = (PROCESSOR_NUMBER) {
			.Group = cpu / NT_GROUP,
			.Number = cpu % NT_GROUP,
		};
	return cpu;
}
EXPORT_SYMBOL_GPL(KeGetCurrentProcessorNumberEx);

/**
 * KeQueryActiveProcessorCountEx() - tell how many processors there are
 * @group: a group of 64 processors, or ALL_PROCESSOR_GROUPS
 *
 * Answers to wdm: KeQueryActiveProcessorCountEx, KeQueryMaximumProcessorCountEx.
 *
 * Differs from Windows: processors that are offline count, so that every index is below the count.
 *
 * Context: any.
 * Return: the number of processors, or 0 for a group that does not exist.
 */
ULONG KeQueryActiveProcessorCountEx(USHORT group)
{
	if (group == ALL_PROCESSOR_GROUPS)
		return nr_cpu_ids;
	if (group * NT_GROUP >= nr_cpu_ids)
		return 0;
	return min_t(unsigned int, nr_cpu_ids - group * NT_GROUP, NT_GROUP);
}
EXPORT_SYMBOL_GPL(KeQueryActiveProcessorCountEx);

/**
 * KeQueryActiveProcessorCount() - tell how many processors the first group has
 * @active: optional; set to a bit for each of them
 *
 * Answers to wdm: KeQueryActiveProcessorCount.
 *
 * Differs from Windows: as KeQueryActiveProcessorCountEx() does.
 *
 * Context: any.
 * Return: the number of processors.
 */
ULONG KeQueryActiveProcessorCount(PKAFFINITY active)
{
	const ULONG count = KeQueryActiveProcessorCountEx(0);

	if (active && !nt_is_wrong(active, "ActiveProcessors", __func__))
		*active = GENMASK_ULL(count - 1, 0);
	return count;
}
EXPORT_SYMBOL_GPL(KeQueryActiveProcessorCount);
