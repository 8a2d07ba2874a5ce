// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module of the random driver: its devices, its threads, and the loop of calls. The driver
 * includes the public headers only, and runs while the module loads. Whatever it still has at the
 * end it gives back, so that the module must report no leak.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/panic_notifier.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "fuzz.h"

static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the random numbers");

static unsigned int calls = 10000;
module_param(calls, uint, 0444);
MODULE_PARM_DESC(calls, "number of calls");

static unsigned int seconds;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "end after this time, or 0");

#define CHECK_EVERY	32	/* calls between two looks at all that is live */

#define RANGES	256
static unsigned int without[2 * RANGES];
static unsigned int nr_without;
module_param_array(without, uint, &nr_without, 0444);
MODULE_PARM_DESC(without, "first and last number of each range of calls that are left out");

static unsigned int threads = 1;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "number of threads, each of which makes the calls");

static unsigned int pressure;
module_param(pressure, uint, 0444);
MODULE_PARM_DESC(pressure, "an allocation fails in one of so many calls, or 0");

struct fuzz_device fuzz_devices[FUZZ_DEVICES];
unsigned int fuzz_nr_devices;

static struct fuzz_model models[FUZZ_THREADS];

/* Return the model of the current thread. The load and the unload belong to the first one. */
struct fuzz_model *fuzz(void)
{
	unsigned int i;

	for (i = 1; i < threads; i++)
		if (models[i].task == current)
			return &models[i];
	return &models[0];
}

/* Return a random number below @limit, which must not be 0. */
u32 fuzz_below(u32 limit)
{
	return prandom_u32_state(&fuzz()->random) % limit;
}

bool fuzz_one_in(u32 n)
{
	return !fuzz_below(n);
}

/* Return a random length, which is often near the end of a page. */
u32 fuzz_length(void)
{
	u32 pages = fuzz_below(FUZZ_LONGEST / PAGE_SIZE) * PAGE_SIZE;

	switch (fuzz_below(4)) {
	case 0:
		return pages + 1;
	case 1:
		return pages + PAGE_SIZE - 1;
	case 2:
		return pages + PAGE_SIZE;
	default:
		return fuzz_below(FUZZ_LONGEST) + 1;
	}
}

PHYSICAL_ADDRESS fuzz_address(u64 value)
{
	return (PHYSICAL_ADDRESS) { .QuadPart = value };
}

/* Return a slot with an adapter, or NULL if there is none. */
struct fuzz_adapter *fuzz_adapter_any(void)
{
	return fuzz_find(fuzz()->adapter, FUZZ_ADAPTERS, slot->adapter);
}

/* Return the physical address that the device reaches at a logical address, or 0. */
static phys_addr_t phys_at(const struct fuzz_device *device, u64 la)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(device->dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY ? iommu_iova_to_phys(domain, la) :
								 la;
}

/* Return the memory that the device sees at a logical address, or NULL. */
void *fuzz_memory_at(const struct fuzz_device *device, u64 la)
{
	phys_addr_t phys = phys_at(device, la);

	return phys && pfn_valid(PHYS_PFN(phys)) ? phys_to_virt(phys) : NULL;
}

static phys_addr_t phys_of(const void *va)
{
	return is_vmalloc_addr(va) ? PFN_PHYS(vmalloc_to_pfn(va)) + offset_in_page(va) :
				     virt_to_phys((void *)va);
}

/* Return true if the device reaches the pages of @va at a logical address. */
bool fuzz_shows(const struct fuzz_device *device, u64 la, const void *va, size_t len)
{
	size_t at;

	for (at = 0; at < len; at += PAGE_SIZE - offset_in_page(va + at))
		if (phys_at(device, la + at) != phys_of(va + at))
			return false;
	return phys_at(device, la + len - 1) == phys_of(va + len - 1);
}

/* Give back all that the driver has of a device but for the adapters. */
void fuzz_device_tidy(const struct fuzz_device *device)
{
	fuzz_srbs_end(device);
	fuzz_transfers_end(device, true);
	fuzz_buffers_end(device, true);
}

static const struct fuzz_call * const tables[] = {
	fuzz_adapter_calls, fuzz_buffer_calls, fuzz_transfer_calls, fuzz_register_calls,
	fuzz_domain_calls, fuzz_import_calls, fuzz_mdl_calls, fuzz_srb_calls, fuzz_device_calls,
	fuzz_kit_calls,
};

