/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For miniports that include <storport.h>. Structures and calls stand in wdm/miniport.h, which the
 * Linux half can include as well. This file adds what needs no function of the Linux half.
 */
#ifndef DDK_STORPORT_H
#define DDK_STORPORT_H

#include "wdm.h"
#include "wdm/miniport.h"

#define StorPortCopyMemory(destination, source, length) \
	RtlCopyMemory(destination, source, length)
#define StorPortMoveMemory(destination, source, length) \
	RtlMoveMemory(destination, source, length)
#define StorPortStallExecution(microseconds)	KeStallExecutionProcessor(microseconds)

/* Registers and ports, by the calls of wdmdma_ntos.ko. */
#define StorPortReadRegisterUchar(extension, reg) \
	((void)(extension), READ_REGISTER_UCHAR(reg))
#define StorPortWriteRegisterUchar(extension, reg, value) \
	((void)(extension), WRITE_REGISTER_UCHAR(reg, value))
#define StorPortReadRegisterBufferUchar(extension, reg, buffer, count) \
	((void)(extension), READ_REGISTER_BUFFER_UCHAR(reg, buffer, count))
#define StorPortWriteRegisterBufferUchar(extension, reg, buffer, count) \
	((void)(extension), WRITE_REGISTER_BUFFER_UCHAR(reg, buffer, count))
#define StorPortReadRegisterUshort(extension, reg) \
	((void)(extension), READ_REGISTER_USHORT(reg))
#define StorPortWriteRegisterUshort(extension, reg, value) \
	((void)(extension), WRITE_REGISTER_USHORT(reg, value))
#define StorPortReadRegisterBufferUshort(extension, reg, buffer, count) \
	((void)(extension), READ_REGISTER_BUFFER_USHORT(reg, buffer, count))
#define StorPortWriteRegisterBufferUshort(extension, reg, buffer, count) \
	((void)(extension), WRITE_REGISTER_BUFFER_USHORT(reg, buffer, count))
#define StorPortReadRegisterUlong(extension, reg) \
	((void)(extension), READ_REGISTER_ULONG(reg))
#define StorPortWriteRegisterUlong(extension, reg, value) \
	((void)(extension), WRITE_REGISTER_ULONG(reg, value))
#define StorPortReadRegisterBufferUlong(extension, reg, buffer, count) \
	((void)(extension), READ_REGISTER_BUFFER_ULONG(reg, buffer, count))
#define StorPortWriteRegisterBufferUlong(extension, reg, buffer, count) \
	((void)(extension), WRITE_REGISTER_BUFFER_ULONG(reg, buffer, count))
#define StorPortReadRegisterUlong64(extension, reg) \
	((void)(extension), READ_REGISTER_ULONG64(reg))
#define StorPortWriteRegisterUlong64(extension, reg, value) \
	((void)(extension), WRITE_REGISTER_ULONG64(reg, value))
#define StorPortReadRegisterBufferUlong64(extension, reg, buffer, count) \
	((void)(extension), READ_REGISTER_BUFFER_ULONG64(reg, buffer, count))
#define StorPortWriteRegisterBufferUlong64(extension, reg, buffer, count) \
	((void)(extension), WRITE_REGISTER_BUFFER_ULONG64(reg, buffer, count))
#define StorPortReadPortUchar(extension, port) \
	((void)(extension), READ_PORT_UCHAR(port))
#define StorPortWritePortUchar(extension, port, value) \
	((void)(extension), WRITE_PORT_UCHAR(port, value))
#define StorPortReadPortBufferUchar(extension, port, buffer, count) \
	((void)(extension), READ_PORT_BUFFER_UCHAR(port, buffer, count))
#define StorPortWritePortBufferUchar(extension, port, buffer, count) \
	((void)(extension), WRITE_PORT_BUFFER_UCHAR(port, buffer, count))
#define StorPortReadPortUshort(extension, port) \
	((void)(extension), READ_PORT_USHORT(port))
#define StorPortWritePortUshort(extension, port, value) \
	((void)(extension), WRITE_PORT_USHORT(port, value))
#define StorPortReadPortBufferUshort(extension, port, buffer, count) \
	((void)(extension), READ_PORT_BUFFER_USHORT(port, buffer, count))
#define StorPortWritePortBufferUshort(extension, port, buffer, count) \
	((void)(extension), WRITE_PORT_BUFFER_USHORT(port, buffer, count))
#define StorPortReadPortUlong(extension, port) \
	((void)(extension), READ_PORT_ULONG(port))
#define StorPortWritePortUlong(extension, port, value) \
	((void)(extension), WRITE_PORT_ULONG(port, value))
#define StorPortReadPortBufferUlong(extension, port, buffer, count) \
	((void)(extension), READ_PORT_BUFFER_ULONG(port, buffer, count))
#define StorPortWritePortBufferUlong(extension, port, buffer, count) \
	((void)(extension), WRITE_PORT_BUFFER_ULONG(port, buffer, count))

#endif /* DDK_STORPORT_H */
