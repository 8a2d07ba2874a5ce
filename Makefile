# SPDX-License-Identifier: GPL-2.0-only
# Targets for people. The kernel's build system reads Kbuild, which has the objects.

# Not exported, so that the scripts see KDIR only if the caller gave it.
KDIR ?= /lib/modules/$(shell uname -r)/build

# make headers_install installs into PREFIX, and make modules_install below INSTALL_MOD_PATH.
# Packagers set DESTDIR for both.
PREFIX ?= /usr/local
DESTDIR ?=
INSTALL_MOD_PATH ?= $(DESTDIR)

ifneq ($(words $(subst :, ,$(CURDIR))),1)
$(error wdmdma: kernel modules cannot be built with a space or a colon in a path: $(CURDIR))
endif

# make would take each word of such a path for a path of its own.
spaced = $(filter-out 0 1,$(words $(INSTALL_MOD_PATH)) $(words $(DESTDIR)) $(words $(PREFIX)))
ifneq ($(spaced),)
$(error wdmdma: nothing can be installed in a folder with a space in its path: $(INSTALL_MOD_PATH) $(PREFIX))
endif

# 1 for a kernel that was built with clang, or else empty.
LLVM ?= $(if $(shell grep -s '^CONFIG_CC_IS_CLANG=y' '$(KDIR)/include/config/auto.conf'),1)
kbuild = -C $(KDIR) M=$(CURDIR) $(if $(LLVM),LLVM=$(LLVM))
install = @KDIR='$(KDIR)' PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' \
	INSTALL_MOD_PATH='$(abspath $(INSTALL_MOD_PATH))' scripts/install

.PHONY: all kdir modules modules_install headers_install uninstall clean
.PHONY: demo run shell bench bench-scaling test test-all fuzz soak replay coverage mutants check
.PHONY: check-all check-install check-packages check-signed check-replay check-plants check-container
.PHONY: kernels compilers
.PHONY: doc check-doc dist deb rpm help

all: modules

kdir:
	@scripts/kdir '$(KDIR)' '$(CURDIR)'

modules: kdir
	$(MAKE) $(kbuild) $@

modules_install: modules
	$(install) writable
	$(MAKE) $(kbuild) INSTALL_MOD_PATH='$(abspath $(INSTALL_MOD_PATH))' $@
	$(install) depmod

headers_install: modules
	$(install) headers

uninstall:
	$(install) uninstall

clean:
	$(if $(wildcard $(KDIR)/Makefile),$(MAKE) $(kbuild) clean)
	$(RM) -r build

demo:
	@scripts/demo

run:
	@scripts/run

shell:
	@scripts/run --shell

bench:
	@scripts/bench

bench-scaling:
	@SCALING=1 scripts/bench

test:
	@scripts/run-kunit

test-all:
	@CONFIGS=all scripts/run-kunit

fuzz:
	@scripts/fuzz

soak:
	@ROUNDS=$(or $(ROUNDS),60) SECONDS=$(or $(SECONDS),60) CALLS=$(or $(CALLS),1000000) \
		THREADS=$(or $(THREADS),4) CONFIGS='$(or $(CONFIGS),vtd)' scripts/fuzz

replay:
	@scripts/replay

coverage:
	@scripts/coverage

mutants:
	@scripts/mutants

check:
	@scripts/check $(if $(QUICK),--quick)

# One after the other, because they share the build folder. Needs root and hours.
check-all:
	@set -e; for target in check check-doc check-install check-packages check-signed \
		check-replay check-plants check-container; do \
		$(MAKE) --no-print-directory $$target; done

check-install:
	@scripts/check-install

kernels:
	@scripts/try-kernels

doc:
	@scripts/doc

check-doc:
	@scripts/setup browser
	@scripts/check-doc

dist:
	@scripts/dist

deb:
	@scripts/deb

rpm:
	@scripts/rpm

check-signed:
	@scripts/check-signed

check-replay:
	@scripts/check-replay

check-plants:
	@scripts/check-plants

check-container:
	@scripts/check-container

compilers:
	@scripts/try-compilers

check-packages:
	@scripts/check-packages

