/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef WDMDMA_BENCH_STEP_H
#define WDMDMA_BENCH_STEP_H

#include "bench.h"

#define BENCH_WRITES	8192

/**
 * struct bench_write - an instruction that wrote to memory
 * @address: the address that it wrote to
 * @ip: address of the instruction
 * @is_locked: it was a locked read-modify-write
 */
struct bench_write {
	unsigned long address;
	unsigned long ip;
	bool is_locked;
};

/**
 * struct bench_steps - instructions of an operation
 * @task: the task that runs the operation
 * @instructions: number of instructions
 * @locked: number of locked read-modify-writes
 * @lost: number of writes for which @write had no room
 * @writes: number of entries of @write
 * @write: all writes, except those to the stack of the task
 * @is_relative: the address of the last write still lacks the next instruction's address
 */
struct bench_steps {
	struct task_struct *task;
	unsigned int instructions;
	unsigned int locked;
	unsigned int lost;
	unsigned int writes;
	struct bench_write write[BENCH_WRITES];
	bool is_relative;
};

#ifdef CONFIG_X86
int bench_step_init(void);
void bench_step_exit(void);
int bench_step(struct bench *b, const struct bench_side *side, struct bench_steps *steps);
#else
static inline int bench_step_init(void)
{
	return -EOPNOTSUPP;
}

static inline void bench_step_exit(void)
{
}

static inline int bench_step(struct bench *b, const struct bench_side *side,
			     struct bench_steps *steps)
{
	return -EOPNOTSUPP;
}
#endif

#endif /* WDMDMA_BENCH_STEP_H */
