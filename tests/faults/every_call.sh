#!/bin/bash
# Makes every call that can fail, fail, one in each run of a set of short commands, and checks how each run ends: with
# exit code 1 and a message, or as if nothing had failed, with the same result. The files of an earlier result are
# unchanged, or replaced by a complete new result. With a sanitized tool, nothing leaks.
# Uses: bash, coreutils, fail_at_call. Arguments: the tool, the library, every how many-th call to take (1: all), and names
# of commands (default: all of them). FAULT_FIRST is the first call to take (1).
set -u

tool=$(realpath "$1")
library=$(realpath "$2")
step=$3
shift 3
work=$(mktemp -d -p /dev/shm 2> /dev/null || mktemp -d) # in memory, as it is written often
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir template
tiny=(--rnn_size 8 --embedding_size 4 --num_layers 1 --max_epochs 2 --batch_size 4 --seed 1 --threads 1 --quiet)
export ASAN_OPTIONS="verify_asan_link_order=0:exitcode=99:allocator_may_return_null=1:${ASAN_OPTIONS-}"
export LSAN_OPTIONS="exitcode=98:print_suppressions=0"
export HOME=$work TMPDIR=$work

# The files that the commands read, and an earlier result of each.
(
    cd template || exit 1
    for ((i = 0; i < 40; i++)); do
        echo "item $i" | tr 0-9 a-j
    done > text
    printf '"who said" what\nthe other said nothing at all\nneither did I say much\n%.0s' 1 2 3 4 > lines
    printf 'bad\nworse\n' > words
    "$tool" train "${tiny[@]}" --input text --sequences items --checkpoint_dir runs --run_name run > /dev/null &&
        "$tool" export --init_from runs/run/checkpoint.2.safetensors --export_file model.onnx > /dev/null || exit 1
    "$tool" lexicon --text text --output text.qlx > /dev/null || exit 1
    for old in out.txt out.onnx out.json out.c out.h out.qlf out.qlx; do
        echo "the earlier result" > $old
    done
) || { echo "the tool does not work without faults" >&2; exit 1; }

# names, then the files that it makes, then its arguments
declare -A files arguments
add()
{
    files[$1]=$2
    arguments[$1]=${*:3}
}
checkpoint=runs/run/checkpoint.2.safetensors
add prepare "parts/items.txt parts/items.validation.txt parts/items.test.txt" prepare --output parts --min_symbol_count 1 --quiet lines
add train "new/run/checkpoint.1.safetensors new/run/checkpoint.2.safetensors new/run/samples.jsonl" \
    train "${tiny[@]}" --input text --checkpoint_dir new --run_name run --generate 20
add resume "runs/run/checkpoint.3.safetensors" train --init_from runs/run --max_epochs 3 --threads 1 --quiet
add predict "" predict --init_from $checkpoint --generate 50 --seed 1
add compare "" compare --init_from $checkpoint --temperature 0.5,1 --count 3 --seed 1
add generate "out.txt" generate --init_from $checkpoint --count 20 --seed 1 --output out.txt --threads 1 --quiet
add threads "out.txt" generate --init_from $checkpoint --count 20 --seed 1 --output out.txt --threads 2 --quiet
add export "out.onnx out.json" export --init_from $checkpoint --export_file out.onnx
add evaluate "" evaluate --model model.json --length 50 --seed 1
add measure "" evaluate --model model.json --text text
add compile "out.c out.h" compile --model model.json --output out.c
add integer "out.c out.h" compile --model model.json --output out.c --quantize int8
add report "" compile --model model.json --report
add check "" filter --words words --check well
add verify "" verify --model model.json --init_from $checkpoint --stages checkpoint,host --characters 20 --seeds 1 --length 5 --json
add expose "out.onnx" verify --model model.json --expose out.onnx
add filter "out.qlf" filter --words words --output out.qlf
add lexicon "out.qlx" lexicon --text text --words words --output out.qlx
add spell "" lexicon --lexicon text.qlx --check item
add choose "out.txt" generate --init_from $checkpoint --lexicon text.qlx --best 3 --count 5 --seed 1 --output out.txt --threads 1 --quiet
add spelled "out.c out.h" compile --model model.json --output out.c --lexicon text.qlx
add judge "" judge --corpus text text
add study "report/study.json" study $checkpoint --corpus text --items 40 --max_length 8 --temperature 1 --sentences 0 --output report \
    --threads 1 --quiet

