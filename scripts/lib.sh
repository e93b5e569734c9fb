# Shared by the scripts beside it; sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Tools that the project installs for itself, out of the system's way.
tools=$root/build/tools
# The Go package links target/release, wherever the caller keeps other builds.
export CARGO_TARGET_DIR=$root/target
export PATH="$tools/bin:$PATH"

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

timings=()
current=
started=0

# step NAME COMMAND…: runs a command under a heading and notes how long it took.
step() {
    current=$1
    shift
    printf '\n== %s: %s\n' "$current" "$*"
    started=$SECONDS
    "$@"
    timings+=("$(printf '%5d s  %s' $((SECONDS - started)) "$current")")
    current=
}

# Prints what each step took, and which one failed; meant for `trap print_timings EXIT`.
print_timings() {
    local status=$?
    printf '\nSteps:\n'
    if ((${#timings[@]})); then printf '%s\n' "${timings[@]}"; fi
    if [[ -n $current ]]; then
        printf '%5d s  %s  FAILED\n' $((SECONDS - started)) "$current"
    fi
    printf '%5d s  in all\n' "$SECONDS"
    return "$status"
}

# peers REQUIREMENTS VENV: a Python environment with the peers that figures are compared with.
peers() {
    local requirements=$1 venv=$2
    if ! cmp -s "$requirements" "$venv/requirements.txt"; then
        python3 -m venv "$venv" || fail "python3 with venv is needed: apt-get install python3-venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
        cp "$requirements" "$venv/requirements.txt"
    fi
}
