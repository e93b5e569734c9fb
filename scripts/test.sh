#!/usr/bin/env bash
# The whole suite. Needs no network once scripts/setup.sh --test has run, but for the dependencies' first download.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}
# A fresh clone is built once: what would let a second build begin in the middle, or a debugger show lines, only takes time.
[[ -z ${CI-} ]] || export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0
trap print_timings EXIT
# Where tests that run real encodes find what Debian's FFmpeg lacks.
export ENCAST_FFMPEG_VMAF=$vmaf_ffmpeg

data_is_the_documented_one() {
    local sum
    sum=$(sha256sum data/measured.csv)
    grep -qF "${sum%% *}" data/README.md || fail "data/measured.csv is not the file that data/README.md describes: $sum"
}

dependencies() {
    cargo-deny --log-level error --all-features check bans licenses sources
    # The advisory database is a git repository; a machine that can't reach it can't check against it.
    if GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote -q https://github.com/RustSec/advisory-db HEAD >/dev/null 2>&1; then
        cargo-deny --log-level error --all-features check advisories
    else
        say "advisories NOT CHECKED: the RustSec advisory database can't be reached from here"
    fi
}

# Known holes of the Go dependencies, as far as the exporter calls what they are in.
go_vulnerabilities() {
    if timeout 20 bash -c 'exec 3<>/dev/tcp/vuln.go.dev/443' 2>/dev/null; then
        have govulncheck || GOBIN=$tools/bin GOFLAGS=-mod=mod go install golang.org/x/vuln/cmd/govulncheck@v1.8.0
        (cd go-exporter && govulncheck ./...)
    else
        say "vulnerabilities of Go modules NOT CHECKED: their database can't be reached from here"
    fi
}

go_is_formatted() {
    local unformatted
    unformatted=$(gofmt -l go-exporter examples/go deploy)
    [[ -z $unformatted ]] || fail "not formatted, run make fmt: $unformatted"
}

# The workspaces of their own have lock files that `--locked` of the others does not look at.
locks_are_current() {
    local folder
    for folder in fuzz crates/encast-datafusion benches/peers/rust; do
        cargo metadata --locked --format-version 1 --manifest-path "$folder/Cargo.toml" >/dev/null ||
            fail "$folder/Cargo.lock is not current: cargo metadata --manifest-path $folder/Cargo.toml writes it anew"
    done
}

in_go() { (cd go-exporter && "$@"); }

dashboard_and_rules() { (cd deploy/generate && go vet ./... && staticcheck ./... && go test -count=1 ./...); }

# Features only add modules: what has all of them is checked and tested, and the release build has what programs get.
features=(--features 'encast-trees/linfa,encast-trees/exchange')

step setup scripts/setup.sh --test
step data data_is_the_documented_one
# Steps that wait for one thing at a time leave a processor idle; what runs beside them uses it. None of these knows what time
# it is, and cargo keeps apart what it builds for release, for tests and for fuzzing.
# Its last crates are built one after another: begun late, they would be waited for.
niceness=0 beside build cargo build --release --locked -p encast-cli -p encast-ffi
beside fuzz scripts/fuzz.sh --short
step accuracy-page python3 benches/accuracy/accuracy_page.py --check
step shellcheck shellcheck -x .ci/run scripts/*.sh packaging/consumers/*.sh
step rustfmt cargo fmt --all --check
step clippy cargo clippy --workspace "${features[@]}" --all-targets --locked -- -D warnings
step locks locks_are_current
step cargo-deny dependencies
# Without the command: its page would take the place of the library of the same name.
RUSTDOCFLAGS="-D warnings" step doc cargo doc --workspace --exclude encast-cli --no-deps --locked
step test-build cargo test --workspace "${features[@]}" --locked --no-run
# Programs and libraries before the tests: C, C++ and Go tests link them.
join build
beside exchange-and-counts bash -c 'scripts/test-exchange.sh --short && scripts/instruction-counts.sh'
beside packages scripts/test-packages.sh
step test-rust cargo test --workspace "${features[@]}" --locked --no-fail-fast
step gofmt go_is_formatted
step go-vet in_go go vet ./...
step staticcheck in_go staticcheck ./...
step govulncheck go_vulnerabilities
# A module of its own: dashboard and rules.
step dashboard-and-rules dashboard_and_rules
# What of deploy/ is checked in seconds; `make check-deploy` checks the rest.
step deploy scripts/check-deploy.sh --short
step smoke scripts/smoke.sh
# Not from the cache: it does not see that libencast.a was rebuilt.
step test-go in_go gotestsum --format testname -- -race -count=1 ./...
step page scripts/test-page.sh
join fuzz exchange-and-counts packages
