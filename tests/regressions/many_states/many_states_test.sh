#!/bin/bash
# A transformer that other tools export has a state of its own for the keys and for the values of each layer. From four
# layers on these were more than 8, and the message said that their list has a wrong form.
# Guards: twelve layers and a position are read, found without their names in whatever order, and verified in C and ONNX Runtime;
# more states than are supported are refused with both numbers.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# graph LAYERS: each multiplies the mean of its last four keys by that of its last four values.
graph()
{
    local l part
    cat << 'END'
opset 14
const E float 5 4
const O float 4 5
const three float = 3
const first int64 1 = 1
const last int64 1 = 5
const axis int64 1 = 1
const step int64 1 = 1
input x int64 1
input p int64 1
Gather E x -> e
Unsqueeze e axis -> x0
END
    for ((l = 0; l < $1; l++)); do
        for part in k v; do
            cat << END
const W_$part$l float 4 4
input $part$l float 1 4 4
MatMul x$l W_$part$l -> entry_$part$l
Concat $part$l entry_$part$l -> all_$part$l axis=1
Slice all_$part$l first last axis -> new_$part$l
ReduceMean new_$part$l -> mean_$part$l axes=[1] keepdims=1
END
        done
        echo "Mul mean_k$l mean_v$l -> product_$l"
        echo "Add x$l product_$l -> sum_$l"
        echo "Tanh sum_$l -> x$((l + 1))"
    done
    cat << END
Squeeze x$1 axis -> last_x
MatMul last_x O -> y0
Mul y0 three -> y
Add p step -> new_p
output y float 1 5
output new_p int64 1
END
    for ((l = $1 - 1; l >= 0; l--)); do
        printf 'output new_%s float 1 4 4\n' v$l k$l
    done
}
# states LAYERS: the field of a descriptor.
states()
{
    local l
    printf '"tokens": "x", "states": [["p", "new_p", "counter"]'
    for ((l = 0; l < $1; l++)); do
        printf ', ["%s", "new_%s", "append"]' k$l k$l v$l v$l
    done
    printf ']'
}
# model NAME LAYERS FIELDS
model()
{
    graph "$2" > "$1.txt"
    "$graph_file" "$1.onnx" < "$1.txt" || fail "graph_file: $1"
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabcd\", $3}" > "$1.json"
}

model twelve 12 "$(states 12)"
expect_exit 0 verify --model twelve.json --stages "ONNX,$compiler -O2" --characters 60 --length 20 --seeds 1 --quiet --json
grep -q '"verdict": "\(same\|skipped\)"' out || fail "ONNX Runtime differs"
expect_json out stages.1.verdict "same bits"
expect_exit 0 evaluate --model twelve.json --length 80 --seed 3 --quiet
cp out twelve.text
model unnamed 12 '"tokens": "x"'
expect_exit 0 evaluate --model unnamed.json --length 80 --seed 3 --quiet
expect_same out twelve.text

model most 15 "$(states 15)"
expect_exit 0 evaluate --model most.json --length 20 --seed 3
model too_many 16 "$(states 16)"
expect_exit 1 evaluate --model too_many.json --length 20 --seed 3
expect_stderr "'states' has 33 pairs; at most 31"
model too_many 16 '"tokens": "x"'
expect_exit 1 evaluate --model too_many.json --length 20 --seed 3
expect_stderr "33 inputs besides the tokens; at most 31"

finish
