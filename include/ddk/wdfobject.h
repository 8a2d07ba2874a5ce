/* SPDX-License-Identifier: GPL-2.0-only */
/* Objects of KMDF, with their attributes and contexts. */
#ifndef DDK_WDFOBJECT_H
#define DDK_WDFOBJECT_H

#include "wdfstatus.h"
#include "wdftypes.h"

WDMDMA_HEADER_BEGIN

typedef VOID EVT_WDF_OBJECT_CONTEXT_CLEANUP(WDFOBJECT object);
typedef EVT_WDF_OBJECT_CONTEXT_CLEANUP *PFN_WDF_OBJECT_CONTEXT_CLEANUP;
typedef VOID EVT_WDF_OBJECT_CONTEXT_DESTROY(WDFOBJECT object);
typedef EVT_WDF_OBJECT_CONTEXT_DESTROY *PFN_WDF_OBJECT_CONTEXT_DESTROY;

typedef const struct _WDF_OBJECT_CONTEXT_TYPE_INFO *PCWDF_OBJECT_CONTEXT_TYPE_INFO;
typedef PCWDF_OBJECT_CONTEXT_TYPE_INFO (*PFN_GET_UNIQUE_CONTEXT_TYPE)(VOID);

/**
 * struct _WDF_OBJECT_CONTEXT_TYPE_INFO - a type of context
 * @Size: bytes of this structure
 * @ContextName: the name of the type
 * @ContextSize: bytes of the type
 * @UniqueType: the address by which the type is known
 * @EvtDriverGetUniqueContextType: not used
 */
typedef struct _WDF_OBJECT_CONTEXT_TYPE_INFO {
	ULONG Size;
	const char *ContextName;
	SIZE_T ContextSize;
	PCWDF_OBJECT_CONTEXT_TYPE_INFO UniqueType;
	PFN_GET_UNIQUE_CONTEXT_TYPE EvtDriverGetUniqueContextType;
} WDF_OBJECT_CONTEXT_TYPE_INFO, *PWDF_OBJECT_CONTEXT_TYPE_INFO;

/**
 * struct _WDF_OBJECT_ATTRIBUTES - what an object is created with
 * @Size: bytes of this structure
 * @EvtCleanupCallback: called when the object is deleted
 * @EvtDestroyCallback: called when the last reference is gone
 * @ExecutionLevel: WdfExecutionLevelInheritFromParent, since nothing else fits these objects
 * @SynchronizationScope: inherited, or none
 * @ParentObject: the object with which this one is deleted. NULL for the usual one
 * @ContextSizeOverride: bytes of the context, if it has more than its type
 * @ContextTypeInfo: the type of the context
 */
typedef struct _WDF_OBJECT_ATTRIBUTES {
	ULONG Size;
	PFN_WDF_OBJECT_CONTEXT_CLEANUP EvtCleanupCallback;
	PFN_WDF_OBJECT_CONTEXT_DESTROY EvtDestroyCallback;
	WDF_EXECUTION_LEVEL ExecutionLevel;
	WDF_SYNCHRONIZATION_SCOPE SynchronizationScope;
	WDFOBJECT ParentObject;
	SIZE_T ContextSizeOverride;
	PCWDF_OBJECT_CONTEXT_TYPE_INFO ContextTypeInfo;
} WDF_OBJECT_ATTRIBUTES, *PWDF_OBJECT_ATTRIBUTES;

WDMDMA_INLINE VOID WDF_OBJECT_ATTRIBUTES_INIT(PWDF_OBJECT_ATTRIBUTES attributes)
{
	__builtin_memset(attributes, 0, sizeof(*attributes));
	attributes->Size = sizeof(*attributes);
	attributes->ExecutionLevel = WdfExecutionLevelInheritFromParent;
	attributes->SynchronizationScope = WdfSynchronizationScopeInheritFromParent;
}

#define WDF_OBJECT_ATTRIBUTES_SET_CONTEXT_TYPE(attributes, type) \
	((attributes)->ContextTypeInfo = WDF_GET_CONTEXT_TYPE_INFO(type))

#define WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(attributes, type) \
	do { \
		WDF_OBJECT_ATTRIBUTES_INIT(attributes); \
		WDF_OBJECT_ATTRIBUTES_SET_CONTEXT_TYPE(attributes, type); \
	} while (0)

#define WDF_GET_CONTEXT_TYPE_INFO(type)	(_WDF_ ## type ## _TYPE_INFO.UniqueType)
#define WDF_TYPE_NAME_TO_TYPE_INFO(type) _WDF_ ## type ## _TYPE_INFO
#define WDF_TYPE_NAME_POINTER_TYPE(type) WDF_POINTER_TYPE_ ## type

/*
 * Headers of drivers declare context types, and many files include those. A weak object makes all
 * files of a module see one address. It must not be static, and not folded.
 */
#define WDF_DECLARE_CONTEXT_TYPE(type) \
	WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(type, WdfObjectGet_ ## type)

#define WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(type, function) \
	WDF_EXTERN_C_START \
	typedef type *WDF_POINTER_TYPE_ ## type; \
	extern const WDF_OBJECT_CONTEXT_TYPE_INFO _WDF_ ## type ## _TYPE_INFO \
		__attribute__((__weak__)); \
	const WDF_OBJECT_CONTEXT_TYPE_INFO _WDF_ ## type ## _TYPE_INFO = { \
		sizeof(WDF_OBJECT_CONTEXT_TYPE_INFO), #type, sizeof(type), \
		&_WDF_ ## type ## _TYPE_INFO, NULL, \
	}; \
	WDF_EXTERN_C_END \
	WDMDMA_INLINE WDF_POINTER_TYPE_ ## type function(WDFOBJECT handle) \
	{ \
		return WdfObjectGetTypedContext(handle, type); \
	}

#define WdfObjectGetTypedContext(handle, type) \
	((WDF_POINTER_TYPE_ ## type) \
	 WdfObjectGetTypedContextWorker((WDFOBJECT)(handle), WDF_GET_CONTEXT_TYPE_INFO(type)))

PVOID WdfObjectGetTypedContextWorker(WDFOBJECT handle, PCWDF_OBJECT_CONTEXT_TYPE_INFO type_info);
NTSTATUS WdfObjectAllocateContext(WDFOBJECT handle, PWDF_OBJECT_ATTRIBUTES attributes,
				  PVOID *context);
WDFOBJECT WdfObjectContextGetObject(PVOID context);
VOID WdfObjectReferenceActual(WDFOBJECT handle, PVOID tag, LONG line, const char *file);
VOID WdfObjectDereferenceActual(WDFOBJECT handle, PVOID tag, LONG line, const char *file);
VOID WdfObjectDelete(WDFOBJECT object);

#define WdfObjectReference(handle) \
	WdfObjectReferenceActual((handle), (PVOID)0, __LINE__, __FILE__)
#define WdfObjectReferenceWithTag(handle, tag) \
	WdfObjectReferenceActual((handle), (tag), __LINE__, __FILE__)
#define WdfObjectDereference(handle) \
	WdfObjectDereferenceActual((handle), (PVOID)0, __LINE__, __FILE__)
#define WdfObjectDereferenceWithTag(handle, tag) \
	WdfObjectDereferenceActual((handle), (tag), __LINE__, __FILE__)

WDMDMA_HEADER_END

#endif /* DDK_WDFOBJECT_H */
