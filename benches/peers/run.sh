#!/usr/bin/env bash
# Measures this crate and its peers in one run, and rewrites the tables of docs/speed.md.
#
#   benches/peers/run.sh PYTHON
#
# PYTHON is an interpreter with torch and optax, for example of a virtual environment:
#   python3 -m venv venv && venv/bin/pip install torch optax
set -euo pipefail
python=$(realpath -s "${1:?an interpreter with torch and optax}")
cd "$(dirname "$0")/../.."
cargo build --release --features rayon --example step_cost
target=${CARGO_TARGET_DIR:-target}
exec "$python" benches/peers/peers.py --step-cost "$target/release/examples/step_cost" \
    --write docs/speed.md
