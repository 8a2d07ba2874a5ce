// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files in debugfs, which show the module's objects, and one that takes the verifier's
 * settings. Documentation/diagnosis.rst describes them. Each file has a line with the names of the
 * columns, and one line for each record. Words are separated by blanks. Columns must keep their
 * order, and new ones come last, or before a last column that is a text.
 *
 * Only root may read the files. They show logical addresses, which without an IOMMU are physical
 * addresses. CPU addresses are hashed. core/view.c has the locks.
 */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include <wdmdma/version.h>

#include "compat.h"
#include "core/adapter.h"
#include "core/fault.h"
#include "core/recycle.h"
#include "core/trace_values.h"
#include "core/view.h"
#include "debug/debug_print.h"
#include "debug/debugfs.h"
#include "debug/verifier.h"
#include "lib/handle.h"
#include "objects.h"

#define DEBUG_ADAPTERS	"adapter device driver version backend first last lists map_registers"	\
			" granted buffers bytes most_buffers most_bytes allocated kept_bytes"	\
			" hits misses live most_live waiting waited copied_bytes dead\n"
#define DEBUG_BUFFERS	"adapter device driver kind state dma cpu bytes pages cache node"	\
			" caller age_ms physical\n"
#define DEBUG_TRANSFERS	"adapter device driver what call amount used copied waited_ms caller\n"
#define DEBUG_DOMAINS	"domain device driver home leader dead astray lost_bytes\n"
#define DEBUG_REFUSALS	"device driver call count reason\n"
#define DEBUG_SUMMARY	"name value\n"
/* A line of the file buffers is seldom longer. */
#define DEBUG_LINE	196
/* A setting of the verifier is not longer. */
#define DEBUG_SETTING	256

/* What the functions that show one record get. */
struct debug_context {
	struct seq_file *m;
	struct wdmdma_adapter *adapter;
};

static size_t debug_bytes(unsigned long pages)
{
	return pages << PAGE_SHIFT;
}

static void debug_adapter(struct seq_file *m, const struct wdmdma_adapter *adapter)
{
	const struct wdmdma_recycler *recycler = &adapter->recycler;
	const struct wdmdma_transfers *transfers = &adapter->transfers;
	const struct wdmdma_lookup *buffers = &adapter->buffers;
	const struct wdmdma_device *device = adapter->device;

	seq_printf(m, "%u", adapter->id);
	wdmdma_debug_device(m, device);
	seq_printf(m, " %u", adapter->version);
	wdmdma_debug_word(m, READ_ONCE(device->backend)->name);
	seq_printf(m, " %#llx %#llx %u %u %u", adapter->reach.first, adapter->reach.last,
		   adapter->scatter_gather, adapter->map_registers, READ_ONCE(transfers->granted));
	seq_printf(m, " %lu %zu %lu %zu %lu", READ_ONCE(buffers->nr),
		   debug_bytes(READ_ONCE(buffers->pages)), READ_ONCE(buffers->most_nr),
		   debug_bytes(READ_ONCE(buffers->most_pages)),
		   READ_ONCE(buffers->inserted) + READ_ONCE(recycler->hits));
	seq_printf(m, " %zu %lu %lu", debug_bytes(READ_ONCE(recycler->pages)),
		   READ_ONCE(recycler->hits), READ_ONCE(recycler->misses));
	seq_printf(m, " %u %u %u %lu %lld %u\n", READ_ONCE(transfers->lists.nr),
		   READ_ONCE(transfers->most_lists), READ_ONCE(transfers->waiting),
		   READ_ONCE(transfers->waited), atomic64_read(&transfers->copied),
		   READ_ONCE(device->dead));
}

static int debug_show_adapters(struct seq_file *m, void *unused)
{
	struct wdmdma_view *view = wdmdma_view_open();
	unsigned int i;

	if (!view)
		return -ENOMEM;
	seq_puts(m, DEBUG_ADAPTERS);
	for (i = 0; i < view->nr; i++)
		debug_adapter(m, view->adapter[i]);
	wdmdma_view_close(view);
	return 0;
}

