# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Root folders of other releases of Debian: mmdebstrap makes them in the cache, and chroot enters them.
# Both need root. Sourced after kernels.sh.

SUITES_OF_DEBIAN='bookworm bookworm-security bookworm-backports trixie trixie-security trixie-backports'
SUITES_OF_DEBIAN+=' forky sid experimental'

# mirror PATTERN: the first archive of Debian that this machine's apt knows whose suite matches.
mirror() {
    apt-get indextargets --format "\$(REPO_URI) \$(CODENAME)" 'Created-By: Packages' 'Origin: Debian' |
        awk -v suite="$1" '$2 ~ suite { print $1; exit }'
}

# sources RELEASE: its lines of sources.list.
sources() {
    local main security
    main=$(mirror '^[a-z]+$')
    security=$(mirror -security)
    [ -n "$main" ] || die "apt of this machine knows no archive of Debian"
    echo "deb $main $1 main"
    if [ "$1" = sid ]; then
        echo "deb $main forky main"
        echo "deb $main experimental main"
        return
    fi
    echo "deb $main $1-backports main"
    [ -z "$security" ] || echo "deb $security $1-security main"
}

# make_root RELEASE PACKAGES FOLDER: Debian's RELEASE with these packages, separated by commas, and no
# more than they need. Lists of a mirror that has stood still are taken, too, if their signature is good.
make_root() {
    local list
    mapfile -t list < <(sources "$1")
    note "making a root folder of Debian $1 (first run only, about 250 MB)"
    long_run "$CACHE/mmdebstrap.log" true mmdebstrap --mode=root --variant=apt \
        --architectures=amd64,arm64 --components=main --skip=cleanup/apt/lists \
        --aptopt='APT::Install-Recommends "0"' --aptopt='Acquire::Check-Valid-Until "0"' \
        --include="$2" "$1" "$3" "${list[@]}" ||
        die "no root folder of $1"
}

# inside COMMAND...: run it in the root folder CHROOT, with an environment of its own.
inside() {
    in_root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
}

# release_of SUITE: whose compiler and libraries its kernels are built with.
release_of() {
    case $1 in
    bookworm*) echo bookworm ;;
    trixie*) echo trixie ;;
    forky | sid | experimental) echo sid ;;
    *) die "SUITES: $1 is none of $SUITES_OF_DEBIAN" ;;
    esac
}

# enter RELEASE: sets CHROOT, and brings its package lists up to date once in a run.
enter() {
    cross=aarch64-linux-gnu
    cache_entry "root-$1" make_root "$1" "make,libelf-dev,gcc,g++,gcc-$cross,g++-$cross"
    CHROOT=$REPLY
    export CHROOT
    [ -z "${UPDATED[$1]:-}" ] || return 0
    sources "$1" >"$CHROOT/etc/apt/sources.list"
    inside apt-get -q update >"$CACHE/apt-update.log" 2>&1 ||
        note "apt-get update failed (see $CACHE/apt-update.log); trying with what is known"
    UPDATED[$1]=1
}
declare -A UPDATED=()

# newest SUITE FLAVOUR: sets RELEASE, as uname -r prints it, and VERSION, the package's. Nothing if
# the suite has none.
newest() {
    local meta=linux-image-$2
    VERSION=$(inside apt-cache madison "$meta:$DEBIAN_ARCH" |
        awk -F ' *[|] *' -v suite="$1" '{ split($3, word, " ")
            if (word[2] == suite "/main") { print $2; exit } }')
    RELEASE=''
    [ -n "$VERSION" ] || return 0
    RELEASE=$(inside apt-cache show "$meta:$DEBIAN_ARCH=$VERSION" |
        sed -nE 's/^Depends: .*\blinux-image-([^ ]+-'"$2"')( .*|$)/\1/p' | head -n 1)
    [ -n "$RELEASE" ] || die "$meta $VERSION of $1 names no image"
}

# get PACKAGE...: download in the root folder and unpack there, without what they depend on.
get() {
    local dir=/var/cache/wdmdma
    rm -rf "${CHROOT:?}$dir"
    mkdir -p "$CHROOT$dir"
    inside sh -c "cd $dir && apt-get -q -o APT::Sandbox::User=root download $*" \
        >"$CACHE/apt-download.log" 2>&1 || return 1
    # Packages of bookworm have files in /lib, which is a link.
    inside sh -c "set -e; for deb in $dir/*.deb; do dpkg-deb --fsys-tarfile \$deb >$dir/tar
        tar -x --keep-directory-symlink -f $dir/tar -C /; done" || return 1
    rm -rf "${CHROOT:?}$dir"
}

# parts: the packages that image and headers of RELEASE consist of, without the modules.
parts() {
    local of
    for of in image headers; do
        echo "linux-$of-$RELEASE:$DEBIAN_ARCH=$VERSION"
        inside apt-cache show "linux-$of-$RELEASE:$DEBIAN_ARCH=$VERSION" | sed -n 's/^Depends: //p' |
            tr ',' '\n' | sed -nE "s/^ *(linux-(base|binary)-[0-9][^ ]*).*/\1:$DEBIAN_ARCH/p
                s/^ *(linux-headers-[0-9][^ ]*).*/\1/p; s/^ *(linux-kbuild-[0-9][^ ]*).*/\1:amd64/p"
    done | sort -u
}

# unpack_kernel: image and headers of RELEASE. Sets KDIR and VMLINUZ.
unpack_kernel() {
    local whole=$CHROOT/var/lib/wdmdma-$RELEASE-$VERSION packages
    KDIR=$CHROOT/usr/src/linux-headers-$RELEASE
    VMLINUZ=$CHROOT/boot/vmlinuz-$RELEASE
    export KDIR VMLINUZ
    [ ! -e "$whole" ] || return 0
    note "downloading $RELEASE $VERSION"
    mapfile -t packages < <(parts)
    get "${packages[@]}" || return 1
    # Only type information for BPF is made with it, and that would need pahole.
    rm -f "$KDIR/vmlinux"
    # Since 7.3 the image is among the modules, of which the guest needs none but ours.
    [ -e "$VMLINUZ" ] || mv "$CHROOT/usr/lib/modules/$RELEASE/vmlinuz" "$VMLINUZ" || return 1
    rm -rf "${CHROOT:?}/usr/lib/modules/$RELEASE" "$CHROOT/lib/modules/$RELEASE"
    touch "$whole"
}
