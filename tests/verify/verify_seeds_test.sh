#!/bin/bash
# 200 seeds x 500 characters at the settings below, from a trained model of some size: the host engine and ONNX Runtime
# with the sampler in JavaScript write the same text, to the last character and without any edge.
# Uses: onnxruntime-node; without it the test is skipped. Arguments: the tool; the root of the sources.
set -euo pipefail

tool=$(realpath "$1")
root=$(realpath "$2")
if [[ ! -e $root/web/node_modules/onnxruntime-node ]] || ! command -v node > /dev/null; then
    echo "onnxruntime-node is not installed: tools/bootstrap web" >&2
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# A text with some structure: numbers in words, so that the model has something to be sure of.
for ((i = 0; i < 3000; i++)); do
    words=(zero one two three four five six seven eight nine)
    n=$((i * 7919 % 1000))
    echo "${words[n / 100]} ${words[n / 10 % 10]} ${words[n % 10]}"
done > text.txt
"$tool" train --input text.txt --sequences items --embedding_size 32 --rnn_size 48 --num_layers 2 --max_epochs 4 \
    --learning_rate 0.01 --generate 0 --seed 1 --threads 1 --run_name run --quiet > /dev/null
"$tool" export --init_from checkpoints/run/checkpoint.4.safetensors --export_file model.onnx \
    --temperature 0.95 --top_p 0.8 --top_k 24 --quiet
"$tool" verify --model model.json --stages ONNX --seeds 200 --length 500 --temperature 0.95 --text text.txt \
    --characters 5000 --json > result.json
cat result.json
grep -q '"verdict": "same"' result.json
grep -q '"edges": 0' result.json
