#!/usr/bin/env bash
# What a trial encode buys: error on unseen titles beside the seconds it takes, for several recipes, on the project's own
# table. Every recipe is really run on every clip; nothing else is measured anew.
#
#   scripts/probe-recipes.sh CLIPS [OPTIONS OF encast measure]      (about two minutes a recipe on one core)
#
# CLIPS is the folder with the clips that data/campaign/grid.toml names. Writes benches/results/probe-recipes.md.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

clips=${1-}
[[ -d $clips ]] || fail "CLIPS='$clips' is no folder: make probe-recipes CLIPS=FOLDER"
shift
get_vmaf_ffmpeg
cargo build --release --locked -p encast-cli
encast=$root/target/release/encast
work=build/probe-recipes
mkdir -p "$work"

# encoder preset crf lines samples seconds
recipes=(
    "libx264 ultrafast 28 360 2 0.5"
    "libx264 ultrafast 28 360 1 1"
    "libx264 ultrafast 28 360 1 3"
    "libx264 ultrafast 28 4320 1 3"
    "libx264 ultrafast 36 360 2 0.5"
    "libx264 ultrafast 28 180 2 0.5"
    "libx264 veryfast 28 360 2 0.5"
    "libsvtav1 12 45 360 2 0.5"
)

judge() { # judge TABLE TIER GIVEN FILE
    [[ -s $4 ]] || "$encast" evaluate --data "$1" --folds 5 --tier "$2" --given "$3" --targets vmaf,psnr,bitrate_kbps \
        --quiet --json >"$4"
}
for given in bitrate crf; do judge data/measured.csv content "$given" "$work/content-$given.json"; done
for at in "${!recipes[@]}"; do
    read -r encoder preset crf lines samples seconds <<<"${recipes[$at]}"
    table=$work/$at.csv
    if [[ ! -s $work/$at.done ]]; then
        say "recipe $at: ${recipes[$at]}"
        cp data/measured.csv "$table"
        python3 - "$encoder" "$preset" "$crf" "$lines" "$samples" "$seconds" >"$work/$at.toml" <<'PY'
import re, sys
encoder, preset, crf, lines, samples, seconds = sys.argv[1:]
probe = f'''[probe]
encoder = "{encoder}"
preset = "{preset}"
crf = {crf}
lines = {lines}
samples = {samples}
sample_seconds = {seconds}

'''
grid = open("data/campaign/grid.toml").read()
print(re.sub(r"\[probe\]\n.*?\n\n", probe, grid, flags=re.S), end="")
PY
        "$encast" measure "$work/$at.toml" --clips "$clips" --out "$table" --ffmpeg "$vmaf_ffmpeg" --refresh "$@"
        date >"$work/$at.done"
    fi
    for given in bitrate crf; do judge "$table" probe "$given" "$work/$at-$given.json"; done
done
python3 scripts/probe_recipes.py "$work" >benches/results/probe-recipes.md
say "wrote benches/results/probe-recipes.md"
