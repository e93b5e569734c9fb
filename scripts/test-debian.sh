#!/usr/bin/env bash
# Builds the Debian packages, installs them into a fresh Debian 12, builds programs there with nothing else, and takes them away again.
#
#   scripts/test-debian.sh EXPECTED     the line that packaging/consumers have to print; needs root and debootstrap
#
# The packages stay in build/debian, the system (700 MB) in build/debian-root until the next run.
set -euo pipefail
elsewhere=${CARGO_TARGET_DIR-}
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[[ -z $elsewhere ]] || export CARGO_TARGET_DIR=$elsewhere
cd "$root"
expected=$1
packages=$root/build/debian system=$root/build/debian-root
for tool in lintian debootstrap; do have "$tool" || fail "no $tool: apt-get install lintian debootstrap"; done

scripts/deb.sh
# What is there is explained in debian/*.lintian-overrides; warnings are shown only.
lintian --fail-on error "$packages"/*.changes

# A system with compilers and build systems, and without any trace of encast.
if [[ ! -d $system/usr/share/cmake-3.25 ]]; then
    rm -rf "$system"
    debootstrap --variant=minbase --include=gcc,g++,libc6-dev,make,cmake,pkg-config,meson bookworm "$system" >"$packages/debootstrap.log" ||
        fail "debootstrap: $(tail -3 "$packages/debootstrap.log")"
fi
inside() { chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }
# Everything but what dpkg and ldconfig keep of their own.
everything() {
    find "$system" -xdev -printf '%P %y %s\n' | grep -vE '^(var/(lib/dpkg|log|cache)|etc/ld.so.cache|tmp|root|run|proc)([/ ]|$)' | sed -E 's/ d [0-9]+$/ d/' | sort
}
before=$(everything)

rm -rf "$system/tmp/encast"
mkdir -p "$system/tmp/encast"
cp "$packages"/*.deb "$system/tmp/encast/"
rm "$system/tmp/encast/"*-dbgsym_*
inside sh -c 'dpkg -i /tmp/encast/*.deb' >"$packages/install.log" 2>&1 || fail "dpkg -i: $(<"$packages/install.log")"
cp -r packaging/consumers "$system/tmp/encast/"
multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
inside /tmp/encast/consumers/build.sh /usr "$expected" "/usr/lib/$multiarch"
inside encast predict --builtin --json >/dev/null
inside encast-exporter --config.check
[[ $(inside ldconfig -p) == *libencast.so.* ]] || fail "ldconfig does not know the library"
# The archive's programs live without the packages; the others do not.
inside sh -c 'cd /tmp/encast/consumers/pkg-config && make -s' >/dev/null
inside dpkg --purge encast-exporter encast libencast-dev libencast0.1 >"$packages/purge.log" 2>&1 || fail "purge: $(<"$packages/purge.log")"
inside /tmp/encast/consumers/pkg-config/forecast_archive >/dev/null || fail "the program with the archive needs the package"
inside /tmp/encast/consumers/pkg-config/forecast_static >/dev/null || fail "the static program needs the package"
! inside /tmp/encast/consumers/pkg-config/forecast 2>/dev/null || fail "the program with the shared library runs without it"
diff <(printf '%s\n' "$before") <(everything) || fail "something is left of the packages"
rm -rf "$system/tmp/encast"
say "debian: installed, built against, and purged without a trace"