/* Return the node of a buffer's first page, or NUMA_NO_NODE if its address does not tell. */
static int debug_node(const struct wdmdma_buffer *buffer)
{
	if (is_vmalloc_addr(buffer->cpu) || !virt_addr_valid(buffer->cpu))
		return NUMA_NO_NODE;
	return page_to_nid(virt_to_page(buffer->cpu));
}

/* Print the physical address of memory that is one range, as a linear address shows. */
static void debug_physical(struct seq_file *m, const struct wdmdma_buffer *buffer)
{
	if (is_vmalloc_addr(buffer->cpu) || !virt_addr_valid(buffer->cpu))
		seq_puts(m, " scattered\n");
	else
		seq_printf(m, " %#llx\n", (u64)virt_to_phys(buffer->cpu));
}

static const char *debug_kind(const struct wdmdma_buffer *buffer)
{
	switch (wdmdma_buffer_kind(buffer)) {
	case WDMDMA_KIND_BLOCK:
		return "block";
	case WDMDMA_KIND_IMPORTED:
		return "imported";
	case WDMDMA_KIND_DOMAIN:
		return "domain";
	default:
		return "common";
	}
}

static const char *debug_cache(const struct wdmdma_buffer *buffer)
{
	switch (buffer->cache) {
	case WDMDMA_CACHE_CACHED:
		return "cached";
	case WDMDMA_CACHE_UNCACHED:
		return "uncached";
	case WDMDMA_CACHE_WRITE_COMBINED:
		return "write-combined";
	default:
		return "platform";
	}
}

static void debug_buffer(const struct wdmdma_buffer *buffer, void *arg)
{
	const struct debug_context *context = arg;
	struct seq_file *m = context->m;
	unsigned long since = READ_ONCE(buffer->since);
	bool freeing;

	/* seq_file starts again with more memory, so the rest of this round is of no use. */
	if (seq_has_overflowed(m))
		return;
	/* Pairs with the claim, which comes before the free writes something else over the time. */
	smp_rmb();
	freeing = READ_ONCE(buffer->freeing);
	seq_printf(m, "%u", context->adapter->id);
	wdmdma_debug_device(m, context->adapter->device);
	seq_printf(m, " %s %s %#llx %p %zu %u %s %d", debug_kind(buffer),
		   freeing ? "kept" : "live", (u64)READ_ONCE(buffer->dma), buffer->cpu, buffer->len,
		   buffer->nr_pages, debug_cache(buffer), debug_node(buffer));
	wdmdma_debug_caller(m, READ_ONCE(buffer->caller));
	if (freeing)
		seq_puts(m, " -");
	else
		seq_printf(m, " %u", jiffies_to_msecs(jiffies - since));
	debug_physical(m, buffer);
}

static void debug_transfer(const struct wdmdma_viewed_transfer *transfer, void *arg)
{
	const struct debug_context *context = arg;
	struct seq_file *m = context->m;
	u64 waited = transfer->queued ? ktime_get_ns() - transfer->queued : 0;

	if (seq_has_overflowed(m))
		return;
	seq_printf(m, "%u", context->adapter->id);
	wdmdma_debug_device(m, context->adapter->device);
	seq_printf(m, " %s %s %llu %u %u %llu", transfer->what, transfer->call, transfer->amount,
		   transfer->used, transfer->copied, div_u64(waited, NSEC_PER_MSEC));
	wdmdma_debug_caller(m, transfer->caller);
	seq_putc(m, '\n');
}

/* Show the transfers or the buffers of each adapter. */
static int debug_all_adapters(struct seq_file *m, bool transfers)
{
	struct wdmdma_view *view = wdmdma_view_open();
	struct debug_context context = { .m = m };
	unsigned int i;
	int ret = 0;

	if (!view)
		return -ENOMEM;
	for (i = 0; i < view->nr && !ret; i++) {
		context.adapter = view->adapter[i];
		if (transfers)
			ret = wdmdma_view_transfers(context.adapter, debug_transfer, &context);
		else
			ret = wdmdma_view_buffers(context.adapter, debug_buffer, &context);
	}
	wdmdma_view_close(view);
	return ret;
}

