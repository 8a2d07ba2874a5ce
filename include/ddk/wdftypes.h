/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handles and enumerations that all parts of KMDF share. The wdf headers include no Linux header,
 * and can stand next to one.
 *
 * A handle is a number in the form of a pointer. It must not be dereferenced. Each type of object
 * has a type of its own, and all convert to WDFOBJECT.
 */
#ifndef DDK_WDFTYPES_H
#define DDK_WDFTYPES_H

#include <wdmdma/dma.h>
#include <wdmdma/mdl.h>
#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

typedef PVOID WDFOBJECT, WDFCONTEXT, *PWDFOBJECT;

typedef struct WDFDRIVER__ *WDFDRIVER;
typedef struct WDFDEVICE__ *WDFDEVICE;
typedef struct WDFREQUEST__ *WDFREQUEST;
typedef struct WDFINTERRUPT__ *WDFINTERRUPT;
typedef struct WDFDMAENABLER__ *WDFDMAENABLER;
typedef struct WDFCOMMONBUFFER__ *WDFCOMMONBUFFER;
typedef struct WDFDMATRANSACTION__ *WDFDMATRANSACTION;
typedef struct WDFSPINLOCK__ *WDFSPINLOCK;
typedef struct WDFWAITLOCK__ *WDFWAITLOCK;
typedef struct WDFMEMORY__ *WDFMEMORY;
typedef struct WDFCOLLECTION__ *WDFCOLLECTION;

/* No object has these types here. Headers of drivers have them in prototypes and structures. */
typedef struct WDFQUEUE__ *WDFQUEUE;
typedef struct WDFFILEOBJECT__ *WDFFILEOBJECT;
typedef struct WDFIOTARGET__ *WDFIOTARGET;
typedef struct WDFDPC__ *WDFDPC;
typedef struct WDFTIMER__ *WDFTIMER;
typedef struct WDFWORKITEM__ *WDFWORKITEM;
typedef struct WDFSTRING__ *WDFSTRING;
typedef struct WDFKEY__ *WDFKEY;
typedef struct WDFLOOKASIDE__ *WDFLOOKASIDE;
typedef struct WDFCHILDLIST__ *WDFCHILDLIST;
typedef struct WDFCMRESLIST__ *WDFCMRESLIST;
typedef struct WDFIORESLIST__ *WDFIORESLIST;
typedef struct WDFIORESREQLIST__ *WDFIORESREQLIST;
typedef struct WDFDEVICE_INIT *PWDFDEVICE_INIT;

typedef enum _WDF_TRI_STATE {
	WdfFalse = 0,
	WdfTrue = 1,
	WdfUseDefault = 2,
} WDF_TRI_STATE, *PWDF_TRI_STATE;

typedef enum _WDF_EXECUTION_LEVEL {
	WdfExecutionLevelInvalid = 0,
	WdfExecutionLevelInheritFromParent = 1,
	WdfExecutionLevelPassive = 2,
	WdfExecutionLevelDispatch = 3,
} WDF_EXECUTION_LEVEL;

typedef enum _WDF_SYNCHRONIZATION_SCOPE {
	WdfSynchronizationScopeInvalid = 0,
	WdfSynchronizationScopeInheritFromParent = 1,
	WdfSynchronizationScopeDevice = 2,
	WdfSynchronizationScopeQueue = 3,
	WdfSynchronizationScopeNone = 4,
} WDF_SYNCHRONIZATION_SCOPE;

#define WDF_NO_HANDLE			((PVOID)0)
#define WDF_NO_CONTEXT			((PVOID)0)
#define WDF_NO_EVENT_CALLBACK		((PVOID)0)
#define WDF_NO_OBJECT_ATTRIBUTES	((PWDF_OBJECT_ATTRIBUTES)0)
#define WDF_NO_SEND_OPTIONS		((PVOID)0)

#ifdef __cplusplus
#define WDF_EXTERN_C		extern "C"
#define WDF_EXTERN_C_START	extern "C" {
#define WDF_EXTERN_C_END	}
#else
#define WDF_EXTERN_C
#define WDF_EXTERN_C_START
#define WDF_EXTERN_C_END
#endif

/* Boundaries less one, for alignment requirements. StorPort's header has the same. */
#ifndef FILE_BYTE_ALIGNMENT
#define FILE_BYTE_ALIGNMENT	0x00000000
#define FILE_WORD_ALIGNMENT	0x00000001
#define FILE_LONG_ALIGNMENT	0x00000003
#define FILE_QUAD_ALIGNMENT	0x00000007
#define FILE_OCTA_ALIGNMENT	0x0000000F
#define FILE_32_BYTE_ALIGNMENT	0x0000001F
#define FILE_64_BYTE_ALIGNMENT	0x0000003F
#define FILE_128_BYTE_ALIGNMENT	0x0000007F
#define FILE_256_BYTE_ALIGNMENT	0x000000FF
#define FILE_512_BYTE_ALIGNMENT	0x000001FF
#endif

WDMDMA_HEADER_END

#endif /* DDK_WDFTYPES_H */
