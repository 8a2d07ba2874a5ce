// SPDX-License-Identifier: GPL-2.0-only
/* See lib/reader.h. */
#include <linux/compiler.h>
#include <linux/srcu.h>

#include "lib/reader.h"

DEFINE_STATIC_SRCU(reader_srcu);

/* Begin a read section, which may sleep. Return the argument for wdmdma_reader_leave(). */
int wdmdma_reader_enter(void)
{
	int section = srcu_read_lock(&reader_srcu);

	/* The section goes on in the caller, which sparse does not follow. */
	__release(&reader_srcu);
	return section;
}

void wdmdma_reader_leave(int section)
{
	__acquire(&reader_srcu);
	srcu_read_unlock(&reader_srcu, section);
}

/* Wait for the readers of an object that no reader can find any more. May sleep. */
void wdmdma_reader_sync(void)
{
	synchronize_srcu(&reader_srcu);
}
