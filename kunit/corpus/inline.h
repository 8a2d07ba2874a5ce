/* SPDX-License-Identifier: GPL-2.0-only */
/* Inline functions in all the forms in which drivers write them. Two files include this header. */
#pragma once

FORCEINLINE ULONG InlineAlone(ULONG n)
{
	return n + 1;
}

static FORCEINLINE ULONG InlineStatic(ULONG n)
{
	return n + 2;
}

FORCEINLINE static ULONG InlineStaticBehind(ULONG n)
{
	return n + 3;
}

__forceinline ULONG InlineForced(ULONG n)
{
	return n + 4;
}

static __inline ULONG InlinePlain(ULONG n)
{
	return n + 5;
}

/* Not small, so that the compiler must be told to inline it. */
inline ULONG InlineC(ULONG n)
{
	ULONG k, sum = 0;

	for (k = 0; k < n % 64; k++)
		sum += (n * k) ^ (sum >> 3) ^ (k % 7 ? sum * 5 : sum / 3) ^
		       (k % 11 ? n << 2 : n / 9);
	return sum;
}

/* A function that is not static uses functions of the headers. */
FORCEINLINE ULONG InlineCaller(PMDL mdl)
{
	LIST_ENTRY head;

	InitializeListHead(&head);
	return IsListEmpty(&head) ? MmGetMdlByteCount(mdl) + MmGetMdlByteOffset(mdl) : 0;
}
