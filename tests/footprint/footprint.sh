#!/bin/bash
# Measures what four generated models and the firmware's own files take of code, constants, and RAM on x86-64, Cortex-M0+,
# and Cortex-M33, and compares with the limits of footprint.txt. With the compilers that the file names, every number has to
# be the recorded one; with others it may be larger by 15 %. Exit 77 where none of the compilers is installed.
# Uses: gcc, arm-none-eabi-gcc, size. Arguments: the root of the sources, random_model, quillet; --write in front of these
# records the numbers. With a file of such lines in place of random_model and quillet, that file is compared or recorded.
set -euo pipefail

write=
if [[ $1 == --write ]]; then
    write=$1
    shift
fi
root=$(realpath "$1")
first=$(realpath "$2")
[[ $# -lt 3 ]] || quillet=$(realpath "$3")
limits=$root/tests/footprint/footprint.txt
slack_percent=15
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# measure WHAT PROCESSOR SIZE COMPILER...: a line of the table, for the sources in the array `sources`.
measure()
{
    local what=$1 processor=$2 size=$3 source
    shift 3
    rm -f ./*.o
    for source in "${sources[@]}"; do
        "$@" -std=c11 -O2 -ffp-contract=off -fno-asynchronous-unwind-tables -fno-pic -fno-stack-protector -w \
            -D_POSIX_C_SOURCE=200809L -I . -I "$root" -I "$root/firmware" -I "$root/firmware/app" -c "$source" \
            -o "$(basename "$source" .c).o"
    done
    "$size" -A ./*.o | awk -v what="$what" -v processor="$processor" '
        $1 ~ /^\.(text|time_critical|init)/ { code += $2 }
        $1 ~ /^\.(rodata|weights)/ { constants += $2 }
        $1 ~ /^\.(data|bss|scratch|tdata|tbss)/ { ram += $2 }
        END { printf "%-12s %-14s %8d %9d %7d\n", what, processor, code, constants, ram }' >> measured
}

# everywhere WHAT: the sources with each compiler that is here.
everywhere()
{
    if [[ $(gcc -dumpmachine 2> /dev/null) == x86_64-* ]]; then
        measure "$1" x86-64 size gcc
    fi
    if command -v arm-none-eabi-gcc > /dev/null; then
        measure "$1" cortex-m0plus arm-none-eabi-size arm-none-eabi-gcc -mthumb -mcpu=cortex-m0plus
        measure "$1" cortex-m33 arm-none-eabi-size arm-none-eabi-gcc -mthumb -mcpu=cortex-m33 -mfloat-abi=hard \
            -mfpu=fpv5-sp-d16
    fi
}

# model WHAT FORMAT MODEL...: generated C with one state, for which the caller has the memory.
model()
{
    local what=$1 format=$2
    shift 2
    "$first" "$@"
    "$quillet" compile --model model.json --output model.c --quantize "$format" > /dev/null 2>&1
    printf '#include "model.h"\nstruct model_state one_text;\n' > state.c
    sources=(model.c state.c)
    everywhere "$what"
}

measure_all()
{
    model rnn_float off rnn 65 32 64 1 1 1 model
    model lstm_int8 int8 lstm 65 84 128 2 1 1 model
    model gru_int4 int4 gru 65 64 96 2 1 2 model
    model decoder_int8 int8 transformer 96 64 64 2 1 4 model 4 2 168 64
    printf '#include "app/appliance.h"\nstruct ql_appliance one_frame;\n' > state.c
    sources=(state.c)
    for source in "$root"/firmware/app/*.c "$root"/firmware/panel/*.c; do
        case ${source##*/} in
        compiled_models.c | stub.c | stub_models.c) ;; # they belong to models, or stand for them
        *) sources+=("$source") ;;
        esac
    done
    everywhere firmware
}

if [[ $# -eq 2 ]]; then
    cp "$first" measured
else
    : > measured
    measure_all
fi

if [[ ! -s measured ]]; then
    echo "neither gcc for x86-64 nor arm-none-eabi-gcc is installed (Debian: gcc-arm-none-eabi)"
    exit 77
fi

# The compiler of a processor, as the file names it.
compiler()
{
    local command=arm-none-eabi-gcc
    [[ $1 != x86-64 ]] || command=gcc
    "$command" -dumpfullversion
}

if [[ $write == --write ]]; then
    {
        sed -n '/^#/p' "$limits" | grep -v '^# measured with'
        echo "# measured with gcc $(gcc -dumpfullversion) and arm-none-eabi-gcc $(arm-none-eabi-gcc -dumpfullversion)"
        awk 'FNR == NR { now[$1, $2] = 1; print; next } !/^#/ && !(($1, $2) in now)' measured "$limits" | LC_ALL=C sort
    } > limits
    cp limits "$limits"
    exit
fi

read -r host_version arm_version < <(sed -n 's/^# measured with gcc \([^ ]*\) and arm-none-eabi-gcc \([^ ]*\)$/\1 \2/p' "$limits")
findings=0
while read -r what processor code constants ram; do
    recorded_by=$arm_version
    [[ $processor != x86-64 ]] || recorded_by=$host_version
    exact=0
    [[ $(compiler "$processor") != "$recorded_by" ]] || exact=1
    recorded=$(awk -v what="$what" -v processor="$processor" '$1 == what && $2 == processor' "$limits")
    if [[ -z $recorded ]]; then
        echo "$what on $processor has no line in tests/footprint/footprint.txt"
        findings=1
        continue
    fi
    awk -v now="$code $constants $ram" -v recorded="$recorded" -v exact=$exact -v slack=$slack_percent 'BEGIN {
        split(now, n, " ")
        split(recorded, r, " ")
        split("code constants RAM", kinds, " ")
        for (i = 1; i <= 3; i++) {
            if (exact ? n[i] != r[i + 2] : n[i] * 100 > r[i + 2] * (100 + slack)) {
                print r[1] " on " r[2] ": " n[i] " bytes of " kinds[i] ", and " r[i + 2] " are recorded"
                findings = 1
            }
        }
        exit findings
    }' || findings=1
done < measured
if ((findings)); then
    echo "If that was meant, record it in tests/footprint/footprint.txt: footprint.sh beside it says how."
fi
exit $findings
