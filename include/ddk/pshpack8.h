/* SPDX-License-Identifier: GPL-2.0-only */
/* Packs the structures that follow, up to <poppack.h>. It may be included many times. */
#pragma pack(push, 8)
