#!/usr/bin/env bash
# Builds the release programs and libraries: target/release/encast, libencast.{a,so}, build/encast-exporter.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

cargo build --release --locked -p encast-cli -p encast-ffi
mkdir -p build
# The Go package links target/release/libencast.a, so the Rust side comes first.
(cd go-exporter && go build -o "$root/build/encast-exporter" ./cmd/encast-exporter)
