#!/bin/sh
# The runs of docs/fashion_mnist/README.md, two at a time with one thread each, at the lowest priority:
#     examples/fashion_mnist/campaign.sh [DIRECTORY]
# Stopped and started again, it goes on where it stopped, with the same bits.
set -eu
out=${1:-target/fashion_mnist}
cargo build --release --features candle,progress,serde1 --example fashion_mnist
example=${CARGO_TARGET_DIR:-target}/release/examples/fashion_mnist
# candle's own threads, which --threads does not limit
export RAYON_NUM_THREADS=1

run() {
    xargs -L 1 -P 2 nice -n 19 "$example" --paper nu=0.65 "$@" 2>>"$out/log.txt" >/dev/null
}

# Each optimizer by itself, then the table and the pictures of all.
digits="--digits --seeds 5 --out $out/digits"
subset="--subset 6000 --epochs 60 --evaluate 1000 --out $out/subset"
full="--epochs 30 --out $out/full"
mkdir -p "$out"
# the most informative first, in case that it is stopped
kinds="arturo adam sgd arturo-paper arturo-changed adamw"
for kind in $kinds; do echo "--optimizer $kind"; done | run $digits
for seed in 0 1 2; do
    for kind in $kinds; do echo "--optimizer $kind --seed $seed"; done
done | run $subset
for kind in $kinds; do echo "--optimizer $kind"; done | run $full
for set in "$digits" "$subset --seeds 3" "$full"; do
    nice -n 19 "$example" --paper nu=0.65 $set 2>>"$out/log.txt"
done
