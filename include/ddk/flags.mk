# SPDX-License-Identifier: GPL-2.0-only
# Gives the Kbuild file of a ported driver the headers for its Linux half, the flags for a Windows
# half, and the rule for one in C++.
#
#	include $(WDMDMA)/include/ddk/flags.mk
#	CFLAGS_ring_wdm.o := $(windows-cflags)
#	CFLAGS_ring_class.o := $(windows-cxxflags)

windows-ddk := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ccflags-y += -I$(windows-ddk)/..

# A char is signed, 'Tag1' is a number, #pragma warning is ignored, and arrays that are declared
# with one element at the end of a structure have more. On arm64 the interlocked operations must
# not call gcc's library, which the kernel does not have.
windows-cflags := -I$(windows-ddk) -I$(windows-ddk)/.. -fsigned-char -Wno-multichar \
	-Wno-unknown-pragmas $(call cc-option,-fstrict-flex-arrays=0) \
	$(call cc-option,-mno-outline-atomics)

# C++ code must not need a library, because none is linked.
windows-cxxflags := $(windows-cflags) -std=c++17 -fno-exceptions -fno-rtti \
	-fno-threadsafe-statics -fno-use-cxa-atexit

# Flags of the kernel that are for C alone.
windows-c-only := -std=% -funsigned-char -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wold-style-declaration -Wdeclaration-after-statement \
	-Wmissing-parameter-type -Wnested-externs -Wbad-function-cast -Wpointer-sign \
	-Wunterminated-string-initialization -Wno-unterminated-string-initialization \
	-Wno-pointer-sign -Woverride-init% -Wno-override-init% -Wjump-misses-init \
	-Wenum-conversion -Wenum-int-mismatch -Wmissing-variable-declarations \
	-Werror=implicit-function-declaration -Werror=implicit-int -Werror=strict-prototypes \
	-Werror=incompatible-pointer-types -Werror=designated-init -Werror=int-conversion \
	-Wimplicit-int -Wimplicit-function-declaration -Wno-designated-init

# The flags that include headers of Linux, and that find them, are left out.
windows-cxx = -Wp,-MMD,$(depfile) -nostdinc -nostdinc++ \
	$(filter-out $(windows-c-only),$(filter-out $(CFLAGS_$(target-stem).o),$(_c_flags)) \
		$(modkern_cflags)) $(CFLAGS_$(target-stem).o)

quiet_cmd_windows_cxx = CXX [M]  $@
      cmd_windows_cxx = $(CC) $(windows-cxx) -c -o $@ $< $(cmd_objtool)

$(obj)/%.o: $(src)/%.cpp FORCE
	$(call if_changed_dep,windows_cxx)
