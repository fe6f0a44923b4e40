#!/bin/sh
# The output of integer models of every cell and format, compared with the committed trace: it is the same on every
# machine and must not change.
# Uses: diff. Arguments: sources, random_model, engine_text, quillet (not used). `integer_trace_test.sh ... --write`
# writes the trace again, after a change to the formats in docs/quantization.md.
set -eu

root=$1
random_model=$2
engine_text=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$random_model" lstm 40 16 32 2 1 1 lstm
"$random_model" gru 31 9 27 2 1 2 gru
"$random_model" rnn 25 8 30 3 0 3 rnn
"$random_model" transformer 33 24 24 2 1 4 transformer 4 2 35 11
# With a product in place of the first layer's table.
"$random_model" lstm 150 5 40 1 1 5 wide_lstm
"$random_model" gru 130 4 27 2 1 6 wide_gru
for cell in lstm gru rnn transformer wide_lstm wide_gru; do
    for format in int8 int4; do
        echo "$cell $format"
        "$engine_text" "$cell.json" 40 "$format"
    done
done > trace
if [ "${5-}" = --write ]; then
    cp trace "$root/tests/golden/integer_trace.txt"
fi
diff trace "$root/tests/golden/integer_trace.txt"
