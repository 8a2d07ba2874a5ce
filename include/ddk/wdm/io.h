/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers, ports and device memory, for drivers that are linked with wdmdma_ntos.ko. The Linux
 * half may include this file too.
 */
#ifndef DDK_WDM_IO_H
#define DDK_WDM_IO_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

/* The address of a register moves with the elements of a buffer, and the one of a port does not. */
UCHAR READ_REGISTER_UCHAR(UCHAR volatile *reg);
VOID WRITE_REGISTER_UCHAR(UCHAR volatile *reg, UCHAR value);
VOID READ_REGISTER_BUFFER_UCHAR(UCHAR volatile *reg, UCHAR *buffer, ULONG count);
VOID WRITE_REGISTER_BUFFER_UCHAR(UCHAR volatile *reg, UCHAR *buffer, ULONG count);
USHORT READ_REGISTER_USHORT(USHORT volatile *reg);
VOID WRITE_REGISTER_USHORT(USHORT volatile *reg, USHORT value);
VOID READ_REGISTER_BUFFER_USHORT(USHORT volatile *reg, USHORT *buffer, ULONG count);
VOID WRITE_REGISTER_BUFFER_USHORT(USHORT volatile *reg, USHORT *buffer, ULONG count);
ULONG READ_REGISTER_ULONG(ULONG volatile *reg);
VOID WRITE_REGISTER_ULONG(ULONG volatile *reg, ULONG value);
VOID READ_REGISTER_BUFFER_ULONG(ULONG volatile *reg, ULONG *buffer, ULONG count);
VOID WRITE_REGISTER_BUFFER_ULONG(ULONG volatile *reg, ULONG *buffer, ULONG count);
ULONG64 READ_REGISTER_ULONG64(ULONG64 volatile *reg);
VOID WRITE_REGISTER_ULONG64(ULONG64 volatile *reg, ULONG64 value);
VOID READ_REGISTER_BUFFER_ULONG64(ULONG64 volatile *reg, ULONG64 *buffer, ULONG count);
VOID WRITE_REGISTER_BUFFER_ULONG64(ULONG64 volatile *reg, ULONG64 *buffer, ULONG count);

/* The plain forms order more than a driver that writes these names needs. */
#define READ_REGISTER_NOFENCE_UCHAR(reg)		READ_REGISTER_UCHAR(reg)
#define READ_REGISTER_NOFENCE_USHORT(reg)		READ_REGISTER_USHORT(reg)
#define READ_REGISTER_NOFENCE_ULONG(reg)		READ_REGISTER_ULONG(reg)
#define READ_REGISTER_NOFENCE_ULONG64(reg)		READ_REGISTER_ULONG64(reg)
#define WRITE_REGISTER_NOFENCE_UCHAR(reg, value)	WRITE_REGISTER_UCHAR(reg, value)
#define WRITE_REGISTER_NOFENCE_USHORT(reg, value)	WRITE_REGISTER_USHORT(reg, value)
#define WRITE_REGISTER_NOFENCE_ULONG(reg, value)	WRITE_REGISTER_ULONG(reg, value)
#define WRITE_REGISTER_NOFENCE_ULONG64(reg, value)	WRITE_REGISTER_ULONG64(reg, value)
#define READ_REGISTER_NOFENCE_BUFFER_UCHAR(reg, buffer, count) \
	READ_REGISTER_BUFFER_UCHAR(reg, buffer, count)
#define READ_REGISTER_NOFENCE_BUFFER_USHORT(reg, buffer, count) \
	READ_REGISTER_BUFFER_USHORT(reg, buffer, count)
#define READ_REGISTER_NOFENCE_BUFFER_ULONG(reg, buffer, count) \
	READ_REGISTER_BUFFER_ULONG(reg, buffer, count)
#define READ_REGISTER_NOFENCE_BUFFER_ULONG64(reg, buffer, count) \
	READ_REGISTER_BUFFER_ULONG64(reg, buffer, count)
#define WRITE_REGISTER_NOFENCE_BUFFER_UCHAR(reg, buffer, count) \
	WRITE_REGISTER_BUFFER_UCHAR(reg, buffer, count)
#define WRITE_REGISTER_NOFENCE_BUFFER_USHORT(reg, buffer, count) \
	WRITE_REGISTER_BUFFER_USHORT(reg, buffer, count)
#define WRITE_REGISTER_NOFENCE_BUFFER_ULONG(reg, buffer, count) \
	WRITE_REGISTER_BUFFER_ULONG(reg, buffer, count)
#define WRITE_REGISTER_NOFENCE_BUFFER_ULONG64(reg, buffer, count) \
	WRITE_REGISTER_BUFFER_ULONG64(reg, buffer, count)

UCHAR READ_PORT_UCHAR(UCHAR volatile *port);
VOID WRITE_PORT_UCHAR(UCHAR volatile *port, UCHAR value);
VOID READ_PORT_BUFFER_UCHAR(UCHAR volatile *port, UCHAR *buffer, ULONG count);
VOID WRITE_PORT_BUFFER_UCHAR(UCHAR volatile *port, UCHAR *buffer, ULONG count);
USHORT READ_PORT_USHORT(USHORT volatile *port);
VOID WRITE_PORT_USHORT(USHORT volatile *port, USHORT value);
VOID READ_PORT_BUFFER_USHORT(USHORT volatile *port, USHORT *buffer, ULONG count);
VOID WRITE_PORT_BUFFER_USHORT(USHORT volatile *port, USHORT *buffer, ULONG count);
ULONG READ_PORT_ULONG(ULONG volatile *port);
VOID WRITE_PORT_ULONG(ULONG volatile *port, ULONG value);
VOID READ_PORT_BUFFER_ULONG(ULONG volatile *port, ULONG *buffer, ULONG count);
VOID WRITE_PORT_BUFFER_ULONG(ULONG volatile *port, ULONG *buffer, ULONG count);

PVOID MmMapIoSpace(PHYSICAL_ADDRESS physical_address, SIZE_T number_of_bytes,
		   MEMORY_CACHING_TYPE cache_type);
PVOID MmMapIoSpaceEx(PHYSICAL_ADDRESS physical_address, SIZE_T number_of_bytes, ULONG protect);
VOID MmUnmapIoSpace(PVOID base_address, SIZE_T number_of_bytes);

WDMDMA_HEADER_END

#endif /* DDK_WDM_IO_H */
