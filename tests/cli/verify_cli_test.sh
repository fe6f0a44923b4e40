#!/bin/bash
# `quillet verify`: the whole road of small models, and faults that are planted in its models.
# Uses: expect.sh, gcc. Arguments: the tool, json_get; the root of the sources. Without Node its stage is skipped.
# shellcheck source-path=SCRIPTDIR
root=$(realpath "$3")
source "$(dirname "$0")/expect.sh"
has_ort=no
if [[ -e $root/web/node_modules/onnxruntime-node ]] && command -v node > /dev/null; then
    has_ort=yes
fi

# Other verifications on this machine may leave files in /tmp.
mkdir temporary
export TMPDIR=$PWD/temporary

numbers 400 > names.txt
for cell in lstm gru rnn; do
    expect_exit 0 train "${tiny[@]}" --input names.txt --model $cell --num_layers 2 --sequences items --run_name $cell
    expect_exit 0 export --init_from checkpoints/$cell/checkpoint.2.safetensors --export_file $cell.onnx
done
checkpoint=checkpoints/lstm/checkpoint.2.safetensors
quick=(--seeds 3 --length 50 --characters 100)
compiled=gcc,clang
if ldd "$tool" | grep -q asan; then
    compiled="gcc -O0" # the sanitizers check the tool, which does the same for all compilers
fi

# Every cell gives the same results at every stage.
for cell in lstm gru rnn; do
    expect_exit 0 verify --model $cell.json --init_from checkpoints/$cell/checkpoint.2.safetensors "${quick[@]}" \
        --text names.txt --json --stages "checkpoint,ONNX,$compiled"
    cp out $cell.result
    expect_json $cell.result same true
    expect_json $cell.result skipped "$(grep -c '"verdict": "skipped"' $cell.result)"
    expect_json $cell.result compared "$(grep -c '"verdict": "\(same\|same bits\)"' $cell.result)"
    expect_json $cell.result stages.0.stage checkpoint
    expect_json $cell.result stages.0.verdict "same bits"
    expect_json $cell.result stages.0.characters $((101 + 3 * 3 * 50 + 50))
    expect_json $cell.result stages.0.unequal 0
    expect_json $cell.result stages.2.stage "gcc -O0"
    expect_json $cell.result stages.2.verdict "same bits"
    if [[ $has_ort == yes ]]; then
        expect_json $cell.result stages.1.verdict same
    else
        expect_json $cell.result stages.1.verdict skipped
    fi
done

# The table fits 80 columns and has a row for each stage. The emulated chip reads 100 characters, and writes two texts,
# which have as many.
expect_exit 0 verify --model lstm.json --init_from $checkpoint "${quick[@]}" --emulated_length 100
grep -q "^RP2040.* skipped" out || expect_stdout "RP2040 (emulated)               200"
expect test "$(awk 'length > 80' out | wc -l)" -eq 0
for name in "host engine" checkpoint "ONNX Runtime" "gcc -O0" "gcc -O2" "gcc -O3" "clang -O2" "RP2040 (emulated)"; do
    expect_stdout "$name"
done
expect test -z "$(ls -d "$TMPDIR"/quillet.* 2> /dev/null)"

# The checkpoint of another epoch differs from the first character, in the first layer.
expect_exit 1 verify --model lstm.json --init_from checkpoints/lstm/checkpoint.1.safetensors "${quick[@]}" \
    --stages checkpoint
expect_stdout DIFFERS
expect_stdout "layer 1 of 2"
# A missing file is not the same as a stage that is not available on this machine.
expect_exit 1 verify --model lstm.json --init_from nothing.safetensors "${quick[@]}" --stages checkpoint
expect_exit 1 verify --model lstm.json --init_from names.txt "${quick[@]}" --stages checkpoint
expect_stdout FAILED

# Somebody else's C, without a fault.
expect_exit 0 compile lstm.onnx --no_sampler --name model --output plain.c
expect_exit 0 verify --model lstm.json --expose exposed.onnx
expect_exit 0 compile exposed.onnx --no_sampler --name model --output exposed.c
foreign=(verify --model lstm.json "${quick[@]}" --stages=--c --entry model_run)
expect_exit 0 "${foreign[@]}" --c plain.c
expect_exit 0 "${foreign[@]}" --c plain.c --exposed_c exposed.c

# plant SED-SCRIPT NODE: with that fault in both files, the node is named.
plant()
{
    sed "$1" plain.c > plain_fault.c
    sed "$1" exposed.c > exposed_fault.c
    expect test -n "$(cmp plain.c plain_fault.c)"
    expect_exit 1 "${foreign[@]}" --c plain_fault.c --exposed_c exposed_fault.c
    expect_stdout "DIFFERS"
    expect_stdout "The first node that differs"
    expect_stdout ", $2"
}
plant 's/model_rnn_l1_w_hh, model_rnn_l1_bias, T/model_rnn_l0_w_hh, model_rnn_l1_bias, T/' "LSTM rnn_l1"
plant 's/float f = ql_sigmoid_f32(gates\[H + k\])/float f = ql_sigmoid_f32(gates[k])/' "LSTM rnn_l0"
plant 's/h\[k\] = o \* ql_tanh_f32(c\[k\])/h[k] = o * c[k]/' "LSTM rnn_l0"
plant '/ql_gemm_f32(/s/model_output_bias/model_rnn_l1_bias/' "Gemm output"
plant '/static inline float ql_tanh_f32/,/^}/s/return /return 1.0001f * /' "LSTM rnn_l0"

