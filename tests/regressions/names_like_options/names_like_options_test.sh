#!/bin/bash
# `verify --model=--r.json` passed the name on to its own `compile` as `--model --r.json`, which refused it; a text for
# --calibrate and C for --c had the same fate. Guards: a file whose name begins with dashes is verified like any other.
# Uses: expect.sh, gcc or clang. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > ./--names.txt
expect_exit 0 train "${tiny[@]}" --input=--names.txt --sequences items --max_epochs 1 --run_name r
expect_exit 0 export --init_from checkpoints/r/checkpoint.1.safetensors --export_file=--r.onnx --quiet
quick=(--quiet --seeds 1 --length 20 --characters 50)
expect_exit 0 verify --model=--r.json "${quick[@]}" --text=--names.txt --stages "$compiler -O0"
expect_stdout "$compiler -O0"
expect_exit 0 verify --model=--r.json "${quick[@]}" --stages "$compiler -O0" --quantize int8 --calibrate=--names.txt
expect_stdout "$compiler -O0"
expect_exit 0 compile --no_sampler --name model --output=--r.c --header=--r.h -- --r.onnx
expect_exit 0 verify --model=--r.json "${quick[@]}" --stages=--c --entry model_run --c=--r.c
expect_stdout "--c"

finish
