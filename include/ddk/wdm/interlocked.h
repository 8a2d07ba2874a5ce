/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interlocked operations, barriers, and the interlocked singly linked list. Every operation is a
 * full barrier, as on x64 Windows, also those that are named Acquire, Release or NoFence.
 */
#ifndef DDK_WDM_INTERLOCKED_H
#define DDK_WDM_INTERLOCKED_H

#include "../ntdef.h"

WDMDMA_HEADER_BEGIN

/*
 * WDM_FULL_FENCE orders memory among processors, WDM_DEVICE_FENCE also between a processor and a
 * device. The atomic operations of arm64 order only one way each, so fences stand around them.
 */
#if defined(__x86_64__)
#define WDM_FULL_FENCE()	__asm__ __volatile__("mfence" : : : "memory")
#define WDM_DEVICE_FENCE()	__asm__ __volatile__("mfence" : : : "memory")
#define WDM_ATOMIC_FENCE()	_ReadWriteBarrier()
#define WDM_PAUSE()		__asm__ __volatile__("pause" : : : "memory")
#define WDM_BREAK()		__asm__ __volatile__("int3" : : : "memory")
#elif defined(__aarch64__)
#define WDM_FULL_FENCE()	__asm__ __volatile__("dmb ish" : : : "memory")
#define WDM_DEVICE_FENCE()	__asm__ __volatile__("dsb sy" : : : "memory")
#define WDM_ATOMIC_FENCE()	WDM_FULL_FENCE()
#define WDM_PAUSE()		__asm__ __volatile__("yield" : : : "memory")
#define WDM_BREAK()		__asm__ __volatile__("brk #0xf000" : : : "memory")
#else
#error "Windows source is for x86-64 and arm64."
#endif

#define KeMemoryBarrier()		WDM_DEVICE_FENCE()
#define KeMemoryBarrierWithoutFence()	_ReadWriteBarrier()
#define MemoryBarrier()			WDM_FULL_FENCE()
#define FastFence()			WDM_FULL_FENCE()
#define MemoryFence()			WDM_FULL_FENCE()
#define LoadFence()			WDM_FULL_FENCE()
#define StoreFence()			WDM_FULL_FENCE()
#define _mm_mfence()			WDM_FULL_FENCE()
#define _mm_lfence()			WDM_FULL_FENCE()
#define _mm_sfence()			WDM_FULL_FENCE()
#define __faststorefence()		WDM_FULL_FENCE()
#define YieldProcessor()		WDM_PAUSE()
#define _mm_pause()			WDM_PAUSE()
#define __debugbreak()			WDM_BREAK()

/* Returns what the operation of gcc returns. */
#define WDM_INTERLOCKED(name, type, operation) \
FORCEINLINE type name(type volatile *target, type value) \
{ \
	type result; \
\
	WDM_ATOMIC_FENCE(); \
	result = operation(target, value, __ATOMIC_SEQ_CST); \
	WDM_ATOMIC_FENCE(); \
	return result; \
}

#define WDM_INTERLOCKED_STEP(name, type, operation) \
FORCEINLINE type name(type volatile *target) \
{ \
	type result; \
\
	WDM_ATOMIC_FENCE(); \
	result = operation(target, 1, __ATOMIC_SEQ_CST); \
	WDM_ATOMIC_FENCE(); \
	return result; \
}

/* Returns what was there, whether it was exchanged or not. */
#define WDM_INTERLOCKED_COMPARE(name, type) \
FORCEINLINE type name(type volatile *target, type exchange, type comparand) \
{ \
	WDM_ATOMIC_FENCE(); \
	__atomic_compare_exchange_n(target, &comparand, exchange, 0, __ATOMIC_SEQ_CST, \
				    __ATOMIC_SEQ_CST); \
	WDM_ATOMIC_FENCE(); \
	return comparand; \
}

