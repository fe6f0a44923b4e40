#!/bin/sh
# The command `quillet compile` from the user's side: outputs, options, reports, and messages for wrong usage.
# Uses: gcc. Arguments: sources (not used), random_model, engine_text (not used), quillet.
set -eu

random_model=$2
quillet=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0

fail()
{
    echo "$1"
    status=1
}

# refuse EXIT_CODE WORDS ARGUMENT...: the command fails with that code, says these words, and leaves no file.
refuse()
{
    code=$1
    words=$2
    shift 2
    got=0
    "$quillet" compile "$@" > out 2> err || got=$?
    [ "$got" = "$code" ] || fail "compile $*: exit $got instead of $code: $(cat err)"
    grep -q -e "$words" err || fail "compile $*: does not say '$words' but: $(cat err)"
    [ ! -s out ] || fail "compile $*: prints something all the same"
    [ ! -e made.c ] && [ ! -e made.h ] || fail "compile $*: leaves files"
}

"$random_model" lstm 40 9 20 2 0 1 names
mkdir bare
cp names.onnx bare/

# Outputs
"$quillet" compile names.onnx > printed.c 2> err
grep -q 'names_next' printed.c || fail "no source on standard output"
grep -q -e '--header names.h' err || fail "does not say how to get the header"
"$quillet" compile names.onnx --header names.h > printed.c 2> err
[ ! -s err ] || fail "says something though all is there: $(cat err)"
gcc -std=c11 -c printed.c -o printed.o
"$quillet" compile names.onnx --output printed.c --header= 2> err && fail "--header= writes no header, and says nothing"
grep -q 'the name of a file to write is empty' err || fail "does not say what is wrong with --header="
mkdir deep
"$quillet" compile --model=names.json --output=deep/quotes.c --name other > out 2> err
[ ! -s out ] && [ ! -s err ] || fail "prints something with --output"
grep -q 'other_next' deep/quotes.h || fail "--name is not heeded"
grep -q '#include "quotes.h"' deep/quotes.c || fail "the source includes another header"
gcc -std=c11 -c deep/quotes.c -o printed.o
grep -q 'ql_lstm_token_f32(' deep/quotes.c && fail "a table that is larger than its parts" || true
"$random_model" lstm 40 30 20 2 0 1 tabled
"$quillet" compile tabled.onnx 2> err | grep -q 'ql_lstm_token_f32(' || fail "no table though it is smaller"

# The same command in two folders makes the same bytes, however the paths are given.
for folder in first second; do
    mkdir $folder
    cp names.onnx names.json $folder/
    "$quillet" compile --model="$work/$folder/names.json" --output "$work/$folder/names.c"
done
cmp first/names.c second/names.c && cmp first/names.h second/names.h || fail "a source holds the folder where it was made"
grep -q 'command line  quillet compile --model=names.json --output names.c$' first/names.c || fail "$(sed -n 4p first/names.c)"

# Plain inference, of any sequence
"$quillet" compile bare/names.onnx --no-sampler --sequence 5 --output run.c
grep -q 'bool names_run' run.h || fail "no function to run"
grep -q '(5, 1)' run.h || fail "--sequence is not heeded"
grep -q 'ql_sampler' run.c && fail "a sampler without need" || true
gcc -std=c11 -Wall -Wextra -Werror -c run.c -o run.o
"$quillet" compile bare/names.onnx --no_sampler --sizes sequence=3 --workspace caller --output run.c
grep -q '(3, 1)' run.h || fail "--sizes is not heeded"
grep -q 'union names_workspace \*workspace' run.h || fail "--workspace is not heeded"
gcc -std=c11 -Wall -Wextra -Werror -c run.c -o run.o

# The report
"$quillet" compile names.onnx --report > report.json
for field in flash_bytes state_bytes workspace_bytes macs constants workspace sha256; do
    grep -q "\"$field\"" report.json || fail "the report has no $field"
done
# The reported sizes are those of the compiled code, even if the sampler needs a larger workspace than the model, and where
# a position in 64 bits leaves a gap at the end of the state or of the workspace.
"$random_model" rnn 200 2 3 1 0 1 wide
number() { sed -n 's/.*"'"$1"'": \([0-9]*\).*/\1/p' report.json | head -1; }
printf 'dog\ncat\n' > words.txt
printf 'a\nbee\n' > lexicon.txt
"$quillet" filter --words words.txt --output words.qlf > out 2> err
"$quillet" lexicon --words lexicon.txt --output words.qlx > out 2> err
# measure MODEL COMPILER... -- OPTION...: the report's sizes are those of this compiler.
measure()
{
    model=$1
    shift
    command=
    while [ "$1" != -- ]; do
        command="$command $1"
        shift
    done
    shift
    "$quillet" compile $model.onnx "$@" --report > report.json
    "$quillet" compile $model.onnx "$@" --name model --output measured.c
    cat > sizes.c << END
#include "measured.c"
_Static_assert(sizeof(struct model_state) == $(number state_bytes), "the report says $(number state_bytes)");
_Static_assert(sizeof(union model_workspace) == $(number workspace_bytes), "the report says $(number workspace_bytes)");
END
    $command -std=c11 -fsyntax-only sizes.c 2> err || fail "$model $*,$command: $(grep error: err)"
}
for vocabulary in 96 97 202; do
    "$random_model" transformer $vocabulary 24 24 2 1 3 decoder 4 2 35 9
    for machine in gcc "arm-none-eabi-gcc -mthumb -mcpu=cortex-m0plus"; do
        command -v ${machine%% *} > out || continue
        measure decoder $machine --
        measure decoder $machine -- --filter words.qlf
        measure decoder $machine -- --lexicon words.qlx
        measure decoder $machine -- --quantize int8
        [ "$machine" = gcc ] || measure decoder $machine -- --workspace caller # whose pointer has 4 bytes
    done
