// SPDX-License-Identifier: GPL-2.0-only
/* A C++ class that owns an adapter and its common buffers. */
extern "C" {
#include <initguid.h>
#include <ntddk.h>
#include <ntintsafe.h>
}

#include "corpus.h"

DEFINE_GUID(GUID_CORPUS_CLASS, 0xA, 0xB, 0xC, 1, 2, 3, 4, 5, 6, 7, 8);

enum class BufferFlags : ULONG {
	None = 0,
	Cached = 1,
	Zeroed = 2,
};
DEFINE_ENUM_FLAG_OPERATORS(BufferFlags)

/* The operators must keep all bits, whatever the width is. */
enum class WideFlags : ULONG64 {
	Low = 1,
	High = 0x8000000000000000ULL,
};
DEFINE_ENUM_FLAG_OPERATORS(WideFlags)

enum NarrowFlags : UCHAR {
	NarrowLow = 1,
	NarrowHigh = 0x80,
};
DEFINE_ENUM_FLAG_OPERATORS(NarrowFlags)

static_assert(static_cast<ULONG64>(WideFlags::Low | WideFlags::High) == 0x8000000000000001ULL);
static_assert(static_cast<ULONG64>(~WideFlags::Low) == ~1ULL);
static_assert((WideFlags::High ^ WideFlags::Low) == (WideFlags::High | WideFlags::Low));
static_assert((NarrowLow | NarrowHigh) == 0x81 && (~NarrowLow & NarrowHigh) == NarrowHigh);

class CommonBuffer {
public:
	CommonBuffer(PDMA_ADAPTER adapter, ULONG length, BufferFlags flags)
		: m_adapter(adapter), m_length(length),
		  m_cached((flags & BufferFlags::Cached) == BufferFlags::Cached)
	{
		m_memory = static_cast<UCHAR *>(
			adapter->DmaOperations->AllocateCommonBuffer(adapter, length, &m_logical,
								     m_cached));
	}

	~CommonBuffer()
	{
		if (m_memory != NULL)
			m_adapter->DmaOperations->FreeCommonBuffer(m_adapter, m_length, m_logical,
								   m_memory, m_cached);
	}

	CommonBuffer(const CommonBuffer &) = delete;
	CommonBuffer &operator=(const CommonBuffer &) = delete;

	template <typename T> T *As() const
	{
		return reinterpret_cast<T *>(m_memory);
	}

	ULONG64 Logical() const { return m_logical.QuadPart; }

private:
	PDMA_ADAPTER m_adapter;
	PHYSICAL_ADDRESS m_logical = {};
	UCHAR *m_memory;
	ULONG m_length;
	BOOLEAN m_cached;
};

class Adapter {
public:
	_IRQL_requires_(PASSIVE_LEVEL)
	NTSTATUS Open(_In_ PDEVICE_OBJECT deviceObject)
	{
		DEVICE_DESCRIPTION description = {};

		description.Version = DEVICE_DESCRIPTION_VERSION3;
		description.Master = TRUE;
		description.ScatterGather = TRUE;
		description.DmaAddressWidth = 64;
		description.InterfaceType = PCIBus;
		description.MaximumLength = 64 * PAGE_SIZE;
		m_adapter = IoGetDmaAdapter(deviceObject, &description, &m_registers);
		return m_adapter ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
	}

	~Adapter()
	{
		if (m_adapter)
			m_adapter->DmaOperations->PutDmaAdapter(m_adapter);
	}

	PDMA_ADAPTER Get() const { return m_adapter; }
	ULONG Registers() const { return m_registers; }

	/* The callback is a static member, and the context is the object. */
	NTSTATUS Map(PDEVICE_OBJECT deviceObject, PMDL mdl, ULONG length)
	{
		return m_adapter->DmaOperations->GetScatterGatherList(
			m_adapter, deviceObject, mdl, MmGetMdlVirtualAddress(mdl), length,
			&Adapter::ListReady, this, TRUE);
	}

private:
	static VOID ListReady(PDEVICE_OBJECT, PIRP, PSCATTER_GATHER_LIST list, PVOID context)
	{
		auto self = static_cast<Adapter *>(context);

		self->m_adapter->DmaOperations->PutScatterGatherList(self->m_adapter, list, TRUE);
	}

	PDMA_ADAPTER m_adapter = nullptr;
	ULONG m_registers = 0;
};

struct Descriptor {
	ULONG64 Address;
	ULONG Length;
};

extern "C" const char *CorpusAdapterClass(PDEVICE_OBJECT device_object)
{
	UNICODE_STRING name = RTL_CONSTANT_STRING(L"ring");
	LONG references = 0;
	ULONG bytes = 0;
	Adapter adapter;

	CORPUS_EXPECT(NT_SUCCESS(adapter.Open(device_object)));
	CORPUS_EXPECT(adapter.Registers() > 0);
	CORPUS_EXPECT(NT_SUCCESS(RtlULongMult(256, sizeof(Descriptor), &bytes)));
	{
		CommonBuffer ring(adapter.Get(), bytes,
				  BufferFlags::Cached | BufferFlags::Zeroed);
		auto descriptors = ring.As<Descriptor>();

		CORPUS_EXPECT(descriptors != nullptr && ring.Logical() != 0);
		CORPUS_EXPECT(descriptors[255].Address == 0);
		descriptors[255].Address = ring.Logical();
	}
	CORPUS_EXPECT(InterlockedIncrement(&references) == 1);
	CORPUS_EXPECT(name.Length == 8 && name.Buffer[3] == L'g');
	CORPUS_EXPECT(GUID_CORPUS_CLASS == GUID_CORPUS_CLASS && GUID_CORPUS_CLASS.Data1 == 0xA);
	CORPUS_EXPECT(max(1, 2) == 2 && FIELD_OFFSET(Descriptor, Length) == 8);
	return NULL;
}
