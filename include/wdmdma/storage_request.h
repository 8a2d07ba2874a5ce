/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The second form of a request of the storage stack, with its address and its extended data. The
 * first stands in wdmdma/srb.h, with the values that both use.
 */
#ifndef WDMDMA_STORAGE_REQUEST_H
#define WDMDMA_STORAGE_REQUEST_H

#include <wdmdma/types.h>
#include <wdmdma/srb.h>

WDMDMA_HEADER_BEGIN

/* All parts of a request begin at a multiple of 8. */
#define WDMDMA_ALIGNED_8	__attribute__((__aligned__(8)))

#define SRB_SIGNATURE				0x53524258
#define STORAGE_REQUEST_BLOCK_VERSION_1		1

#define SRB_TYPE_SCSI_REQUEST_BLOCK		0
#define SRB_TYPE_STORAGE_REQUEST_BLOCK		1
#define SRB_TYPE_NVME				2
#define SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK	0x1
#define SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK	0x2
#define STORAGE_ADDRESS_TYPE_BTL8		0
#define STORAGE_ADDRESS_TYPE_NVME		1
#define ADDRESS_TYPE_FLAG_BTL8			0x1

/*
 * struct _STORAGE_REQUEST_BLOCK - a request of the second form
 * @Length: 8, for readers that take the block for a SCSI_REQUEST_BLOCK
 * @Function: SRB_FUNCTION_STORAGE_REQUEST_BLOCK, which tells the two forms apart
 * @SrbStatus: SRB_STATUS_*, set by the miniport
 * @ReservedUlong1: 0
 * @Signature: SRB_SIGNATURE
 * @Version: STORAGE_REQUEST_BLOCK_VERSION_1
 * @SrbLength: bytes of the block with its address and extended data
 * @SrbFunction: SRB_FUNCTION_* that is meant
 * @SrbFlags: SRB_FLAGS_*
 * @ReservedUlong2: not used
 * @RequestTag: tag of the request
 * @RequestPriority: from 0, very low, to 4, critical
 * @RequestAttribute: SRB_*_TAG_REQUEST
 * @TimeOutValue: seconds
 * @SystemStatus: belongs to the port driver
 * @ZeroGuard1: 0
 * @AddressOffset: offset of a STOR_ADDRESS from the start of the block
 * @NumSrbExData: entries in @SrbExDataOffset
 * @DataTransferLength: bytes at @DataBuffer
 * @DataBuffer: data of the request
 * @ZeroGuard2: NULL
 * @OriginalRequest: belongs to the port driver
 * @ClassContext: belongs to the class driver
 * @PortContext: belongs to the port driver
 * @MiniportContext: the miniport's memory for this request
 * @NextSrb: the request that is meant, for requests about requests
 * @SrbExDataOffset: offsets of the extended data from the start of the block
 *
 * wdmdma_srb_create_ex() makes one. All calls that take a request take either form.
 */
struct _STORAGE_REQUEST_BLOCK {
	USHORT Length;
	UCHAR Function;
	UCHAR SrbStatus;
	ULONG ReservedUlong1;
	ULONG Signature;
	ULONG Version;
	ULONG SrbLength;
	ULONG SrbFunction;
	ULONG SrbFlags;
	ULONG ReservedUlong2;
	ULONG RequestTag;
	USHORT RequestPriority;
	USHORT RequestAttribute;
	ULONG TimeOutValue;
	ULONG SystemStatus;
	ULONG ZeroGuard1;
	ULONG AddressOffset;
	ULONG NumSrbExData;
	ULONG DataTransferLength;
	PVOID DataBuffer;
	PVOID ZeroGuard2;
	PVOID OriginalRequest;
	PVOID ClassContext;
	PVOID PortContext;
	PVOID MiniportContext;
	struct _STORAGE_REQUEST_BLOCK *NextSrb;
	ULONG SrbExDataOffset[1];
};

typedef struct _STORAGE_REQUEST_BLOCK STORAGE_REQUEST_BLOCK, *PSTORAGE_REQUEST_BLOCK;

/* The start that both forms have in common. */
typedef struct _STORAGE_REQUEST_BLOCK_HEADER {
	USHORT Length;
	UCHAR Function;
	UCHAR SrbStatus;
} STORAGE_REQUEST_BLOCK_HEADER, *PSTORAGE_REQUEST_BLOCK_HEADER;

#define STOR_ADDRESS_TYPE_UNKNOWN	0x0
#define STOR_ADDRESS_TYPE_BTL8		0x1
#define STOR_ADDR_BTL8_ADDRESS_LENGTH	4

typedef struct _STOR_ADDRESS {
	USHORT Type;
	USHORT Port;
	ULONG AddressLength;
	UCHAR AddressData[1];
} WDMDMA_ALIGNED_8 STOR_ADDRESS, *PSTOR_ADDRESS;

typedef struct _STOR_ADDR_BTL8 {
	USHORT Type;
	USHORT Port;
	ULONG AddressLength;
	UCHAR Path;
	UCHAR Target;
	UCHAR Lun;
	UCHAR Reserved;
} WDMDMA_ALIGNED_8 STOR_ADDR_BTL8, *PSTOR_ADDR_BTL8;

/* Kinds of extended data. Length of each block counts the bytes after Type and Length. */
typedef enum _SRBEXDATATYPE {
	SrbExDataTypeUnknown = 0,
	SrbExDataTypeBidirectional = 0x01,
	SrbExDataTypeScsiCdb16 = 0x40,
	SrbExDataTypeScsiCdb32 = 0x41,
	SrbExDataTypeScsiCdbVar = 0x42,
	SrbExDataTypeNvmeCommand = 0x43,
	SrbExDataTypeWmi = 0x60,
	SrbExDataTypePower = 0x61,
	SrbExDataTypePnP = 0x62,
	SrbExDataTypeIoInfo = 0x80,
} SRBEXDATATYPE, *PSRBEXDATATYPE;

