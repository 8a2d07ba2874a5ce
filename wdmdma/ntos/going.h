/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and modules that go while the module has something to do with them. */
#ifndef WDMDMA_NTOS_GOING_H
#define WDMDMA_NTOS_GOING_H

#include <linux/module.h>

#include <wdmdma/types.h>

void nt_memory_going(const void *start, SIZE_T size, const char *call);
void nt_module_going(const struct module *module);
int nt_going_init(void);
void nt_going_exit(void);

#endif /* WDMDMA_NTOS_GOING_H */
