#!/usr/bin/env bash
# From nothing to a running exporter: sets up, builds, prints the forecast of the built-in encodes, then serves metrics
# on :9505 (another port: ML_EXPORTER_PORT) until it is stopped.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

scripts/setup.sh
scripts/build.sh
target/release/encast predict --builtin
say
say "Serving a page at http://localhost:${ML_EXPORTER_PORT:-9505}/ and metrics at /metrics; stop with Ctrl-C."
exec build/encast-exporter
