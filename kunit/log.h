/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of the kernel's log that a call of a case has written. */
#ifndef WDMDMA_KUNIT_LOG_H
#define WDMDMA_KUNIT_LOG_H

#include <linux/kmsg_dump.h>

void wdmdma_test_log_wait(void);
void wdmdma_test_log_begin(struct kmsg_dump_iter *log);
unsigned int wdmdma_test_log_lines(struct kmsg_dump_iter since, const char *text,
				   const char *other);

#endif /* WDMDMA_KUNIT_LOG_H */
