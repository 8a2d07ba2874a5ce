# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: . scripts/kernels.sh    (after lib.sh)
# Functions that get kernels. They are Debian packages, which are unpacked into the cache and never
# installed. If the caller gives KDIR, VMLINUZ or KSRC, these are used, and nothing is downloaded.

SERIES=6.12
# For guests without KUnit, where the archive has no kernel of SERIES. Debian 12 has it in its updates for
# security only.
OLDER_SERIES=6.1

# The functions below set the same variables, so note which the caller gave.
GIVEN=${KDIR:-}${VMLINUZ:-}${KSRC:-}

# may_download: succeed on Debian and its derivatives, unless the caller gave a kernel.
may_download() {
    [ -z "$GIVEN" ] && command -v apt-get >/dev/null
}

# need_download WHAT VARIABLES: stop if WHAT cannot be downloaded here.
need_download() {
    [ "$(uname -m)" = x86_64 ] || die "$1 is fetched on x86-64 only; give $2 instead"
    may_download || die "$1 is missing; give $2 (see: make help)"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Options that make apt use another ARCH than the host's.
APT=()

apt_update() {
    local as=(as_root)
    APT=()
    [ "$ARCH" = x86 ] || foreign_lists
    # The lists of another architecture are our own, so they need no root.
    [ "$ARCH" = x86 ] || as=()
    [ -z "${APT_UPDATED[$ARCH]:-}" ] || return 0
    note "apt-get update"
    # apt does not wait for its lock on the package lists.
    (flock 7 && "${as[@]}" apt-get -q "${APT[@]}" update) 7>"$CACHE/.lock-apt" \
        >"$CACHE/apt-update.log" 2>&1 ||
        note "apt-get update failed (see $CACHE/apt-update.log); trying with what is known"
    APT_UPDATED[$ARCH]=1
}
declare -A APT_UPDATED=()

# foreign_lists: use package lists of our own for another architecture, which are removed in the
# end. The configuration of the host's apt is not changed.
foreign_lists() {
    if [ -z "${FOREIGN_LISTS:-}" ]; then
        scratch_dir "$CACHE"
        FOREIGN_LISTS=$REPLY
        mkdir -p "$FOREIGN_LISTS/lists/partial"
    fi
    APT=(-o APT::Architecture="$DEBIAN_ARCH" -o APT::Architectures="$DEBIAN_ARCH"
        -o Dir::State="$FOREIGN_LISTS" -o Dir::State::status=/dev/null
        -o Dir::Cache="$FOREIGN_LISTS" -o APT::Sandbox::User="$(id -un)")
}

apt_has() {
    [[ $(apt-cache "${APT[@]}" policy "$1") =~ Candidate:\ [^\(] ]]
}

# newest_cached PREFIX: print the newest folder PREFIX-VERSION in the cache, or nothing if there is
# none or REFRESH is set.
newest_cached() {
    [ -z "${REFRESH:-}" ] || return 0
    find "$CACHE" -maxdepth 1 -type d -name "$1-*" -printf '%f\n' | sort -V | tail -n 1
}

# fetch PACKAGE...: download to $CACHE/dl. apt keeps a file that is complete.
fetch() {
    mkdir -p "$CACHE/dl"
    (
        cd "$CACHE/dl" || exit
        # As root, apt would download as a user who cannot write here.
        long_run "$CACHE/apt-download.log" fetch_status \
            apt-get -q -o APT::Sandbox::User="$(id -un)" "${APT[@]}" download "$@"
    )
}

fetch_status() {
    printf ', %s downloaded' "$(du -sh "$CACHE/dl" | cut -f 1)"
}

# deb PACKAGE [ARCHITECTURE]: print the newest file of the package that was downloaded.
deb() {
    find "$CACHE/dl/" -name "$1_*_${2:-*}.deb" | sort -V | tail -n 1
}

# may_install: succeed if packages can be installed.
may_install() {
    may_download && { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }
}

# stock_entry SERIES FLAVOUR: print what the names of its cache entries begin with.
stock_entry() {
    local entry=$STOCK
    [ "$1" = "$SERIES" ] || entry=$1-$entry
    echo "${2:+$2-}$entry"
}

# stock_look SERIES FLAVOUR: look for such a kernel in the cache and then in the archive. Set
# FOUND_SERIES, FOUND to the name of its cache entry, and FOUND_VERSION if it is to be downloaded.
stock_look() {
    local entry
    entry=$(stock_entry "$1" "$2")
    FOUND_SERIES=$1 FOUND_VERSION='' FOUND=$(newest_cached "$entry")
    [ -z "$FOUND" ] || return 0
    need_download "a stock $1 kernel${2:+ ($2)}" "KDIR= and VMLINUZ="
    apt_update
    FOUND_VERSION=$(stock_version "$1" "$2")
    FOUND=$entry-$FOUND_VERSION
    [ -n "$FOUND_VERSION" ]
}

# is_older_release: succeed if the cache has a kernel of OLDER_SERIES only, and the package lists as they
# are have no other.
is_older_release() {
    [ -z "$(newest_cached "$(stock_entry "$SERIES" '')")" ] &&
        [ -n "$(newest_cached "$(stock_entry "$OLDER_SERIES" '')")" ] &&
        [ -z "$(stock_version "$SERIES" '')" ]
}

# stock_find [SERIES [FLAVOUR]]: the same for the arguments of stock_kernel, or stop.
stock_find() {
    local series=${1:-$SERIES} flavour=${2:-}
    [ $# -gt 0 ] || ! is_older_release || series=$OLDER_SERIES
    ! stock_look "$series" "$flavour" || return 0
    if [ $# -eq 0 ] && stock_look "$OLDER_SERIES" ''; then
        note "this release has no kernel $SERIES, so it is Debian's $OLDER_SERIES"
        return
    fi
    die "this distribution has no linux-image-$series*-${flavour:+$flavour-}$DEBIAN_ARCH with" \
        "headers (bookworm-security and trixie have 6.12): give KDIR= and VMLINUZ= of a kernel" \
        "you have"
}

# stock_kernel [SERIES [FLAVOUR]]: get a kernel that Debian built, and set KDIR and VMLINUZ. By
# default it is the kernel of $SERIES without a flavour, or of $OLDER_SERIES if the archive has no
# other. A flavour is rt, for example.
stock_kernel() {
    if [ -n "${KDIR:-}${VMLINUZ:-}" ]; then
        [ -n "${KDIR:-}" ] || die "VMLINUZ is given but not KDIR, the build folder of that kernel"
        [ -n "${VMLINUZ:-}" ] || die "KDIR is given but not VMLINUZ, the image of that kernel"
        [ -e "$KDIR/Makefile" ] || die "KDIR=$KDIR is not a kernel build folder"
        [ -r "$VMLINUZ" ] || die "VMLINUZ=$VMLINUZ cannot be read"
        return
    fi
    stock_find "$@"
    cache_entry "$FOUND" unpack_stock "$FOUND_SERIES" "${2:-}" "$FOUND_VERSION" "$CACHE/$FOUND"
    KDIR=$(echo "$REPLY"/usr/src/linux-headers-*-"$DEBIAN_ARCH")
    VMLINUZ=$(echo "$REPLY"/boot/vmlinuz-*)
    export KDIR VMLINUZ
}

# stock_version SERIES FLAVOUR: print the newest release that has an image and headers, such as
# 6.12.9+deb13 or 6.1.0-56.
stock_version() {
    local v suffix=${2:+$2-}$DEBIAN_ARCH
    for v in $(apt-cache "${APT[@]}" pkgnames "linux-image-$1." |
        sed -nE "s/^linux-image-($1\.[0-9]+(-[0-9]+)?(\+[a-z0-9.~]+)?)-$suffix(-unsigned)?$/\1/p" |
        sort -Vru); do
        if apt_has "linux-headers-$v-$suffix" && [ -n "$(stock_image "$v" "$2")" ]; then
            echo "$v"
            break
        fi
    done
}

# stock_image VERSION FLAVOUR: print the package of the image, which is the signed one if there is
# one.
stock_image() {
    local p=linux-image-$1-${2:+$2-}$DEBIAN_ARCH
    for p in "$p" "$p-unsigned"; do
        if apt_has "$p"; then
            echo "$p"
            break
        fi
    done
}

# fetch_kbuild SERIES VERSION: download the programs that build modules, which run on the host.
# Their package belongs to a release or to a series.
fetch_kbuild() {
    use_arch x86
    apt_update
    if apt_has "linux-kbuild-$2"; then
        fetch "linux-kbuild-$2"
    else
        fetch "linux-kbuild-$1"
    fi
}

# unpack_stock SERIES FLAVOUR VERSION ENTRY FOLDER: download a kernel and unpack it into FOLDER,
# which will become ENTRY.
unpack_stock() {
    local series=$1 flavour=$2 v=$3 entry=$4 dir=$5 image kbuild h=linux-headers-$3
    local headers=$h-${flavour:+$flavour-}$DEBIAN_ARCH common=$h-common${flavour:+-$flavour}
    image=$(stock_image "$v" "$flavour")
    note "downloading Debian's kernel $v${flavour:+-$flavour} for $DEBIAN_ARCH (first run only, about 120 MB)"
    fetch "$image" "$headers" "$common" || die "kernel $v could not be downloaded"
    (fetch_kbuild "$series" "$v") || die "linux-kbuild for $v could not be downloaded"
    kbuild=$(deb "linux-kbuild-$v" amd64)
    [ -n "$kbuild" ] || kbuild=$(deb "linux-kbuild-$series" amd64)
    note "unpacking it"
    dpkg-deb --fsys-tarfile "$(deb "$image" "$DEBIAN_ARCH")" |
        tar -x -C "$dir" --wildcards './boot/*' './lib/modules/*/kernel/drivers/iommu/*' \
            './usr/lib/modules/*/kernel/drivers/iommu/*' 2>/dev/null || true
    [ -n "$(find "$dir/boot" -name 'vmlinuz-*')" ] || die "no vmlinuz in $image"
    dpkg-deb -x "$(deb "$headers" "$DEBIAN_ARCH")" "$dir"
    dpkg-deb -x "$(deb "$common")" "$dir"
    dpkg-deb -x "$kbuild" "$dir"
    # It is used only to make type information for BPF, for which the build would need pahole.
    rm -f "$dir/usr/src/$headers/vmlinux"
    # The headers expect to be in /usr. Give them the path of the cache entry.
    grep -lI '/usr/src/linux-headers' "$dir/usr/src/$headers"/{Makefile,.kernelvariables} \
        "$dir/usr/src/$common/Makefile" |
        xargs sed -i "s|/usr/src/linux-headers|$entry/usr/src/linux-headers|"
}

# stock_words: set WORDS to series and flavour of the kernel that Debian built and KERNEL names, see
# kernel_of.
stock_words() {
    local what=${KERNEL#*-}
    case ${what%-stock} in
    [0-9]*) WORDS=("${what%-stock}") ;;
    *) WORDS=("$SERIES" "${what%-stock}") ;;
    esac
}

named_stock_kernel() {
    stock_words
    stock_kernel "${WORDS[@]}"
}

# guest_kernel_exists: stop if there is no kernel for guest_kernel, before anything is installed for it.
guest_kernel_exists() {
    may_install || return 0
    if [ "$KERNEL" = "$ARCH" ]; then
        stock_find
    elif is_stock "$KERNEL"; then
        stock_words
        stock_find "${WORDS[@]}"
    fi
}

# guest_kernel: get the kernel that KERNEL names, see kernel_of, but the one that Debian built where
# that is the debug kernel of ARCH.
guest_kernel() {
    if [ "$KERNEL" = "$ARCH" ] || [ -n "${KDIR:-}${VMLINUZ:-}" ]; then
        stock_kernel
    elif is_stock "$KERNEL"; then
        named_stock_kernel
    else
        "$ROOT/scripts/setup" test
        debug_kernel
    fi
}

# stock_build WHAT: get what a guest with guest_kernel needs, and build module and samples for it in
# $ROOT/build/stock-$KERNEL. Sets KDIR, VMLINUZ and BUSYBOX. WHAT is for the message.
stock_build() {
    step "looking for compiler, QEMU and kernel"
    guest_kernel_exists
    "$ROOT/scripts/setup" demo
    guest_kernel
    guest_busybox
    export BUSYBOX=$REPLY
    step "building $1 for $(cat "$KDIR/include/config/kernel.release")"
    "$ROOT/scripts/build" "stock-$KERNEL" "$KDIR" CONFIG_WDMDMA_SAMPLES=m
}

# kernel_source: get the kernel source for the debug kernel, checkpatch, kernel-doc and kunit.py,
# and set KSRC.
kernel_source() {
    if [ -n "${KSRC:-}" ]; then
        [ -e "$KSRC/tools/testing/kunit/kunit.py" ] || die "KSRC=$KSRC is not a kernel source tree"
        return
    fi
    local name version=''
    name=$(newest_cached source)
    if [ -z "$name" ]; then
        need_download "kernel source $SERIES" "KSRC="
        apt_update
        apt_has "linux-source-$SERIES" ||
            die "this distribution has no linux-source-$SERIES: give KSRC="
        version=$(apt-cache policy "linux-source-$SERIES" | sed -n 's/^ *Candidate: //p')
        name=source-$version
    fi
    cache_entry "$name" unpack_source
    KSRC=$REPLY
    export KSRC
}

unpack_source() {
    local dir=$1
    note "downloading kernel source (first run only, about 150 MB)"
    fetch "linux-source-$SERIES" || die "linux-source-$SERIES could not be downloaded"
    note "unpacking it (about 20 seconds)"
    # Register tables of one graphics driver make up a third of the tree.
    dpkg-deb --fsys-tarfile "$(deb "linux-source-$SERIES")" |
        tar -x -O "./usr/src/linux-source-$SERIES.tar.xz" |
        tar -xJ -C "$dir" --strip-components=1 --exclude='*/drivers/gpu/drm/amd/include'
}

# debug_kernel: get the kernel of the tests, and set KDIR, VMLINUZ and KSRC.
debug_kernel() {
    kernel_source
    if [ -n "${KDIR:-}${VMLINUZ:-}" ]; then
        stock_kernel
        return
    fi
    debug_kernel_name
    cache_entry "$REPLY" build_debug
    KDIR=$REPLY
    VMLINUZ=$KDIR/arch/$ARCH/boot/$KERNEL_IMAGE
    export KDIR VMLINUZ
}

# debug_config: print the fragments for all kernels, for ARCH, and for the rest of KERNEL's name. A
# later fragment overrides an earlier one.
debug_config() {
    local fragments=("$ROOT/scripts/debug-kernel.config" "$ROOT/scripts/debug-kernel.$ARCH.config")
    [ "$KERNEL" = "$ARCH" ] || fragments+=("$ROOT/scripts/debug-kernel.${KERNEL#*-}.config")
    cat "${fragments[@]}" | awk -F = '{ line[NR] = $0 } /^CONFIG/ { last[$1] = NR; name[NR] = $1 }
        END { for (i = 1; i <= NR; i++) if (!(i in name) || last[name[i]] == i) print line[i] }'
}

# debug_kernel_name: set REPLY to the name of the cache entry for KSRC, configuration and compiler.
debug_kernel_name() {
    local version hash
    version=$(make -s -C "$KSRC" kernelversion)
    hash=$( { debug_config; readlink -f "$KSRC"; } | sha256sum | cut -c 1-8)
    REPLY=debug-$KERNEL-$version-$hash-gcc$("${CROSS_COMPILE}gcc" -dumpfullversion)
}

build_debug() {
    local dir=$1 line log=$CACHE/debug-kernel-$KERNEL.log
    OBJECTS=$dir
    note "building the debug kernel for $KERNEL (first run only, about 4 minutes on two cores)"
    debug_config >"$dir/wanted.config"
    make -C "$KSRC" O="$dir" KCONFIG_ALLCONFIG="$dir/wanted.config" allnoconfig >"$log" 2>&1 ||
        die "allnoconfig failed, see $log"
    while read -r line; do
        # An option that the kernel cannot have gets no line.
        case $line in
        *=n) ! grep -q "^${line%n}" "$dir/.config" ;;
        *) grep -qxF "$line" "$dir/.config" ;;
        esac || die "the debug kernel lost '$line'"
    done < <(grep '^CONFIG' "$dir/wanted.config")
    # Building the image alone would make no Module.symvers, which modules need.
    long_run "$log" objects_built \
        make -C "$KSRC" O="$dir" -j"$(nproc)" "$KERNEL_IMAGE" modules || die "no debug kernel"
    # Keep headers, tools and symbol versions for modules, and remove the objects of the image.
    find "$dir" -path "$dir/scripts" -prune -o -path "$dir/tools" -prune -o \
        \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux*' \) -type f \
        -exec rm -f {} +
}

objects_built() {
    printf ', %d objects compiled' "$(find "$OBJECTS" -name '*.o' | wc -l)"
}

# guest_busybox: set REPLY to a static busybox for the guest. For another architecture than the
# host's it is downloaded.
guest_busybox() {
    ! static_busybox || return 0
    [ -z "${BUSYBOX:-}" ] || die "BUSYBOX=$BUSYBOX is not a static program for $ARCH"
    [ -d "$CACHE/busybox-$ARCH" ] || need_download "a static busybox for $ARCH" "BUSYBOX="
    cache_entry "busybox-$ARCH" unpack_busybox
    REPLY+=/bin/busybox
}

# unpack_busybox FOLDER: download Debian's busybox for ARCH and unpack it into FOLDER.
unpack_busybox() {
    local dir=$1
    note "downloading busybox for $ARCH (first run only, about 10 MB of package lists)"
    apt_update
    fetch "busybox-static:$DEBIAN_ARCH" ||
        die "busybox-static for $ARCH could not be downloaded: give BUSYBOX="
    dpkg-deb -x "$(deb busybox-static "$DEBIAN_ARCH")" "$dir"
}