# A fault between the steps is in no node; one in an output that is not written is traced to the node that computes it.
sed 's/memcpy(hn, .*;/memset(hn, 0, 10 * sizeof *hn);/' plain.c > plain_fault.c
expect_exit 1 "${foreign[@]}" --c plain_fault.c
expect_stdout "DIFFERS"
expect_stdout "--expose FILE"
sed 's/memcpy(logits, .*;//' plain.c > plain_fault.c
expect_exit 1 "${foreign[@]}" --c plain_fault.c
expect_stdout "nan"

# C that does not compile, does not exist, has no such function, crashes, or exits.
echo 'no C' > broken.c
expect_exit 1 "${foreign[@]}" --c broken.c
expect_stdout FAILED
expect_stdout broken.c
expect_exit 1 "${foreign[@]}" --c absent.c
expect_stdout absent.c
expect_exit 1 "${foreign[@]}" --c plain.c --entry model_walk
expect_stdout model_walk
echo 'void model_run(int *a) { *(volatile int *)0 = *a; }' > broken.c
expect_exit 1 "${foreign[@]}" --c broken.c
expect_stdout "signal 11"
echo '#include <stdlib.h>
void model_run(void) { exit(3); }' > broken.c
expect_exit 1 "${foreign[@]}" --c broken.c
expect_stdout "status 3"

# Something missing on the machine is reported, and is not a failure.
mkdir bin
for name in gcc as ld; do
    ln -s "$(command -v $name)" bin/$name
done
command="verify without node and clang"
PATH=$work/bin "$tool" verify --model lstm.json "${quick[@]}" > out 2> err
expect test $? -eq 0
expect_stdout "clang is not installed"
expect_stdout "Node is not installed"
expect test "$(grep -c skipped out)" -eq 4 # ONNX Runtime, the emulator, clang twice
# Where nothing is left to compare, nothing is known. One stage that was compared is enough.
PATH=$work/bin "$tool" verify --model lstm.json "${quick[@]}" --stages ONNX,clang --json > out 2> err
expect test $? -eq 1
expect_stderr "nothing was compared"
expect_json out same null
expect_json out compared 0
expect_json out skipped 3
PATH=$work/bin "$tool" verify --model lstm.json "${quick[@]}" --stages ONNX > out 2> err
expect test $? -eq 1
expect_stdout "Node is not installed"
expect_stderr "nothing was compared"
PATH=$work/bin "$tool" verify --model lstm.json "${quick[@]}" --stages ONNX,one --json > out 2> err
expect test $? -eq 0
expect test ! -s err
expect_json out same true
expect_json out compared 1
expect_json out skipped 1

# Invalid texts and options.
printf 'abc\nxyz\n' > other.txt
expect_exit 1 verify --model lstm.json --text other.txt
expect_stderr other.txt
: > empty.txt
expect_exit 1 verify --model lstm.json --text empty.txt
expect_exit 1 verify --model absent.json
expect_exit 2 verify
expect_stderr "--model is missing"
expect_exit 2 verify --model lstm.json --c plain.c
expect_stderr "--entry"
expect_exit 2 verify --model lstm.json --entry f
expect_exit 2 verify --model lstm.json --exposed_c plain.c
expect_exit 2 verify --model lstm.json --stages nothing
expect_stderr "no stage has 'nothing' in its name; the stages are host engine, one call, ONNX Runtime, gcc -O0, gcc -O2, "
# One word that is misspelled is enough: its stage would not be compared.
for stages in "one,gc -O2" "gc -O2,one" "one, gcc" "one,checkpoint" "host engine,none"; do
    expect_exit 2 verify --model lstm.json --stages "$stages"
    expect_stderr "in its name; the stages are host engine"
done
expect_exit 2 verify --model lstm.json --stages "one,ONNX" --quantize int8
expect_stderr "no stage has 'one' in its name; the stages are integers, plain, "
for stages in "" "," "host engine"; do
    expect_exit 2 verify --model lstm.json --stages "$stages"
    expect_stderr "names no stage to compare"
done
expect_exit 0 verify --model lstm.json "${quick[@]}" --stages "host,one,"
expect_exit 2 verify --model lstm.json --tolerance -1
expect_exit 1 verify --model absent.json --expose a.onnx
expect_exit 1 verify --model lstm.json --expose absent/a.onnx
"$tool" verify --model lstm.json "${quick[@]}" --stages O2 > /dev/full 2> err
expect test $? -eq 1
finish
