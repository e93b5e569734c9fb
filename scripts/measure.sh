#!/usr/bin/env bash
# Measures the encodes behind data/measured.csv: the campaign of data/campaign/grid.toml. Takes hours; run it again to go on
# where it was.
#
#   scripts/measure.sh CLIPS [OPTIONS OF encast measure]
#
# CLIPS is the folder with the clips that the grid names. Rows go to build/campaign/measured.csv;
# scripts/publish_table.py makes data/measured.csv of them.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

clips=${1-}
[[ -d $clips ]] || fail "CLIPS='$clips' is no folder: make measure CLIPS=FOLDER"
shift
get_vmaf_ffmpeg
cargo build --release --locked -p encast-cli
mkdir -p build/campaign
exec target/release/encast measure data/campaign/grid.toml --clips "$clips" --out build/campaign/measured.csv \
    --ffmpeg "$vmaf_ffmpeg" "$@"
