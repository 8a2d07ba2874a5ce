# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: GPL-2.0-only
# Usage: . scripts/lib.sh
# Functions that all scripts share, for messages, the cache, machines and logs.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/wdmdma
mkdir -p "$CACHE"

# The scripts start make for other folders, which must not get the options of the calling make.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS
export LC_ALL=C

# use_arch ARCH: set the architecture to build for. The kernel's makefiles use ARCH and
# CROSS_COMPILE, too.
use_arch() {
    case $1 in
    x86 | x86_64)
        ARCH=x86 CROSS_COMPILE='' KERNEL_IMAGE=bzImage ELF_MACHINE=X86-64 DEBIAN_ARCH=amd64
        STOCK=stock
        ;;
    arm64)
        ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- KERNEL_IMAGE=Image ELF_MACHINE=AArch64
        DEBIAN_ARCH=arm64 STOCK=arm64-stock
        ;;
    *) die "ARCH=$1: neither x86 nor arm64" ;;
    esac
    KERNEL=$ARCH
    export ARCH CROSS_COMPILE
}

# arch_of CONFIG: print the architecture of a machine of scripts/run-qemu, which is in its name.
arch_of() {
    case $1 in
    arm64-*) echo arm64 ;;
    *) echo x86 ;;
    esac
}

# kernel_of CONFIG: print the kernel of a machine. ARCH and ARCH-rt are debug kernels.
# ARCH-SERIES-stock and ARCH-FLAVOUR-stock are kernels that Debian built.
kernel_of() {
    case $1 in
    rt-stock) echo x86-rt-stock ;;
    strict-6.1) echo x86-6.1-stock ;;
    rt | rt-*) echo x86-rt ;;
    *) arch_of "$1" ;;
    esac
}

# is_stock KERNEL: succeed for a kernel that Debian built, which has no KUnit.
is_stock() {
    [[ $1 == *-stock ]]
}

# use_kernel KERNEL: select one of these kernels, and its architecture.
use_kernel() {
    use_arch "${1%%-*}"
    KERNEL=$1
}

# version: print the version of the module, from the header that has it.
version() {
    sed -nE 's/^#define WDMDMA_VERSION_(MAJOR|MINOR|PATCH)\t+([0-9]+)$/\2/p' \
        "$ROOT/include/wdmdma/version.h" | paste -s -d .
}

# The time at which the first script began. Scripts that it calls show times from then on.
export WDMDMA_START=${WDMDMA_START:-$EPOCHSECONDS}
STEP=0
STEPS=0
SCRATCH=()

cleanup() {
    rm -rf "${SCRATCH[@]}"
}
trap cleanup EXIT

# scratch_dir PARENT: make a folder that is removed when the script ends. REPLY is its name.
scratch_dir() {
    REPLY=$(mktemp -d "$1/tmp.XXXXXX")
    SCRATCH+=("$REPLY")
}

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

step() {
    STEP=$((STEP + 1))
    printf '[%2d/%d %3ds] %s\n' "$STEP" "$STEPS" $((EPOCHSECONDS - WDMDMA_START)) "$*"
}

note() {
    printf '      %3ds  %s\n' $((EPOCHSECONDS - WDMDMA_START)) "$*"
}

logged() {
    local log=$1
    shift
    "$@" </dev/null >"$log" 2>&1
}

# alone NAME: wait until no other run of NAME uses the build folder of this tree.
alone() {
    mkdir -p "$ROOT/build"
    exec 8>"$ROOT/build/.lock-$1"
    flock -n 8 || {
        note "waiting for another 'make $1' in this tree"
        flock 8
    }
}

# static_busybox: set REPLY to BUSYBOX or the host's busybox. Fail if it is not static or not for
# ARCH.
static_busybox() {
    REPLY=$(command -v "${BUSYBOX:-busybox}") && [[ $(readelf -hlW "$REPLY") == *Machine:*"$ELF_MACHINE"* ]] &&
        [[ $(readelf -lW "$REPLY") != *INTERP* ]]
}

# with_heartbeat STATUS COMMAND...: run the command, and print every 15 s that it still runs. STATUS
# is a command that prints the progress.
with_heartbeat() {
    local status=$1 rc=0 heart
    shift
    (
        exec 8>&- 9>&-
        # The sleep must not keep the pipe of the caller open after the script has ended.
        while sleep 15 >/dev/null 2>&1; do
            note "... still running$($status)"
        done
    ) &
    heart=$!
    "$@" || rc=$?
    kill "$heart" 2>/dev/null || true
    wait "$heart" 2>/dev/null || true
    return "$rc"
}

