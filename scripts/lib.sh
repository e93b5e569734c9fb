# Shared by the scripts beside it; sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Tools that the project installs for itself, out of the system's way.
tools=$root/build/tools
# The Go package links target/release, wherever the caller keeps other builds.
export CARGO_TARGET_DIR=$root/target
export PATH="$tools/bin:$PATH"
# The Go package links the archive of the tree, not an installed one.
[[ ${GOFLAGS-} == *encast_source_tree* ]] || export GOFLAGS="${GOFLAGS:+$GOFLAGS }-tags=encast_source_tree"

say() { printf '%s\n' "$*"; }
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# chromium_program: prints the browser that pages are tested in; fails when there is none.
chromium_program() {
    if [[ -n ${ENCAST_CHROMIUM-} ]]; then
        command -v "$ENCAST_CHROMIUM"
    else
        command -v chromium-headless-shell || command -v chromium
    fi
}

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

# beside NAME COMMAND…: starts a step that goes on beside those after it, as far as they leave processors idle; with niceness=0
# as if it was one of them.
declare -A beside_jobs=()
beside() {
    local name=$1
    shift
    printf '\n== %s, beside the next: %s\n' "$name" "$*"
    mkdir -p "$root/build"
    nice -n "${niceness:-10}" "$@" >"$root/build/beside-$name.log" 2>&1 &
    beside_jobs[$name]=$!
}

# join NAME…: waits for steps that were started beside, and prints what they said; fails when one of them did.
join() {
    local name
    for name; do step "$name" await_beside "$name"; done
}
await_beside() {
    local status=0
    wait "${beside_jobs[$1]}" || status=$?
    unset "beside_jobs[$1]"
    cat "$root/build/beside-$1.log"
    return "$status"
}

# Prints what each step took, and which one failed; meant for `trap print_timings EXIT`.
print_timings() {
    local status=$?
    # A failed step ends those beside it.
    ((status == 0 || ${#beside_jobs[@]} == 0)) || kill "${beside_jobs[@]}" 2>/dev/null || true
    printf '\nSteps:\n'
    if ((${#timings[@]})); then printf '%s\n' "${timings[@]}"; fi
    if [[ -n $current ]]; then
        printf '%5d s  %s  FAILED\n' $((SECONDS - started)) "$current"
    fi
    printf '%5d s  in all\n' "$SECONDS"
    return "$status"
}

# python_environment REQUIREMENTS FOLDER: a Python environment with just these packages; made when they have changed.
python_environment() {
    local requirements=$1 venv=$2
    if ! cmp -s "$requirements" "$venv/requirements.txt"; then
        say "setup: making $venv from $requirements"
        python3 -m venv "$venv" || fail "python3 with venv is needed: apt-get install python3-venv"
        # Also where a failure is asked about, which switches `set -e` off: a half-made environment must not pass for a whole one.
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" || return
        cp "$requirements" "$venv/requirements.txt"
    fi
}

# An FFmpeg that scores with libvmaf and has the software encoders, which Debian's lacks: the one of the Python package
# imageio-ffmpeg, as build/tools/bin/ffmpeg-vmaf. A name of its own: a system's ffmpeg stays what it is.
vmaf_ffmpeg=$tools/bin/ffmpeg-vmaf
get_vmaf_ffmpeg() {
    local requirements=$root/scripts/ffmpeg-requirements.txt venv=$root/build/ffmpeg program
    if [[ -x $vmaf_ffmpeg ]] && cmp -s "$requirements" "$venv/requirements.txt"; then return; fi
    python_environment "$requirements" "$venv"
    program=$(cd "$venv" && bin/python -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
    mkdir -p "$tools/bin"
    ln -sf "$program" "$vmaf_ffmpeg"
}
