#!/bin/bash
# Names that are not UTF-8 cannot be held by JSON. They were missing in a run's summary.json, so that the run could not be
# resumed, and its text was said to be another one; `export`, `sweep` and `study` said that there is not enough memory, and
# `evaluate --text --json` gave null without a word. Guards: the message says what is wrong, before anything is trained.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

odd=$'b\xe9.txt'
numbers 200 > names.txt
cp names.txt "$odd" 2> err || exit 77 # some file systems refuse the name
train=(train "${tiny[@]}" --max_epochs 1)
expect_exit 0 "${train[@]}" --input names.txt --run_name r
model=checkpoints/r/checkpoint.1.safetensors
cp $model "$odd.safetensors"

expect_exit 2 "${train[@]}" --input "$odd" --run_name l
expect_stderr '--input b\xe9.txt: is not UTF-8'
expect_exit 2 "${train[@]}" --input names.txt --validation "$odd" --run_name l
expect_stderr '--validation b\xe9.txt: is not UTF-8'
expect_exit 2 "${train[@]}" --input names.txt --init_from "$odd.safetensors" --run_name l
expect_stderr '--init-from b\xe9.txt.safetensors: is not UTF-8'
expect_exit 2 train --init_from checkpoints/r --input "$odd" --max_epochs 2 --quiet
expect_stderr '--input b\xe9.txt: is not UTF-8'
expect test ! -e checkpoints/l
# Folders may have any name: they need not be recorded.
expect_exit 0 "${train[@]}" --input names.txt --checkpoint_dir $'\xe9' --run_name $'\xe8'
expect_exit 0 train --init_from $'\xe9/\xe8' --max_epochs 2 --quiet

expect_exit 1 export --init_from $model --export_file $'b\xe9.onnx' --quiet
expect_stderr 'b\xe9.onnx: the name is not UTF-8'
expect test -z "$(find . -name '*.onnx' -o -name '*.partial')"
expect_exit 0 export --init_from "$odd.safetensors" --export_file m.onnx --quiet

expect_exit 2 sweep --output runs --quiet -- --input "$odd" --rnn_size 5,6 --max_epochs 1
expect_stderr '--input b\xe9.txt: is not UTF-8'
expect_exit 2 sweep --output runs --quiet --weights $'\xe9' -- --input names.txt --rnn_size 5,6 --max_epochs 1
expect_stderr '--weights \xe9: is not UTF-8'

study=(study --corpus names.txt --items 20 --temperature 1 --wordlist= --sentences 0 --quiet --output report)
expect_exit 2 "${study[@]}" --count $'Jos\xe9' $model
expect_stderr '--count Jos\xe9: is not UTF-8'
expect_exit 0 "${study[@]}" "$odd.safetensors"
expect_stderr 'b\xe9.txt.safetensors: is not UTF-8: the JSON has null in its place'
expect_json report/study.json models.0.file null

expect_exit 0 evaluate --model m.json --text "$odd" --json
expect_stderr 'b\xe9.txt: is not UTF-8: the JSON has null in its place'
expect_json out text null
expect_exit 0 judge --wordlist= --sentences 1 --json "$odd"
expect_stderr 'b\xe9.txt: is not UTF-8: the JSON has null in its place'

finish
