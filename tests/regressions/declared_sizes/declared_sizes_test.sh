#!/bin/bash
# ONNX Runtime shows the sizes that a file declares for its outputs, and web/language_model.js took an open one for 1. So
# `verify` failed on right models: on a state whose output has a size that PyTorch could only name, and on a model whose
# sequence was opened, with the outputs still declared for the fixed one.
# Guards: both are verified in ONNX Runtime; a state that grows with the text, or has a type that no state may have, is
# refused by both engines with shapes and type, and not as if its names were missing.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# model NAME [FIELDS]: the graph on stdin, with a descriptor.
model()
{
    "$graph_file" "$1.onnx" || fail "graph_file: $1"
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabcd\"${2:+, $2}}" > "$1.json"
}

# agrees NAME: ONNX Runtime, where it is installed, says the same.
agrees()
{
    run verify --model "$1.json" --stages ONNX --characters 60 --length 20 --seeds 1 --quiet --json
    grep -q '"same": \(true\|null\)' out || fail "$1: ONNX Runtime differs"
}

# A GRU for eight tokens, which is opened. Logits and Y are declared for eight.
cat << 'END' | model opened
opset 14
const E float 5 4
const W float 1 12 4
const V float 1 12 4
const O float 4 5
const ten float = 6
const shape int64 3 = -1 1 4
input x int64 8 1
input h float 1 1 4
Gather E x -> e0
Mul e0 ten -> e
GRU e W V - - h -> Y hn hidden_size=4 linear_before_reset=1
Reshape Y shape -> F
MatMul F O -> y0
Mul y0 ten -> y
output y float 8 1 5
output hn float 1 1 4
output Y float 8 1 1 4
END
expect_exit 0 evaluate --model opened.json --length 10 --seed 1
expect_stderr "its sequence is opened"
agrees opened

# cache SEQUENCE ENTRIES NEW [LINE]: a state of the last six entries, declared with ENTRIES where it goes in and with NEW
# where it comes out. The line is in place of the one that keeps six.
cache()
{
    cat << END
opset 14
const E float 5 4
const O float 4 5
const front int64 1 = 0
const first int64 1 = -6
const last int64 1 = 1000
const axis int64 1 = 1
const five float = 5
input x int64 $1
input h float 1 $2 4
Gather E x -> e0
Mul e0 five -> e
Unsqueeze e front -> e1
Concat h e1 -> all axis=1
${4:-Slice all first last axis -> hn}
ReduceMean hn -> m axes=[1] keepdims=0
Add e m -> s
MatMul s O -> y
output y float $1 5
output hn float 1 $3 4
END
}
cache steps 6 Slicehn_dim_1 | model named '"states": [["h", "hn", "append"]]'
agrees named
cache steps 6 6 | model plain '"states": [["h", "hn", "append"]]'
agrees plain
for name in named plain; do
    expect_exit 0 evaluate --model "$name.json" --length 80 --seed 3 --quiet
    cp out "$name.txt"
done
expect_same named.txt plain.txt

# A cache that grows, as Hugging Face exports it, and a position of a type that no state has.
cache steps past total "Identity all -> hn" | model grows '"states": [["h", "hn"]]'
expect_exit 1 evaluate --model grows.json --length 10 --seed 1
expect_stderr "'h' with the shape (1, 1, 4) comes out as 'hn' with (1, 2, 4)"
expect_stderr "a cache of a fixed length"
(cache steps 6 6 && echo "input p double 1
const step double 1 = 1
Add p step -> pn
output pn double 1") | model counts '"tokens": "x", "states": [["h", "hn"], ["p", "pn"]]'
expect_exit 1 evaluate --model counts.json --length 10 --seed 1
expect_stderr "'p' in double comes out as 'pn' in double, but a state is float, int64 or int32"

finish
