#!/bin/bash
# Trainings end with the committed bits: for every form of vectors that the machine has, for 1, 2 and 4 threads, as gcc
# compiles the sources at -O2 beside the -O3 of the build and the -O1 of the one with sanitizers, and as clang does at -O1
# and -O3. The short trainings, which the test on arm64 runs, are compared as built; with SOURCES, plain C runs them too,
# which takes forty times as long.
# With the golden file of the short ones, only they run.
# Uses: sha256sum, the program golden_trainings; with SOURCES, the compilers too.
# usage: golden_trainings_test.sh GOLDEN PROGRAM [SOURCES]
# To write the golden file anew: make goldens.
set -euo pipefail

golden=$(realpath "$1")
program=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checked=0

# check NAME PROGRAM THREADS [--short]: runs the trainings and compares every file.
check()
{
    local folder=$work/results expected=$golden
    if [ $# = 4 ]; then
        expected=${golden%_short.txt}
        expected=${expected%.txt}_short.txt
    fi
    rm -rf "$folder"
    mkdir "$folder"
    "$2" "${@:4}" "$folder" "$3"
    if ! (cd "$folder" && sha256sum --quiet --check "$expected") || [ "$(ls "$folder" | wc -l)" != "$(wc -l < "$expected")" ]; then
        echo "trainings differ from $expected: $1, $3 thread(s)" >&2
        exit 1
    fi
    checked=$((checked + 1))
}

unset QUILLET_VECTORS
if [ $# -lt 3 ]; then
    [ "${golden%_short.txt}" != "$golden" ] || check "as built" "$program" 2
    check "as built" "$program" 2 --short
    echo "$checked runs have the committed bits"
    exit 0
fi

cd "$3"
mkdir "$work/probe"
for form in avx512 avx2 neon plain; do
    export QUILLET_VECTORS=$form
    case $("$program" "$work/probe" 0 2>&1 || true) in
        *"does not have these vector instructions"*) echo "$form: not on this machine" && continue ;;
    esac
    if [ "$form" = plain ]; then # the slow one, whose threads are those of the others
        check "$form" "$program" 1 --short
        continue
    fi
    for threads in 1 2 4; do
        check "$form" "$program" $threads
    done
done

unset QUILLET_VECTORS
flags="-std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -ffp-contract=off -fno-math-errno -fno-trapping-math -ffunction-sections -Wl,--gc-sections"
for compiler in gcc clang; do
    command -v $compiler > /dev/null || { echo "$compiler: not on this machine" && continue; }
    case $compiler in
        gcc) own=-fno-tree-slp-vectorize levels=-O2 ;;
        *) own='' levels='-O1 -O3' ;;
    esac
    for level in $levels; do
        # shellcheck disable=SC2086
        $compiler $flags $own $level -Isrc -I. -o "$work/compiled" tests/train/golden_trainings.c \
            $(ls src/base/*.c | grep -v system_posix) src/product/*.c $(ls src/model/*.c | grep -v stepper) src/train/*.c \
            src/corpus/token_text.c -lm -lpthread
        check "$compiler $level" "$work/compiled" 2
    done
done
echo "$checked runs have the committed bits"
