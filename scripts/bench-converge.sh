#!/usr/bin/env bash
# `encast converge` beside ab-av1's crf-search: same clips, target, encoders and presets.
#
#   scripts/bench-converge.sh CLIPS [COUNT]      (default: 20 clips)
#
# CLIPS is the folder of the clips that data/campaign/grid.toml names; those that are missing are left out. Models are trained
# anew, each without the clips that it is judged on. Needs the network once, for ab-av1, and ffprobe.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ -n ${1:-} ]] || fail "give the folder of the clips: make bench-converge CLIPS=…"
clips=$(realpath -- "$1")
cd "$root"

have ffprobe || fail "ffprobe is needed by ab-av1 (apt-get install ffmpeg)"
get_vmaf_ffmpeg
ab_av1=0.11.7
if ! [[ -x $tools/bin/ab-av1 && $("$tools/bin/ab-av1" --version) == "ab-av1 $ab_av1" ]]; then
    cargo install --quiet --locked --root "$tools" --version "$ab_av1" ab-av1
fi
cargo build --release --locked -p encast-cli
python3 scripts/bench_converge.py --encast target/release/encast --ab-av1 "$tools/bin/ab-av1" --ffmpeg "$vmaf_ffmpeg" \
    --clips "$clips" --count "${2:-20}" --out benches/results/converge.md
