#!/usr/bin/env bash
# Runs what docs/install.md says under "Using it", as written, against an installed encast.
#
#   scripts/test-install-page.sh PREFIX EXPECTED
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prefix=$1 expected=$2
page=$root/docs/install.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root/packaging/consumers/forecast.c" "$work"
cd "$work"

blocks() { # blocks LANGUAGE: what stands in the blocks of a language in that section
    awk -v fence="\`\`\`$1" '/^## /{ within = /^## Using it/ } within && $0 == fence { block = 1; next } /^```$/{ block = 0 } block' "$page"
}
runs() { # runs PROGRAM…
    local program said
    for program; do
        said=$("./$program") || fail "docs/install.md: $program ended with $?"
        [[ $said == "$expected" ]] || fail "docs/install.md: $program says '$said', not '$expected'"
    done
}

# The page says how to tell of an unusual prefix.
export PREFIX=$prefix
eval "$(grep '^export PKG_CONFIG_PATH=' "$page")"
commands=$(blocks sh)
[[ $(grep -c forecast.c <<<"$commands") -ge 5 ]] || fail "docs/install.md: its commands are not found"
# Each line by itself: a program that an earlier one made does not hide that a later one makes none.
while read -r command; do
    rm -f forecast forecast_*
    bash -euo pipefail -c "$command"
    # shellcheck disable=SC2046
    runs $(find . -maxdepth 1 -type f -perm -u+x -printf '%f ' | grep . || fail "docs/install.md: '$command' made nothing")
done <<<"$commands"

printf 'cmake_minimum_required(VERSION 3.19)\nproject(forecast C)\n%s\n' "$(blocks cmake)" >CMakeLists.txt
(cmake -S . -B cmake && cmake --build cmake) >cmake.log 2>&1 || fail "docs/install.md: $(<cmake.log)"
runs cmake/forecast
printf "project('forecast', 'c')\n%s\n" "$(blocks meson)" >meson.build
(meson setup meson && meson compile -C meson) >meson.log 2>&1 || fail "docs/install.md: $(<meson.log)"
runs meson/forecast
say "docs/install.md: $(wc -l <<<"$commands") commands, CMake and Meson as written"
