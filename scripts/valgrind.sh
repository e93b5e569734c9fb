#!/usr/bin/env bash
# Runs all C test programs under Valgrind's memcheck; the suite has a quick subset. Takes minutes.
#
# Valgrind's race detectors are of no use here: they know the locks of pthreads, not those of Rust's standard library.
# scripts/miri.sh looks for races of the handles.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

have valgrind || fail "valgrind is needed: scripts/setup.sh --test installs it"
cargo test -p encast-ffi --locked --test valgrind -- --include-ignored --test-threads=2 "$@"
