// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs one operation of a row instruction by instruction, on x86. The CPU raises a debug
 * exception before each instruction while its trap flag is set. The handler here looks at
 * the instruction that comes next. It counts the locked read-modify-writes and notes every
 * write to memory with its address. Interrupts clear the trap flag while they run, so that
 * they are not counted. Softirqs, which run when the operation enables them, are left out.
 *
 * A kernel for several CPUs that finds only one removes the lock prefixes from its own
 * code. It must be booted with "noreplace-smp".
 */
#include <linux/kdebug.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/thread_info.h>

#include <asm/debugreg.h>
#include <asm/processor-flags.h>

#include "bench_step.h"

#define TRIES		10
#define OPCODE_0F	0x100	/* added to the second byte of an opcode of two bytes */

static DEFINE_PER_CPU(struct bench_steps *, stepping);

/**
 * struct instruction - what counts of an instruction
 * @opcode: its opcode
 * @rex: its REX prefix, or 0
 * @is_locked: it has a lock prefix
 * @is_per_cpu: it has a segment prefix for the memory of the CPU
 * @modrm: its ModRM byte, with what follows
 */
struct instruction {
	unsigned int opcode;
	u8 rex;
	bool is_locked;
	bool is_per_cpu;
	const u8 *modrm;
};

static void decode(struct instruction *in, const u8 *byte)
{
	*in = (struct instruction){};
	for (;; byte++) {
		if (*byte == 0xf0)
			in->is_locked = true;
		else if (*byte == 0x65)
			in->is_per_cpu = true;
		else if (*byte != 0x66 && *byte != 0xf2 && *byte != 0xf3 && *byte != 0x2e &&
			 *byte != 0x3e)
			break;
	}
	if ((*byte & 0xf0) == 0x40)
		in->rex = *byte++;
	in->opcode = *byte++;
	if (in->opcode == 0x0f)
		in->opcode = OPCODE_0F + *byte++;
	in->modrm = byte;
}

/* Return the number in the middle of the ModRM byte, a register or a part of the opcode. */
static unsigned int middle_of(const struct instruction *in)
{
	return *in->modrm >> 3 & 7;
}

static bool is_string(const struct instruction *in)
{
	return in->opcode == 0xa4 || in->opcode == 0xa5 || in->opcode == 0xaa ||
	       in->opcode == 0xab;
}

/* Return true if a bit is chosen by a register, which may reach beyond the operand. */
static bool is_bit_of_register(const struct instruction *in)
{
	return in->opcode == OPCODE_0F + 0xab || in->opcode == OPCODE_0F + 0xb3 ||
	       in->opcode == OPCODE_0F + 0xbb;
}

static bool writes_two_bytes(const struct instruction *in)
{
	switch (in->opcode - OPCODE_0F) {
	case 0x11: case 0x13: case 0x17: case 0x29: case 0x2b: case 0x7f: case 0xd6: case 0xe7:
	case 0x90 ... 0x9f:
	case 0xa4: case 0xa5: case 0xab: case 0xac: case 0xad:
	case 0xb0: case 0xb1: case 0xb3: case 0xbb:
	case 0xc0: case 0xc1: case 0xc3:
		return true;
	case 0xba:
		return middle_of(in) > 4;
	case 0xc7:
		return middle_of(in) == 1;
	default:
		return false;
	}
}

/* Return true if the instruction writes to the operand that the ModRM byte describes. */
static bool writes_operand(const struct instruction *in)
{
	switch (in->opcode) {
	case 0x00 ... 0x37:
		return (in->opcode & 7) < 2;
	case 0x80: case 0x81: case 0x83:
		return middle_of(in) != 7;
	case 0x86 ... 0x89: case 0x8f:
	case 0xc0: case 0xc1: case 0xc6: case 0xc7: case 0xd0 ... 0xd3:
		return true;
	case 0xf6: case 0xf7:
		return middle_of(in) == 2 || middle_of(in) == 3;
	case 0xfe: case 0xff:
		return middle_of(in) < 2;
	default:
		return in->opcode >= OPCODE_0F && writes_two_bytes(in);
	}
}

static unsigned long register_of(const struct pt_regs *regs, unsigned int number)
{
	switch (number) {
	case 0: return regs->ax;
	case 1: return regs->cx;
	case 2: return regs->dx;
	case 3: return regs->bx;
	case 4: return regs->sp;
	case 5: return regs->bp;
	case 6: return regs->si;
	case 7: return regs->di;
	case 8: return regs->r8;
	case 9: return regs->r9;
	case 10: return regs->r10;
	case 11: return regs->r11;
	case 12: return regs->r12;
	case 13: return regs->r13;
	case 14: return regs->r14;
	default: return regs->r15;
	}
}

/* Return the base of an operand with a SIB byte. */
static unsigned long sib_of(const struct instruction *in, const struct pt_regs *regs,
			    bool *has_base)
{
	unsigned int base = in->modrm[1] & 7, index = in->modrm[1] >> 3 & 7;
	unsigned long address = 0;

	index |= (in->rex & 2) << 2;
	if (index != 4)
		address = register_of(regs, index) << (in->modrm[1] >> 6);
	*has_base = base != 5 || *in->modrm >> 6;
	return *has_base ? address + register_of(regs, base | (in->rex & 1) << 3) : address;
}

