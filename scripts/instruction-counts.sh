#!/usr/bin/env bash
# Counts the instructions of the hot paths with callgrind, and holds them against the committed counts.
#
#   scripts/instruction-counts.sh            fails when a path takes more than 5 % more instructions than committed
#   scripts/instruction-counts.sh --update   writes the counts
#
# Counts do not depend on what else the machine does. Valgrind shows programs a processor with AVX2 and without AVX-512, so they
# are those of the AVX2 kernels; on processors without AVX2 nothing is compared.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

have valgrind || fail "valgrind is needed: scripts/setup.sh --test installs it"
if ! grep -qw avx2 /proc/cpuinfo; then
    say "instruction counts NOT CHECKED: this processor has no AVX2"
    exit 0
fi
cargo build --release --locked --quiet -p encast --example hot_paths
program=$root/target/release/examples/hot_paths
counts=benches/counts/counts.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

instructions() { # instructions PATH TIMES
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 >/dev/null |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

for path in $("$program"); do
    # Both at once: a count does not depend on what else runs.
    instructions "$path" 2 >"$work/few" &
    many=$(instructions "$path" 6)
    wait $!
    few=$(<"$work/few")
    [[ -n $few && -n $many ]] || fail "callgrind gave no count of $path"
    printf '%s %d\n' "$path" $(((many - few) / 4))
done >"$work/found"
python3 benches/counts/counts.py "$work/found" "$counts" "${1-}"
