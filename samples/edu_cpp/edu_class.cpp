// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Windows half of the driver for QEMU's "edu" device, in C++. Each device copies a pattern from
 * one common buffer to another, through its own memory, and every byte is checked. samples/edu has
 * the same in C, with all the calls for domains and for buffers on memory of the driver's own.
 */
#include <wdm.h>

#include "../edu/edu.h"

namespace {

constexpr ULONG CopyLength = 4 * PAGE_SIZE;

/* Return the byte at an index of the pattern. No two pages of it are alike. */
constexpr UCHAR Pattern(ULONG index)
{
	return static_cast<UCHAR>((index + 1) * 0x9E3779B1U >> 24);
}

/* A common buffer that is freed with the object. */
class CommonBuffer {
public:
	CommonBuffer(PDMA_ADAPTER adapter, ULONG length) : m_adapter(adapter), m_length(length)
	{
		m_memory = static_cast<UCHAR *>(
			adapter->DmaOperations->AllocateCommonBuffer(adapter, length, &m_logical,
								     TRUE));
	}

	~CommonBuffer()
	{
		if (m_memory)
			m_adapter->DmaOperations->FreeCommonBuffer(m_adapter, m_length, m_logical,
								   m_memory, TRUE);
	}

	CommonBuffer(const CommonBuffer &) = delete;
	CommonBuffer &operator=(const CommonBuffer &) = delete;

	explicit operator bool() const { return m_memory != nullptr; }
	UCHAR &operator[](ULONG index) { return m_memory[index]; }
	ULONG Length() const { return m_length; }

	PHYSICAL_ADDRESS At(ULONG offset) const
	{
		PHYSICAL_ADDRESS address = m_logical;

		address.QuadPart += offset;
		return address;
	}

private:
	PDMA_ADAPTER m_adapter;
	PHYSICAL_ADDRESS m_logical = {};
	UCHAR *m_memory;
	ULONG m_length;
};

/* A copy from one buffer to another, in pieces that fit into the device. */
class Copy {
public:
	Copy(PEDU_EXTENSION extension, CommonBuffer &source, CommonBuffer &destination)
		: m_extension(extension), m_source(source), m_destination(destination)
	{
	}

	NTSTATUS Run()
	{
		for (ULONG offset = 0; offset < m_source.Length(); offset += EDU_LONGEST_TRANSFER) {
			const ULONG length = min(m_source.Length() - offset,
						 static_cast<ULONG>(EDU_LONGEST_TRANSFER));
			NTSTATUS status = Move(m_source, offset, length, TRUE);

			if (NT_SUCCESS(status))
				status = Move(m_destination, offset, length, FALSE);
			if (!NT_SUCCESS(status))
				return status;
		}
		return STATUS_SUCCESS;
	}

private:
	NTSTATUS Move(CommonBuffer &buffer, ULONG offset, ULONG length, BOOLEAN writeToDevice)
	{
		const NTSTATUS status = EduTransfer(m_extension->Hardware, buffer.At(offset),
						    length, writeToDevice);

		if (NT_SUCCESS(status))
			m_extension->BytesMoved += length;
		return status;
	}

	PEDU_EXTENSION m_extension;
	CommonBuffer &m_source;
	CommonBuffer &m_destination;
};

}

NTSTATUS EduStart(PEDU_EXTENSION extension, PDEVICE_OBJECT physicalDeviceObject,
		  PEDU_HARDWARE hardware)
{
	DEVICE_DESCRIPTION description = {};
	ULONG mapRegisters;

	RtlZeroMemory(extension, sizeof(*extension));
	extension->Hardware = hardware;

	description.Version = DEVICE_DESCRIPTION_VERSION3;
	description.Master = TRUE;
	description.ScatterGather = TRUE;
	description.InterfaceType = InterfaceTypeUndefined;
	description.DmaAddressWidth = 32;
	description.MaximumLength = CopyLength;
	extension->Adapter = IoGetDmaAdapter(physicalDeviceObject, &description, &mapRegisters);
	if (!extension->Adapter)
		return STATUS_INSUFFICIENT_RESOURCES;
	EduLog(hardware, "IoGetDmaAdapter: an adapter for 32-bit addresses, %u map registers",
	       mapRegisters);
	EduLog(hardware, "DMA of this device is %s",
	       EduIsTranslated(hardware) ? "translated by an IOMMU" : "not translated");
	return STATUS_SUCCESS;
}

NTSTATUS EduSelfTest(PEDU_EXTENSION extension)
{
	CommonBuffer source(extension->Adapter, CopyLength);
	CommonBuffer destination(extension->Adapter, CopyLength);

	if (!source || !destination)
		return STATUS_INSUFFICIENT_RESOURCES;
	for (ULONG n = 0; n < CopyLength; n++) {
		source[n] = Pattern(n);
		destination[n] = static_cast<UCHAR>(~Pattern(n));
	}

	const NTSTATUS status = Copy(extension, source, destination).Run();

	if (!NT_SUCCESS(status))
		return status;
	for (ULONG n = 0; n < CopyLength; n++)
		extension->Mismatches += destination[n] != Pattern(n);
	extension->Checks++;
	EduLog(extension->Hardware, "copied %u bytes, %u of them wrong", CopyLength,
	       extension->Mismatches);
	return extension->Mismatches ? STATUS_UNSUCCESSFUL : STATUS_SUCCESS;
}

/* Each device stays by itself here. */
NTSTATUS EduShareDomain(PEDU_EXTENSION extension, PEDU_EXTENSION leader)
{
	UNREFERENCED_PARAMETER(leader);
	return EduSelfTest(extension);
}

NTSTATUS EduStayOutside(PEDU_EXTENSION extension, PEDU_EXTENSION leader)
{
	UNREFERENCED_PARAMETER(leader);
	return EduSelfTest(extension);
}

VOID EduFreeBuffers(PEDU_EXTENSION extension)
{
	UNREFERENCED_PARAMETER(extension);
}

VOID EduStop(PEDU_EXTENSION extension)
{
	if (!extension->Adapter)
		return;
	extension->Adapter->DmaOperations->PutDmaAdapter(extension->Adapter);
	extension->Adapter = nullptr;
	EduLog(extension->Hardware, "FreeCommonBuffer, PutDmaAdapter: everything given back");
}
