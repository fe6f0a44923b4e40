#!/bin/bash
# A model of three symbols whose logits happened to lie between 0 and 1 was refused, as one that ends in a sigmoid: one of
# seven barely trained models of the tool's own. Guards: where the graph shows a sum of products, any logits are right.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

for i in {1..200}; do
    printf ab
done > text
for seed in {1..12}; do
    for model in "--rnn-size 8 --embedding-size 8" \
        "--model transformer --embedding-size 8 --num-heads 2 --feed-size 8 --context-length 8"; do
        # shellcheck disable=SC2086
        expect_exit 0 train --input text --validation text --max-epochs 1 --generate 0 --threads 1 $model --seed "$seed" \
            --run-name "$seed" --quiet
        expect_exit 0 export --init_from "checkpoints/$seed/checkpoint.1.safetensors" --export_file model.onnx
        expect_exit 0 evaluate --model model.json --length 5 --seed 1
        rm -r "checkpoints/$seed"
    done
done
finish
