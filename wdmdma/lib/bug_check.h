/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Codes of Windows' bug checks, as one number for the verifier. 0 is no code, because no number of
 * a bug check is 0.
 */
#ifndef WDMDMA_BUG_CHECK_H
#define WDMDMA_BUG_CHECK_H

/* Misuse of DMA, which Driver Verifier reports. */
#define WDMDMA_DMA_CODE(code)	(0xE6 << 8 | (code))
/* Misuse of a vector of common buffers. */
#define WDMDMA_VECTOR_CODE(code)	(0x1DC << 8 | (code))

#endif /* WDMDMA_BUG_CHECK_H */