#define SRBEX_DATA_BIDIRECTIONAL_LENGTH	0x10
#define SRBEX_DATA_SCSI_CDB16_LENGTH	0x20
#define SRBEX_DATA_SCSI_CDB32_LENGTH	0x30
#define SRBEX_DATA_SCSI_CDB_VAR_LENGTH_MIN	0x18
#define SRBEX_DATA_NVME_COMMAND_LENGTH	0x50
#define SRBEX_DATA_WMI_LENGTH		0x10
#define SRBEX_DATA_POWER_LENGTH		0x0C
#define SRBEX_DATA_PNP_LENGTH		0x10
#define SRBEX_DATA_IO_INFO_LENGTH	0x18

typedef struct _SRBEX_DATA {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR Data[1];
} WDMDMA_ALIGNED_8 SRBEX_DATA, *PSRBEX_DATA;

typedef struct _SRBEX_DATA_BIDIRECTIONAL {
	SRBEXDATATYPE Type;
	ULONG Length;
	ULONG DataInTransferLength;
	ULONG Reserved1;
	PVOID DataInBuffer;
} WDMDMA_ALIGNED_8 SRBEX_DATA_BIDIRECTIONAL, *PSRBEX_DATA_BIDIRECTIONAL;

typedef struct _SRBEX_DATA_SCSI_CDB16 {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR ScsiStatus;
	UCHAR SenseInfoBufferLength;
	UCHAR CdbLength;
	UCHAR Reserved;
	ULONG Reserved1;
	PVOID SenseInfoBuffer;
	UCHAR Cdb[16];
} WDMDMA_ALIGNED_8 SRBEX_DATA_SCSI_CDB16, *PSRBEX_DATA_SCSI_CDB16;

typedef struct _SRBEX_DATA_SCSI_CDB32 {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR ScsiStatus;
	UCHAR SenseInfoBufferLength;
	UCHAR CdbLength;
	UCHAR Reserved;
	ULONG Reserved1;
	PVOID SenseInfoBuffer;
	UCHAR Cdb[32];
} WDMDMA_ALIGNED_8 SRBEX_DATA_SCSI_CDB32, *PSRBEX_DATA_SCSI_CDB32;

typedef struct _SRBEX_DATA_SCSI_CDB_VAR {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR ScsiStatus;
	UCHAR SenseInfoBufferLength;
	UCHAR Reserved[2];
	ULONG CdbLength;
	ULONG Reserved1[2];
	PVOID SenseInfoBuffer;
	UCHAR Cdb[1];
} WDMDMA_ALIGNED_8 SRBEX_DATA_SCSI_CDB_VAR, *PSRBEX_DATA_SCSI_CDB_VAR;

typedef struct _SRBEX_DATA_NVME_COMMAND {
	SRBEXDATATYPE Type;
	ULONG Length;
	ULONG CommandDWORD0;
	ULONG NSID;
	ULONG Reserved0[2];
	ULONGLONG MPTR;
	ULONGLONG PRP1;
	ULONGLONG PRP2;
	ULONG CDW10;
	ULONG CDW11;
	ULONG CDW12;
	ULONG CDW13;
	ULONG CDW14;
	ULONG CDW15;
	UCHAR CommandType;
	UCHAR CommandFlags;
	USHORT CommandStatus;
	ULONG QID;
	ULONG CommandTag;
	ULONG CQEntryDW0;
} WDMDMA_ALIGNED_8 SRBEX_DATA_NVME_COMMAND, *PSRBEX_DATA_NVME_COMMAND;

typedef struct _SRBEX_DATA_WMI {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR WMISubFunction;
	UCHAR WMIFlags;
	UCHAR Reserved[2];
	ULONG Reserved1;
	PVOID DataPath;
} WDMDMA_ALIGNED_8 SRBEX_DATA_WMI, *PSRBEX_DATA_WMI;

typedef struct _SRBEX_DATA_POWER {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR SrbPowerFlags;
	UCHAR Reserved[3];
	STOR_DEVICE_POWER_STATE DevicePowerState;
	STOR_POWER_ACTION PowerAction;
} WDMDMA_ALIGNED_8 SRBEX_DATA_POWER, *PSRBEX_DATA_POWER;

typedef struct _SRBEX_DATA_PNP {
	SRBEXDATATYPE Type;
	ULONG Length;
	UCHAR PnPSubFunction;
	UCHAR Reserved[3];
	STOR_PNP_ACTION PnPAction;
	ULONG SrbPnPFlags;
	ULONG Reserved1;
} WDMDMA_ALIGNED_8 SRBEX_DATA_PNP, *PSRBEX_DATA_PNP;

typedef struct _SRBEX_DATA_IO_INFO {
	SRBEXDATATYPE Type;
	ULONG Length;
	ULONG Flags;
	ULONG Key;
	ULONG RWLength;
	BOOLEAN IsWriteRequest;
	UCHAR CachePriority;
	UCHAR Reserved[2];
	ULONG Reserved1[2];
} WDMDMA_ALIGNED_8 SRBEX_DATA_IO_INFO, *PSRBEX_DATA_IO_INFO;

WDMDMA_HEADER_END

#endif /* WDMDMA_STORAGE_REQUEST_H */
