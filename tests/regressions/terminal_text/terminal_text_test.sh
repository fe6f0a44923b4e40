#!/bin/bash
# Escape sequences of a text, a model or a name reached the terminal through train, predict and prepare. Guards: on a
# terminal no command writes a control character that is not its own; into a pipe a text goes as it is, and with --raw
# everywhere; messages are visible text in any case.
# Uses: expect.sh, script (bsdutils), python3 and node where they are there. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

run=$'r\033[5m'
text=$'t\033[31m\u202e.txt'
(numbers 100; for i in 1 2 3 4 5 6 7 8; do printf 'x\033[2Jy\n\302\233z\342\200\256w\n'; done) > "$text"
export NO_COLOR=1

# dangers FILE: how many bytes or symbols could steer a terminal.
dangers()
{
    LC_ALL=C grep -aoP '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' "$1" | wc -l
}

# harmless ARGUMENT...: neither on a terminal nor in messages is there anything that steers it.
harmless()
{
    command="$*"
    "$tool" "$@" > /dev/null 2> err
    expect test "$(dangers err)" -eq 0
    if command -v script > /dev/null; then
        command="$* # on a terminal"
        printf '%q ' "$tool" "$@" > command.sh
        script -qec "bash command.sh 2> /dev/null" /dev/null > typed < /dev/null
        [[ $(dangers typed) == 0 ]] || fail "steers the terminal: $(cat -v typed | head -n 3)"
    fi
}

harmless train "${tiny[@]}" --no_quiet --input "$text" --sequences items --max_epochs 1 --generate 400 --run_name "$run"
rm -rf "checkpoints/$run"
expect_exit 0 train "${tiny[@]}" --no_quiet --input "$text" --sequences items --max_epochs 3 --generate 400 --run_name "$run"
expect test "$(dangers err)" -eq 0
expect_stderr 'run checkpoints/r\x1b[5m'
expect_stderr '\u202e'
model=checkpoints/$run/checkpoint.1.safetensors
expect_exit 0 export --init_from "$model" --export_file m.onnx --quiet
mv m.json $'m\033[7m.json'
hot=(--temperature 5 --seed 1)

harmless predict --init_from "$model" "${hot[@]}" --generate 300
harmless predict --init_from "$model" "${hot[@]}" --generate 300 --json
harmless generate --init_from "$model" "${hot[@]}" --count 30
harmless generate --init_from "$model" "${hot[@]}" --count 30 --json
for format in markdown csv html json; do
    harmless compare --init_from "$model" --temperature 5 --seed 1 --format $format
done
harmless evaluate --model $'m\033[7m.json' "${hot[@]}" --length 300
harmless evaluate --model $'m\033[7m.json' "${hot[@]}" --length 300 --json
mkdir $'e\033[7m'
harmless export --init_from "$model" --export_file $'e\033[7m/m.onnx'
harmless export --init_from "$model" --export_file $'e\033[7m/m.onnx' --json
harmless export --init_from "$model" --export_file $'m\033[7m.onnx'
harmless prepare --output $'o\033[31m' --alphabet any "$text"
harmless prepare --output $'o\033[31m' --alphabet any "$text" --json
harmless study --corpus "$text" --items 10 --temperature 5 --sentences 0 --output $'s\033[31m' --count $'\033' "$model"
harmless filter --words "$text" --check $'x\033[2Jy'
harmless filter --words "$text" --check $'x\033[2Jy' --json
harmless lexicon --text "$text" --output $'l\033[31m.qlx'
harmless lexicon --text "$text" --check $'x\033[2Jy\302\233z'
harmless lexicon --lexicon $'l\033[31m.qlx' --check $'\033]0;title\007item' --json
harmless judge --corpus "$text" --wordlist "" "$text"
harmless sweep $'p\033[31m.json' --output $'s\033[7m'
harmless compile $'m\033[7m.onnx' --name m --output m.c
harmless compile $'m\033[7m.onnx' --name m --report
harmless verify --model $'m\033[7m.json' --stages gcc --seeds 1 --length 3 --characters 5
harmless $'nothing\033[31m'
harmless predict --init_from $'\033[31m'
harmless predict $'--opt\033[31m'

# A pipe gets the text; a terminal gets it with --raw.
command="predict into a pipe"
"$tool" predict --init_from "$model" "${hot[@]}" --generate 2000 --quiet > out 2> err
expect test "$(dangers out)" -gt 0
if command -v script > /dev/null; then
    printf '%q ' "$tool" predict --init_from "$model" "${hot[@]}" --generate 2000 --quiet > command.sh
    command="predict on a terminal"
    script -qec "bash command.sh" /dev/null > typed < /dev/null
    expect grep -qF '\x1b' typed
    printf ' --raw' >> command.sh
    command="predict --raw on a terminal"
    script -qec "bash command.sh" /dev/null > typed < /dev/null
    expect test "$(dangers typed)" -gt 0
fi

# A field that a spreadsheet would compute.
printf '=1+1\n+2\n-3\n@x\nplain\n' > formulas.txt
for i in 1 2 3 4 5; do cat formulas.txt; done > many.txt
expect_exit 0 train "${tiny[@]}" --input many.txt --validation many.txt --sequences items --rnn_size 12 --max_epochs 60 \
    --learning_rate 0.02 --run_name f
table=(compare --init_from checkpoints/f/checkpoint.60.safetensors --temperature 0.9 --count 50 --seed 1 --format csv)
expect_exit 0 "${table[@]}"
expect grep -qE '^"[=+@-]' out
expect_exit 0 "${table[@]}" --spreadsheet
expect test "$(grep -cE '^"[=+@-]' out)" -eq 0
expect grep -qE "^\"'[=+@-]" out

# A progress bar is cut at the edge of a narrow terminal. Where it wrapped, each one left a line behind.
if command -v script > /dev/null; then
    command="generate # on a narrow terminal"
    printf '%q ' "$tool" generate --init_from "$model" --count 20000 --output items --quantize off > command.sh
    script -qec "stty cols 20; bash command.sh" /dev/null > typed < /dev/null
    expect grep -q $'\r\033\\[K\033\\[?7l\\[[#.]*\\] .*\033\\[?7h' typed
fi

finish
