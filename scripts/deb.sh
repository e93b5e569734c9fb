#!/usr/bin/env bash
# Builds the Debian packages into build/debian, with the Rust and Go toolchains at hand.
#
#   scripts/deb.sh [--symbols]     --symbols: only adds functions that the built library has to debian/libencast*.symbols
#
# dpkg writes beside the folder that it builds, so what it wrote is moved.
set -euo pipefail
elsewhere=${CARGO_TARGET_DIR-}
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export CARGO_TARGET_DIR=${elsewhere:-$CARGO_TARGET_DIR}
cd "$root"

add_symbols() {
    local file version name known
    file=$(echo debian/libencast*.symbols)
    version=$(dpkg-parsechangelog -S Version)
    known=$(<"$file")
    {
        head -2 <<<"$known"
        # A function keeps the version that it came with.
        nm -D --defined-only "$CARGO_TARGET_DIR/release/libencast.so" | awk '{ print $3 }' | LC_ALL=C sort | while read -r name; do
            grep -F " $name@" <<<"$known" || printf ' %s@Base %s\n' "$name" "$version"
        done
    } >"$file"
}
case ${1-} in
"") ;;
--symbols)
    add_symbols
    exit
    ;;
*) fail "unknown option '$1'; known: --symbols" ;;
esac

for tool in dpkg-buildpackage dh; do have "$tool" || fail "no $tool: apt-get install dpkg-dev debhelper"; done
version=$(dpkg-parsechangelog -S Version)
rm -rf build/debian
mkdir -p build/debian
dpkg-buildpackage -us -uc -b
mv ../{libencast,encast}*_"$version"_*.{deb,buildinfo,changes} build/debian/ 2>/dev/null || true
ls build/debian/*.deb
