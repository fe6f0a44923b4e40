#!/bin/bash
# Numbers and names were taken, and what came of them did not work: a temperature beyond a float made C that no compiler
# takes, a newline in --header went raw into the source, --output x.h was source and header, a name with a space was
# offered for copying as two words. Guards: each is refused with words, or works.
# Uses: expect.sh, gcc where it is there. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1 --run_name r
model=checkpoints/r/checkpoint.1.safetensors
expect_exit 0 export --init_from $model --export_file m.onnx --quiet

# --- Numbers of a descriptor ---
change()
{
    sed "s/\"$1\": *[^,]*/\"$1\": $2/" m.json > c.json
}

for value in 1e39 3.5e38 1e308 1e-39 1e-60 -1 -1e-300; do
    change temperature $value
    expect_exit 1 compile --model c.json --name c --output c.c
    expect_stderr "temperature"
    expect_exit 1 evaluate --model c.json --length 5 --seed 1
    expect_exit 1 generate --model c.json --count 2
done
for value in 0 1e-60 1e-39 1.0000001 2 -1; do
    change top_p $value
    expect_exit 1 compile --model c.json --name c --output c.c
    expect_stderr "top_p"
done
for value in -1 2147483648 1e300 0.5; do
    change top_k $value
    expect_exit 1 compile --model c.json --name c --output c.c
    expect_stderr "top_k"
done
if command -v gcc > /dev/null; then
    for value in 0 1.2e-38 1e-20 0.3333333333333333 3.4e38; do
        change temperature $value
        expect_exit 0 compile --model c.json --name c --output c.c
        expect gcc -c -o c.o c.c
        expect_exit 0 compile --model c.json --name c --output c.c --quantize int8
        expect gcc -c -o c.o c.c
    done
    for value in 1.2e-38 1e-7 0.9999999999; do
        change top_p $value
        expect_exit 0 compile --model c.json --name c --output c.c
        expect gcc -c -o c.o c.c
    done
    change top_k 2147483647
    expect_exit 0 compile --model c.json --name c --output c.c
    expect gcc -c -o c.o c.c
fi

# --- Options that do nothing ---
expect_exit 0 lexicon --text names.txt --output l.qlx
for option in "--output k.qlx" "--among names.txt" "--filter f.qlf" "--min_count 2"; do
    # shellcheck disable=SC2086
    expect_exit 2 lexicon --lexicon l.qlx --check item $option
    expect_stderr "already compiled"
done
expect test ! -e k.qlx

expect_exit 2 lexicon --words names.txt --min_count 2
expect_exit 2 lexicon --words names.txt --among names.txt
echo tofu > listed
expect_exit 0 filter --words listed --output f.qlf
for option in "--min_rating 2" "--accents ignored"; do
    # shellcheck disable=SC2086
    expect_exit 2 filter --filter f.qlf --output k.qlf $option
    expect_stderr "already compiled"
done
expect test ! -e k.qlf
expect_exit 2 compile --no_sampler m.onnx --output k.c --sizes nonsense=3
expect_stderr "'nonsense'"
expect_exit 0 export --init_from $model --export_file one.onnx --sequence 1 --quiet
expect_exit 2 compile --no_sampler one.onnx --output k.c --sequence 5
expect_stderr "'sequence'"
expect_exit 2 compile m.onnx --header k.h --report
expect_stderr "add --output"
expect test ! -e k.h
for option in "--lexicon l.qlx" "--filter f.qlf" "--prompt a" "--best 2"; do
    # shellcheck disable=SC2086
    expect_exit 2 evaluate --model m.json --text names.txt $option
    expect_stderr "writes nothing"
done
for command_name in "generate --init_from $model" "predict --init_from $model" "evaluate --model m.json" \
    "study --corpus names.txt --output k $model"; do
    # shellcheck disable=SC2086
    expect_exit 2 $command_name --min_length 5
    expect_stderr "add --best"
    # shellcheck disable=SC2086
    expect_exit 2 $command_name --min_length 900000 --best 2
    expect_stderr "no item can be that long"
