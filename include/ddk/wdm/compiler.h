/* SPDX-License-Identifier: GPL-2.0-only */
/* Words of Windows' compiler that gcc spells another way, or has no use for. */
#ifndef DDK_WDM_COMPILER_H
#define DDK_WDM_COMPILER_H

/*
 * The kernel makes `inline` a macro with which a function that is not static leaves a symbol in
 * every file. Windows source defines such functions in headers, so this file brings back C's
 * `inline`, which leaves none. The function must then be inlined always, also one that says no more
 * than `inline`. Without `static` in the macro, drivers may write it before the macro or not.
 */
#undef inline
#undef __inline
#undef __inline__
#define FORCEINLINE	__inline__ __attribute__((__always_inline__, __unused__))
#ifndef __cplusplus
#define inline		FORCEINLINE
#endif
#define CFORCEINLINE	FORCEINLINE
#define __forceinline	FORCEINLINE
#define _forceinline	FORCEINLINE
#define __inline	FORCEINLINE
#define _inline		FORCEINLINE

/* A calling convention is ignored on 64-bit Windows too. */
#define NTAPI
#define NTAPI_INLINE
#define FASTCALL
#define WINAPI
#define CALLBACK
#define APIENTRY
#define STDMETHODCALLTYPE
#define STDAPICALLTYPE
#define DDKAPI
#define DDKFASTAPI
#define HWAPI
#define __stdcall
#define _stdcall
#define __cdecl
#define _cdecl
#define __fastcall
#define _fastcall
#define __thiscall
#define __vectorcall

#define NTSYSAPI
#define NTSYSCALLAPI
#define NTKERNELAPI
#define NTHALAPI
#define STORPORT_API
#define DECLSPEC_IMPORT
#define DECLSPEC_EXPORT

#ifdef __cplusplus
#define EXTERN_C	extern "C"
#define EXTERN_C_START	extern "C" {
#define EXTERN_C_END	}
#else
#define EXTERN_C	extern
#define EXTERN_C_START
#define EXTERN_C_END
#endif
#define STDAPI		EXTERN_C HRESULT STDAPICALLTYPE
#define STDAPI_(type)	EXTERN_C type STDAPICALLTYPE

/* An alignment counts for a structure only between `struct` and its tag, or after its `}`. */
#define DECLSPEC_ALIGN(n)		__attribute__((__aligned__(n)))
#define SYSTEM_CACHE_ALIGNMENT_SIZE	64
#define DECLSPEC_CACHEALIGN		DECLSPEC_ALIGN(SYSTEM_CACHE_ALIGNMENT_SIZE)
#define POINTER_ALIGNMENT		DECLSPEC_ALIGN(8)
#define DECLSPEC_NORETURN		__attribute__((__noreturn__))
#define DECLSPEC_NOINLINE		__attribute__((__noinline__))
#define DECLSPEC_SELECTANY		__attribute__((__weak__))
#define DECLSPEC_DEPRECATED
#define DECLSPEC_DEPRECATED_DDK
#define DECLSPEC_NOTHROW
#define DECLSPEC_RESTRICT
#define DECLSPEC_NOVTABLE
#define DECLSPEC_UUID(x)
#define DECLSPEC_ADDRSAFE
#define DECLSPEC_SAFEBUFFERS
#define DECLSPEC_NOINITALL
#define DECLSPEC_GUARDIGNORE
#define DECLSPEC_GUARDNOCF
#define DECLSPEC_GUARD_SUPPRESS
#define DECLSPEC_CHPE_GUEST
#define DECLSPEC_CHPE_PATCHABLE

/*
 * One word each, because of several in one pair of parentheses only the first would be looked up.
 * A word that may have an argument or none is a macro with one. Without it the name itself is left,
 * which the second look-up removes. A word that changes what the code does, and that gcc has not,
 * is no macro, so that it stops the file: thread, naked.
 */
