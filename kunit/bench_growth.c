// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows of the benchmark that measure an operation while many other objects live. The
 * objects are common buffers, lists, or common buffers in the driver's own memory.
 */
#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <wdmdma/mdl.h>

#include "bench.h"

/* Allocate or free buffers until the population has @live of them. */
int bench_populate(struct bench *b, struct bench_population *p, unsigned int live)
{
	bool ours = p == &b->ours;
	int ret;

	while (p->live > live) {
		p->live--;
		if (ours)
			bench_ours_free(b, PAGE_SIZE, &p->buffer[p->live]);
		else
			bench_raw_free(b, PAGE_SIZE, &p->buffer[p->live]);
		if (!(p->live % 256))
			cond_resched();
	}
	while (p->live < live) {
		ret = ours ? bench_ours_alloc(b, PAGE_SIZE, &p->buffer[p->live]) :
			     bench_raw_alloc(b, PAGE_SIZE, &p->buffer[p->live]);
		if (ret)
			return ret;
		p->live++;
		if (!(p->live % 256))
			cond_resched();
	}
	return 0;
}

/* Free some of many live buffers in random order, and replace them afterwards. */

static void choose(struct bench *b, struct bench_population *p, unsigned int n)
{
	unsigned int i, other;

	for (i = 0; i < n; i++) {
		other = i + prandom_u32_state(&b->random) % (p->live - i);
		swap(p->buffer[i], p->buffer[other]);
	}
}

int bench_ours_choose(struct bench *b, unsigned int n)
{
	choose(b, &b->ours, n);
	return 0;
}

int bench_raw_choose(struct bench *b, unsigned int n)
{
	choose(b, &b->raw, n);
	return 0;
}

int bench_ours_free_chosen(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		bench_ours_free(b, PAGE_SIZE, &b->ours.buffer[i]);
	return 0;
}

int bench_raw_free_chosen(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		bench_raw_free(b, PAGE_SIZE, &b->raw.buffer[i]);
	return 0;
}

int bench_ours_refill(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (bench_ours_alloc(b, PAGE_SIZE, &b->ours.buffer[i]))
			return -ENOMEM;
	return 0;
}

int bench_raw_refill(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (bench_raw_alloc(b, PAGE_SIZE, &b->raw.buffer[i]))
			return -ENOMEM;
	return 0;
}

/* Live lists. They end in FIFO order, or in LIFO order with bench_ours_list(). */

static int hold_lists(struct bench *b, struct bench_transfer *t)
{
	unsigned int i, n = b->current_row->among;

	t->list = vzalloc(array_size(n, sizeof(*t->list)));
	if (!t->list)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		local_bh_disable();
		t->list[i] = bench_list_get(b, t);
		local_bh_enable();
		if (!t->list[i])
			return -ENOMEM;
		t->lists++;
		if (!(i % 256))
			cond_resched();
	}
	return 0;
}

void bench_among_lists_cleanup(struct bench *b)
{
	struct bench_transfer *t = b->row;

	while (t->lists--) {
		local_bh_disable();
		b->ops->PutScatterGatherList(b->adapter, t->list[t->lists], TRUE);
		local_bh_enable();
		if (!(t->lists % 256))
			cond_resched();
	}
	vfree(t->list);
	bench_transfer_cleanup(b);
}

int bench_among_lists_setup(struct bench *b)
{
	int ret = bench_list_setup(b);

	if (ret)
		return ret;
	ret = hold_lists(b, b->row);
	if (ret)
		bench_among_lists_cleanup(b);
	return ret;
}

/* Make a list, and end the list that has lived longest. */
int bench_ours_list_fifo(struct bench *b, unsigned int n)
{
	struct bench_transfer *t = b->row;
	PSCATTER_GATHER_LIST list;
	int ret = 0;

	local_bh_disable();
	while (n--) {
		list = bench_list_get(b, t);
		if (!list) {
			ret = -ENOMEM;
			break;
		}
		b->ops->PutScatterGatherList(b->adapter, t->list[t->oldest], TRUE);
		t->list[t->oldest] = list;
		t->oldest = (t->oldest + 1) % t->lists;
	}
	local_bh_enable();
	return ret;
}

/**
 * struct mdls_row - private data of the rows among buffers made from MDLs
 * @transfer: memory of the list, if that is what the row measures
 * @n: number of buffers
 * @mdl: their MDLs
 * @buffer: their addresses
 */
struct mdls_row {
	struct bench_transfer *transfer;
	unsigned int n;
	PMDL *mdl;
	struct bench_buffer *buffer;
};

static void release_mdl(PMDL mdl, void *cpu)
{
	if (mdl)
		IoFreeMdl(mdl);
	free_page((unsigned long)cpu);
}

/* Make one buffer from the MDL of a page. */
static int buffer_from_mdl(struct bench *b, PMDL *mdl, struct bench_buffer *buffer)
{
	void *cpu = (void *)__get_free_page(GFP_KERNEL);
	PHYSICAL_ADDRESS la;

	*mdl = cpu ? IoAllocateMdl(cpu, PAGE_SIZE, FALSE, FALSE, NULL) : NULL;
	if (*mdl)
		MmBuildMdlForNonPagedPool(*mdl);
	if (!*mdl || b->ops->CreateCommonBufferFromMdl(b->adapter, *mdl, NULL, 0, &la)) {
		release_mdl(*mdl, cpu);
		return -ENOMEM;
	}
	buffer->cpu = cpu;
	buffer->dma = la.QuadPart;
	return 0;
}

void bench_among_mdls_cleanup(struct bench *b)
{
	struct mdls_row *row = b->row;

	while (row->n--) {
		bench_ours_free(b, PAGE_SIZE, &row->buffer[row->n]);
		release_mdl(row->mdl[row->n], row->buffer[row->n].cpu);
		if (!(row->n % 256))
			cond_resched();
	}
	if (row->transfer)
		bench_transfer_release(b, row->transfer);
	vfree(row->mdl);
	vfree(row->buffer);
	kfree(row);
}

static int make_buffers(struct bench *b, struct mdls_row *row)
{
	unsigned int n = b->current_row->among;
	int ret;

	row->transfer = bench_transfer_make(b, DMA_TO_DEVICE);
	row->mdl = vzalloc(array_size(n, sizeof(*row->mdl)));
	row->buffer = vzalloc(array_size(n, sizeof(*row->buffer)));
	if (!row->transfer || !row->mdl || !row->buffer)
		return -ENOMEM;
	while (row->n < n) {
		ret = buffer_from_mdl(b, &row->mdl[row->n], &row->buffer[row->n]);
		if (ret)
			return ret;
		row->n++;
		if (!(row->n % 256))
			cond_resched();
	}
	return 0;
}

int bench_among_mdls_setup(struct bench *b)
{
	struct mdls_row *row = kzalloc(sizeof(*row), GFP_KERNEL);
	int ret;

	if (!row)
		return -ENOMEM;
	b->row = row;
	ret = make_buffers(b, row);
	if (ret)
		bench_among_mdls_cleanup(b);
	return ret;
}

int bench_ours_list_among_mdls(struct bench *b, unsigned int n)
{
	struct mdls_row *row = b->row;
	int ret;

	b->row = row->transfer;
	ret = bench_ours_list(b, n);
	b->row = row;
	return ret;
}
