#!/bin/bash
# A model of a fixed window, some of whose tokens see later ones, was read if this did not show at the window's second
# token or at its middle. Guards: wherever one token sees a later one, the model is refused, with the token; in a window
# too large to try each place at once, verify tries each.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# window SIZE TOKEN VISIBLE [STATE]: a model in which the logits behind each token are a sum over all tokens up to it;
# token TOKEN also counts for the earlier ones from VISIBLE on. With STATE, the early logits of a text do not show it.
window()
{
    local size=$1
    cat << END
opset 14
const E float 5 4
const O float 4 5
const ten float = 6
const start float = 0
const end float = $size
const step float = 1
const token float = $2
const earlier float = $(($2 - $3))
const last int64 1 = 1
Range start end step -> j
Equal j token -> at
Cast at -> at_float to=1
Mul at_float earlier -> shift
Sub j shift -> visible
Unsqueeze j last -> i
GreaterOrEqual i visible -> sees
Cast sees -> M to=1
input x int64 1 $size
Gather E x -> e
${4:+$(stateful "$size")}
MatMul M ${4:-e} -> f
MatMul f O -> y0
Mul y0 ten -> y
output y float 1 $size 5
END
}

# A state of the sum of all embeddings so far; what is seen too early counts only where it is not zero.
stateful()
{
    cat << END
input h float 1 1 4
const axes int64 1 = 1
ReduceSum e axes -> s keepdims=1
Add h s -> hn
output hn float 1 1 4
Mul e h -> eh
END
}

# model NAME
model()
{
    "$graph_file" "$1.onnx" || fail "graph_file: $1"
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabcd\"}" > "$1.json"
}

window 7 0 0 | model causal
expect_exit 0 evaluate --model causal.json --length 20 --seed 1
for token in 1 2 3 4 5 6; do
    for ((visible = 0; visible < token; visible++)); do
        window 7 "$token" "$visible" | model early
        expect_exit 1 evaluate --model early.json --length 20 --seed 1
        expect_stderr "the logits after token $((visible + 1)) of the window change with later tokens"
    done
done
expect_exit 1 compile --model early.json --output early.c
expect_exit 1 verify --model early.json
window 2 1 0 | model pair
expect_exit 1 evaluate --model pair.json --length 20 --seed 1

# With a state that is carried from window to window, the first window may show nothing.
window 7 0 0 eh | model carried
expect_exit 0 evaluate --model carried.json --length 20 --seed 1
expect_stderr "cannot be opened"
window 7 5 4 eh | model carried_early
expect_exit 1 evaluate --model carried_early.json --length 20 --seed 1
expect_stderr "after token 5 of the window"

# A long window.
quick=(--stages one --characters 700 --length 20 --seeds 1 --quiet --json)
window 512 0 0 | model long
expect_exit 0 verify --model long.json "${quick[@]}"
expect_json out stages.0.verdict same
for token in 2 301 511; do
    window 512 "$token" $((token - 1)) | model long_early
    expect_exit 1 verify --model long_early.json "${quick[@]}"
    grep -qE "the logits after token $token|from character $((token)) on: a token sees" out err || fail "not found: $token"
done

finish
