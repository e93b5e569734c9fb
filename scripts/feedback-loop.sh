#!/usr/bin/env bash
# The whole loop for real, on this machine: real encodes are measured and reported to a real exporter, a real VictoriaMetrics
# scrapes it, the measurements are read back and trained on, the gates decide, the exporter takes the model up, and its
# metrics show measured beside forecast values.
#
#   scripts/feedback-loop.sh CLIPS        a folder of a few short clips; all in it are measured
#
# ARGS are further flags of `encast retrain`, such as gates that suit few titles.
# Everything goes to build/feedback-loop. What was measured stays there: a second run goes on with it. Minutes for six clips.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

clips=${1-}
[[ -d $clips ]] || fail "CLIPS='$clips' is no folder: make feedback-loop CLIPS=FOLDER"
clips=$(realpath "$clips")
exporter=http://127.0.0.1:19505
victoria=http://127.0.0.1:18428
place=$root/build/feedback-loop
encast=$root/target/release/encast
dashboard=$root/deploy/grafana/dashboards/ml-predictions.json

scripts/setup.sh --test
get_vmaf_ffmpeg
scripts/build.sh
mkdir -p "$place"
cd "$place"
# What an earlier run left running or stored, but for what it measured.
rm -rf victoria observations.db model.encast* exported.csv log-*

children=()
stop() {
    ((${#children[@]} == 0)) || kill "${children[@]}" 2>/dev/null || true
    wait
}
trap stop EXIT

# run WORDS…: prints a command as a person would type it, and runs it.
run() {
    local line=${*//$root\/target\/release\/}
    printf '\n$ %s\n' "${line//$root\//}"
    "$@"
}
# waiting SECONDS WHAT COMMAND…: until the command succeeds.
waiting() {
    local left=$(($1 * 5)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((left-- > 0)) || fail "$what did not happen"
        sleep 0.2
    done
}
# asked EXPRESSION: what VictoriaMetrics says now, one series a line.
asked() {
    curl -fsS --get "$victoria/api/v1/query" --data-urlencode "query=$1" | python3 -c '
import json, sys
hidden = ("__name__", "instance", "job", "id")
for series in json.load(sys.stdin)["data"]["result"]:
    labels = ", ".join(f"{k}={v!r}" for k, v in sorted(series["metric"].items()) if k not in hidden)
    print("  %10.4g  %s" % (float(series["value"][1]), labels))'
}
shows() { # shows EXPRESSION: as a person would see it
    printf '\n%s\n' "$1"
    asked "$1"
}
panel() { # panel TITLE: what the dashboard's panel of this title shows of all that this exporter told
    local expression expressions
    expressions=$(python3 - "$dashboard" "$1" <<'END'
import json, re, sys

path, title = sys.argv[1:]
panels = json.load(open(path, encoding="utf-8"))["panels"]
panels += [inner for outer in panels for inner in outer.get("panels", [])]
(found,) = [panel for panel in panels if panel.get("title") == title and panel.get("targets")]
for target in found["targets"]:
    # Of the variables everything is chosen, as it is when the dashboard is opened.
    print(re.sub(r"\$(job|instance|config|codec)\b", ".*", target["expr"]).replace("$__rate_interval", "1m"))
END
    ) || fail "$dashboard has not one panel '$1'"
    printf '\n%s\n' "$1"
    while IFS= read -r expression; do shows "$expression"; done <<<"$expressions"
}
has() { [[ -n $(asked "$1") ]]; }

say "== An exporter and VictoriaMetrics"
# The model that serves at first is the default one, as a file, so that it can be replaced.
"$encast" inspect --convert model.encast >/dev/null
"$root/build/encast-exporter" --web.listen-address=127.0.0.1:19505 --model-path=model.encast --reload.watch=2s \
    --observations.path=observations.db --observations.exposed=1000 >log-exporter 2>&1 &
children+=($!)
cat >scrape.yml <<END
scrape_configs:
  - job_name: encast
    scrape_interval: 1s
    static_configs:
      - targets: ["127.0.0.1:19505"]
END
victoria-metrics -storageDataPath=victoria -httpListenAddr=127.0.0.1:18428 -promscrape.config=scrape.yml \
    -search.latencyOffset=0s -retentionPeriod=1 >log-victoria 2>&1 &
children+=($!)
waiting 20 "the exporter's start" curl -fsS "$exporter/health"
waiting 20 "the first scrape" has ml_model_version
shows ml_model_version

say
say "== Measure: real encodes of $(find -L "$clips" -type f | wc -l) clips"
python3 - "$clips" >grid.toml <<'END'
import pathlib, sys

print("""seconds = 3
threads = 1
vmaf_model = "vmaf_v0.6.1"
sizes = [1.0, 0.5]

[probe]
encoder = "libx264"
preset = "veryfast"
crf = 28
lines = 360
samples = 2
sample_seconds = 0.5

[[encode]]
encoder = "libx264"
presets = ["veryfast", "medium"]
crf = [20, 26, 32, 38]

[[encode]]
encoder = "libsvtav1"
presets = ["10"]
crf = [25, 35, 45, 55]
""")
for clip in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    print(f"[[clip]]\nfile = {str(clip.name)!r}\nkind = \"natural\"\n")
END
run "$encast" measure grid.toml --clips "$clips" --out measured.csv --ffmpeg "$vmaf_ffmpeg" --quiet

say
say "== Ask, and report what came out"
run python3 "$root/examples/python/report_measured.py" --data measured.csv --url "$exporter" --probe --config loop
waiting 20 "the scrape of what was measured" has 'count(qoe_vmaf_score) > 5'
sleep 3

say
say "== Measured beside forecast, as the dashboard shows it"
panel "Historical against predicted: VMAF"
panel "Bias"
panel "Error quantiles"
panel "Coverage against the promise"

say
say "== Read the measurements back, train, and let the gates decide"
run "$encast" export --vm-url "$victoria" --start 1h --end now --step 1s --output exported.csv
read -ra flags <<<"${ARGS-}"
"$root/scripts/training-table.sh"
run "$encast" retrain --data "$root/build/measured-real.csv" --data exported.csv --out model.encast "${flags[@]}" ||
    say "(exit code $?: the serving model stays)"
waiting 20 "the reload" has "ml_model_last_reload_success_timestamp_seconds > $(stat -c %Y model.encast) - 1"
sleep 2
panel "Model version"
panel "Last retraining"

say
say "== The same requests, forecast by the model in use"
run python3 "$root/examples/python/report_measured.py" --data measured.csv --url "$exporter" --probe --config again --prefix again-
sleep 3
panel "Error quantiles"
panel "Coverage against the promise"
