#!/bin/bash
# `compare` wrote items beyond the end of a decoder's context, where `generate` cuts them; and a prompt that filled the
# context gave empty items, without a word. Guards: both end items at the same token, also where a lexicon must not be
# broken off, and say when a prompt leaves no room.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

for i in {1..300}; do
    echo "$i bottles of beer"
done > text
expect_exit 0 train --input text --sequences items --model transformer --embedding-size 8 --num-heads 2 --num-layers 1 \
    --feed-size 8 --context-length 8 --max-epochs 1 --generate 0 --threads 1 --run-name items --quiet
items=checkpoints/items/checkpoint.1.safetensors
expect_exit 0 export --init_from $items --export_file items.onnx

# Up to 8 characters and an ellipsis, in quotation marks.
expect_exit 0 compare --init_from $items --seed 1 --temperature 1,3 --count 100 --format json
expect test "$(grep -cE '^ +".{1,8}…"' out)" -gt 100
expect test "$(grep -cE '^ +".{9,}…"' out)" == 0
expect_exit 0 compare --init_from $items --seed 1 --temperature 3 --count 100 --format json --prompt "1 bottl"
expect test "$(grep -cE '^ +"1 bottl.?…?",?$' out)" == 100
# Items that would be cut within a word are drawn again.
printf '1\nof\nbeer\n' > words
expect_exit 0 lexicon --words words --output words.qlx
expect_exit 0 compare --init_from $items --seed 1 --temperature 3 --count 50 --format json --lexicon words.qlx
expect test "$(grep -cE '^ +"([^[:alnum:]]|1|of|beer)*…?",?$' out)" == 50

# A stream has no end, and an item with a prompt has one.
for more in "generate --init_from $items" "generate --model items.json" "compare --init_from $items" \
    "predict --init_from $items --best 2" "evaluate --model items.json --best 2"; do
    # shellcheck disable=SC2086
    expect_exit 2 $more --prompt "1 bottle"
    expect_stderr "--prompt: has 8 tokens, and an item of this model ends after 8"
    # shellcheck disable=SC2086
    expect_exit 0 $more --prompt "1 bottl" --seed 1
done
expect_exit 0 predict --init_from $items --prompt "1 bottles of beer" --generate 20 --quiet
finish
