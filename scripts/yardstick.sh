#!/usr/bin/env bash
# encast beside LightGBM, a settings-only forest and the mean, on the tables named (default: data/measured.csv).
# TARGETS and TIERS, separated by commas, judge less.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

python_environment benches/yardstick/requirements.txt build/venv
cargo build --release --locked -p encast-cli
options=()
[[ -z ${TARGETS-} ]] || options+=(--targets "$TARGETS")
[[ -z ${TIERS-} ]] || options+=(--tiers "$TIERS")
(($#)) || set -- data/measured.csv
for table; do
    build/venv/bin/python benches/yardstick/yardstick.py --data "$table" --encast target/release/encast "${options[@]}"
done
