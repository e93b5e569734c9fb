#!/usr/bin/env bash
# Builds programs against an installed encast, outside of the repository, as a new user has it.
#
#   scripts/test-packages.sh            a prefix of scripts/install.sh, and the same moved to another folder
#   scripts/test-packages.sh --all      the tarballs (glibc, musl), cargo cinstall, and the Debian packages in a clean system as well; needs
#                                       root, debootstrap and half an hour
set -euo pipefail
elsewhere=${CARGO_TARGET_DIR-}
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[[ -z $elsewhere ]] || export CARGO_TARGET_DIR=$elsewhere
cd "$root"
trap print_timings EXIT

CARGO_C_VERSION=0.10.24+cargo-0.98.0
case ${1-} in
"" | --all) all=${1-} ;;
*) fail "unknown option '$1'; known: --all" ;;
esac

work=$root/build/packages
rm -rf "$work"
mkdir -p "$work"
expected() { # what packaging/consumers have to print: what the command of the same build says of the same encode
    local vmaf
    vmaf=$("$1" predict --bitrate 4000 --resolution 1920x1080 --fps 30 --frame-drop 0.01 --motion 0.5 --json |
        python3 -c 'import json, sys; print("%.17g" % json.load(sys.stdin)["predicted_vmaf"])')
    printf 'encast %s, VMAF %s\n' "$("$1" --version | cut -d ' ' -f 2)" "$vmaf"
}

# consumers PREFIX [LIBDIR]: all of packaging/consumers, copied out of the repository
consumers() {
    local prefix=$1 libdir=${2:-$1/lib} copy
    copy=$(mktemp -d)
    cp -r packaging/consumers/. "$copy"
    (cd / && PKG_CONFIG_PATH=$libdir/pkgconfig CMAKE_PREFIX_PATH=$prefix "$copy/build.sh" "$prefix" "$expected" "$libdir")
    rm -rf "$copy"
}

only_the_interface() { # only_the_interface LIBDIR: what the libraries let others see
    local others soname
    others=$(nm -D --defined-only "$1/libencast.so" | awk '$3 !~ /^encast_/')
    [[ -z $others ]] || fail "libencast.so exports more than its interface: $others"
    soname=$(readelf -d "$1/libencast.so" | sed -n 's/.*soname: \[\(.*\)\]/\1/p')
    [[ $soname == libencast.so.* && $(readlink "$1/$soname") == "$soname".* ]] || fail "soname: '$soname'"
    diff <(nm -D --defined-only "$1/libencast.so" | awk '{ print $3 }' | sort) \
        <(nm -g --defined-only "$1/libencast.a" | awk 'NF == 3 { print $3 }' | sort) || fail "library and archive differ in their functions"
    # The symbols file of the Debian package knows them too.
    diff <(nm -D --defined-only "$1/libencast.so" | awk '{ print $3 }' | sort) \
        <(sed -n 's/^ \(encast_.*\)@.*/\1/p' debian/libencast*.symbols | sort) || fail "debian/libencast*.symbols is not up to date: scripts/deb.sh --symbols"
}

beside_another_rust() { # beside_another_rust LIBDIR: the archive in a program with another Rust compiler's standard library, if one is here
    local toolchain='' candidate folder order
    for candidate in $(rustup toolchain list 2>/dev/null | cut -d ' ' -f 1); do
        [[ $(rustc "+$candidate" -V) == "$(rustc -V)" ]] || toolchain=$candidate
    done
    [[ -n $toolchain ]] || { say "beside another Rust: NOT CHECKED, there is one toolchain only"; return; }
    folder=$(mktemp -d)
    printf '#[unsafe(no_mangle)]\npub extern "C" fn other_sum(n: u64) -> u64 { u64::from(std::panic::catch_unwind(|| panic!()).is_err()) + n }\n' >"$folder/other.rs"
    printf '#include <encast.h>\nuint64_t other_sum(uint64_t n);\nint main(void) { EncastModel *m;\nreturn encast_load_default_model(&m) == ENCAST_STATUS_OK && other_sum(1) == 2 ? 0 : 1; }\n' >"$folder/main.c"
    rustc "+$toolchain" --edition 2024 --crate-type staticlib -o "$folder/libother.a" "$folder/other.rs"
    for order in "$1/libencast.a $folder/libother.a" "$folder/libother.a $1/libencast.a"; do
        # shellcheck disable=SC2086
        cc -I "$1/../include" "$folder/main.c" $order -lm -o "$folder/main"
        "$folder/main" 2>/dev/null || fail "libencast.a beside an archive of $toolchain"
    done
    say "beside another Rust: $toolchain"
    rm -r "$folder"
}

