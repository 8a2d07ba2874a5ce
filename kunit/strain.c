// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that allocates and frees pages of one adapter in all contexts at once. The driver
 * uses the public headers only and needs no KUnit. It is for distribution kernels, in which
 * locks do not check themselves and are held for other times than in a debug kernel.
 *
 * The driver binds the first edu device and runs its cases while the module loads. The
 * results are in debugfs and in the log, in KUnit's KTAP form.
 */
#include <linux/debugfs.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "strain.h"

#define SUITE		"wdmdma_strain_driver"
#define MOST_TEXT	SZ_16K

unsigned int strain_seconds = 1;
module_param_named(seconds, strain_seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "how long each kind of strain lasts; all kinds together five times that");

/* The device and the adapter of all cases. */
struct pci_dev *strain_pdev;
PDEVICE_OBJECT strain_object;
PDMA_ADAPTER strain_adapter;
DEVICE_DESCRIPTION strain_description = {
	.Version = DEVICE_DESCRIPTION_VERSION3,
	.Master = TRUE,
	.ScatterGather = TRUE,
	.InterfaceType = InterfaceTypeUndefined,
	.MaximumLength = SZ_64K,
	.DmaAddressWidth = 32,
};

/* Results. Only the thread that loads the module writes them. */
static char *strain_text;
static size_t strain_text_length;
const char *strain_name;		/* name of the running case */
const char *strain_skipped;	/* reason, if the case was skipped */
unsigned int strain_failures;	/* number of failures in the case */

void strain_say(const char *format, ...)
{
	char line[200];
	va_list args;

	va_start(args, format);
	vscnprintf(line, sizeof(line), format, args);
	va_end(args);
	pr_info("%s\n", line);
	strain_text_length += scnprintf(strain_text + strain_text_length,
					MOST_TEXT - strain_text_length, "%s\n", line);
}

/* scripts/kunit-report reads this list. */
#define STRAIN_CASE(function) { #function, function }
static const struct strain_case {
	const char *name;
	void (*run)(void);
} strain_cases[] = {
	STRAIN_CASE(pages_are_freed_by_threads),
	STRAIN_CASE(pages_are_freed_under_spin_lock),
	STRAIN_CASE(pages_are_freed_under_spin_lock_bh),
	STRAIN_CASE(pages_are_freed_under_spin_lock_irqsave),
	STRAIN_CASE(pages_are_freed_under_raw_spin_lock),
	STRAIN_CASE(pages_are_freed_in_hard_interrupts),
	STRAIN_CASE(pages_are_freed_in_softirqs),
	STRAIN_CASE(pages_are_freed_from_everywhere_at_once),
	STRAIN_CASE(what_may_sleep_is_refused_under_locks),
	STRAIN_CASE(freed_page_is_not_mapped_by_a_strict_iommu),
};

static void strain_run(void)
{
	unsigned int n, failed = 0;

	strain_say("KTAP version 1");
	strain_say("1..1");
	strain_say("    KTAP version 1");
	strain_say("    # Subtest: " SUITE);
	strain_say("    1..%zu", ARRAY_SIZE(strain_cases));
	for (n = 0; n < ARRAY_SIZE(strain_cases); n++) {
		strain_name = strain_cases[n].name;
		strain_skipped = NULL;
		strain_failures = 0;
		strain_cases[n].run();
		failed += !!strain_failures;
		strain_say("    %s %u %s%s%s", strain_failures ? "not ok" : "ok", n + 1,
			   strain_name, strain_skipped ? " # SKIP " : "", strain_skipped ?: "");
	}
	strain_say("%s 1 " SUITE, failed ? "not ok" : "ok");
}

static int strain_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (strain_pdev)
		return -ENODEV;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (!ret)
		strain_pdev = pdev;
	return ret;
}

static const struct pci_device_id strain_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};

static struct pci_driver strain_driver = {
	.name = KBUILD_MODNAME,
	.id_table = strain_ids,
	.probe = strain_probe,
};

static int strain_on_device(void)
{
	ULONG registers;

	if (!strain_pdev)
		return -ENODEV;
	strain_object = wdmdma_device_object_get(&strain_pdev->dev);
	if (!strain_object)
		return -ENOMEM;
	strain_adapter = IoGetDmaAdapter(strain_object, &strain_description, &registers);
	if (strain_adapter) {
		strain_run();
		strain_adapter->DmaOperations->PutDmaAdapter(strain_adapter);
	}
	wdmdma_device_object_put(strain_object);
	return strain_adapter ? 0 : -ENOMEM;
}

static int results_show(struct seq_file *seq, void *unused)
{
	seq_puts(seq, strain_text);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static struct dentry *strain_folder;

static int __init strain_init(void)
{
	int ret;

	strain_text = kzalloc(MOST_TEXT, GFP_KERNEL);
	if (!strain_text)
		return -ENOMEM;
	ret = pci_register_driver(&strain_driver);
	if (ret)
		goto free_text;
	ret = strain_on_device();
	if (ret)
		goto unregister;
	strain_folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("results", 0444, strain_folder, NULL, &results_fops);
	return 0;

unregister:
	pci_unregister_driver(&strain_driver);
free_text:
	kfree(strain_text);
	return ret;
}

static void __exit strain_exit(void)
{
	debugfs_remove(strain_folder);
	pci_unregister_driver(&strain_driver);
	kfree(strain_text);
}

module_init(strain_init);
module_exit(strain_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Strain on wdmdma, for kernels without KUnit");
