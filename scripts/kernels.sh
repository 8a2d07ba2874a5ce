# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Where kernels come from: Debian packages unpacked into the cache, never installed; or what the
# caller gave in KDIR, VMLINUZ, KSRC, and then nothing is downloaded. Sourced after lib.sh.

SERIES=6.12

# The functions below set the same variables, so remember what the caller gave.
GIVEN=${KDIR:-}${VMLINUZ:-}${KSRC:-}

# On Debian and relatives, unless the caller brings kernels along.
may_download() {
    [ -z "$GIVEN" ] && command -v apt-get >/dev/null
}

# need_download WHAT VARIABLES: stop unless we can fetch WHAT ourselves.
need_download() {
    [ "$(uname -m)" = x86_64 ] || die "$1 is fetched on x86-64 only; give $2 instead"
    may_download || die "$1 is missing; give $2 (see: make help)"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# What apt is told to speak of ARCH; nothing for the host's own.
APT=()

apt_update() {
    local as=(as_root)
    APT=()
    [ "$ARCH" = x86 ] || foreign_lists
    # Lists of our own need nobody else.
    [ "$ARCH" = x86 ] || as=()
    [ -z "${APT_UPDATED[$ARCH]:-}" ] || return 0
    note "apt-get update"
    # For the package lists apt itself does not wait.
    (flock 7 && "${as[@]}" apt-get -q "${APT[@]}" update) 7>"$CACHE/.lock-apt" \
        >"$CACHE/apt-update.log" 2>&1 ||
        note "apt-get update failed (see $CACHE/apt-update.log); trying with what is known"
    APT_UPDATED[$ARCH]=1
}
declare -A APT_UPDATED=()

# The host's apt is not told of another architecture: its package lists are our own, and are thrown
# away.
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

# The newest cached folder named PREFIX-VERSION; nothing when there is none or REFRESH is set.
newest_cached() {
    [ -z "${REFRESH:-}" ] || return 0
    find "$CACHE" -maxdepth 1 -type d -name "$1-*" -printf '%f\n' | sort -V | tail -n 1
}

# fetch PACKAGE...: download to $CACHE/dl (apt keeps a file that is already whole).
fetch() {
    mkdir -p "$CACHE/dl"
    (
        cd "$CACHE/dl" || exit
        # As root apt would try to drop to a user who cannot write here.
        long_run "$CACHE/apt-download.log" fetch_status \
            apt-get -q -o APT::Sandbox::User="$(id -un)" "${APT[@]}" download "$@"
    )
}

fetch_status() {
    printf ', %s downloaded' "$(du -sh "$CACHE/dl" | cut -f 1)"
}

# deb PACKAGE [ARCHITECTURE]: its newest downloaded file.
deb() {
    find "$CACHE/dl/" -name "$1_*_${2:-*}.deb" | sort -V | tail -n 1
}

# stock_kernel [SERIES [FLAVOUR]]: Debian's own kernel, the plain one of $SERIES if nothing is said, or
# for example that of another series, or its flavour rt. Sets KDIR and VMLINUZ.
stock_kernel() {
    if [ -n "${KDIR:-}${VMLINUZ:-}" ]; then
        [ -n "${KDIR:-}" ] || die "VMLINUZ is given but not KDIR, the build folder of that kernel"
        [ -n "${VMLINUZ:-}" ] || die "KDIR is given but not VMLINUZ, the image of that kernel"
        [ -e "$KDIR/Makefile" ] || die "KDIR=$KDIR is not a kernel build folder"
        [ -r "$VMLINUZ" ] || die "VMLINUZ=$VMLINUZ cannot be read"
        return
    fi
    local series=${1:-$SERIES} flavour=${2:-} entry=$STOCK name version=''
    [ "$series" = "$SERIES" ] || entry=$series-$entry
    entry=${flavour:+$flavour-}$entry
    name=$(newest_cached "$entry")
    if [ -z "$name" ]; then
        need_download "a stock $series kernel${flavour:+ ($flavour)}" "KDIR= and VMLINUZ="
        apt_update
        version=$(stock_version "$series" "$flavour")
        [ -n "$version" ] ||
            die "this distribution has no linux-image-$series*-${flavour:+$flavour-}$DEBIAN_ARCH with" \
                "headers (bookworm-security and trixie have 6.12): give KDIR= and VMLINUZ= of a kernel" \
                "you have"
        name=$entry-$version
    fi
    cache_entry "$name" unpack_stock "$series" "$flavour" "$version" "$CACHE/$name"
    KDIR=$(echo "$REPLY"/usr/src/linux-headers-*-"$DEBIAN_ARCH")
    VMLINUZ=$(echo "$REPLY"/boot/vmlinuz-*)
    export KDIR VMLINUZ
}

# stock_version SERIES FLAVOUR: its newest release of which image and headers are there: 6.12.9+deb13,
# 6.1.0-56.
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

# stock_image VERSION FLAVOUR: the package, signed if there is one.
stock_image() {
    local p=linux-image-$1-${2:+$2-}$DEBIAN_ARCH
    for p in "$p" "$p-unsigned"; do
        if apt_has "$p"; then
            echo "$p"
            break
        fi
    done
}

# fetch_kbuild SERIES VERSION: the programs that build modules; they run here. A release has its own, or
# a series shares them.
fetch_kbuild() {
    use_arch x86
    apt_update
    if apt_has "linux-kbuild-$2"; then
        fetch "linux-kbuild-$2"
    else
        fetch "linux-kbuild-$1"
    fi
}

# unpack_stock SERIES FLAVOUR VERSION ENTRY FOLDER
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
    # Only type information for BPF is made with it, and that would need pahole.
    rm -f "$dir/usr/src/$headers/vmlinux"
    # The headers expect to stand in /usr; here they stand where the entry will be.
    grep -lI '/usr/src/linux-headers' "$dir/usr/src/$headers"/{Makefile,.kernelvariables} \
        "$dir/usr/src/$common/Makefile" |
        xargs sed -i "s|/usr/src/linux-headers|$entry/usr/src/linux-headers|"
}

