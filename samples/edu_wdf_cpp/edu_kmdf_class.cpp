// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Windows half of samples/edu_wdf, in C++. The device is an object in the context of the
 * WDFDEVICE, which the framework zeroes and frees, so it has no constructor. Each request has a
 * transaction of its own.
 */
#include <ntddk.h>
#include <wdf.h>

#include "../edu_wdf/edu_wdf.h"

namespace {

/* Holds the lock of an interrupt. */
class InterruptLock {
public:
	explicit InterruptLock(WDFINTERRUPT interrupt) : m_interrupt(interrupt)
	{
		WdfInterruptAcquireLock(interrupt);
	}

	~InterruptLock() { WdfInterruptReleaseLock(m_interrupt); }

	InterruptLock(const InterruptLock &) = delete;
	InterruptLock &operator=(const InterruptLock &) = delete;

private:
	WDFINTERRUPT m_interrupt;
};

class EduDevice {
public:
	NTSTATUS Prepare(WDFDEVICE device, PEDU_HARDWARE hardware, WDFINTERRUPT *interrupt);
	NTSTATUS Test();
	VOID Begin(WDFREQUEST request, WDF_DMA_DIRECTION direction);

private:
	static BOOLEAN Program(WDFDMATRANSACTION transaction, WDFDEVICE device, WDFCONTEXT context,
			       WDF_DMA_DIRECTION direction, PSCATTER_GATHER_LIST list);
	static BOOLEAN Isr(WDFINTERRUPT interrupt, ULONG message);
	static VOID Dpc(WDFINTERRUPT interrupt, WDFOBJECT device);

	VOID Copy(PHYSICAL_ADDRESS address, ULONG offset, ULONG length, bool write, ULONG flags);
	NTSTATUS CopyNow(WDFCOMMONBUFFER buffer, bool write);
	VOID StartElement();
	WDFDMATRANSACTION TakeTransfer();

	PEDU_HARDWARE m_hardware;
	WDFDMAENABLER m_enabler;
	WDFCOMMONBUFFER m_source, m_destination;
	WDFINTERRUPT m_interrupt;
	WDFDMATRANSACTION m_current;
	WDF_DMA_DIRECTION m_direction;
	PSCATTER_GATHER_LIST m_list;
	ULONG m_element, m_offset;
	bool m_done;
};

}

typedef EduDevice EDU_DEVICE;
WDF_DECLARE_CONTEXT_TYPE_WITH_NAME(EDU_DEVICE, EduGetDevice)

VOID EduDevice::Copy(PHYSICAL_ADDRESS address, ULONG offset, ULONG length, bool write, ULONG flags)
{
	const ULONGLONG memory = static_cast<ULONGLONG>(address.QuadPart);
	const ULONGLONG device = EDU_DEVICE_ADDRESS + offset;

	EduWriteRegister(m_hardware, EDU_DMA_SOURCE, write ? memory : device);
	EduWriteRegister(m_hardware, EDU_DMA_DESTINATION, write ? device : memory);
	EduWriteRegister(m_hardware, EDU_DMA_COUNT, length);
	EduWriteRegister(m_hardware, EDU_DMA_COMMAND,
			 EDU_DMA_RUN | flags | (write ? 0 : EDU_DMA_TO_MEMORY));
}

/* Give the device the next element. The interrupt's lock is held. */
VOID EduDevice::StartElement()
{
	const SCATTER_GATHER_ELEMENT &element = m_list->Elements[m_element++];

	Copy(element.Address, m_offset, element.Length, m_direction == WdfDmaDirectionWriteToDevice,
	     EDU_DMA_INTERRUPT);
	m_offset += element.Length;
}

BOOLEAN EduDevice::Program(WDFDMATRANSACTION transaction, WDFDEVICE device, WDFCONTEXT context,
			   WDF_DMA_DIRECTION direction, PSCATTER_GATHER_LIST list)
{
	EduDevice *self = EduGetDevice(device);
	InterruptLock lock(self->m_interrupt);

	UNREFERENCED_PARAMETER(context);
	self->m_current = transaction;
	self->m_direction = direction;
	self->m_list = list;
	self->m_element = 0;
	self->m_offset = static_cast<ULONG>(WdfDmaTransactionGetBytesTransferred(transaction));
	self->StartElement();
	return TRUE;
}

BOOLEAN EduDevice::Isr(WDFINTERRUPT interrupt, ULONG message)
{
	EduDevice *self = EduGetDevice(WdfInterruptGetDevice(interrupt));

	UNREFERENCED_PARAMETER(message);
	if (!(EduReadRegister(self->m_hardware, EDU_INTERRUPT_STATUS) & EDU_INTERRUPT_OF_DMA))
		return FALSE;
	EduWriteRegister(self->m_hardware, EDU_INTERRUPT_ACKNOWLEDGE, EDU_INTERRUPT_OF_DMA);
	self->m_done = true;
	WdfInterruptQueueDpcForIsr(interrupt);
	return TRUE;
}

/* Take the transfer if the device is done with it. */
WDFDMATRANSACTION EduDevice::TakeTransfer()
{
	InterruptLock lock(m_interrupt);
	WDFDMATRANSACTION transaction = nullptr;

	if (!m_done || !m_current)
		return nullptr;
	m_done = false;
	if (m_element < m_list->NumberOfElements) {
		StartElement();
	} else {
		transaction = m_current;
		m_current = nullptr;
	}
	return transaction;
}