help:
	@echo 'make                  build the modules for the running kernel'
	@echo 'make KDIR=folder      build them for the kernel whose build folder this is'
	@echo 'make modules_install  build and install them (as root), then: modprobe wdmdma'
	@echo 'make headers_install  what a driver is built with, in /usr/local/src/wdmdma; PREFIX=/usr'
	@echo 'make uninstall        remove what these two installed for this kernel'
	@echo '                      DESTDIR=folder, INSTALL_MOD_PATH=folder: install below this folder'
	@echo 'make clean            remove what was built here'
	@echo
	@echo 'make demo             a ported driver moves bytes through wdmdma memory, in QEMU'
	@echo 'make demo ARCH=arm64  the same on arm64, cross-built'
	@echo "make run DRIVER=x.ko QEMU='-device e1000' CONFIGS=vtd    your driver in such a guest; DRIVER"
	@echo '                      may be its folder. PARAMS=words: module parameters, WAIT=seconds,'
	@echo '                      TRACE=file: write its calls there'
	@echo 'make shell            the same with a prompt in the guest; DRIVER may be missing'
	@echo 'make bench            what the calls cost, against the DMA API called directly, in QEMU'
	@echo 'make bench BASE=rev   the same, compared with that commit'
	@echo 'make bench MEMORY=6G  the same, with the row of a million buffers'
	@echo 'make bench ROWS=list_,map_loop   only rows whose names begin so'
	@echo 'make bench-scaling    which cache lines and locks up to 8 CPUs share, in QEMU'
	@echo 'make test             KUnit tests in QEMU on a debug kernel, on several machines'
	@echo "make test FILTER='*buffer*'      only these suites (suite_glob or suite_glob.case_glob)"
	@echo 'make test CONFIGS=vtd            only these machines (default: none numa)'
	@echo "make test STRESS=60 FILTER='*transfer*'   so many seconds of the stress of transfers"
	@echo 'make test ARCH=arm64  the same on arm64, cross-built, on: arm64-none arm64-smmuv3'
	@echo '                      arm64-noncoherent'
	@echo 'make test-all         all of these, and: vtd lowmem 6g nobounce swiotlb poison pages'
	@echo '                      vtd-strict vtd-passthrough amd virtio rt rt-vtd arm64-smmuv3-noncoherent'
	@echo '                      arm64-noncoherent-poison, and the strain driver on kernels as Debian'
	@echo '                      built them: rt-stock (6.12 with PREEMPT_RT), strict-6.1'
	@echo 'make fuzz             random calls against a model on a debug kernel (CALLS=, SECONDS=, SEED=)'
	@echo 'make soak             the same for an hour of the guest, and looks if anything grows (ROUNDS=)'
	@echo 'make replay TRACE=FILE  the calls of a trace of a driver on other machines (CONFIGS=)'
	@echo 'make coverage         lines of the module that the KUnit tests run, as HTML in build/coverage'
	@echo 'make mutants          change one place of the module at a time, and see if a test fails (SAMPLE=, SEED=)'
	@echo 'make check            style, warnings, sparse, documentation, layers; QUICK=1: 40 s once it passed'
	@echo 'make check-all        that and all of the others named check-, which need hours'
	@echo 'make check-install    install into a scratch folder, and build a driver against that'
	@echo 'make kernels          the demo on the newest kernel of each of Debian'\''s suites (SUITES=, FLAVOURS=)'
	@echo 'make compilers        build with each gcc and clang of Debian'\''s releases (RELEASES=, COMPILERS=)'
	@echo 'make doc              HTML documentation in build/doc'
	@echo 'make check-doc        look at it in a browser: widths, links, index of calls, search'
	@echo 'make dist             build/wdmdma-VERSION.tar.gz of the last commit'
	@echo 'make deb              build/wdmdma-dkms_VERSION_all.deb of it, for DKMS on Debian and Ubuntu'
	@echo 'make rpm              build/wdmdma-dkms-VERSION-1.noarch.rpm of it, for DKMS elsewhere'
	@echo 'make check-signed     load signed and unsigned modules in a guest with Secure Boot'
	@echo 'make check-replay     record the calls of a driver, and make them again on other machines'
	@echo 'make check-plants     make faults that no suite finds, and see that make test finds them'
	@echo 'make check-container  run packaging/Containerfile, for machines without Debian, in a root folder'
	@echo 'make check-packages   install, upgrade and remove both in a root folder with DKMS'
	@echo
	@echo 'On Debian all from demo on install what they need and download kernels to'
	@echo '~/.cache/wdmdma; nothing else is put on the machine. Elsewhere, give'
	@echo '  KDIR=folder VMLINUZ=image   a built kernel or its headers, and its bootable image'
	@echo '  KSRC=folder                 kernel source of 6.12 (test, check, doc)'
