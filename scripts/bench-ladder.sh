#!/usr/bin/env bash
# Forecast ladders of unseen titles on measured curves, beside a fixed ladder and the best one that can be made, on the
# tables named (default: data/measured.csv). Writes benches/results/ladder-NAME.md, NAME being the table's up to its first _.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

# A build of another place is taken where ENCAST names it.
encast=${ENCAST:-}
if [[ -z $encast ]]; then
    cargo build --release --locked -p encast-cli
    encast=target/release/encast
fi
(($#)) || set -- data/measured.csv
for table; do
    name=$(basename "$table" .csv)
    "$encast" ladder --judge "$table" --folds 5 --json |
        python3 scripts/ladder_results.py "$("$encast" --version)" >"benches/results/ladder-${name%%_*}.md.new"
    mv "benches/results/ladder-${name%%_*}.md.new" "benches/results/ladder-${name%%_*}.md"
    cat "benches/results/ladder-${name%%_*}.md"
done
