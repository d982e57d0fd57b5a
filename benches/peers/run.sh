#!/usr/bin/env bash
# Measures this crate and its peers in one run of some minutes, and rewrites the tables of docs/speed.md.
#
#   benches/peers/run.sh PYTHON
#
# PYTHON is an interpreter with torch and optax, for example of a virtual environment:
#   python3 -m venv venv && venv/bin/pip install torch optax
# On a quiet machine: the load averages before the build are in the report.
set -euo pipefail
python=$(realpath -s "${1:?an interpreter with torch and optax}")
cd "$(dirname "$0")/../.."
read -r -a loads < <(cut -d' ' -f1-3 /proc/loadavg)
cargo build --release --features rayon --example step_cost
target=${CARGO_TARGET_DIR:-target}
exec "$python" benches/peers/peers.py --step-cost "$target/release/examples/step_cost" \
    --loads "${loads[@]}" --write docs/speed.md