#define __declspec(word)		WDM_DECLSPEC(WDM_DECLSPEC_ ## word)
#define _declspec(word)			WDM_DECLSPEC(WDM_DECLSPEC_ ## word)
#define WDM_DECLSPEC(...)		WDM_DECLSPEC_LEFT(__VA_ARGS__)
#define WDM_DECLSPEC_LEFT(...)		WDM_LEFT_ ## __VA_ARGS__
#define WDM_LEFT_
#define WDM_LEFT___attribute__(...)	__attribute__(__VA_ARGS__)
#define WDM_LEFT_WDM_DECLSPEC_deprecated
#define WDM_DECLSPEC_align(n)		__attribute__((__aligned__(n)))
#define WDM_DECLSPEC_noreturn		__attribute__((__noreturn__))
#define WDM_DECLSPEC_noinline		__attribute__((__noinline__))
#define WDM_DECLSPEC_selectany		__attribute__((__weak__))
#define WDM_DECLSPEC_deprecated(...)
#define WDM_DECLSPEC_dllimport
#define WDM_DECLSPEC_dllexport
#define WDM_DECLSPEC_novtable
#define WDM_DECLSPEC_nothrow
#define WDM_DECLSPEC_restrict
#define WDM_DECLSPEC_noalias
#define WDM_DECLSPEC_allocator
#define WDM_DECLSPEC_safebuffers
#define WDM_DECLSPEC_empty_bases
#define WDM_DECLSPEC_uuid(...)
#define WDM_DECLSPEC_property(...)
#define WDM_DECLSPEC_code_seg(...)
#define WDM_DECLSPEC_guard(...)
#define WDM_DECLSPEC_allocate(...)
#define WDM_DECLSPEC_spectre(...)
#define WDM_DECLSPEC_no_init_all
#define WDM_DECLSPEC_no_sanitize_address

/* Macros, because `unsigned` may stand before them. */
#define __int8	char
#define __int16	short
#define __int32	int
#define __int64	long long
#define _int64	long long

#define __unaligned
#define UNALIGNED
#define UNALIGNED64
#define RESTRICTED_POINTER
#define FAR
#define NEAR
#define __ptr32
#define __ptr64
#define __sptr
#define __uptr

/* Structures without a name are taken. */
#define _ANONYMOUS_STRUCT
#define _ANONYMOUS_UNION
#define DUMMYSTRUCTNAME
#define DUMMYSTRUCTNAME1
#define DUMMYSTRUCTNAME2
#define DUMMYSTRUCTNAME3
#define DUMMYSTRUCTNAME4
#define DUMMYSTRUCTNAME5
#define DUMMYUNIONNAME
#define DUMMYUNIONNAME1
#define DUMMYUNIONNAME2
#define DUMMYUNIONNAME3
#define DUMMYUNIONNAME4
#define DUMMYUNIONNAME5
#define DUMMYUNIONNAME6
#define DUMMYUNIONNAME7
#define DUMMYUNIONNAME8
#define DUMMYUNIONNAME9

/* Linux 7.3 has a macro of this name, which its compiler options bring along. */
#undef __assume
#define __assume(x)		((void)0)
#define __noop(...)		((void)0)
#define __pragma(...)
#define __annotation(...)	((void)0)
#define _ReadWriteBarrier()	__asm__ __volatile__("" : : : "memory")
#define _ReadBarrier()		_ReadWriteBarrier()
#define _WriteBarrier()		_ReadWriteBarrier()

/* Macros by which Windows' compiler and the build of a driver name the machine. */
#ifndef _WIN64
#define _WIN64 1
#endif
#if defined(__x86_64__)
#ifndef _M_AMD64
#define _M_AMD64 100
#endif
#ifndef _M_X64
#define _M_X64 100
#endif
#ifndef _AMD64_
#define _AMD64_ 1
#endif
#elif defined(__aarch64__)
#ifndef _M_ARM64
#define _M_ARM64 1
#endif
#ifndef _ARM64_
#define _ARM64_ 1
#endif
#endif

#endif /* DDK_WDM_COMPILER_H */
