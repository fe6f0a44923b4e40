#!/bin/bash
# Models of others have a token that begins a text and another that ends it, which stand for no text. A descriptor could
# not say so: the text began with token 0, and the token that was drawn at an item's end went in where the next one began.
# Guards: the begin symbol goes in first, and in the end symbol's place; the end symbol reads and writes as a newline; tokens
# that stand for no text may stand anywhere in the vocabulary, and pieces behind them; no form of the model draws them, with
# or without a filter and a lexicon.
# Uses: expect.sh. Arguments: the tool, json_get, graph_file.
# shellcheck source-path=SCRIPTDIR
graph_file=$(realpath "$3")
source "$(dirname "$0")/../../cli/expect.sh"

write=(--length 40 --seed 1 --temperature 0.5 --quiet)
quick=(--characters 60 --length 20 --seeds 1 --quiet --json)

# describe NAME FIELDS: the model of the lines on stdin, with these fields.
describe()
{
    "$graph_file" "$1.onnx" || fail "graph_file: $1"
    echo "{\"filename\": \"$1.onnx\", $2}" > "$1.json"
}

# text NAME: what it writes, and what generate draws.
text()
{
    expect_exit 0 evaluate --model "$1.json" "${write[@]}"
    cp out "$1.txt"
    expect_exit 0 generate --model "$1.json" --count 20 --max-length 12 --seed 3 --quiet
    cp out "$1.items"
}

# silent FILE...: none has a code point that stands for no text.
silent()
{
    LC_ALL=C grep -l $'\xef\xb7[\x90-\xaf]' "$@" && fail "a token without text is written"
}

# same NAME REFERENCE: one text, one list of items, and all stages of verify agree.
same()
{
    text "$1"
    expect_same "$1.txt" "$2.txt"
    expect_same "$1.items" "$2.items"
    expect_exit 0 verify --model "$1.json" --stages "one,ONNX,$compiler -O2" "${quick[@]}"
}

# gru SEQUENCE [LINE]: a line between the tokens and the embedding may exchange them.
gru()
{
    cat << END
opset 14
const E float 5 4
const W float 1 12 4
const V float 1 12 4
const O float 4 5
input x int64 $1 1
input h float 1 1 4
${2:-Identity x -> t}
Gather E t -> e
GRU e W V - - h -> Y hn hidden_size=4 linear_before_reset=1
const shape int64 3 = ${3:--1} 1 4
Reshape Y shape -> F
MatMul F O -> y
output y float $1 1 5
output hn float 1 1 4
END
}
ends='"vocabulary": ["<s>", "</s>", "a", "b", "c"], "begin": "<s>", "end": "</s>"'
# The same by hand: the graph takes token 0 for token 1, which is a newline, and token 0 is a code point that is no character.
by_hand="const T int64 5 = 0 0 2 3 4
Gather T x -> t"
gru sequence "$by_hand" | describe by_hand '"vocabulary": "\ufdd0\nabc", "reset": "\n"'
text by_hand
gru sequence "$by_hand" | describe star '"vocabulary": "*\nabc", "reset": "\n"'
text star
expect grep -q '\*' star.txt # the model likes that token
expect grep -q '\*' star.items
silent by_hand.txt by_hand.items
gru sequence | describe open "$ends"
same open by_hand
printf 'ab\nca\n' > some.txt
for name in by_hand open; do
    expect_exit 0 evaluate --model "$name.json" --text some.txt --quiet
    cp out "$name.bits"
done
expect_same open.bits by_hand.bits
gru 8 "" 8 | describe window "$ends"
same window by_hand
gru sequence | sed 's/^input x int64 sequence 1/input x float sequence 1 5/; s/^Gather E t/MatMul t E/' | describe one_hot "$ends"
same one_hot by_hand
gru sequence | sed 's/^input x int64/input x int32/' | describe narrow "$ends"
same narrow by_hand
for name in by_hand open; do
    expect_exit 0 evaluate --model "$name.json" "${write[@]}" --quantize int8
    cp out "$name.int8"
    expect_exit 0 generate --model "$name.json" --count 20 --max-length 12 --seed 3 --quiet --quantize int8
    cp out "$name.int8.items"
    silent "$name.int8" "$name.int8.items"
done
expect_same open.int8 by_hand.int8
# Symbols in place of strings, and a newline that is called the end.
gru sequence | describe symbols '"vocabulary": "*\nabc", "begin": "*", "end": "\n"'
text symbols
expect_same symbols.txt star.txt
expect_same symbols.items star.items
gru sequence | describe dollar '"vocabulary": "*$abc", "begin": "*", "end": "$"'
text dollar
expect_same dollar.txt star.txt

