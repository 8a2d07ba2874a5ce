// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of the benchmark. It binds one PCI device, measures all rows on that device
 * in its probe function, and writes one line for each row into the log. The device
 * itself has nothing to do. "make bench" runs the driver in QEMU and reads the log.
 * Documentation/performance.rst says how to run it on a real machine.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include <wdmdma/linux.h>

#include "bench.h"

#define BATCHES		21
#define MAX_SAMPLES	2000
#define SIDES		3
/* The device takes as much in one piece. */
#define BENCH_SETTLE_MS	200
#define LONGEST		SZ_4M
/* Memory that must be left while many buffers live, for their records and for the machine. */
#define SPARE_PAGES	(SZ_256M >> PAGE_SHIFT)

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "PCI device to measure with, as 0000:00:1f.0, without a driver (QEMU's edu)");

static char *profile = "";
module_param(profile, charp, 0444);
MODULE_PARM_DESC(profile, "measure nothing; make the calls of this row until the process is killed");

static bool profile_raw;
module_param(profile_raw, bool, 0444);
MODULE_PARM_DESC(profile_raw, "of that row the raw side");

static char *rows = "";
module_param(rows, charp, 0444);
MODULE_PARM_DESC(rows, "measure only rows whose names begin with one of these, as list_,map_loop_1m");

static unsigned int scaling;
module_param(scaling, uint, 0444);
MODULE_PARM_DESC(scaling, "measure no row; let 1, 2, 4 and up to so many CPUs make calls at once");

/* Samples of one side, in tenths of a nanosecond per operation. They are sorted at the end. */
struct bench_samples {
	unsigned int nr;
	u64 sample[MAX_SAMPLES];
};

/* Return the cost of reading the clock, which is the least difference of two readings. */
static u64 bench_clock_cost(void)
{
	u64 least = U64_MAX, start;
	unsigned int i;

	for (i = 0; i < 100; i++) {
		start = ktime_get_raw_ns();
		least = min(least, ktime_get_raw_ns() - start);
	}
	return least;
}

/* Time one batch and add the result to @samples. */
static int bench_batch(struct bench *b, const struct bench_side *side, unsigned int n,
		       u64 clock, struct bench_samples *samples)
{
	u64 start, ns;
	int ret = side->prepare ? side->prepare(b, n) : 0;

	if (ret)
		return ret;
	start = ktime_get_raw_ns();
	ret = side->run(b, n);
	ns = ktime_get_raw_ns() - start;
	if (side->finish && !ret)
		ret = side->finish(b, n);
	samples->sample[samples->nr++] = div_u64((ns - min(ns, clock)) * 10, n);
	cond_resched();
	return ret;
}

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static unsigned int bench_n(const struct bench_row *row, const struct bench_side *side)
{
	return side == &row->raw && row->raw_n ? row->raw_n : row->n;
}

/* The sides, in the order in which they take turns. */
static const struct bench_side *bench_side(const struct bench_row *row, unsigned int side)
{
	return side == 0 ? &row->ours : side == 1 ? &row->raw : &row->limit;
}

/*
 * Run @nr batches of each side, by turns. A batch has @n operations, or as many as the
 * row says if @n is 0.
 */
static int bench_turns(struct bench *b, const struct bench_row *row, unsigned int nr,
		       unsigned int n, struct bench_samples *samples)
{
	const struct bench_side *one;
	u64 clock = bench_clock_cost();
	unsigned int i, side;
	int ret;

	for (side = 0; side < SIDES; side++)
		samples[side].nr = 0;
	for (i = 0; i < nr; i++) {
		for (side = 0; side < SIDES; side++) {
			one = bench_side(row, side);
			if (!one->run)
				continue;
			ret = bench_batch(b, one, n ?: bench_n(row, one), clock, &samples[side]);
			if (ret)
				return ret;
		}
	}
	for (side = 0; side < SIDES; side++)
		sort(samples[side].sample, samples[side].nr, sizeof(u64), compare_u64, NULL);
	return 0;
}

/* Write " SIDE=a,b,c,d" for the log, in nanoseconds with one decimal. */
static int bench_format(char *text, size_t size, const char *side, u64 least,
			const struct bench_samples *samples)
{
	unsigned int nr = samples->nr, i, len;
	u64 figure[] = { least, samples->sample[nr / 2], samples->sample[nr * 99 / 100],
			 samples->sample[nr - 1] };

	len = scnprintf(text, size, " %s=", side);
	for (i = 0; i < ARRAY_SIZE(figure); i++) {
		u32 tenth;
		u64 ns = div_u64_rem(figure[i], 10, &tenth);

		len += scnprintf(text + len, size - len, "%s%llu.%u", i ? "," : "", ns, tenth);
	}
	return len;
}

