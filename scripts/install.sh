#!/usr/bin/env bash
# Builds and installs what C and C++ programs need; with --programs the command and the exporter too.
#
#   scripts/install.sh [--prefix DIR] [--libdir DIR] [--destdir DIR] [--target TRIPLE] [--relocatable] [--strip] [--programs]
#
#   --prefix DIR     where it will be used from; default /usr/local
#   --libdir DIR     of the libraries, relative to the prefix or absolute; default lib
#   --destdir DIR    a folder that stands in for / while a package is made
#   --target TRIPLE  for another system, such as x86_64-unknown-linux-musl (which gets the archive only)
#   --relocatable    encast.pc finds its folders from its own place instead of the prefix
#   --strip          without debugging information
#   --programs       encast, encast-exporter, man pages and completions as well; needs Go
#
# The tree is that of `cargo cinstall` (cargo-c), and encast-static.pc, but needs nothing beside cargo and a C compiler; and the archive's
# names other than the interface's are local.
set -euo pipefail
elsewhere=${CARGO_TARGET_DIR-}
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# Of the scripts, this one keeps the caller's choice: makers of packages have builds of their own.
[[ -z $elsewhere ]] || export CARGO_TARGET_DIR=$elsewhere
started_in=$PWD
cd "$root"

prefix=/usr/local libdir=lib destdir='' target='' relocatable='' strip='' programs=''
while (($#)); do
    case $1 in
    --prefix | --libdir | --destdir | --target)
        (($# > 1)) || fail "$1 needs a value"
        declare "${1#--}=$2"
        shift
        ;;
    --relocatable | --strip | --programs) declare "${1#--}=1" ;;
    *) fail "unknown option '$1'; see the head of scripts/install.sh" ;;
    esac
    shift
done
[[ $prefix == /* ]] || fail "--prefix $prefix: an absolute path is needed"
prefix=${prefix%/}
[[ $libdir == /* ]] || libdir=$prefix/$libdir
[[ -z $destdir || $destdir == /* ]] || destdir=$started_in/$destdir
includedir=$prefix/include
host=$(rustc -vV | sed -n 's/^host: //p')
release=$CARGO_TARGET_DIR/${target:+$target/}release
for_target=(${target:+--target "$target"})
packages=(-p encast-ffi ${programs:+-p encast-cli})

version=$(cargo pkgid -p encast-ffi)
version=${version##*[#@]}
# Before 1.0 each minor version may break, so it is part of the name that programs ask for (as cargo-c has it).
series=${version%%.*}
[[ $series != 0 ]] || series=${version%.*}

# What the archive needs of the system. The compiler's own runtime and libc are left out: compilers add these by themselves, each
# in its right form, and naming -lgcc_s would keep programs from being linked with -static.
system_libraries() {
    local folder list
    folder=$(mktemp -d)
    : >"$folder/empty.rs"
    list=$(rustc "${for_target[@]}" --crate-type staticlib --print native-static-libs --out-dir "$folder" "$folder/empty.rs" 2>&1 |
        sed -n 's/.*native-static-libs: //p')
    rm -r "$folder"
    printf '%s\n' "$list" | tr ' ' '\n' | grep -vxE -e '-l(gcc_s|unwind|c)' | paste -sd ' ' || true
}

write_pc() { # write_pc NAME
    local from=$prefix lib=$libdir
    if [[ -n $relocatable ]]; then
        [[ $libdir == "$prefix"/* ]] || fail "--relocatable needs the libraries below the prefix"
        from="\${pcfiledir}/$(realpath -ms --relative-to="$libdir/pkgconfig" "$prefix")"
    fi
    [[ $libdir != "$prefix"/* ]] || lib="\${prefix}${libdir#"$prefix"}"
    sed -e "s|@prefix@|$from|; s|@libdir@|$lib|; s|@includedir@|\${prefix}/include|" \
        -e "s|@version@|$version|; s|@private@|$(system_libraries)|" "packaging/$1.pc.in" >"$destdir$libdir/pkgconfig/$1.pc"
    chmod 644 "$destdir$libdir/pkgconfig/$1.pc"
}

build() { # build [VARIABLE=VALUE]: all packages at once, as scripts/build.sh does, so that theirs is used
    env "$@" cargo build --release --locked "${for_target[@]}" "${packages[@]}"
}

# One object whose only names are the interface's. As rustc writes it, the archive defines rust_eh_personality, so that no program could
# hold it beside an archive of another Rust compiler. Groups are resolved before their names become local, and
# the standard library's bitcode is left out, which nothing could be read from once it lies end to end.
install_archive() { # install_archive PATH
    local folder others unwinder=()
    folder=$(mktemp -d)
    # musl has no unwinder of its own, and that of a gcc for glibc does not work with it: Rust's comes along.
    [[ $target != *-musl ]] || unwinder=("$(rustc --print sysroot)/lib/rustlib/$target/lib/self-contained/libunwind.a")
    ld -r --force-group-allocation --whole-archive "$release/libencast.a" --no-whole-archive "${unwinder[@]}" -o "$folder/all.o"
    objcopy --wildcard --keep-global-symbol='encast_*' --remove-section=.llvmbc --remove-section=.llvmcmd "$folder/all.o" "$folder/encast.o"
    [[ -z $strip ]] || strip --strip-debug "$folder/encast.o"
    (cd "$folder" && ar rcsD libencast.a encast.o)
    others=$(nm -g --defined-only "$folder/libencast.a" | awk 'NF == 3 && $3 !~ /^encast_/')
    [[ -z $others ]] || fail "libencast.a defines more than its interface: $others"
    install -m 644 "$folder/libencast.a" "$1"
    rm -r "$folder"
}

install_library() {
    local shared=$destdir$libdir/libencast.so.$version
    install -d "$destdir$libdir/pkgconfig" "$destdir$libdir/cmake/encast" "$destdir$includedir"
    if [[ $target != *-musl ]]; then
        build ENCAST_SONAME="libencast.so.$series"
        install -m 644 "$release/libencast.so" "$shared"
        [[ -z $strip ]] || strip --strip-unneeded "$shared"
        ln -sf "libencast.so.$version" "$destdir$libdir/libencast.so.$series"
        ln -sf "libencast.so.$version" "$destdir$libdir/libencast.so"
    fi
    # Without the soname again: in the build folder nothing has that file name.
    build
    install_archive "$destdir$libdir/libencast.a"
    (cd include && find . -type f -exec install -D -m 644 {} "$destdir$includedir/{}" \;)
    install -m 644 packaging/cmake/*.cmake "$destdir$libdir/cmake/encast/"
    write_pc encast
    write_pc encast-static
}

install_exporter() { # install_exporter PATH
    local flags=(-buildvcs=false) settings=(CGO_ENABLED=1)
    # The Go package links target/release; the archive of another build has to come first.
    [[ $release == "$root/target/release" ]] || settings+=("CGO_LDFLAGS=-L$destdir$libdir ${CGO_LDFLAGS-}")
    if [[ $target == *-musl ]]; then
        flags+=(-tags 'encast_source_tree netgo osusergo' -ldflags "${strip:+-s -w }-linkmode external -extldflags -static")
        settings+=(CC=musl-gcc)
    elif [[ -n $strip ]]; then
        flags+=(-ldflags '-s -w')
    fi
    (cd go-exporter && env "${settings[@]}" go build "${flags[@]}" -o "$1" ./cmd/encast-exporter)
}

install_programs() {
    local bin=$destdir$prefix/bin share=$destdir$prefix/share pages
    install -d "$bin" "$share"/{man/man1,bash-completion/completions,zsh/vendor-completions,fish/vendor_completions.d,doc/encast}
    install -m 755 "$release/encast" "$bin/"
    install_exporter "$bin/encast-exporter"
    [[ -z $strip ]] || strip "$bin/encast"
    pages=$(mktemp -d)
    # musl's programs run here as well; those of other machines do not.
    "$bin/encast" pages "$pages"
    {
        printf '.TH encast-exporter 1 "" "encast %s"\n.SH NAME\nencast-exporter \\- exposes forecasts of video encodes to Prometheus\n' "$version"
        # Its own head is not one that man can read.
        "$bin/encast-exporter" --help-man | sed -n '/^\.SH "SYNOPSIS"/,$p'
    } >"$pages/encast-exporter.1"
    install -m 644 "$pages"/*.1 "$share/man/man1/"
    install -m 644 "$pages/encast.bash" "$share/bash-completion/completions/encast"
    install -m 644 "$pages/_encast" "$share/zsh/vendor-completions/"
    install -m 644 "$pages/encast.fish" "$share/fish/vendor_completions.d/"
    scripts/licences.sh "${target:-$host}" >"$pages/third-party-licences.txt"
    install -m 644 "$pages/third-party-licences.txt" "$share/doc/encast/"
    rm -r "$pages"
}

install_library
[[ -z $programs ]] || install_programs
say "installed encast $version for ${target:-$host} in $destdir$prefix"
