#!/bin/bash
# Trains two tiny models, of numbers in words and of names for them, and makes C of them in folders of the one where it
# runs: quotes_models.c, with its header and report, in integer/ and in float/. Small enough for a page to take seconds on
# the emulated Pico.
# Uses: the tool. Argument: its path.
set -euo pipefail

tool=$(realpath "$1")
words=(zero one two three four five six seven eight nine)
for ((i = 0; i < 600; i++)); do
    n=$((i * 7919 % 1000))
    echo "${words[n / 100]} ${words[n / 10 % 10]}, ${words[n % 10]}."
done > quotes.txt
for ((i = 0; i < 600; i++)); do
    n=$((i * 7919 % 1000))
    first=${words[n / 100]} last=${words[n % 100 / 10]}
    echo "${first^} ${last^}-${words[n % 10]^}"
done > names.txt
rm -rf checkpoints
for kind in quotes names; do
    "$tool" train --input $kind.txt --sequences items --embedding_size 8 --rnn_size 24 --num_layers 1 --max_epochs 6 \
        --learning_rate 0.02 --generate 0 --seed 1 --threads 1 --run_name $kind --quiet > /dev/null
    "$tool" export --init_from checkpoints/$kind/checkpoint.6.safetensors --export_file $kind.onnx --temperature 0.9 \
        --quiet
done
for form in integer float; do
    mkdir -p $form
    numbers=int8
    [[ $form == integer ]] || numbers=off
    "$tool" compile quotes.json names.json --name quotes_model,names_model --output $form/quotes_models.c \
        --quantize $numbers --report > $form/quotes_models.json
done
