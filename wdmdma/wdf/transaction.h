/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transactions.
 *
 *   CREATED, RELEASED --Initialize--> INITIALIZED --Execute--> TRANSFER
 *   TRANSFER --completion, more to do--> TRANSFER
 *   TRANSFER --completion, done--> COMPLETED
 *   TRANSFER --an error, or Cancel--> FAILED
 *   CREATED, RELEASED, INITIALIZED --AllocateResources--> RESERVED --Initialize--> INITIALIZED
 *   any --Release--> RELEASED
 *   any --WdfObjectDelete--> DELETED
 *
 * A transfer is staged in steps: ask the adapter for its list, or for map registers and then for
 * its list, and call EvtProgramDma. What the adapter cannot give at once it gives later. While
 * EvtProgramDma runs, a completion call stages the next transfer, and leaves its EvtProgramDma to
 * the thread that is in the one before. A completion call in the callback that configures the
 * channel leaves the next transfer to the thread in that callback. So nothing recurses.
 */
#ifndef WDMDMA_WDF_TRANSACTION_H
#define WDMDMA_WDF_TRANSACTION_H

#include <ddk/wdfdmatransaction.h>

#include "wdf/device.h"
#include "wdf/enabler.h"

/* The numbers are Windows', and shown in reports. */
enum wdf_transaction_state {
	WDF_TRANSACTION_CREATED = 1,
	WDF_TRANSACTION_RESERVED = 2,
	WDF_TRANSACTION_INITIALIZED = 3,
	WDF_TRANSACTION_TRANSFER = 4,
	WDF_TRANSACTION_COMPLETED = 5,
	WDF_TRANSACTION_FAILED = 6,
	WDF_TRANSACTION_RELEASED = 7,
	WDF_TRANSACTION_DELETED = 8,
};

/* A set of states. */
#define WDF_IN(state)	BIT(WDF_TRANSACTION_ ## state)

struct wdf_transaction;

/**
 * struct wdf_ticket - a request to the adapter that has no answer yet
 * @transaction: the transaction, with a reference while the ticket is in the list
 * @number: known to the adapter. 0 while the memory of a transaction's own ticket is free
 * @generation: of the transaction that made the request. With another one, the transaction does
 *	not want the answer any more
 * @direction: tells the adapter
 * @amount: bytes of the list, or map registers, that are asked for
 * @reserve: the request is one of WdfDmaTransactionAllocateResources()
 * @calling: the call that makes the request has not returned
 * @given: the answer within that call, which is a list or a map register base
 * @node: link in wdf_enabler.tickets after that call
 * @more: link in wdf_transaction.more_tickets, if it is not the transaction's own
 */
struct wdf_ticket {
	struct wdf_transaction *transaction;
	u32 number;
	u32 generation;
	WDF_DMA_DIRECTION direction;
	size_t amount;
	bool reserve;
	bool calling;
	void *given;
	struct list_head node;
	struct list_head more;
};

/* What is to be done after the adapter has answered a request. */
enum wdf_answer {
	WDF_ANSWER_LEFT,	/* nothing. The call that made the request goes on */
	WDF_ANSWER_TAKEN,	/* go on, and free the ticket */
	WDF_ANSWER_LATE,	/* nothing. The request was given up */
};

/* A list with one element. */
struct wdf_one {
	ULONG NumberOfElements;
	ULONG_PTR Reserved;
	SCATTER_GATHER_ELEMENT Element;
};

