#!/bin/bash
# `quillet lexicon`, and what models write with one: no word that an awk script does not find in the training text.
# Uses: expect.sh, awk. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

printf '%s\n' 'The big dog saw a cat.' 'A dog is not a cat!' 'Tom saw the dog: the big one' 'I am not Tom.' > text.txt
expect_exit 0 lexicon --text text.txt --output text.qlx
expect_stdout "12 words"
expect_stdout "capitalized only where"
expect_exit 0 lexicon --text text.txt --min_count 2 --json
expect_json out words 8
expect_json out rare 4
printf '%s\n' dog cat saw > among.txt
expect_exit 0 lexicon --text text.txt --among among.txt --json
expect_json out words 3
expect_exit 0 lexicon --lexicon text.qlx --check "The dog, I am."
expect_stdout "all words"
for text in "The dog" "The dgo"; do
    command="lexicon --check $text > /dev/full"
    "$tool" lexicon --lexicon text.qlx --check "$text" > /dev/full 2> err
    expect test $? -eq 2
    expect_stderr "No space left"
done
run lexicon --lexicon text.qlx --check "The dgo saw tom"
expect test $code -eq 1
expect_stdout "not in the lexicon: 'dgo'"
expect_stdout "not in the lexicon: 'tom'"

# All engines write the same, and only these words.
expect_exit 0 train "${tiny[@]}" --input text.txt --validation text.txt --sequences items --run_name run
model=checkpoints/run/checkpoint.2.safetensors
expect_exit 0 export --init_from $model --export_file text.onnx
check()
{
    expect test "$(tr -c "[:alnum:]\n" " " < "$1" | awk 'NR == FNR { for (i = 1; i <= NF; i++) { word[$i] = word[tolower(substr($i, 1, 1)) substr($i, 2)] = 1 } next }
        { for (i = 1; i <= NF; i++) { if (!($i in word) && !(tolower(substr($i, 1, 1)) substr($i, 2) in word)) { bad++ } } }
        END { print bad + 0 }' <(tr -c "[:alnum:]\n" " " < text.txt) -)" -eq 0
}
expect_exit 0 generate --init_from $model --count 300 --temperature 1.5 --seed 1 --max_length 60 --lexicon text.qlx --quiet
cp out items
check items
expect test "$(wc -l < items)" -gt 100
expect_exit 0 generate --init_from $model --count 300 --temperature 1.5 --seed 1 --max_length 60 --lexicon text.qlx --quiet --threads 3
expect_same out items
expect_exit 0 predict --init_from $model --temperature 1.5 --generate 400 --seed 5 --lexicon text.qlx
cp out predicted
check predicted
expect_exit 0 evaluate --model text.json --temperature 1.5 --length 400 --seed 5 --lexicon text.qlx
expect_same out predicted
# Generated C writes the same, in float and in integers, with the filter and without.
cat > main.c <<'END'
#include <stdio.h>
#include "text.h"
int main(void)
{
    static struct text_state state;
    int token = TEXT_BEGIN;
    text_init(&state, 5);
    text_set(&state, 1.5f, 1.0f, 0);
    for (int k = 0; k < 400 || !text_may_end(&state, token); k++) {
        token = text_next(&state, token);
        fputs(text_symbol(token), stdout);
    }
    putchar('\n');
    return 0;
}
END
echo bird > bird.txt
expect_exit 0 filter --words bird.txt --output bird.qlf
for filter in "" "--filter bird.qlf"; do
    for format in off int8; do
        # shellcheck disable=SC2086
        expect_exit 0 compile --model text.json --output text.c --quantize $format --lexicon text.qlx $filter
        expect cc -std=c11 -O1 -Wall -Wextra -Werror -o program main.c text.c -lm
        ./program > written
        # shellcheck disable=SC2086
        expect_exit 0 evaluate --model text.json --quantize $format --temperature 1.5 --length 400 --seed 5 --lexicon text.qlx $filter
        expect_same out written
        check written
    done
done
expect_exit 0 compare --init_from $model --temperature 1,1.5 --count 3 --seed 5 --lexicon text.qlx
expect_exit 0 study $model --corpus text.txt --items 50 --temperature 1.5 --wordlist "" --sentences 0 --lexicon text.qlx
expect_json study/study.json cells.0.new_words 0

# A list with a letter that the model lacks, an invalid lexicon, and a filter for which the lexicon was not made.
printf '%s\n' zebra dog > words.txt
expect_exit 0 lexicon --words words.txt --output words.qlx
expect_exit 1 predict --init_from $model --lexicon words.qlx
expect_stderr "compile the lexicon again with --text"
expect_exit 1 predict --init_from $model --lexicon text.txt
expect_stderr "is not a lexicon"
echo dog > listed.txt
expect_exit 0 filter --words listed.txt --output listed.qlf
expect_exit 1 predict --init_from $model --lexicon text.qlx --filter listed.qlf
expect_stderr "could not go on after the word 'dog'"
expect_exit 0 lexicon --text text.txt --filter listed.qlf --output text.qlx
expect_stdout "left out: 1 listed by the filter"
expect_exit 0 predict --init_from $model --lexicon text.qlx --filter listed.qlf --temperature 1.5 --generate 400
expect test "$(grep -ci dog out)" -eq 0
# Where no word is left, why: a text without spaces is one long word.
printf 'the cat\n%s\n' "$(printf 'ก%.0s' {1..60})" > long.txt
expect_exit 0 lexicon --text long.txt --json
expect_json out overlong 1
expect_exit 1 lexicon --text long.txt --min-count 3
expect_stderr "left out: 2 rarer than --min-count"
expect_stderr "left out: 1 too long"
expect_stderr "the lexicon has no words"
tail -n 1 long.txt > listed.txt
expect_exit 1 lexicon --words listed.txt
expect_stderr "left out: 1 too long"
expect_exit 2 lexicon
expect_exit 2 lexicon --text text.txt --output text.txt
finish
