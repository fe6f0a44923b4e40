#!/bin/bash
# Folders of runs that somebody has edited, robbed, or goes on with twice at once: no crash, nothing lost, and an error
# that names the place.
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

# What the option would refuse on the command line, it refuses from the summary.
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

finish
