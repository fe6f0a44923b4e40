#!/bin/bash
# Two commands that wrote the same --output shared one temporary name, X.partial: the second removed the first one's file
# and began its own, and the first renamed that unfinished file to X and ended with 0. Guards: each command has a
# temporary file of its own; X is always whole, and is that of the command that ended last; nothing that is not the
# tool's own is touched; the mode of X stays.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1 --run_name r
model=checkpoints/r/checkpoint.1.safetensors
generate=(generate --init_from $model --temperature 0 --max_length 5 --quiet --threads 1)
command="generate, two at once"

# The second begins while the first writes, and is killed after the first has ended.
echo old > x
"$tool" "${generate[@]}" --count 30000 --output x &
first=$!
"$tool" "${generate[@]}" --temperature 1 --count 100000000 --output x &
second=$!
wait $first
expect test $? -eq 0
expect test "$(wc -l < x)" -eq 30000
for ((k = 0; k < 200; k++)); do # on a fast machine the first may have ended before the second had a file
    [[ -n $(find . -name '.quillet-*') ]] && break
    sleep 0.05
done
kill -9 $second
wait $second 2> /dev/null
expect test "$(wc -l < x)" -eq 30000
# What the killed one left goes with the next save in the folder.
expect test "$(find . -name '.quillet-*' | wc -l)" -eq 1
expect_exit 0 "${generate[@]}" --count 3 --output y
expect test "$(find . -name '.quillet-*' | wc -l)" -eq 0

# Two and four of the same command, as a parallel make starts them: all end well, and the pair of files is whole.
expect_exit 0 export --init_from $model --export_file m.onnx --quiet
expect_exit 0 compile m.onnx --name x --output whole.c --header whole.h
for processes in 2 4; do
    for round in 1 2 3; do
        rm -f x.c x.h
        pids=()
        for ((k = 0; k < processes; k++)); do
            "$tool" compile m.onnx --output x.c --name x &
            pids+=($!)
        done
        for pid in "${pids[@]}"; do
            wait "$pid"
            expect test $? -eq 0
        done
        command="compile, $processes at once, round $round"
        expect test "$(wc -l < x.c)" -eq "$(wc -l < whole.c)"
        expect test "$(wc -l < x.h)" -eq "$(wc -l < whole.h)"
    done
done

# The same with models that are different: model and descriptor are of one command.
for k in 1 2 3 4; do
    expect_exit 0 train "${tiny[@]}" --input names.txt --max_epochs 1 --seed $k --run_name $k
done
for round in 1 2 3 4 5; do
    for k in 1 2 3 4; do
        "$tool" export --init_from checkpoints/$k/checkpoint.1.safetensors --export_file p.onnx --temperature 0.$k --quiet &
    done
    wait
    k=$(sed -n 's/.*"temperature": 0\.\([1-4]\).*/\1/p' p.json)
    command="export, four at once, round $round: $k"
    expect_exit 0 export --init_from "checkpoints/$k/checkpoint.1.safetensors" --export_file alone.onnx --quiet
    expect_same p.onnx alone.onnx
done

# Two studies, and two sweeps, of one folder: one does the work, which would take minutes, the other says so and ends.
at_once()
{
    local status pids

    command="two at once: $*"
    "$tool" "$@" > /dev/null 2> said_by_1 &
    pids=($!)
    "$tool" "$@" > /dev/null 2> said_by_2 &
    pids+=($!)
    wait -n "${pids[@]}"
    status=$?
    expect test $status -eq 1
    expect test "$(cat said_by_1 said_by_2 | grep -c 'another process is')" -eq 1
    kill "${pids[@]}" 2> /dev/null
    wait "${pids[@]}" 2> /dev/null
    rm -rf both
}
at_once study --corpus names.txt --items 1000000 --temperature 1 --wordlist= --sentences 0 --quiet --output both $model
at_once sweep --output both --quiet -- --input names.txt --max_epochs 3000 --rnn_size 8,9 --num_layers 1

# What is not ours stays.
echo mine > z.partial
echo mine > .quillet-notes.txt
chmod 640 y
expect_exit 0 "${generate[@]}" --count 3 --output z
expect_exit 0 "${generate[@]}" --count 3 --output y
expect test "$(cat z.partial .quillet-notes.txt)" = $'mine\nmine'
expect test "$(stat -c %a y)" = 640
ln -s later z.link
expect_exit 0 "${generate[@]}" --count 3 --output z.link
expect test -L z.link
expect_same later z

finish
