/* SPDX-License-Identifier: GPL-2.0-only */
/* The record of an SRB, for the calls that map its data and those that look them up. */
#ifndef WDMDMA_STOR_SRB_H
#define WDMDMA_STOR_SRB_H

#include <linux/rcupdate.h>

#include <wdmdma/storport.h>

struct wdm_stor;

/* State of an SRB's data. */
enum stor_srb_state {
	STOR_SRB_IDLE,
	STOR_SRB_BUSY,		/* one caller maps or unmaps the data */
	STOR_SRB_MAPPED,
};

/**
 * struct stor_srb_block - an SRB of the second form, with what it refers to
 * @srb: the SRB, of either form
 * @address: what @srb.AddressOffset leads to
 * @command: what @srb.SrbExDataOffset leads to
 */
struct stor_srb_block {
	STORAGE_REQUEST_BLOCK srb;
	STOR_ADDR_BTL8 address;
	SRBEX_DATA_SCSI_CDB16 command;
};

/**
 * struct stor_srb - an SRB, and the port driver's record of it
 * @srb: the part that the miniport sees, and may change, in the first form
 * @block: the same in the second form
 * @is_block: the SRB has the second form, whatever the miniport writes to it
 * @areas: SrbExtension, followed by the sense buffer
 * @areas_len: length of @areas
 * @areas_la: logical address of @areas
 * @state: enum stor_srb_state
 * @mdl: MDL of the data, while they are mapped
 * @data: address of the data, as the miniport was told
 * @list: list of the data, or NULL if they are not mapped. It is set after @data and
 *        @write_to_device, and NULL again before the list ends, except at unbind, when the adapter
 *        takes back the list.
 * @write_to_device: direction of the transfer
 * @rcu: for the free, because a caller may use a record that it has found in an RCU read
 *       section
 */
struct stor_srb {
	union {
		SCSI_REQUEST_BLOCK srb;
		struct stor_srb_block block;
	};
	bool is_block;
	void *areas;
	ULONG areas_len;
	PHYSICAL_ADDRESS areas_la;
	int state;
	PMDL mdl;
	void *data;
	PSCATTER_GATHER_LIST list;
	BOOLEAN write_to_device;
	struct rcu_head rcu;
};

/* storport/stor_srb.c */
struct stor_srb *wdm_stor_srb_record(struct wdm_stor *stor, PVOID srb);
struct stor_srb *wdm_stor_srb_find(struct wdm_stor *stor, PVOID srb, const char *call);
struct stor_srb *wdm_stor_srb_peek(PVOID hw_device_extension, PVOID srb, const char *call,
				   struct wdm_stor **stor);

#endif /* WDMDMA_STOR_SRB_H */
