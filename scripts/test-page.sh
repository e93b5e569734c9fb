#!/usr/bin/env bash
# Tests the exporter's what-if page in a real, headless Chromium.
#
#   scripts/test-page.sh [--picture]     (--picture also takes docs/plots/what-if.png anew)
#
# Needs the library built (scripts/build.sh) and what scripts/setup.sh --test installs. ENCAST_SKIP_BROWSER=1 leaves the
# tests out; ENCAST_CHROMIUM names another browser than the system's.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ ${ENCAST_SKIP_BROWSER-} == 1 ]]; then
    say "browser tests LEFT OUT: ENCAST_SKIP_BROWSER=1"
    exit 0
fi
picture=
case ${1-} in
"") ;;
--picture) picture=$root/docs/plots/what-if.png ;;
*) fail "unknown option '$1'; known: --picture" ;;
esac
[[ -d $root/tests/page/node_modules ]] || fail "the tests' packages are missing: scripts/setup.sh --test installs them"

mkdir -p "$root/build"
(cd "$root/go-exporter" && go build -o "$root/build/encast-exporter" ./cmd/encast-exporter)
ENCAST_CHROMIUM=$(chromium_program) || fail "no Chromium: scripts/setup.sh --test installs it"
export ENCAST_CHROMIUM
export ENCAST_EXPORTER=$root/build/encast-exporter ENCAST_PICTURE=$picture
cd "$root/tests/page"
node suite.mjs
