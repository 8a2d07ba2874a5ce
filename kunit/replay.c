// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that makes the calls of a recorded trace again. scripts/replay-calls writes the file of
 * calls, and scripts/replay starts a guest with this driver and as many devices as the trace has.
 * The driver includes the public headers only. A call that the module refuses is told and left
 * out, and so are the calls that need its result.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bottom_half.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <wdmdma/dma.h>
#include <wdmdma/linux.h>
#include <wdmdma/mdl.h>

#define MAGIC		0x31706c72	/* "rlp1" */
#define MOST_DEVICES	8
#define MOST_BYTES	SZ_64M		/* of the file */

static char *calls = "/calls";
module_param(calls, charp, 0444);
MODULE_PARM_DESC(calls, "file of calls");

enum op { GET, PUT, ALLOC, IMPORT, ALLOC_DOMAIN, FREE, MAP, UNMAP, JOIN, LEAVE, OPS };

static const char * const names[OPS] = {
	[GET] = "IoGetDmaAdapter",
	[PUT] = "PutDmaAdapter",
	[ALLOC] = "AllocateCommonBufferWithBounds",
	[IMPORT] = "CreateCommonBufferFromMdl",
	[ALLOC_DOMAIN] = "AllocateDomainCommonBuffer",
	[FREE] = "FreeCommonBuffer",
	[MAP] = "GetScatterGatherList",
	[UNMAP] = "PutScatterGatherList",
	[JOIN] = "JoinDmaDomain",
	[LEAVE] = "LeaveDmaDomain",
};

/**
 * struct call - one call of the trace
 * @op: enum op
 * @line: its line in the trace
 * @adapter: number of the adapter
 * @slot: of GET the device, of JOIN the leading adapter, else the number of the buffer or list
 * @bytes: length, or of GET the highest address that the adapter reaches
 * @pieces: of MAP the pieces of the memory, of GET the map registers
 * @how: of GET 1 for a device that takes lists, of MAP 1 for a transfer to the device, of ALLOC the
 *       cache type plus 1, or 0
 */
struct call {
	__le32 op;
	__le32 line;
	__le32 adapter;
	__le32 slot;
	__le64 bytes;
	__le32 pieces;
	__le32 how;
};

struct header {
	__le32 magic;
	__le32 adapters;
	__le32 slots;
	__le32 nr;
	struct call call[];
};

struct adapter {
	PDMA_ADAPTER adapter;
	const DMA_OPERATIONS *ops;
	PDEVICE_OBJECT object;
};

/* A buffer or a list. An empty slot has no adapter. */
struct slot {
	struct adapter *adapter;
	size_t bytes;
	PHYSICAL_ADDRESS la;
	PVOID va;
	PMDL mdl;
	PVOID memory;
	bool cached;
	bool write;
	PSCATTER_GATHER_LIST list;
	u8 context[DMA_TRANSFER_CONTEXT_SIZE_V1] __aligned(8);
};

static struct {
	PDEVICE_OBJECT device[MOST_DEVICES];
	unsigned int devices;
	struct adapter *adapter;
	struct slot *slot;
	unsigned int adapters;
	unsigned int slots;
	unsigned int made;
	unsigned int refused;
	unsigned int left_out;
} replay;

static bool get_adapter(const struct call *call, struct adapter *adapter)
{
	u64 last = le64_to_cpu(call->bytes);
	DEVICE_DESCRIPTION description = {
		.Version = DEVICE_DESCRIPTION_VERSION3,
		.Master = TRUE,
		.ScatterGather = le32_to_cpu(call->how),
		.InterfaceType = PCIBus,
		.DmaAddressWidth = fls64(last),
		.MaximumLength = min_t(u64, (u64)le32_to_cpu(call->pieces) * PAGE_SIZE, U32_MAX),
	};
	ULONG registers;

	adapter->object = replay.device[le32_to_cpu(call->slot)];
	adapter->adapter = IoGetDmaAdapter(adapter->object, &description, &registers);
	if (adapter->adapter)
		adapter->ops = adapter->adapter->DmaOperations;
	return adapter->adapter;
}

/* Give the slot an MDL on memory of the driver, in one piece or in single pages. */
static bool make_mdl(const struct call *call, struct slot *slot)
{
	bool one = le32_to_cpu(call->pieces) <= 1;

	slot->memory = one ? alloc_pages_exact(slot->bytes, GFP_KERNEL | __GFP_NOWARN) :
			     vmalloc(slot->bytes);
	if (!slot->memory)
		return false;
	slot->mdl = IoAllocateMdl(slot->memory, slot->bytes, FALSE, FALSE, NULL);
	if (slot->mdl) {
		MmBuildMdlForNonPagedPool(slot->mdl);
		return true;
	}
	if (one)
		free_pages_exact(slot->memory, slot->bytes);
	else
		vfree(slot->memory);
	return false;
}

static void free_mdl(struct slot *slot)
{
	IoFreeMdl(slot->mdl);
	if (is_vmalloc_addr(slot->memory))
		vfree(slot->memory);
	else
		free_pages_exact(slot->memory, slot->bytes);
}

