/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The version of wdmdma, and the only place that has it. CHANGELOG.md says when a number changes.
 *
 * WDMDMA_VERSION_CODE is the version of the headers that a driver is built with. It is for #if.
 */
#ifndef WDMDMA_VERSION_H
#define WDMDMA_VERSION_H

#define WDMDMA_VERSION_MAJOR	1
#define WDMDMA_VERSION_MINOR	1
#define WDMDMA_VERSION_PATCH	0

#define WDMDMA_VERSION(major, minor, patch)	(((major) << 16) | ((minor) << 8) | (patch))
#define WDMDMA_VERSION_CODE \
	WDMDMA_VERSION(WDMDMA_VERSION_MAJOR, WDMDMA_VERSION_MINOR, WDMDMA_VERSION_PATCH)

#endif /* WDMDMA_VERSION_H */
