#!/bin/bash
# Versions 22 and later of ONNX's operators were refused, though what recurrent models consist of only gained types there,
# and onnx 1.17 stamps 22 by default. Guards: one model, stamped with each version from 14 to 27, is the same C; operators
# that models of today have (one-hot inputs, clipping, activations with a bend, padding, convolution, normalization) are
# read in each; version 28 is refused by its number.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

compiles()
{
    local name=$1
    "$graph_file" "$name.onnx" || fail "graph_file: $name"
    expect_exit 0 compile "$name.onnx" --no_sampler --name model --output out.c
    sed '/quillet compile/d; /SHA-256/d' out.c > "$name.c"
}

for cell in "LSTM 16" "GRU 12" "RNN 4"; do
    read -r name rows <<< "$cell"
    for opset in {14..27}; do
        compiles "$name$opset" << END
opset $opset
const W float 1 $rows 3
const R float 1 $rows 4
input x float 5 1 3
$name x W R -> Y h hidden_size=4
output h float 1 1 4
END
        expect_same <(grep -v "$name$opset" "$name$opset.c") <(grep -v "${name}14" "${name}14.c")
    done
done

for opset in 15 18 21 22 25 27; do
    compiles "spotter$opset" << END
opset $opset
const W float 6 3 3
const s float 6
const b float 6
const m float 6
const v float 6 = 1 2 3 4 5 6
const low float = 0.0
const six float = 6.0
const pads int64 6 = 0 0 1 0 0 1
const slope float 6 1
input x float 1 3 8
Pad x pads -> p
Conv p W -> c strides=[2]
BatchNormalization c s b m v -> n
PRelu n slope -> l
LeakyRelu l -> e alpha=0.1
Elu e -> f
HardSigmoid f -> g
Clip g low six -> k
Round k -> r
Sum k r -> t
Reciprocal t -> y
output y float 1 6 4
END
done

# model NAME FIRST: a model whose vector of a token is made so.
# The vector is made in the graph, or taken from the unit matrix: one text.
model()
{
    { sed "s/^FIRST/$2/"; } << 'END' | "$graph_file" "$1.onnx" || fail "graph_file: $1"
opset 22
const eye float 4 4 = 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1
const depth int64 1 = 4
const values float 2 = 0 1
const W float 1 9 4
const V float 1 9 3
const O float 3 4
const one int64 1 = 1
input x int64 1 1
input h float 1 1 3
FIRST -> e
GRU e W V - - h -> Y hn hidden_size=3
Squeeze Y one -> q
MatMul q O -> y
output y float 1 1 4
output hn float 1 1 3
END
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabc\"}" > "$1.json"
    expect_exit 0 evaluate --model "$1.json" --length 60 --seed 1 --quiet
    cp out "$1.txt"
}
model gather "Gather eye x"
model onehot "OneHot x depth values"
expect_same onehot.txt gather.txt

printf 'opset 28\ninput x float 1\nRelu x -> y\noutput y float 1\n' | "$graph_file" late.onnx 2> err
expect grep -q 28 err

finish