/* Return the address of the operand, less that of the next instruction if @is_relative. */
static unsigned long operand_of(const struct instruction *in, const struct pt_regs *regs,
				bool *is_relative)
{
	unsigned int mod = *in->modrm >> 6, rm = *in->modrm & 7;
	const u8 *displacement = in->modrm + (rm == 4 ? 2 : 1);
	unsigned long address = 0;
	bool has_base = true;

	*is_relative = !mod && rm == 5;
	if (rm == 4)
		address = sib_of(in, regs, &has_base);
	else if (!*is_relative)
		address = register_of(regs, rm | (in->rex & 1) << 3);
	if (mod == 1)
		address += *(const s8 *)displacement;
	else if (mod == 2 || *is_relative || !has_base)
		address += *(const s32 *)displacement;
	if (in->is_per_cpu)
		address += this_cpu_read(this_cpu_off);
	if (is_bit_of_register(in))
		address += (long)register_of(regs, middle_of(in) | (in->rex & 4) << 1) >> 6 << 3;
	return address;
}

static bool is_on_stack(unsigned long address, const struct pt_regs *regs)
{
	return !((address ^ regs->sp) & ~(THREAD_SIZE - 1));
}

static void note(struct bench_steps *steps, unsigned long address, unsigned long ip, bool is_locked)
{
	if (steps->writes == BENCH_WRITES) {
		steps->lost++;
		return;
	}
	steps->write[steps->writes++] = (struct bench_write){ address, ip, is_locked };
}

/* Each round of a repeated instruction is an instruction. Note one round for each cache line. */
static void step_string(struct bench_steps *steps, const struct pt_regs *regs)
{
	struct bench_write *last = steps->write + steps->writes - 1;

	if (!steps->writes || last->ip != regs->ip ||
	    (last->address ^ regs->di) >> INTERNODE_CACHE_SHIFT)
		note(steps, regs->di, regs->ip, false);
}

static void step_one(struct bench_steps *steps, const struct pt_regs *regs)
{
	struct instruction in;
	unsigned long address;
	bool is_relative;

	if (steps->is_relative)
		steps->write[steps->writes - 1].address += regs->ip;
	steps->is_relative = false;
	steps->instructions++;
	decode(&in, (const u8 *)regs->ip);
	if (is_string(&in))
		step_string(steps, regs);
	if (!writes_operand(&in) || *in.modrm >> 6 == 3)
		return;
	/* An exchange with memory is locked without the prefix. */
	if (in.opcode == 0x86 || in.opcode == 0x87)
		in.is_locked = true;
	steps->locked += in.is_locked;
	address = operand_of(&in, regs, &is_relative);
	if (is_on_stack(address, regs) && !is_relative && !in.is_locked)
		return;
	note(steps, address, regs->ip, in.is_locked);
	steps->is_relative = is_relative && !steps->lost;
}

static int step_notify(struct notifier_block *block, unsigned long event, void *data)
{
	struct bench_steps *steps = this_cpu_read(stepping);
	struct die_args *args = data;
	unsigned long *dr6 = (unsigned long *)args->err;

	if (event != DIE_DEBUG || !steps || !(*dr6 & DR_STEP))
		return NOTIFY_DONE;
	/* The flag outlives a switch to another task. step_alone() sees that there was one. */
	if (steps->task != current)
		args->regs->flags &= ~X86_EFLAGS_TF;
	else if (!in_serving_softirq())
		step_one(steps, args->regs);
	*dr6 &= ~DR_STEP;
	return NOTIFY_STOP;
}

static struct notifier_block step_block = { .notifier_call = step_notify };

int bench_step_init(void)
{
	return register_die_notifier(&step_block);
}

void bench_step_exit(void)
{
	unregister_die_notifier(&step_block);
}

static __always_inline void trap_begin(void)
{
	asm volatile("pushf; orl %0, (%%rsp); popf" : : "i" (X86_EFLAGS_TF) : "memory", "cc");
}

static __always_inline void trap_end(void)
{
	asm volatile("pushf; andl %0, (%%rsp); popf" : : "i" (~X86_EFLAGS_TF) : "memory", "cc");
}

static unsigned long switches(void)
{
	return current->nvcsw + current->nivcsw;
}

static int step_try(struct bench *b, const struct bench_side *side, struct bench_steps *steps)
{
	int ret;

	steps->task = current;
	steps->instructions = 0;
	steps->locked = 0;
	steps->lost = 0;
	steps->writes = 0;
	steps->is_relative = false;
	migrate_disable();
	this_cpu_write(stepping, steps);
	trap_begin();
	ret = side->run(b, 1);
	trap_end();
	this_cpu_write(stepping, NULL);
	migrate_enable();
	return ret;
}

/*
 * Many calls must not run with preemption disabled. So the operation is repeated if another
 * task ran meanwhile, with which the trap flag would be lost.
 */
static int step_alone(struct bench *b, const struct bench_side *side, struct bench_steps *steps)
{
	unsigned int tries;
	unsigned long seen;
	int ret;

	for (tries = 0; tries < TRIES; tries++) {
		seen = switches();
		ret = step_try(b, side, steps);
		if (ret || switches() == seen)
			return ret;
	}
	return -EBUSY;
}

/*
 * Run one operation, several times. The last run has as few instructions as any, because
 * others may have filled the caches of the allocators.
 */
int bench_step(struct bench *b, const struct bench_side *side, struct bench_steps *steps)
{
	unsigned int tries, least = UINT_MAX;
	int ret;

	for (tries = 0; tries < 2 * TRIES; tries++) {
		ret = step_alone(b, side, steps);
		if (ret || (tries >= TRIES && steps->instructions <= least))
			return ret;
		least = min(least, steps->instructions);
	}
	return 0;
}
