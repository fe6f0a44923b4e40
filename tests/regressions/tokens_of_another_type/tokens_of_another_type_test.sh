#!/bin/bash
# Tokens as one float, as Keras often declares its inputs, were taken for one-hot vectors, with a message that contradicted
# itself. Guards: an input that the descriptor calls tokens, and that takes another type or another width, is refused with
# what it takes and what tokens are; int32, int64 and one-hot vectors are taken, and states of int32 as well as of int64.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

echo '{"filename": "m.onnx", "vocabulary": "\nabc", "tokens": "x", "logits": "y"}' > m.json

# model "TYPE SIZES" LINE...: the lines make "e" (1, 1, 4) of the tokens x.
model()
{
    local input=$1
    shift
    { printf '%s\n' "opset 17" "const E float 4 4" "input x $input" "input s float 1 1 4" "$@"; cat; } << 'END' \
        | "$graph_file" m.onnx || fail "graph_file: $input"
Add e s -> y
Tanh y -> sn
output y float 1 1 4
output sn float 1 1 4
END
}
refused()
{
    expect_exit 1 evaluate --model m.json --length 10 --seed 1
    expect_stderr "$1"
    expect_stderr "tokens are int64 or int32, or one-hot vectors of 4 floats"
}
writes()
{
    expect_exit 0 evaluate --model m.json --length 30 --seed 1 --quiet
    cp out "$1.txt"
}
model "float 1 1" "Cast x -> i to=7" "Gather E i -> e"
refused "takes a number of type float"
model "float 1 1 3" "const W float 3 4" "MatMul x W -> e"
refused "takes numbers of type float"
model "double 1 1" "Cast x -> i to=7" "Gather E i -> e"
refused "takes a number of type double"
model "bool 1 1 4" "Cast x -> f to=1" "MatMul f E -> e"
refused "takes numbers of type bool"
model "int64 1 1" "Gather E x -> e"
writes int64
model "int32 1 1" "Gather E x -> e"
writes int32
model "float 1 1 4" "MatMul x E -> e"
writes one_hot
expect_same int32.txt int64.txt
expect_same one_hot.txt int64.txt

# A position may have the type that other frameworks give it, on the whole road and in JavaScript.
for type in int64 int32; do
    model "int64 1 1" "input p $type 1" "const step $type 1 = 1" "Add p step -> pn" "Cast p -> f to=1" "Gather E x -> e0" \
        "Sin f -> turn" "Mul e0 turn -> e" "output pn $type 1"
    writes "position_$type"
    expect_exit 0 verify --model m.json --stages ONNX,-O0 --characters 60 --length 30 --seeds 1 --quiet
    echo "$(wc -l < out) stages" | grep -q '^[3-9] stages' || fail "verify ran $(cat out)"
done
expect_same position_int32.txt position_int64.txt
cmp -s position_int32.txt int64.txt && fail "the position changes nothing"

finish