/* Return a random call. */
static const struct fuzz_call *pick_call(void)
{
	const struct fuzz_call *call;
	unsigned int i, total = 0, at;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (call = tables[i]; call->name; call++)
			total += call->weight;
	at = fuzz_below(total);
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		for (call = tables[i]; call->name; call++) {
			if (at < call->weight)
				return call;
			at -= call->weight;
		}
	}
	return tables[0];
}

static bool is_left_out(unsigned int number)
{
	unsigned int i;

	for (i = 0; i + 1 < nr_without; i += 2)
		if (number >= without[i] && number <= without[i + 1])
			return true;
	return false;
}

/* How many calls of each kind the first thread has made, by the order of the tables. */
#define KINDS	64
static unsigned int made[KINDS];

/* Count a call, unless its slot was empty. */
static void count_call(const struct fuzz_call *made_call)
{
	const struct fuzz_call *call;
	unsigned int i, kind = 0;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (call = tables[i]; call->name; call++, kind++)
			if (call == made_call && kind < KINDS)
				made[kind]++;
}

static void print_counts(void)
{
	const struct fuzz_call *call;
	unsigned int i, kind = 0;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (call = tables[i]; call->name && kind < KINDS; call++, kind++)
			pr_info("FUZZ made %u: %s\n", made[kind], call->name);
}

static void check_all(void)
{
	fuzz_buffers_check();
	fuzz_transfers_check();
}

/*
 * Make a call during which an allocation of this thread fails. The call may be refused, but nothing
 * else may change.
 */
static void make_hungry_call(const struct fuzz_call *call)
{
#ifdef CONFIG_FAULT_INJECTION
	fuzz()->hungry = true;
	current->fail_nth = fuzz_below(12) + 1;
	call->run();
	if (!current->fail_nth)
		fuzz()->starved++;
	current->fail_nth = 0;
	fuzz()->hungry = false;
	check_all();
#endif
}

static void make_call(unsigned int number)
{
	struct fuzz_model *model = fuzz();
	unsigned int before = model->good + model->refused;
	const struct fuzz_call *call;
	bool hungry;

	prandom_seed_state(&model->random, ((u64)seed << 32) + (model->thread << 28) + number);
	model->number = number;
	hungry = pressure && fuzz_one_in(pressure);
	call = pick_call();
	if (threads > 1 && call->flags & FUZZ_ALONE)
		return;
	model->name = call->name;
	if (hungry && IS_ENABLED(CONFIG_FAULT_INJECTION) && !(call->flags & FUZZ_FED))
		make_hungry_call(call);
	else
		call->run();
	if (!model->thread && model->good + model->refused != before)
		count_call(call);
	if (number % CHECK_EVERY == 0)
		check_all();
}

static bool has_failed(void)
{
	unsigned int i;

	for (i = 0; i < threads; i++)
		if (READ_ONCE(models[i].failed))
			return true;
	return false;
}

static void make_calls(void)
{
	unsigned long end = jiffies + seconds * HZ;
	struct fuzz_model *model = fuzz();
	unsigned int i;

	for (i = 0; i < calls && !has_failed(); i++) {
		if (seconds && time_after(jiffies, end))
			break;
		if (!is_left_out(i))
			make_call(i);
		if (i && i % 5000 == 0 && !model->thread)
			pr_info("FUZZ at call %u\n", i);
		cond_resched();
	}
	pr_info("FUZZ seed=%u calls=%u thread=%u good=%u refused=%u idle=%u starved=%u\n", seed, i,
		model->thread, model->good, model->refused, model->idle, model->starved);
}

/* Say in which call of each thread the kernel died. */
static int say_call(struct notifier_block *block, unsigned long event, void *data)
{
	unsigned int i;

	for (i = 0; i < threads; i++)
		pr_err("FUZZ FAILED call=%u thread=%u %s: the kernel died\n", models[i].number, i,
		       models[i].name);
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = { .notifier_call = say_call };

static int fuzz_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fuzz_device *device = fuzz_devices;
	int ret;

	while (device < fuzz_devices + FUZZ_DEVICES && device->dev && device->dev != &pdev->dev)
		device++;
	if (device == fuzz_devices + FUZZ_DEVICES)
		return -ENODEV;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	device->regs = pcim_iomap(pdev, 0, 0);
	if (!device->regs)
		return -ENOMEM;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	pci_set_master(pdev);
	device->object = wdmdma_device_object_get(&pdev->dev);
	if (!device->object)
		return -ENOMEM;
	device->extension = wdmdma_hw_device_extension_create(&pdev->dev, 64);
	if (!device->extension) {
		wdmdma_device_object_put(device->object);
		device->object = NULL;
		return -ENOMEM;
	}
	device->dev = &pdev->dev;
	fuzz_nr_devices = max_t(unsigned int, fuzz_nr_devices, device - fuzz_devices + 1);
	return 0;
}

