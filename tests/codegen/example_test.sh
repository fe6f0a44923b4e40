#!/bin/sh
# The example in examples/compile builds with its own Makefile, from a model of any name, and prints lines.
# Uses: make, cc. Arguments: sources, random_model, engine_text (not used), quillet.
set -eu

root=$1
random_model=$2
quillet=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$root"/examples/compile/* "$work"
cd "$work"
"$random_model" lstm 60 9 20 1 1 1 some-model
make -s QUILLET="$quillet" MODEL=some-model.json
./names 3 > first
./names 3 > again
./names 4 > other
cmp first again
! cmp -s first other
[ -s first ]
