#!/usr/bin/env bash
# What a forecast takes from Go, beside the same call in a loop of C in the same process, and in batches; medians and spreads of ten runs by
# benchstat. Writes benches/results/go.md.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

BENCHSTAT_VERSION=v0.0.0-20260908200009-22c9c6c9d4da
have benchstat || GOBIN=$tools/bin GOFLAGS=-mod=mod go install "golang.org/x/perf/cmd/benchstat@$BENCHSTAT_VERSION"
cargo build --release --locked -p encast-ffi
runs=$(mktemp)
trap 'rm -f "$runs"' EXIT
(cd go-exporter && go test ./encast -run '^$' -bench 'OverC|Predict$|PredictBatch|Call' -benchmem -benchtime 1s -count 10) | tee "$runs"
{
    cat <<EOF
# Calls from Go

\`make bench-go\`, $(date -u +%Y-%m-%d), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(go version | cut -d ' ' -f 3), load $(cut -d ' ' -f 1 /proc/loadavg). \`OverC\` asks a small bundle
(format 1) for the six-field forecast, 200 times from Go and 200 times in a loop of C, in turn: \`ns-over-C\` is the difference of the medians.
The others ask the default model.

\`\`\`
$(benchstat "go=$runs" 2>/dev/null)
\`\`\`
EOF
} >benches/results/go.md
say "written: benches/results/go.md"
