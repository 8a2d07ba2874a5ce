// SPDX-License-Identifier: GPL-2.0-only
/* What each call checks of its caller and its arguments. A failure is reported. */
#include "wdf/object.h"

#include "address.h"

/* Report a call at a level above PASSIVE_LEVEL. Return true if the caller must not sleep. */
bool wdf_above_passive(const char *call)
{
	if (!wdf_is_atomic()) {
		might_sleep();
		return false;
	}
	wdmdma_report(call,
		      "called at DISPATCH_LEVEL or above, needs PASSIVE_LEVEL (bug check 0x10D, code 0x0E)");
	return true;
}

/* Report a call in an interrupt. Return true if it is one. */
bool wdf_above_dispatch(const char *call)
{
	if (!in_hardirq() && !in_nmi())
		return false;
	wdmdma_report(call,
		      "called above DISPATCH_LEVEL, in an interrupt (bug check 0x10D, code 0x0E)");
	return true;
}

/* Report a required pointer that is NULL, or at which there is no memory. Return true if it is. */
bool wdf_is_wrong(const void *pointer, const char *name, const char *call)
{
	if (likely(!wdmdma_is_no_address(pointer)))
		return false;
	if (pointer)
		wdmdma_report(call, "%s %p is no address of the kernel", name, pointer);
	else
		wdmdma_report(call, "%s is NULL (bug check 0x10D, code 4)", name);
	return true;
}

/* Report a function that a driver may leave out, and that is no address. Return true if it is. */
bool wdf_option_is_wrong(const void *function, const char *name, const char *call)
{
	return function && wdf_is_wrong(function, name, call);
}

/* Report a structure whose member Size is another than @wanted. Return true if it is. */
bool wdf_size_is_wrong(size_t size, size_t wanted, const char *name, const char *call)
{
	if (likely(size == wanted))
		return false;
	wdmdma_report(call, "%s has Size %zu, and needs %zu", name, size, wanted);
	return true;
}