if (($# == 0)); then
    set -- prepare train resume predict compare generate threads export evaluate measure compile integer report check \
        verify expose filter lexicon spell choose spelled study
    # Link Grammar ends the process when memory runs out (src/study/grammar.c).
    ldd "$tool" | grep -q link-grammar || set -- "$@" judge
fi

calls=0 recovered=0 own=0 crashes=0 leaks=0 exits=0 lost=0 left=0

report()
{
    echo "$1: $name, call $n ($(cat ../failed)): exit code $code: $(tail -n 1 ../err)"
}

# Runs the command in a new copy of the template; in the former one, where it writes no files.
run_at()
{
    if [[ -n ${files[$name]} || ! -e now || -z ${used-} ]]; then
        rm -rf now
        cp -r template now
    fi
    used=yes
    cd now || exit 1
    # shellcheck disable=SC2086 # the arguments are words without spaces
    FAIL_AT_CALL=$1 FAIL_COUNT_FILE=../count FAIL_NAME_FILE=../failed LD_PRELOAD=$library \
        timeout -k 1 60 "$tool" ${arguments[$name]} > ../out 2> ../err < /dev/null
    code=$?
}

same_result()
{
    cmp -s ../out ../expected.out || return 1
    for file in ${files[$name]}; do
        cmp -s "$file" "../expected/$file" || return 1
    done
}

for name; do
    wrong=1
    [[ $name != check && $name != spell ]] || wrong=2 # 1 is a text that is refused
    run_at 0
    cd ..
    if ((code != 0)); then
        echo "$name: exit code $code without a fault: $(tail -n 1 err)"
        exits=$((exits + 1))
        continue
    fi
    rm -rf expected
    mv now expected
    used=
    mv out expected.out
    last=$(cat count)
    echo "$name: $last calls"
    for ((n = ${FAULT_FIRST:-1}; n <= last; n += step)); do
        run_at "$n"
        calls=$((calls + 1))
        if grep -q 'AddressSanitizer: CHECK failed: sanitizer_' ../err; then
            own=$((own + 1)) # AddressSanitizer cannot create a thread without this memory, and aborts
            cd ..
            continue
        elif ((code == 98)); then
            leaks=$((leaks + 1))
            report LEAK
            grep -A 8 "leak of" ../err | grep -v "fail_at_call" | head -n 8
        elif ((code == 99 || code > 123)); then
            crashes=$((crashes + 1))
            report CRASH
            grep -E "ERROR|Assert|^ *#[0-9]" ../err | head -n 8
        elif ((code == 0)); then
            recovered=$((recovered + 1))
            if ! same_result; then
                exits=$((exits + 1))
                report "WRONG RESULT"
            fi
        elif ((code != wrong)) || [[ ! -s ../err ]]; then
            exits=$((exits + 1))
            report "WRONG EXIT"
        fi
        for file in ${files[$name]}; do
            if ! cmp -s "$file" "../expected/$file" && { [[ -e ../template/$file ]] || [[ -e $file && $code == 0 ]]; } &&
                ! cmp -s "$file" "../template/$file"; then
                lost=$((lost + 1))
                report "LOST $file"
            fi
        done
        if [[ -n $(find . -name '*.partial*' -o -name '.*.tmp*' -o -name '*.temporary*') ]]; then
            left=$((left + 1))
            report "LEFT $(find . -name '*.partial*' -o -name '.*.tmp*' -o -name '*.temporary*' | head -n 1)"
        fi
        cd ..
    done
done
((own == 0)) || echo "$own of the calls were AddressSanitizer's own, which ends the process then"
echo "$calls calls failed, of which $recovered did no harm: $crashes crashes, $leaks leaks, $exits wrong ends," \
    "$lost lost files, $left temporary files left"
((crashes + leaks + exits + lost + left == 0))
