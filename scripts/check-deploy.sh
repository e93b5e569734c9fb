#!/usr/bin/env bash
# Checks everything in deploy/ without a container engine or a cluster: Dockerfile, compose files, Kubernetes manifests,
# systemd units, configurations, rules and dashboard, each with the code of the program that reads it. The first run compiles
# Kubernetes' types, some three minutes on 2 cores.
#
#   scripts/check-deploy.sh [--short]
#
# --short is a part of the suite, of a few seconds: all but what needs those types and compose's loader (compose's schema stands in
# for it) and what is a step of the suite itself (rules and dashboard). It needs scripts/setup.sh --test.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

short=
case ${1-} in
"") ;;
--short) short=1 ;;
*) fail "unknown option '$1'; known: --short" ;;
esac
venv=$root/build/deploy-tools
# Highest exposure by systemd's own measure, in tenths: 0 is none, 100 all.
EXPOSURE=15

in_folder() { (cd "$1" && shift && "$@"); }

compose_schema() {
    local module=github.com/compose-spec/compose-go/v2 folder
    folder=$(cd deploy/check && go mod download "$module" && go list -m -f '{{.Dir}}' "$module")
    "$venv/bin/python" scripts/compose_schema.py "$folder/schema/compose-spec.json" deploy/compose.yaml deploy/compose.prometheus.yaml
}

manifests() {
    local folder=$1
    # The kinds of the Prometheus operator have no schema there; deploy/check reads them by the operator's types.
    (cd deploy/check && KUSTOMIZED=$folder go test -run TestWriteManifests -count=1 ./... >/dev/null)
    "$venv/bin/kubernetes-validate" --strict --quiet "$folder"/*.yaml
}

units() {
    local unit
    for unit in deploy/systemd/*.service; do
        systemd-analyze security --offline=yes --no-pager --threshold="$EXPOSURE" "$unit" | tail -1
    done
    # Programs are where the packages put them: a root of their own lets the units be verified before they are installed.
    local image=$scratch/image
    install -d "$image"/{usr/bin,bin,etc/systemd/system,usr/lib/systemd/system}
    install -m 644 deploy/systemd/*.service "$image/etc/systemd/system/"
    local target
    for target in sysinit basic multi-user network-online shutdown; do
        printf '[Unit]\nDescription=%s\nDefaultDependencies=no\n' "$target" >"$image/usr/lib/systemd/system/$target.target"
    done
    printf '[Unit]\nDefaultDependencies=no\n[Slice]\n' >"$image/usr/lib/systemd/system/system.slice"
    install -m 755 /bin/true "$image/usr/bin/encast-exporter"
    install -m 755 /bin/true "$image/usr/bin/encast"
    install -m 755 /bin/true "$image/bin/kill"
    install -m 755 /bin/true "$image/bin/sh"
    local said
    said=$(systemd-analyze verify --root="$image" --man=no encast-exporter.service encast-retrain.service 2>&1) || fail "$said"
    [[ -z $said ]] || fail "systemd says of the units: $said"
}

configurations() {
    amtool check-config deploy/alertmanager/alertmanager.yml
    promtool check config deploy/prometheus/prometheus.yml
    # Its rules are where compose mounts them.
    install -d "$scratch/etc/prometheus" "$scratch/etc/rules"
    install -m 644 deploy/prometheus/compose.yml "$scratch/etc/prometheus/prometheus.yml"
    install -m 644 deploy/rules/encast.yml "$scratch/etc/rules/"
    promtool check config "$scratch/etc/prometheus/prometheus.yml"
    diff <(grep -v '^#' deploy/prometheus/prometheus.yml | sed 's/localhost:9505/exporter:9505/; s/localhost:9093/alertmanager:9093/') \
        <(grep -v '^#' deploy/prometheus/compose.yml) || fail "prometheus.yml and compose.yml differ in more than their targets"
    victoria-metrics -promscrape.config=deploy/victoriametrics/scrape.yml -promscrape.config.strictParse -dryRun 2>/dev/null
    vmalert -rule=deploy/rules/encast.yml -dryRun 2>/dev/null
}

scratch=$(mktemp -d)
cleanup() {
    rm -rf "$scratch"
    if [[ -z $short ]]; then print_timings; fi
}
trap cleanup EXIT

[[ -n $short ]] || step setup scripts/setup.sh --test
have systemd-analyze || fail "no systemd-analyze: scripts/setup.sh --test installs it"
step dockerfile "$venv/bin/hadolint" --failure-threshold style deploy/Dockerfile
step compose-schema compose_schema
step systemd units
step configurations configurations
[[ -z $short ]] || exit 0
step compose-and-kubernetes in_folder deploy/check go test -count=1 ./...
step kubernetes-schemas manifests "$scratch"
step dashboard-and-rules in_folder deploy/generate go test -count=1 ./...
