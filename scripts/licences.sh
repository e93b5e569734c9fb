#!/usr/bin/env bash
# Prints the licences of everything that is linked into the programs and the library: what they ask to go with copies.
#
#   scripts/licences.sh [TRIPLE]
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
target=${1:-$(rustc -vV | sed -n 's/^host: //p')}

texts() { # texts TITLE FOLDER
    local file found=
    printf '\n======== %s\n' "$1"
    for file in "$2"/{LICEN[CS]E,COPYING,COPYRIGHT,NOTICE,UNLICENSE,license}*; do
        [[ -f $file ]] || continue
        printf '\n-------- %s\n\n' "${file##*/}"
        # Some end their lines as Windows does.
        tr -d '\r' <"$file"
        found=1
    done
    [[ -n $found ]] || printf '\nIt comes without a text; its terms are those named above.\n'
}

say "Third-party parts of encast's programs and libraries, with their licences."
manifests=$(cargo metadata --locked --format-version 1 --filter-platform "$target" | grep -o '"manifest_path":"[^"]*"' | cut -d '"' -f 4)
while IFS='|' read -r name version licence; do
    # Vendored ones may lack the version.
    manifest=$(grep -m 1 -F -e "/$name-$version/Cargo.toml" -e "/$name/Cargo.toml" <<<"$manifests") || fail "no folder of $name $version"
    texts "$name $version ($licence)" "${manifest%/*}"
done < <(cargo tree --locked -p encast-cli -p encast-ffi -e normal --target "$target" --prefix none --format '{p}|{l}' |
    grep -v -e '^$' -e '(/' -e '(proc-macro)' | sed -E 's/ \(\*\)$//; s/^([^ ]+) v([^ |]+)[^|]*\|/\1|\2|/' | sort -u)
while read -r module version folder; do
    texts "$module $version" "$folder"
done < <(cd go-exporter && go list -deps -f '{{with .Module}}{{if .Version}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/encast-exporter | sort -u)
texts "Go $(go env GOVERSION)" "$(go env GOROOT)"
say
say "======== Rust's standard library (MIT OR Apache-2.0): https://github.com/rust-lang/rust"
