# SPDX-License-Identifier: GPL-2.0-only
# The people's front end; what is built stands in Kbuild, which the kernel's build system prefers.

# Not exported: the scripts see KDIR only where the caller gave it.
KDIR ?= /lib/modules/$(shell uname -r)/build

.PHONY: all modules modules_install clean demo bench bench-scaling test test-all check doc dist help

all: modules

modules modules_install: kdir
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

.PHONY: kdir
kdir:
	@test -e $(KDIR)/include/config/auto.conf || { \
		echo "wdmdma: no configured kernel build folder at $(KDIR)." >&2; \
		echo "Install the headers of your kernel (Debian, Ubuntu: linux-headers-$$(uname -r);" >&2; \
		echo "Fedora: kernel-devel; Arch: linux-headers) or give a folder: make KDIR=/path" >&2; \
		exit 1; }

clean:
	$(if $(wildcard $(KDIR)/Makefile),$(MAKE) -C $(KDIR) M=$(CURDIR) clean)
	$(RM) -r build

demo:
	@scripts/demo

bench:
	@scripts/bench

bench-scaling:
	@SCALING=1 scripts/bench

test:
	@scripts/run-kunit

test-all:
	@CONFIGS=all scripts/run-kunit

check:
	@scripts/check $(if $(QUICK),--quick)

doc:
	@scripts/doc

dist:
	@scripts/dist

help:
	@echo 'make                  build the modules for the running kernel'
	@echo 'make KDIR=folder      build them for the kernel whose build folder this is'
	@echo 'make modules_install  install them (as root), then: modprobe wdmdma'
	@echo 'make clean            remove what was built here'
	@echo
	@echo 'make demo             a ported driver moves bytes through wdmdma memory, in QEMU'
	@echo 'make demo ARCH=arm64  the same on arm64, cross-built'
	@echo 'make bench            what the calls cost, against the DMA API called directly, in QEMU'
	@echo 'make bench BASE=rev   the same, compared with that commit'
	@echo 'make bench MEMORY=6G  the same, with the row of a million buffers'
	@echo 'make bench-scaling    which cache lines and locks up to 8 CPUs share, in QEMU'
	@echo 'make test             KUnit tests in QEMU on a debug kernel, on several machines'
	@echo "make test FILTER='*buffer*'      only these suites (suite_glob or suite_glob.case_glob)"
	@echo 'make test CONFIGS=vtd            only these machines (default: none vtd numa lowmem)'
	@echo "make test STRESS=60 FILTER='*transfer*'   so many seconds of the stress of transfers"
	@echo 'make test ARCH=arm64  the same on arm64, cross-built, on: arm64-none arm64-smmuv3'
	@echo '                      arm64-noncoherent'
	@echo 'make test-all         all of these, and: 6g nobounce swiotlb poison pages vtd-strict'
	@echo '                      vtd-passthrough amd virtio rt rt-vtd arm64-smmuv3-noncoherent'
	@echo '                      arm64-noncoherent-poison, and the strain driver on kernels as Debian'
	@echo '                      built them: rt-stock (6.12 with PREEMPT_RT), strict-6.1'
	@echo 'make check            style, warnings, sparse, documentation, layers; QUICK=1: 40 s once it passed'
	@echo 'make doc              HTML documentation in build/doc'
	@echo 'make dist             build/wdmdma-VERSION.tar.gz of the last commit'
	@echo
	@echo 'On Debian all from demo on install what they need and download kernels to'
	@echo '~/.cache/wdmdma; nothing else is put on the machine. Elsewhere, give'
	@echo '  KDIR=folder VMLINUZ=image   a built kernel or its headers, and its bootable image'
	@echo '  KSRC=folder                 kernel source of 6.12 (test, check, doc)'
