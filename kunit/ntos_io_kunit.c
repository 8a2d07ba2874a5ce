// SPDX-License-Identifier: GPL-2.0-only
/* Registers, ports, device memory and clocks of wdmdma_ntos.ko. */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pci.h>

#include <ddk/ntstatus.h>
#include <ddk/wdm/io.h>
#include <ddk/wdm/time.h>

#define CACHED		0x04		/* PAGE_READWRITE of Windows */
#define NOCACHE		0x200
#define WRITECOMBINE	0x400
#define EXECUTE		0x40

static void registers_are_accessed_with_their_width(struct kunit *test)
{
	u64 memory[2] = {};

	WRITE_REGISTER_UCHAR((UCHAR *)memory + 1, 0x11);
	WRITE_REGISTER_USHORT((USHORT *)memory + 1, 0x2222);
	WRITE_REGISTER_ULONG((ULONG *)memory + 1, 0x33333333);
	WRITE_REGISTER_ULONG64(&memory[1], 0x4444444444444444);
	KUNIT_EXPECT_EQ(test, memory[0], 0x3333333322221100ULL);
	KUNIT_EXPECT_EQ(test, memory[1], 0x4444444444444444ULL);
	KUNIT_EXPECT_EQ(test, READ_REGISTER_UCHAR((UCHAR *)memory + 1), 0x11);
	KUNIT_EXPECT_EQ(test, READ_REGISTER_USHORT((USHORT *)memory + 1), 0x2222);
	KUNIT_EXPECT_EQ(test, READ_REGISTER_ULONG((ULONG *)memory + 1), 0x33333333U);
	KUNIT_EXPECT_EQ(test, READ_REGISTER_ULONG64(&memory[1]), 0x4444444444444444ULL);
}

static void buffers_walk_the_registers(struct kunit *test)
{
	ULONG from[4] = { 1, 2, 3, 4 }, registers[5] = {}, to[4] = {};
	USHORT halves[2] = {};

	WRITE_REGISTER_BUFFER_ULONG(registers, from, 4);
	KUNIT_EXPECT_EQ(test, registers[3], 4U);
	KUNIT_EXPECT_EQ(test, registers[4], 0U);
	READ_REGISTER_BUFFER_ULONG(registers, to, 4);
	KUNIT_EXPECT_EQ(test, memcmp(from, to, sizeof(to)), 0);
	READ_REGISTER_BUFFER_USHORT((USHORT *)&registers[1], halves, 2);
	KUNIT_EXPECT_EQ(test, halves[0], 2);
	KUNIT_EXPECT_EQ(test, halves[1], 0);
}

/* Port 0x80 has no device, and ports 0x70 and 0x71 have the clock. */
static void ports_are_there_on_x86(struct kunit *test)
{
	UCHAR bytes[3] = { 1, 2, 3 };
	PUCHAR port = (PUCHAR)0x80;

	if (!IS_ENABLED(CONFIG_X86)) {
		KUNIT_EXPECT_EQ(test, READ_PORT_UCHAR(port), 0xFF);
		return;
	}
	WRITE_PORT_UCHAR(port, 0x55);
	WRITE_PORT_BUFFER_UCHAR(port, bytes, 3);
	READ_PORT_BUFFER_UCHAR((PUCHAR)0x64, bytes, 3);
	KUNIT_EXPECT_EQ(test, READ_PORT_UCHAR((PUCHAR)0x64), inb(0x64));
	KUNIT_EXPECT_EQ(test, READ_PORT_ULONG((PULONG)0xCF8), inl(0xCF8));
}

static void wrong_registers_and_ports_are_refused(struct kunit *test)
{
	ULONG memory[2] = {};

	KUNIT_EXPECT_EQ(test, READ_REGISTER_ULONG(NULL), ~0U);
	WRITE_REGISTER_ULONG(NULL, 1);
	READ_REGISTER_BUFFER_ULONG(memory, NULL, 2);
	WRITE_REGISTER_BUFFER_ULONG(NULL, memory, 2);
	READ_REGISTER_BUFFER_ULONG(memory, memory + 1, 0);
	KUNIT_EXPECT_EQ(test, READ_PORT_UCHAR((PUCHAR)0x10000), 0xFF);
	KUNIT_EXPECT_EQ(test, READ_PORT_USHORT((PUSHORT)&memory), 0xFFFF);
	WRITE_PORT_ULONG((PULONG)&memory, 1);
	WRITE_PORT_BUFFER_ULONG((PULONG)0x80, NULL, 1);
	KUNIT_EXPECT_EQ(test, memory[0] | memory[1], 0U);
}

