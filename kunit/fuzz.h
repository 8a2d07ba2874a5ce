/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver that makes random calls, and a model of what it holds. Each thread has a model of its
 * own.
 *
 * Each call takes its random numbers from the seed, its thread and its own number alone. What is
 * live lies in slots of fixed number, and a call whose slot is empty does nothing. So a call can be
 * left out without a change of the others, and a failing run can be made short (scripts/fuzz).
 */
#ifndef WDMDMA_KUNIT_FUZZ_H
#define WDMDMA_KUNIT_FUZZ_H

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/jiffies.h>
#include <linux/prandom.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <wdmdma/dma.h>
#include <wdmdma/linux.h>

#define FUZZ_THREADS	8
#define FUZZ_DEVICES	3
#define FUZZ_ADAPTERS	8
#define FUZZ_BLOCKS	32
#define FUZZ_MDLS	16
#define FUZZ_LISTS	16
#define FUZZ_BASES	8
#define FUZZ_SRBS	6
#define FUZZ_POOLS	16
#define FUZZ_ELEMENTS	4
#define FUZZ_LONGEST	SZ_64K	/* most bytes of a buffer or a transfer */

/**
 * struct fuzz_device - a device of the driver
 * @dev: the device
 * @object: its device object, or NULL while the device is not bound
 * @extension: its miniport's extension
 * @regs: its registers
 * @home: the domain of its own, or NULL if it is not known since the device was bound
 * @joined: the domain that it has joined, or NULL if it is in its own
 */
struct fuzz_device {
	struct device *dev;
	PDEVICE_OBJECT object;
	PVOID extension;
	void __iomem *regs;
	HANDLE home;
	HANDLE joined;
};

/**
 * struct fuzz_adapter - an adapter, or an empty slot
 * @device: its device
 * @adapter: the adapter, or NULL
 * @ops: its table
 * @registers: map registers granted
 * @width: address bits of the description
 * @users: live objects of the adapter
 * @shared: all threads use the adapter
 */
struct fuzz_adapter {
	struct fuzz_device *device;
	PDMA_ADAPTER adapter;
	const DMA_OPERATIONS *ops;
	ULONG registers;
	unsigned int width;
	unsigned int users;
	bool shared;
};

enum fuzz_kind {
	FUZZ_BUFFER,
	FUZZ_VECTOR,
	FUZZ_STOR_MEMORY,
	FUZZ_CONTIGUOUS,
	FUZZ_IMPORT,
};

/**
 * struct fuzz_block - memory that is the driver's, or an empty slot
 * @kind: how it was allocated
 * @adapter: the adapter, or NULL
 * @device: the device of StorPort memory
 * @va: the memory, or NULL
 * @la: its logical address. Contiguous memory has none
 * @len: its length
 * @mark: what is written into it
 * @vector: the vector, whose first buffer @va is
 * @nr: number of buffers of the vector
 * @element: its buffers, or NULL for a buffer that was freed
 * @mdl: the memory that CreateCommonBufferFromMdl made a buffer
 */
struct fuzz_block {
	enum fuzz_kind kind;
	struct fuzz_adapter *adapter;
	struct fuzz_device *device;
	void *va;
	PHYSICAL_ADDRESS la;
	size_t len;
	u32 mark;
	PDMA_COMMON_BUFFER_VECTOR vector;
	unsigned int nr;
	u32 *element[FUZZ_ELEMENTS];
	struct fuzz_mdl *mdl;
};

/**
 * struct fuzz_mdl - memory with an MDL, or an empty slot
 * @mdl: the MDL, or NULL
 * @va: the memory of the MDL
 * @memory: what kvfree() frees, or NULL if the pages were allocated with the MDL
 * @users: transfers under way
 * @written: the device writes in one of them, so there is no other
 * @mark: what the device has written under map registers
 */
struct fuzz_mdl {
	PMDL mdl;
	u8 *va;
	void *memory;
	unsigned int users;
	bool written;
	u8 mark;
};

/**
 * struct fuzz_list - a list that was not put, or an empty slot
 * @adapter: the adapter
 * @mdl: the memory
 * @list: the list, or NULL
 * @room: memory of the driver that the list is in, or NULL
 * @offset: first byte of the transfer
 * @len: its bytes
 * @write: the device reads
 */
