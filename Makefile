# Thin on purpose: each recipe is a script, so that it runs the same with and without make.
.DEFAULT_GOAL := help
.PHONY: help run build test test-datafusion test-exchange test-page fmt bench bench-bulk bench-peers bench-training bench-content bench-converge bench-exporter bench-go bench-drift \
	bench-ladder bench-observations bench-resources chaos instruction-counts install dist static deb test-packages test-retrain-kills fuzz miri \
	valgrind yardstick accuracy measure probe-recipes train-model retrain feedback-loop deploy-ml \
	update-dashboards check-deploy clean

# Tables for `make bench-resources` beside data/measured.csv; benches/resources/README.md says which.
export UGC VEED HARDWARE
# Seconds for `make fuzz`.
SECONDS ?= 600
# Where `make install` puts its files; DESTDIR stands in for / while a package is made.
PREFIX ?= /usr/local
DESTDIR ?=
# Rows of the tables for `make bench-bulk`.
ROWS ?=
# For `make bench-exporter`, `make bench-observations`, `make chaos` and `make test-retrain-kills`.
export DURATION CLIENTS RATE RELOADS KILLS
# For `make retrain`: the bundle that serves, base tables, where observations come from. Flags of encast retrain go into ARGS.
export OUT DATA FROM ARGS
# A clip for `make bench-content`; one is made without it.
CLIP ?=
# Tables for `make yardstick`, `make accuracy`, `make bench-training`, `make bench-ladder` and `make bench-drift` (one table): TABLE="a.csv b.csv"; TARGETS=vmaf,psnr and
# TIERS=content,probe judge less.
TABLE ?= data/measured.csv

help: ## Lists what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Installs what is missing, builds, prints forecasts, serves metrics on :9505
	@scripts/run.sh

build: ## Release programs and libraries
	@scripts/build.sh

test: ## The whole suite; installs what it needs first
	@scripts/test.sh

test-datafusion: ## Tests of the SQL functions; compiles DataFusion, some 5 minutes on 2 cores
	@scripts/test-datafusion.sh

test-page: ## The exporter's what-if page in a real Chromium; part of the suite
	@scripts/test-page.sh

test-exchange: ## Large models of LightGBM, XGBoost, scikit-learn and a Dask cluster, held against encast
	@scripts/test-exchange.sh

install: ## Library, headers, command and exporter into PREFIX (/usr/local), below DESTDIR if given
	@scripts/install.sh --programs --prefix "$(PREFIX)" --destdir "$(DESTDIR)"

dist: ## A tarball that may be unpacked anywhere, with its checksum
	@scripts/dist.sh

static: ## The same for musl: programs that need nothing of the system
	@scripts/dist.sh x86_64-unknown-linux-musl

deb: ## Debian packages into build/debian
	@scripts/deb.sh

test-packages: ## Programs built against tarballs, cargo-c's tree and Debian packages; as root, half an hour
	@scripts/test-packages.sh --all

fmt: ## Formats Rust and Go
	cargo fmt --all
	gofmt -w go-exporter examples/go deploy

bench: ## Criterion benchmarks
	cargo bench --workspace --locked

bench-bulk: ## Speed and memory of `encast predict --data` over millions of rows (ROWS=…)
	@scripts/bench-bulk.sh $(ROWS)

bench-peers: ## Speed of the trees beside six other evaluators, on the same forests
	@scripts/bench-peers.sh

instruction-counts: ## Writes the instruction counts of the hot paths that the tests hold
	@scripts/instruction-counts.sh --update

bench-training: ## Training on ×1, ×10, ×100 rows beside LightGBM, two threads each (TABLE=…)
	@scripts/bench-training.sh $(TABLE)

bench-content: ## Speed of `encast analyze` beside ffmpeg and siti-tools (CLIP=…)
	@scripts/bench-content.sh $(CLIP)

bench-go: ## What a call from Go takes beside the same one from C
	@scripts/bench-go.sh

bench-observations: ## How fast observations are taken, and 100 kills while they are (KILLS=…)
	@scripts/bench-observations.sh

bench-exporter: ## The exporter under 100 clients, 5 minutes paced, 1 minute each of the other phases: waits, memory, rows/s (DURATION=…, CLIENTS=…, RATE=…)
	@scripts/bench-exporter.sh

chaos: ## 1000 reloads of the exporter under load, then 100 kills (RELOADS=…, KILLS=…)
	@scripts/chaos.sh

bench-ladder: ## Forecast ladders on measured curves, beside a fixed one (TABLE=…)
	@scripts/bench-ladder.sh $(TABLE)

bench-drift: ## How soon a shift of an encoder is found, beside river's detectors (TABLE=…)
	@scripts/bench-drift.sh $(TABLE)

bench-converge: ## `encast converge` beside ab-av1 (CLIPS=folder)
	@scripts/bench-converge.sh "$(CLIPS)"

bench-resources: ## Times, memory, energy, totals, machines never seen, beside LightGBM (UGC=…, VEED=…, HARDWARE=…)
	@scripts/bench-resources.sh

fuzz: ## Fuzzes the readers and every entry of the C ABI, with nightly Rust (SECONDS=…)
	@scripts/fuzz.sh $(SECONDS)

miri: ## Unit tests of the C ABI under Miri, with nightly Rust
	@scripts/miri.sh

valgrind: ## All C test programs under Valgrind's memcheck
	@scripts/valgrind.sh

yardstick: ## Accuracy beside LightGBM, a forest and the mean (TABLE=…)
	@scripts/yardstick.sh $(TABLE)

accuracy: ## All figures and plots of docs/accuracy.md (TABLE=…)
	@scripts/accuracy.sh $(TABLE)

measure: ## Measures the encodes behind data/measured.csv; hours, resumable (CLIPS=folder)
	@scripts/measure.sh "$(CLIPS)"

probe-recipes: ## What trial encodes buy, recipe by recipe (CLIPS=folder)
	@scripts/probe-recipes.sh "$(CLIPS)"

train-model: ## Trains models/default from data/measured.csv, with its figures and card
	@scripts/train-model.sh

retrain: ## One turn of the feedback loop: retrains OUT on DATA="a.csv b.csv" and FROM (the exporter's /observations)
	@scripts/retrain.sh

feedback-loop: ## The whole loop for real: measure, report, export, retrain, reload (CLIPS=folder of a few short ones)
	@scripts/feedback-loop.sh "$(CLIPS)"

test-retrain-kills: ## kill -9 during retraining, KILLS times (100), and as often while it places signed bundles; some 20 minutes
	@ENCAST_KILLS="$${KILLS:-100}" cargo test --locked -p encast-cli --test command -- --nocapture --test-threads=1 killed_

deploy-ml: ## Exporter, retraining, VictoriaMetrics, alerts and Grafana in containers; waits and prints where
	@scripts/deploy-ml.sh

update-dashboards: ## Writes dashboard, Kubernetes rules, table of alerts; uploads with GRAFANA_URL and GRAFANA_TOKEN
	@scripts/update-dashboards.sh

check-deploy: ## Checks deploy/ without containers or a cluster; compiles Kubernetes' types, some 3 minutes
	@scripts/check-deploy.sh

clean: ## Removes everything built
	cargo clean
	rm -rf build