static struct pci_dev *edu_device(void)
{
	return pci_get_device(0x1234, 0x11e8, NULL);
}

/* The register at 4 has the complement of what was written to it. */
static void device_memory_is_mapped(struct kunit *test)
{
	struct pci_dev *pdev = edu_device();
	PHYSICAL_ADDRESS address;
	ULONG *regs;

	KUNIT_ASSERT_NOT_NULL(test, pdev);
	address.QuadPart = pci_resource_start(pdev, 0);
	regs = MmMapIoSpace(address, 0x100, MmNonCached);
	KUNIT_EXPECT_NOT_NULL(test, regs);
	if (regs) {
		KUNIT_EXPECT_EQ(test, READ_REGISTER_ULONG(&regs[0]) & 0xFF, 0xEDU);
		WRITE_REGISTER_ULONG(&regs[1], 0x12345678);
		KUNIT_EXPECT_EQ(test, READ_REGISTER_ULONG(&regs[1]), ~0x12345678U);
	}
	MmUnmapIoSpace(regs, 0x100);
	/* The offset in the page stays. */
	address.QuadPart += 4;
	regs = MmMapIoSpaceEx(address, 4, CACHED | NOCACHE);
	KUNIT_EXPECT_EQ(test, (unsigned long)regs % PAGE_SIZE, 4UL);
	if (regs)
		KUNIT_EXPECT_EQ(test, READ_REGISTER_ULONG(regs), ~0x12345678U);
	MmUnmapIoSpace(regs, 4);
	pci_dev_put(pdev);
}

