#!/usr/bin/env bash
# Training of encast-trees beside LightGBM: one table, its rows ×1, ×10 and ×100, two threads each, in turn.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
table=$(realpath "${1:-$root/data/measured.csv}")
cd "$root"

python_environment benches/yardstick/requirements.txt build/venv
cargo build --release --locked -p encast-trees --example training
mkdir -p benches/results
name=training
if [[ $table != "$root/data/measured.csv" ]]; then name=training-$(basename "$table" .csv); fi
build/venv/bin/python benches/speed/training.py target/release/examples/training "$table" "benches/results/$name.md"
