#!/bin/sh
# Cuts a generated source at its markers and compares each piece with the file of device/ that it names; looks whether
# each is there once, after what it includes, and whether the same command gives the same bytes.
# Uses: awk, cmp. Arguments: sources, random_model, engine_text (not used), quillet.
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
for piece in *.piece; do
    name=${piece%.piece}
    grep -v '^#include "' "$root/device/$name" > expected
    cmp "$piece" expected || status=1
    # What the file includes stands before it.
    sed -n 's/^#include "\(.*\)"$/\1/p' "$root/device/$name" | while read -r included; do
        before=$(grep -n "^// end $included\$" names.c | cut -d: -f1)
        after=$(grep -n "^// begin device/$name\$" names.c | cut -d: -f1)
        [ -n "$before" ] && [ "$before" -lt "$after" ] || { echo "$included does not stand before $name"; exit 1; }
    done || status=1
done
# Nothing but the standard headers, and the header of its own.
includes=$(sed -n 's/^#include //p' names.c names.h | sort -u | grep -v -e '<stdbool.h>' -e '<stddef.h>' -e '<stdint.h>' -e '<string.h>' -e '"names.h"' || true)
[ -z "$includes" ] || { echo "includes $includes"; status=1; }
# The header leaves nothing behind but its guard.
printf '#include "names.h"\n' > header.c
printf '#include <stdbool.h>\n#include <stdint.h>\n' > bare.c
gcc -std=c11 -dM -E header.c | sort > with
gcc -std=c11 -dM -E bare.c | sort > without
left=$(comm -23 with without)
[ "$left" = '#define NAMES_H ' ] || { echo "the header defines $left"; status=1; }

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
