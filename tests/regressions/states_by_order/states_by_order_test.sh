#!/bin/bash
# States of one shape went with the outputs in the order of the file. A graph that gave c before h, the upper layer before
# the lower one, or features between logits and states wrote with exchanged states, and verify said that all was well.
# Guards: whatever the order, the text is that of the right pairs; what a graph leaves open is an error with the lines to
# write; pairs that the graph contradicts are refused; verify runs the text in one call, too, and tells wrong pairs.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

write=(--length 60 --seed 1 --temperature 0.5 --quiet)
quick=(--stages one --characters 100 --length 20 --seeds 1 --quiet --json)

# model NAME LINE...: a model of the lines that stand on stdin and these, with a descriptor of its vocabulary.
model()
{
    local name=$1
    shift
    { cat; printf '%s\n' "$@"; } | "$graph_file" "$name.onnx" || fail "graph_file: $name"
    echo "{\"filename\": \"$name.onnx\", \"vocabulary\": \"\\nabcd\"${states:+, \"states\": $states}}" > "$name.json"
}

# text NAME: what the model writes.
text()
{
    expect_exit 0 evaluate --model "$1.json" "${write[@]}"
    cp out "$1.txt"
}

# same NAME REFERENCE: both write one text, and verify has tried it.
same()
{
    text "$1"
    expect_same "$1.txt" "$2.txt"
    expect_exit 0 verify --model "$1.json" "${quick[@]}"
    expect_json out stages.0.verdict same
}

lstm()
{
    cat << 'END'
opset 14
const E float 5 4
const W float 1 16 4
const V float 1 16 4
const O float 4 5
const one int64 1 = 1
const ten float = 6
input x int64 sequence 1
input h float 1 1 4
input c float 1 1 4
Gather E x -> e0
Mul e0 ten -> e
LSTM e W V - - h c -> Y hn cn hidden_size=4
Squeeze Y one -> features
MatMul features O -> y0
Mul y0 ten -> y
END
}
y="output y float sequence 1 5" hn="output hn float 1 1 4" cn="output cn float 1 1 4"
features="output features float sequence 1 4"
lstm | model in_order "$y" "$hn" "$cn"
text in_order
lstm | model c_first "$y" "$cn" "$hn"
same c_first in_order
lstm | model features_first "$y" "$features" "$hn" "$cn"
same features_first in_order
lstm | model logits_last "$features" "$cn" "$hn" "$y"
same logits_last in_order
lstm | states='[["h", "cn"], ["c", "hn"]]' model crossed "$y" "$hn" "$cn"
expect_exit 1 evaluate --model crossed.json "${write[@]}"
expect_stderr '["c", "cn"]'
expect_exit 1 compile --model crossed.json --output crossed.c
expect_exit 1 verify --model crossed.json "${quick[@]}"

# Two layers, whose states come out in either order, or stacked in the wrong one.
layers()
{
    cat << 'END'
opset 14
const E float 5 4
const W float 1 12 4
const V float 1 12 4
const W2 float 1 12 4
const V2 float 1 12 4
const O float 4 5
const zero int64 1 = 0
const one int64 1 = 1
const two int64 1 = 2
const ten float = 6
input x int64 sequence 1
Gather E x -> e0
Mul e0 ten -> e
GRU e W V - - h1 -> Y1 n1 hidden_size=4 linear_before_reset=1
Squeeze Y1 one -> f1
GRU f1 W2 V2 - - h2 -> Y2 n2 hidden_size=4 linear_before_reset=1
Squeeze Y2 one -> f2
MatMul f2 O -> y0
Mul y0 ten -> y
END
}
apart=("input h1 float 1 1 4" "input h2 float 1 1 4" "$y")
n1="output n1 float 1 1 4" n2="output n2 float 1 1 4"
layers | model two_layers "${apart[@]}" "$n1" "$n2"
text two_layers
layers | model upper_first "${apart[@]}" "$n2" "$n1"
same upper_first two_layers
stacked=("input h float 2 1 4" "Slice h zero one zero -> h1" "Slice h one two zero -> h2" "$y" "output n float 2 1 4")
stack() { layers | sed '/^GRU e/i\Slice h zero one zero -> h1\nSlice h one two zero -> h2'; }
stack | model stacked "${stacked[0]}" "Concat n1 n2 -> n axis=0" "${stacked[@]:3}"
same stacked two_layers
stack | model stacked_wrongly "${stacked[0]}" "Concat n2 n1 -> n axis=0" "${stacked[@]:3}"
expect_exit 1 evaluate --model stacked_wrongly.json "${write[@]}"
expect_stderr "in another order"