/* Log the cheapest batch of each side, then the distribution. */
static int bench_measure(struct bench *b, const struct bench_row *row,
			 struct bench_samples *samples)
{
	static const char *const names[SIDES] = { "ours", "raw", "limit" };
	unsigned int side;
	u64 least[SIDES];
	char text[300];
	int ret, len = 0;

	ret = bench_turns(b, row, BATCHES, 0, samples);
	if (ret)
		return ret;
	for (side = 0; side < SIDES; side++)
		least[side] = samples[side].sample[0];
	if (row->singles) {
		ret = bench_turns(b, row, row->singles, 1, samples);
		if (ret)
			return ret;
	}
	for (side = 0; side < SIDES; side++)
		if (bench_side(row, side)->run)
			len += bench_format(text + len, sizeof(text) - len, names[side],
					    least[side], &samples[side]);
	pr_info("RESULT row=%s unit=ns over=%s%s instead=\"%s\"\n", row->name,
		row->singles ? "operations" : "batches", text, row->instead ?: "");
	return 0;
}

/* Make the calls of one side for an external profiler, until the process is killed. */
static int bench_loop(struct bench *b, const struct bench_row *row)
{
	const struct bench_side *side = profile_raw ? &row->raw : &row->ours;
	unsigned int n = bench_n(row, side);
	int ret = 0;

	if (!side->run)
		return -EINVAL;
	pr_info("PROFILE begins\n");
	while (!ret && !fatal_signal_pending(current)) {
		if (side->prepare)
			ret = side->prepare(b, n);
		if (!ret)
			ret = side->run(b, n);
		if (!ret && side->finish)
			ret = side->finish(b, n);
		cond_resched();
	}
	return ret ?: -EINTR;
}

static int bench_populate_both(struct bench *b, const struct bench_row *row)
{
	int ret = bench_populate(b, &b->raw, row->raw.run ? row->live : 0);

	return ret ?: bench_populate(b, &b->ours, row->live);
}

/* Return true if the machine has memory for the row's populations. Small populations always fit. */
static bool bench_has_memory(struct bench *b, const struct bench_row *row)
{
	return row->live <= BENCH_MANY ||
	       si_mem_available() + b->ours.live + b->raw.live > row->live + SPARE_PAGES;
}

/* Set up a row. On success the caller must end it. */
int bench_row_begin(struct bench *b, const struct bench_row *row)
{
	b->len = row->len;
	b->current_row = row;
	return row->setup ? row->setup(b) : 0;
}

void bench_row_end(struct bench *b)
{
	if (b->current_row->cleanup)
		b->current_row->cleanup(b);
}

static int bench_row(struct bench *b, const struct bench_row *row, struct bench_samples *samples)
{
	int ret = bench_populate_both(b, row) ?: bench_row_begin(b, row);

	if (ret)
		return ret;
	ret = *profile ? bench_loop(b, row) : bench_measure(b, row, samples);
	bench_row_end(b);
	return ret;
}

/* Return the bytes of the slab allocator when the tables have grown and freed their old parts. */
static long bench_settled_bytes(void)
{
	msleep(BENCH_SETTLE_MS);
	rcu_barrier();
	return bench_slab_bytes();
}

/* Measure by how much the slab allocator grows for each live buffer of one page. */
static int bench_bookkeeping(struct bench *b)
{
	struct bench_population *sides[] = { &b->ours, &b->raw };
	long bytes[ARRAY_SIZE(sides)];
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(sides); i++) {
		bytes[i] = bench_settled_bytes();
		ret = bench_populate(b, sides[i], BENCH_MANY);
		if (ret)
			return ret;
		bytes[i] = bench_settled_bytes() - bytes[i];
	}
	/* The allocator may have given back more of its own than a side without records needs. */
	pr_info("RESULT row=bookkeeping unit=bytes ours=%ld raw=%ld\n",
		max(bytes[0], 0L) / BENCH_MANY, max(bytes[1], 0L) / BENCH_MANY);
	return 0;
}

static int bench_map_ops(struct bench *b)
{
	unsigned long large, small;
	int ret = bench_count_map_ops(b, &large, &small);

	if (!ret)
		pr_info("RESULT row=large_2m_map_ops unit=operations ours=%lu raw=%lu\n",
			large, small);
	return ret;
}

/* Return true if the parameter rows is empty, or has the beginning of the row's name. */
static bool bench_is_chosen(const char *name)
{
	const char *part = rows;
	size_t len;

	if (!*rows)
		return true;
	for (; *part; part += len + (part[len] == ',')) {
		len = strcspn(part, ",");
		if (len && !strncmp(name, part, len))
			return true;
	}
	return false;
}

