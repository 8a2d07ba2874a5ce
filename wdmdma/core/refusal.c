// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports of refusals, which are the message in the log, the tracepoint and the counters. All
 * refusals of calls for a device come here, by wdmdma_refuse() and its relatives. A refusal for
 * which Windows has a code goes to the verifier, too.
 */
#include <linux/device.h>
#include <linux/spinlock.h>

#include "compat.h"
#include "core/core.h"
#include "core/events.h"
#include "core/verifier.h"
#include "objects.h"

/* Count a refusal. The texts are constants, so comparing pointers tells them apart. */
static void refusal_count(struct wdmdma_refusals *refusals, const char *call, const char *reason)
{
	struct wdmdma_refusal_count *row;
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&refusals->lock, flags);
	refusals->all++;
	for (i = 0; i < refusals->nr; i++)
		if (refusals->row[i].call == call && refusals->row[i].reason == reason)
			break;
	row = i < ARRAY_SIZE(refusals->row) ? &refusals->row[i] : NULL;
	if (row && i == refusals->nr) {
		*row = (struct wdmdma_refusal_count){ .call = call, .reason = reason };
		refusals->nr++;
	}
	if (row)
		row->count++;
	raw_spin_unlock_irqrestore(&refusals->lock, flags);
}

/*
 * Report a refusal. @log is false if the log has had too many messages of this kind. @call and
 * @reason must stay as long as the device's record. If @reason is NULL, @fmt is the reason. @bug is
 * the code that Windows has for the mistake, or 0. Any context.
 */
void wdmdma_refusal_report(struct wdmdma_device *device, bool log, const char *call, u32 bug,
			   const char *reason, const char *fmt, ...)
{
	struct va_format message = { .fmt = fmt };
	va_list args;

	reason = reason ?: fmt;
	refusal_count(&device->refusals, call, reason);
	va_start(args, fmt);
	message.va = &args;
	wdmdma_trace_refusal(device, call, reason, &message);
	if (log && bug)
		dev_warn(device->dev, "%s: %pV (bug check 0x%X, code 0x%02X)\n", call, &message,
			 bug >> 8, bug & 0xff);
	else if (log)
		dev_warn(device->dev, "%s: %pV\n", call, &message);
	va_end(args);
	wdmdma_verifier_report(device, call, bug);
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_refusal_report);
