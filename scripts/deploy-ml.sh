#!/usr/bin/env bash
# Builds the image, starts deploy/compose.yaml, waits until everything answers, and prints where.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root/deploy"

# How long all services may take to be healthy, once the image is built.
WAIT=${WAIT:-180}

have docker || fail "no docker: install Docker Engine with its compose plugin (docs/operations.md tells how to go without)"
docker compose version >/dev/null 2>&1 || fail "docker has no compose plugin: install docker-compose-plugin"
docker info >/dev/null 2>&1 || fail "docker is installed, but its engine can't be reached: is it running, and may you use it?"

if [[ ! -e .env ]]; then
    (
        umask 077
        sed "s/^GRAFANA_PASSWORD=.*/GRAFANA_PASSWORD=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')/" .env.example >.env
    )
    say "deploy-ml: made deploy/.env with a password for Grafana"
fi
docker compose build
docker compose up --detach --wait --wait-timeout "$WAIT" || {
    docker compose ps --all >&2
    fail "not everything is healthy after $WAIT s: docker compose logs, in deploy/, says why"
}

address() { # address SERVICE PORT: where it is published
    docker compose port "$1" "$2"
}
cat <<END
Forecasts, metrics   http://$(address exporter 9505)/
Dashboard            http://$(address grafana 3000)/d/ml-predictions  user admin, password GRAFANA_PASSWORD of deploy/.env
Series               http://$(address victoriametrics 8428)/vmui
Rules                http://$(address vmalert 8880)/
Alerts               http://$(address alertmanager 9093)/
To stop: docker compose --project-directory deploy down
END
