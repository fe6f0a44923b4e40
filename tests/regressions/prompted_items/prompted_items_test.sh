#!/bin/bash
# `compare` and `generate` had no --prompt, so that nobody could see how a model goes on from a beginning at several
# temperatures, or many times. Guards: every item begins with it, and item n is what `predict` writes with its seed.
# Uses: expect.sh, python3. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

for i in {1..40}; do
    printf 'Анна Щукина\nAnn Lee\nAnton Ray\nBob Ray\nBo %s\n' $((i % 5))
done > text
expect_exit 0 train --input text --validation text --sequences items --embedding_size 8 --rnn_size 16 --num_layers 1 \
    --learning_rate 0.02 --max_epochs 4 --generate 0 --threads 1 --run_name chars --quiet
expect_exit 0 train --input text --validation text --sequences items --pieces 20 --embedding_size 8 --rnn_size 16 \
    --num_layers 1 --learning_rate 0.02 --max_epochs 4 --generate 0 --threads 1 --run_name pieces --quiet
chars=checkpoints/chars/checkpoint.4.safetensors
pieces=checkpoints/pieces/checkpoint.4.safetensors
printf 'tofu\nrey\n' > words
expect_exit 0 filter --words words --output words.qlf

# same_as_predict ARGUMENT...: each item of generate is predict's text up to its first line end.
same_as_predict()
{
    expect_exit 0 generate --count 12 --max_length 30 --seed 3 --json --quiet --threads 2 "$@"
    cp out items
    for item in 0 5 11; do
        line=$(sed -n "$((item + 1))p" items)
        seed=$(sed -E 's/.*"seed":([0-9]+).*/\1/' <<< "$line")
        wanted=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["text"])' "$line")
        expect_exit 0 predict --temperature 1 --generate 30 --seed "$seed" "$@"
        [[ $(head -n 1 out) == "$wanted" ]] || fail "item $item with $*: '$wanted', not '$(head -n 1 out)'"
    done
}

for model in "$chars" "$pieces"; do
    for prompt in An А 'Анна Щу' 'Bob ' B; do
        expect_exit 0 generate --init_from "$model" --count 40 --seed 1 --quiet --temperature 1 --prompt "$prompt"
        (($(grep -c "^$prompt" out) == 40)) || fail "an item does not begin with '$prompt'"
        expect_exit 0 compare --init_from "$model" --count 8 --temperature 0,0.5,1 --seed 1 --format csv --prompt "$prompt"
        (($(tail -n +2 out | grep -o "\"$prompt" | wc -l) == 24)) || fail "a cell does not begin with '$prompt': $(< out)"
    done
    same_as_predict --init_from "$model" --temperature 1 --prompt An
    same_as_predict --init_from "$model" --temperature 1 --prompt 'Анна Щ'
    same_as_predict --init_from "$model" --temperature 1
done
same_as_predict --init_from "$chars" --temperature 1 --prompt Bo --filter words.qlf
same_as_predict --init_from "$chars" --temperature 1 --prompt An --quantize int8

# The prompt counts neither for the length of an item nor for the choice among candidates.
expect_exit 0 generate --init_from "$chars" --count 5 --seed 1 --quiet --temperature 1 --max_length 1 --prompt 'Анна Щу'
(($(grep -cE '^Анна Щу.?$' out) == 5)) || fail "max_length: $(< out)"
expect_exit 0 generate --init_from "$chars" --count 20 --seed 1 --quiet --best 4 --min_length 3 --prompt An
(($(grep -c '^An' out) == 20)) || fail 'with candidates'

# Wrong prompts, before anything is written.
for verb in generate compare; do
    expect_exit 2 "$verb" --init_from "$chars" --prompt 'Zé'
    expect_stderr "--prompt: 'Z' is not in the model's vocabulary"
    expect_exit 2 "$verb" --init_from "$chars" --prompt $'An\nBo'
    expect_stderr 'line end'
    expect_exit 2 "$verb" --init_from "$chars" --prompt $'\xff'
done

finish
