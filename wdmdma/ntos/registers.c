// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers and ports. Each access has exactly the width that the driver names. A read is ordered
 * as readl() is. A write is followed by a full barrier, because drivers write a doorbell and then
 * read memory that the device changes. Port space is there on x86 alone.
 */
#include "ntos/ntos.h"

#include <linux/io.h>

#include <ddk/wdm/io.h>

#include "address.h"

/* Report a pointer of NULL, or to nothing of the kernel. Return true if it is one. */
static bool nt_is_null(volatile const void *pointer, const char *call)
{
	if (likely(!wdmdma_is_wild((const void *)pointer)))
		return false;
	wdmdma_report(call,
		      "the register or the buffer is %s", pointer ? "no address of the kernel" :
		      "NULL");
	return true;
}

/* Report a port that the machine does not have. Return true if it is one. */
static bool nt_is_no_port(volatile const void *port, const char *call)
{
	if (likely(IS_ENABLED(CONFIG_X86) && (unsigned long)port <= 0xFFFF))
		return false;
	wdmdma_report(call, "there is no port %p", port);
	return true;
}

#ifndef CONFIG_X86
/* Never called. A kernel may lack these functions. */
#define NT_NO_PORT(suffix, type) \
static type nt_in ## suffix(unsigned long port) { return (type)~0U; } \
static void nt_out ## suffix(type value, unsigned long port) { } \
static void nt_ins ## suffix(unsigned long port, void *buffer, ULONG count) { } \
static void nt_outs ## suffix(unsigned long port, const void *buffer, ULONG count) { }

NT_NO_PORT(b, UCHAR)
NT_NO_PORT(w, USHORT)
NT_NO_PORT(l, ULONG)
#else
#define nt_inb		inb
#define nt_inw		inw
#define nt_inl		inl
#define nt_outb		outb
#define nt_outw		outw
#define nt_outl		outl
#define nt_insb		insb
#define nt_insw		insw
#define nt_insl		insl
#define nt_outsb	outsb
#define nt_outsw	outsw
#define nt_outsl	outsl
#endif

#define NT_IOMEM(pointer)	((void __iomem __force *)(pointer))

#define NT_REGISTER(name, type, read, write) \
type READ_REGISTER_ ## name(type volatile *reg) \
{ \
	return nt_is_null(reg, __func__) ? (type)~0ULL : (type)read(NT_IOMEM(reg)); \
} \
EXPORT_SYMBOL_GPL(READ_REGISTER_ ## name); \
\
void WRITE_REGISTER_ ## name(type volatile *reg, type value) \
{ \
	if (nt_is_null(reg, __func__)) \
		return; \
	write(value, NT_IOMEM(reg)); \
	mb(); /* orders the write before reads of memory that follow */ \
} \
EXPORT_SYMBOL_GPL(WRITE_REGISTER_ ## name); \
\
void READ_REGISTER_BUFFER_ ## name(type volatile *reg, type *buffer, ULONG count) \
{ \
	ULONG n; \
\
	if (nt_is_null(reg, __func__) || nt_is_null(buffer, __func__)) \
		return; \
	for (n = 0; n < count; n++) \
		buffer[n] = read(NT_IOMEM(reg + n)); \
} \
EXPORT_SYMBOL_GPL(READ_REGISTER_BUFFER_ ## name); \
\
void WRITE_REGISTER_BUFFER_ ## name(type volatile *reg, type *buffer, ULONG count) \
{ \
	ULONG n; \
\
	if (nt_is_null(reg, __func__) || nt_is_null(buffer, __func__)) \
		return; \
	for (n = 0; n < count; n++) \
		write(buffer[n], NT_IOMEM(reg + n)); \
	mb(); /* orders the writes before reads of memory that follow */ \
} \
EXPORT_SYMBOL_GPL(WRITE_REGISTER_BUFFER_ ## name)

NT_REGISTER(UCHAR, UCHAR, readb, writeb);
NT_REGISTER(USHORT, USHORT, readw, writew);
NT_REGISTER(ULONG, ULONG, readl, writel);
NT_REGISTER(ULONG64, ULONG64, readq, writeq);

#define NT_PORT(name, type, suffix) \
type READ_PORT_ ## name(type volatile *port) \
{ \
	type value = (type)~0U; \
\
	if (!nt_is_no_port(port, __func__)) \
		value = nt_in ## suffix((unsigned long)port); \
	return value; \
} \
EXPORT_SYMBOL_GPL(READ_PORT_ ## name); \
\
void WRITE_PORT_ ## name(type volatile *port, type value) \
{ \
	if (!nt_is_no_port(port, __func__)) \
		nt_out ## suffix(value, (unsigned long)port); \
} \
EXPORT_SYMBOL_GPL(WRITE_PORT_ ## name); \
\
void READ_PORT_BUFFER_ ## name(type volatile *port, type *buffer, ULONG count) \
{ \
	if (!nt_is_no_port(port, __func__) && !nt_is_null(buffer, __func__)) \
		nt_ins ## suffix((unsigned long)port, buffer, count); \
} \
EXPORT_SYMBOL_GPL(READ_PORT_BUFFER_ ## name); \
\
void WRITE_PORT_BUFFER_ ## name(type volatile *port, type *buffer, ULONG count) \
{ \
	if (!nt_is_no_port(port, __func__) && !nt_is_null(buffer, __func__)) \
		nt_outs ## suffix((unsigned long)port, buffer, count); \
} \
EXPORT_SYMBOL_GPL(WRITE_PORT_BUFFER_ ## name)

NT_PORT(UCHAR, UCHAR, b);
NT_PORT(USHORT, USHORT, w);
NT_PORT(ULONG, ULONG, l);
