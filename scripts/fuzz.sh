#!/usr/bin/env bash
# Fuzzes what reads bytes of others: Y4M, models of other libraries, and every entry of the C ABI.
#
#   scripts/fuzz.sh [SECONDS [TARGET…]]      600 seconds each and all targets unless told
#   scripts/fuzz.sh --short [SECONDS]        every committed seed, and 3 seconds of fuzzing each, without nightly Rust
#
# Needs the nightly toolchain, as AddressSanitizer does; installs cargo-fuzz to build/tools. What it finds goes to
# fuzz/artifacts; what it learns to fuzz/corpus, which is not committed. --short is what the tests run: the toolchain of
# the repository, coverage but no sanitizer, nothing installed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CARGO_FUZZ_VERSION=0.13.2
mapfile -t targets < <(sed -n 's|^path = "fuzz_targets/\(.*\)\.rs"|\1|p' "$root/fuzz/Cargo.toml")

# What libFuzzer gets beside its folders.
options_of() { # options_of TARGET
    local options=(-max_len=16384 -rss_limit_mb=1536 -timeout=20 -print_final_stats=1)
    [[ ! -f $1.dict ]] || options+=("-dict=$1.dict")
    # Bundles are larger.
    [[ $1 != bundle ]] || options+=(-max_len=49152)
    printf '%s\n' "${options[@]}"
}

# The bundles that the target saves: in memory, as each is synced to the disk.
[[ ! -w /dev/shm ]] || export TMPDIR=/dev/shm

short() {
    local seconds=$1 target work options host
    host=$(rustc -vV | sed -n 's/^host: //p')
    # As cargo-fuzz builds without a sanitizer, but all targets at once, and with the checks of the dev profile.
    export CARGO_TARGET_DIR=$root/build/fuzz
    export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
    # With a target of its own, the flags are not those of build scripts too.
    cargo build --quiet --locked --bins --target "$host"
    work=$(mktemp -d)
    # shellcheck disable=SC2064  # the folder as it is now
    trap "rm -rf '$work'" EXIT
    for target in "${targets[@]}"; do
        mapfile -t options < <(options_of "$target")
        mkdir "$work/$target"
        # All seeds are run before any change of them.
        "$CARGO_TARGET_DIR/$host/debug/$target" "${options[@]}" -verbosity=0 -max_total_time="$seconds" \
            -artifact_prefix="$root/fuzz/artifacts-$target-" "$work/$target" "seeds/$target" >"$work/log" 2>&1 || {
            cat "$work/log"
            fail "fuzz target $target, see the file above that libFuzzer wrote"
        }
        printf '%-14s %s seeds, %s inputs\n' "$target" "$(find "seeds/$target" -type f | wc -l)" \
            "$(sed -n 's/.*number_of_executed_units: *//p' "$work/log")"
    done
}

cd "$root/fuzz"
if [[ ${1-} == --short ]]; then
    short "${2:-3}"
    exit
fi
seconds=${1:-600}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "'$seconds' is not a number of seconds"
shift || true
(($#)) || set -- "${targets[@]}"

cargo +nightly --version >/dev/null 2>&1 || fail "no nightly toolchain: rustup toolchain install nightly"
have cargo-fuzz || cargo install --quiet --locked --root "$tools" "cargo-fuzz@$CARGO_FUZZ_VERSION"
# cargo-fuzz keeps its builds in fuzz/target.
unset CARGO_TARGET_DIR
for target; do
    mkdir -p "corpus/$target"
    mapfile -t options < <(options_of "$target")
    # The models of the tests are seeds, too.
    case $target in
    lightgbm) models=(../testdata/exchange/*.txt) ;;
    xgboost_json) models=(../testdata/exchange/*.json) ;;
    ubjson) models=(../testdata/exchange/*.ubj) ;;
    onnx) models=(../testdata/exchange/*.onnx) ;;
    *) models=() ;;
    esac
    for model in "${models[@]}"; do cp "$model" "corpus/$target/"; done
    cargo +nightly fuzz run "$target" "corpus/$target" "seeds/$target" -- "${options[@]}" -max_total_time="$seconds"
done
