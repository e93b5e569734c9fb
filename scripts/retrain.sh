#!/usr/bin/env bash
# One turn of the feedback loop: trains on the tables and on what the exporter observed, checks the gates, and puts the
# bundle in place when all are kept. docs/feedback-loop.md tells the whole.
#
#   OUT=model.encast FROM=http://localhost:9505/observations scripts/retrain.sh
#
# OUT is the bundle that serves; DATA are base tables (default: what scripts/training-table.sh writes, the default model's rows);
# FROM the exporter's /observations or a file of it; ARGS are further flags of `encast retrain`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

out=${OUT-}
[[ -n $out ]] || fail "OUT is empty: make retrain OUT=model.encast FROM=http://localhost:9505/observations"
encast=$root/target/release/encast
(cd "$root" && cargo build --release --locked -p encast-cli)
flags=()
[[ -n ${DATA-} ]] || "$root/scripts/training-table.sh"
for table in ${DATA:-$root/build/measured-real.csv}; do flags+=(--data "$table"); done
[[ -z ${FROM-} ]] || flags+=(--from "$FROM")
read -ra more <<<"${ARGS-}"
exec "$encast" retrain --out "$out" "${flags[@]}" "${more[@]}"