static bool alloc_buffer(const struct call *call, struct slot *slot)
{
	const DMA_OPERATIONS *ops = slot->adapter->ops;
	PDMA_ADAPTER adapter = slot->adapter->adapter;
	MEMORY_CACHING_TYPE type = le32_to_cpu(call->how) - 1;
	MEMORY_CACHING_TYPE *cache = call->how ? &type : NULL;

	slot->cached = !cache || type == MmCached;
	if (le32_to_cpu(call->op) == ALLOC)
		slot->va = ops->AllocateCommonBufferWithBounds(adapter, NULL, NULL, slot->bytes, 0,
							       cache, MM_ANY_NODE_OK, &slot->la);
	else if (!NT_SUCCESS(ops->AllocateDomainCommonBuffer(adapter, ops->GetDmaDomain(adapter),
							     NULL, slot->bytes, 0, cache,
							     MM_ANY_NODE_OK, &slot->la,
							     &slot->va)))
		slot->va = NULL;
	return slot->va;
}

static bool import_buffer(const struct call *call, struct slot *slot)
{
	NTSTATUS status;

	if (!make_mdl(call, slot))
		return false;
	slot->cached = true;
	slot->va = slot->memory;
	status = slot->adapter->ops->CreateCommonBufferFromMdl(slot->adapter->adapter, slot->mdl,
							       NULL, 0, &slot->la);
	if (!NT_SUCCESS(status))
		free_mdl(slot);
	return NT_SUCCESS(status);
}

static void free_buffer(struct slot *slot)
{
	slot->adapter->ops->FreeCommonBuffer(slot->adapter->adapter, slot->bytes, slot->la,
					     slot->va, slot->cached);
	if (slot->mdl)
		free_mdl(slot);
}

/* A list that would have to wait is refused. Only this driver could free what it waits for. */
static bool map(const struct call *call, struct slot *slot)
{
	const DMA_OPERATIONS *ops = slot->adapter->ops;
	NTSTATUS status;

	slot->write = le32_to_cpu(call->how);
	if (!make_mdl(call, slot))
		return false;
	ops->InitializeDmaTransferContext(slot->adapter->adapter, slot->context);
	local_bh_disable();
	status = ops->GetScatterGatherListEx(slot->adapter->adapter, slot->adapter->object,
					     slot->context, slot->mdl, 0, slot->bytes,
					     DMA_SYNCHRONOUS_CALLBACK, NULL, NULL, slot->write,
					     NULL, NULL, &slot->list);
	local_bh_enable();
	if (!NT_SUCCESS(status))
		free_mdl(slot);
	return NT_SUCCESS(status);
}

static void unmap(struct slot *slot)
{
	local_bh_disable();
	slot->adapter->ops->PutScatterGatherList(slot->adapter->adapter, slot->list, slot->write);
	local_bh_enable();
	free_mdl(slot);
}

static void end_slot(struct slot *slot)
{
	if (slot->list)
		unmap(slot);
	else
		free_buffer(slot);
	*slot = (struct slot) {};
}

/* Give back what the driver has of an adapter, and the adapter. The trace may end before. */
static void put_adapter(struct adapter *adapter)
{
	unsigned int i;

	for (i = 0; i < replay.slots; i++)
		if (replay.slot[i].adapter == adapter)
			end_slot(&replay.slot[i]);
	adapter->ops->PutDmaAdapter(adapter->adapter);
	adapter->adapter = NULL;
}

/* Make a call that gets something. An empty slot of the result shows that there is nothing. */
static bool fill_slot(const struct call *call, struct adapter *adapter, struct slot *slot)
{
	bool made;

	*slot = (struct slot) { .adapter = adapter, .bytes = le64_to_cpu(call->bytes) };
	switch (le32_to_cpu(call->op)) {
	case IMPORT:
		made = import_buffer(call, slot);
		break;
	case MAP:
		made = map(call, slot);
		break;
	default:
		made = alloc_buffer(call, slot);
		break;
	}
	if (!made)
		*slot = (struct slot) {};
	return made;
}

static bool join(const struct call *call, struct adapter *adapter)
{
	struct adapter *leader = &replay.adapter[le32_to_cpu(call->slot)];
	HANDLE domain = leader->adapter ? leader->ops->GetDmaDomain(leader->adapter) : NULL;

	return NT_SUCCESS(adapter->ops->JoinDmaDomain(adapter->adapter, domain));
}

/* Return false if a call is refused. Count it as left out if what it needs is not there. */
static bool make_call(const struct call *call)
{
	struct adapter *adapter = &replay.adapter[le32_to_cpu(call->adapter)];
	u32 op = le32_to_cpu(call->op);
	struct slot *slot = &replay.slot[le32_to_cpu(call->slot)];

	if (op == GET)
		return get_adapter(call, adapter);
	if (!adapter->adapter || ((op == FREE || op == UNMAP) && !slot->adapter)) {
		replay.left_out++;
		return true;
	}
	switch (op) {
	case PUT:
		put_adapter(adapter);
		return true;
	case FREE:
	case UNMAP:
		end_slot(slot);
		return true;
	case JOIN:
		return join(call, adapter);
	case LEAVE:
		return NT_SUCCESS(adapter->ops->LeaveDmaDomain(adapter->adapter));
	default:
		return fill_slot(call, adapter, slot);
	}
}

