#!/usr/bin/env bash
# Trains the default model and writes its bundle, its figures and its card.
#
#   scripts/train-model.sh [FOLDER]      (default: models/default)
#
# A model that misses its gates is not written: R² on unseen titles, VMAF and PSNR, at the probe tier with the bitrate given.
# `encast retrain` trains on own measurements beside the table, and compares with the model that serves.
#
# The same table, options and moment give the same bundle. The moment is SOURCE_DATE_EPOCH, or the one noted below:
# set it anew when the table or the learner changes.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

table=data/measured.csv
# Without ssim: on unseen titles its forecast is no better than the mean unless the content is known, and poor then.
targets=vmaf,psnr,bitrate_kbps,encode_seconds,cpu_seconds,peak_memory_mb
out=${1:-models/default}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1795294800} # 2026-11-21T21:00:00Z

have python3 || fail "python3 is needed to write the model card"
# The recipe of the table's trial encodes: one for all rows, which encast measure sees to.
recipe=$(python3 -c 'import csv,sys; print(next(csv.DictReader(open(sys.argv[1])))["probe_recipe"])' "$table")
cargo build --release --locked -p encast-cli
encast=$root/target/release/encast

scripts/training-table.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
"$encast" train --data build/measured-real.csv --out "$out/default.encast" --vmaf-model vmaf_v0.6.1 \
    --targets "$targets" --probe-recipe "$recipe" \
    --require probe:bitrate:vmaf.r2=0.85 --require probe:bitrate:psnr.r2=0.85 \
    --profile models/default/profile.json --licence "MIT OR Apache-2.0" --json >"$work/train.json"

for tier in settings content probe; do
    for given in bitrate crf; do
        say "judging: $tier, $given given"
        "$encast" evaluate --data build/measured-real.csv --folds 5 --tier "$tier" --given "$given" \
            --targets "$targets" --quiet --json >"$work/evaluate-$tier-$given.json"
    done
done
python3 scripts/model_card.py "$table" "$out" "$work"
say "wrote $out/default.encast, metrics.json, MODEL_CARD.md"
