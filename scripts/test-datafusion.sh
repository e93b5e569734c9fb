#!/usr/bin/env bash
# Tests of crates/encast-datafusion, a workspace of its own: DataFusion is some 270 crates.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root/crates/encast-datafusion"
cargo fmt --check
cargo clippy --all-targets --locked -- -D warnings
cargo test --locked
