#!/usr/bin/env bash
# Fuzzes the Y4M reader with the analysis of what it reads, and the readers of foreign models.
#
#   scripts/fuzz.sh [SECONDS [TARGET…]]      600 seconds each and all targets unless told
#
# Needs the nightly toolchain, as AddressSanitizer does; installs cargo-fuzz to build/tools. What it finds goes to
# fuzz/artifacts; what it learns to fuzz/corpus, which is not committed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CARGO_FUZZ_VERSION=0.13.2
seconds=${1:-600}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "'$seconds' is not a number of seconds"
shift || true
(($#)) || set -- y4m lightgbm xgboost_json ubjson onnx

cargo +nightly --version >/dev/null 2>&1 || fail "no nightly toolchain: rustup toolchain install nightly"
have cargo-fuzz || cargo install --quiet --locked --root "$tools" "cargo-fuzz@$CARGO_FUZZ_VERSION"
# cargo-fuzz keeps its builds in fuzz/target.
unset CARGO_TARGET_DIR
cd "$root/fuzz"
for target; do
    mkdir -p "corpus/$target"
    options=()
    [[ ! -f $target.dict ]] || options+=("-dict=$target.dict")
    # The models of the tests are seeds, too.
    seeds=("seeds/$target")
    case $target in
    lightgbm) models=(../testdata/exchange/*.txt) ;;
    xgboost_json) models=(../testdata/exchange/*.json) ;;
    ubjson) models=(../testdata/exchange/*.ubj) ;;
    onnx) models=(../testdata/exchange/*.onnx) ;;
    *) models=() ;;
    esac
    for model in "${models[@]}"; do cp "$model" "corpus/$target/"; done
    cargo +nightly fuzz run "$target" "corpus/$target" "${seeds[@]}" -- \
        "${options[@]}" -max_len=16384 -rss_limit_mb=1024 -timeout=20 -max_total_time="$seconds" -print_final_stats=1
done
