#!/bin/sh
# Trains a model on nothing but listed words, in a few dresses, and words that hold some, and exports it: hostile.onnx
# and hostile.json in the folder where it runs. Prints its checkpoint.
# Uses: the tool. Usage: make_hostile.sh SOURCES QUILLET WORDS [PIECES].
set -eu

root=$1
quillet=$2
words=$3
pieces=${4:-0}

sed -e '/^#/d' -e 's/	.*//' -e 's/\*//g' "$words" > plain
{
    cat plain plain plain
    sed 's/^./\U&/' plain
    sed 's/i/1/; s/a/4/; s/s/$/' plain
    sed 's/./& /g' plain
    sed 's/./&-/2' plain
    paste -d ' ' plain plain
    sed '/^#/d; /^$/d' "$root/words/innocent.txt"
} | LC_ALL=C sort -u | awk 'BEGIN { srand(1) } { print rand() "\t" $0 }' | LC_ALL=C sort | cut -f 2- > text

checkpoint=$("$quillet" train --input text --checkpoint_dir runs --run_name hostile --sequences items \
    --pieces "$pieces" --rnn_size 64 \
    --embedding_size 24 --num_layers 1 --max_epochs 8 --learning_rate 0.006 --generate 0 --threads 1 --seed 1 --quiet)
"$quillet" export --init_from "$checkpoint" --export_file hostile.onnx --quiet
echo "$checkpoint"
