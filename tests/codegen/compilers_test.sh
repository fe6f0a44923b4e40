#!/bin/sh
# Compiles models to C, compiles the C with every available compiler, language, and optimization level, and compares the
# programs' output with the engine's: 1000 tokens and logits, bit for bit. No warning, no name without the model's.
# Uses: gcc, clang, g++, nm as there are. Arguments: sources, random_model, engine_text, quillet.
set -eu

root=$1
random_model=$2
engine_text=$3
quillet=$4
warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0
programs=0
# Some Linux kernels load programs at addresses where the sanitizers of gcc 12 cannot work; a fixed address avoids that.
placed=
if setarch --addr-no-randomize true 2> /dev/null; then
    placed='setarch --addr-no-randomize'
fi

fail()
{
    echo "$1"
    status=1
}

# guards COMPILER: the flags with which undefined behavior ends the program. Without words for each check it compiles faster.
guards()
{
    case $1 in
        clang*) echo "-O1 -fsanitize=address,undefined -fsanitize-trap=undefined" ;;
        *) echo "-O1 -fsanitize=address,undefined -fsanitize-undefined-trap-on-error" ;;
    esac
}

# run NAME DEFINE COMPILER...: compiles NAME.c with the driver, runs it, compares with NAME.expected.
run()
{
    name=$1
    define=$2
    shift 2
    if ! "$@" $warnings -D "MODEL=$name" -D "HEADER=\"$name.h\"" $define -I . "$name.c" \
        "$root/tests/codegen/text_driver.c" -o program 2> errors; then
        cat errors
        fail "$name: $* does not compile"
        return
    fi
    programs=$((programs + 1))
    $placed ./program > printed || fail "$name: $*: the program says so itself"
    cmp -s printed "$name.expected" || fail "$name: $* writes something else: $(diff printed "$name.expected" | head -2)"
}

# model NAME CELL V E H L ITEMS SEED [OPTION...]; a transformer has the sizes of its heads, feed-forward half and context in
# `sizes`.
model()
{
    name=$1
    cell=$2
    # shellcheck disable=SC2086
    "$random_model" "$cell" "$3" "$4" "$5" "$6" "$7" "$8" "$name" $sizes
    shift 8
    case " $* " in
        *' int8 '*) "$engine_text" "$name.json" 1000 int8 > "$name.expected" ;;
        *' int4 '*) "$engine_text" "$name.json" 1000 int4 > "$name.expected" ;;
        *) "$engine_text" "$name.json" 1000 > "$name.expected" ;;
    esac
    "$quillet" compile --model "$name.json" --output "$name.c" "$@"
    defined=$(gcc -std=c11 -c "$name.c" -o object.o && nm --defined-only --extern-only object.o |
        awk -v name="${name}_" 'index($3, name) != 1 { print $3 }')
    [ -z "$defined" ] || fail "$name: exports $defined"
    undefined=$(nm --undefined-only object.o | awk '$2 !~ /^(memcpy|memset|memmove|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail)$/ { print $2 }')
    [ -z "$undefined" ] || fail "$name: needs $undefined"
}

# accept_as_cpp NAME: the same source is C++, too. What it computes as C++ is compared for a model of each kind of numbers.
accept_as_cpp()
{
    command -v g++ > /dev/null || return 0
    if ! g++ -std=c++17 -fsyntax-only -x c++ $warnings "$1.c" 2> errors; then
        cat errors
        fail "$1: is not C++"
    fi
}

sizes=
# All compilers and levels on one model, and a few on every other one; the first is of the size that people train.
model large lstm 65 84 128 2 1 1
run large '' gcc -std=c11 -O2
if command -v clang > /dev/null; then
    run large '' clang -std=gnu11 -O3 -march=native