done
for model in names wide; do
    measure $model gcc --
    constants=$(gcc -std=c11 -c measured.c -o $model.o && size -A $model.o | awk '/^\.rodata/ { sum += $2 } END { print sum }')
    flash=$(number flash_bytes)
    [ "$constants" -ge "$flash" ] && [ "$constants" -lt $((flash + 2000)) ] || fail "$model: flash is $constants, not $flash bytes"
done
# Without gaps, what is not counted is small: the list of the model's functions, and a few numbers of kernels.
for model in names decoder; do
    command -v arm-none-eabi-gcc > out || continue
    for format in off int8; do
        measure $model arm-none-eabi-gcc -mthumb -mcpu=cortex-m0plus -- --quantize $format
        arm-none-eabi-gcc -std=c11 -O2 -mthumb -mcpu=cortex-m0plus -D QL_ALIGNED= -c measured.c -o $model.o
        constants=$(arm-none-eabi-size -A $model.o | awk '/^\.rodata/ { sum += $2 } END { print sum }')
        flash=$(number flash_bytes)
        [ "$constants" -ge "$flash" ] && [ "$constants" -lt $((flash + 128)) ] ||
            fail "$model, $format: flash is $constants, not $flash bytes"
    done
done
# Keys and values, of two layers, for 9 tokens: two heads of 6 numbers, a byte each.
"$random_model" transformer 40 24 24 2 1 3 decoder 4 2 35 9
"$quillet" compile decoder.onnx --quantize int8 --report > report.json
[ "$(number cache_bytes)" = $((2 * 2 * 9 * 2 * 6)) ] || fail "the report has a cache of $(number cache_bytes) bytes"
# Its function in float has one call for each part of a layer, 15 in all, and 5 around the layers.
"$quillet" compile decoder.onnx 2> err |
    awk '/^static .* decoder_run\(/ { inside = 1 } inside { print } inside && /^}/ { exit }' > run.txt
calls=$(grep -c '^ *\(if (!\)\{0,1\}ql_[a-z0-9_]*(' run.txt)
lines=$(wc -l < run.txt)
[ "$calls" = 35 ] || fail "a decoder takes $calls calls, not 35: $(cat run.txt)"
[ "$lines" -le 300 ] || fail "a decoder takes $lines lines, more than 300: $(cat run.txt)"

# Wrong use
refuse 2 'give the model' --output made.c
refuse 2 'give the model' names.onnx --model names.json --output made.c
refuse 2 'two models have the name' names.onnx names.onnx --output made.c
refuse 2 '2 values for 3 models' names.onnx names.onnx names.onnx --name a,b --output made.c
refuse 2 'share a source' names.onnx tabled.onnx --no_sampler --output made.c
refuse 2 'neither static nor caller' names.onnx --workspace heap --output made.c
refuse 2 'takes one token at a time' names.onnx --sequence 2 --output made.c
refuse 2 'sequence' names.onnx --sequence 0 --output made.c
refuse 2 'is not a list' names.onnx --sizes batch --output made.c
refuse 2 'is not a list' names.onnx --sizes batch=0 --output made.c
refuse 2 'is not a list' names.onnx --sizes batch=1x --output made.c
refuse 2 "'sequence' is given twice" bare/names.onnx --no_sampler --sizes sequence=3,sequence=4 --output made.c
refuse 2 "'sequence' is given twice" bare/names.onnx --no_sampler --sizes sequence=3 --sequence 4 --output made.c
refuse 2 'with --name' names.onnx --name 1 --output made.c
refuse 2 'the names of the kernels' names.onnx --name ql --output made.c
refuse 2 'the names of the kernels' names.onnx --name Ql_random --output made.c
refuse 1 'with --model' bare/names.onnx --output made.c
refuse 1 'nowhere.onnx' --no_sampler nowhere.onnx --output made.c
refuse 1 'nowhere.json' --model nowhere.json --output made.c
refuse 1 'no-folder' names.onnx --output no-folder/made.c
head -c 5000 names.onnx > cut.onnx
sed 's/names.onnx/cut.onnx/' names.json > cut.json
refuse 1 'cut.onnx' cut.onnx --output made.c
: > empty.onnx
refuse 1 'empty.onnx' --no_sampler empty.onnx --output made.c
sed 's/"vocabulary": "../"vocabulary": "/' names.json > short.json
refuse 1 'names.onnx' --model short.json --output made.c
echo '{' > broken.json
refuse 1 'broken.json' --model broken.json --output made.c
if [ -e /dev/full ]; then
    got=0
    "$quillet" compile names.onnx > /dev/full 2> err || got=$?
    [ "$got" = 1 ] && grep -q 'cannot write' err || fail "a full disk goes unnoticed"
    got=0
    "$quillet" compile names.onnx --output /dev/full --header x.h > out 2> err || got=$?
    [ "$got" = 1 ] || fail "a full disk goes unnoticed with --output"
fi
exit $status
