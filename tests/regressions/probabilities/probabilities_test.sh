#!/bin/bash
# A model that ends in Softmax gives probabilities. They were taken for logits and tempered a second time: a symbol of
# probability 0.97 was drawn in 0.47 of all cases, and verify said that all was well. Guards: Softmax and LogSoftmax, also
# behind a Reshape, write what the logits write, and all commands say so; a softmax by hand, a Sigmoid, and a softmax over
# another axis are refused; a temperature of the graph's own is told.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

write=(--length 3000 --temperature 1 --top_p 1 --seed 1)
quick=(--stages "one,ONNX,$compiler -O2" --characters 100 --length 20 --seeds 1 --quiet)

# head NAME LINE...: whatever the token, the logits of `a` are 4.574711 more than the others, a share of 0.97.
head()
{
    local name=$1
    shift
    {
        cat << 'END'
opset 14
const E float 4 4 = 0 4.574711 0 0 0 4.574711 0 0 0 4.574711 0 0 0 4.574711 0 0
const shape int64 2 = 1 4
const three int64 3 = 1 1 4
const seven float = 0.7
const last int64 1 = 2
input x int64 1 1
input s float 1 1 1
Gather E x -> l
END
        printf '%s\n' "$@" "Identity s -> sn" "output y float 1 1 4" "output sn float 1 1 1"
    } | "$graph_file" "$name.onnx" || fail "graph_file: $name"
    echo "{\"filename\": \"$name.onnx\", \"vocabulary\": \"\\nabc\"}" > "$name.json"
}

head logits "Identity l -> y"
expect_exit 0 evaluate --model logits.json "${write[@]}"
expect test ! -s err
cp out logits.txt
shares=$(tr -dc a < out | wc -c)
expect test "$shares" -gt 2850

head softmax "Softmax l -> y axis=-1"
head log_softmax "LogSoftmax l -> y"
head reshaped "Reshape l shape -> m" "Softmax m -> q axis=1" "Reshape q three -> y"
head behind_identity "Softmax l -> q" "Identity q -> y"
for name in softmax log_softmax reshaped behind_identity; do
    expect_exit 0 evaluate --model $name.json "${write[@]}"
    expect_same out logits.txt
    expect_stderr "consists of probabilities"
    expect_exit 0 compile --model $name.json --output $name.c
    expect_stderr "consists of probabilities"
    expect_exit 0 verify --model $name.json "${quick[@]}"
    expect_stderr "consists of probabilities"
done

refuses()
{
    expect_exit 1 evaluate --model "$1.json" "${write[@]}"
    expect_stderr "$2"
    expect_exit 1 compile --model "$1.json" --output refused.c
    expect_stderr "$2"
    expect_exit 1 verify --model "$1.json" "${quick[@]}"
    expect_stderr "$2"
    expect test ! -e refused.c
}

head sigmoid "Sigmoid l -> y"
refuses sigmoid "a separate probability"
head another_axis "Softmax l -> y axis=1"
refuses another_axis "not over the vocabulary"
head by_hand "Exp l -> k" "ReduceSum k last -> t keepdims=1" "Div k t -> y"
refuses by_hand "add up to 1"
head sigmoid_by_hand "Tanh l -> k" "const half float = 0.4" "Mul k half -> i" "Add i half -> j" "Add j E0 -> y" \
    "const E0 float = 0.1"
refuses sigmoid_by_hand "between 0 and 1"
# Joined to a sum of products, which tells nothing about the part before it.
part=("const U float 4 3 = 0.2 0.1 0.3 0.1 0.1 0.1 0.1 0.2 0.2 0.2 0.1 0.2" "MatMul l U -> i")
joined=("const V float 4 1 = 0.1 0.1 0.1 0.1" "MatMul l V -> m" "Concat j m -> y axis=2")
head joined_sigmoid "${part[@]}" "Sigmoid i -> j" "${joined[@]}"
refuses joined_sigmoid "between 0 and 1"
head joined_products "${part[@]}" "Identity i -> j" "${joined[@]}"
expect_exit 0 evaluate --model joined_products.json "${write[@]}"

head tempered "Div l seven -> m" "Softmax m -> y"
expect_exit 0 evaluate --model tempered.json "${write[@]}"
expect_stderr "0.7"
head tempered_logits "Div l seven -> y"
expect_exit 0 evaluate --model tempered_logits.json "${write[@]}"
expect_stderr "0.7"

finish
