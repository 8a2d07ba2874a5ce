// SPDX-License-Identifier: GPL-2.0-only
#include "../edu/edu_hardware.c"