installed_tree() {
    scripts/install.sh --prefix /opt/encast --destdir "$work/root" --relocatable --programs
    # Moved to where nothing expects it.
    mkdir -p "$work/odd folder"
    mv "$work/root/opt/encast" "$work/odd folder/encast"
    ln -s "odd folder" "$work/link"
    prefix=$work/link/encast
    expected=$(expected "$prefix/bin/encast")
    only_the_interface "$prefix/lib"
    beside_another_rust "$prefix/lib"
    consumers "$prefix"
    (cd / && "$root/scripts/test-install-page.sh" "$prefix" "$expected")
    scripts/test-go-get.sh "$prefix" "$expected"
    "$prefix/bin/encast-exporter" --config.check
    # A page for each subcommand and completions that know one.
    [[ -s $prefix/share/man/man1/encast-predict.1 && -s $prefix/share/man/man1/encast-exporter.1 ]] || fail "man pages are missing"
    grep -q recommend "$prefix/share/bash-completion/completions/encast" || fail "bash's completions lack recommend"
}

step install installed_tree
[[ -n $all ]] || exit 0

tarball() { # tarball [TRIPLE]: unpacked elsewhere, its checksum right
    local triple=${1:-$(rustc -vV | sed -n 's/^host: //p')} folder=$work/unpacked archive
    scripts/dist.sh "$@"
    mkdir -p "$folder"
    (cd build/dist && sha256sum --check "encast-"*"-$triple.tar.gz.sha256")
    archive=$(echo build/dist/encast-*-"$triple".tar.gz)
    tar -C "$folder" -xzf "$archive"
    prefix=$folder/$(basename "$archive" .tar.gz)
    [[ $("$prefix/bin/encast" --version) == "$(encast_version_line)" ]] || fail "the command of $archive has another version"
    if [[ $triple == *-musl ]]; then
        PKG_CONFIG_PATH=$prefix/lib/pkgconfig sh -c 'musl-gcc -static packaging/consumers/forecast.c \
            $(pkg-config --static --cflags --libs encast) -o "$1"' sh "$folder/forecast"
        [[ $("$folder/forecast") == "$expected" ]] || fail "a C program with musl says '$("$folder/forecast")', not '$expected'"
        scripts/test-static.sh "$prefix" "$work/link/encast"
    else
        consumers "$prefix"
    fi
}
encast_version_line() { "$work/link/encast/bin/encast" --version; }

same_as_cargo_c() {
    local ours=$work/ours theirs=$work/theirs query
    have cargo-cinstall || cargo install cargo-c --version "$CARGO_C_VERSION" --locked --debug --quiet --root "$tools" --target-dir "$root/build/cargo-c"
    rm -rf "$root/build/cargo-c"
    cargo cinstall --release --locked -p encast-ffi --prefix /usr/local --libdir lib --destdir "$theirs" --target-dir "$CARGO_TARGET_DIR"
    scripts/install.sh --destdir "$ours"
    # Files and links are the same but for the one that is more here.
    diff <(cd "$ours" && find . ! -type d -printf '%P %y %l\n' | grep -v encast-static.pc | sort) <(cd "$theirs" && find . ! -type d -printf '%P %y %l\n' | sort) ||
        fail "scripts/install.sh and cargo cinstall differ"
    (cd "$ours" && find . -name '*.h' -o -name '*.hpp' -o -name '*.cmake') | while read -r file; do cmp "$ours/$file" "$theirs/$file"; done
    for query in --modversion --cflags --libs --variable=libdir; do
        diff <(PKG_CONFIG_PATH=$ours/usr/local/lib/pkgconfig pkg-config "$query" encast) \
            <(PKG_CONFIG_PATH=$theirs/usr/local/lib/pkgconfig pkg-config "$query" encast) || fail "pkg-config $query differs"
    done
    # cargo-c names the compiler's runtime and libc as well, and some twice.
    diff <(PKG_CONFIG_PATH=$ours/usr/local/lib/pkgconfig pkg-config --static --libs encast | tr ' ' '\n' | grep . | sort -u) \
        <(PKG_CONFIG_PATH=$theirs/usr/local/lib/pkgconfig pkg-config --static --libs encast | tr ' ' '\n' | grep . | sort -u | grep -vxE -e '-l(gcc_s|c)') ||
        fail "pkg-config --static differs"
    diff <(readelf -d "$ours/usr/local/lib/libencast.so" | grep -E 'SONAME|NEEDED') \
        <(readelf -d "$theirs/usr/local/lib/libencast.so" | grep -E 'SONAME|NEEDED') || fail "the libraries differ in soname or needs"
}

step tarball tarball
step musl tarball x86_64-unknown-linux-musl
step cargo-c same_as_cargo_c
step debian scripts/test-debian.sh "$(expected "$work/link/encast/bin/encast")"
