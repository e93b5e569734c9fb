#!/usr/bin/env bash
# `encast analyze` beside ffmpeg's siti filter and siti-tools: one 1080p clip, in turn.
#
#   scripts/bench-content.sh [CLIP]
#
# Without a clip one is made: a test picture that moves, with noise. Fails when SI or TI differ from siti-tools' by more
# than 0.1 %. Needs the network once, for the peers, and about 1 GB of room in /dev/shm or the folder for temporary files.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The caller's folder, before ours: a clip's name is meant there.
clip=${1:+$(realpath -- "$1")}
cd "$root"

python_environment benches/content/requirements.txt build/venv-content
cargo build --release --locked -p encast-cli
mkdir -p benches/results
build/venv-content/bin/python benches/content/content.py target/release/encast benches/results/speed-content.md \
    ${clip:+"$clip"}