VOID EduDevice::Dpc(WDFINTERRUPT interrupt, WDFOBJECT device)
{
	WDFDMATRANSACTION transaction = EduGetDevice(device)->TakeTransfer();
	NTSTATUS status;

	UNREFERENCED_PARAMETER(interrupt);
	if (!transaction || !WdfDmaTransactionDmaCompleted(transaction, &status))
		return;

	const WDFREQUEST request = WdfDmaTransactionGetRequest(transaction);
	const SIZE_T bytes = WdfDmaTransactionGetBytesTransferred(transaction);

	WdfObjectDelete(transaction);
	WdfRequestCompleteWithInformation(request, status, NT_SUCCESS(status) ? bytes : 0);
}

VOID EduDevice::Begin(WDFREQUEST request, WDF_DMA_DIRECTION direction)
{
	WDFDMATRANSACTION transaction;
	NTSTATUS status = WdfDmaTransactionCreate(m_enabler, WDF_NO_OBJECT_ATTRIBUTES, &transaction);

	if (NT_SUCCESS(status))
		status = WdfDmaTransactionInitializeUsingRequest(transaction, request, Program,
								 direction);
	if (NT_SUCCESS(status))
		status = WdfDmaTransactionExecute(transaction, WDF_NO_CONTEXT);
	if (NT_SUCCESS(status))
		return;
	if (transaction)
		WdfObjectDelete(transaction);
	WdfRequestComplete(request, status);
}

NTSTATUS EduDevice::Prepare(WDFDEVICE device, PEDU_HARDWARE hardware, WDFINTERRUPT *interrupt)
{
	WDF_INTERRUPT_CONFIG interruptConfig;
	WDF_DMA_ENABLER_CONFIG config;
	NTSTATUS status;

	m_hardware = hardware;
	WDF_INTERRUPT_CONFIG_INIT(&interruptConfig, Isr, Dpc);
	status = WdfInterruptCreate(device, &interruptConfig, WDF_NO_OBJECT_ATTRIBUTES,
				    &m_interrupt);
	*interrupt = m_interrupt;
	WDF_DMA_ENABLER_CONFIG_INIT(&config, WdfDmaProfileScatterGather, EDU_LONGEST_TRANSFER);
	if (NT_SUCCESS(status))
		status = WdfDmaEnablerCreate(device, &config, WDF_NO_OBJECT_ATTRIBUTES, &m_enabler);
	if (NT_SUCCESS(status))
		status = WdfCommonBufferCreate(m_enabler, EDU_COMMON_LENGTH,
					       WDF_NO_OBJECT_ATTRIBUTES, &m_source);
	if (NT_SUCCESS(status))
		status = WdfCommonBufferCreate(m_enabler, EDU_COMMON_LENGTH,
					       WDF_NO_OBJECT_ATTRIBUTES, &m_destination);
	return status;
}

NTSTATUS EduDevice::CopyNow(WDFCOMMONBUFFER buffer, bool write)
{
	Copy(WdfCommonBufferGetAlignedLogicalAddress(buffer), EDU_REQUEST_MEMORY, EDU_COMMON_LENGTH,
	     write, 0);
	for (ULONG tries = 0; tries < 500; tries++) {
		if (!(EduReadRegister(m_hardware, EDU_DMA_COMMAND) & EDU_DMA_RUN))
			return STATUS_SUCCESS;
		EduPause();
	}
	return STATUS_IO_TIMEOUT;
}

/* Copy from one common buffer to the other, through the device. */
NTSTATUS EduDevice::Test()
{
	auto source = static_cast<PUCHAR>(WdfCommonBufferGetAlignedVirtualAddress(m_source));
	auto destination =
		static_cast<PUCHAR>(WdfCommonBufferGetAlignedVirtualAddress(m_destination));

	for (ULONG n = 0; n < EDU_COMMON_LENGTH; n++)
		source[n] = static_cast<UCHAR>(n * 11 + 5);

	NTSTATUS status = CopyNow(m_source, true);

	if (NT_SUCCESS(status))
		status = CopyNow(m_destination, false);
	if (NT_SUCCESS(status) && !RtlEqualMemory(source, destination, EDU_COMMON_LENGTH))
		status = STATUS_DATA_ERROR;
	return status;
}

NTSTATUS EduPrepareHardware(WDFDEVICE device, PEDU_HARDWARE hardware, WDFINTERRUPT *interrupt)
{
	WDF_OBJECT_ATTRIBUTES attributes;
	PVOID context;

	WDF_OBJECT_ATTRIBUTES_INIT_CONTEXT_TYPE(&attributes, EDU_DEVICE);

	const NTSTATUS status = WdfObjectAllocateContext(device, &attributes, &context);

	if (!NT_SUCCESS(status))
		return status;
	return static_cast<EduDevice *>(context)->Prepare(device, hardware, interrupt);
}

NTSTATUS EduSelfTest(WDFDEVICE device)
{
	return EduGetDevice(device)->Test();
}

VOID EduEvtIoRead(WDFDEVICE device, WDFREQUEST request)
{
	EduGetDevice(device)->Begin(request, WdfDmaDirectionReadFromDevice);
}

VOID EduEvtIoWrite(WDFDEVICE device, WDFREQUEST request)
{
	EduGetDevice(device)->Begin(request, WdfDmaDirectionWriteToDevice);
}
