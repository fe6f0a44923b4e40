#!/bin/bash
# The runs of `quillet train`: resumed, interrupted, started from other models, with damaged or mismatched files, and
# with folders and disks that cannot be written.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

numbers 400 > names.txt
numbers 401 > longer.txt
tr a-j k-t < names.txt > shifted.txt
train=(train "${tiny[@]}" --input names.txt)

# A run of 2 epochs that is extended to 4 is the same as one of 4.
expect_exit 0 "${train[@]}" --run_name four --max_epochs 4
expect_exit 0 "${train[@]}" --run_name two
expect_exit 0 train --init_from checkpoints/two --max_epochs 4
expect_stderr "going on after epoch 2"
expect_same checkpoints/two/checkpoint.4.safetensors checkpoints/four/checkpoint.4.safetensors
expect test "$(cut -d, -f1-4 checkpoints/two/training.log.csv)" == "$(cut -d, -f1-4 checkpoints/four/training.log.csv)"

# A finished run has nothing to do, and reports its best epoch. (Seconds in the summary lose digits in the state.)
expect_exit 0 train --init_from checkpoints/four --quiet
cp -r checkpoints/four before
expect_exit 0 train --init_from checkpoints/four --quiet
expect_stdout "checkpoints/four/checkpoint."
expect test -z "$(diff -r checkpoints/four before)"
# Fewer epochs than are done cannot be asked for any more.
cp -r checkpoints/four fewer
expect_exit 0 train --init_from fewer --max_epochs 2 --quiet
expect_json fewer/summary.json status finished
expect_json fewer/summary.json epochs 4
expect_json fewer/summary.json arguments.max_epochs 4

# The path of a best checkpoint that was removed is no result, neither when there is nothing to do nor after more epochs;
# nor is it a hint for other commands.
cp -r checkpoints/four robbed
rm robbed/checkpoint.*
expect_exit 1 train --init_from robbed --quiet
expect_stderr "robbed/checkpoint.$("$json_get" robbed/summary.json best.epoch).safetensors: is missing"
expect test ! -s out
expect_exit 1 train --init_from robbed --json
expect test ! -s out
expect_exit 1 export --init_from robbed --export_file x.onnx
expect_stderr "robbed: is a folder, not a checkpoint"

# Other arguments, and what they were.
expect_exit 2 train --init_from checkpoints/two --rnn_size 6
expect_stderr "--rnn-size: the run was started with 5"
expect_exit 2 train --init_from checkpoints/two --learning_rate 0.5
expect_stderr "--learning-rate: the run was started with 0.001"
expect_exit 2 train --init_from checkpoints/two --seed 2
expect_exit 2 train --init_from checkpoints/two --sequences items
expect_exit 0 train --init_from checkpoints/two --rnn_size 5 --seed 1 --threads 2 --quiet
expect_exit 2 train --init_from checkpoints/two --run_name three
expect_stderr "--run-name: a resumed run stays in its folder"
expect_exit 2 train --init_from checkpoints/two --checkpoint_dir elsewhere --max_epochs 5
expect_stderr "--checkpoint-dir: a resumed run stays in its folder"
expect_exit 0 train --init_from checkpoints/two --run_name two --checkpoint_dir checkpoints --quiet

# Another text, of other length or of other symbols only; the same text in another place.
expect_exit 1 train --init_from checkpoints/two --input longer.txt --max_epochs 5
expect_stderr "longer.txt: the text is not the one that the run was started with"
expect_exit 1 train --init_from checkpoints/two --input shifted.txt --max_epochs 5
expect_stderr "shifted.txt: the text is not the one that the run was started with"
# The same text with another border between training and validation is another one, also where one file is divided.
head -n 200 names.txt > first.txt
tail -n 200 names.txt > last.txt
head -n 390 names.txt > most.txt
tail -n 10 names.txt > rest.txt
expect_exit 0 train "${tiny[@]}" --input first.txt --validation last.txt --run_name halves
expect_exit 1 train --init_from checkpoints/halves --input most.txt --validation rest.txt --max_epochs 3
expect_stderr "most.txt: the text is not the one that the run was started with"
expect_exit 0 train --init_from checkpoints/halves --max_epochs 3 --quiet
expect_exit 0 "${train[@]}" --run_name divided
expect_exit 1 train --init_from checkpoints/divided --input most.txt --validation rest.txt --max_epochs 3
expect_stderr "most.txt: the text is not the one that the run was started with"
mkdir elsewhere
mv names.txt elsewhere
expect_exit 1 train --init_from checkpoints/two --max_epochs 5
expect_stderr "names.txt: cannot open"
expect_exit 0 train --init_from checkpoints/two --max_epochs 5 --input elsewhere/names.txt --quiet
expect_exit 0 train --init_from checkpoints/two --max_epochs 6 --quiet
mv elsewhere/names.txt .
expect_exit 0 train --init_from checkpoints/two --max_epochs 6 --input names.txt --quiet