static void fuzz_remove(struct pci_dev *pdev)
{
	struct fuzz_device *device = fuzz_devices;

	while (device->dev != &pdev->dev)
		device++;
	/* A request belongs to the extension, so it must not outlive it. */
	fuzz_srbs_end(device);
	wdmdma_hw_device_extension_destroy(device->extension);
	wdmdma_device_object_put(device->object);
	device->object = NULL;
}

static const struct pci_device_id fuzz_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};

static struct pci_driver fuzz_driver = {
	.name = KBUILD_MODNAME,
	.id_table = fuzz_ids,
	.probe = fuzz_probe,
	.remove = fuzz_remove,
};

static void give_all_back(void)
{
	struct fuzz_device *device;

	fuzz()->name = "the end";
	for (device = fuzz_devices; device < fuzz_devices + fuzz_nr_devices; device++) {
		fuzz_device_tidy(device);
		fuzz_adapters_end(device);
	}
	fuzz_buffers_end(NULL, true);
	fuzz_mdls_end();
	fuzz_pool_end();
}

static int run_thread(void *model)
{
	make_calls();
	give_all_back();
	/* Only kthread_stop() may end a thread that it is called for. */
	while (current == fuzz()->task && !kthread_should_stop())
		schedule_timeout_interruptible(HZ / 10);
	return 0;
}

/* Get two adapters that all threads use. */
static void share_adapters(void)
{
	unsigned int i, n;

	fuzz()->name = "an adapter of all threads";
	while (!models[0].adapter[0].adapter || !models[0].adapter[1].adapter)
		fuzz_adapter_get();
	for (i = 1; i < threads; i++) {
		for (n = 0; n < 2; n++) {
			models[i].adapter[n] = models[0].adapter[n];
			models[i].adapter[n].shared = true;
		}
	}
	for (n = 0; n < 2; n++)
		models[0].adapter[n].shared = true;
}

/* Start the other threads, and make the calls of the first one. Wait for all. */
static void run_threads(void)
{
	struct fuzz_model *model;
	PDMA_ADAPTER shared[2];
	unsigned int n;

	share_adapters();
	for (n = 0; n < 2; n++)
		shared[n] = models[0].adapter[n].adapter;
	for (model = models + 1; model < models + threads; model++) {
		model->task = kthread_create(run_thread, model, "fuzz/%u", model->thread);
		if (IS_ERR(model->task)) {
			model->task = NULL;
			continue;
		}
		get_task_struct(model->task);
		wake_up_process(model->task);
	}
	run_thread(models);
	for (model = models + 1; model < models + threads; model++) {
		if (!model->task)
			continue;
		kthread_stop(model->task);
		put_task_struct(model->task);
	}
	for (n = 0; n < 2; n++)
		shared[n]->DmaOperations->PutDmaAdapter(shared[n]);
}

static int __init fuzz_init(void)
{
	unsigned int i;
	int ret;

	if (!threads || threads > FUZZ_THREADS)
		return -EINVAL;
	for (i = 0; i < threads; i++) {
		models[i].thread = i;
		models[i].name = "start";
		prandom_seed_state(&models[i].random, seed);
	}
	ret = pci_register_driver(&fuzz_driver);
	if (ret)
		return ret;
	if (!fuzz_nr_devices) {
		pci_unregister_driver(&fuzz_driver);
		return -ENODEV;
	}
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	if (threads > 1)
		run_threads();
	else
		run_thread(models);
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
	print_counts();
	pr_info("FUZZ DONE\n");
	return 0;
}

static void __exit fuzz_exit(void)
{
	pci_unregister_driver(&fuzz_driver);
}

module_init(fuzz_init);
module_exit(fuzz_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Random calls of wdmdma against a model");
