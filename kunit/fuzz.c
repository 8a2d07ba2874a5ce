// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module of the random driver: its devices and adapters, and the loop of calls. The driver
 * includes the public headers only, and runs while the module loads. Whatever it still has at the
 * end it gives back, so that the module must report no leak.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/panic_notifier.h>
#include <linux/pci.h>
#include <linux/sched.h>

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

struct fuzz fuzz = { .name = "start" };

/* Return a random number below @limit, which must not be 0. */
u32 fuzz_below(u32 limit)
{
	return prandom_u32_state(&fuzz.random) % limit;
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
	return fuzz_find(fuzz.adapter, FUZZ_ADAPTERS, slot->adapter);
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

static DEVICE_DESCRIPTION random_description(bool *good)
{
	static const u32 widths[] = { 32, 40, 64 };
	DEVICE_DESCRIPTION description = {
		.Version = fuzz_below(4),
		.Master = TRUE,
		.ScatterGather = !fuzz_one_in(4),
		.InterfaceType = PCIBus,
		.MaximumLength = FUZZ_LONGEST,
	};

	if (description.Version == DEVICE_DESCRIPTION_VERSION3)
		description.DmaAddressWidth = widths[fuzz_below(ARRAY_SIZE(widths))];
	else
		description.Dma32BitAddresses = TRUE;
	*good = !fuzz_one_in(8);
	if (*good)
		return description;
	if (fuzz_one_in(2)) {
		description.Version = 4 + fuzz_below(1000);
	} else {
		description.Version = DEVICE_DESCRIPTION_VERSION3;
		description.DmaAddressWidth = 65 + fuzz_below(190);
	}
	return description;
}

static void get_adapter(void)
{
	struct fuzz_adapter *adapter = fuzz_find(fuzz.adapter, FUZZ_ADAPTERS, !slot->adapter);
	struct fuzz_device *device = &fuzz.device[fuzz_below(fuzz.devices)];
	DEVICE_DESCRIPTION description;
	bool good;

	if (!adapter)
		return;
	description = random_description(&good);
	adapter->adapter = IoGetDmaAdapter(device->object, &description, &adapter->registers);
	fuzz_expect(good == !!adapter->adapter, "version %u, width %u, length %u: %s",
		    description.Version, description.DmaAddressWidth, description.MaximumLength,
		    good ? "refused" : "not refused");
	if (!adapter->adapter) {
		fuzz_expect(!adapter->registers, "registers of a refused adapter");
		fuzz.refused++;
		return;
	}
	adapter->device = device;
	adapter->ops = adapter->adapter->DmaOperations;
	adapter->width = description.DmaAddressWidth ?: 32;
	fuzz.good++;
}

static void put_slot(struct fuzz_adapter *adapter)
{
	adapter->ops->PutDmaAdapter(adapter->adapter);
	fuzz.stale = adapter->adapter;
	adapter->adapter = NULL;
	adapter->users = 0;
}

/* Put the adapters of a device. */
static void put_adapters(const struct fuzz_device *device)
{
	struct fuzz_adapter *adapter;

	for (adapter = fuzz.adapter; adapter < fuzz.adapter + FUZZ_ADAPTERS; adapter++)
		if (adapter->adapter && adapter->device == device)
			put_slot(adapter);
}

static void put_adapter(void)
{
	struct fuzz_adapter *adapter = fuzz_find(fuzz.adapter, FUZZ_ADAPTERS,
						 slot->adapter && !slot->users);

	if (!adapter)
		return;
	put_slot(adapter);
	fuzz.good++;
}

/* Use an adapter that was put, or that never was one. Every call must be refused. */
static void use_wrong_adapter(void)
{
	struct fuzz_adapter *live = fuzz_adapter_any();
	PHYSICAL_ADDRESS la = fuzz_address(~0ULL);
	DMA_ADAPTER_INFO info = { .Version = DMA_ADAPTER_INFO_VERSION1 };
	PDMA_ADAPTER wrong;

	if (!live)
		return;
	switch (fuzz_below(4)) {
	case 0:
		wrong = NULL;
		break;
	case 1:
		wrong = fuzz.stale;
		break;
	case 2:
		wrong = (PDMA_ADAPTER)(unsigned long)(fuzz_below(U32_MAX) << 3);
		break;
	default:
		wrong = (PDMA_ADAPTER)&info;
	}
	/* The memory of the stale adapter may be that of a new one. */
	for (int i = 0; i < FUZZ_ADAPTERS; i++)
		if (fuzz.adapter[i].adapter == wrong)
			wrong = NULL;
	fuzz_expect(!live->ops->AllocateCommonBuffer(wrong, 100, &la, TRUE), "no adapter's memory");
	fuzz_expect(!la.QuadPart, "the address is not cleared");
	fuzz_expect(!live->ops->GetDmaAlignment(wrong) ||
		    live->ops->GetDmaAlignment(wrong) == 1, "alignment of no adapter");
	fuzz_expect(!NT_SUCCESS(live->ops->GetDmaAdapterInfo(wrong, &info)), "info of no adapter");
	live->ops->PutScatterGatherList(wrong, fuzz.stale_list, TRUE);
	live->ops->FreeAdapterChannel(wrong);
	live->ops->PutDmaAdapter(wrong);
	fuzz.refused++;
}

/* Give back all that the driver has of a device but for the adapters. */
void fuzz_device_tidy(const struct fuzz_device *device)
{
	fuzz_srbs_end(device);
	fuzz_transfers_end(device, true);
	fuzz_buffers_end(device, true);
}

/* Forget what a device had that is not bound, and bind it again. */
static void bind(struct fuzz_device *device)
{
	/* The module has freed what the driver has not given back. */
	fuzz_transfers_end(device, false);
	fuzz_buffers_end(device, false);
	put_adapters(device);
	device->home = NULL;
	device->joined = NULL;
	fuzz_expect(device_attach(device->dev) == 1, "the device is not bound again");
}

/*
 * Unbind a device and bind it again. Half of the time the driver gives back before what it has of
 * the device. Otherwise the module must free all of it, and the adapters are put after the unbind.
 * Behind an IOMMU the devices that have joined the domain of the device are unbound before it.
 */
static void unbind(void)
{
	struct fuzz_device *device = &fuzz.device[fuzz_below(fuzz.devices)];

	if (fuzz_one_in(2)) {
		fuzz_device_tidy(device);
		put_adapters(device);
	}
	device_release_driver(device->dev);
	fuzz_expect(!device->object, "the device is still bound");
	for (device = fuzz.device; device < fuzz.device + fuzz.devices; device++)
		if (!device->object)
			bind(device);
	fuzz.good++;
}

static const struct fuzz_call fuzz_adapter_calls[] = {
	{ "IoGetDmaAdapter", 8, get_adapter },
	{ "PutDmaAdapter", 2, put_adapter },
	{ "a wrong adapter", 2, use_wrong_adapter },
	{ "an unbind", 1, unbind },
	{}
};

static const struct fuzz_call * const tables[] = {
	fuzz_adapter_calls, fuzz_buffer_calls, fuzz_transfer_calls,
	fuzz_register_calls, fuzz_domain_calls,
	fuzz_import_calls, fuzz_mdl_calls, fuzz_srb_calls,
};

/* Return the random next call. */
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

static void make_calls(void)
{
	unsigned long end = jiffies + seconds * HZ;
	const struct fuzz_call *call;
	unsigned int i;

	for (i = 0; i < calls && !fuzz.failed; i++) {
		if (seconds && time_after(jiffies, end))
			break;
		if (is_left_out(i))
			continue;
		prandom_seed_state(&fuzz.random, ((u64)seed << 32) + i);
		fuzz.number = i;
		call = pick_call();
		fuzz.name = call->name;
		call->run();
		if (i % CHECK_EVERY == 0) {
			fuzz_buffers_check();
			fuzz_transfers_check();
		}
		if (i && i % 5000 == 0)
			pr_info("FUZZ at call %u\n", i);
		cond_resched();
	}
	pr_info("FUZZ seed=%u calls=%u good=%u refused=%u idle=%u\n", seed, i, fuzz.good,
		fuzz.refused, fuzz.idle);
}

/* Say in which call the kernel died. */
static int say_call(struct notifier_block *block, unsigned long event, void *data)
{
	pr_err("FUZZ FAILED call=%u %s: the kernel died\n", fuzz.number, fuzz.name);
	return NOTIFY_DONE;
}

static struct notifier_block panic_block = { .notifier_call = say_call };

static int fuzz_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct fuzz_device *device = fuzz.device;
	int ret;

	while (device < fuzz.device + FUZZ_DEVICES && device->dev && device->dev != &pdev->dev)
		device++;
	if (device == fuzz.device + FUZZ_DEVICES)
		return -ENODEV;
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
	fuzz.devices = max_t(unsigned int, fuzz.devices, device - fuzz.device + 1);
	return 0;
}

static void fuzz_remove(struct pci_dev *pdev)
{
	struct fuzz_device *device = fuzz.device;

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

	fuzz.name = "the end";
	for (device = fuzz.device; device < fuzz.device + fuzz.devices; device++) {
		fuzz_device_tidy(device);
		put_adapters(device);
	}
	fuzz_buffers_end(NULL, true);
	fuzz_mdls_end();
}

static int __init fuzz_init(void)
{
	int ret = pci_register_driver(&fuzz_driver);

	if (ret)
		return ret;
	if (!fuzz.devices) {
		pci_unregister_driver(&fuzz_driver);
		return -ENODEV;
	}
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
	make_calls();
	give_all_back();
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_block);
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