# A name that is taken.
expect_exit 1 "${train[@]}" --run_name four
expect_stderr "checkpoints/four: a run of this name exists already"
expect test -z "$(diff -r checkpoints/four before)"
touch checkpoints/a_file
expect_exit 1 "${train[@]}" --run_name a_file
expect_stderr "checkpoints/a_file: exists and is not a folder"

# Folders that are not runs, and runs that are damaged.
mkdir nothing
expect_exit 1 train --init_from nothing
expect_stderr "nothing: is not the folder of a run"
cp -r checkpoints/two damaged
head -c 300 checkpoints/two/summary.json > damaged/summary.json
expect_exit 1 train --init_from damaged
expect_stderr "damaged/summary.json:"
sed 's/"rnn_size": 5/"rnn_size": "many"/' checkpoints/two/summary.json > damaged/summary.json
expect_exit 1 train --init_from damaged
expect_stderr "'rnn_size' is damaged"
cp checkpoints/two/summary.json damaged/summary.json
head -c 1000 checkpoints/two/training.safetensors > damaged/training.safetensors
expect_exit 1 train --init_from damaged
expect_stderr "damaged/training.safetensors: is cut short"
cp checkpoints/two/checkpoint.1.safetensors damaged/training.safetensors
expect_exit 1 train --init_from damaged
expect_stderr "not the state of a training"

# A new run from another one's model.
expect_exit 0 "${train[@]}" --run_name tuned --init_from checkpoints/four/checkpoint.4.safetensors
expect_json checkpoints/tuned/summary.json arguments.init_from checkpoints/four/checkpoint.4.safetensors
expect test "$(cut -d, -f1 checkpoints/tuned/training.log.csv | paste -sd ' ')" == "epoch 1 2"
expect_exit 0 train --init_from checkpoints/tuned --max_epochs 3 --quiet
expect_exit 2 train --init_from checkpoints/four/checkpoint.4.safetensors --input names.txt --rnn_size 6
expect_stderr "--rnn-size 6: the model of --init-from has 5"
expect_exit 2 train --init_from checkpoints/four/checkpoint.4.safetensors --input names.txt --model gru
expect_stderr "--model gru: the model of --init-from is of type lstm"
expect_exit 2 train --init_from checkpoints/four/checkpoint.4.safetensors
expect_stderr "--input is missing: the text to train on; to go on with a run, give its folder"
expect_exit 1 train --init_from checkpoints/fuor
expect_stderr "checkpoints/fuor: cannot open: No such file or directory"
{
    cat names.txt
    echo 'abzc'
} > strange.txt
expect_exit 1 train "${tiny[@]}" --init_from checkpoints/four/checkpoint.4.safetensors --input strange.txt
expect_stderr "strange.txt:401: the symbol 'z' (U+007A) is not in the model's vocabulary"
head -c 1000 checkpoints/four/checkpoint.4.safetensors > cut.safetensors
expect_exit 1 "${train[@]}" --init_from cut.safetensors
expect_stderr "cut.safetensors: is cut short"
expect_exit 1 "${train[@]}" --init_from absent.safetensors
expect_stderr "absent.safetensors: cannot open"

