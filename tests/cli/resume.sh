# Functions shared by the tests of killed trainings; sourced before expect.sh, which it needs only when its functions
# run.
# Uses: bash, coreutils.
# shellcheck shell=bash

# set_session NAME: puts into the array `session` the arguments that resume the run of that name, or that start it if
# the kill came before there was anything to resume. The array `start` has the options of the start.
# shellcheck disable=SC2034
set_session()
{
    if [[ -e checkpoints/$1/summary.json ]]; then
        session=(train --init_from "checkpoints/$1" --quiet)
    else
        session=(train "${start[@]}" --run_name "$1")
    fi
}

# expect_same_run NAME REFERENCE: the same checkpoints to the last byte, each epoch once in the log with the same
# losses, the same samples, and nothing left over.
expect_same_run()
{
    local file
    for file in checkpoints/"$2"/checkpoint.*; do
        expect_same "$file" "checkpoints/$1/${file##*/}"
    done
    cut -d, -f1-6 "checkpoints/$1/training.log.csv" > log
    cut -d, -f1-6 "checkpoints/$2/training.log.csv" > reference_log
    expect_same log reference_log
    expect_same "checkpoints/$1/samples.jsonl" "checkpoints/$2/samples.jsonl"
    expect_json "checkpoints/$1/summary.json" status finished
    expect test "$(ls "checkpoints/$1")" == "$(ls "checkpoints/$2")"
}
