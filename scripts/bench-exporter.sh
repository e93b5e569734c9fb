#!/usr/bin/env bash
# The exporter under many clients: how long they wait, what it takes of memory and processor. Writes benches/results/exporter.md.
# DURATION of the first phase (5m; the others take a fifth of it), CLIENTS (100), RATE of each client in requests a second (20).
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

scripts/build.sh
(cd go-exporter && go build -o "$root/build/bench-exporter" ./internal/campaign/bench)
options=(--duration "${DURATION:-5m}" --clients "${CLIENTS:-100}" --rate "${RATE:-20}")
load=$(cut -d ' ' -f 1 /proc/loadavg)
figures=$(build/bench-exporter --exporter build/encast-exporter "${options[@]}" | tee /dev/stderr)
cat >benches/results/exporter.md <<EOF
# The exporter under load

\`make bench-exporter\` (${options[*]}), $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD), load before $load. The exporter
is a process of its own with default flags, the embedded model and the four built-in encodes; its clients are another one, with
kept connections. Every wait is kept, so the quantiles are exact. *p99* is from sending a request to the end of its answer; *from
due* counts from when a paced client ought to have sent it, so that a slow answer also counts for those that it held up
(coordinated omission). A saturated client sends when it is answered: its waits tell how full the machine is, and no more. The
service that this one takes the place of answered 99 of 100 requests within 16.5 ms. *An empty server* answers the same number of bytes, always the
same, for a fifth of the time right after: what of the waits is the clients', the machine's and net/http's. *Stolen* is the share of processor
time that the host gave to other machines meanwhile. At the end an exporter with a full store is measured, and
what many encodes at a site take: the figures of docs/operations.md. MiB are 2^20 bytes, MB 10^6.

$figures
EOF
say "written: benches/results/exporter.md"
