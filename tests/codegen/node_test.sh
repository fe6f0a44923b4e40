#!/bin/sh
# Compiles ONNX's own operator tests to C, builds one program of them, and runs it: the results of the generated C must
# equal the engine's, bit for bit. (That the engine is right is tested in tests/engine.) Exit 77 without data.
# Uses: gcc, g++, clang, arm-none-eabi-gcc as there are. Argument: node_sources.
set -eu

node_sources=$1
warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0
# Some Linux kernels load programs at addresses where the sanitizers of gcc 12 cannot work; a fixed address avoids that.
placed=
if setarch --addr-no-randomize true 2> /dev/null; then
    placed='setarch --addr-no-randomize'
fi
"$node_sources" . > count || exit $?

# Alone, a source holds the kernels that it calls and no others: an unused one is a warning. Many are one compilation,
# in which each has kernels with names of its own.
for source in case_*.c; do
    sed -i -E "s/\\b(ql|QL)_/${source%.c}_\\1_/g" "$source"
done
for single in single_*.c; do
    if ! gcc -std=c11 -O0 $warnings -S "$single" -o single.s 2> errors; then
        head -20 errors
        status=1
    fi
done

# The inputs and outputs are ours: one compiler is enough for them, once with guards around each.
gcc -std=c11 -O0 -w -c cases.c -o cases.o
gcc -std=c11 -O0 -w -fsanitize=address,undefined -fsanitize-undefined-trap-on-error -c cases.c -o guarded.o

# build COMPILER...: one program of all cases.
build()
{
    command -v "$1" > /dev/null || return 0
    for batch in batch_*.c; do
        if ! "$@" $warnings -c "$batch" -o "$batch.o" 2> errors; then
            head -20 errors
            status=1
            return
        fi
    done
    case "$*" in
        *-fsanitize*) cases=guarded.o ;;
        *) cases=cases.o ;;
    esac
    "$@" -w -x none $cases batch_*.o -o cases
    if ! $placed ./cases > printed; then
        echo "$*:"
        cat printed
        status=1
    fi
}

build gcc -std=gnu11 -O3 -march=native
build gcc -std=c11 -O1 -fsanitize=address,undefined -fsanitize-undefined-trap-on-error
build clang -std=gnu11 -O3 -march=native
build g++ -std=c++17 -O0 -x c++
if command -v arm-none-eabi-gcc > /dev/null; then
    arm-none-eabi-gcc -std=c11 -fsyntax-only -mthumb -mcpu=cortex-m0plus $warnings batch_*.c || status=1
fi
echo "$(cat count) tests"
exit $status
