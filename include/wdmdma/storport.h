/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Types of the StorPort memory and DMA routines. The routines themselves do not exist yet in this
 * version, so none is declared. STOR_STATUS_* stand in wdmdma/status.h.
 */
#ifndef WDMDMA_STORPORT_H
#define WDMDMA_STORPORT_H

#include <wdmdma/types.h>
#include <wdmdma/status.h>

/* A physical or a bus-relative address: what the controller must be given. */
typedef PHYSICAL_ADDRESS STOR_PHYSICAL_ADDRESS, *PSTOR_PHYSICAL_ADDRESS;

/* Opaque here. */
typedef struct _SCSI_REQUEST_BLOCK *PSCSI_REQUEST_BLOCK;
typedef struct _PORT_CONFIGURATION_INFORMATION *PPORT_CONFIGURATION_INFORMATION;

/**
 * struct _STOR_SCATTER_GATHER_ELEMENT - one contiguous piece; laid out as SCATTER_GATHER_ELEMENT
 * @PhysicalAddress: address of the piece for the device
 * @Length: bytes in the piece
 * @Reserved: for the implementation
 */
struct _STOR_SCATTER_GATHER_ELEMENT {
	STOR_PHYSICAL_ADDRESS PhysicalAddress;
	ULONG Length;
	ULONG_PTR Reserved;
};

typedef struct _STOR_SCATTER_GATHER_ELEMENT STOR_SCATTER_GATHER_ELEMENT,
	*PSTOR_SCATTER_GATHER_ELEMENT;

/**
 * struct _STOR_SCATTER_GATHER_LIST - laid out as SCATTER_GATHER_LIST, so one can be handed through
 * @NumberOfElements: entries in @List
 * @Reserved: for the implementation
 * @List: the pieces in transfer order
 */
struct _STOR_SCATTER_GATHER_LIST {
	ULONG NumberOfElements;
	ULONG_PTR Reserved;
	STOR_SCATTER_GATHER_ELEMENT List[];
};

typedef struct _STOR_SCATTER_GATHER_LIST STOR_SCATTER_GATHER_LIST, *PSTOR_SCATTER_GATHER_LIST;

/**
 * struct _ACCESS_RANGE - a range of memory or I/O ports
 * @RangeStart: its first address
 * @RangeLength: its bytes
 * @RangeInMemory: TRUE for memory, FALSE for I/O ports
 */
struct _ACCESS_RANGE {
	STOR_PHYSICAL_ADDRESS RangeStart;
	ULONG RangeLength;
	BOOLEAN RangeInMemory;
};

typedef struct _ACCESS_RANGE ACCESS_RANGE, *PACCESS_RANGE;

#endif /* WDMDMA_STORPORT_H */