# Cells by hand: nothing but the flow of the data tells.
elman()
{
    cat << 'END'
opset 14
const E float 5 4
const R float 4 4
const U float 4 4
const P float 4 4
const O float 4 5
const ten float = 6
input x int64 1 1
input b float 1 1 4
input a float 1 1 4
Gather E x -> e0
Mul e0 ten -> e
MatMul a R -> ra
Add e ra -> s
Tanh s -> an
MatMul an P -> p
MatMul b U -> ub
Add p ub -> t
Tanh t -> bn
MatMul bn O -> y0
Mul y0 ten -> y
END
}
y="output y float 1 1 5" an="output an float 1 1 4" bn="output bn float 1 1 4"
elman | states='[["a", "an"], ["b", "bn"]]' model named "$y" "$bn" "$an"
text named
elman | model by_hand "$y" "$an" "$bn"
text by_hand
expect_same by_hand.txt named.txt
expect_exit 1 verify --model by_hand.json "${quick[@]}"
expect_json out stages.0.verdict skipped
expect_json out same null
# The sequence open, wrong names are found by running the text in one call only where the graph itself cannot tell.
elman | sed 's/^Tanh t -> bn/Identity a -> bn/; s/^MatMul bn O/MatMul an O/' | model delay "$y" "$an" "$bn"
expect_exit 1 evaluate --model delay.json "${write[@]}"
expect_stderr '"states": [["b", '
expect_exit 1 verify --model delay.json "${quick[@]}"
expect_stderr '"states": [["b", '

# A line of delays, whose states are handed on as they are: the first two cannot come out where they went in.
delays()
{
    cat << 'END'
opset 14
const E float 5 4
const R float 4 4
const U float 4 4
const O float 4 5
const ten float = 6
input x int64 1 1
input a float 1 1 4
input b float 1 1 4
input c float 1 1 4
Gather E x -> e0
Mul e0 ten -> e
MatMul a R -> ra
MatMul c U -> cu
Add ra cu -> rc
Add e rc -> s
Tanh s -> an
Identity a -> bn
Identity b -> cn
MatMul an O -> y0
Mul y0 ten -> y
END
}
delays | states='[["a", "an"], ["b", "bn"], ["c", "cn"]]' model line "$y" "$an" "$bn" "output cn float 1 1 4"
expect_exit 0 verify --model line.json --stages "gcc -O2" --characters 100 --length 20 --seeds 1 --quiet --json
expect_json out stages.0.verdict "same bits"

# What the flow cannot know is tried, and what the descriptor insists on: a state that is read from the sequence's end,
# named wrongly.
scan()
{
    cat << 'END'
opset 14
const E float 5 4
const O float 4 5
const W float 1 4 4
const V float 1 4 4
const one int64 1 = 1
const ten float = 6
input x int64 sequence 1
input h float 1 1 4
input g float 1 1 4
Gather E x -> e0
Mul e0 ten -> e
RNN e W V - - h -> Y hn0 hidden_size=4
Neg hn0 -> hn1
Neg hn1 -> hn
RNN e V W - - g -> Z gn0 hidden_size=4
Neg gn0 -> gn1
Neg gn1 -> gn
Add Y Z -> S
Squeeze S one -> f
MatMul f O -> y0
Mul y0 ten -> y
END
}
y="output y float sequence 1 5" gn="output gn float 1 1 4"
scan | model unknown "$y" "$hn" "$gn"
expect_exit 1 evaluate --model unknown.json "${write[@]}"
expect_stderr '"states": [["h", "hn"], ["g", "gn"]]'
scan | states='[["h", "hn"], ["g", "gn"]]' model right "$y" "$hn" "$gn"
expect_exit 0 verify --model right.json "${quick[@]}"
expect_json out stages.0.verdict same
scan | states='[["h", "gn", "replace"], ["g", "hn"]]' model wrong "$y" "$hn" "$gn"
expect_exit 1 verify --model wrong.json "${quick[@]}"
expect_json out stages.0.verdict DIFFERS

finish
