/* SPDX-License-Identifier: GPL-2.0-only */
/* Prototypes as drivers have them, with handles that the framework here does not make. */
#ifndef CORPUS_WDF_BOARD_H
#define CORPUS_WDF_BOARD_H

NTSTATUS CorpusBoardAdd(WDFDRIVER Driver, PWDFDEVICE_INIT DeviceInit);
NTSTATUS CorpusBoardPrepare(WDFDEVICE Device, WDFCMRESLIST Raw, WDFCMRESLIST Translated);
VOID CorpusBoardIoRead(WDFQUEUE Queue, WDFREQUEST Request, SIZE_T Length);

#endif /* CORPUS_WDF_BOARD_H */
