#!/usr/bin/env bash
# encast-trees beside LightGBM, XGBoost, Treelite, ONNX Runtime, lleaves and hessboost on the same forests: one core, one
# thread, in turn. PEERS_ROUNDS and PEERS_LEAVES (a list) try less than all of it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
have gcc || fail "gcc is needed: what Treelite generates is compiled with it"

work=$root/build/peers
results=benches/results/peers
encast=$CARGO_TARGET_DIR/release/examples/peers
rust=$work/target/release/encast-bench-peers
venv=build/venv-peers
mkdir -p "$work" benches/results

# What is timed gets a core to itself, as far as the system lets it.
alone=()
if have taskset; then alone+=(taskset -c "$(($(nproc) - 1))"); fi
if ((EUID == 0)); then alone+=(nice -n -10); fi

trap print_timings EXIT
step packages python_environment benches/peers/requirements.txt "$venv"
step encast cargo build --release --locked -p encast-trees --features exchange --example peers
step peers cargo build --release --locked --manifest-path benches/peers/rust/Cargo.toml --target-dir "$work/target"
step library cargo build --release --locked -p encast-ffi
step bench-calls cargo bench --locked --no-run -p encast-ffi --bench calls
step bench-loading cargo bench --locked --no-run -p encast --bench forecasts
export OMP_NUM_THREADS=1
step compile "$venv/bin/python" benches/peers/peers.py compile "$work" "$encast" "$rust" "$results" \
    --leaves "${PEERS_LEAVES:-8,31,64,255}"
step measure "${alone[@]}" "$venv/bin/python" benches/peers/peers.py measure "$work" "$encast" "$rust" "$results" \
    --leaves "${PEERS_LEAVES:-8,31,64,255}" --rounds "${PEERS_ROUNDS:-15}"
forecasts() { "${alone[@]}" cargo bench --locked -p encast-ffi --bench calls >"$work/forecasts.txt"; }
step forecasts forecasts
loading() { "${alone[@]}" cargo bench --locked -p encast --bench forecasts -- load >"$work/loading.txt"; }
step loading loading
"$venv/bin/python" benches/peers/report.py "$results.json" "$results.md" "$work/forecasts.txt" "$work/loading.txt"
cat "$results.md"
