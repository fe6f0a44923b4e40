#!/bin/bash
# Address space that did not suffice for OpenBLAS made `train` spin, deaf to SIGTERM. Guards: with any limit of memory, each
# command ends in time, with its whole result or with 1 and a message, and leaves neither half a file nor a temporary one.
# tests/faults lets each single allocation fail; here they fail together, from some size on, as on a small machine.
# Uses: expect.sh, ulimit -v, so not with sanitizers. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

if ldd "$tool" | grep -qE 'asan|tsan' || [[ $(uname) != Linux ]]; then
    exit 77
fi
numbers 2000 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1 --run_name r
model=checkpoints/r/checkpoint.1.safetensors
expect_exit 0 export --init_from $model --export_file m.onnx --quiet
echo word > words

ended=0 refused=0

# limited COMMAND...: runs with less and less memory.
limited()
{
    local kb rc
    for kb in 400000 200000 100000 60000 40000 30000 25000 20000 16000 14000 13000 12000 11000 10000; do
        command="$* # with $kb kB"
        rm -rf new && mkdir new
        (
            ulimit -v $kb
            exec timeout -k 1 240 "$tool" "$@" > out 2> err < /dev/null
        )
        rc=$?
        # Below some size the loader finds no room for the libraries, and says so itself with 127.
        if ((rc == 127)) && grep -q 'error while loading shared libraries' err; then
            continue
        fi
        ((rc <= 1)) || fail "exit $rc: $(tail -n 1 err)"
        if ((rc == 1)); then
            refused=$((refused + 1))
            [[ -s err ]] || fail "exit 1 without a message"
        else
            ended=$((ended + 1))
        fi
        [[ -z $(find new -name '.quillet*') ]] || fail "leaves a temporary file"
    done
}

limited train "${tiny[@]}" --input names.txt --max_epochs 1 --rnn_size 400 --batch_size 64 --checkpoint_dir new
limited train "${tiny[@]}" --input names.txt --max_epochs 1 --threads 4 --checkpoint_dir new
limited predict --init_from $model --generate 20
limited compare --init_from $model --count 3
limited generate --init_from $model --count 200 --quiet --output new/g --threads 4
limited study --corpus names.txt --items 50 --temperature 1 --quiet --output new --threads 2 $model
limited export --init_from $model --export_file new/m.onnx --quiet
limited evaluate --model m.json --text names.txt
limited compile --model m.json --output new/m.c
limited compile --model m.json --output new/m.c --quantize int8
limited filter --words words --output new/f.qlf
limited lexicon --text names.txt --words words --output new/l.qlx
limited prepare --output new --quiet names.txt
limited verify --model m.json --init_from $model --stages checkpoint
echo "$ended commands ended well, $refused with a message"
expect test $ended -gt 0
expect test $refused -gt 0

finish
