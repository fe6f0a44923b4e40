#!/bin/bash
# A model with random weights amplifies the rounding of each step until the logits of ONNX Runtime are beyond the tolerance.
# No single node differs by so much, and `verify` blamed a state that is carried or reset in another way.
# Guards: the first state beyond the tolerance is named, with its character and with the difference at the beginning.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file. Without ONNX Runtime there is nothing to see.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# A recurrent layer with weights that are several times as large as those at which small differences die away.
"$graph_file" chaos.onnx << 'END' || fail graph_file
opset 14
const E float 5 32
const W float 32 32
const O float 32 5
input x int64 1
input h float 1 32
Gather E x -> e
MatMul h W -> r
Add e r -> s
Tanh s -> hn
MatMul hn O -> y
output y float 1 5
output hn float 1 32
END
echo '{"filename": "chaos.onnx", "vocabulary": "\nabcd"}' > chaos.json
run verify --model chaos.json --stages ONNX --characters 300 --length 20 --seeds 1
if ! grep -q "^ONNX Runtime.* skipped" out; then
    expect test "$code" -eq 1
    expect_stdout "hn is the first to differ by more than the tolerance, after character"
    grep -q "The first difference was [0-9.]*e-0[678], after character 1\." out || fail "no difference at the beginning"
    expect_stdout "is rounding"
    expect test "$(grep -c "carried or reset" out)" -eq 0
fi

finish
