#!/bin/sh
# Puts librocksdb, and those libraries it needs that this machine lacks, into a directory: nothing is installed, no root is needed.
# The package comes from the machine's own package sources through apt-get, is checked by it, and unpacked with dpkg-deb.
#
#   fetch-librocksdb.sh DIR      DIR = artifacts/native/linux-x64 or …/linux-arm64; it gets the libraries and a file `complete`
#
# Does nothing when DIR is complete, or the machine has librocksdb (unless LOGBROKER_ROCKSDB_IGNORE_SYSTEM=1), or LOGBROKER_ROCKSDB
# names one. After a failure it is not tried again for ten minutes (delete DIR.failed to try at once). Exits 0, or 3 when the library
# was not fetched and the last line says why: a build does not need it, only running does.
set -u
export LC_ALL=C

target=$1
work=$target.work
version_min=7.8

say() { echo "librocksdb: $*"; }

# Ends without the library.
decline()
{
    say "not fetched: $*. Before running the broker, install it (Debian, Ubuntu: apt-get install librocksdb-dev) or set" \
        "LOGBROKER_ROCKSDB to its path."
    exit 3
}

# The same for whoever holds the lock, so that the next builds need not try again.
give_up()
{
    touch "$target.failed"
    rm -rf "$work"
    decline "$@"
}

failed_lately() { [ -n "$(find "$target.failed" -mmin -10 2>/dev/null)" ]; }

system_has_it()
{
    [ "${LOGBROKER_ROCKSDB_IGNORE_SYSTEM:-}" != 1 ] || return 1
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep -Eq '^[[:space:]]*librocksdb\.so(\.(7\.([89]|1[0-9])|8|9|10)(\.[0-9]+)*)? '
}

# The package client, on the machine's lists or on lists of our own. Ours need no rights; the sandbox user could not reach them.
apt()
{
    command=$1
    shift
    if [ -n "$lists" ]
    then
        set -- -o "Dir::State::lists=$lists" -o "Dir::Cache=$work/cache" -o Acquire::Languages=none \
            -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
    fi
    timeout 300 "apt-$command" -o "APT::Sandbox::User=$(id -un)" -o Acquire::Retries=2 -o Acquire::http::Timeout=20 \
        -o Acquire::https::Timeout=20 "$@" >> "$work/log" 2>&1
}

# The newest package of the library that the lists know, or nothing.
newest_package()
{
    : > "$work/names"
    if [ -n "$lists" ]
    then
        apt-cache -o "Dir::State::lists=$lists" -o "Dir::Cache=$work/cache" search --names-only '^librocksdb[0-9]' > "$work/names"
    else
        apt-cache search --names-only '^librocksdb[0-9]' > "$work/names"
    fi 2>> "$work/log"
    sed -n 's/^\(librocksdb[0-9][0-9.]*[^ ]*\) .*/\1/p' "$work/names" | sort -V | tail -n 1
}

download()
{
    (cd "$work/packages" && apt get download "$@")
}

refresh_lists()
{
    lists=$work/lists
    mkdir -p "$lists/partial" "$work/cache/archives/partial"
    # A failure shows in what follows: hooks of the machine's configuration may fail for want of rights after all went well.
    apt get update || true
}

# Names of the libraries which the files in a directory need and the machine and that directory lack.
missing_for()
{
    for library in "$1"/lib*.so*
    do
        LD_LIBRARY_PATH=$1 ldd "$library" 2>/dev/null
    done | sed -n 's/^[[:space:]]*\([^ ]*\) => not found$/\1/p' | sort -u
}

# The direct dependencies of the packages unpacked so far that are not installed and were not taken yet.
next_packages()
{
    for deb in "$work"/packages/*.deb
    do
        dpkg-deb -f "$deb" Depends Pre-Depends
    done | sed 's/^[A-Za-z-]*: //' | tr ',' '\n' | sed 's/|.*//; s/(.*//; s/:[a-z]*//; s/[[:space:]]//g' | sort -u | while read -r name
    do
        [ -n "$name" ] || continue
        ls "$work/packages/$name"_*.deb > /dev/null 2>&1 && continue
        dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' && continue
        echo "$name"
    done
}

# Copies a library out of the unpacked packages, under the name it is asked for by.
take()
{
    found=$(find "$work/root" -name "$1" | head -n 1)
    [ -n "$found" ] && cp -L "$found" "$work/out/$1"
}

unpack()
{
    for deb in "$work"/packages/*.deb
    do
        dpkg-deb -x "$deb" "$work/root" || return 1
    done
}

take_missing()
{
    round=0
    while missing=$(missing_for "$work/out") && [ -n "$missing" ]
    do
        round=$((round + 1))
        [ $round -le 6 ] || give_up "still missing after $round rounds:" $missing
        for name in $(next_packages)
        do
            download "$name" || say "package $name cannot be downloaded"
        done
        unpack || give_up "a package cannot be unpacked"
        taken=
        for name in $missing
        do
            take "$name" && taken=$taken$name
        done
        [ -n "$taken" ] || give_up "no package has" $missing
        all_taken="$all_taken $(echo $missing)"
    done
}

fetch()
{
    arch=$(dpkg --print-architecture)
    case $arch:$target in
        amd64:*linux-x64 | arm64:*linux-arm64) ;;
        *) give_up "the packages of this machine ($arch) do not fit $(basename "$target")" ;;
    esac

    say "this machine has none; fetching its package, to unpack it into $target and install nothing"
    rm -rf "$work" "$target.failed"
    mkdir -p "$work/packages" "$work/root" "$work/out"
    lists=
    package=$(newest_package)
    if [ -z "$package" ] || ! download "$package"
    then
        refresh_lists
        package=$(newest_package)
        [ -n "$package" ] || give_up "no package of it in the package lists; is there a network? ($(grep -E '^(E|W):' "$work/log" | tail -n 1))"
        download "$package" || give_up "package $package cannot be downloaded ($(grep -E '^E:' "$work/log" | tail -n 1))"
    fi

    version=$(dpkg-deb -f "$work"/packages/librocksdb*.deb Version)
    dpkg --compare-versions "$version" ge $version_min || give_up "this release has version $version; $version_min or newer is needed"
    unpack || give_up "package $package cannot be unpacked"
    library=$(find "$work/root" -name 'librocksdb.so.*' -type l | head -n 1)
    [ -n "$library" ] || library=$(find "$work/root" -name 'librocksdb.so.*' -type f | head -n 1)
    [ -n "$library" ] || give_up "package $package holds no library"
    all_taken=
    take "$(basename "$library")"
    take_missing

    echo "$package $version$all_taken" > "$work/out/complete"
    rm -rf "$target"
    mv "$work/out" "$target"
    rm -rf "$work"
    say "unpacked $package $version${all_taken:+ with$all_taken}"
}

[ ! -e "$target/complete" ] || exit 0
[ -z "${LOGBROKER_ROCKSDB:-}" ] || exit 0
system_has_it && exit 0
failed_lately && exit 0
for tool in apt-get apt-cache dpkg dpkg-deb dpkg-query ldd flock timeout
do
    command -v $tool > /dev/null || decline "this is not a Debian-like system (no $tool)"
done
mkdir -p "$(dirname "$target")" 2>/dev/null
[ -w "$(dirname "$target")" ] || decline "$(dirname "$target") cannot be written"

# Builds run side by side: the first fetches, the others wait and find it done, or failed.
exec 9> "$target.lock"
flock -w 600 9 || decline "another build holds $target.lock"
[ ! -e "$target/complete" ] || exit 0
failed_lately && exit 0
fetch
