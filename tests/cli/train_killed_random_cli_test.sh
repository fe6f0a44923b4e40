#!/bin/bash
# Kills trainings at twenty random moments, resumes them each time, and compares the result with the undisturbed run:
# same bytes. The moments are drawn from a fixed seed, from the process's first millisecond on; what they hit depends on
# the machine. train_killed_cli_test.sh covers every state.
# Uses: expect.sh, resume.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/resume.sh"
source "$(dirname "$0")/expect.sh"

numbers 400 > names.txt
start=("${tiny[@]}" --input names.txt --num_layers 2 --dropout 0.3 --generate 10 --max_epochs 60 --sequences items
    --batch_size 64 --schedule cosine)
wanted=20
kills=0
in_a_save=0
runs=1

expect_exit 0 train "${start[@]}" --run_name alone --threads 2

RANDOM=20
while ((kills < wanted && failures == 0)); do
    set_session "run$runs"
    command="${session[*]} # killed"
    "$tool" "${session[@]}" > out 2> err &
    pid=$!
    sleep "$(printf '0.%03d' $((2 + RANDOM % 120)))"
    kill -KILL $pid 2> /dev/null
    wait $pid 2> /dev/null
    code=$?
    if ((code == 137)); then
        kills=$((kills + 1))
        compgen -G "checkpoints/run$runs/*.partial" > /dev/null && in_a_save=$((in_a_save + 1))
    else
        # It was done before the kill. The next one starts over.
        expect test $code -eq 0
        expect_same_run "run$runs" alone
        runs=$((runs + 1))
    fi
done
set_session "run$runs"
expect_exit 0 "${session[@]}"
expect_same_run "run$runs" alone
echo "$kills kills, $in_a_save of them within a save, in $runs trainings"

finish
