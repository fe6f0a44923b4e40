#!/bin/bash
# Trains two tiny models, of numbers in words and of names for them, and makes C of them in folders of the one where it
# runs: quotes_models.c, with its header and report, in integer/ and in float/, or of decoders in decoder/. Small enough for
# a page to take seconds on the emulated Pico.
# Uses: the tool. Arguments: its path; "decoder" for decoders in integers in place of recurrent models.
set -euo pipefail

tool=$(realpath "$1")
kind_of_models=${2:-}
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

# train KIND OPTION...: a model of six epochs, and its descriptor.
train()
{
    local kind=$1
    shift
    "$tool" train --input $kind.txt --sequences items --max_epochs 6 --generate 0 --seed 1 --threads 1 --run_name $kind \
        --quiet "$@" > /dev/null
    "$tool" export --init_from checkpoints/$kind/checkpoint.6.safetensors --export_file $kind.onnx --temperature 0.9 \
        --quiet
}

# make FOLDER NUMBERS: the C of both models.
make()
{
    mkdir -p "$1"
    "$tool" compile quotes.json names.json --name quotes_model,names_model --output "$1/quotes_models.c" \
        --quantize "$2" --report > "$1/quotes_models.json"
}

if [[ $kind_of_models == decoder ]]; then
    # The names reach the end of their context. A matrix of 3,460 columns has more panels than a stack has room for.
    decoder=(--model transformer --dropout 0.05 --learning_rate 0.01)
    train quotes "${decoder[@]}" --embedding_size 32 --num_layers 2 --num_heads 4 --num_kv_heads 2 --feed_size 48 \
        --context_length 24 --pieces 64
    train names "${decoder[@]}" --embedding_size 16 --num_layers 1 --num_heads 2 --feed_size 3460 --context_length 20
    make decoder int8,int4
else
    for kind in quotes names; do
        train $kind --embedding_size 8 --rnn_size 24 --num_layers 1 --learning_rate 0.02
    done
    make integer int8
    make float off
fi
