#!/bin/bash
# Who resumed a run, a sweep or a study in a folder of somebody else overwrote any file to which symbolic links in that
# folder led: log and samples were written through them, and so were summary, state and checkpoints. Guards: a link
# among the files that a command writes there is an error that names it; what it leads to is neither read nor written.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --generate 5 --run_name r
printf 'one\ntwo\nthree\n' > mine

# expect_refused LINK ARGUMENT...: what the link leads to, a file or nothing yet, stays as it is.
expect_refused()
{
    local link=$1
    shift
    ln -sf "$PWD/mine" "$link"
    expect_exit 1 "$@"
    expect_stderr "${link#"$PWD/"}: is a symbolic link"
    expect test "$(cat mine)" == $'one\ntwo\nthree'
    ln -sf "$PWD/not_there" "$link"
    expect_exit 1 "$@"
    expect_stderr "${link#"$PWD/"}: is a symbolic link"
    expect test ! -e not_there
    rm "$link"
}

for file in training.log.csv samples.jsonl summary.json training.safetensors checkpoint.3.safetensors; do
    rm -rf evil
    cp -r checkpoints/r evil
    expect_refused evil/$file train --init_from evil --max_epochs 3 --quiet
done

# A hard link is not a link that can be told from a file, but nothing is written through it either.
rm -rf evil
cp -r checkpoints/r evil
cp evil/training.log.csv mine_too
ln -f mine_too evil/training.log.csv
expect_exit 0 train --init_from evil --max_epochs 3 --quiet
expect_same mine_too checkpoints/r/training.log.csv

# Nor is a pipe waited for.
mkfifo evil/checkpoint.4.safetensors
expect_exit 1 train --init_from evil --max_epochs 4 --quiet
expect_stderr "evil/checkpoint.4.safetensors: is a pipe or a device"

# A link to a whole folder leads out, too.
sweep=(sweep --output runs --quiet -- --input names.txt --rnn_size "5,6" --embedding_size 3 --num_layers 1 --generate 0
    --batch_size 4 --max_epochs 1)
expect_exit 0 "${sweep[@]}"
summaries=(runs/*/summary.json)
run=${summaries[0]%/summary.json}
for file in sweep.json sweep.csv sweep.md sweep.html; do
    mv runs/$file kept
    expect_refused runs/$file "${sweep[@]}"
    mv kept runs/$file
done
rm -r "$run"
mkdir theirs
ln -s "$PWD/theirs" "$run"
expect_exit 1 "${sweep[@]}"
expect_stderr "$run: is a symbolic link"
expect test -z "$(ls theirs)"

study=(study --corpus names.txt --items 20 --temperature 1 --wordlist= --sentences 0 --quiet --output report
    checkpoints/r/checkpoint.2.safetensors)
expect_exit 0 "${study[@]}"
cells=(report/cells/*.json)
for file in report/study.json report/study.md report/study.html; do
    mv $file kept
    expect_refused $file "${study[@]}"
    mv kept $file
done
cell=${cells[0]}
rm "$cell"
expect_refused "$cell" "${study[@]}"
for folder in cells pictures; do
    rm -r report/$folder
    ln -s "$PWD/theirs" report/$folder
    expect_exit 1 "${study[@]}"
    expect_stderr "report/$folder: is a symbolic link"
    expect test -z "$(ls theirs)"
    rm report/$folder
done

# The user's own names may be links: the folder of a run, and an output that is named.
ln -s checkpoints/r mine_elsewhere
expect_exit 0 train --init_from mine_elsewhere --max_epochs 3 --quiet
ln -s later named.onnx
expect_exit 0 export --init_from checkpoints/r/checkpoint.1.safetensors --export_file named.onnx --quiet
expect test -L named.onnx

finish
