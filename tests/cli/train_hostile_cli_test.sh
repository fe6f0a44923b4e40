#!/bin/bash
# Folders of runs that somebody has edited, removed files from, or resumes twice at once: no crash, nothing lost, and an
# error that names the place.
# Uses: expect.sh, flock. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

numbers 400 > names.txt
train=(train "${tiny[@]}" --input names.txt)
expect_exit 0 "${train[@]}" --run_name good

# copy NAME: a copy of the good run.
copy()
{
    rm -rf "checkpoints/$1"
    cp -r checkpoints/good "checkpoints/$1"
}

# edit NAME VALUE: a copy of the good run in which an argument of the summary has another value.
edit()
{
    copy edited
    sed -E -i "s/^(    \"$1\":) [^,]*(,?)\$/\\1 $2\\2/" checkpoints/edited/summary.json
    expect_json checkpoints/edited/summary.json "arguments.$1" "$2"
}

# A value that an option refuses on the command line is also refused from the summary.
while read -r name value; do
    edit "$name" "$value"
    expect_exit 1 train --init_from checkpoints/edited --max_epochs 3
    expect_stderr "checkpoints/edited/summary.json: the argument '$name' is damaged"
done << 'END'
batch_size 0
batch_size -1
batch_size 2147483647
batch_size 9223372036854775807
batch_size 4.5
seq_length -7
generate -5
warmup_steps -1
early_stop -1
validation_share 7.5
validation_share -1
dropout 1.0
learning_rate -0.5
seed -1
seed 4294967296
model null
schedule null
sequences null
sequences 3
checkpoint_dir true
END
copy edited
sed -i 's/"arguments": {/"arguments": [], "other": {/' checkpoints/edited/summary.json
expect_exit 1 train --init_from checkpoints/edited
expect_stderr "checkpoints/edited/summary.json: has no arguments"

# Without its state a run cannot be resumed. It must not start over either: its log and its checkpoints would be lost.
copy robbed
rm checkpoints/robbed/training.safetensors
expect_exit 1 train --init_from checkpoints/robbed --max_epochs 3
expect_stderr "checkpoints/robbed/training.safetensors: is missing"
expect_stderr "--init-from checkpoints/robbed/checkpoint.2.safetensors"
expect_same checkpoints/robbed/training.log.csv checkpoints/good/training.log.csv

# A run that started from another one's model is resumed without that model, as if it were there.
expect_exit 0 "${train[@]}" --run_name tuned --init_from checkpoints/good/checkpoint.2.safetensors
cp -r checkpoints/tuned checkpoints/orphan
expect_exit 0 train --init_from checkpoints/tuned --max_epochs 4 --quiet
mv checkpoints/good away
expect_exit 0 train --init_from checkpoints/orphan --max_epochs 4 --quiet
mv away checkpoints/good
expect_same checkpoints/orphan/checkpoint.4.safetensors checkpoints/tuned/checkpoint.4.safetensors

# An extended limit remains when the next session does not give one.
copy extended
expect_exit 0 train --init_from checkpoints/extended --max_epochs 4 --quiet
expect_json checkpoints/extended/summary.json arguments.max_epochs 4

# Two at once would write each other's files: the second one is refused, whether it resumes or starts.
copy shared
command="train, on a run that another process has in hand"
mkdir checkpoints/new
# shellcheck disable=SC2094 # folders, which are opened to be locked
(
    flock 9
    expect_exit 1 train --init_from checkpoints/shared --max_epochs 3
    expect_stderr "checkpoints/shared: another process is training this run"
    flock 8
    expect_exit 1 "${train[@]}" --run_name new
    expect_stderr "checkpoints/new: another process is training this run"
    exit "$failures"
) 9< checkpoints/shared 8< checkpoints/new
failures=$?
expect_same checkpoints/shared/summary.json checkpoints/good/summary.json
expect_exit 0 train --init_from checkpoints/shared --max_epochs 3 --quiet

finish
