#!/bin/bash
# clang's -fassociative-math was neither refused nor shut out: generated C summed in another order, without a word. Guards:
# each option that gives up bits is an error of the compiler, or changes nothing: the self-test holds.
# Uses: expect.sh, gcc and clang where they are there. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --rnn_size 24 --max_epochs 1 --run_name r
expect_exit 0 export --init_from checkpoints/r/checkpoint.1.safetensors --export_file m.onnx --quiet
expect_exit 0 compile m.onnx --output m.c
printf '#include "m.h"\nstatic struct m_state state;\nint main(void) { return m_check(&state) != 0; }\n' > main.c

# refuses COMPILER OPTION...
refuses()
{
    command="$* m.c"
    if "$1" -O2 "${@:2}" -c -o m.o m.c 2> err; then
        fail "is compiled"
    elif ! grep -q 'promised to the last bit' err; then
        fail "has another error"
    fi
}

# holds COMPILER OPTION...: where the compiler knows the options, the program has the bits.
holds()
{
    command="$* m.c main.c"
    if ! "$@" -x c -c -o /dev/null - < /dev/null 2> /dev/null; then
        echo "$* is not known here"
        return
    fi
    "$1" -O3 "${@:2}" -w -o m m.c main.c 2> err || fail "is not compiled"
    ./m || fail "has other bits"
}

if command -v gcc > /dev/null; then
    holds gcc
    for options in -ffast-math -Ofast -ffinite-math-only -funsafe-math-optimizations -freciprocal-math \
        "-fassociative-math -fno-signed-zeros -fno-trapping-math" -fno-signed-zeros; do
        # shellcheck disable=SC2086
        refuses gcc $options
    done
    holds gcc -frounding-math
    holds gcc -fno-math-errno -fno-trapping-math
    holds gcc -ffp-contract=fast -march=native
fi
if command -v clang > /dev/null; then
    holds clang
    for options in -ffast-math -Ofast -ffinite-math-only; do
        refuses clang $options
    done
    holds clang -fassociative-math -fno-signed-zeros -fno-trapping-math
    holds clang -fassociative-math -fno-signed-zeros -fno-trapping-math -march=native
    holds clang -fno-math-errno
    holds clang -frounding-math
fi

finish
