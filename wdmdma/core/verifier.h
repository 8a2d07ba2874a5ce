/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verifier, as Windows' Driver Verifier has one for DMA. core/verifier.c has the codes, the
 * settings and the report. The places that refuse a call name the code of the mistake, and
 * core/refusal.c passes it on. Without a setting the verifier is one nop in each of its hooks.
 */
#ifndef WDMDMA_VERIFIER_H
#define WDMDMA_VERIFIER_H

#include <linux/bits.h>
#include <linux/jump_label.h>
#include <linux/types.h>

#include "objects.h"

/*
 * The checks, which can be enabled one by one. Each code belongs to one check. Behind them are the
 * settings that make life harder for a driver. "all" does not include these.
 */
enum wdmdma_check {
	WDMDMA_CHECK_ADAPTER,	/* pointers that are no adapter, and descriptions of devices */
	WDMDMA_CHECK_CALLS,	/* arguments of transfers and vectors */
	WDMDMA_CHECK_FLUSH,	/* memory that is not flushed, or was not mapped */
	WDMDMA_CHECK_FREES,	/* frees of objects that are not allocated */
	WDMDMA_CHECK_GUARD,	/* memory around common buffers */
	WDMDMA_CHECK_LEFT,	/* objects that an adapter still has at PutDmaAdapter */
	WDMDMA_CHECK_LEVEL,	/* calls at the wrong IRQL */
	WDMDMA_CHECKS,
	WDMDMA_STRESS_BOUNCE = WDMDMA_CHECKS,	/* copy all transfers */
	WDMDMA_STRESS_FAIL,			/* let calls fail, see core/fault.c */
	WDMDMA_STRESS_REGISTERS,		/* grant few map registers */
	WDMDMA_VERIFIER_WORDS,
};

/* The effect of a report. */
enum wdmdma_verifier_action {
	WDMDMA_VERIFIER_LOG,
	WDMDMA_VERIFIER_WARN,
	WDMDMA_VERIFIER_PANIC,
	WDMDMA_VERIFIER_ACTIONS,
};

/**
 * struct wdmdma_verifier_code - one code of a bug check
 * @bug: the code, of lib/bug_check.h
 * @check: the check that the code belongs to
 * @words: name of the mistake
 * @section: section of Documentation/messages.rst that has the module's own message
 */
struct wdmdma_verifier_code {
	u32 bug;
	enum wdmdma_check check;
	const char *words;
	const char *section;
};

DECLARE_STATIC_KEY_FALSE(wdmdma_verifier_key);

void __cold wdmdma_verifier_report_bug(const struct wdmdma_device *device, const char *call,
				       u32 bug);

/*
 * Report a mistake of a driver, if @bug is a code that is checked for the device. @device is NULL
 * if the call names no device, and then the checks for all devices count. Any context.
 */
static inline void wdmdma_verifier_report(const struct wdmdma_device *device, const char *call,
					  u32 bug)
{
	if (static_branch_unlikely(&wdmdma_verifier_key) && bug)
		wdmdma_verifier_report_bug(device, call, bug);
}

/* Return true if the verifier makes this check for the device. */
static inline bool wdmdma_verifier_checks(const struct wdmdma_device *device,
					  enum wdmdma_check check)
{
	return static_branch_unlikely(&wdmdma_verifier_key) &&
	       READ_ONCE(device->verify) & BIT(check);
}

/* Return true if the verifier makes any check for the device. */
static inline bool wdmdma_verifier_checks_any(const struct wdmdma_device *device)
{
	return static_branch_unlikely(&wdmdma_verifier_key) && READ_ONCE(device->verify);
}

bool wdmdma_verifier_is_on(void);
u32 wdmdma_verifier_registers(void);
int wdmdma_verifier_set(const char *line);
void wdmdma_verifier_apply(struct wdmdma_device *device);
void wdmdma_verifier_exit(void);
const char *wdmdma_verifier_check_name(unsigned int check);
const char *wdmdma_verifier_action_name(unsigned int check);
const struct wdmdma_verifier_code *wdmdma_verifier_code(unsigned int i, unsigned long *count);
void wdmdma_verifier_targets(void (*show)(const char *kind, const char *name, u32 checks,
					  void *arg), void *arg);

#endif /* WDMDMA_VERIFIER_H */