/**
 * struct wdf_transaction - a transaction
 * @object: the first member. Its parent is the enabler
 * @enabler: the enabler. Its memory stays, because it is the parent
 * @lock: protects the rest
 * @state: see above
 * @generation: changes when the transaction drops what it had, so that a call that is on its way
 *	sees that it has come too late
 * @cancelled: the reason of FAILED is a cancel
 * @ticket: the request that the adapter will answer later, or NULL
 * @own_ticket: memory for one ticket
 * @own_ticket_used: bit 0 says that a request has @own_ticket
 * @more_tickets: the other tickets
 * @last_ticket: number of the last ticket
 * @cancelling: a thread is just cancelling a request to the adapter
 * @mapped: a transfer is mapped, and may be completed
 * @ready: EvtProgramDma was not called for that transfer yet
 * @programming: a thread is in EvtProgramDma, and calls it again if @ready is set
 * @in_use: a thread maps or flushes under @base. If the transaction drops @base then, the thread
 *	frees it
 * @configuring: a thread is in the callback that configures the channel, for @configured
 * @configured: the generation of that transfer
 * @restage: that thread stages the next transfer, because the driver has completed this one
 * @busy_mark: holds wdf_device.packet_busy
 * @program: EvtProgramDma
 * @context: its argument
 * @direction: of the transaction
 * @channel: the adapter of that direction
 * @mdl: start of the chain
 * @start: offset of the first byte in the chain
 * @length: bytes of the transaction
 * @transferred: bytes of the completed transfers
 * @current_length: bytes of the transfer that is mapped
 * @limit: most bytes of a transfer
 * @max_elements: of the enabler, when the transaction was initialized
 * @single: all must be one transfer
 * @immediate: fail instead of waiting
 * @watch: link in the table of the MDLs in use. The three members are protected by the table
 * @watch_chain: link in the list of the chains in use
 * @watch_most: MDLs of the chain
 * @mdl_gone: an MDL was freed since the transaction was initialized
 * @list: the list of the transfer, or &@one
 * @one: for profiles without lists
 * @shown: what EvtProgramDma gets of @one
 * @base: map register base of a profile without lists
 * @registers: map registers at @base
 * @reserved: @base was reserved, and stays for further transactions. Without @base the reservation
 *	is under way, and ends with whatever the transaction drops
 * @reserve: called when the registers are there
 * @reserve_context: its argument
 * @request: the request, with a reference, or NULL
 * @in_request: the request counts this transaction as under way
 * @configure: callback of a system profile
 * @configure_context: its argument
 * @complete: callback of a system profile
 * @complete_context: its argument
 * @device_offset: for a system profile
 * @block: the adapter's transfer context, one of @blocks
 * @blocks: the other one is for the request that was dropped last, which may be under way yet
 */
struct wdf_transaction {
	struct wdf_object object;
	struct wdf_enabler *enabler;
	spinlock_t lock;	/* see above */
	enum wdf_transaction_state state;
	u32 generation;
	bool cancelled;
	struct wdf_ticket *ticket;
	struct wdf_ticket own_ticket;
	unsigned long own_ticket_used;
	struct list_head more_tickets;
	atomic_t last_ticket;
	bool cancelling;
	bool mapped;
	bool ready;
	bool programming;
	bool in_use;
	bool configuring;
	u32 configured;
	bool restage;
	bool busy_mark;
	PFN_WDF_PROGRAM_DMA program;
	WDFCONTEXT context;
	WDF_DMA_DIRECTION direction;
	struct wdf_channel *channel;
	PMDL mdl;
	size_t start;
	size_t length;
	size_t transferred;
	size_t current_length;
	size_t limit;
	u32 max_elements;
	bool single;
	bool immediate;
	struct hlist_node watch;
	struct list_head watch_chain;
	unsigned int watch_most;
	bool mdl_gone;
	PSCATTER_GATHER_LIST list;
	struct wdf_one one;
	struct wdf_one shown;
	void *base;
	u32 registers;
	bool reserved;
	PFN_WDF_RESERVE_DMA reserve;
	void *reserve_context;
	struct wdf_object *request;
	bool in_request;
	PFN_WDF_DMA_TRANSACTION_CONFIGURE_DMA_CHANNEL configure;
	void *configure_context;
	PFN_WDF_DMA_TRANSACTION_DMA_TRANSFER_COMPLETE complete;
	void *complete_context;
	u32 device_offset;
	u8 *block;
	u8 blocks[2][DMA_TRANSFER_CONTEXT_SIZE_V1];
};

/* What a transaction had, for the caller to give back without the lock. */
struct wdf_leftover {
	PSCATTER_GATHER_LIST list;
	bool flush;
	size_t offset;
	size_t length;
	PMDL mdl;
	bool mdl_gone;	/* the MDL was freed, and is not looked at */
	void *base;
	u32 registers;
	bool in_use;	/* the caller uses @base, see struct wdf_transaction */
	bool free;	/* the caller frees @base */
	WDF_DMA_DIRECTION direction;
	struct wdf_channel *channel;
	struct wdf_object *request;
	bool in_request;
	struct wdf_ticket *ticket;	/* the caller cancels it, see wdf_ticket_cancel() */
	u8 *block;
};

/*
 * The next transfer of a transaction, as it was when a thread began to stage it. Another thread may
 * release the transaction at any time.
 */
struct wdf_stage {
	u32 generation;
	struct wdf_enabler *enabler;
	struct wdf_channel *channel;
	WDF_DMA_DIRECTION direction;
	PMDL mdl;
	size_t offset;
	size_t left;
	size_t limit;
	bool first;
	bool single;
	bool immediate;
	u32 max_elements;
	u32 device_offset;
	u8 *block;
	void *base;
	u32 registers;
	bool reserved;
};

static inline struct wdf_transaction *wdf_transaction_of(struct wdf_object *object)
{
	return container_of(object, struct wdf_transaction, object);
}