# Training that diverges, within an epoch and with an epoch's only step: everything that is kept is valid.
for settings in "--batch-size 4 --learning-rate 300" "--batch-size 64 --seq-length 64 --learning-rate 500"; do
    # shellcheck disable=SC2086
    expect_exit 1 "${train[@]}" --run_name away --grad_clip 0 --max_epochs 200 $settings
    expect grep -qE 'step [0-9]+: the .* not a finite number' err
    expect_stderr "--init-from checkpoints/away/checkpoint."
    expect_json checkpoints/away/summary.json status failed
    last=$("$json_get" checkpoints/away/summary.json epochs)
    expect test "$(find checkpoints/away -name 'checkpoint.*' | wc -l)" -eq "$last"
    expect test "$(tail -n 1 checkpoints/away/training.log.csv | cut -d, -f1)" -eq "$last"
    expect_exit 0 "${train[@]}" --run_name saved --init_from "checkpoints/away/checkpoint.1.safetensors"
    # At numbers like these a model need not say anything, but it must be one.
    run predict --init_from "checkpoints/away/checkpoint.$last.safetensors" --generate 5
    expect test $code -eq 0 -o -n "$(grep 'output is not a finite number' err)"
    rm -r checkpoints/away checkpoints/saved
done

# An interrupted run can be resumed; so can one that was asked to end.
for signal in INT TERM; do
    command="train, then SIG$signal"
    "$tool" "${train[@]}" --run_name $signal --max_epochs 1000000 > out 2> err &
    pid=$!
    while [[ ! -e checkpoints/$signal/checkpoint.3.safetensors ]] && kill -0 $pid 2> /dev/null; do
        sleep 0.02
    done
    kill -$signal $pid
    wait $pid
    expect test $? -eq 1
    expect_stderr "stopped in epoch"
    expect_json checkpoints/$signal/summary.json status interrupted
    last=$("$json_get" checkpoints/$signal/summary.json epochs)
    expect_json checkpoints/$signal/summary.json steps "$(tail -n 1 checkpoints/$signal/training.log.csv | cut -d, -f2)"
    expect_stderr "To go on after epoch $last: quillet train --init-from checkpoints/$signal"
    expect_exit 0 train --init_from checkpoints/$signal --max_epochs $((last + 1)) --quiet
    expect_json checkpoints/$signal/summary.json status finished
    expect test "$(cut -d, -f1 checkpoints/$signal/training.log.csv | tail -n +2 | paste -sd ' ')" == \
        "$(seq -s ' ' 1 $((last + 1)))"
done

# A folder that cannot be made.
expect_exit 1 "${train[@]}" --checkpoint_dir names.txt/runs
expect_stderr "names.txt/runs: cannot make the folder: Not a directory"
if [[ $(id -u) -ne 0 ]]; then
    mkdir -m 555 locked
    expect_exit 1 "${train[@]}" --checkpoint_dir locked/runs
    expect_stderr "locked/runs: cannot make the folder: Permission denied"
fi

# A file that may not grow: the state of this model has more than 3 KB, its checkpoints have less.
command="train with files of at most 3 KB"
(
    ulimit -f 3
    exec "$tool" "${train[@]}" --run_name limited > out 2> err
)
expect test $? -eq 1
expect_stderr "checkpoints/limited/training.safetensors: cannot write: File too large"
expect test -z "$(find checkpoints/limited -name '*.partial')"
expect_exit 0 "${train[@]}" --run_name unlimited
expect_exit 0 train --init_from checkpoints/limited --quiet
expect_same checkpoints/limited/checkpoint.2.safetensors checkpoints/unlimited/checkpoint.2.safetensors

# A disk that fills up: what was saved is valid, and with room the run continues as if nothing had happened.
mkdir disk
if mount -t tmpfs -o size=100k tmpfs disk 2> /dev/null; then
    expect_exit 1 "${train[@]}" --checkpoint_dir disk --run_name run --max_epochs 40
    expect_stderr "No space left on device"
    expect test -z "$(find disk/run -name '*.partial')"
    last=$("$json_get" disk/run/summary.json epochs)
    expect test "$last" -ge 3
    for file in disk/run/checkpoint.*; do
        expect_exit 0 predict --init_from "$file" --generate 5 --seed 1
    done
    cp -r disk/run checkpoints/filled
    expect_exit 0 train --init_from checkpoints/filled --quiet
    expect_exit 0 "${train[@]}" --run_name forty --max_epochs 40
    expect_same checkpoints/filled/checkpoint.40.safetensors checkpoints/forty/checkpoint.40.safetensors
    expect test "$(cut -d, -f1 checkpoints/filled/training.log.csv | wc -l)" -eq 41
    umount disk
else
    echo "no disk that fills up: it takes root, and a system that lets it mount"
fi

finish
