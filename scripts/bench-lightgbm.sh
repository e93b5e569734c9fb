#!/usr/bin/env bash
# Training and prediction of encast-trees beside LightGBM: one table, one thread each, in turn.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

python_environment benches/yardstick/requirements.txt build/venv
cargo build --release --locked -p encast-trees --example speed
mkdir -p benches/results
build/venv/bin/python benches/speed/speed.py target/release/examples/speed benches/results/speed-lightgbm.md
