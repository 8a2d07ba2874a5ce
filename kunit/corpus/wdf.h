/* SPDX-License-Identifier: GPL-2.0-only */
/* A driver in the manner of KMDF, and what the suites ask it. */
#ifndef CORPUS_WDF_H
#define CORPUS_WDF_H

#include <ddk/wdfcollection.h>
#include <ddk/wdfdmatransaction.h>
#include <ddk/wdfinterrupt.h>
#include <ddk/wdfrequest.h>
#include <ddk/wdfsync.h>

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

/* wdf_own.c: what a driver keeps for its common buffers. */
typedef struct _CORPUS_BUFFERS {
	WDFDMAENABLER Enabler;
	WDFCOLLECTION Collection;
	WDFSPINLOCK Lock;
} CORPUS_BUFFERS, *PCORPUS_BUFFERS;

NTSTATUS CorpusBuffersStart(PCORPUS_BUFFERS Buffers);
PVOID CorpusBuffersAlloc(PCORPUS_BUFFERS Buffers, SIZE_T Length);
PHYSICAL_ADDRESS CorpusBuffersAddress(PCORPUS_BUFFERS Buffers, PVOID Va);
BOOLEAN CorpusBuffersFree(PCORPUS_BUFFERS Buffers, PVOID Va);

/*
 * A transaction with memory of its own. @AtOnce says that the device is done in EvtProgramDma, and
 * @Destroyed counts the transactions whose memory was freed.
 */
typedef struct _CORPUS_SENDER {
	WDFDMAENABLER Enabler;
	WDFDMATRANSACTION Transaction;
	BOOLEAN AtOnce;
	ULONG Elements;
	ULONG Programmed;
	ULONG Destroyed;
	NTSTATUS Status;
} CORPUS_SENDER, *PCORPUS_SENDER;

NTSTATUS CorpusSenderSend(PCORPUS_SENDER Sender, PVOID Data, ULONG Length);
NTSTATUS CorpusSenderSendMdl(PCORPUS_SENDER Sender, PMDL Mdl, ULONG Length);
VOID CorpusSenderDone(PCORPUS_SENDER Sender, WDFDMATRANSACTION Transaction);

/* wdf_board.c: a board with an interrupt and one transaction. @Refuse says that it is not ready. */
typedef struct _CORPUS_BOARD {
	WDFDMAENABLER Enabler;
	WDFDMATRANSACTION Transaction;
	WDFINTERRUPT Interrupt;
	volatile LONG Pending;
	BOOLEAN Refuse;
	ULONG Programmed;
} CORPUS_BOARD, *PCORPUS_BOARD;

NTSTATUS CorpusBoardStart(WDFDEVICE Device, PCORPUS_BOARD *Board);
VOID CorpusBoardRead(PCORPUS_BOARD Board, WDFREQUEST Request);

WDMDMA_HEADER_END

#endif /* CORPUS_WDF_H */
