// SPDX-License-Identifier: GPL-2.0-only
/* Pointers that a driver gives, and that a call must be able to use. */
#include "ntos/ntos.h"

#include "address.h"

/* Report a required pointer that is NULL, or at which there is no memory. Return true if it is. */
bool nt_is_wrong(const void *pointer, const char *name, const char *call)
{
	if (likely(!wdmdma_is_no_address(pointer)))
		return false;
	if (pointer)
		wdmdma_report(call, "%s %p is no address of the kernel", name, pointer);
	else
		wdmdma_report(call, "%s is NULL", name);
	return true;
}