# A window without a state: the begin symbol stands before the text.
keras()
{
    cat << 'END'
opset 14
const E float 5 4
const W float 1 12 4
const V float 1 12 4
const O float 4 5
input x int64 1 6
Gather E x -> e0
Transpose e0 -> e perm=[1,0,2]
GRU e W V -> Y hn hidden_size=4 linear_before_reset=1
const axes int64 1 = 0
Squeeze hn axes -> F
MatMul F O -> y
output y float 1 5
END
}
keras | describe keras '"vocabulary": ["a", "<s>", "</s>", "b", "c"], "begin": "<s>", "end": "</s>"'
expect_exit 0 verify --model keras.json --stages "one,$compiler -O2" "${quick[@]}"
expect_json out stages.0.verdict same

# A begin symbol alone begins the text, and nothing else.
gru sequence | describe only_begin '"vocabulary": ["<s>", "\n", "a", "b", "c"], "begin": "<s>"'
gru sequence | describe first '"vocabulary": "\ufdd0#abc"'
expect_exit 0 evaluate --model first.json "${write[@]}"
tr '#' '\n' < out > first.txt
text only_begin
expect_same only_begin.txt first.txt
expect_exit 0 verify --model only_begin.json --stages "one,ONNX,$compiler -O2" "${quick[@]}"

# Other tokens that stand for no text, anywhere; and pieces behind the symbols.
gru sequence | describe special '"vocabulary": ["a", "<pad>", "</s>", "b", "ab"], "end": "</s>", "special": ["<pad>"]'
text special
expect grep -q b special.txt
silent special.txt special.items
expect_exit 0 verify --model special.json --stages "one,ONNX,$compiler -O2" "${quick[@]}"
expect_exit 0 verify --model special.json --quantize int8 --stages "$compiler -O2" "${quick[@]}"
gru sequence | describe drawn '"vocabulary": "a*\nb#", "reset": "\n"'
text drawn
expect grep -q '\*' drawn.txt
gru sequence | describe several '"vocabulary": ["a", "<pad>", "</s>", "b", "<cls>"], "end": "</s>", "special": ["<pad>", "<cls>"]'
text several
silent several.txt several.items

# A single symbol stands for no text where "special" says so. What it names must be there.
gru sequence | describe single '"vocabulary": ["a", "*", "</s>", "b", "#"], "end": "</s>", "special": ["*", "#"]'
text single
silent single.txt single.items
expect test "$(grep -c '[*#]' single.txt)" == 0

# With a filter that blocks a word, and with a lexicon, in the text, in many items, and in C.
printf 'bb\n' > listed.txt
printf 'aa\nab\nba\n' > words.txt
expect_exit 0 filter --words listed.txt --output listed.qlf
expect_exit 0 lexicon --words words.txt --output words.qlx
for guard in "--filter listed.qlf" "--lexicon words.qlx" "--filter listed.qlf --lexicon words.qlx"; do
    # shellcheck disable=SC2086
    expect_exit 0 evaluate --model several.json "${write[@]}" $guard
    cp out guarded.txt
    # shellcheck disable=SC2086
    expect_exit 0 compile --model several.json --name m --output m.c $guard
    cat > main.c << 'END'
#include <stdio.h>
#include "m.h"
int main(void)
{
    static struct m_state state;
    int token = M_BEGIN;
    m_init(&state, 1);
    m_set(&state, 0.5f, -1.0f, -1);
    for (int k = 0; k < 40; k++) {
        token = m_next(&state, token);
        fputs(m_symbol(token), stdout);
    }
    return 0;
}
END
    cc -std=c11 -Wall -Wextra -Werror -o main main.c m.c -lm 2> err || fail "$guard: the C does not compile"
    ./main > c.txt
    silent guarded.txt c.txt
    [[ $(head -c 30 guarded.txt) == "$(head -c 30 c.txt)" ]] || fail "$guard: the C writes something else"
done

# What cannot be said.
refuse()
{
    gru sequence | describe refused "$1"
    expect_exit 1 evaluate --model refused.json "${write[@]}"
    expect_stderr "$2"
}
refuse '"vocabulary": ["<s>", "</s>", "a", "b", "c"], "begin": "<s>"' "'special'"
refuse '"vocabulary": ["<s>", "</s>", "\n", "b", "c"], "begin": "<s>", "end": "</s>"' "Leave 'end' out"
refuse '"vocabulary": "\nabcd", "begin": "*"' "'begin'"
refuse '"vocabulary": ["<a>", "<b>", "<c>", "<d>", "<e>"], "special": ["<a>", "<b>", "<c>", "<d>", "<e>"]' "never drawn"
refuse '"vocabulary": ["a", "<pad>", "</s>", "b", "c"], "end": "</s>", "special": ["<pad>", "<pda>"]' "'special' must be"
refuse '"vocabulary": ["a", "b", "\n", "c", "d"], "special": "a"' "'special' must be"
refuse '"vocabulary": "ab\ncd", "special": ["a"]' "'special' must be"
refuse '"vocabulary": "\nabcd", "end": 7' "'end'"

finish
