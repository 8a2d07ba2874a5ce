// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls on domains. The model knows the domain of each device by its handle, and from that
 * which device may join which domain. Whether two devices can share memory at all depends on the
 * machine, so the first answer to that must be the answer to the end.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <wdmdma/mdl.h>

#include "fuzz.h"

/* The devices of this machine may share a domain, or may not. */
static bool can_join, can_not_join;

static HANDLE domain_of(const struct fuzz_device *device)
{
	return device->joined ?: device->home;
}

/* Return true if both devices see the same addresses. */
bool fuzz_same_domain(const struct fuzz_device *one, const struct fuzz_device *other)
{
	return one == other || (domain_of(one) && domain_of(one) == domain_of(other));
}

/* Ask for the domain of an adapter, and compare it with the model. */
static HANDLE ask_domain(struct fuzz_adapter *adapter)
{
	struct fuzz_device *device = adapter->device;
	HANDLE domain = adapter->ops->GetDmaDomain(adapter->adapter);

	fuzz_expect(domain, "an adapter without a domain");
	fuzz_expect(!domain_of(device) || domain == domain_of(device), "%p is not the domain %p",
		    domain, domain_of(device));
	if (!device->joined)
		device->home = domain;
	return domain;
}

static struct fuzz_adapter *adapter_with_domains(void)
{
	return fuzz_find(fuzz()->adapter, FUZZ_ADAPTERS,
			 slot->adapter && fuzz_has(slot, GetDmaDomain));
}

static void get_domain(void)
{
	struct fuzz_adapter *adapter = adapter_with_domains();

	if (!adapter)
		return;
	ask_domain(adapter);
	fuzz()->good++;
}

/* Return a handle that names no domain. */
static HANDLE wrong_domain(const struct fuzz_adapter *adapter)
{
	switch (fuzz_below(4)) {
	case 0:
		return NULL;
	case 1:
		return adapter->adapter;
	case 2:
		return (HANDLE)(uintptr_t)(4 * fuzz_below(S32_MAX) + 1);
	default:
		return (HANDLE)~(uintptr_t)0;
	}
}

/* Return true if the device has memory or transfers, so that it must stay in its domain. */
static bool is_busy(const struct fuzz_device *device)
{
	unsigned int i;

	for (i = 0; i < FUZZ_BLOCKS; i++)
		if (fuzz()->block[i].va && fuzz()->block[i].device == device)
			return true;
	for (i = 0; i < FUZZ_LISTS; i++)
		if (fuzz()->list[i].list && fuzz()->list[i].adapter->device == device)
			return true;
	for (i = 0; i < FUZZ_BASES; i++)
		if (fuzz()->base[i].base && fuzz()->base[i].adapter->device == device)
			return true;
	for (i = 0; i < FUZZ_SRBS; i++)
		if (fuzz()->srb[i].mdl && fuzz()->srb[i].device == device)
			return true;
	return false;
}

static bool has_guests(const struct fuzz_device *device)
{
	unsigned int i;

	for (i = 0; i < fuzz_nr_devices; i++)
		if (device->home && fuzz_devices[i].joined == device->home)
			return true;
	return false;
}

/* Return the status that a join must have if the two devices can share memory. */
static NTSTATUS status_of_join(const struct fuzz_device *device, HANDLE domain, bool wrong)
{
	if (wrong)
		return STATUS_INVALID_HANDLE;
	if (domain == domain_of(device))
		return STATUS_SUCCESS;
	if (device->joined || has_guests(device) || is_busy(device))
		return STATUS_INVALID_DEVICE_STATE;
	return STATUS_SUCCESS;
}