static void ranges_that_are_no_device_memory_are_refused(struct kunit *test)
{
	PHYSICAL_ADDRESS ram = { .QuadPart = virt_to_phys(test) };
	PHYSICAL_ADDRESS top = { .QuadPart = -4096 };
	PHYSICAL_ADDRESS high = { .QuadPart = BIT_ULL(58) };
	PHYSICAL_ADDRESS device = { .QuadPart = 0xFEBF0000 };

	KUNIT_EXPECT_NULL(test, MmMapIoSpace(ram, 16, MmNonCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(ram, 16, MmCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(device, 0, MmNonCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(top, 8192, MmNonCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(top, 4096, MmNonCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(high, 4096, MmNonCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(device, ~0UL, MmNonCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(device, 4096, MmUSWCCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpaceEx(ram, 4096, CACHED | NOCACHE));
	KUNIT_EXPECT_NULL(test, MmMapIoSpaceEx(device, 4096, EXECUTE | NOCACHE));
	KUNIT_EXPECT_NULL(test, MmMapIoSpaceEx(device, 4096, NOCACHE));
	KUNIT_EXPECT_NULL(test, MmMapIoSpaceEx(device, 4096, CACHED | NOCACHE | WRITECOMBINE));
}

static void a_range_ends_in_the_bar_in_which_it_begins(struct kunit *test)
{
	struct pci_dev *pdev = edu_device();
	PHYSICAL_ADDRESS address;
	SIZE_T length;
	void *regs;

	KUNIT_ASSERT_NOT_NULL(test, pdev);
	address.QuadPart = pci_resource_start(pdev, 0);
	length = pci_resource_len(pdev, 0);
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(address, length + 1, MmNonCached));
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(address, 8ULL << 30, MmNonCached));
	regs = MmMapIoSpace(address, length, MmNonCached);
	KUNIT_EXPECT_NOT_NULL(test, regs);
	if (regs)
		MmUnmapIoSpace(regs, length);
	address.QuadPart += length - 4;
	KUNIT_EXPECT_NULL(test, MmMapIoSpace(address, 8, MmNonCached));
	pci_dev_put(pdev);
}

static void an_unmap_must_repeat_the_mapping(struct kunit *test)
{
	struct pci_dev *pdev = edu_device();
	PHYSICAL_ADDRESS address;
	ULONG *regs;
	void *refused;

	KUNIT_ASSERT_NOT_NULL(test, pdev);
	address.QuadPart = pci_resource_start(pdev, 0);
	regs = MmMapIoSpace(address, 0x1000, MmNonCached);
	KUNIT_EXPECT_NOT_NULL(test, regs);
	MmUnmapIoSpace(regs, 0x2000);
	MmUnmapIoSpace(regs, 0);
	MmUnmapIoSpace(NULL, 0x1000);
	MmUnmapIoSpace(&address, 0x1000);
	if (regs)
		KUNIT_EXPECT_EQ(test, READ_REGISTER_ULONG(regs) & 0xFF, 0xEDU);
	local_bh_disable();
	MmUnmapIoSpace(regs, 0x1000);
	MmUnmapIoSpace(regs, 0x1000);
	refused = MmMapIoSpace(address, 0x1000, MmNonCached);
	local_bh_enable();
	KUNIT_EXPECT_NULL(test, refused);
	pci_dev_put(pdev);
}

static void clocks_go_on(struct kunit *test)
{
	LARGE_INTEGER frequency, first, second, system_time, ticks, interval;
	u64 running;

	first = KeQueryPerformanceCounter(&frequency);
	KUNIT_EXPECT_EQ(test, frequency.QuadPart, 10000000LL);
	KeStallExecutionProcessor(2500);
	second = KeQueryPerformanceCounter(NULL);
	KUNIT_EXPECT_GE(test, second.QuadPart - first.QuadPart, 24000LL);
	KeQuerySystemTime(&system_time);
	KUNIT_EXPECT_EQ(test, (u64)(system_time.QuadPart / 10000000 - 11644473600LL) >> 4,
			(u64)ktime_get_real_seconds() >> 4);
	running = KeQueryInterruptTime();
	KeQueryTickCount(&ticks);
	KUNIT_EXPECT_LE(test, running / KeQueryTimeIncrement(), (u64)ticks.QuadPart);
	interval.QuadPart = -20000;
	first = KeQueryPerformanceCounter(NULL);
	KUNIT_EXPECT_EQ(test, KeDelayExecutionThread(0, FALSE, &interval), STATUS_SUCCESS);
	second = KeQueryPerformanceCounter(NULL);
	KUNIT_EXPECT_GE(test, second.QuadPart - first.QuadPart, 20000LL);
	interval.QuadPart = 0;
	KUNIT_EXPECT_EQ(test, KeDelayExecutionThread(0, FALSE, &interval), STATUS_SUCCESS);
}

static void wrong_times_are_refused(struct kunit *test)
{
	LARGE_INTEGER first = KeQueryPerformanceCounter(NULL), second;

	KeQuerySystemTime(NULL);
	KeQueryTickCount(NULL);
	KUNIT_EXPECT_EQ(test, KeDelayExecutionThread(0, FALSE, NULL), STATUS_INVALID_PARAMETER);
	KeStallExecutionProcessor(~0U);
	second = KeQueryPerformanceCounter(NULL);
	KUNIT_EXPECT_LT(test, second.QuadPart - first.QuadPart, 100000000LL);
}

static struct kunit_case ntos_io_cases[] = {
	KUNIT_CASE(registers_are_accessed_with_their_width),
	KUNIT_CASE(buffers_walk_the_registers),
	KUNIT_CASE(ports_are_there_on_x86),
	KUNIT_CASE(wrong_registers_and_ports_are_refused),
	KUNIT_CASE(device_memory_is_mapped),
	KUNIT_CASE(ranges_that_are_no_device_memory_are_refused),
	KUNIT_CASE(a_range_ends_in_the_bar_in_which_it_begins),
	KUNIT_CASE(an_unmap_must_repeat_the_mapping),
	KUNIT_CASE(clocks_go_on),
	KUNIT_CASE(wrong_times_are_refused),
	{}
};

static struct kunit_suite ntos_io_suite = {
	.name = "wdmdma_ntos_io",
	.test_cases = ntos_io_cases,
};

kunit_test_suite(ntos_io_suite);
