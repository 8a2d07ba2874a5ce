/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records of what the module does with objects of drivers: queued DPCs, timers that are set, waits,
 * and mutexes that have an owner. An object has no destructor, and a driver may zero it, initialize
 * it again or free it at any time. So the module keeps no link in an object, and the address of
 * the object is the key of a record.
 */
#ifndef WDMDMA_NTOS_RECORD_H
#define WDMDMA_NTOS_RECORD_H

#include <linux/module.h>
#include <linux/types.h>

/* The longest record. */
#define NT_RECORD_BYTES	128

/**
 * struct nt_place - objects and routines that go
 * @start: start of memory that gets another use
 * @size: its length
 * @module: instead of the memory, a module that is being unloaded
 */
struct nt_place {
	unsigned long start;
	size_t size;
	const struct module *module;
};

static inline bool nt_place_has(const struct nt_place *place, const void *address)
{
	if (place->module)
		return within_module((unsigned long)address, place->module);
	return (unsigned long)address - place->start < place->size;
}

void *nt_record_alloc(const char *call);
void nt_record_free(void *record);
void nt_record_mark(const void *object);
void nt_record_unmark(const void *object);
bool nt_record_may_be_in(const struct nt_place *place);
bool nt_record_may_be_at(const void *object, size_t size);

void nt_leaving_set(const struct module *module);
bool nt_is_leaving(const void *routine, const char *call);

int nt_record_init(void);
void nt_record_exit(void);

#endif /* WDMDMA_NTOS_RECORD_H */