static int debug_show_buffers(struct seq_file *m, void *unused)
{
	seq_puts(m, DEBUG_BUFFERS);
	return debug_all_adapters(m, false);
}

static int debug_show_transfers(struct seq_file *m, void *unused)
{
	seq_puts(m, DEBUG_TRANSFERS);
	return debug_all_adapters(m, true);
}

static void debug_member(const struct wdmdma_domain *domain, struct wdmdma_device *device,
			 void *arg)
{
	struct seq_file *m = arg;

	seq_printf(m, "%lu", (unsigned long)domain->handle.key);
	wdmdma_debug_device(m, device);
	seq_printf(m, " %lu", (unsigned long)device->home->handle.key);
	wdmdma_debug_word(m, dev_name(device->dma->dev));
	seq_printf(m, " %u %u %ld\n", device->dead, device->astray,
		   atomic_long_read(&device->lost));
}

static int debug_show_domains(struct seq_file *m, void *unused)
{
	seq_puts(m, DEBUG_DOMAINS);
	wdmdma_view_members(debug_member, m);
	return 0;
}

/* Copy one count of a device at a time, because refusals take the lock with interrupts off. */
static void debug_refusals(struct wdmdma_device *device, void *arg)
{
	struct wdmdma_refusals *refusals = &device->refusals;
	struct wdmdma_refusal_count row = {};
	unsigned long shown = 0, all;
	struct seq_file *m = arg;
	unsigned int i, nr;

	for (i = 0;; i++) {
		raw_spin_lock_irq(&refusals->lock);
		nr = refusals->nr;
		all = refusals->all;
		if (i < nr)
			row = refusals->row[i];
		raw_spin_unlock_irq(&refusals->lock);
		if (i >= nr)
			break;
		seq_puts(m, dev_name(device->dev));
		wdmdma_debug_word(m, device->driver);
		wdmdma_debug_word(m, row.call);
		seq_printf(m, " %lu %s\n", row.count, row.reason);
		shown += row.count;
	}
	if (all <= shown)
		return;
	seq_puts(m, dev_name(device->dev));
	wdmdma_debug_word(m, device->driver);
	seq_printf(m, " - %lu -\n", all - shown);
}

static int debug_show_refusals(struct seq_file *m, void *unused)
{
	seq_puts(m, DEBUG_REFUSALS);
	wdmdma_view_devices(debug_refusals, m);
	return 0;
}

struct debug_sums {
	unsigned long buffers, pages, kept, hits, misses, lists, waiting;
	u64 copied;
};

static void debug_add(struct debug_sums *sums, const struct wdmdma_adapter *adapter)
{
	sums->buffers += READ_ONCE(adapter->buffers.nr);
	sums->pages += READ_ONCE(adapter->buffers.pages);
	sums->kept += READ_ONCE(adapter->recycler.pages);
	sums->hits += READ_ONCE(adapter->recycler.hits);
	sums->misses += READ_ONCE(adapter->recycler.misses);
	sums->lists += READ_ONCE(adapter->transfers.lists.nr);
	sums->waiting += READ_ONCE(adapter->transfers.waiting);
	sums->copied += atomic64_read(&adapter->transfers.copied);
}

static void debug_add_refusals(struct wdmdma_device *device, void *arg)
{
	unsigned long *all = arg;

	*all += READ_ONCE(device->refusals.all);
}

