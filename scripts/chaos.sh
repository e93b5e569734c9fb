#!/usr/bin/env bash
# Reloads of the exporter under load, with a store and a correction, every answer checked; then kills during reloads. Writes benches/results/exporter-chaos.md
# and fails when one answer was wrong, or one acknowledged report is lost. RELOADS (1000), KILLS (100), CLIENTS (100), RATE of each client in requests a second (20).
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

scripts/build.sh
(cd go-exporter && go build -o "$root/build/chaos" ./internal/campaign/chaos)
options=(--reloads "${RELOADS:-1000}" --kills "${KILLS:-100}" --clients "${CLIENTS:-100}" --rate "${RATE:-20}")
load=$(cut -d ' ' -f 1 /proc/loadavg)
figures=$(build/chaos --exporter build/encast-exporter "${options[@]}" | tee /dev/stderr)
cat >benches/results/exporter-chaos.md <<EOF
# The exporter when things go wrong

\`make chaos\` (${options[*]}), $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1),
$(nproc) cores, load before $load. Two models are served in turn, with damaged, cut and empty files between; every answer
names the model that gave it, and each of its numbers is held against what that model forecasts. Meanwhile encodes are observed of which one
model forecasts too much and the other too little, and forecasts are corrected by that: a correction of the one beside the other is wrong, too.

$figures
EOF
say "written: benches/results/exporter-chaos.md"