done
expect test ! -e k
expect_exit 2 compare --init_from $model --spreadsheet
expect_stderr "csv"

expect_exit 2 compare --init_from $model --prompt abcd --max_length 4 --count 1
expect_stderr "nothing would be drawn"
expect_exit 0 compare --init_from $model --prompt abcd --max_length 5 --count 1

# --- Answers that could not be told from others ---
run lexicon --lexicon l.qlx --json --check "bb zzz"
expect test $code -eq 1
expect_json out refused true
expect_json out findings.0 zzz
expect_exit 0 lexicon --lexicon l.qlx --json --check bb
expect_json out refused false
expect_exit 2 lexicon --lexicon none.qlx --check bb
expect_exit 2 lexicon --lexicon l.qlx --check $'b\xffb'
expect_stderr "not UTF-8"

# --- Names of files ---
expect_exit 2 compile --model m.json --output x.h
expect_stderr "both the source and its header"
expect test ! -e x.h
expect_exit 2 compile --model m.json --output x.c --header ./x.c
mkdir sub
expect_exit 2 compile --model m.json --output x.c --header sub/../x.c --name m
ln -s x.c link.h
expect_exit 2 compile --model m.json --output x.c --header link.h
for name in $'h"\nint injected;\n#include "stdint.h' 'h".h' 'back\slash.h' $'tab\t.h' $'cr\r.h' 'tri??graph.h'; do
    expect_exit 2 compile --model m.json --output y.c --header "$name"
    expect_stderr "an #include cannot hold"
    expect test ! -e y.c
done
if command -v gcc > /dev/null; then
    for name in 'with space.h' "it's.h" 'percent%s.h' 'ümlaut.h' '*/star.h' '$(date).h'; do
        mkdir -p "$(dirname "$name")"
        expect_exit 0 compile --model m.json --output y.c --header "$name"
        expect gcc -I "$(dirname "$name")" -c -o y.o y.c
    done
    # The command line stands in a comment.
    expect_exit 0 compile --model m.json --output $'*/\nint injected;\\\\\n.c' --header z.h --name m
    expect test "$(grep -c '^int injected' -- z.h)" -eq 0
    expect test "$(grep -c '^int injected' -- $'*/\nint injected;\\\\\n.c')" -eq 0
fi
long=$(printf '%5000s' | tr ' ' x)
expect_exit 2 compile --model m.json --output y.c --header "$long"
expect_stderr "too long"

# --- Commands that are offered for copying ---
mkdir "my runs"
expect_exit 0 train "${tiny[@]}" --input names.txt --max_epochs 1 --checkpoint_dir "my runs" --run_name "it's one"
cp names.txt "my names.txt"
expect_exit 0 study --corpus "my names.txt" --items 3 --temperature 1 --sentences 0 --quiet --count "it's" --wordlist "" \
    "my runs/it's one/checkpoint.1.safetensors"
said=$("$json_get" study/study.json command)
command="the command of study.json: $said"
[[ $said == quillet\ study* ]] || fail "is none"
(eval "set -- $said"; [[ $4 == "my names.txt" && ${!#} == "my runs/it's one/checkpoint.1.safetensors" ]]) ||
    fail "is not what was given"
command="train, interrupted"
"$tool" train "${tiny[@]}" --no_quiet --input names.txt --max_epochs 100000 --checkpoint_dir "my runs" \
    --run_name 'a b' > out 2> err &
pid=$!
while ! grep -q '^epoch' err && kill -0 $pid 2> /dev/null; do
    sleep 0.05
done
kill -INT $pid
wait $pid
said=$(sed -n 's/^To go on after epoch [0-9]*: quillet //p' err)
(eval "set -- $said"; [[ $# -eq 3 && $3 == "my runs/a b" ]]) || fail "'$said' is not a command"

finish