struct fuzz_list {
	struct fuzz_adapter *adapter;
	struct fuzz_mdl *mdl;
	PSCATTER_GATHER_LIST list;
	void *room;
	u32 offset;
	u32 len;
	bool write;
};

/**
 * struct fuzz_base - map registers, or an empty slot
 * @adapter: the adapter
 * @base: the map registers, or NULL
 * @count: their number
 * @mdl: the memory that is mapped, or NULL
 * @offset: first byte of it
 * @len: its bytes
 * @write: the device reads
 */
struct fuzz_base {
	struct fuzz_adapter *adapter;
	PVOID base;
	u32 count;
	struct fuzz_mdl *mdl;
	u32 offset;
	u32 len;
	bool write;
};

/**
 * struct fuzz_srb - a request of a miniport, or an empty slot
 * @device: its device
 * @srb: the request, or NULL
 * @mdl: the memory that is mapped, or NULL
 * @write: the device reads
 */
struct fuzz_srb {
	struct fuzz_device *device;
	PVOID srb;
	struct fuzz_mdl *mdl;
	bool write;
};

/**
 * struct fuzz_pool - a block of pool, or an empty slot
 * @va: the block, or NULL
 * @size: its bytes
 * @mark: what each of them is
 */
struct fuzz_pool {
	u8 *va;
	u32 size;
	u8 mark;
};

/**
 * struct fuzz_answer - what the driver's routine of a list is told, and does
 * @arrived: the routine has been called
 * @list: its list. A list that is late is found here, too
 * @calls: how often the routine was called
 * @slot: the request
 * @inside: the routine puts the list
 * @again: the routine asks for a second list, whose routine puts that
 * @second: the second routine has been called
 * @status: status of the second request
 */
struct fuzz_answer {
	struct completion arrived;
	PSCATTER_GATHER_LIST list;
	unsigned int calls;
	const struct fuzz_list *slot;
	bool inside;
	bool again;
	struct completion second;
	NTSTATUS status;
};

/**
 * struct fuzz_model - the model of a thread
 * @task: the thread
 * @thread: its number
 * @random: generator of the current call
 * @number: number of the current call
 * @name: its name
 * @good: calls that did what they should
 * @refused: calls that were refused, as they should be
 * @idle: calls whose slot was empty
 * @failed: the first failure was reported
 * @hungry: an allocation may fail in the current call, so that it may be refused
 * @starved: calls in which an allocation has failed
 * @adapter: slots of adapters
 * @block: slots of memory
 * @mdl: slots of MDLs
 * @list: slots of lists
 * @base: slots of map registers
 * @srb: slots of requests
 * @pool: slots of blocks of pool
 * @stale: an adapter that was put, or NULL
 * @stale_list: a list that was put, or NULL
 * @answer: see there
 */
struct fuzz_model {
	struct task_struct *task;
	unsigned int thread;
	struct rnd_state random;
	unsigned int number;
	const char *name;
	unsigned int good;
	unsigned int refused;
	unsigned int idle;
	bool failed;
	bool hungry;
	unsigned int starved;
	struct fuzz_adapter adapter[FUZZ_ADAPTERS];
	struct fuzz_block block[FUZZ_BLOCKS];
	struct fuzz_mdl mdl[FUZZ_MDLS];
	struct fuzz_list list[FUZZ_LISTS];
	struct fuzz_base base[FUZZ_BASES];
	struct fuzz_srb srb[FUZZ_SRBS];
	struct fuzz_pool pool[FUZZ_POOLS];
	PDMA_ADAPTER stale;
	PSCATTER_GATHER_LIST stale_list;
	struct fuzz_answer answer;
};

extern struct fuzz_device fuzz_devices[FUZZ_DEVICES];
extern unsigned int fuzz_nr_devices;

/* Return the model of the current thread. */
struct fuzz_model *fuzz(void);

#define FUZZ_PATIENCE		(20 * HZ)
#define FUZZ_LIST_BYTES(nr)	(offsetof(SCATTER_GATHER_LIST, Elements) + \
				 (nr) * sizeof(SCATTER_GATHER_ELEMENT))
#define FUZZ_ROOM_BYTES		FUZZ_LIST_BYTES(FUZZ_LONGEST / PAGE_SIZE + 2)