# long_run LOG STATUS COMMAND...: the same, with the output in LOG. Show its end on failure.
long_run() {
    local log=$1 status=$2 rc=0
    shift 2
    with_heartbeat "$status" logged "$log" "$@" || rc=$?
    if [ "$rc" -ne 0 ]; then
        echo "failed ($rc): $*; the end of $log:" >&2
        tail -n 30 "$log" >&2
    fi
    return "$rc"
}

# cache_entry NAME BUILDER...: set REPLY to $CACHE/NAME, which "BUILDER folder" makes if it is
# missing. The entry is never there in part, and two runs at the same time build it once.
cache_entry() {
    local name=$1
    shift
    if [ ! -d "$CACHE/$name" ]; then
        exec 9>"$CACHE/.lock-$name"
        if ! flock -n 9; then
            note "waiting for another run that makes $name"
            flock 9
        fi
        if [ ! -d "$CACHE/$name" ]; then
            scratch_dir "$CACHE"
            local tmp=$REPLY
            "$@" "$tmp"
            chmod 755 "$tmp"
            mv -T "$tmp" "$CACHE/$name"
        fi
        exec 9>&-
    fi
    REPLY=$CACHE/$name
}

# The reports of IOMMU faults by the drivers for Intel, AMD, virtio and Arm.
FAULTS='DMAR: ([[]DMA|DRHD: handling fault)|AMD-Vi: Event logged|virtio_iommu .*: page fault'
FAULTS+='|arm-smmu-v3 .*: event 0x'

# without_expected_faults LOG: print the log without the IOMMU faults that tests provoke. A test
# writes a line before and after such faults. If there is no fault between the lines, print a line
# that says so. QEMU's AMD IOMMU reports no fault, so there the test can only look at the data.
# After ten faults a driver is silent for the rest of 5 seconds.
without_expected_faults() {
    awk -v faults="$FAULTS" '/AMD-Vi: Using/ { silent = 1 }
        { now = substr($0, 2) + 0 }
        /begin of IOMMU faults expected/ {
            expected = 1
            seen = silent || n >= 10 && now - at[n - 10] < 5
        }
        /end of IOMMU faults expected/ {
            if (expected && !seen) print "BUG: no IOMMU fault where one was expected"
            expected = 0
        }
        expected && $0 ~ faults { seen = 1; at[n++] = now; next }
        { print }' "$1"
}

# A message of the module with a kernel address that is not hashed. Such an address is in the direct
# map, in vmalloc or in a module. Limits that a driver gave, such as all ones, do not count. The
# message begins with the name of the module, or with those of a driver and its device, and then
# has the name of a call.
RAW_ADDRESS='\] (wdmdma|kunit [a-z0-9_]+\.wdmdma|[^] :]+ [^] ]+: ([A-Z][A-Za-z]+|wdmdma_[a-z_]+|driver unbound): )[^]]*\b(0x)?ffff([08c-e][0-9a-f]{11}|ffff[89ac][0-9a-f]{7})\b'

# bad_lines LOG: print the lines by which a kernel reports an error. Slabs and poisoned pages have
# reports of their own. With slub_debug a kernel hashes no address, and says so.
bad_lines() {
    local raw=$RAW_ADDRESS
    ! grep -q 'This system shows unhashed kernel memory addresses' "$1" || raw=$FAULTS
    without_expected_faults "$1" | grep -aE -e 'WARNING: |BUG: |UBSAN: |INFO: (possible|trying|task|rcu)|Oops|Kernel panic' \
        -e 'general protection|invalid opcode|segfault|Unable to handle|Out of memory' \
        -e 'BUG [^ ]+ \([^)]*\): |pagealloc: ' \
        -e 'DEBUG_LOCKS_WARN|refcount_t: |DMA-API: .*(device driver|cacheline|exceed)' \
        -e 'kmemleak: .*(disabled|Cannot allocate a kmemleak_object)' -e "$FAULTS" -e "$raw" || true
}

# in_root COMMAND...: run it in the root folder CHROOT, if there is one, with /proc and /dev mounted for
# it alone.
in_root() {
    if [ -z "${CHROOT:-}" ]; then
        "$@"
        return
    fi
    # shellcheck disable=SC2016 # that shell expands it
    unshare --mount sh -c \
        'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" "$@"' \
        "$CHROOT" "$@"
}

use_arch "${ARCH:-x86}"
