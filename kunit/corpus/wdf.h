/* SPDX-License-Identifier: GPL-2.0-only */
/* A driver in the manner of KMDF, and what the suites ask it. */
#ifndef CORPUS_WDF_H
#define CORPUS_WDF_H

#include <ddk/wdfdmatransaction.h>
#include <ddk/wdfrequest.h>

WDMDMA_HEADER_BEGIN

typedef struct _CORPUS_CONTEXT {
	ULONG Word;
	PVOID Pointer;
} CORPUS_CONTEXT, *PCORPUS_CONTEXT;

PCORPUS_CONTEXT CorpusContextOf(WDFOBJECT Object);

/* The device that the suite plays. */
typedef struct _CORPUS_DEVICE {
	ULONG Programmed;
	ULONG LastOffset;
	PHYSICAL_ADDRESS Address;
	ULONG Length;
	WDFREQUEST Request;
	WDFDMATRANSACTION Transaction;
} CORPUS_DEVICE, *PCORPUS_DEVICE;

NTSTATUS CorpusStart(WDFDEVICE Device, PCORPUS_DEVICE Hardware, WDFDMAENABLER *Enabler);
NTSTATUS CorpusRead(PCORPUS_DEVICE Hardware, WDFREQUEST Request);
VOID CorpusDpc(PCORPUS_DEVICE Hardware, SIZE_T Residual);
NTSTATUS CorpusSendOnce(WDFDMAENABLER Enabler, PCORPUS_DEVICE Hardware, WDFREQUEST Request);
VOID CorpusSentOnce(WDFDMATRANSACTION Transaction, ULONG Length);

WDMDMA_HEADER_END

#endif /* CORPUS_WDF_H */
