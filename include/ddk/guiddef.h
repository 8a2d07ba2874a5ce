/* SPDX-License-Identifier: GPL-2.0-only */
/* GUIDs. DEFINE_GUID declares one, and where INITGUID is defined it defines one. */
#ifndef DDK_GUIDDEF_H
#define DDK_GUIDDEF_H

#include <wdmdma/types.h>

WDMDMA_HEADER_BEGIN

typedef struct _GUID {
	ULONG Data1;
	USHORT Data2;
	USHORT Data3;
	UCHAR Data4[8];
} GUID, *PGUID, *LPGUID, UUID, CLSID, IID;

typedef const GUID *LPCGUID;

WDMDMA_HEADER_END

#ifdef __cplusplus
#define REFGUID		const GUID &
#define REFIID		const IID &
#define REFCLSID	const CLSID &

#include "wdm/cplusplus.h"
#else
#define REFGUID		const GUID *
#define REFIID		const IID *
#define REFCLSID	const CLSID *
#define IsEqualGUID(a, b)	(!__builtin_memcmp((a), (b), sizeof(GUID)))
#endif
#define InlineIsEqualGUID(a, b)	IsEqualGUID(a, b)
#define IsEqualGUIDAligned(a, b) IsEqualGUID(a, b)
#define IsEqualIID(a, b)	IsEqualGUID(a, b)
#define IsEqualCLSID(a, b)	IsEqualGUID(a, b)

#endif /* DDK_GUIDDEF_H */

/*
 * Outside the guard, because INITGUID may be defined between two inclusions. Several files may
 * define one GUID, of which the linker keeps one.
 */
#undef DEFINE_GUID
#ifndef INITGUID
#ifdef __cplusplus
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	extern "C" const GUID name
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	extern const GUID name
#endif
#elif defined(__cplusplus)
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	extern "C" const GUID __attribute__((__weak__)) name; \
	const GUID name = { (ULONG)(l), w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
#else
#define DEFINE_GUID(name, l, w1, w2, b1, b2, b3, b4, b5, b6, b7, b8) \
	extern const GUID name; \
	const GUID __attribute__((__weak__)) name = { \
		(ULONG)(l), w1, w2, { b1, b2, b3, b4, b5, b6, b7, b8 } }
#endif
