# SPDX-License-Identifier: GPL-2.0-only
# Gives the Kbuild file of a ported driver the headers, flags and symbols of wdmdma. In the source
# tree the symbols are those of the last build. In the folder of "make headers_install" they are
# those for the kernel of the driver.
#
#	include /usr/local/src/wdmdma/wdmdma.mk
#	CFLAGS_ring_wdm.o := $(windows-cflags)

wdmdma-dir := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
wdmdma-symvers := $(firstword $(wildcard $(wdmdma-dir)/$(KERNELRELEASE)/Module.symvers \
	$(wdmdma-dir)/Module.symvers))

include $(wdmdma-dir)/include/ddk/flags.mk
KBUILD_EXTRA_SYMBOLS += $(wdmdma-symvers)

# "make clean" links nothing, and so needs no symbols.
ifeq ($(wdmdma-symvers)$(filter %/Makefile.clean,$(MAKEFILE_LIST)),)
$(error wdmdma: $(wdmdma-dir) has no Module.symvers for kernel $(KERNELRELEASE): build or install it)
endif
