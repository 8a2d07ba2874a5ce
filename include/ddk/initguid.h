/* SPDX-License-Identifier: GPL-2.0-only */
/* Included before the headers with GUIDs, this header lets a file define them. */
#ifndef DDK_INITGUID_H
#define DDK_INITGUID_H

#define INITGUID

#endif /* DDK_INITGUID_H */

#include "guiddef.h"
