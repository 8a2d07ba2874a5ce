# SPDX-License-Identifier: GPL-2.0-only
# For the Kbuild file of a ported driver: headers, flags and symbols of wdmdma in one line. In the
# source tree it takes the symbols of the last build, and where "make headers_install" put it those
# for the kernel of the driver.
#
#	include /usr/local/src/wdmdma/wdmdma.mk
#	CFLAGS_ring_wdm.o := $(windows-cflags)

wdmdma-dir := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
wdmdma-symvers := $(firstword $(wildcard $(wdmdma-dir)/$(KERNELRELEASE)/Module.symvers \
	$(wdmdma-dir)/Module.symvers))

ccflags-y += -I$(wdmdma-dir)/include
include $(wdmdma-dir)/include/ddk/flags.mk
KBUILD_EXTRA_SYMBOLS += $(wdmdma-symvers)

# Nothing is linked by "make clean".
ifeq ($(wdmdma-symvers)$(filter %/Makefile.clean,$(MAKEFILE_LIST)),)
$(error wdmdma: $(wdmdma-dir) has no Module.symvers for kernel $(KERNELRELEASE): build or install it)
endif
