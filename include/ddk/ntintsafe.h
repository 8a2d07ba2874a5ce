/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arithmetic that notices an overflow. Where it returns STATUS_INTEGER_OVERFLOW, all bits of the
 * result are ones.
 */
#ifndef DDK_NTINTSAFE_H
#define DDK_NTINTSAFE_H

#include "ntdef.h"
#include <wdmdma/status.h>

WDMDMA_HEADER_BEGIN

#define WDM_SAFE(name, from, to, operation, other) \
FORCEINLINE NTSTATUS name \
{ \
	if (!operation(value, other, result)) \
		return STATUS_SUCCESS; \
	*result = (to)-1; \
	return STATUS_INTEGER_OVERFLOW; \
}

#define WDM_SAFE_ARITHMETIC(word, type) \
WDM_SAFE(Rtl ## word ## Add(type value, type addend, type *result), \
	 type, type, __builtin_add_overflow, addend) \
WDM_SAFE(Rtl ## word ## Sub(type value, type subtrahend, type *result), \
	 type, type, __builtin_sub_overflow, subtrahend) \
WDM_SAFE(Rtl ## word ## Mult(type value, type multiplier, type *result), \
	 type, type, __builtin_mul_overflow, multiplier)

WDM_SAFE_ARITHMETIC(Int8, INT8)
WDM_SAFE_ARITHMETIC(UInt8, UINT8)
WDM_SAFE_ARITHMETIC(Short, SHORT)
WDM_SAFE_ARITHMETIC(UShort, USHORT)
WDM_SAFE_ARITHMETIC(Int, INT)
WDM_SAFE_ARITHMETIC(UInt, UINT)
WDM_SAFE_ARITHMETIC(Long, LONG)
WDM_SAFE_ARITHMETIC(ULong, ULONG)
WDM_SAFE_ARITHMETIC(LongLong, LONGLONG)
WDM_SAFE_ARITHMETIC(ULongLong, ULONGLONG)
WDM_SAFE_ARITHMETIC(IntPtr, INT_PTR)
WDM_SAFE_ARITHMETIC(UIntPtr, UINT_PTR)
WDM_SAFE_ARITHMETIC(LongPtr, LONG_PTR)
WDM_SAFE_ARITHMETIC(ULongPtr, ULONG_PTR)
WDM_SAFE_ARITHMETIC(SSIZET, SSIZE_T)
WDM_SAFE_ARITHMETIC(SIZET, SIZE_T)

/* The names of the library beside those of Windows' types. */
#define RtlSizeTAdd(a, b, result)	RtlSIZETAdd(a, b, result)
#define RtlSizeTSub(a, b, result)	RtlSIZETSub(a, b, result)
#define RtlSizeTMult(a, b, result)	RtlSIZETMult(a, b, result)
#define RtlUCharAdd(a, b, result)	RtlUInt8Add(a, b, result)
#define RtlUInt16Add(a, b, result)	RtlUShortAdd(a, b, result)
#define RtlUInt16Sub(a, b, result)	RtlUShortSub(a, b, result)
#define RtlUInt16Mult(a, b, result)	RtlUShortMult(a, b, result)
#define RtlUInt32Add(a, b, result)	RtlUIntAdd(a, b, result)
#define RtlUInt32Sub(a, b, result)	RtlUIntSub(a, b, result)
#define RtlUInt32Mult(a, b, result)	RtlUIntMult(a, b, result)
#define RtlUInt64Add(a, b, result)	RtlULongLongAdd(a, b, result)
#define RtlUInt64Sub(a, b, result)	RtlULongLongSub(a, b, result)
#define RtlUInt64Mult(a, b, result)	RtlULongLongMult(a, b, result)
#define RtlULong64Add(a, b, result)	RtlULongLongAdd(a, b, result)
#define RtlULong64Sub(a, b, result)	RtlULongLongSub(a, b, result)
#define RtlULong64Mult(a, b, result)	RtlULongLongMult(a, b, result)

#define WDM_SAFE_CONVERSION(from_word, from, to_word, to) \
WDM_SAFE(Rtl ## from_word ## To ## to_word(from value, to *result), \
	 from, to, __builtin_add_overflow, (from)0)

#define WDM_SAFE_CONVERSIONS(word, type) \
WDM_SAFE_CONVERSION(word, type, Int8, INT8) \
WDM_SAFE_CONVERSION(word, type, UInt8, UINT8) \
WDM_SAFE_CONVERSION(word, type, UChar, UCHAR) \
WDM_SAFE_CONVERSION(word, type, Short, SHORT) \
WDM_SAFE_CONVERSION(word, type, UShort, USHORT) \
WDM_SAFE_CONVERSION(word, type, Int, INT) \
WDM_SAFE_CONVERSION(word, type, UInt, UINT) \
WDM_SAFE_CONVERSION(word, type, Long, LONG) \
WDM_SAFE_CONVERSION(word, type, ULong, ULONG) \
WDM_SAFE_CONVERSION(word, type, LongLong, LONGLONG) \
WDM_SAFE_CONVERSION(word, type, ULongLong, ULONGLONG) \
WDM_SAFE_CONVERSION(word, type, IntPtr, INT_PTR) \
WDM_SAFE_CONVERSION(word, type, UIntPtr, UINT_PTR) \
WDM_SAFE_CONVERSION(word, type, LongPtr, LONG_PTR) \
WDM_SAFE_CONVERSION(word, type, ULongPtr, ULONG_PTR) \
WDM_SAFE_CONVERSION(word, type, SizeT, SIZE_T)

WDM_SAFE_CONVERSIONS(Int8, INT8)
WDM_SAFE_CONVERSIONS(UInt8, UINT8)
WDM_SAFE_CONVERSIONS(Short, SHORT)
WDM_SAFE_CONVERSIONS(UShort, USHORT)
WDM_SAFE_CONVERSIONS(Int, INT)
WDM_SAFE_CONVERSIONS(UInt, UINT)
WDM_SAFE_CONVERSIONS(Long, LONG)
WDM_SAFE_CONVERSIONS(ULong, ULONG)
WDM_SAFE_CONVERSIONS(LongLong, LONGLONG)
WDM_SAFE_CONVERSIONS(ULongLong, ULONGLONG)
WDM_SAFE_CONVERSIONS(IntPtr, INT_PTR)
WDM_SAFE_CONVERSIONS(UIntPtr, UINT_PTR)
WDM_SAFE_CONVERSIONS(LongPtr, LONG_PTR)
WDM_SAFE_CONVERSIONS(ULongPtr, ULONG_PTR)
WDM_SAFE_CONVERSIONS(SizeT, SIZE_T)

WDMDMA_HEADER_END

#endif /* DDK_NTINTSAFE_H */
