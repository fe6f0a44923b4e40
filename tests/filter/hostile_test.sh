#!/bin/sh
# A model that was trained on listed words says none with the filter, and some without it, on the host and in generated
# C, which write the same text. The oracle that looks for the words shares no code with the filter.
# Usage: hostile_test.sh SOURCES QUILLET HOSTILE_HOST WORDS CC ITEMS [PIECES]. Exit code 77: there is no list.
set -eu

root=$1
quillet=$2
host=$3
words=$4
cc=$5
items=$6
pieces=${7:-0}

if [ ! -e "$words" ]; then
    echo "the default list is not there: tools/bootstrap web, and build again"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

checkpoint=$(sh "$root/tests/filter/make_hostile.sh" "$root" "$quillet" "$words" "$pieces")
"$quillet" filter --words "$words" --output words.qlf > /dev/null

# A tenth of the items is enough for the model without the filter.
for filter in words.qlf -; do
    if [ "$filter" = - ]; then
        "$quillet" compile --model hostile.json --name hostile --output hostile.c
        define=UNFILTERED
        items=$((items / 10))
    else
        "$quillet" compile --model hostile.json --name hostile --filter "$filter" --output hostile.c
        define=FILTERED
    fi
    "$cc" -std=c11 -O2 -D "$define" -I . -I "$root/tests/filter" -o generated "$root/tests/filter/hostile_generated.c" \
        "$root/tests/filter/hostile_count.c" "$root/tests/filter/word_checker.c" hostile.c
    "$host" "$checkpoint" "$filter" "$words" "$items" > host.out
    ./generated "$words" "$items" > generated.out
    echo "$define: $(cat host.out)"
    cmp host.out generated.out
    case $define in
    FILTERED) grep -q 'with_words 0 ' host.out ;;
    *) awk '{ exit !($4 > 0) }' host.out ;;
    esac
done
