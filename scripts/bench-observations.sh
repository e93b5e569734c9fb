#!/usr/bin/env bash
# How fast the exporter takes what was measured, how long a replay takes, and whether what it acknowledged outlives KILLS kills (100). Writes
# benches/results/observations.md. The figures are those of the disk that TMPDIR is on.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

kills=${KILLS:-100}
cargo build --release --locked -p encast-ffi
runs=$(mktemp)
trap 'rm -f "$runs"' EXIT
cd go-exporter
go test ./internal/api -run '^$' -bench 'Observe' -benchtime 5s | tee -a "$runs"
go test ./internal/feedback -run '^$' -bench 'Follow' | tee -a "$runs"
go test ./internal/observations -run '^$' -bench 'Observe/open' | tee -a "$runs"
go test ./internal/collector -run '^$' -bench 'ScrapeObserved' | tee -a "$runs"
go test ./cmd/encast-exporter -count=1 -v -timeout 60m -run '^TestKilled$' -kills "$kills" | tee -a "$runs"
cd "$root"
{
    cat <<END
# Observations

\`make bench-observations\`, $(date -u +%Y-%m-%d), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(go version | cut -d ' ' -f 3), load $(cut -d ' ' -f 1 /proc/loadavg),
$(findmnt -no FSTYPE --target "${TMPDIR:-/tmp}") on $(findmnt -no SOURCE --target "${TMPDIR:-/tmp}"). Clients and exporter share the machine; every answer waited for fsync. Each observation is forecast on the way.

\`\`\`
$(grep -E '^Benchmark|kills' "$runs")
\`\`\`
END
} >benches/results/observations.md
say "written: benches/results/observations.md"
