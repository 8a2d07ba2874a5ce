// SPDX-License-Identifier: GPL-2.0-only
#include "../edu_wdf/edu_wdf_hardware.c"
