#!/bin/bash
# ONNX Runtime shows the sizes that a file declares for its outputs. A model whose sequence was opened kept those of the
# fixed sequence, and `verify` failed on it.
# Guards: the changed graph opens these sizes, and is verified in ONNX Runtime.
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
    expect_exit 0 verify --model "$1.json" --stages ONNX --characters 60 --length 20 --seeds 1 --quiet --json
    grep -q '"verdict": "\(same\|skipped\)"' out || fail "$1: ONNX Runtime differs"
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

finish
