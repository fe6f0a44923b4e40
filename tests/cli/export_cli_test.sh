#!/bin/bash
# `quillet export`: the ONNX file and the descriptor, and what it refuses.
# Uses: expect.sh, flock. Arguments: the tool, json_get; then a Python that may have the onnx package, or "".
# shellcheck source-path=SCRIPTDIR
python=$3
source "$(dirname "$0")/expect.sh"

numbers 400 > names.txt
for cell in lstm gru rnn; do
    expect_exit 0 train "${tiny[@]}" --input names.txt --model $cell --num_layers 2 --sequences items --run_name $cell
done
run_folder=checkpoints/lstm
model=$run_folder/checkpoint.2.safetensors

# The two files, and the content of the descriptor.
expect_exit 0 export --init_from $model --export_file names.onnx --temperature 0.95 --top_p 0.8 --top_k 24
expect_stdout names.onnx
expect_stdout names.json
expect test -s names.onnx
expect_json names.json filename ./names.onnx
expect_json names.json type lstm
expect_json names.json sequenceLength 8
expect grep -qF '"temperature": 0.95,' names.json
expect grep -qF '"top_p": 0.8,' names.json
expect_json names.json top_k 24
expect_json names.json hiddenSize 5
expect_json names.json hiddenLayers 2
expect_json names.json vocabulary $'\nabcdefghij'
expect grep -qF '"reset": "\n"' names.json

# The same again is the same to the byte; a folder in the path is not part of the name in the descriptor.
mkdir elsewhere
expect_exit 0 export --init_from $model --export_file elsewhere/names.onnx --temperature 0.95 --top_p 0.8 --top_k 24 \
    --quiet
expect test ! -s out
expect_same names.onnx elsewhere/names.onnx
expect_same names.json elsewhere/names.json
expect_exit 0 export --init_from $model --export_file names2.onnx --json
expect_json out model names2.onnx
expect_json out descriptor names2.json

# Nor does it matter that the run is being trained.
command="export, of a run that another process has in hand"
# shellcheck disable=SC2094 # a folder, which is opened to be locked
(
    flock 9
    expect_exit 0 export --init_from $model --export_file elsewhere/names.onnx --temperature 0.95 --top_p 0.8 \
        --top_k 24 --quiet
    exit "$failures"
) 9< $run_folder
failures=$?
expect_same names.json elsewhere/names.json

# A model of running text resets nothing, and a checkpoint without its run does not know the length of its sequences.
expect_exit 0 train "${tiny[@]}" --input names.txt --run_name stream
cp checkpoints/stream/checkpoint.2.safetensors alone.safetensors
expect_exit 0 export --init_from alone.safetensors --export_file stream.onnx
expect_json stream.json sequenceLength 0
expect test -z "$(grep reset stream.json)"

# Fixed to one token per run it writes the same, and to seven.
expect_exit 0 export --init_from $model --export_file fixed.onnx --sequence 1
expect_exit 0 evaluate --model fixed.json --length 100 --seed 1
cp out fixed.txt
expect_exit 0 evaluate --model names.json --length 100 --seed 1 --temperature 0.8 --top_p 1 --top_k 0
expect_same out fixed.txt
expect_exit 0 export --init_from $model --export_file many.onnx --sequence 7
expect_exit 0 evaluate --model many.json --length 100 --seed 1
expect_stderr "its sequence is opened"
expect_same out fixed.txt

# ONNX's own checker. Debian's libonnx-testdata alone makes `import onnx` succeed, as a namespace with nothing in it.
if [[ -n $python ]] && "$python" -c 'import onnx.checker' 2> /dev/null; then
    for cell in gru rnn; do
        expect_exit 0 export --init_from checkpoints/$cell/checkpoint.2.safetensors --export_file $cell.onnx
        expect_json $cell.json type $cell
    done
    for file in names gru rnn fixed many; do
        expect "$python" -c 'import onnx, sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)' \
            $file.onnx
    done
fi

# What it refuses, as every reader of the descriptor would: a temperature that is not 0, but too small for a float, and
# names that would not come back as they were. Neither file is written.
expect_exit 1 export --init_from $model --export_file tiny.onnx --temperature 1e-39
expect_stderr "the field 'temperature' must be 0, or from 1.2e-38"
expect_exit 1 export --init_from $model --export_file $'new\nline.onnx'
expect_stderr "the field 'filename' must be"
expect test -z "$(find . -name 'tiny*' -o -name 'new*' -o -name '*.partial')"
expect_exit 2 export
expect_stderr "--init-from"
expect_exit 2 export --init_from $model
expect_stderr "--export-file"
for name in names .onnx names.json folder/.onnx names.onnx/; do
    expect_exit 2 export --init_from $model --export_file $name
    expect_stderr ".onnx"
done
# For a run's folder, the message names an existing checkpoint, with one slash before its name.
expect_exit 1 export --init_from $run_folder// --export_file a.onnx
named=$(sed -n 's/.*not a checkpoint; its best one is //p' err)
expect test "${named%/*}" = $run_folder -a -s "$named"
expect_exit 1 verify --model names.json --init_from $run_folder
expect_stderr "its best one is $named"
expect_exit 1 study $run_folder --corpus names.txt --output study
expect_stderr "its best one is $named"
mkdir bare
expect_exit 1 export --init_from bare --export_file a.onnx
expect_stderr "bare: is a folder, not a checkpoint"
expect_exit 1 export --init_from absent --export_file a.onnx
expect_stderr absent
expect_exit 1 export --init_from names.txt --export_file a.onnx
expect test ! -e a.onnx
expect_exit 1 export --init_from $model --export_file absent/a.onnx
expect_stderr absent/a
expect_exit 2 export --init_from $model --export_file a.onnx --sequence -1
expect_exit 2 export --init_from $model --export_file a.onnx --top_p 0
finish
