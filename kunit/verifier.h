/* SPDX-License-Identifier: GPL-2.0-only */
/* The verifier's settings and counts, for the suites of the verifier. */
#ifndef WDMDMA_KUNIT_VERIFIER_H
#define WDMDMA_KUNIT_VERIFIER_H

#include "helpers.h"
#include "lib/bug_check.h"

void verifier_on(struct kunit *test, const char *setting);
void verifier_off(void *setting);
unsigned long verifier_count(u32 bug);
unsigned long verifier_sum(void);
PVOID verifier_registers(struct kunit *test, PDMA_ADAPTER adapter, ULONG count);

#endif /* WDMDMA_KUNIT_VERIFIER_H */
