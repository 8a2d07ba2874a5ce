/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For Windows-style source files that include <wdf.h>, as drivers for KMDF do after <ntddk.h>. The
 * functions are those of wdmdma_wdf.ko. The DMA part of KMDF is there, and of the rest what drivers
 * need beside it.
 */
#ifndef DDK_WDF_H
#define DDK_WDF_H

#include "wdm.h"

#include "wdfbugcodes.h"
#include "wdfcollection.h"
#include "wdfcommonbuffer.h"
#include "wdfdevice.h"
#include "wdfdmaenabler.h"
#include "wdfdmatransaction.h"
#include "wdfinterrupt.h"
#include "wdfmemory.h"
#include "wdfobject.h"
#include "wdfrequest.h"
#include "wdfstatus.h"
#include "wdfsync.h"
#include "wdftypes.h"

#endif /* DDK_WDF_H */