static inline bool wdf_is_version3(const struct wdf_enabler *enabler)
{
	return enabler->version == DEVICE_DESCRIPTION_VERSION3;
}

/* Return how many pages of Windows these bytes touch. */
static inline size_t wdf_span(size_t offset, size_t length)
{
	return (offset % WDF_PAGE_SIZE + length + WDF_PAGE_SIZE - 1) / WDF_PAGE_SIZE;
}

/**
 * struct wdf_chain - a chain of MDLs of a driver
 * @fault: why it cannot be used, or NULL
 * @holds: it has all the bytes
 * @mdls: number of the MDLs that have the bytes
 */
struct wdf_chain {
	const char *fault;
	bool holds;
	unsigned int mdls;
};

/* mdl_chain.c */
PMDL wdf_chain_at(PMDL mdl, size_t *offset);
size_t wdf_chain_pages(PMDL mdl, size_t offset, size_t length);
size_t wdf_chain_cut(PMDL mdl, size_t offset, size_t length, size_t pages);
void wdf_chain_look(PMDL mdl, size_t offset, size_t length, struct wdf_chain *chain);
bool wdf_chain_is_fragmented(PMDL mdl, size_t offset, size_t length, size_t limit, u32 registers,
			     u32 most);

/* watch.c */
void wdf_watch_begin(struct wdf_transaction *transaction, unsigned int mdls);
void wdf_watch_end(struct wdf_transaction *transaction);
void wdf_watch_init(void);
void wdf_watch_exit(void);

/* stage.c */
NTSTATUS wdf_stage_take(struct wdf_transaction *transaction, u32 generation,
			struct wdf_stage *stage);
u32 wdf_stage_registers(const struct wdf_stage *stage, size_t length);
size_t wdf_stage_length(const struct wdf_stage *stage);

/* slots.c */
NTSTATUS wdf_slot_list(const struct wdf_stage *stage, struct wdf_ticket *ticket,
		       PDRIVER_LIST_CONTROL routine);
NTSTATUS wdf_slot_channel(struct wdf_ticket *ticket, PDRIVER_CONTROL routine);
NTSTATUS wdf_slot_map(const struct wdf_stage *stage, size_t *length, struct wdf_one *one);
NTSTATUS wdf_slot_end(struct wdf_transaction *transaction, const struct wdf_leftover *left);
void wdf_slot_free(struct wdf_transaction *transaction, const struct wdf_leftover *left);

/* ticket.c */
struct wdf_ticket *wdf_ticket_begin(struct wdf_transaction *transaction, u32 generation,
				    WDF_DMA_DIRECTION direction, size_t amount);
void wdf_ticket_free(struct wdf_ticket *ticket);
void *wdf_ticket_end(struct wdf_ticket *ticket, NTSTATUS status);
void *wdf_ticket_context(const struct wdf_ticket *ticket);
enum wdf_answer wdf_ticket_answered(const void *context, void *given, struct wdf_ticket **ticket);
bool wdf_ticket_cancel(struct wdf_enabler *enabler, struct wdf_channel *channel,
		       struct wdf_ticket *ticket, void *block);

/* transfer.c, and execute.c above it */
bool wdf_transfer_finish(struct wdf_transaction *transaction, u32 generation,
			 enum wdf_transaction_state state);
void wdf_transfer_program(struct wdf_transaction *transaction);
void wdf_transfer_tell(struct wdf_transaction *transaction, DMA_COMPLETION_STATUS status);
NTSTATUS wdf_transfer_stage(struct wdf_transaction *transaction, u32 generation);
void wdf_transfer_reserved(struct wdf_transaction *transaction);
NTSTATUS wdf_transfer_get_base(struct wdf_transaction *transaction, u32 generation,
			       WDF_DMA_DIRECTION direction, u32 registers, bool reserve,
			       void **base);
void wdf_transfer_take(struct wdf_transaction *transaction, struct wdf_leftover *left, bool all);
NTSTATUS wdf_transfer_give_back(struct wdf_transaction *transaction, struct wdf_leftover *left);

/* transaction.c */
struct wdf_transaction *wdf_transaction_get(WDFDMATRANSACTION handle, const char *call);
bool wdf_transaction_is_in(const struct wdf_transaction *transaction, unsigned long states,
			   const char *call);
bool wdf_transaction_has_transfer(const struct wdf_transaction *transaction, bool given,
				  const char *call);
bool wdf_transaction_lost_mdl(const struct wdf_transaction *transaction, const char *call);
int wdf_transaction_init(void);
void wdf_transaction_exit(void);
extern const struct wdf_class wdf_transaction_class;

#endif /* WDMDMA_WDF_TRANSACTION_H */
