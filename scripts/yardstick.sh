#!/usr/bin/env bash
# encast beside LightGBM, a settings-only forest and the mean, on the tables named (default: data/measured.csv).
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

requirements=benches/yardstick/requirements.txt
venv=build/venv
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    python3 -m venv "$venv" || fail "python3 with venv is needed: apt-get install python3-venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$venv/requirements.txt"
fi
cargo build --release --locked -p encast-cli
(($#)) || set -- data/measured.csv
for table; do
    "$venv/bin/python" benches/yardstick/yardstick.py --data "$table" --encast target/release/encast
done
