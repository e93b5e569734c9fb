#!/usr/bin/env bash
# How soon the monitor finds a shift of one encoder, beside river's detectors, and what a correction is worth: on residuals of titles
# that no model saw, of the table named (default: data/measured.csv). Writes benches/results/drift.md.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

table=${1:-data/measured.csv}
folds=5
work=$root/build/drift
have python3 || fail "python3 is needed to deal out folds and to run river"
python_environment benches/drift/requirements.txt build/drift-python
# A build of another place is taken where ENCAST and DRIFT name its programs.
encast=${ENCAST:-target/release/encast}
drift=${DRIFT:-target/release/examples/drift}
[[ -n ${ENCAST:-} ]] || cargo build --release --locked -p encast-cli
[[ -n ${DRIFT:-} ]] || cargo build --release --locked -p encast --example drift

mkdir -p "$work"
python3 benches/drift/folds.py "$table" "$folds" "$work"
pairs=()
for ((fold = 0; fold < folds; fold++)); do
    "$encast" train --quiet --data "$work/train$fold.csv" --out "$work/model$fold.encast" --targets vmaf,psnr,bitrate_kbps --version "fold $fold"
    pairs+=("$work/model$fold.encast" "$work/held$fold.csv")
done
for half in 0 1; do
    "$drift" --half "$half" "${pairs[@]}" >"$work/half$half.json"
    "$drift" --half "$half" --streams "$work/half$half.tsv" "${pairs[@]}"
done
"$drift" --half 1 --mirrored no --repeats 1 "${pairs[@]}" >"$work/half1-as-measured.json"
build/drift-python/bin/python benches/drift/others.py "$work/half0.tsv" "$work/half1.tsv" >"$work/others.json"
machine="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores"
python3 benches/drift/results.py "$work" "$(basename "$table")" "$machine" >"$work/drift.md"
mv "$work/drift.md" benches/results/drift.md
cat benches/results/drift.md
