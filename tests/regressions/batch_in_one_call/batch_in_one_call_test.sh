#!/bin/bash
# Where the batch of the tokens was open and their sequence was 1, verify laid the text along the batch and then blamed
# the states of a right model. Guards: an axis that is the batch, by its name or because a state has it, too, is never
# taken for the sequence; the text in one call is tried along the sequence, or not at all.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

quick=(--stages one --characters 60 --length 20 --seeds 1 --quiet --json)

# gru NAME SEQUENCE BATCH FIRST [STATE]: a GRU that takes (SEQUENCE, BATCH) tokens or, with FIRST batch, the other way; its
# state has the same batch, or STATE.
gru()
{
    local batch=$3 tokens="$2 $3" logits="$2 $3"
    [[ $4 == batch ]] && tokens="$3 $2" logits=$tokens
    {
        cat << END
opset 14
const E float 5 4
const W float 1 12 4
const V float 1 12 4
const O float 4 5
const ten float = 6
const one int64 1 = 1
input x int64 $tokens
input h float 1 ${5-$batch} 4
Gather E x -> e0
Mul e0 ten -> ${4/sequence/e}
END
        [[ $4 == batch ]] && echo "Transpose batch -> e perm=[1,0,2]"
        echo "GRU e W V - - h -> Y hn hidden_size=4 linear_before_reset=1"
        echo "Squeeze Y one -> F0"
        if [[ $4 == batch ]]; then echo "Transpose F0 -> F perm=[1,0,2]"; else echo "Identity F0 -> F"; fi
        cat << END
MatMul F O -> y0
Mul y0 ten -> y
output hn float 1 ${5-$batch} 4
output y float $logits 5
END
    } | "$graph_file" "$1.onnx" || fail "graph_file: $1"
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabcd\"}" > "$1.json"
}

# verdict NAME VERDICT: of the text in one call; and the model writes what the first one did.
verdict()
{
    expect_exit "$([[ $2 == skipped ]] && echo 1 || echo 0)" verify --model "$1.json" "${quick[@]}"
    expect_json out stages.0.verdict "$2"
    expect_exit 0 evaluate --model "$1.json" --length 40 --seed 1 --temperature 0.5 --quiet
    [[ -f text ]] || cp out text
    expect_same out text
}

gru plain sequence 1 sequence
verdict plain same
for first in batch sequence; do
    gru named 1 batch $first
    verdict named skipped
    expect_exit 1 verify --model named.json --stages one --characters 60 --length 20 --seeds 1
    grep -q "the sequence of the input 'x' is fixed" out || fail "no reason"
    # Only the state says that N is the batch; or only that the tokens alone cannot be several.
    gru shared 1 N $first
    verdict shared skipped
    gru both T N $first
    verdict both same
    gru alone 1 N $first 1
    verdict alone skipped
    gru window 6 N $first
    verdict window same
done

finish
