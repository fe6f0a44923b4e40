#!/bin/bash
# Models that take a fixed number of tokens at a time were refused: PyTorch fixes the sequence unless it is told otherwise,
# and the classic Keras text generator takes a window of one-hot symbols and has no state.
# Guards: a sequence that can be opened writes the text of the open model; one that cannot is read in windows with the
# states carried; a window without a state moves with the text; verify compares with whole windows of the file; what
# cannot be written token by token is refused with advice.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

write=(--length 40 --seed 1 --temperature 0.5 --quiet)
quick=(--characters 60 --length 20 --seeds 1 --quiet --json)

# model NAME [FIELDS]: a model of the lines on stdin, with a descriptor of its vocabulary and these fields.
model()
{
    "$graph_file" "$1.onnx" || fail "graph_file: $1"
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabcd\"${2:+, $2}}" > "$1.json"
}

# text NAME [OPTION ...]: what the model writes.
text()
{
    expect_exit 0 evaluate --model "$1.json" "${write[@]}" "${@:2}"
    cp out "$1.txt"
}

# same NAME REFERENCE NOTE: both write one text, one of them with a note, and verify has compared whole windows.
same()
{
    expect_exit 0 evaluate --model "$1.json" "${write[@]:0:6}"
    expect_stderr "$3"
    text "$1"
    expect_same "$1.txt" "$2.txt"
    expect_exit 0 verify --model "$1.json" --stages "one,$compiler -O2" "${quick[@]}"
    expect_json out stages.0.verdict same
    expect_json out stages.1.verdict "same bits"
}

# gru SEQUENCE [LINE ...]: a GRU with a state; the lines come before the last one. An F is made of the layer's features.
gru()
{
    cat << END
opset ${opset:-14}
const E float 5 4
const W float 1 12 4
const V float 1 12 4
const O float 4 5
const ten float = 6
input x int64 $1 1
input h float 1 1 4
Gather E x -> e0
Mul e0 ten -> e
GRU e W V - - h -> Y hn hidden_size=4 linear_before_reset=1
$2
MatMul F O -> y0
Mul y0 ten -> y
output hn float 1 1 4
output y float $1 1 5
END
}
squeeze="const shape int64 3 = -1 1 4
Reshape Y shape -> F"
fixed="const shape int64 3 = 8 1 4
Reshape Y shape -> F"

# A sequence that shapes do not hold fast is opened.
gru sequence "$squeeze" | model open
text open
gru 8 "$squeeze" | model opened
same opened open "takes 8 tokens at a time; its sequence is opened"
gru sequence "$squeeze" | model open_items '"reset": "\n"'
gru 8 "$squeeze" | model opened_items '"reset": "\n"'
text open_items
text opened_items
expect_same opened_items.txt open_items.txt
# One that a shape holds fast is read in windows, and means the same.
gru 8 "$fixed" | model carried
same carried open "cannot be opened"
opset=7 gru 8 "$fixed" | model carried_old
same carried_old open "cannot be opened"
gru 8 "$fixed" | model carried_items '"reset": "\n"'
text carried_items
expect_same carried_items.txt open_items.txt
echo "abcdabcdab dcba" | tr -d ' ' > some.txt
expect_exit 0 evaluate --model open.json --text some.txt --quiet
cp out open.bits
expect_exit 0 evaluate --model carried.json --text some.txt --quiet
expect_same out open.bits
# What generate draws, from many beginnings at once.
for name in open_items carried_items; do
    expect_exit 0 generate --model "$name.json" --count 20 --max-length 12 --seed 3 --quiet
    cp out "$name.items"
done
expect_same carried_items.items open_items.items
# ONNX Runtime takes the changed graph.
run verify --model carried.json --stages ONNX "${quick[@]}"
grep -q '"same": \(true\|null\)' out || fail "ONNX Runtime differs"
# A window of tokens that goes beside places in it cannot be opened: single tokens would all stand at its front.
gru 8 "const s int64 3 = -1 1 4
const P float 8 1 4
Reshape Y s -> Y0
Add Y0 P -> F" | model placed
expect_exit 0 evaluate --model placed.json "${write[@]:0:6}"
expect_stderr "cannot be opened"
expect_exit 0 verify --model placed.json --stages "one,$compiler -O2" "${quick[@]}"
expect_json out stages.0.verdict same
expect_json out stages.1.verdict "same bits"
# A state that is the window's mean: the first window alone does not show it.
gru 8 "$squeeze
ReduceMean Y -> h3 axes=[0] keepdims=0" | sed 's/^output hn/output h3/' | model middle '"states": [["h", "h3"]]'
expect_exit 0 evaluate --model middle.json "${write[@]:0:6}"
expect_stderr "cannot be opened"
expect_exit 0 verify --model middle.json --stages one "${quick[@]}"
expect_json out stages.0.verdict same
# One-hot tokens, int32 tokens.
gru 8 "$fixed" | sed 's/^input x int64 8 1/input x int32 8 1/' | model carried_narrow
same carried_narrow open "cannot be opened"
one_hot() { sed 's/^input x int64 8 1/input x float 8 1 5/; s/^Gather E x -> e0/MatMul x E -> e0/'; }
gru 8 "$fixed" | one_hot | model carried_one_hot
same carried_one_hot open "cannot be opened"
gru 8 "$squeeze" | one_hot | model opened_one_hot
same opened_one_hot open "is opened"

