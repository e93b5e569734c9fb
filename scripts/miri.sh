#!/usr/bin/env bash
# Runs the unit tests of the C ABI under Miri, which sees every read or write that a pointer does not allow, and every
# race: structs of older and newer callers, arrays, texts, handles with threads, and calls with a small model.
#
#   scripts/miri.sh [FILTER…]
#
# Needs the nightly toolchain with Miri, which the repository needs for nothing else.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

cargo +nightly miri --version >/dev/null 2>&1 ||
    fail "no Miri: rustup toolchain install nightly --component miri --component rust-src"
export CARGO_TARGET_DIR=$root/build/miri
# Pointers have to come from where they point to, but for handles, which are numbers and never read through.
export MIRIFLAGS="-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check"
cargo +nightly miri test -p encast-ffi --lib --locked -- "$@"
