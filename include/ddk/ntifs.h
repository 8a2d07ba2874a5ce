/* SPDX-License-Identifier: GPL-2.0-only */
/* For Windows-style source files that include <ntifs.h>. */
#ifndef DDK_NTIFS_H
#define DDK_NTIFS_H

#include "ntddk.h"

#endif /* DDK_NTIFS_H */
