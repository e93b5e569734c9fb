#!/usr/bin/env bash
# Writes the dashboard, the rules for Kubernetes and the table of alerts from their sources; with GRAFANA_URL and GRAFANA_TOKEN
# set, sends the dashboard there as well.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root/deploy/generate"

upload=()
if [[ -n ${GRAFANA_URL-} ]]; then
    [[ -n ${GRAFANA_TOKEN-} ]] || fail "GRAFANA_URL is set and GRAFANA_TOKEN is not: a service account's token that may write dashboards"
    upload=(-upload)
fi
go run . "${upload[@]}"
