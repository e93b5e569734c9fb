#!/usr/bin/env bash
# Times, memory, energy, totals and machines never seen, beside LightGBM: benches/resources/README.md explains. Tables that
# are not there are left out. Writes benches/results/resources.{json,md}.
#
#   UGC=ugc.csv VEED=veed.csv HARDWARE=hardware.csv scripts/bench-resources.sh
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

python_environment benches/yardstick/requirements.txt build/venv
encast=${ENCAST-}
if [[ -z $encast ]]; then
    cargo build --release --locked -p encast-cli
    encast=target/release/encast
fi
own=build/measured-real.csv
scripts/training-table.sh "$own"
options=(--own "$own")
[[ -z ${UGC-} ]] || options+=(--ugc "$UGC")
[[ -z ${VEED-} ]] || options+=(--veed "$VEED")
[[ -z ${HARDWARE-} ]] || options+=(--hardware "$HARDWARE")
build/venv/bin/python benches/resources/resources.py --encast "$encast" "${options[@]}"
cat benches/results/resources.md