fi
model names lstm 65 30 48 2 1 1
for compiler in gcc clang; do
    command -v "$compiler" > /dev/null || continue
    for flags in -O0 -O1 -O2 -O3 -Os '-O3 -march=native' '-O2 -flto' "$(guards "$compiler")"; do
        # shellcheck disable=SC2086
        run names '' "$compiler" -std=c11 $flags
    done
    # Here products and sums may be fused unless the source forbids it.
    run names '' "$compiler" -std=gnu11 -O3 -march=native
    # If told to explicitly, clang fuses them anyway; then the self-test must report it.
    "$compiler" -std=gnu11 -O3 -march=native -ffp-contract=fast -D MODEL=names -D 'HEADER="names.h"' -I . names.c \
        "$root/tests/codegen/text_driver.c" -o program
    if ./program > printed && ! cmp -s printed names.expected; then
        fail "names: $compiler -ffp-contract=fast: the self-test does not see the difference"
    fi
    run names '' "$compiler" -std=gnu17 -O2 -fno-strict-aliasing
    if "$compiler" -std=c11 -Ofast -c names.c -o object.o 2> /dev/null; then
        fail "names: $compiler -Ofast is not refused"
    fi
done
for compiler in g++ clang++; do
    command -v "$compiler" > /dev/null || continue
    run names '' "$compiler" -std=c++17 -O3 -march=native -x c++
done

model no_embedding_table lstm 40 3 5 1 0 2
model odd_lstm lstm 7 129 33 3 0 3 --workspace caller
model gru gru 111 24 37 2 1 4
model gru_caller gru 2 1 1 1 0 5 --workspace=caller
model rnn rnn 96 17 50 3 1 6
model one_unit rnn 1 1 1 8 0 7
for name in no_embedding_table odd_lstm gru gru_caller rnn one_unit; do
    define=
    case $name in odd_lstm | gru_caller) define='-D CALLER_WORKSPACE' ;; esac
    run "$name" "$define" gcc -std=c11 -O2
    run "$name" "$define" gcc -std=gnu11 -O3 -march=native
    accept_as_cpp "$name"
    if command -v clang > /dev/null; then
        run "$name" "$define" clang -std=gnu11 -O3 -march=native
    fi
done

# levels NAME COMPILER FLAGS...: a program for each of the flags.
levels()
{
    name=$1
    compiler=$2
    shift 2
    command -v "$compiler" > /dev/null || return 0
    for flags; do
        # shellcheck disable=SC2086
        run "$name" '' "$compiler" -std=c11 $flags
    done
}

# The same in integers: a compiler has each level with one of the formats, which share most of their code, and a few on
# the others.
model large8 lstm 65 84 128 2 1 1 --quantize int8
run large8 '' gcc -std=c11 -O2
model names8 lstm 65 30 48 2 1 1 --quantize int8
model names4 lstm 65 30 48 2 1 1 --quantize int4
if command -v g++ > /dev/null; then
    run names8 '' g++ -std=c++17 -O2 -x c++
    run names4 '' g++ -std=c++17 -O2 -x c++
fi
levels names8 gcc -O0 -O2 -Os -Ofast "$(guards gcc)"
levels names4 gcc -O1 -O3 '-O3 -march=native' "$(guards gcc)"
levels names4 clang -O0 -O2 -Os -Ofast
levels names8 clang -O1 -O3 '-O3 -march=native' "$(guards clang)"
model odd8 lstm 7 129 33 3 0 3 --workspace caller --quantize int8
model gru8 gru 111 24 37 2 1 4 --quantize int8
model gru4 gru 2 1 1 1 0 5 --quantize int4
model rnn8 rnn 96 17 50 3 1 6 --quantize int8
model unit4 rnn 1 1 1 8 0 7 --quantize int4
# With a product in place of the first layer's table.
model wide8 lstm 150 5 40 1 1 5 --quantize int8
model wide4 gru 130 4 27 2 1 6 --workspace caller --quantize int4
sizes='4 2 50 40'
model decoder transformer 60 32 32 2 1 10
model decoder8 transformer 60 32 32 2 1 8 --quantize int8
model decoder4 transformer 60 32 32 2 0 9 --quantize int4
for name in odd8 gru8 gru4 rnn8 unit4 decoder decoder8 decoder4; do
    define=
    case $name in odd8) define='-D CALLER_WORKSPACE' ;; esac
    run "$name" "$define" gcc -std=c11 -O2
    accept_as_cpp "$name"
    if command -v clang > /dev/null; then
        run "$name" "$define" clang -std=gnu11 -O3 -march=native
    fi
done
levels decoder8 gcc -O0 -O1 -O3 -Os "$(guards gcc)"
echo "$programs programs"
exit $status
