# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Root folders of other releases of Debian: mmdebstrap makes them in the cache, and chroot enters them.
# Both need root. Sourced after kernels.sh.

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
