#!/usr/bin/env bash
# Every figure and plot of docs/accuracy.md: the yardstick, the held-out split, the tables, the plots.
#
#   scripts/accuracy.sh [TABLE…]      (default: data/measured.csv, which is judged without its generated content)
#
# TARGETS and TIERS, separated by commas, judge less (or more: by default VMAF, PSNR and the size, at every tier). ENCAST
# names a program to judge instead of this tree's. What encast answers is kept in build/: a run that was broken off goes on.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

python_environment benches/yardstick/requirements.txt build/venv
python=build/venv/bin/python
encast=${ENCAST-}
if [[ -z $encast ]]; then
    cargo build --release --locked -p encast-cli
    encast=target/release/encast
fi
options=(--targets "${TARGETS:-vmaf,psnr,bitrate_kbps}")
[[ -z ${TIERS-} ]] || options+=(--tiers "$TIERS")
(($#)) || set -- data/measured.csv
for table; do
    if [[ $table == data/measured.csv ]]; then
        table=build/measured-real.csv
        scripts/training-table.sh "$table"
    fi
    say "judging $table"
    "$python" benches/yardstick/yardstick.py --data "$table" --encast "$encast" "${options[@]}" >/dev/null
    "$python" benches/accuracy/heldout.py --data "$table" --encast "$encast"
done
"$python" benches/accuracy/plots.py
python3 benches/accuracy/accuracy_page.py