# Probabilities are turned back in a window, too.
gru 8 "$fixed" | sed 's/-> y$/-> z\nSoftmax z -> y axis=2/' | model carried_softmax
same carried_softmax open "are taken instead"

# No state: logits behind each token, and behind the last one only. Both see the last six tokens.
keras()
{
    cat << END
opset 14
const E float 5 4
const W float 1 16 4
const V float 1 16 4
const O float 4 5
const ten float = 6
input x int64 1 ${1:-6}
Gather E x -> e1
Mul e1 ten -> e0
Transpose e0 -> e perm=[1,0,2]
LSTM e W V -> Y hn cn hidden_size=4
END
}
tail="MatMul F O -> y0
Mul y0 ten -> y"
last="const axes int64 1 = 0
Squeeze hn axes -> F
$tail
output y float 1 5"
each="const axes int64 1 = 1
Squeeze Y axes -> F
$tail
output y float 6 5"
(keras && echo "$last") | model last
expect_exit 0 evaluate --model last.json "${write[@]:0:6}"
expect_stderr "sees the last 6 tokens of the text, with the begin symbol before them"
expect_exit 0 verify --model last.json --stages "one,$compiler -O2" "${quick[@]}"
expect_json out stages.0.verdict same
expect_json out stages.1.verdict "same bits"
text last
(keras && echo "$each") | model each
expect_exit 0 evaluate --model each.json "${write[@]:0:6}"
expect_stderr "no state: it sees the last 6 tokens of the text, and computes"
expect_exit 0 verify --model each.json --stages "one,$compiler -O2" "${quick[@]}"
expect_json out stages.0.verdict same
expect_json out stages.1.verdict "same bits"
text each --prompt abcdabcda
cp each.txt each_prompted.txt
# From the sixth token on, the two are one model.
text last --prompt abcdabcda
expect_same last.txt each_prompted.txt
text last
# The begin symbol stands before the text: here the newline is token 3. The window of the file says so, too.
(keras && echo "$last") | model late_newline
echo '{"filename": "late_newline.onnx", "vocabulary": "abc\nd"}' > late_newline.json
expect_exit 0 verify --model late_newline.json --stages one "${quick[@]}"
expect_json out stages.0.verdict same
# The usual head, and one-hot symbols; a window that the file leaves open.
(keras && echo "$last") | sed 's/^input x int64 1 6/input x float 1 6 5/; s/^Gather E x/MatMul x E/; s/-> y$/-> z\nSoftmax z -> y axis=-1/' |
    model classic
cp last.txt last_without.txt
text classic
expect_same classic.txt last_without.txt
(keras steps && echo "$last") | model open_window '"window": 6'
text open_window
expect_same open_window.txt last_without.txt
(keras steps && echo "$last") | model no_window
expect_exit 1 evaluate --model no_window.json "${write[@]}"
expect_stderr '"window": N'
(keras && echo "$last") | model other_window '"window": 7'
expect_exit 1 evaluate --model other_window.json "${write[@]}"
expect_stderr "'window' is 7"
gru sequence "$squeeze" | model window_and_state '"window": 7'
expect_exit 1 evaluate --model window_and_state.json "${write[@]}"
expect_stderr "'window' is 7"

# What cannot write: a token that sees later ones; a state, and logits behind the last token of a window held fast; integers.
keras | sed 's/^LSTM.*/LSTM e W2 V2 -> Y hn cn hidden_size=4 direction="bidirectional"/; s/^opset.*/&\nconst W2 float 2 16 4\nconst V2 float 2 16 4/' > both
(cat both; echo "const s int64 2 = 6 8
Transpose Y -> T perm=[0,2,1,3]
Reshape T s -> F
const O2 float 8 5
MatMul F O2 -> y
output y float 6 5") | model both_ways
expect_exit 1 evaluate --model both_ways.json "${write[@]}"
expect_stderr "change with later tokens"
# Neither does a symbol that is never drawn hide it: an infinite logit is as near to any as the tolerance is wide.
(cat both; echo "const s int64 2 = 6 8
Transpose Y -> T perm=[0,2,1,3]
Reshape T s -> F
const O2 float 8 5
const never float 5 = 0 0 0 0 -inf
MatMul F O2 -> y0
Add y0 never -> y
output y float 6 5") | model never_drawn
expect_exit 1 evaluate --model never_drawn.json "${write[@]}"
expect_stderr "change with later tokens"
gru 8 "$fixed" | sed 's/^Mul y0 ten -> y/const seven int64 = 7\nGather y0 seven -> y1 axis=0\nMul y1 ten -> y/; s/^output y.*/output y float 1 5/' |
    model state_and_last
expect_exit 1 evaluate --model state_and_last.json "${write[@]}"
expect_stderr "logits only after the last of them"
expect_exit 1 evaluate --model carried.json "${write[@]}" --quantize int8
expect_stderr "window"
# One that was opened has an integer form, if the open model has one.
plain() { sed '/^Mul/d; s/-> e0/-> e/; s/-> y0/-> y/'; }
gru sequence "$squeeze" | plain | model plain_open
gru 8 "$squeeze" | plain | model plain_opened
text plain_open --quantize int8
text plain_opened --quantize int8
expect_same plain_opened.txt plain_open.txt

finish
