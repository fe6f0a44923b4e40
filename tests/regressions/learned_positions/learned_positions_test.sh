#!/bin/bash
# A model with learned positions that do not start again ended a text with "an index in its input is out of range", which does
# not say what to do.
# Guards: the message says the index and the size of its table, how many tokens such a model reads, and what helps; texts
# that the table holds are written.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

# model NAME SYMBOLS POSITIONS [LINE]: what "place" is made of by the line.
model()
{
    "$graph_file" "$1.onnx" << END || fail "graph_file: $1"
opset 14
const E float $2 4
const P float $3 4
const O float 4 5
const four float = 4
const step int64 1 = 1
const size int64 1 = $3
input x int64 1
input position int64 1
${4:-Identity position -> place}
Gather E x -> e
Gather P place -> p
Add e p -> s
MatMul s O -> y0
Mul y0 four -> y
Add position step -> next
output y float 1 5
output next int64 1
END
    echo "{\"filename\": \"$1.onnx\", \"vocabulary\": \"\\nabcd\", \"tokens\": \"x\"}" > "$1.json"
}

model learned 5 20
expect_exit 0 evaluate --model learned.json --length 20 --seed 1
expect_exit 1 evaluate --model learned.json --length 21 --seed 1
expect_stderr "'Gather_2' (Gather): the index 20 is out of range, for its table has 20 entries"
expect_stderr "cannot read more than 20 tokens"
expect_exit 1 compile --model learned.json --output learned.c
expect_stderr "the position modulo 20"
model wrapped 5 20 "Mod position size -> place"
expect_exit 0 evaluate --model wrapped.json --length 100 --seed 1
expect_exit 0 compile --model wrapped.json --output wrapped.c
# The trial takes tokens 0, 2, 1 ... of five.
model few_tokens 2 20
expect_exit 1 evaluate --model few_tokens.json --length 5 --seed 1
expect_stderr "is out of range, for its table has 2 entries"

finish
