/* SPDX-License-Identifier: GPL-2.0-only */
/* For miniports that include <storport.h>. */
#ifndef DDK_STORPORT_H
#define DDK_STORPORT_H

#include "wdm.h"
#include <wdmdma/storport.h>

#endif /* DDK_STORPORT_H */