static void bench_all(struct bench *b, struct bench_samples *samples)
{
	const struct bench_row *row;
	int ret;

	/* This row must come first, while the slab allocator has hardly any free objects. */
	ret = *profile || *rows ? 0 : bench_bookkeeping(b);
	if (ret)
		pr_err("FAILED row=bookkeeping: %d\n", ret);
	for (row = bench_rows; row->name; row++) {
		if ((row->translated && !b->translated) || !bench_has_memory(b, row) ||
		    !bench_is_chosen(row->name) || (*profile && strcmp(profile, row->name)))
			continue;
		ret = bench_row(b, row, samples);
		if (ret)
			pr_err("FAILED row=%s: %d\n", row->name, ret);
	}
	bench_populate(b, &b->raw, 0);
	bench_populate(b, &b->ours, 0);
	if (*profile || *rows)
		return;
	ret = b->translated ? bench_map_ops(b) : 0;
	if (ret)
		pr_err("FAILED row=large_2m_map_ops: %d\n", ret);
	bench_locked(b);
}

/* Get an adapter and a device extension for the device, as ported drivers do. */
int bench_open_adapter(struct bench *b)
{
	DEVICE_DESCRIPTION description = {
		.Version = DEVICE_DESCRIPTION_VERSION3,
		.Master = TRUE,
		.ScatterGather = TRUE,
		.InterfaceType = InterfaceTypeUndefined,
		.MaximumLength = LONGEST,
		.DmaAddressWidth = 64,
	};
	ULONG registers;

	b->adapter = IoGetDmaAdapter(b->device_object, &description, &registers);
	if (!b->adapter)
		return -ENOMEM;
	b->ops = b->adapter->DmaOperations;
	b->extension = wdmdma_hw_device_extension_create(b->dev, 1);
	if (b->extension)
		return 0;
	b->ops->PutDmaAdapter(b->adapter);
	return -ENOMEM;
}

void bench_close_adapter(struct bench *b)
{
	wdmdma_hw_device_extension_destroy(b->extension);
	b->ops->PutDmaAdapter(b->adapter);
}

static int bench_open(struct bench *b, struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	int ret;

	b->dev = dev;
	b->translated = domain && domain->type != IOMMU_DOMAIN_IDENTITY;
	prandom_seed_state(&b->random, 1);
	b->device_object = wdmdma_device_object_get(dev);
	if (!b->device_object)
		return -ENOMEM;
	ret = bench_open_adapter(b);
	if (ret)
		wdmdma_device_object_put(b->device_object);
	return ret;
}

static void bench_close(struct bench *b)
{
	bench_close_adapter(b);
	wdmdma_device_object_put(b->device_object);
}

static int bench_run(struct device *dev)
{
	struct bench *b = vzalloc(sizeof(*b));
	struct bench_samples *samples = vzalloc(SIDES * sizeof(*samples));
	int ret = -ENOMEM;

	if (!b || !samples)
		goto free;
	b->ours.buffer = vzalloc(array_size(BENCH_MOST, sizeof(struct bench_buffer)));
	b->raw.buffer = vzalloc(array_size(BENCH_MOST, sizeof(struct bench_buffer)));
	if (!b->ours.buffer || !b->raw.buffer)
		goto free;
	ret = bench_open(b, dev);
	if (ret)
		goto free;
	pr_info("%s: %s\n", dev_name(dev), b->translated ? "translated by an IOMMU" :
		"not translated");
	if (scaling)
		bench_scaling(b, scaling);
	else
		bench_all(b, samples);
	bench_close(b);
	pr_info("DONE\n");
free:
	if (b) {
		vfree(b->ours.buffer);
		vfree(b->raw.buffer);
	}
	vfree(samples);
	vfree(b);
	return ret;
}

static bool bench_is_wanted(const struct pci_dev *pdev)
{
	return *device ? !strcmp(pci_name(pdev), device) :
			 pdev->vendor == 0x1234 && pdev->device == 0x11e8;
}

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (!bench_is_wanted(pdev))
		return -ENODEV;
	dma_set_max_seg_size(&pdev->dev, LONGEST);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	return ret ?: bench_run(&pdev->dev);
}

/* The kernel offers every device that has no driver. bench_probe() accepts only one device. */
static const struct pci_device_id bench_ids[] = {
	{ PCI_DEVICE(PCI_ANY_ID, PCI_ANY_ID) },
	{}
};

static struct pci_driver bench_driver = {
	.name = KBUILD_MODNAME,
	.id_table = bench_ids,
	.probe = bench_probe,
};
module_pci_driver(bench_driver);

MODULE_DESCRIPTION("Benchmark of wdmdma against the DMA API");
MODULE_LICENSE("GPL");
