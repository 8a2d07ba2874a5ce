/* SPDX-License-Identifier: GPL-2.0-only */
/* Ends the packing of <pshpack1.h> and the like. */
#pragma pack(pop)
