#!/usr/bin/env bash
# Speed and memory of `encast predict --data` over what-if tables in Parquet; writes benches/results/bulk.md.
#
#   scripts/bench-bulk.sh [ROWS]     rows of the grid-like tables, 4000000 unless told
#
# Tables are made in build/bulk (some 500 MB) with pyarrow, which goes into an environment of its own.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

rows=${1:-4000000}
[[ $rows =~ ^[1-9][0-9]*$ ]] || fail "'$rows' is not a number of rows"
have taskset || fail "taskset is missing (util-linux)"
work=$root/build/bulk
mkdir -p "$work"
python_environment benches/bulk/requirements.txt "$work/venv"
cargo build --release --locked -p encast-cli
"$work/venv/bin/python" benches/bulk/bulk.py "${CARGO_TARGET_DIR:-target}/release/encast" "$work" --rows "$rows" >"$work/bulk.md"
mv "$work/bulk.md" benches/results/bulk.md
say "benches/results/bulk.md is written"
