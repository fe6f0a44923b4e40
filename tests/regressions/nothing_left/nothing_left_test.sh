#!/bin/bash
# A run that had stopped early could not be taken on: more epochs did nothing, without a word, and --early_stop was
# refused. Guards: both limits of a run can be changed when it goes on, and one with nothing left says why.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

for i in {1..200}; do
    echo $((i * 7919 % 10007)) | tr 0-9 a-j
done > text
small="--input text --sequences items --embedding_size 4 --rnn_size 8 --num_layers 1 --batch_size 8 --generate 0 --threads 1"

epochs()
{
    [[ $("$json_get" "checkpoints/$1/summary.json" epochs) == "$2" ]] ||
        fail "$1: $("$json_get" "checkpoints/$1/summary.json" epochs) epochs, not $2"
    [[ $("$json_get" "checkpoints/$1/summary.json" status) == "$3" ]] ||
        fail "$1: $("$json_get" "checkpoints/$1/summary.json" status)"
}

# A learning rate that makes the loss worse stops the run at once.
# shellcheck disable=SC2086
expect_exit 0 train $small --learning_rate 5 --max_epochs 30 --early_stop 1 --run_name early --quiet
stopped=$("$json_get" checkpoints/early/summary.json epochs)
((stopped < 30)) || fail 'the run did not stop early'
epochs early "$stopped" 'stopped early'

# Nothing left, for either reason; the summary stays true.
expect_exit 0 train --init_from checkpoints/early
expect_stderr "nothing left to train: the run stopped early after epoch $stopped"
expect_stderr 'give a larger --early-stop'
epochs early "$stopped" 'stopped early'
expect_exit 0 train --init_from checkpoints/early --max_epochs 40
expect_stderr 'stopped early'
epochs early "$stopped" 'stopped early'
expect_exit 0 train --init_from checkpoints/early --max_epochs "$stopped"
expect_stderr 'give a larger --max-epochs'
epochs early "$stopped" finished
expect_exit 0 train --init_from checkpoints/early --max_epochs 1
expect_stderr "$stopped epochs are done, and --max-epochs is 1"

# More patience, then none at all; what was given last is kept.
expect_exit 0 train --init_from checkpoints/early --max_epochs $((stopped + 2)) --early_stop 0
epochs early $((stopped + 2)) finished
[[ $("$json_get" checkpoints/early/summary.json arguments.early_stop) == 0 ]] || fail 'early_stop is not kept'
expect_exit 0 train --init_from checkpoints/early --max_epochs $((stopped + 3)) --quiet
epochs early $((stopped + 3)) finished

# A run without the option can get it, and ends as one that had it from the beginning.
# shellcheck disable=SC2086
expect_exit 0 train $small --learning_rate 5 --max_epochs 1 --run_name later --quiet
expect_exit 0 train --init_from checkpoints/later --max_epochs 30 --early_stop 1 --quiet
epochs later "$stopped" 'stopped early'
expect_same checkpoints/later/checkpoint.$stopped.safetensors checkpoints/early/checkpoint.$stopped.safetensors

# All else stays fixed.
expect_exit 2 train --init_from checkpoints/later --learning_rate 1
expect_exit 2 train --init_from checkpoints/later --early_stop -1

finish