#define FUZZ_ALONE	BIT(0)	/* not while other threads run */
#define FUZZ_FED	BIT(1)	/* no allocation fails meanwhile */

/**
 * struct fuzz_call - a kind of call
 * @name: for messages
 * @weight: how often it is made
 * @run: makes it
 * @flags: FUZZ_ALONE, FUZZ_FED
 */
struct fuzz_call {
	const char *name;
	unsigned int weight;
	void (*run)(void);
	unsigned int flags;
};

extern const struct fuzz_call fuzz_adapter_calls[];
extern const struct fuzz_call fuzz_buffer_calls[];
extern const struct fuzz_call fuzz_transfer_calls[];
extern const struct fuzz_call fuzz_register_calls[];
extern const struct fuzz_call fuzz_domain_calls[];
extern const struct fuzz_call fuzz_import_calls[];
extern const struct fuzz_call fuzz_mdl_calls[];
extern const struct fuzz_call fuzz_srb_calls[];
extern const struct fuzz_call fuzz_device_calls[];
extern const struct fuzz_call fuzz_kit_calls[];

/* Report the first thing that is not as the model says. */
#define fuzz_demand(condition, format, ...)						\
do {											\
	if (!(condition) && !fuzz()->failed) {						\
		fuzz()->failed = true;							\
		pr_err("FUZZ FAILED call=%u thread=%u %s: " format "\n",			\
		       fuzz()->number, fuzz()->thread, fuzz()->name, ##__VA_ARGS__);	\
	}										\
} while (0)

/* The same for what may be otherwise if an allocation has failed. */
#define fuzz_expect(condition, format, ...)						\
	fuzz_demand((condition) || fuzz()->hungry, format, ##__VA_ARGS__)

/*
 * Return a random slot of an array for which an expression of "slot" is true, or NULL. A call
 * without such a slot does nothing.
 */
#define fuzz_find(array, nr, is_wanted)							\
({											\
	__auto_type __slots = &(array)[0];						\
	typeof(__slots) slot, __found = NULL;						\
	u32 __nr = nr, __at = fuzz_below(__nr), __n;					\
											\
	for (__n = 0; __n < __nr && !__found; __n++) {					\
		slot = &__slots[(__at + __n) % __nr];					\
		if (is_wanted)								\
			__found = slot;							\
	}										\
	if (!__found)									\
		fuzz()->idle++;								\
	__found;									\
})

/* Does the granted table have this slot? */
#define fuzz_has(adapter, slot)	((adapter)->ops->Size > offsetof(DMA_OPERATIONS, slot))

u32 fuzz_below(u32 limit);
bool fuzz_one_in(u32 n);
u32 fuzz_length(void);
PHYSICAL_ADDRESS fuzz_address(u64 value);
struct fuzz_adapter *fuzz_adapter_any(void);
void fuzz_adapter_get(void);
void fuzz_adapters_end(const struct fuzz_device *device);
void *fuzz_memory_at(const struct fuzz_device *device, u64 la);
bool fuzz_shows(const struct fuzz_device *device, u64 la, const void *va, size_t len);
bool fuzz_same_domain(const struct fuzz_device *one, const struct fuzz_device *other);
void fuzz_device_tidy(const struct fuzz_device *device);
struct fuzz_block *fuzz_block_empty(void);
void fuzz_block_have(struct fuzz_block *block, struct fuzz_adapter *adapter, void *va, size_t len);
bool fuzz_block_mark(const struct fuzz_block *block, bool write);
void fuzz_buffers_check(void);
void fuzz_transfers_check(void);
struct fuzz_mdl *fuzz_mdl_take(bool write);
void fuzz_mdl_put(struct fuzz_mdl *mdl);
bool fuzz_mdl_part(const struct fuzz_mdl *slot, u32 *offset, u32 *len);
void fuzz_list_check(const struct fuzz_list *slot);
void fuzz_list_write(const struct fuzz_list *slot);
void fuzz_srbs_end(const struct fuzz_device *device);
void fuzz_buffers_end(const struct fuzz_device *device, bool tidy);
void fuzz_transfers_end(const struct fuzz_device *device, bool tidy);
void fuzz_registers_end(const struct fuzz_device *device, bool tidy);
void fuzz_mdls_end(void);
void fuzz_pool_end(void);

#endif /* WDMDMA_KUNIT_FUZZ_H */
