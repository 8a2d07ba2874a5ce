/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel files are compiled with -nostdinc, so gcc's own header is not found. */
#ifndef DDK_STDDEF_H
#define DDK_STDDEF_H

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
#ifndef __cplusplus
typedef __WCHAR_TYPE__ wchar_t;
#endif

#ifndef NULL
#ifdef __cplusplus
#define NULL __null
#else
#define NULL ((void *)0)
#endif
#endif

#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

#endif /* DDK_STDDEF_H */
