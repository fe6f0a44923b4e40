#!/bin/bash
# `quillet predict`: its options, its result as text and as JSON, and checkpoints that are none.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

numbers 400 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --run_name run
model=checkpoints/run/checkpoint.2.safetensors

# predict ARGUMENT...: must succeed; the text is in `out`.
predict()
{
    expect_exit 0 predict --init_from $model "$@"
}

# Length, prompt, seed.
predict --generate 50 --seed 7
expect test "$(wc -m < out)" -eq 51
cp out seven
predict --generate 50 --seed 7
expect_same out seven
predict --generate=50 --seed=7 --quiet
expect_same out seven
expect test ! -s err
predict --generate 50 --seed 8
expect test -n "$(cmp out seven)"
predict --generate 0 --seed 7
expect test "$(wc -c < out)" -eq 1
predict --generate 0 --prompt abc
expect_stdout abc
predict --generate 20 --prompt jade --seed 3
expect test "$(head -c 4 out)" == jade
expect test "$(wc -m < out)" -eq 25
expect_exit 2 predict --init_from $model --prompt 'abz'
expect_stderr "--prompt: 'z' is not in the model's vocabulary"
expect test ! -s out
expect_exit 2 predict --init_from $model --prompt 'aé'
expect_stderr "'é'"
expect_exit 2 predict --init_from $model --prompt $'a\xff'
expect_stderr "--prompt"

# Without a seed, a random one is chosen and reported, and it gives the same text again.
predict --generate 40
expect grep -qE '^\(seed [0-9]+\)$' err
cp out drawn
predict --generate 40 --seed "$(sed -n 's/^(seed \([0-9]*\))$/\1/p' err)"
expect_same out drawn
predict --generate 40 --quiet
expect test ! -s err

# Settings.
predict --generate 60 --temperature 0 --seed 1
cp out greedy
predict --generate 60 --temperature 0 --seed 2
expect_same out greedy
predict --generate 60 --top_k 1 --seed 3
expect_same out greedy
predict --generate 60 --top_p 0.000001 --seed 4
expect_same out greedy
predict --generate 60 --temperature 0.9 --top_p 0.95 --top_k 10 --seed 5
expect_exit 2 predict --init_from $model --temperature -1
expect_stderr "--temperature -1: must be from 0 to 100"
expect_exit 2 predict --init_from $model --top_p 0
expect_exit 2 predict --init_from $model --top_p 1.1
expect_exit 2 predict --init_from $model --top_k -1
expect_exit 2 predict --init_from $model --generate -1

# JSON has the same text, and the settings that produced it.
predict --generate 50 --seed 7 --json
cp out result.json
expect_json result.json seed 7
expect_json result.json top_k 0
expect_json result.json model $model
"$json_get" result.json text > json_text
expect_same json_text seven
predict --generate 5 --prompt $'a\nb' --seed 1 --json
expect_json out prompt $'a\nb'
predict --generate 0 --json
expect_json out text ""
cp $model $'no\xffutf8.safetensors'
expect_exit 0 predict --init_from $'no\xffutf8.safetensors' --generate 5 --json
expect_json out model null

# A result that cannot be written is a failure, and an endless one ends with it.
for arguments in "--generate 10" "--generate 100000000" "--generate 10 --json"; do
    command="predict $arguments > /dev/full"
    # shellcheck disable=SC2086
    timeout 20 "$tool" predict --init_from $model $arguments > /dev/full 2> err
    expect test $? -eq 1
    expect_stderr "No space left"
done

# Invalid checkpoints.
expect_exit 2 predict
expect_stderr "--init-from is missing"
expect_exit 1 predict --init_from absent
expect_stderr "absent: cannot open"
expect_exit 1 predict --init_from checkpoints/run
expect_stderr "is the folder of a run, not a checkpoint; its best one is checkpoints/run/checkpoint."
expect_exit 1 predict --init_from names.txt
expect_stderr "names.txt: is cut short, or not a safetensors file"
expect_exit 1 predict --init_from checkpoints/run/training.safetensors
expect_stderr "has no tensor 'embedding.weight'"
size=$(stat -c %s $model)
for bytes in 0 1 7 8 9 100 $((size / 2)) $((size - 1)); do
    head -c "$bytes" $model > cut.safetensors
    expect_exit 1 predict --init_from cut.safetensors
    expect_stderr "cut.safetensors: is "
done
cat $model <(printf 'x') > longer.safetensors
expect_exit 1 predict --init_from longer.safetensors

# One flipped bit, anywhere.
RANDOM=1
for ((i = 0; i < 60; i++)); do
    place=$((i < 20 ? i * 40 : RANDOM % size))
    byte=$(od -An -tu1 -j $place -N1 $model)
    cp $model flipped.safetensors
    printf '%b' "$(printf '\\x%02x' $((byte ^ 1 << (RANDOM % 8))))" |
        dd of=flipped.safetensors bs=1 seek=$place conv=notrunc status=none
    expect_exit 1 predict --init_from flipped.safetensors --generate 5
    expect_stderr "flipped.safetensors: "
done

finish
