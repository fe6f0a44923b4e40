#!/bin/bash
# Names that are not UTF-8 cannot be held by JSON. They were missing in a run's summary.json, so that the run could not be
# resumed, and its text was said to be another one; `export`, `sweep` and `study` said that there is not enough memory, and
# `evaluate --text --json` gave null without a word. Guards: the message says what is wrong, before anything is trained.
# In a model of others, names of values may have any bytes: those were missing in the report of `compile`, and
# messages that name a node in the result of `verify --json`.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
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

# The report has all constants and all values of the workspace, and their bytes add up.
printf 'opset 14\ninput x float 1 4\nconst W\xe9 float 4 3\nconst \xff\xfe float 3\nMatMul x W\xe9 -> p\xe8\n' > graph
printf 'Add p\xe8 \xff\xfe -> s\nTanh s -> y\noutput y float 1 3\n' >> graph
"$graph_file" odd.onnx < graph || fail "graph_file"
expect_exit 0 compile odd.onnx --no_sampler --report
expect_json out constants.0.name 'W\xe9'
expect_json out constants.0.bytes 48
expect_json out constants.1.name '\xff\xfe'
expect_json out constants.1.bytes 12
expect_json out flash_bytes 60
expect_json out workspace.0.name 'p\xe8'

# The result of verify has the message that names a node.
printf '%s\n' 'opset 14' 'const E float 5 4' 'const W float 1 4 4' 'const R float 1 4 4' 'const O float 4 5' \
    'const shape int64 3 = 1 1 4' 'input x int64 sequence 1' 'input h float 1 1 4' 'Gather E x -> e' \
    'RNN e W R - - h -> Y hn hidden_size=4' 'Reshape Y shape -> y' 'MatMul y O -> s' 'output s float 1 1 5' \
    'output hn float 1 1 4' | "$graph_file" fixed.onnx || fail "graph_file"
LC_ALL=C sed -i 's/Reshape_2/Reshape\xe92/' fixed.onnx
echo '{"filename": "fixed.onnx", "vocabulary": "\nabcd"}' > fixed.json
expect_exit 1 verify --model fixed.json --stages one --characters 20 --seeds 1 --length 5 --quiet --json
expect_stdout "node 'Reshape\\\\xe92'"

finish
