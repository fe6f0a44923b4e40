#!/bin/bash
# A model with an input beside tokens and states, such as a category, was refused, and the message advised "states", which
# could not help. Guards: the descriptor's "constants" gives such inputs their numbers, as floats, integers, truth values,
# in shapes that are open; the text is that of the graph with these constants written in; the C and ONNX Runtime, which
# gets them as inputs, agree; a model without them is refused with the line to write; numbers that do not fit, names that
# are not there, and states that are called constants are errors.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# model NAME CONSTANTS [FIELDS]: the graph on stdin, with a descriptor.
model()
{
    "$graph_file" "$1.onnx" || fail "graph_file: $1"
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabcd\"${2:+, \"constants\": $2}${3-}}" > "$1.json"
}
writes()
{
    expect_exit 0 evaluate --model "$1.json" --length 80 --seed 3 --quiet
    cp out "$1.txt"
}
refused()
{
    expect_exit 1 evaluate --model "$1.json" --length 10 --seed 1
    expect_stderr "$2"
}

# graph FIRST: an LSTM whose input gets "k" added, in whatever way the lines on stdin make it.
graph()
{
    printf 'opset 17\n'
    cat
    cat << 'END'
const E float 5 4
const W float 1 16 4
const V float 1 16 4
const O float 4 5
const six float = 6
input x int64 sequence 1
input h float 1 1 4
input c float 1 1 4
Gather E x -> e0
Mul e0 six -> e1
Add e1 k -> e
LSTM e W V - - h c -> Y hn cn hidden_size=4
Squeeze Y one -> q
MatMul q O -> y0
Mul y0 six -> y
output y float sequence 1 5
output hn float 1 1 4
output cn float 1 1 4
END
}
one="const one int64 1 = 1"
category=("$one" "const C float 3 4" "MatMul category C -> k")
printf '%s\n' "const category float 1 3 = 0 4 0" "${category[@]}" | graph | model written_in ""
writes written_in
printf '%s\n' "input category float batch 3" "${category[@]}" | graph | model open '{"category": [0, 4, 0]}'
writes open
expect_same open.txt written_in.txt
printf '%s\n' "input category float 1 3" "${category[@]}" | graph | model nested '{"category": [[0, 4.0, 0]]}'
writes nested
expect_same nested.txt written_in.txt
printf '%s\n' "input category float 1 3" "${category[@]}" | graph | model other '{"category": [3, 0, -3]}'
writes other
expect test "$(cat other.txt)" != "$(cat written_in.txt)"
printf '%s\n' "input category float 1 3" "${category[@]}" | graph | model named '{"category": [0, 4, 0]}' \
    ', "tokens": "x", "logits": "y", "states": [["c", "cn"], ["h", "hn"]]'
writes named
expect_same named.txt written_in.txt

# A speaker by number beside the tokens, a flag, and a scale, all at once.
several=("$one" "input speaker int64 1" "input loud bool" "input scale float" "const S float 3 4" "const zero float = 0"
    "Gather S speaker -> s0" "Mul s0 scale -> s1" "Where loud s1 zero -> k")
printf '%s\n' "${several[@]}" | graph | model several '{"speaker": 2, "loud": true, "scale": 5}'
writes several
printf '%s\n' "${several[@]}" | graph | model quiet '{"speaker": 1, "loud": false, "scale": 5}'
writes quiet
expect test "$(cat several.txt)" != "$(cat quiet.txt)"

# Every stage agrees; ONNX Runtime gets the file as it is, and the numbers as inputs.
for name in open several; do
    expect_exit 0 verify --model "$name.json" --stages "one,gcc -O2,ONNX" --characters 60 --length 20 --seeds 1 --quiet --json
    expect_json out stages.0.verdict same
    expect_json out stages.2.verdict "same bits"
done
expect_json out stages.1.verdict same
# A graph that is changed, for a window or an end symbol, has the numbers written in: ONNX Runtime, which said that it has
# no such inputs, gets none.
printf '%s\n' "opset 17" "const E float 5 4" "const O float 4 5" "const axis int64 = 1" "input x int64 1 6" \
    "input category float 1 6 4" "Gather E x -> e" "Add e category -> k" "CumSum k axis -> s" "Tanh s -> f" "MatMul f O -> y" \
    "output y float 1 6 5" | model window "{\"category\": [$(seq -s , -1 0.1 1.3)]}"
printf '%s\n' "input category float 1 3" "${category[@]}" | graph | "$graph_file" ended.onnx
echo '{"filename": "ended.onnx", "vocabulary": ["a", "b", "c", "<s>", "</s>"], "begin": "<s>", "end": "</s>",
    "constants": {"category": [0, 4, 0]}}' > ended.json
for name in window ended; do
    expect_exit 0 verify --model "$name.json" --stages "one,gcc -O2,ONNX" --characters 60 --length 20 --seeds 1 --quiet --json
    expect_json out stages.0.verdict same
done
expect_exit 0 compile --model several.json --output several.c
expect test "$(grep -c speaker several.h)" == 0

# What is missing or wrong.
printf '%s\n' "input category float 1 3" "${category[@]}" | graph | model without ""
refused without '"constants": {"category": [...]}'
printf '%s\n' "input category float 1 3" "${category[@]}" | graph | model states_only "" ', "states": [["h", "hn"], ["c", "cn"]]'
refused states_only '"constants": {"category": [...]}'
printf '%s\n' "${several[@]}" | graph | model no_tokens ""
refused no_tokens '"constants"'
wrong()
{
    printf '%s\n' "${several[@]}" | graph | model wrong "$1" "${3-}"
    refused wrong "$2"
}
wrong '{"speaker": [2, 1], "loud": true, "scale": 5}' "'speaker' 2 numbers"
wrong '{"speaker": 0.5, "loud": true, "scale": 5}' "'speaker' the number 0.5"
wrong '{"speaker": 1, "loud": 2, "scale": 5}' "'loud' the number 2"
wrong '{"speaker": 1, "loud": true, "scale": 1e300}' "'scale' the number 1e+300"
wrong '{"speaker": 1, "loud": true, "scale": []}' "'scale' 0 numbers"
wrong '{"speaker": 1, "loud": true, "scale": "5"}' "must give 'scale' a number"
wrong '{"speaker": 1, "loud": true, "size": 5}' "no input 'size'"
wrong '["speaker"]' "an object of at most"
wrong '{"speaker": 1, "loud": true, "scale": 5, "x": 1}' "'tokens'" ', "tokens": "x"'
wrong '{"speaker": 1, "loud": true, "scale": 5, "h": [0, 0, 0, 0]}' "that is a state"
wrong '{"speaker": 7, "loud": true, "scale": 5}' "out of range"

finish
