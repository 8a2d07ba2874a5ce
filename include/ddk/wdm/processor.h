/* SPDX-License-Identifier: GPL-2.0-only */
/* Processors, and the end of the machine, for drivers that are linked with wdmdma_ntos.ko. */
#ifndef DDK_WDM_PROCESSOR_H
#define DDK_WDM_PROCESSOR_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

typedef ULONG_PTR KAFFINITY, *PKAFFINITY;

/* A group has 64 processors. */
typedef struct _PROCESSOR_NUMBER {
	USHORT Group;
	UCHAR Number;
	UCHAR Reserved;
} PROCESSOR_NUMBER, *PPROCESSOR_NUMBER;

#define ALL_PROCESSOR_GROUPS	0xFFFF

ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER number);
ULONG KeQueryActiveProcessorCountEx(USHORT group);
ULONG KeQueryActiveProcessorCount(PKAFFINITY active);

#define KeGetCurrentProcessorNumber()		KeGetCurrentProcessorNumberEx((PPROCESSOR_NUMBER)0)
#define KeQueryMaximumProcessorCountEx(group)	KeQueryActiveProcessorCountEx(group)
#define KeQueryMaximumProcessorCount() \
	KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS)

/* There are no APCs. */
#define KeEnterCriticalRegion()		((void)0)
#define KeLeaveCriticalRegion()		((void)0)

VOID WdmBugCheckEx(ULONG code, ULONG_PTR parameter1, ULONG_PTR parameter2, ULONG_PTR parameter3,
		   ULONG_PTR parameter4);

/*
 * Stops the machine, and does not return. objtool knows no function of a module that does not
 * return, and warns of what comes behind one. So a loop that is never reached comes behind it.
 */
#define KeBugCheckEx(code, parameter1, parameter2, parameter3, parameter4) \
	__extension__ ({ \
		WdmBugCheckEx(code, parameter1, parameter2, parameter3, parameter4); \
		for (;;) \
			; \
	})
#define KeBugCheck(code)	KeBugCheckEx(code, 0, 0, 0, 0)

WDMDMA_HEADER_END

#endif /* DDK_WDM_PROCESSOR_H */
