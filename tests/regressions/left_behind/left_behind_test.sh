#!/bin/bash
# `verify` that was ended by SIGTERM left its folder in TMPDIR; a TMPDIR with a semicolon made the emulated stage fail.
# Guards: the folder goes with the process, however that ends, and compilers leave nothing beside it; what CMake cannot
# build is skipped with words.
# Uses: expect.sh, gcc. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

command -v gcc > /dev/null || exit 77
numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --rnn_size 64 --max_epochs 1 --run_name r
expect_exit 0 export --init_from checkpoints/r/checkpoint.1.safetensors --export_file m.onnx --quiet
mkdir tmp 'tmp;tmp'

for signal in TERM INT HUP KILL; do
    for seconds in 0.05 0.3 0.8; do
        command="verify, ended by SIG$signal after $seconds s"
        # A command in the background of a script would ignore SIGINT.
        TMPDIR=$work/tmp bash -c 'trap - INT; exec "$@"' bash "$tool" verify --model m.json --stages gcc --quiet > out 2> err &
        pid=$!
        sleep $seconds
        kill -$signal $pid 2> /dev/null
        wait $pid 2> /dev/null
        for ((i = 0; i < 60; i++)); do
            [[ -z $(ls tmp) ]] && break
            sleep 0.1
        done
        expect test -z "$(ls tmp)"
    done
done

# The compilers end by the same signal, before they remove their own files.
for seconds in 0.005 0.01 0.02 0.03 0.04 0.05 0.3 0.8; do
    command="verify, killed after $seconds s with all that it has started"
    TMPDIR=$work/tmp setsid "$tool" verify --model m.json --stages gcc --quiet > out 2> err &
    pid=$!
    sleep $seconds
    kill -KILL -- -$pid 2> /dev/null
    wait $pid 2> /dev/null
    for ((i = 0; i < 60; i++)); do
        [[ -z $(ls tmp) ]] && break
        sleep 0.1
    done
    expect test -z "$(ls tmp)"
done

command="verify in TMPDIR=tmp;tmp"
TMPDIR="$work/tmp;tmp" "$tool" verify --model m.json --stages gcc --characters 20 --seeds 1 --length 20 --quiet > out 2> err
expect test $? -eq 0
TMPDIR="$work/tmp;tmp" "$tool" verify --model m.json --stages RP2040 --characters 5 --seeds 1 --length 3 --quiet > out 2> err
expect test $? -eq 1
expect_stdout skipped
expect test -z "$(ls 'tmp;tmp')"
# Somebody who waits for the end of the output does not wait for the cleaner.
TMPDIR=$work/tmp timeout 60 "$tool" verify --model m.json --stages "gcc -O0" --characters 5 --seeds 1 --length 3 | cat > out
expect test "${PIPESTATUS[0]}" -eq 0

finish
