/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bitmaps. The buffer of a driver has whole ULONGs, and Linux' bitmaps have longs of 64 bits.
 * Linux' functions would read and write behind such a buffer, so these work bit by bit.
 */
#ifndef DDK_WDM_BITMAP_H
#define DDK_WDM_BITMAP_H

#include "../ntdef.h"

WDMDMA_HEADER_BEGIN

typedef struct _RTL_BITMAP {
	ULONG SizeOfBitMap;
	PULONG Buffer;
} RTL_BITMAP, *PRTL_BITMAP;

#define WDM_NO_BIT	0xFFFFFFFF

FORCEINLINE VOID RtlInitializeBitMap(PRTL_BITMAP map, PULONG buffer, ULONG bits)
{
	map->SizeOfBitMap = bits;
	map->Buffer = buffer;
}

FORCEINLINE BOOLEAN RtlTestBit(const RTL_BITMAP *map, ULONG bit)
{
	return map->Buffer[bit / 32] >> bit % 32 & 1;
}

FORCEINLINE VOID RtlSetBit(PRTL_BITMAP map, ULONG bit)
{
	map->Buffer[bit / 32] |= (ULONG)1 << bit % 32;
}

FORCEINLINE VOID RtlClearBit(PRTL_BITMAP map, ULONG bit)
{
	map->Buffer[bit / 32] &= ~((ULONG)1 << bit % 32);
}

#define RtlCheckBit(map, bit)	RtlTestBit(map, bit)

/* Bits behind the end of the bitmap are left alone. */
FORCEINLINE VOID RtlSetBits(PRTL_BITMAP map, ULONG first, ULONG count)
{
	for (; count && first < map->SizeOfBitMap; first++, count--)
		RtlSetBit(map, first);
}

FORCEINLINE VOID RtlClearBits(PRTL_BITMAP map, ULONG first, ULONG count)
{
	for (; count && first < map->SizeOfBitMap; first++, count--)
		RtlClearBit(map, first);
}

FORCEINLINE VOID RtlSetAllBits(PRTL_BITMAP map)
{
	RtlSetBits(map, 0, map->SizeOfBitMap);
}

FORCEINLINE VOID RtlClearAllBits(PRTL_BITMAP map)
{
	RtlClearBits(map, 0, map->SizeOfBitMap);
}

/* Returns TRUE if the bits are in the bitmap, and all have the value. */
FORCEINLINE BOOLEAN WdmAreBits(const RTL_BITMAP *map, ULONG first, ULONG count, BOOLEAN value)
{
	if (!count || first > map->SizeOfBitMap || count > map->SizeOfBitMap - first)
		return 0;
	for (; count; first++, count--)
		if (RtlTestBit(map, first) != value)
			return 0;
	return 1;
}

#define RtlAreBitsSet(map, first, count)	WdmAreBits(map, first, count, 1)
#define RtlAreBitsClear(map, first, count)	WdmAreBits(map, first, count, 0)

FORCEINLINE ULONG RtlNumberOfSetBits(const RTL_BITMAP *map)
{
	ULONG bit, count = 0;

	for (bit = 0; bit < map->SizeOfBitMap; bit++)
		count += RtlTestBit(map, bit);
	return count;
}

#define RtlNumberOfClearBits(map)	((map)->SizeOfBitMap - RtlNumberOfSetBits(map))

/*
 * Returns the first of so many bits in a row that have the value. The search begins at a bit, and
 * goes on at the start of the bitmap.
 */
FORCEINLINE ULONG WdmFindBits(const RTL_BITMAP *map, ULONG count, ULONG hint, BOOLEAN value)
{
	ULONG n;

	if (hint >= map->SizeOfBitMap)
		hint = 0;
	if (!count)
		return hint;
	for (n = 0; n < map->SizeOfBitMap; n++)
		if (WdmAreBits(map, (hint + n) % map->SizeOfBitMap, count, value))
			return (hint + n) % map->SizeOfBitMap;
	return WDM_NO_BIT;
}

#define RtlFindSetBits(map, count, hint)	WdmFindBits(map, count, hint, 1)
#define RtlFindClearBits(map, count, hint)	WdmFindBits(map, count, hint, 0)

FORCEINLINE ULONG RtlFindClearBitsAndSet(PRTL_BITMAP map, ULONG count, ULONG hint)
{
	const ULONG first = RtlFindClearBits(map, count, hint);

	if (first != WDM_NO_BIT)
		RtlSetBits(map, first, count);
	return first;
}

FORCEINLINE ULONG RtlFindSetBitsAndClear(PRTL_BITMAP map, ULONG count, ULONG hint)
{
	const ULONG first = RtlFindSetBits(map, count, hint);

	if (first != WDM_NO_BIT)
		RtlClearBits(map, first, count);
	return first;
}

WDMDMA_HEADER_END

#endif /* DDK_WDM_BITMAP_H */
