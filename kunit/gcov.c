// SPDX-License-Identifier: GPL-2.0-only
/*
 * The run-time part of gcov, for modules that are built with CONFIG_WDMDMA_GCOV (make coverage). A
 * kernel may have one of its own (CONFIG_GCOV_KERNEL), but the kernel of the tests has none. With
 * KASAN a kernel calls the constructors of a module, and that is all that is needed.
 *
 * Each object of such a module registers its counters here. When the module is unloaded, after its
 * exit function has run, the counters are written to memory as gcov reads them. The files in
 * debugfs are named by a number. Each begins with a line that has the name of the .gcda file.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "gcov.h"

#define GCOV_MAGIC		0x67636461
#define GCOV_TAG_FUNCTION	0x01000000
#define GCOV_TAG_ARCS		0x01a10000
#define GCOV_MOST		1024	/* objects */

static struct gcov_info *live;
static struct debugfs_blob_wrapper files[GCOV_MOST];
static unsigned int nr_files;
static struct dentry *folder;
static DEFINE_MUTEX(lock);

/* Called by the constructor of each object. */
void __gcov_init(struct gcov_info *info)
{
	mutex_lock(&lock);
	info->next = live;
	live = info;
	mutex_unlock(&lock);
}
EXPORT_SYMBOL_GPL(__gcov_init);

/* Called by the destructor of each object, which a kernel never calls. */
void __gcov_exit(void)
{
}
EXPORT_SYMBOL_GPL(__gcov_exit);

/* The compiler needs its address only. */
void __gcov_merge_add(s64 *values, u32 nr)
{
}
EXPORT_SYMBOL_GPL(__gcov_merge_add);

static u32 *put_function(u32 *at, const struct gcov_info *info,
			 const struct gcov_function *function)
{
	u32 i;

	*at++ = GCOV_TAG_FUNCTION;
	/* A function that another object has is only named. */
	if (!function || function->key != info) {
		*at++ = 0;
		return at;
	}
	*at++ = 3 * sizeof(u32);
	*at++ = function->ident;
	*at++ = function->lineno_checksum;
	*at++ = function->cfg_checksum;
	*at++ = GCOV_TAG_ARCS;
	*at++ = function->arcs.nr * sizeof(s64);
	for (i = 0; i < function->arcs.nr; i++) {
		*at++ = lower_32_bits(function->arcs.values[i]);
		*at++ = upper_32_bits(function->arcs.values[i]);
	}
	return at;
}

/* Keep the counters of an object as a file. */
static void keep(const struct gcov_info *info)
{
	size_t name = strlen(info->name) + 1, size = name + 4 * sizeof(u32);
	char number[16], *blob;
	u32 i, *first, *at;

	for (i = 0; i < info->nr; i++)
		size += 7 * sizeof(u32) + (info->functions[i] ? info->functions[i]->arcs.nr : 0) *
			sizeof(s64);
	first = vmalloc(size);
	blob = vmalloc(size);
	if (!first || !blob || nr_files == GCOV_MOST) {
		pr_err("no room for %s\n", info->name);
		vfree(blob);
		vfree(first);
		return;
	}
	at = first;
	*at++ = GCOV_MAGIC;
	*at++ = info->version;
	*at++ = info->stamp;
	*at++ = info->checksum;
	for (i = 0; i < info->nr; i++)
		at = put_function(at, info, info->functions[i]);
	memcpy(blob, info->name, name - 1);
	blob[name - 1] = '\n';
	memcpy(blob + name, first, (at - first) * sizeof(u32));
	vfree(first);
	files[nr_files].data = blob;
	files[nr_files].size = name + (at - first) * sizeof(u32);
	snprintf(number, sizeof(number), "%u", nr_files);
	debugfs_create_blob(number, 0400, folder, &files[nr_files]);
	nr_files++;
}

/* Keep the counters of a module that is unloaded, before its memory is gone. */
static int see_module(struct notifier_block *block, unsigned long event, void *data)
{
	struct gcov_info **at = &live;

	if (event != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	mutex_lock(&lock);
	while (*at) {
		if (within_module((unsigned long)*at, data)) {
			keep(*at);
			*at = (*at)->next;
		} else {
			at = &(*at)->next;
		}
	}
	mutex_unlock(&lock);
	return NOTIFY_OK;
}

static struct notifier_block block = { .notifier_call = see_module };

static int __init gcov_init(void)
{
	folder = debugfs_create_dir("wdmdma_gcov", NULL);
	return register_module_notifier(&block);
}

static void __exit gcov_exit(void)
{
	unregister_module_notifier(&block);
	debugfs_remove(folder);
	while (nr_files--)
		vfree(files[nr_files].data);
}

module_init(gcov_init);
module_exit(gcov_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Counters of gcov for wdmdma");
