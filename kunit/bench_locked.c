// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark that count locked read-modify-writes, which an instruction
 * count prices like any other instruction. On a machine each takes about 20 cycles, and
 * far more when another CPU has the cache line.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/vmalloc.h>

#include "bench_step.h"

#define WARM	16	/* operations that fill the caches of the allocators */

/* The row that makes the calls. The name of its count is "locked_" and that of the row. */
static const char *const counted[] = {
	"list_4k", "alloc_free_4k", "srb_64k", "list_64k", "map_ex_64k", "packet_4k",
};

/* Say where our side has them. */
static void log_sites(const struct bench_row *row, const struct bench_steps *steps)
{
	const struct bench_write *write = steps->write;
	unsigned int i;

	for (i = 0; i < steps->writes; i++)
		if (write[i].is_locked)
			pr_info("LOCKED row=locked_%s %pS\n", row->name, (void *)write[i].ip);
}

static int count_side(struct bench *b, const struct bench_side *side, struct bench_steps *steps,
		      unsigned int *locked)
{
	int ret = side->run(b, WARM) ?: bench_step(b, side, steps);

	*locked = steps->locked;
	return ret;
}

static int count_row(struct bench *b, const struct bench_row *row, struct bench_steps *steps)
{
	unsigned int ours, raw;
	int ret;

	if (!row->raw.run)
		return 0;
	ret = bench_row_begin(b, row);
	if (ret)
		return ret;
	ret = count_side(b, &row->ours, steps, &ours);
	if (!ret) {
		log_sites(row, steps);
		ret = count_side(b, &row->raw, steps, &raw);
	}
	bench_row_end(b);
	if (!ret)
		pr_info("RESULT row=locked_%s unit=operations ours=%u raw=%u instead=\"%s\"\n",
			row->name, ours, raw, row->instead);
	return ret;
}

void bench_locked(struct bench *b)
{
	struct bench_steps *steps = vzalloc(sizeof(*steps));
	int ret = steps ? bench_step_init() : -ENOMEM;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counted) && !ret; i++)
		ret = count_row(b, bench_row_find(counted[i]), steps);
	if (ret)
		pr_err("FAILED row=locked: %d\n", ret);
	if (steps)
		bench_step_exit();
	vfree(steps);
}
