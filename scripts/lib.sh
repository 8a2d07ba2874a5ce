# shellcheck shell=bash disable=SC2034 # used by those who source this
# SPDX-License-Identifier: GPL-2.0-only
# Shared by all scripts: messages, the cache, what is missing. Sourced; never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/wdmdma
mkdir -p "$CACHE"

# The make that called us must not hand its options to the makes started here.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS
export LC_ALL=C

# use_arch ARCH: the architecture of the machines that run what is built; the kernel's makefiles look
# at ARCH and CROSS_COMPILE too.
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

# arch_of CONFIG: the architecture of a machine of scripts/run-qemu is in its name.
arch_of() {
    case $1 in
    arm64-*) echo arm64 ;;
    *) echo x86 ;;
    esac
}

# kernel_of CONFIG: which kernel a machine runs is in its name too: a debug kernel, ARCH or ARCH-rt, or
# one that Debian built, ARCH-SERIES-stock or ARCH-FLAVOUR-stock.
kernel_of() {
    case $1 in
    rt-stock) echo x86-rt-stock ;;
    strict-6.1) echo x86-6.1-stock ;;
    rt | rt-*) echo x86-rt ;;
    *) arch_of "$1" ;;
    esac
}

# is_stock KERNEL: it has no KUnit.
is_stock() {
    [[ $1 == *-stock ]]
}

# use_kernel NAME: one of these, and its architecture.
use_kernel() {
    use_arch "${1%%-*}"
    KERNEL=$1
}

# version: of the module; its header is the one place that has it.
version() {
    sed -nE 's/^#define WDMDMA_VERSION_(MAJOR|MINOR|PATCH)\t+([0-9]+)$/\2/p' \
        "$ROOT/include/wdmdma/version.h" | paste -s -d .
}

# When the first script began; those it calls count from there.
export WDMDMA_START=${WDMDMA_START:-$EPOCHSECONDS}
STEP=0
STEPS=0
SCRATCH=()

cleanup() {
    rm -rf "${SCRATCH[@]}"
}
trap cleanup EXIT

# scratch_dir PARENT: a folder that is gone when the script ends; named by REPLY.
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

# alone NAME: wait until no other run of NAME uses this tree's build folder.
alone() {
    mkdir -p "$ROOT/build"
    exec 8>"$ROOT/build/.lock-$1"
    flock -n 8 || {
        note "waiting for another 'make $1' in this tree"
        flock 8
    }
}

# static_busybox: REPLY is BUSYBOX, or the host's, if ARCH runs it without libraries.
static_busybox() {
    REPLY=$(command -v "${BUSYBOX:-busybox}") && [[ $(readelf -hlW "$REPLY") == *Machine:*"$ELF_MACHINE"* ]] &&
        [[ $(readelf -lW "$REPLY") != *INTERP* ]]
}

# with_heartbeat STATUS COMMAND...: run, and say every 15 s that it still runs. STATUS is a command
# whose output says how far it is.
with_heartbeat() {
    local status=$1 rc=0 heart
    shift
    (
        exec 8>&- 9>&-
        # The sleep must not keep our caller's pipe open after we are gone.
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

# long_run LOG STATUS COMMAND...: the same with output to LOG, the end of which is shown on failure.
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

# cache_entry NAME BUILDER...: $CACHE/NAME, made by "BUILDER folder" if it is not there; named by
# REPLY. It appears whole or not at all, and two runs at the same time build it once.
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

# How an IOMMU's driver reports a fault: Intel's, AMD's, virtio's, Arm's.
FAULTS='DMAR: ([[]DMA|DRHD: handling fault)|AMD-Vi: Event logged|virtio_iommu .*: page fault'
FAULTS+='|arm-smmu-v3 .*: event 0x'

# without_expected_faults LOG: the log, less the IOMMU faults between the lines with which a test
# says that it provokes them; if there is none, a line that says so. QEMU's AMD IOMMU stops a device,
# but never reports that: there the test's look at the data is all. And a driver is silent for the rest
# of 5 seconds after ten faults.
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

# bad_lines LOG: what a kernel says when something is wrong; slabs and poisoned pages say it in words of
# their own.
bad_lines() {
    without_expected_faults "$1" | grep -aE -e 'WARNING: |BUG: |UBSAN: |INFO: (possible|trying|task|rcu)|Oops|Kernel panic' \
        -e 'general protection|invalid opcode|segfault|Unable to handle|Out of memory' \
        -e 'BUG [^ ]+ \([^)]*\): |pagealloc: ' \
        -e 'DEBUG_LOCKS_WARN|refcount_t: |DMA-API: .*(device driver|cacheline|exceed)' \
        -e 'kmemleak: .*(disabled|Cannot allocate a kmemleak_object)' -e "$FAULTS" || true
}

use_arch "${ARCH:-x86}"
