#!/usr/bin/env bash
# Builds a Go program of someone else against an installed encast, outside of the repository: `go get` from a module proxy, which
# is a folder here, and `go build`.
#
#   scripts/test-go-get.sh PREFIX EXPECTED     EXPECTED: the line that the program has to print
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
prefix=$1 expected=$2
module=github.com/encast/encast/go-exporter version=v0.1.0
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT

# A module proxy is a folder of files: https://go.dev/ref/mod#goproxy-protocol
folder=$work/proxy/$module/@v
mkdir -p "$folder" "$work/program"
printf '{"Version":"%s"}\n' "$version" >"$folder/$version.info"
cp "$root/go-exporter/go.mod" "$folder/$version.mod"
(cd "$root/go-exporter" && git ls-files -z --cached --others --exclude-standard -- . |
    python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    for name in filter(None, sys.stdin.read().split("\0")):
        archive.write(name, sys.argv[2] + name)' "$folder/$version.zip" "$module@$version/")

cp "$root/packaging/consumers/go/main.go" "$work/program"
cd "$work/program"
# A user's settings: none of ours. Modules that are in the cache already are not asked for again.
unset GOFLAGS CGO_LDFLAGS CGO_CFLAGS
export GOMODCACHE=$work/cache GONOSUMDB=github.com/encast GONOSUMCHECK=1
GOPROXY=file://$work/proxy,$(go env GOPROXY)
export GOPROXY PKG_CONFIG_PATH=$prefix/lib/pkgconfig
go mod init example.com/program >/dev/null 2>&1
go get "$module/encast@$version" >get.log 2>&1 || fail "go get: $(<get.log)"
go build -o program . || fail "go build"
said=$(./program) || fail "the Go program ended with $?"
[[ $said == "$expected" ]] || fail "the Go program says '$said', not '$expected'"
needs=$(readelf -d program | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
[[ $needs != *encast* ]] || fail "the Go program needs $needs"
# Without cgo, and without the library, there is a clear error.
if CGO_ENABLED=0 go build -o without . 2>without.log; then fail "it was built without cgo"; fi
grep -q encast_needs_cgo without.log || fail "without cgo: $(<without.log)"
if PKG_CONFIG_PATH='' PKG_CONFIG_LIBDIR=/nowhere go build -o without . 2>without.log; then fail "it was built without the library"; fi
grep -q "encast-static" without.log || fail "without the library: $(<without.log)"
say "go get: $said ($(stat -c %s program) bytes)"
