#!/usr/bin/env bash
# Builds the Debian packages into build/debian, with the Rust and Go toolchains at hand.
#
#   scripts/deb.sh
#
# dpkg writes beside the folder that it builds, so what it wrote is moved.
set -euo pipefail
elsewhere=${CARGO_TARGET_DIR-}
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
export CARGO_TARGET_DIR=${elsewhere:-$CARGO_TARGET_DIR}
cd "$root"
for tool in dpkg-buildpackage dh; do have "$tool" || fail "no $tool: apt-get install dpkg-dev debhelper"; done
version=$(dpkg-parsechangelog -S Version)
rm -rf build/debian
mkdir -p build/debian
dpkg-buildpackage -us -uc -b
mv ../{libencast,encast}*_"$version"_*.{deb,buildinfo,changes} build/debian/ 2>/dev/null || true
ls build/debian/*.deb
