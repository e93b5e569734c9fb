#!/usr/bin/env bash
# Builds and runs the programs beside it with every build system, against an installed encast, and checks what they print and what they
# were linked with.
#
#   build.sh PREFIX EXPECTED [LIBDIR]     EXPECTED: the line they have to print; LIBDIR: default PREFIX/lib
#
# Works on a copy of its folder, so it may be run from anywhere, and needs nothing of the repository. What pkg-config and CMake do not
# find by themselves is told by PKG_CONFIG_PATH and CMAKE_PREFIX_PATH. Build systems that are missing are an error, unless SKIP names them.
set -euo pipefail
prefix=$1 expected=$2 libdir=${3:-$1/lib}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/." "$work"
cd "$work"

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# runs PROGRAM shared|archive|static: what it prints, and whether it needs libencast.so, or any library at all
runs() {
    local program=$1 how=$2 said needs
    needs=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    case $how in
    shared) [[ $needs == *libencast.so.* ]] || fail "$program does not need libencast.so" ;;
    archive) [[ $needs == *libc.so* && $needs != *encast* ]] || fail "$program needs: $needs" ;;
    static) [[ -z $needs ]] || fail "$program is not static, it needs: $needs" ;;
    esac
    if [[ $how == shared ]]; then
        said=$(LD_LIBRARY_PATH=$libdir "$program") || fail "$program ($how) ended with $?"
    else
        said=$("$program") || fail "$program ($how) ended with $?"
    fi
    [[ $said == "$expected" ]] || fail "$program says '$said', not '$expected'"
    printf 'consumers: %s: %s (%s bytes)\n' "$program" "$how" "$(stat -c %s "$program")"
}

make -s -C plain PREFIX="$prefix" LIBDIR="$libdir"
runs plain/forecast shared
runs plain/forecast_archive archive

make -s -C pkg-config
runs pkg-config/forecast shared
runs pkg-config/forecast_archive archive
runs pkg-config/forecast_static static
runs pkg-config/forecast_cpp shared

cmake -S cmake -B cmake/build -DCMAKE_BUILD_TYPE=Release >cmake.log 2>&1 || fail "cmake: $(<cmake.log)"
cmake --build cmake/build >>cmake.log 2>&1 || fail "cmake: $(<cmake.log)"
for program in forecast forecast_cpp; do
    runs "cmake/build/$program" shared
    runs "cmake/build/${program}_static" archive
done
# Another series is refused, and so is a component.
for wrong in 99.0 0.0 "0.1 COMPONENTS simd"; do
    mkdir -p wrong
    printf 'cmake_minimum_required(VERSION 3.19)\nproject(wrong C)\nfind_package(encast %s REQUIRED)\n' "$wrong" >wrong/CMakeLists.txt
    ! cmake -S wrong -B wrong/build >/dev/null 2>&1 || fail "find_package(encast $wrong) found it"
    rm -r wrong
done

if [[ ${SKIP-} != *meson* ]]; then
    (meson setup meson/build meson && meson compile -C meson/build) >meson.log 2>&1 || fail "meson: $(<meson.log)"
    runs meson/build/forecast shared
    runs meson/build/forecast_static archive
fi
