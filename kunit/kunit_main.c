// SPDX-License-Identifier: GPL-2.0-only
/* The test module. Loading the module runs its suites. */
#include <linux/module.h>

MODULE_DESCRIPTION("KUnit tests of wdmdma");
MODULE_LICENSE("GPL");
