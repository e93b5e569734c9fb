#!/usr/bin/env bash
# Makes build/dist/encast-<version>-<triple>.tar.gz and its checksum: library, headers, command, exporter, licences. It may be unpacked anywhere.
#
#   scripts/dist.sh [TRIPLE]     x86_64-unknown-linux-musl: programs that need nothing of the system, and the archive alone
set -euo pipefail
elsewhere=${CARGO_TARGET_DIR-}
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[[ -z $elsewhere ]] || export CARGO_TARGET_DIR=$elsewhere
cd "$root"

target=${1-}
triple=${target:-$(rustc -vV | sed -n 's/^host: //p')}
if [[ $triple == *-musl ]]; then
    have musl-gcc || fail "no musl-gcc: apt-get install musl-tools"
    [[ -d $(rustc --print sysroot)/lib/rustlib/$triple ]] || fail "no Rust for musl: rustup target add $triple"
    # For the little C that is in the command.
    export "CC_${triple//-/_}=musl-gcc"
fi
version=$(cargo pkgid -p encast-ffi)
name=encast-${version##*[#@]}-$triple
folder=$root/build/dist

# No paths of this machine in the exporter.
export GOFLAGS=-trimpath

rm -rf "${folder:?}/$name" "$folder/$name".tar.gz*
mkdir -p "$folder/$name"
# It is made where / is this folder and the prefix is /name.
scripts/install.sh --prefix "/$name" --destdir "$folder" --relocatable --strip --programs ${target:+--target "$target"}
install -m 644 README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE docs/install.md "$folder/$name/"
cp -r packaging/consumers "$folder/$name/share/doc/encast/"
# Same contents, same bytes: no names, no times of this machine.
tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" -cf - "$name" |
    gzip -n -9 >"$folder/$name.tar.gz"
rm -r "${folder:?}/$name"
(cd "$folder" && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
