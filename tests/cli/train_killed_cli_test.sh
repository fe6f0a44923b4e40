#!/bin/bash
# Kills a training at every single call with which it saves something, resumes it, and compares the result with the
# undisturbed run: same bytes. Every other training is killed in its resumed session, too.
# Uses: expect.sh, resume.sh. Arguments: the tool, json_get, the library kill_at_call.
# shellcheck source-path=SCRIPTDIR
library=$(realpath "$3")
source "$(dirname "$0")/resume.sh"
source "$(dirname "$0")/expect.sh"

numbers 200 > names.txt
start=("${tiny[@]}" --input names.txt --num_layers 2 --dropout 0.3 --generate 10 --max_epochs 2)

# run_killed_at CALL NAME: true when the kill came.
run_killed_at()
{
    set_session "$2"
    command="${session[*]} # killed at call $1"
    { KILL_AT_CALL=$1 LD_PRELOAD=$library "$tool" "${session[@]}" > out 2> err; } 2> /dev/null
    (($? == 137))
}

expect_exit 0 train "${start[@]}" --run_name alone
CALL_COUNT_FILE=$work/count LD_PRELOAD=$library "$tool" train "${start[@]}" --run_name counted > out 2> err
expect_same_run counted alone
calls=$(< count)
# A folder, and 2 epochs with checkpoint, log, samples, state and summary: some 4 calls for each of 5 files.
expect test "$calls" -ge 40

for ((n = 1; n <= calls; n++)); do
    expect run_killed_at $n "killed"
    if ((n % 2 == 0)); then
        run_killed_at $((1 + n % 23)) "killed"
    fi
    set_session "killed"
    expect_exit 0 "${session[@]}"
    expect_same_run "killed" alone
    rm -r checkpoints/killed
done
echo "killed at $calls calls"

# A decoder of pieces, killed at every ninth call.
start=(--input names.txt --model transformer --pieces 8 --embedding_size 8 --num_heads 2 --num_kv_heads 1 --num_layers 1
    --feed_size 6 --context_length 8 --batch_size 4 --threads 1 --quiet --dropout 0.3 --generate 10 --max_epochs 2)
expect_exit 0 train "${start[@]}" --run_name decoder
for ((n = 2; n <= calls; n += 9)); do
    expect run_killed_at $n "killed"
    set_session "killed"
    expect_exit 0 "${session[@]}"
    expect_same_run "killed" decoder
    rm -r checkpoints/killed
done

finish
