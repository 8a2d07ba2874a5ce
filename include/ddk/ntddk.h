/* SPDX-License-Identifier: GPL-2.0-only */
/* For Windows-style source files that include <ntddk.h>. */
#ifndef DDK_NTDDK_H
#define DDK_NTDDK_H

#include "wdm.h"

/* A driver's own definitions count. Drivers that have some include <wdm.h>, which has none. */
#ifndef FlagOn
#define FlagOn(flags, mask)		((flags) & (mask))
#endif
#ifndef BooleanFlagOn
#define BooleanFlagOn(flags, mask)	((BOOLEAN)(((flags) & (mask)) != 0))
#endif
#ifndef SetFlag
#define SetFlag(flags, mask)		((flags) |= (mask))
#endif
#ifndef ClearFlag
#define ClearFlag(flags, mask)		((flags) &= ~(mask))
#endif

#endif /* DDK_NTDDK_H */
