#!/bin/sh
# The stack that a call of generated C takes on a Cortex-M0+ and a Cortex-M33 is measured in QEMU and compared with what
# the head of the source says, at all levels that optimize. Exit 77 without the tools.
# Uses: arm_machine.sh. Arguments: sources, random_model, engine_text (not used), quillet.
set -eu

root=$1
random_model=$2
quillet=$4
# shellcheck source-path=SCRIPTDIR source=arm_machine.sh
. "$root/tests/codegen/arm_machine.sh"

# stack BYTES MACHINE FLASH RAM FLAG...: a call of model.c takes no more than these bytes, and not less than a third.
stack()
{
    bytes=$1
    shift
    emulate "$1" "$2" "$3" stack_driver.c "$4" "$5"
    peak=$(cat printed)
    if [ "$peak" -gt "$bytes" ] || [ "$peak" -lt $((bytes / 3)) ]; then
        echo "$what, $4 $5: the stack takes $peak bytes, and the limit is $bytes"
        status=1
    fi
}

printf 'dog\ncat\n' > words.txt
printf 'a\nbee\nbird\n' > lexicon.txt
"$quillet" filter --words words.txt --output words.qlf > /dev/null 2>&1
"$quillet" lexicon --words lexicon.txt --output words.qlx > /dev/null 2>&1
# measure FORMAT OPTION...: model.json in that format, at all levels.
measure()
{
    what="$model $*"
    "$quillet" compile --model model.json --output model.c --quantize "$@"
    m0=$(sed -n 's/.*stack *at most \([0-9]*\) bytes.*/\1/p' model.c)
    m33=$(sed -n 's/.*stack .*Cortex-M0+, \([0-9]*\) on.*/\1/p' model.c)
    for level in -Os -O2 -O3; do
        stack "$m0" mps2-an385 0 0x20000000 $level -mcpu=cortex-m0plus
        stack "$m33" mps2-an505 0x10000000 0x38000000 $level -mcpu=cortex-m33
    done
}

model=lstm
"$random_model" lstm 96 21 30 2 1 1 model
measure off
measure off --filter words.qlf --lexicon words.qlx
measure int4
measure int8 --filter words.qlf --lexicon words.qlx
# With a product of the input, which is int8 in both formats, beside those of the layers.
model=gru
"$random_model" gru 150 4 27 2 1 6 model
measure int4
model=transformer
"$random_model" transformer 96 24 24 2 1 4 model 4 2 35 20
measure off
measure int8 --filter words.qlf
exit $status
