#!/bin/sh
# Cuts a generated source at its markers: each piece has lines of the file of device/ that it names, in their order, and
# its functions whole. Each is there once, after what it includes; no function is there without a caller; and the same
# command gives the same bytes. Uses: awk, cmp; clang and arm-none-eabi-gcc as they are there. Arguments: sources, random_model, engine_text (not used), quillet.
set -eu

root=$1
random_model=$2
quillet=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
status=0

"$random_model" lstm 9 5 7 2 1 1 names
"$quillet" compile names.onnx --output names.c
awk '
    /^\/\/ begin device\// { name = $3; sub(/.*\//, "", name); file = name ".piece"; count++; next }
    /^\/\/ end device\// {
        if ($3 != "device/" name) { print "the end of " name " is marked " $3; exit 1 }
        if (name in seen) { print name " is there twice"; exit 1 }
        seen[name] = 1; close(file); file = ""; next
    }
    file != "" { print > file }
    END { if (file != "") { print "the last piece has no end"; exit 1 }; print count > "count" }' names.c || status=1
# A model of two layers that writes needs at least these.
for name in exact.h matvec.h activation.h lstm.h sampler.h random.h trace.h; do
    [ -e "$name.piece" ] || { echo "$name is missing"; status=1; }
done
# functions FILE: each function as one line, its lines joined by a bar.
functions()
{
    awk '/^static .*\(/ { within = 1; text = "" } within { text = text "|" $0 } within && /^}/ { print text; within = 0 }' "$1"
}

for piece in *.piece; do
    name=${piece%.piece}
    # Lines of the file, in their order: a diff takes nothing but lines away, empty ones set aside.
    grep -v '^$' "$root/device/$name" > whole
    grep -v '^$' "$piece" > part
    added=$(diff whole part | grep -c '^>' || true)
    [ "$added" = 0 ] || { echo "$piece: $added lines are not those of device/$name"; status=1; }
    functions "$root/device/$name" | sort > whole
    functions "$piece" | sort > part
    [ -z "$(comm -13 whole part)" ] || { echo "$piece: a function is not as in device/$name"; status=1; }
    # What the file includes stands before it.
    sed -n 's/^#include "\(.*\)"$/\1/p' "$root/device/$name" | while read -r included; do
        before=$(grep -n "^// end $included\$" names.c | cut -d: -f1)
        after=$(grep -n "^// begin device/$name\$" names.c | cut -d: -f1)
        [ -z "$before" ] || [ "$before" -lt "$after" ] || { echo "$included does not stand before $name"; exit 1; }
    done || status=1
done
# Comments stay true where their neighbors are left out.
! grep -e 'integer kernel' -e ', too\.$' names.c || { echo "comments of a float model on what it does not have"; status=1; }
# Nothing but the standard headers, and the header of its own.
includes=$(sed -n 's/^#include //p' names.c names.h | sort -u | grep -v -e '<stdbool.h>' -e '<stddef.h>' -e '<stdint.h>' -e '<string.h>' -e '"names.h"' || true)
[ -z "$includes" ] || { echo "includes $includes"; status=1; }
# The header leaves nothing behind but its guard, and that and the number of the struct that all models have.
printf '#include "names.h"\n' > header.c
printf '#include <stdbool.h>\n#include <stdint.h>\n' > bare.c
gcc -std=c11 -dM -E header.c | sort > with
gcc -std=c11 -dM -E bare.c | sort > without
left=$(comm -23 with without | sed '/^#define NAMES_HEADER 0x[0-9a-f]\{8\}u$/d; s/ 0x[0-9a-f]\{8\}u$/ NUMBER/')
[ "$left" = '#define NAMES_H 
#define QL_DEVICE_MODEL_FUNCTIONS_H 
#define QL_DEVICE_MODEL_FUNCTIONS_ID NUMBER' ] || { echo "the header defines $left"; status=1; }

# Models of all kinds hold no function that nobody calls, and no table that nobody reads.
# For Arm's small processors, where kernels are in assembly, clang takes newlib's headers from gcc.
small_processors=
newlib=
if command -v arm-none-eabi-gcc > /dev/null; then
    newlib=$(echo '#include <string.h>' | arm-none-eabi-gcc -E - | sed -n 's|^# 1 "\(.*\)/string.h".*|\1|p' | head -1)
    small_processors='cortex-m0plus cortex-m4 cortex-m33'
fi
warnings='-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wunused-function -Wunused-const-variable -Werror'
if command -v clang > /dev/null; then
    for cell in lstm gru rnn transformer; do
        sizes='9 20 2 1 1 called'
        [ "$cell" != transformer ] || sizes='24 24 5 1 1 called 4 2 35 20'
        # shellcheck disable=SC2086
        "$random_model" "$cell" 40 $sizes
        for format in off int8 int4; do
            "$quillet" compile called.onnx --output called.c --quantize "$format"
            clang -std=c11 $warnings -fsyntax-only called.c || status=1
            [ "$(grep -c 'clang-format off' called.c)" = "$(grep -c 'clang-format on' called.c)" ] ||
                { echo "$cell $format: clang-format is turned off and not on"; status=1; }
            ! awk 'length($0) > 120 && !/^ *\/\//' called.c called.h | grep . || { echo "$cell $format: long lines"; status=1; }
            for processor in $small_processors; do
                # shellcheck disable=SC2086
                clang --target=arm-none-eabi -mcpu="$processor" -mthumb -isystem "$newlib" -std=c11 $warnings \
                    -fsyntax-only called.c || status=1
            done
        done
    done
fi
# A build may place arrays as it likes.
gcc -std=c11 -Wall -Wextra -Werror -D QL_ALIGNED= -fsyntax-only names.c || status=1
# A model in integers needs no routine of emulated float, and a model without a filter has no function of one.
"$random_model" rnn 40 9 20 2 1 1 called
"$quillet" compile called.onnx --output called.c --quantize int8
if command -v arm-none-eabi-gcc > /dev/null; then
    arm-none-eabi-gcc -std=c11 -mthumb -mcpu=cortex-m0plus -O2 -c called.c -o called.o
    float=$(arm-none-eabi-nm --undefined-only called.o | grep -E '__aeabi_([fdi]|u?l?2|[fd]2|ui2f)' | grep -v -e idiv || true)
    [ -z "$float" ] || { echo "an integer model needs $float"; status=1; }
fi
! grep -E 'may_end|refuses|filter' called.c called.h | grep -v -e '(\*' -e NULL || { echo "a filter that is not there"; status=1; }

cp names.c first.c
cp names.h first.h
"$quillet" compile names.onnx --output names.c
cmp names.c first.c && cmp names.h first.h || status=1
# To standard output goes the same source.
"$quillet" compile names.onnx --header names.h > printed.c 2> /dev/null
grep -v 'command line' names.c > a
grep -v 'command line' printed.c > b
cmp a b || status=1
sha256sum names.onnx | cut -d' ' -f1 > sha
grep -q "SHA-256 *$(cat sha)" names.c || { echo "the SHA-256 is not that of the model"; status=1; }
echo "$(cat count) files"
exit $status
