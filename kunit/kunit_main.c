// SPDX-License-Identifier: GPL-2.0-only
/* The test module. Its suites run when it is loaded. */
#include <linux/module.h>

MODULE_DESCRIPTION("KUnit tests of wdmdma");
MODULE_LICENSE("GPL");
