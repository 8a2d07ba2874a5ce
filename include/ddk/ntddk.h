/* SPDX-License-Identifier: GPL-2.0-only */
/* For Windows-style source files that include <ntddk.h>. */
#ifndef DDK_NTDDK_H
#define DDK_NTDDK_H

#include "wdm.h"

#endif /* DDK_NTDDK_H */
