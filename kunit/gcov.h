/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structures by which gcc from 12 to 14 describes the counters of an object, and the functions that
 * an object calls.
 */
#ifndef WDMDMA_KUNIT_GCOV_H
#define WDMDMA_KUNIT_GCOV_H

#include <linux/types.h>

#define GCOV_COUNTERS	(__GNUC__ >= 14 ? 9 : 8)	/* kinds of counters */

#if __GNUC__ < 12
#error "the counters of gcc before 12 have another layout"
#endif

/* Counters of one kind, of a function. */
struct gcov_counts {
	u32 nr;
	s64 *values;
};

/* A function. Only arcs are counted, so there is one kind of counters. */
struct gcov_function {
	const struct gcov_info *key;
	u32 ident;
	u32 lineno_checksum;
	u32 cfg_checksum;
	struct gcov_counts arcs;
};

/* An object, as the compiler describes it. */
struct gcov_info {
	u32 version;
	struct gcov_info *next;
	u32 stamp;
	u32 checksum;
	const char *name;
	void *merge[GCOV_COUNTERS];
	u32 nr;
	struct gcov_function **functions;
};

void __gcov_init(struct gcov_info *info);
void __gcov_exit(void);
void __gcov_merge_add(s64 *values, u32 nr);

#endif /* WDMDMA_KUNIT_GCOV_H */
