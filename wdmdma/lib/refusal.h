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

/**
 * struct wdmdma_refusal - why a call is refused
 * @reason: text for the message, which must be read only after a failure. A function may set the
 *          text before it can tell whether the call will fail.
 */
struct wdmdma_refusal {
	const char *reason;
};

/* Store the reason of a refusal and return @error, as dev_err_probe() does with a message. */
static inline int wdmdma_deny(struct wdmdma_refusal *refusal, int error, const char *reason)
{
	refusal->reason = reason;
	return error;
}

#endif /* WDMDMA_REFUSAL_H */
