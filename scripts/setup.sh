#!/usr/bin/env bash
# Makes sure that everything a build needs is there; with --test, everything the tests need too.
#
#   scripts/setup.sh [--test]
#
# Installs what is missing and says so; does nothing, and needs no network, when all is present. Debian packages come
# through apt (sudo when not root); the tests' own tools go to build/tools and touch nothing outside the repository, but for
# two templates that Debian's Alertmanager reads from /usr/share alone.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CARGO_DENY_VERSION=0.20.2
STATICCHECK_VERSION=v0.8.2
GOTESTSUM_VERSION=v1.13.0

testing=
case ${1-} in
"") ;;
--test) testing=1 ;;
*) fail "unknown option '$1'; known: --test" ;;
esac

have cargo || fail "no Rust toolchain: install rustup (https://rustup.rs); rust-toolchain.toml then picks the version"
have go || fail "no Go toolchain: install Go as go-exporter/go.mod asks for (https://go.dev/dl)"

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "'$*' needs root, and there is no sudo"
    fi
}

apt_updated=
apt_update() {
    [[ -n $apt_updated ]] || as_root apt-get update -q
    apt_updated=1
}

compiles() { # compiles COMPILER LANGUAGE HEADER [BEFORE]: whether the compiler and the header are there
    have "$1" && printf '#include <%s>\n' ${4:+"$4"} "$3" | "$1" -x "$2" -fsyntax-only - 2>/dev/null
}

have_gstreamer() { # the elements that encast measure builds its pipelines of, each from another package
    local element
    have gst-launch-1.0 || return
    for element in videoscale matroskamux y4mdec x265enc x264enc; do
        gst-inspect-1.0 --exists "$element" || return
    done
}

packages=()
compiles cc c stdlib.h || packages+=(gcc libc6-dev)
if [[ -n $testing ]]; then
    compiles c++ c++ vector || packages+=(g++)
    # An example encodes with libx264; the C and C++ tests read the corpus with these two.
    compiles cc c x264.h stdint.h || packages+=(libx264-dev)
    compiles cc c cjson/cJSON.h || packages+=(libcjson-dev)
    compiles c++ c++ nlohmann/json.hpp || packages+=(nlohmann-json3-dev)
    # The requests of docs/exporter.md are run as they stand there.
    have curl || packages+=(curl)
    have shellcheck || packages+=(shellcheck)
    have valgrind || packages+=(valgrind)
    have minisign || packages+=(minisign)
    # A test makes a certificate for a server with it.
    have openssl || packages+=(openssl)
    # Tests decode odd clips with it, and leave that out where it is missing.
    have "${ENCAST_FFMPEG:-ffmpeg}" || packages+=(ffmpeg)
    have_gstreamer || packages+=(gstreamer1.0-tools gstreamer1.0-plugins-{base,good,bad,ugly})
    # It verifies the units of deploy/.
    have systemd-analyze || packages+=(systemd)
    # Programs are built against the installed library with them.
    have pkg-config || packages+=(pkg-config)
    have cmake || packages+=(cmake)
    have meson || packages+=(meson)
    python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
    # The exporter's page is tested in a browser, by packages of npm.
    if [[ ${ENCAST_SKIP_BROWSER-} != 1 ]]; then
        # The headless shell takes half the time of the whole browser, which serves where there is no such package.
        if [[ -z ${ENCAST_CHROMIUM-} ]] && ! have chromium-headless-shell; then
            if ! have chromium || apt-cache show chromium-headless-shell >/dev/null 2>&1; then packages+=(chromium-headless-shell); fi
        fi
        have node || packages+=(nodejs)
        have npm || packages+=(npm)
    fi
fi
if ((${#packages[@]})); then
    have apt-get || fail "missing, and there is no apt to install them with: ${packages[*]}"
    say "setup: installing ${packages[*]}"
    apt_update
    DEBIAN_FRONTEND=noninteractive as_root apt-get install -yq --no-install-recommends "${packages[@]}"
fi

[[ -n $testing ]] || exit 0

# Installing these packages would add users and start services. The tests need the programs only, so they are unpacked
# instead of installed. A file named with its whole path is one that a program looks for there and nowhere else.
unpack() { # unpack PACKAGE PROGRAM|/FILE…
    local package=$1 unpacked item missing=
    shift
    for item; do [[ -e $item ]] || have "$item" || missing=1; done
    [[ -n $missing ]] || return 0
    have apt-get || fail "missing: $*"
    say "setup: unpacking $* (no service is installed or started)"
    apt_update
    unpacked=$(mktemp -d)
    (cd "$unpacked" && apt-get download -q -o APT::Sandbox::User=root "$package" && dpkg-deb -x ./*.deb .)
    mkdir -p "$tools/bin"
    for item; do
        if [[ $item == /* ]]; then
            as_root install -D -m 644 "$unpacked$item" "$item"
        else
            install -m 755 "$unpacked/usr/bin/$item" "$tools/bin/"
        fi
    done
    rm -rf "$unpacked"
}
unpack prometheus prometheus promtool
unpack victoria-metrics victoria-metrics vmalert
unpack prometheus-alertmanager prometheus-alertmanager amtool /usr/share/prometheus/alertmanager/{default,email}.tmpl
get_vmaf_ffmpeg
# hadolint and schemas, for what is in deploy/.
python_environment "$root/scripts/deploy-requirements.txt" "$root/build/deploy-tools"
if ! have cargo-deny; then
    say "setup: building cargo-deny $CARGO_DENY_VERSION into build/tools (about two minutes on two cores)"
    # Without optimisation: it runs for a second, and optimising it takes three minutes more.
    cargo install cargo-deny --version "$CARGO_DENY_VERSION" --locked --debug --quiet --root "$tools" \
        --target-dir "$root/build/cargo-deny"
    rm -rf "$root/build/cargo-deny"
fi
go_tool() { # go_tool PROGRAM MODULE@VERSION
    have "$1" && return
    say "setup: building $2 into build/tools"
    GOBIN=$tools/bin GOFLAGS=-mod=mod go install "$2"
}
go_tool staticcheck "honnef.co/go/tools/cmd/staticcheck@$STATICCHECK_VERSION"
go_tool gotestsum "gotest.tools/gotestsum@$GOTESTSUM_VERSION"
# The packages of the page's tests: npm's own record tells whether they are those of the lock file.
if [[ ${ENCAST_SKIP_BROWSER-} != 1 && $root/tests/page/package-lock.json -nt $root/tests/page/node_modules/.package-lock.json ]]; then
    say "setup: fetching the packages of tests/page"
    npm ci --prefix "$root/tests/page" --no-audit --no-fund --loglevel=error
    touch "$root/tests/page/node_modules/.package-lock.json"
fi
