/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages about a driver's mistakes, for all modules of this tree. */
#ifndef WDMDMA_REPORT_H
#define WDMDMA_REPORT_H

#include <linux/printk.h>
#include <linux/ratelimit.h>

/*
 * Report a mistake for which there is no device. @call is the name of the driver's call, with which
 * the message begins. The rate of messages is limited for each place in the code, because drivers
 * retry. The kernel's line about messages that were left out has the name of the call, too.
 */
#define wdmdma_report(call, fmt, ...)							\
	do {										\
		static DEFINE_RATELIMIT_STATE(wdmdma_rate, DEFAULT_RATELIMIT_INTERVAL,	\
					      DEFAULT_RATELIMIT_BURST);			\
		const char *wdmdma_call = call;						\
											\
		if (___ratelimit(&wdmdma_rate, wdmdma_call))				\
			pr_warn("%s: " fmt "\n", wdmdma_call, ##__VA_ARGS__);		\
	} while (0)

#endif /* WDMDMA_REPORT_H */