static void join_domain(void)
{
	struct fuzz_adapter *adapter = adapter_with_domains(), *leader = adapter_with_domains();
	bool wrong = fuzz_one_in(8), moves;
	struct fuzz_device *device;
	NTSTATUS expected, status;
	HANDLE domain;

	if (!adapter || !leader)
		return;
	device = adapter->device;
	if (fuzz_one_in(2))
		fuzz_device_tidy(device);
	ask_domain(adapter);
	domain = wrong ? wrong_domain(adapter) : ask_domain(leader);
	expected = status_of_join(device, domain, wrong);
	moves = expected == STATUS_SUCCESS && domain != domain_of(device);
	status = adapter->ops->JoinDmaDomain(adapter->adapter, domain);
	if (moves && status == STATUS_NOT_SUPPORTED) {
		fuzz_expect(!can_join, "a join is not supported any more");
		can_not_join = true;
		fuzz()->refused++;
		return;
	}
	fuzz_expect(status == expected, "JoinDmaDomain: 0x%x and not 0x%x", status, expected);
	if (NT_SUCCESS(status) && moves) {
		fuzz_expect(!can_not_join, "a join is supported now");
		can_join = true;
		device->joined = domain;
	}
	ask_domain(adapter);
	if (NT_SUCCESS(status))
		fuzz()->good++;
	else
		fuzz()->refused++;
}

static void leave_domain(void)
{
	struct fuzz_adapter *adapter = adapter_with_domains();
	struct fuzz_device *device;
	NTSTATUS status;
	bool good;

	if (!adapter)
		return;
	device = adapter->device;
	if (fuzz_one_in(4))
		fuzz_device_tidy(device);
	good = device->joined && !is_busy(device);
	status = adapter->ops->LeaveDmaDomain(adapter->adapter);
	fuzz_expect(status == (good ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_STATE),
		    "LeaveDmaDomain: 0x%x, %s", status, good ? "must succeed" : "must not");
	if (NT_SUCCESS(status)) {
		device->joined = NULL;
		fuzz()->good++;
	} else {
		fuzz()->refused++;
	}
	ask_domain(adapter);
}

static void alloc_domain_buffer(void)
{
	struct fuzz_adapter *adapter = adapter_with_domains(), *other = adapter_with_domains();
	struct fuzz_block *block = fuzz_block_empty();
	NTSTATUS expected = STATUS_SUCCESS, status;
	PHYSICAL_ADDRESS la = fuzz_address(1);
	u32 len = fuzz_length();
	void *va = (void *)1;
	HANDLE domain;

	if (!adapter || !other || !block)
		return;
	domain = ask_domain(adapter);
	if (fuzz_one_in(8)) {
		domain = wrong_domain(adapter);
		expected = STATUS_INVALID_HANDLE;
	} else if (fuzz_one_in(8)) {
		domain = ask_domain(other);
		if (domain != domain_of(adapter->device))
			expected = STATUS_INVALID_PARAMETER;
	} else if (fuzz_one_in(8)) {
		len = 0;
		expected = STATUS_INVALID_PARAMETER;
	}
	status = adapter->ops->AllocateDomainCommonBuffer(adapter->adapter, domain, NULL, len, 0,
							  NULL, MM_ANY_NODE_OK, &la, &va);
	fuzz_expect(status == expected, "AllocateDomainCommonBuffer: 0x%x and not 0x%x", status,
		    expected);
	if (!NT_SUCCESS(status)) {
		fuzz_expect(!va && !la.QuadPart, "an address with status 0x%x", status);
		fuzz()->refused++;
		return;
	}
	block->kind = FUZZ_BUFFER;
	block->la = la;
	fuzz_block_have(block, adapter, va, len);
}

const struct fuzz_call fuzz_domain_calls[] = {
	{ "GetDmaDomain", 2, get_domain, FUZZ_ALONE },
	{ "JoinDmaDomain", 6, join_domain, FUZZ_ALONE },
	{ "LeaveDmaDomain", 4, leave_domain, FUZZ_ALONE },
	{ "AllocateDomainCommonBuffer", 4, alloc_domain_buffer, FUZZ_ALONE },
	{}
};
