#!/bin/bash
# A descriptor that pairs the states of two layers, or keys with values, crosswise was believed where the model takes one
# token per run: it wrote another text than the model, and verify said that all was well. Guards: where the dependencies
# leave only another way to pair these inputs and outputs, the declared one is refused, and the message names the pairs;
# right models whose outputs do not depend on their own inputs are read as before, and "replace" insists on a pair.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

write=(--length 60 --seed 1 --temperature 0.5 --quiet)
quick=(--stages "one,gcc -O2" --characters 40 --length 20 --seeds 1 --quiet)

# model NAME [STATES [LINE ...]]: a model of the lines on stdin and these, with a descriptor of its vocabulary.
model()
{
    { cat; printf '%s\n' "${@:3}"; } | "$graph_file" "$1.onnx" || fail "graph_file: $1"
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabcd\", \"tokens\": \"x\"${2:+, \"states\": $2}}" > "$1.json"
}

# text NAME: what the model writes.
text()
{
    expect_exit 0 evaluate --model "$1.json" "${write[@]}"
    cp out "$1.txt"
}

# accepted NAME
accepted()
{
    text "$1"
    expect_exit 0 verify --model "$1.json" "${quick[@]}"
}

# refused NAME WORDS...: by all commands, with these words.
refused()
{
    local words
    for command in evaluate generate verify; do
        expect_exit 1 "$command" --model "$1.json"
    done
    expect_exit 1 compile --model "$1.json" --output refused.c
    for words in "${@:2}"; do
        expect_stderr "$words"
    done
}

embedding()
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
Gather E x -> e0
Mul e0 ten -> e
END
}
tail=("MatMul out O -> y0" "Mul y0 ten -> y" "output y float 1 1 5")
ab=("input a float 1 1 4" "input b float 1 1 4" "output an float 1 1 4" "output bn float 1 1 4")

# Two plain layers, and two side by side.
layers() { embedding && printf '%s\n' "MatMul a R -> ra" "Add e ra -> s" "Tanh s -> an" "MatMul ${1:-an} P -> p" \
    "MatMul b U -> ub" "Add p ub -> t" "Tanh t -> bn" "Identity bn -> out"; }
lines=("${ab[@]}" "${tail[@]}")
layers | model two_found "" "${lines[@]}"
text two_found
layers | model two '[["a", "an"], ["b", "bn"]]' "${lines[@]}"
accepted two
expect_same two.txt two_found.txt
layers | model two_crosswise '[["a", "bn"], ["b", "an"]]' "${lines[@]}"
refused two_crosswise "takes 'an' back in as 'b', but the graph computes 'an' without 'b'" '["a", "an"], ["b", "bn"]' \
    '["b", "an", "replace"]'
layers e | sed 's/^Identity bn -> out/Add an bn -> out/' | model beside_crosswise '[["b", "an"], ["a", "bn"]]' "${lines[@]}"
refused beside_crosswise "takes 'bn' back in as 'a'" '["a", "an"], ["b", "bn"]'
# Whoever insists is believed.
layers | model two_insisted '[["a", "bn"], ["b", "an", "replace"]]' "${lines[@]}"
accepted two_insisted
cmp -s two_insisted.txt two.txt && fail "a pair that is insisted on does nothing"

# Keys and values of two layers of attention over three tokens.
decoder()
{
    embedding
    printf '%s\n' "const three int64 1 = 3" "const four int64 1 = 4" "const one int64 1 = 1" "Identity e -> e1"
    for layer in 1 2; do
        for part in k v; do
            printf '%s\n' "input $part$layer float 1 3 4" "const W$part$layer float 4 4" \
                "MatMul e$layer W$part$layer -> m$part$layer" "Concat $part$layer m$part$layer -> c$part$layer axis=1" \
                "Slice c$part$layer one four one -> n$part$layer" "output n$part$layer float 1 3 4"
        done
        printf '%s\n' "Transpose nk$layer -> t$layer perm=[0,2,1]" "MatMul e$layer t$layer -> s$layer" \
            "Softmax s$layer -> w$layer axis=-1" "MatMul w$layer nv$layer -> g$layer" "Add e$layer g$layer -> e$((layer + 1))"
    done
    printf '%s\n' "input n int64 1" "Add n one -> nn" "output nn int64 1" "Identity e3 -> out"
}
# cache NAME K1 V1 K2 V2 [KIND]: a descriptor that continues each cache with this output.
cache()
{
    decoder | model "$1" "[[\"n\", \"nn\", \"counter\"], [\"k1\", \"$2\"${6-}], [\"v1\", \"$3\"${6-}],
        [\"k2\", \"$4\"${6-}], [\"v2\", \"$5\"${6-}]]" "${tail[@]}"
}
cache cache nk1 nv1 nk2 nv2
accepted cache
cache kinds nk1 nv1 nk2 nv2 ', "append"'
accepted kinds
expect_same kinds.txt cache.txt
cache keys_as_values nk1 nv1 nv2 nk2
refused keys_as_values "takes 'nv2' back in as 'k2'" 'Write ["k2", "nk2"], ["v2", "nv2"]'
cache across_layers nk2 nv1 nk1 nv2
refused across_layers "takes 'nk1' back in as 'k2'" 'Write ["k1", "nk1"], ["k2", "nk2"]'
cache kinds_crosswise nv1 nk1 nk2 nv2 ', "append"'
refused kinds_crosswise 'Write ["k1", "nk1", "append"], ["v1", "nv1", "append"]'

# Right models in which an output does not depend on its own input. States that change places, one of them as it is:
straight='[["a", "an"], ["b", "bn"]]'
places() { embedding && printf '%s\n' "MatMul a R -> ra" "Add e ra -> s" "Tanh s -> z" "Add z b -> out" "$@"; }
places "Identity b -> an" "Identity z -> bn" | model exchange "$straight" "${lines[@]}"
accepted exchange
places "Neg b -> an" "Identity z -> bn" | model exchange_negated "$straight" "${lines[@]}"
accepted exchange_negated
places "const half float = 0.5" "const none float = 0" "Mul none z -> z0" "Add b z0 -> an" "Mul a half -> a2" "Add a2 z -> bn" |
    model exchange_and_nothing "$straight" "${lines[@]}"
accepted exchange_and_nothing
expect test "$(sort -u exchange.txt | wc -l)" -gt 1
# The last tokens, in states of their own; the last symbols' embeddings, of which the newest depends on no state.
embedding | model tokens '[["a", "an"], ["b", "bn"]]' "input a int64 1 1" "input b int64 1 1" "Identity x -> an" "Identity a -> bn" \
    "Gather E a -> ea" "Gather E b -> eb" "Sub e ea -> f" "Sub f eb -> out" "output an int64 1 1" "output bn int64 1 1" "${tail[@]}"
accepted tokens
embedding | model shifted '[["a", "an"], ["b", "bn"], ["c", "cn"]]' "${ab[@]}" "input c float 1 1 4" "output cn float 1 1 4" \
    "Identity e -> an" "MatMul a R -> ra" "Add ra e -> s" "Tanh s -> bn" "MatMul b U -> ub" "Add ub bn -> t" "Tanh t -> cn" \
    "MatMul c P -> pc" "Add pc cn -> out" "${tail[@]}"
accepted shifted
# A state that never changes beside a layer.
embedding | model constant "$straight" "${ab[@]}" "MatMul a R -> ra" "Add e ra -> s" "Add s b -> t" "Tanh t -> an" "Identity b -> bn" \
    "Identity an -> out" "${tail[@]}"
accepted constant

finish
