#!/usr/bin/env bash
# Fuzzes the Y4M reader and the analysis of what it reads.
#
#   scripts/fuzz.sh [SECONDS]      600 unless told
#
# Needs the nightly toolchain, as AddressSanitizer does; installs cargo-fuzz to build/tools. What it finds goes to
# fuzz/artifacts; what it learns to fuzz/corpus, which is not committed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CARGO_FUZZ_VERSION=0.13.2
seconds=${1:-600}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "'$seconds' is not a number of seconds"

cargo +nightly --version >/dev/null 2>&1 || fail "no nightly toolchain: rustup toolchain install nightly"
have cargo-fuzz || cargo install --quiet --locked --root "$tools" "cargo-fuzz@$CARGO_FUZZ_VERSION"
# cargo-fuzz keeps its builds in fuzz/target.
unset CARGO_TARGET_DIR
cd "$root/fuzz"
mkdir -p corpus/y4m
cargo +nightly fuzz run y4m corpus/y4m seeds/y4m -- \
    -dict=y4m.dict -max_len=16384 -rss_limit_mb=1024 -timeout=20 -max_total_time="$seconds" -print_final_stats=1
