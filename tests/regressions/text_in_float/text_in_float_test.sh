#!/bin/bash
# `evaluate --text` in float refused every model without an integer form, and spoke of a form that nobody had asked for.
# Guards: it reads with whatever evaluate can write with. The values follow from logits that do not depend on the state.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# reads NAME BITS LINE...: the model of these lines, from l to y, takes so many bits for a character of text.txt.
reads()
{
    local name=$1 bits=$2
    shift 2
    {
        cat << 'END'
opset 14
const E float 4 4 = 0 3 0 0 0 0 2 0 0 0 0 1 0 0 0 0
const R float 4 4 = 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
const W float 1 12 4
const V float 1 12 4
const none float = 0
const one int64 1 = 1
input x int64 1 1
input s float 1 1 4
Gather E x -> l
END
        printf '%s\n' "$@" "output y float 1 1 4" "output sn float 1 1 4"
    } | "$graph_file" "$name.onnx" || fail "graph_file: $name"
    echo "{\"filename\": \"$name.onnx\", \"vocabulary\": \"\\nabc\", \"logits\": \"y\"}" > "$name.json"
    expect_exit 0 evaluate --model "$name.json" --text text.txt --json
    expect test "$("$json_get" out bits_per_char | cut -c 1-7)" = "$bits"
    expect_exit 0 evaluate --model "$name.json" --length 20 --seed 1 --quiet
    expect_exit 1 evaluate --model "$name.json" --text text.txt --quantize int8
}

# After a newline, a, b, c: e^3 / (e^3 + 3), e^2 / (e^2 + 3), e / (e + 3), 1 / 4.
printf 'abc\nabc\n' > text.txt
reads cell 0.94133 "MatMul s R -> r" "Add l r -> y" "Tanh y -> sn"
reads gru 0.94133 "GRU l W V - - s -> q sn hidden_size=4" "Squeeze q one -> f" "Mul f none -> z" "Add l z -> y"
reads relu 0.94133 "Relu l -> m" "MatMul s R -> r" "Add m r -> y" "Tanh y -> sn"
reads log_softmax 0.94133 "LogSoftmax l -> y" "Tanh s -> sn"
: > empty.txt
expect_exit 1 evaluate --model cell.json --text empty.txt

finish
