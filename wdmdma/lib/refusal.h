/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reason of a refusal, on its way to the message in the log.
 *
 * A function that can refuse a call returns a negative errno and stores the reason in a struct
 * wdmdma_refusal. Requests and transfers have a refusal as a member. A function without such an
 * argument gets a pointer to a refusal as its last argument. Only the function that knows the
 * driver's call reports the reason. No function decides by the text.
 */
#ifndef WDMDMA_REFUSAL_H
#define WDMDMA_REFUSAL_H

#include <linux/types.h>

/**
 * struct wdmdma_refusal - why a call is refused
 * @reason: text for the message, which must be read only after a failure. A function may set the
 *          text of a request before it can tell whether the call will fail.
 * @bug: code of Windows' bug check for the mistake (lib/bug_check.h), or 0. The verifier reports it
 * @bounce: the kernel's bounce buffers are short, so the message should have their size. Set after
 *          wdmdma_deny(), which clears it
 */
struct wdmdma_refusal {
	const char *reason;
	u32 bug;
	bool bounce;
};

/*
 * Store the reason of a refusal, and the code that Windows has for the mistake. Return @error, as
 * dev_err_probe() does with a message.
 */
static inline int wdmdma_deny_bug(struct wdmdma_refusal *refusal, int error, u32 bug,
				  const char *reason)
{
	refusal->reason = reason;
	refusal->bug = bug;
	refusal->bounce = false;
	return error;
}

/* Store the reason of a refusal for which Windows has no code. */
static inline int wdmdma_deny(struct wdmdma_refusal *refusal, int error, const char *reason)
{
	return wdmdma_deny_bug(refusal, error, 0, reason);
}

#endif /* WDMDMA_REFUSAL_H */
