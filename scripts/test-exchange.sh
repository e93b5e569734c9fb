#!/usr/bin/env bash
# Models of other libraries, with these libraries: trains with LightGBM, XGBoost and scikit-learn, and compares what they
# forecast with what encast makes of their models; and ONNX Runtime on what encast exports.
#
#   scripts/test-exchange.sh [--short]      --short: small models, and no cluster; what the tests run
#
# Needs target/release/encast. The packages come from PyPI once, to build/exchange-venv.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$root"

short=
case ${1-} in
"") ;;
--short) short=1 ;;
*) fail "unknown option '$1'; known: --short" ;;
esac

venv=$root/build/exchange-venv
if ! (python_environment testdata/exchange/requirements.txt "$venv"); then
    # In CI nothing is left out.
    [[ -z ${CI-} ]] || fail "the packages of testdata/exchange/requirements.txt can't be had"
    rm -f "$venv/requirements.txt"
    say "EXCHANGE NOT TESTED WITH THE REAL LIBRARIES: the packages of testdata/exchange/requirements.txt can't be had from here"
    exit 0
fi
models=$root/build/exchange-models
rm -rf "$models"
size=(--large)
[[ -z $short ]] || size=()
"$venv/bin/python" testdata/exchange/make_models.py "$models" "${size[@]}"
# With the features of the suite, so that nothing is built for this alone.
ENCAST_EXCHANGE_MODELS=$models cargo test --workspace --features encast-trees/linfa,encast-trees/exchange --locked --test exchange
"$venv/bin/python" testdata/exchange/train_on_columns.py check target/release/encast data/measured.csv build/exchange-check
[[ -z $short ]] || exit 0
"$venv/bin/python" examples/python/train_on_dask.py --encast target/release/encast --data data/measured.csv \
    --work build/exchange-dask