# The kernel that Debian built of KERNEL's name, see kernel_of.
named_stock_kernel() {
    local what=${KERNEL#*-}
    case ${what%-stock} in
    [0-9]*) stock_kernel "${what%-stock}" ;;
    *) stock_kernel "$SERIES" "${what%-stock}" ;;
    esac
}

# Kernel source, for the debug kernel, checkpatch, kernel-doc and kunit.py: sets KSRC.
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
    # A third of the tree are register tables of one graphics driver.
    dpkg-deb --fsys-tarfile "$(deb "linux-source-$SERIES")" |
        tar -x -O "./usr/src/linux-source-$SERIES.tar.xz" |
        tar -xJ -C "$dir" --strip-components=1 --exclude='*/drivers/gpu/drm/amd/include'
}

# The kernel of the tests: sets KDIR, VMLINUZ, KSRC.
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

# The fragments for all, for ARCH, and for the rest of KERNEL's name. What a later one says counts.
debug_config() {
    local fragments=("$ROOT/scripts/debug-kernel.config" "$ROOT/scripts/debug-kernel.$ARCH.config")
    [ "$KERNEL" = "$ARCH" ] || fragments+=("$ROOT/scripts/debug-kernel.${KERNEL#*-}.config")
    cat "${fragments[@]}" | awk -F = '{ line[NR] = $0 } /^CONFIG/ { last[$1] = NR; name[NR] = $1 }
        END { for (i = 1; i <= NR; i++) if (!(i in name) || last[name[i]] == i) print line[i] }'
}

# debug_kernel_name: REPLY is the cache entry's name for KSRC, the configuration and the compiler.
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
        # What cannot be chosen at all has no line.
        case $line in
        *=n) ! grep -q "^${line%n}" "$dir/.config" ;;
        *) grep -qxF "$line" "$dir/.config" ;;
        esac || die "the debug kernel lost '$line'"
    done < <(grep '^CONFIG' "$dir/wanted.config")
    # The image alone leaves no Module.symvers to build modules against.
    long_run "$log" objects_built \
        make -C "$KSRC" O="$dir" -j"$(nproc)" "$KERNEL_IMAGE" modules || die "no debug kernel"
    # Modules need the headers, the tools and the symbol versions, not what the image was made of.
    find "$dir" -path "$dir/scripts" -prune -o -path "$dir/tools" -prune -o \
        \( -name '*.o' -o -name '*.a' -o -name '.*.cmd' -o -name 'vmlinux*' \) -type f \
        -exec rm -f {} +
}

objects_built() {
    printf ', %d objects compiled' "$(find "$OBJECTS" -name '*.o' | wc -l)"
}

# guest_busybox: REPLY is a static busybox for the guest. The host's own is no good for another
# architecture; that one is downloaded.
guest_busybox() {
    ! static_busybox || return 0
    [ -z "${BUSYBOX:-}" ] || die "BUSYBOX=$BUSYBOX is not a static program for $ARCH"
    [ -d "$CACHE/busybox-$ARCH" ] || need_download "a static busybox for $ARCH" "BUSYBOX="
    cache_entry "busybox-$ARCH" unpack_busybox
    REPLY+=/bin/busybox
}

# Debian's busybox for ARCH.
unpack_busybox() {
    local dir=$1
    note "downloading busybox for $ARCH (first run only, about 10 MB of package lists)"
    apt_update
    fetch "busybox-static:$DEBIAN_ARCH" ||
        die "busybox-static for $ARCH could not be downloaded: give BUSYBOX="
    dpkg-deb -x "$(deb busybox-static "$DEBIAN_ARCH")" "$dir"
}
