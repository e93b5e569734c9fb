#!/usr/bin/env bash
# Runs what `make run` runs, on a free port, until the exporter answers; checks the answers; stops it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

port=$(python3 - 2>/dev/null <<'PY' || echo 19505
import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])
PY
)
log=$(mktemp)
ML_EXPORTER_PORT=$port "$root/scripts/run.sh" >"$log" 2>&1 </dev/null &
pid=$!
cleanup() {
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    rm -f "$log"
}
trap cleanup EXIT

broken() {
    cat "$log" >&2
    fail "$*"
}

# get PATH: the body and headers of an HTTP answer, without needing curl.
get() {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || return
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" >&3
    cat <&3
    exec 3>&-
}

for ((attempt = 0; ; attempt++)); do
    kill -0 "$pid" 2>/dev/null || broken "the exporter ended before it answered"
    if health=$( (get /health) 2>/dev/null); then break; fi
    ((attempt < 600)) || broken "no answer on port $port within five minutes"
    sleep 0.5
done
[[ $health == *" 200 OK"* && $health == *'"model_loaded":true'* ]] || broken "/health answered: $health"
metrics=$(get /metrics)
for config in 720p30_2mbps 1080p30_4mbps 1080p60_6mbps 4k30_15mbps; do
    grep -q "$config" "$log" || broken "the table of forecasts lacks $config"
    grep -q "^qoe_predicted_vmaf{.*config=\"$config\".*} [0-9]" <<<"$metrics" || broken "/metrics lacks the VMAF of $config"
done
say "smoke: the table and /metrics hold a forecast for each built-in encode"