static int debug_show_summary(struct seq_file *m, void *unused)
{
	struct wdmdma_view *view = wdmdma_view_open();
	struct debug_sums sums = {};
	unsigned long refusals = 0;
	unsigned int i, adapters;

	if (!view)
		return -ENOMEM;
	adapters = view->nr;
	for (i = 0; i < adapters; i++)
		debug_add(&sums, view->adapter[i]);
	wdmdma_view_close(view);
	wdmdma_view_devices(debug_add_refusals, &refusals);
	seq_puts(m, DEBUG_SUMMARY);
	seq_printf(m, "version %u.%u.%u\n", WDMDMA_VERSION_MAJOR, WDMDMA_VERSION_MINOR,
		   WDMDMA_VERSION_PATCH);
	seq_printf(m, "adapters %u\nbuffers %lu\nbytes %zu\nkept_bytes %zu\n", adapters,
		   sums.buffers, debug_bytes(sums.pages), debug_bytes(sums.kept));
	seq_printf(m, "kept_limit_bytes %zu\nhits %lu\nmisses %lu\n",
		   debug_bytes(READ_ONCE(wdmdma_recycle_limit)), sums.hits, sums.misses);
	seq_printf(m, "live %lu\nwaiting %lu\ncopied_bytes %llu\nrefusals %lu\n", sums.lists,
		   sums.waiting, sums.copied, refusals);
	return 0;
}

static const struct {
	const char *name;
	int (*show)(struct seq_file *m, void *unused);
	bool writable;
} debug_files[] = {
	{ "adapters", debug_show_adapters },
	{ "buffers", debug_show_buffers },
	{ "domains", debug_show_domains },
	{ "refusals", debug_show_refusals },
	{ "summary", debug_show_summary },
	{ "transfers", debug_show_transfers },
	{ "verifier", wdmdma_debug_show_verifier, .writable = true },
	{ "verifier_codes", wdmdma_debug_show_codes },
};

/* Return a length that is enough for most files, so that seq_file need not start again. */
static size_t debug_size(void)
{
	struct wdmdma_view *view = wdmdma_view_open();
	size_t lines = 64;
	unsigned int i;

	if (!view)
		return PAGE_SIZE;
	for (i = 0; i < view->nr; i++)
		lines += 2 + READ_ONCE(view->adapter[i]->buffers.nr);
	wdmdma_view_close(view);
	return lines * DEBUG_LINE;
}

static int debug_open(struct inode *inode, struct file *file)
{
	int (*show)(struct seq_file *m, void *unused) = inode->i_private;

	if (show == debug_show_buffers)
		return single_open_size(file, show, NULL, debug_size());
	return single_open(file, show, NULL);
}

/* Obey a line that is written to the file of the verifier. */
static ssize_t debug_write(struct file *file, const char __user *from, size_t len, loff_t *at)
{
	char line[DEBUG_SETTING];
	int ret;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, len))
		return -EFAULT;
	line[len] = '\0';
	ret = wdmdma_debug_verify(line);
	return ret ?: len;
}

/* Only the file of the verifier can be opened for writing. */
static const struct file_operations debug_operations = {
	.owner = THIS_MODULE,
	.open = debug_open,
	.read = seq_read,
	.write = debug_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static struct dentry *debug_folder;

/* Make the files. A kernel without debugfs, or a failure, leaves the module as it is. */
void wdmdma_debugfs_init(void)
{
	unsigned int i;

	debug_folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	for (i = 0; i < ARRAY_SIZE(debug_files); i++)
		debugfs_create_file(debug_files[i].name, debug_files[i].writable ? 0600 : 0400,
				    debug_folder, debug_files[i].show, &debug_operations);
	wdmdma_fault_init(debug_folder);
}

/* Remove the files, after all reads have ended. */
void wdmdma_debugfs_exit(void)
{
	debugfs_remove_recursive(debug_folder);
}

#ifdef CONFIG_WDMDMA_KUNIT
/* Return the name of the file with this number, or NULL behind the last one. */
const char *wdmdma_debugfs_name(unsigned int number)
{
	return number < ARRAY_SIZE(debug_files) ? debug_files[number].name : NULL;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_debugfs_name);

/* Write the contents of a file into @m, as a read does. */
int wdmdma_debugfs_show(const char *name, struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(debug_files); i++)
		if (!strcmp(debug_files[i].name, name))
			return debug_files[i].show(m, NULL);
	return -ENOENT;
}
EXPORT_SYMBOL_FOR_KUNIT(wdmdma_debugfs_show);
#endif