/* Return true if all numbers of a call are those of things that exist. */
static bool is_sound(const struct call *call)
{
	u32 op = le32_to_cpu(call->op), slot = le32_to_cpu(call->slot);
	unsigned int limit = op == GET ? replay.devices : op == JOIN ? replay.adapters :
			     replay.slots;

	return op < OPS && le32_to_cpu(call->adapter) < replay.adapters && slot < limit &&
	       le64_to_cpu(call->bytes) <= (op == GET ? U64_MAX : U32_MAX);
}

static int make_calls(const struct header *header)
{
	const struct call *call;
	u32 i;

	for (i = 0; i < le32_to_cpu(header->nr); i++) {
		call = &header->call[i];
		if (!is_sound(call)) {
			pr_err("call %u of %s is not sound\n", i, calls);
			return -EINVAL;
		}
		replay.made++;
		if (!make_call(call)) {
			replay.refused++;
			pr_notice("REFUSED line %u: %s of adapter %u, 0x%llx bytes\n",
				  le32_to_cpu(call->line), names[le32_to_cpu(call->op)],
				  le32_to_cpu(call->adapter), le64_to_cpu(call->bytes));
		}
		cond_resched();
	}
	return 0;
}

static int replay_file(const struct header *header, size_t size)
{
	unsigned int i;
	int ret = -ENOMEM;

	if (size < sizeof(*header) || le32_to_cpu(header->magic) != MAGIC ||
	    size != struct_size(header, call, le32_to_cpu(header->nr))) {
		pr_err("%s is no file of calls\n", calls);
		return -EINVAL;
	}
	/* Calls without an adapter or a slot have the number 0. */
	replay.adapters = le32_to_cpu(header->adapters) + 1;
	replay.slots = le32_to_cpu(header->slots) + 1;
	replay.adapter = kvcalloc(replay.adapters, sizeof(*replay.adapter), GFP_KERNEL);
	replay.slot = kvcalloc(replay.slots, sizeof(*replay.slot), GFP_KERNEL);
	if (replay.adapter && replay.slot) {
		ret = make_calls(header);
		for (i = 0; i < replay.adapters; i++)
			if (replay.adapter[i].adapter)
				put_adapter(&replay.adapter[i]);
		pr_info("RESULT calls=%u refused=%u left_out=%u\n", replay.made, replay.refused,
			replay.left_out);
	}
	kvfree(replay.slot);
	kvfree(replay.adapter);
	return ret;
}

static int replay_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	PDEVICE_OBJECT object;
	int ret;

	if (replay.devices == MOST_DEVICES)
		return -ENODEV;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	pci_set_master(pdev);
	object = wdmdma_device_object_get(&pdev->dev);
	if (!object)
		return -ENOMEM;
	pci_set_drvdata(pdev, object);
	replay.device[replay.devices++] = object;
	return 0;
}

static void replay_remove(struct pci_dev *pdev)
{
	wdmdma_device_object_put(pci_get_drvdata(pdev));
}

static const struct pci_device_id replay_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};

static struct pci_driver replay_driver = {
	.name = KBUILD_MODNAME,
	.id_table = replay_ids,
	.probe = replay_probe,
	.remove = replay_remove,
};

/* Set *@bytes to the contents of the file of calls and return their length, or a negative errno. */
static ssize_t read_calls(void **bytes)
{
	struct file *file = filp_open(calls, O_RDONLY, 0);
	loff_t size, at = 0;
	ssize_t ret;

	*bytes = NULL;
	if (IS_ERR(file))
		return PTR_ERR(file);
	size = i_size_read(file_inode(file));
	ret = size > MOST_BYTES ? -EFBIG : -ENOMEM;
	if (size <= MOST_BYTES)
		*bytes = vmalloc(size + 1);
	if (*bytes)
		ret = kernel_read(file, *bytes, size, &at);
	filp_close(file, NULL);
	return ret;
}

static int __init replay_init(void)
{
	void *bytes;
	ssize_t size;
	int ret = pci_register_driver(&replay_driver);

	if (ret)
		return ret;
	size = read_calls(&bytes);
	if (size < 0)
		pr_err("%s cannot be read: %zd\n", calls, size);
	ret = size < 0 ? size : replay_file(bytes, size);
	vfree(bytes);
	if (ret)
		pci_unregister_driver(&replay_driver);
	return ret;
}

static void __exit replay_exit(void)
{
	pci_unregister_driver(&replay_driver);
}

module_init(replay_init);
module_exit(replay_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The calls of a recorded trace of wdmdma again");
