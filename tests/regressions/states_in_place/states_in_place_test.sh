#!/bin/bash
# A new state was written over the old one before all of the old one was read: where the model reads a part of every row,
# where a layer has the state as its input, and, in generated C only, where a token of the text before chooses the row of an
# embedding. The text was that of another model, and only verify told. So it was where an input is itself an output, as
# in a delay: it came out as what another output had written over it.
# Guards: such a model writes what it writes with a second output for each state, which keeps the state out of its place,
# and with an Identity in place of an input that is an output; generated C has the bits of the engine.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

write=(--length 100 --seed 1 --temperature 0.5 --quiet)
quick=(--stages "gcc -O2" --characters 100 --length 20 --seeds 1 --quiet --json)

constants()
{
    cat << 'END'
opset 13
const E float 5 4
const W float 1 16 4
const R float 1 16 4
const O float 4 5
const ten float = 6
const zero int64 1 = 0
const one int64 1 = 1
const two int64 1 = 2
const three int64 1 = 3
const row int64 2 = 1 4
const cell int64 3 = 1 1 4
const flat int64 3 = 1 1 5
input x int64 1
END
}

# check NAME STATES: the model of the lines on stdin, which compute the features `f`, writes the same text with a second
# output for each state, such as "hn_too" for "hn".
check()
{
    local name=$1 states=$2 kind
    local head=("MatMul f O -> g" "Mul g ten -> l" "Reshape l flat -> y" "output y float 1 1 5")
    { constants && cat && printf '%s\n' "${head[@]}"; } > lines
    { cat lines && sed -n 's/^output \([a-zS]*n\) \(.*\)/Identity \1 -> \1_too\noutput \1_too \2/p' lines; } > lines_apart
    for kind in "" _apart; do
        "$graph_file" "$name$kind.onnx" < lines$kind || fail "graph_file: $name$kind"
        echo "{\"filename\": \"$name$kind.onnx\", \"vocabulary\": \"\\nabcd\", \"tokens\": \"x\", \"logits\": \"y\",
            \"states\": $states}" > "$name$kind.json"
        expect_exit 0 evaluate --model "$name$kind.json" "${write[@]}"
        cp out "$name$kind.txt"
    done
    expect_same "$name.txt" "${name}_apart.txt"
    expect_exit 0 verify --model "$name.json" "${quick[@]}"
    expect_json out stages.0.verdict "same bits"
}

check columns '[["S", "Sn"]]' << 'END'
input S float 2 4
Gather E x -> B
Slice S one three one -> z
Reshape z row -> r
Add r B -> s
Tanh s -> f
Concat f B -> Sn axis=0
output Sn float 2 4
END

check layer_of_a_state '[["S", "Sn"]]' << 'END'
input S float 1 1 4
Gather E x -> e
Reshape e cell -> h
LSTM S W R - - h h -> Y Sn - hidden_size=4
Reshape Sn row -> f
output Sn float 1 1 4
END

check token_before '[["p", "pn"], ["h", "hn"], ["c", "cn"]]' << 'END'
input p int64 1
input h float 1 1 4
input c float 1 1 4
Gather E p -> e0
Reshape e0 cell -> e
Add x zero -> pn
LSTM e W R - - h c -> Y hn cn hidden_size=4
Reshape hn row -> f0
Gather E x -> e1
Add f0 e1 -> f
output pn int64 1
output hn float 1 1 4
output cn float 1 1 4
END

# delayed NAME STATES: the model of the lines on stdin, of which the inputs p and q are outputs, too, writes the same text
# with copies of them as outputs, under other names.
delayed()
{
    local name=$1 states=$2
    { constants && cat && printf '%s\n' "MatMul f O -> g" "Mul g ten -> l" "Reshape l flat -> y"; } > lines
    printf 'output y float 1 1 5\n' >> lines
    sed 's/^output \([pq]\) \(.*\)/Identity \1 -> \1_too\noutput \1_too \2/' lines > lines_apart
    "$graph_file" "$name.onnx" < lines || fail "graph_file: $name"
    "$graph_file" "${name}_apart.onnx" < lines_apart || fail "graph_file: ${name}_apart"
    echo "{\"filename\": \"$name.onnx\", \"vocabulary\": \"\\nabcd\", \"tokens\": \"x\", \"logits\": \"y\",
        \"states\": $states}" > "$name.json"
    sed "s/$name/${name}_apart/; s/, \"\([pq]\)\"\]/, \"\1_too\"]/g" "$name.json" > "${name}_apart.json"
    expect_exit 0 evaluate --model "$name.json" "${write[@]}"
    cp out "$name.txt"
    expect_exit 0 evaluate --model "${name}_apart.json" "${write[@]}"
    expect_same "$name.txt" out
    expect_exit 0 verify --model "$name.json" "${quick[@]}"
    expect_json out stages.0.verdict "same bits"
}

# A delay of three tokens.
delayed delay '[["p", "h"], ["q", "p"], ["r", "q"]]' << 'END'
input p float 1 4
input q float 1 4
input r float 1 4
Gather E x -> e
Sub e q -> a
Add a p -> b
Sub b r -> s
Tanh s -> h
Identity h -> f
output h float 1 4
output p float 1 4
output q float 1 4
END

# Without states: outputs may lie where inputs lie, in any order.
printf '%s\n' "opset 13" "input a float 2" "input b float 2" "Neg a -> c" "output c float 2" "output b float 2" \
    "output a float 2" | "$graph_file" turned.onnx || fail "graph_file: turned"
expect_exit 0 compile turned.onnx --no-sampler --output turned.c
cat > main.c << 'END'
#include "turned.h"
int main(void)
{
    float a[] = {1, 2}, b[] = {3, 4}, c[2];
    return turned_run(a, b, c, a, b) && c[0] == -1 && a[0] == 3 && a[1] == 4 && b[0] == 1 && b[1] == 2 ? 0 : 1;
}
END
expect cc -std=c11 -Wall -Wextra -Werror -o main main.c turned.c
expect ./main

finish
