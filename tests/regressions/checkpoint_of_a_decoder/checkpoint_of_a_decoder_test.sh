#!/bin/bash
# Where a decoder differed from its checkpoint, `verify` named no place: it compared the caches of the graph with the
# checkpoint's position, and said that they have different sizes.
# Guards: the layer is named, with the entry and the element of its state, also when the ring of the checkpoint has gone
# around; and a fault behind all states is not blamed on the output layer alone.
# Uses: expect.sh, dd, grep. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 400 > names.txt
expect_exit 0 train --quiet --input names.txt --sequences stream --model transformer --embedding_size 8 --num_heads 2 \
    --num_layers 2 --context_length 6 --feed_size 12 --batch_size 4 --seq_length 6 --threads 1 --max_epochs 1 --generate 0 \
    --run_name decoder
checkpoint=checkpoints/decoder/checkpoint.1.safetensors
expect_exit 0 export --init_from $checkpoint --export_file whole.onnx

# faulty TENSOR: "faulty" has another number in the place of the first one of this tensor, which follows its name, a tag, and
# the number of its bytes, itself two bytes long.
faulty()
{
    local place
    cp whole.onnx faulty.onnx
    sed 's/whole/faulty/; /sha256/d' whole.json > faulty.json
    place=$(grep -abo "$1" whole.onnx | tail -n 1 | cut -d : -f 1)
    printf '\x00\x00\x40\x3f' | dd of=faulty.onnx bs=1 seek=$((place + ${#1} + 3)) conv=notrunc status=none
}
# names TEXT ...: verify differs, and says these.
names()
{
    local text
    expect_exit 1 verify --model faulty.json --init_from $checkpoint --stages checkpoint --characters 60 --length 10 --seeds 1
    expect_stdout DIFFERS
    for text in "$@"; do
        expect_stdout "$text"
    done
}

expect_exit 0 verify --model whole.json --init_from $checkpoint --stages checkpoint --characters 60 --length 10 --seeds 1
faulty layers.0.attention.key.weight
names "layer 1 of 2 is the first whose state differs: new_keys [0, "
faulty layers.1.attention.value.weight
names "layer 2 of 2 is the first whose state differs: new_values [1, "
faulty layers.0.feed.up.weight
names "layer 2 of 2 is the first whose state differs: new_keys [1, " "or in the layer before"
faulty layers.1.feed.down.weight
names "The states of all layers agree" "after its keys and values"

finish
