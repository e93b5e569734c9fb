#!/usr/bin/env bash
# Runs the wholly static programs in a root that holds nothing else, and compares what they forecast with the usual ones, bit for bit.
# glibc's exp, log, log2 and pow have variants for processors with fused multiplication that round some results otherwise (about one in a
# thousand, in the last place). musl has none, so the usual programs run with glibc's plain ones.
#
#   scripts/test-static.sh STATIC USUAL     two prefixes; needs root, for chroot
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
static=$(realpath "$1") usual=$(realpath "$2")
cd "$root"

plain=glibc.cpu.hwcaps=-FMA,-FMA4,-FMA_Usable,-AVX2_Usable
empty=$(mktemp -d)
running=()
cleanup() {
    local pid
    for pid in "${running[@]}"; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$empty"
}
trap cleanup EXIT

for program in encast encast-exporter; do
    [[ $(file -b "$static/bin/$program") == *"static"* ]] || fail "$program: $(file -b "$static/bin/$program")"
    ! readelf -d "$static/bin/$program" | grep -q NEEDED || fail "$program needs libraries"
    cp "$static/bin/$program" "$empty/"
done

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
get() { # get PORT PATH: the body of an answer
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return
    printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
    sed '1,/^\r$/d' <&3
    exec 3>&-
}
forecasts() { # forecasts NAME COMMAND…: serves, and keeps the metrics that forecasts make
    local port name=$1 attempt health
    shift
    port=$(free_port)
    "$@" --port="$port" >"$empty/$name.log" 2>&1 &
    running+=($!)
    for ((attempt = 0; attempt < 100; attempt++)); do
        if health=$( (get "$port" /health) 2>/dev/null); then break; fi
        sleep 0.1
    done
    [[ ${health-} == *'"model_loaded":true'* ]] || fail "$name: /health answered '${health-}': $(<"$empty/$name.log")"
    get "$port" /metrics | grep -E '^(qoe|cost|prediction|recommended|resource|encode|ml_model)_' | grep -v last_reload >"$name.metrics"
    [[ $(grep -c ^qoe_predicted_vmaf "$name.metrics") -ge 4 ]] || fail "$name: /metrics lacks forecasts"
}

mkdir -p build/static
cd build/static
forecasts static chroot "$empty" /encast-exporter
forecasts usual env GLIBC_TUNABLES="$plain" "$usual/bin/encast-exporter"
diff usual.metrics static.metrics || fail "the exporters forecast differently"

# The command in the empty root: with the tables that it reads.
cp "$root/data/measured.csv" "$empty/T.csv"
for arguments in "predict --data /T.csv --out /P.csv" "predict --builtin --json" "recommend --resolution 1280x720 --fps 30 --codec hevc --preset medium --target-vmaf 90 --json" \
    "ladder --source-resolution 1920x1080 --fps 30 --encoder libx264 --preset medium --si-mean 40 --ti-mean 12 --json" \
    "predict --bitrate 4000 --resolution 1920x1080 --fps 30 --encoder libx265 --preset medium --machine c5.xlarge --region eu-central-1 --json"; do
    # shellcheck disable=SC2086
    chroot "$empty" /encast $arguments >static.out || fail "the static encast $arguments ended with $?"
    [[ ! -f $empty/P.csv ]] || mv "$empty/P.csv" static.csv
    # shellcheck disable=SC2086
    (cd "$empty" && GLIBC_TUNABLES=$plain "$usual/bin/encast" ${arguments//\/[PT].csv/${empty}&}) >usual.out 2>/dev/null || fail "encast $arguments ended with $?"
    [[ ! -f $empty/P.csv ]] || mv "$empty/P.csv" usual.csv
    diff -q usual.out static.out >/dev/null || fail "encast $arguments forecasts differently: $(diff usual.out static.out | head -6)"
done
cmp usual.csv static.csv || fail "encast predict --data forecasts differently in $(diff usual.csv static.csv | grep -c '^>') of $(wc -l <usual.csv) rows"
say "static: $(wc -l <usual.metrics) metrics and $(wc -l <usual.csv) rows of forecasts are the usual programs', bit for bit"