/* Increment, Decrement and Add return the new value, and all others the old one. */
#define WDM_INTERLOCKED_FAMILY(width, type) \
WDM_INTERLOCKED_STEP(InterlockedIncrement ## width, type, __atomic_add_fetch) \
WDM_INTERLOCKED_STEP(InterlockedDecrement ## width, type, __atomic_sub_fetch) \
WDM_INTERLOCKED(InterlockedAdd ## width, type, __atomic_add_fetch) \
WDM_INTERLOCKED(InterlockedExchangeAdd ## width, type, __atomic_fetch_add) \
WDM_INTERLOCKED(InterlockedExchange ## width, type, __atomic_exchange_n) \
WDM_INTERLOCKED(InterlockedAnd ## width, type, __atomic_fetch_and) \
WDM_INTERLOCKED(InterlockedOr ## width, type, __atomic_fetch_or) \
WDM_INTERLOCKED(InterlockedXor ## width, type, __atomic_fetch_xor) \
WDM_INTERLOCKED_COMPARE(InterlockedCompareExchange ## width, type)

WDM_INTERLOCKED_FAMILY(, LONG)
WDM_INTERLOCKED_FAMILY(8, CHAR)
WDM_INTERLOCKED_FAMILY(16, SHORT)
WDM_INTERLOCKED_FAMILY(64, LONG64)
WDM_INTERLOCKED_FAMILY(SizeT, SIZE_T)
WDM_INTERLOCKED(InterlockedExchangePointer, PVOID, __atomic_exchange_n)
WDM_INTERLOCKED_COMPARE(InterlockedCompareExchangePointer, PVOID)

/* A bit number beyond the first word counts into the words that follow, as the instruction does. */
#define WDM_INTERLOCKED_BIT(name, type, operation, value) \
FORCEINLINE UCHAR name(type volatile *base, type bit) \
{ \
	const type bits = 8 * sizeof(type); \
	const type mask = (type)(1ULL << (bit & (bits - 1))); \
\
	return (operation(base + (bit - (bit & (bits - 1))) / bits, value) & mask) != 0; \
}

WDM_INTERLOCKED_BIT(InterlockedBitTestAndSet, LONG, InterlockedOr, mask)
WDM_INTERLOCKED_BIT(InterlockedBitTestAndReset, LONG, InterlockedAnd, ~mask)
WDM_INTERLOCKED_BIT(InterlockedBitTestAndComplement, LONG, InterlockedXor, mask)
WDM_INTERLOCKED_BIT(InterlockedBitTestAndSet64, LONG64, InterlockedOr64, mask)
WDM_INTERLOCKED_BIT(InterlockedBitTestAndReset64, LONG64, InterlockedAnd64, ~mask)

#define InterlockedIncrementAcquire	InterlockedIncrement
#define InterlockedIncrementAcquire64	InterlockedIncrement64
#define InterlockedDecrementAcquire	InterlockedDecrement
#define InterlockedDecrementAcquire64	InterlockedDecrement64
#define InterlockedAddAcquire	InterlockedAdd
#define InterlockedAddAcquire64	InterlockedAdd64
#define InterlockedExchangeAddAcquire	InterlockedExchangeAdd
#define InterlockedExchangeAddAcquire64	InterlockedExchangeAdd64
#define InterlockedExchangeAcquire	InterlockedExchange
#define InterlockedExchangeAcquire64	InterlockedExchange64
#define InterlockedAndAcquire	InterlockedAnd
#define InterlockedAndAcquire64	InterlockedAnd64
#define InterlockedOrAcquire	InterlockedOr
#define InterlockedOrAcquire64	InterlockedOr64
#define InterlockedXorAcquire	InterlockedXor
#define InterlockedXorAcquire64	InterlockedXor64
#define InterlockedCompareExchangeAcquire	InterlockedCompareExchange
#define InterlockedCompareExchangeAcquire64	InterlockedCompareExchange64
#define InterlockedExchangePointerAcquire	InterlockedExchangePointer
#define InterlockedCompareExchangePointerAcquire	InterlockedCompareExchangePointer
#define InterlockedIncrementRelease	InterlockedIncrement
#define InterlockedIncrementRelease64	InterlockedIncrement64
#define InterlockedDecrementRelease	InterlockedDecrement
#define InterlockedDecrementRelease64	InterlockedDecrement64
#define InterlockedAddRelease	InterlockedAdd
#define InterlockedAddRelease64	InterlockedAdd64
#define InterlockedExchangeAddRelease	InterlockedExchangeAdd
#define InterlockedExchangeAddRelease64	InterlockedExchangeAdd64
#define InterlockedExchangeRelease	InterlockedExchange
#define InterlockedExchangeRelease64	InterlockedExchange64
#define InterlockedAndRelease	InterlockedAnd
#define InterlockedAndRelease64	InterlockedAnd64
#define InterlockedOrRelease	InterlockedOr
#define InterlockedOrRelease64	InterlockedOr64
#define InterlockedXorRelease	InterlockedXor
#define InterlockedXorRelease64	InterlockedXor64
#define InterlockedCompareExchangeRelease	InterlockedCompareExchange
#define InterlockedCompareExchangeRelease64	InterlockedCompareExchange64
#define InterlockedExchangePointerRelease	InterlockedExchangePointer
#define InterlockedCompareExchangePointerRelease	InterlockedCompareExchangePointer
#define InterlockedIncrementNoFence	InterlockedIncrement
#define InterlockedIncrementNoFence64	InterlockedIncrement64
#define InterlockedDecrementNoFence	InterlockedDecrement
#define InterlockedDecrementNoFence64	InterlockedDecrement64
#define InterlockedAddNoFence	InterlockedAdd
#define InterlockedAddNoFence64	InterlockedAdd64
#define InterlockedExchangeAddNoFence	InterlockedExchangeAdd
#define InterlockedExchangeAddNoFence64	InterlockedExchangeAdd64
#define InterlockedExchangeNoFence	InterlockedExchange
#define InterlockedExchangeNoFence64	InterlockedExchange64
#define InterlockedAndNoFence	InterlockedAnd
#define InterlockedAndNoFence64	InterlockedAnd64
#define InterlockedOrNoFence	InterlockedOr
#define InterlockedOrNoFence64	InterlockedOr64
#define InterlockedXorNoFence	InterlockedXor
#define InterlockedXorNoFence64	InterlockedXor64
#define InterlockedCompareExchangeNoFence	InterlockedCompareExchange
#define InterlockedCompareExchangeNoFence64	InterlockedCompareExchange64
#define InterlockedExchangePointerNoFence	InterlockedExchangePointer
#define InterlockedCompareExchangePointerNoFence	InterlockedCompareExchangePointer

#define WDM_READ_WRITE(what, suffix, type) \
FORCEINLINE type Read ## what ## Acquire ## suffix(type const volatile *source) \
{ \
	return __atomic_load_n(source, __ATOMIC_ACQUIRE); \
} \
FORCEINLINE type Read ## what ## NoFence ## suffix(type const volatile *source) \
{ \
	return *source; \
} \
FORCEINLINE type Read ## what ## Raw ## suffix(type const volatile *source) \
{ \
	return *source; \
} \
FORCEINLINE VOID Write ## what ## Release ## suffix(type volatile *target, type value) \
{ \
	__atomic_store_n(target, value, __ATOMIC_RELEASE); \
} \
FORCEINLINE VOID Write ## what ## NoFence ## suffix(type volatile *target, type value) \
{ \
	*target = value; \
} \
FORCEINLINE VOID Write ## what ## Raw ## suffix(type volatile *target, type value) \
{ \
	*target = value; \
}

WDM_READ_WRITE(, , LONG)
WDM_READ_WRITE(, 8, CHAR)
WDM_READ_WRITE(, 16, SHORT)
WDM_READ_WRITE(, 64, LONG64)
WDM_READ_WRITE(Pointer, , PVOID)

#define ReadULongAcquire(source)	((ULONG)ReadAcquire((LONG const volatile *)(source)))
#define ReadULongNoFence(source)	((ULONG)ReadNoFence((LONG const volatile *)(source)))
#define ReadULongRaw(source)		((ULONG)ReadRaw((LONG const volatile *)(source)))
#define WriteULongRelease(target, value) WriteRelease((LONG volatile *)(target), (LONG)(value))
#define WriteULongNoFence(target, value) WriteNoFence((LONG volatile *)(target), (LONG)(value))
#define WriteULongRaw(target, value)	WriteRaw((LONG volatile *)(target), (LONG)(value))
#define ReadULong64Acquire(source)	((ULONG64)ReadAcquire64((LONG64 const volatile *)(source)))
#define ReadULong64NoFence(source)	((ULONG64)ReadNoFence64((LONG64 const volatile *)(source)))
#define ReadULong64Raw(source)		((ULONG64)ReadRaw64((LONG64 const volatile *)(source)))
#define WriteULong64Release(target, value) \
	WriteRelease64((LONG64 volatile *)(target), (LONG64)(value))
#define WriteULong64NoFence(target, value) \
	WriteNoFence64((LONG64 volatile *)(target), (LONG64)(value))
#define WriteULong64Raw(target, value) WriteRaw64((LONG64 volatile *)(target), (LONG64)(value))

/*
 * Exchanges 16 bytes, which must be aligned to 16, if they are equal to the comparand. Else the
 * comparand receives what was there.
 */
FORCEINLINE BOOLEAN InterlockedCompareExchange128(LONG64 volatile *target, LONG64 high, LONG64 low,
						  LONG64 *comparand)
{
#if defined(__x86_64__)
	BOOLEAN equal;

	__asm__ __volatile__("lock cmpxchg16b %1\n\tsete %0"
			     : "=q" (equal), "+m" (*(LONG64 volatile (*)[2])target),
			       "+a" (comparand[0]), "+d" (comparand[1])
			     : "b" (low), "c" (high)
			     : "cc", "memory");
	return equal;
#else
	LONG64 old_low, old_high;
	INT equal, failed;

	WDM_FULL_FENCE();
	do {
		__asm__ __volatile__("ldxp %0, %1, %2"
				     : "=&r" (old_low), "=&r" (old_high)
				     : "Q" (*target)
				     : "memory");
		equal = old_low == comparand[0] && old_high == comparand[1];
		/* The two halves that were read belong together only if a store succeeds. */
		__asm__ __volatile__("stxp %w0, %2, %3, %1"
				     : "=&r" (failed), "=Q" (*target)
				     : "r" (equal ? low : old_low), "r" (equal ? high : old_high)
				     : "memory");
	} while (failed);
	WDM_FULL_FENCE();
	comparand[0] = old_low;
	comparand[1] = old_high;
	return (BOOLEAN)equal;
#endif
}

typedef struct DECLSPEC_ALIGN(16) _SLIST_ENTRY {
	struct _SLIST_ENTRY *Next;
} SLIST_ENTRY, *PSLIST_ENTRY;

typedef union DECLSPEC_ALIGN(16) _SLIST_HEADER {
	struct {
		ULONGLONG Alignment;
		ULONGLONG Region;
	};
	struct {
		ULONGLONG Depth : 16;
		ULONGLONG Sequence : 48;
		ULONGLONG Reserved : 4;
		ULONGLONG NextEntry : 60;	/* without the low bits, which are 0 */
	} HeaderX64;
} SLIST_HEADER, *PSLIST_HEADER;

FORCEINLINE VOID InitializeSListHead(PSLIST_HEADER head)
{
	head->Alignment = 0;
	head->Region = 0;
}

#define ExInitializeSListHead(head)	InitializeSListHead(head)

/* The sequence number changes with every exchange, so that a head that came back is noticed. */
FORCEINLINE BOOLEAN WdmExchangeSList(PSLIST_HEADER head, PSLIST_HEADER old, PSLIST_ENTRY first,
				     ULONGLONG depth)
{
	const ULONGLONG sequence = (old->Alignment & ~0xFFFFULL) + 0x10000;

	return InterlockedCompareExchange128((LONG64 volatile *)head, (LONG64)(ULONG_PTR)first,
					     (LONG64)(sequence | (depth & 0xFFFF)),
					     (LONG64 *)old);
}

FORCEINLINE PSLIST_ENTRY WdmFirstOfSList(const SLIST_HEADER *head)
{
	return (PSLIST_ENTRY)(ULONG_PTR)head->Region;
}

/* Returns the former first entry. */
FORCEINLINE PSLIST_ENTRY InterlockedPushEntrySList(PSLIST_HEADER head, PSLIST_ENTRY entry)
{
	SLIST_HEADER old;

	old.Alignment = *(ULONGLONG volatile *)&head->Alignment;
	old.Region = *(ULONGLONG volatile *)&head->Region;
	do {
		entry->Next = WdmFirstOfSList(&old);
	} while (!WdmExchangeSList(head, &old, entry, old.Alignment + 1));
	return WdmFirstOfSList(&old);
}

/*
 * Returns NULL if the list is empty. Reads the link of an entry that another processor may have
 * taken, so the memory of an entry must stay mapped while the list is in use.
 */
FORCEINLINE PSLIST_ENTRY InterlockedPopEntrySList(PSLIST_HEADER head)
{
	PSLIST_ENTRY first, next;
	SLIST_HEADER old;

	old.Alignment = *(ULONGLONG volatile *)&head->Alignment;
	old.Region = *(ULONGLONG volatile *)&head->Region;
	do {
		first = WdmFirstOfSList(&old);
		if (!first)
			return (PSLIST_ENTRY)0;
		next = *(PSLIST_ENTRY volatile *)&first->Next;
	} while (!WdmExchangeSList(head, &old, next, old.Alignment - 1));
	return first;
}

/* Returns all entries. */
FORCEINLINE PSLIST_ENTRY InterlockedFlushSList(PSLIST_HEADER head)
{
	SLIST_HEADER old;

	old.Alignment = *(ULONGLONG volatile *)&head->Alignment;
	old.Region = *(ULONGLONG volatile *)&head->Region;
	do {
		if (!WdmFirstOfSList(&old))
			return (PSLIST_ENTRY)0;
	} while (!WdmExchangeSList(head, &old, (PSLIST_ENTRY)0, 0));
	return WdmFirstOfSList(&old);
}

FORCEINLINE USHORT QueryDepthSList(PSLIST_HEADER head)
{
	return (USHORT)*(ULONGLONG volatile *)&head->Alignment;
}

#define ExQueryDepthSList(head)				QueryDepthSList(head)
/* These take a lock for older processors, which is not needed. */
#define ExInterlockedPushEntrySList(head, entry, lock)	InterlockedPushEntrySList(head, entry)
#define ExInterlockedPopEntrySList(head, lock)		InterlockedPopEntrySList(head)
#define ExInterlockedFlushSList(head)			InterlockedFlushSList(head)

WDMDMA_HEADER_END

#endif /* DDK_WDM_INTERLOCKED_H */
