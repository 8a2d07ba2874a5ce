// SPDX-License-Identifier: GPL-2.0-only
/* See log.h. */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#include "log.h"

/* Note the end of the log. */
void wdmdma_test_log_begin(struct kmsg_dump_iter *log)
{
	kmsg_dump_rewind(log);
	log->cur_seq = log->next_seq;
}

/* Wait until messages come again whose rate limit the cases before have used up. */
void wdmdma_test_log_wait(void)
{
	msleep(jiffies_to_msecs(DEFAULT_RATELIMIT_INTERVAL) + 1);
}

/* Return the number of log lines since @since that contain both texts. */
unsigned int wdmdma_test_log_lines(struct kmsg_dump_iter since, const char *text, const char *other)
{
	unsigned int lines = 0;
	size_t length;
	char line[512];

	while (kmsg_dump_get_line(&since, false, line, sizeof(line) - 1, &length)) {
		line[length] = 0;
		lines += strstr(line, text) && strstr(line, other);
	}
	return lines;
}
