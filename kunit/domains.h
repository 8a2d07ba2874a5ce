/* SPDX-License-Identifier: GPL-2.0-only */
/* Three devices with one adapter each, which join and leave each other's domains. */
#ifndef WDMDMA_KUNIT_DOMAINS_H
#define WDMDMA_KUNIT_DOMAINS_H

#include <linux/sizes.h>

#include "helpers.h"

#define DOMAIN_LENGTH	SZ_8K	/* bytes of each buffer */

enum { A, B, C, ACTORS };

/* The three devices, with at most one buffer each. */
struct actors {
	struct wdmdma_fixture *fixture[ACTORS];
	HANDLE home[ACTORS];
	PVOID va[ACTORS];
	PHYSICAL_ADDRESS la[ACTORS];
};

HANDLE domain_of(struct wdmdma_fixture *fixture);
NTSTATUS domain_join(struct wdmdma_fixture *fixture, HANDLE domain);
NTSTATUS domain_leave(struct wdmdma_fixture *fixture);
NTSTATUS domain_alloc(struct wdmdma_fixture *fixture, HANDLE domain, PHYSICAL_ADDRESS *la,
		      PVOID *va);
void domain_free(struct wdmdma_fixture *fixture, PHYSICAL_ADDRESS la, PVOID va);
void domain_put(struct wdmdma_fixture *fixture);
int domain_init(struct kunit *test);

#endif /* WDMDMA_KUNIT_DOMAINS_H */
