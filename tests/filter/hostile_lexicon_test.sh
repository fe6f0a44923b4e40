#!/bin/sh
# A model that was trained on listed words writes with a lexicon of half of them: no item has another word, by an oracle
# that shares no code with the lexicon, alone and with the filter beside it. Without the lexicon, many have. Generated C
# and, where ONNX Runtime is installed, JavaScript write the same text.
# Usage: hostile_lexicon_test.sh SOURCES QUILLET SPELLED_LINES HOSTILE_LINES WORDS CC ITEMS [PIECES]. Exit code 77: there
# is no list.
set -eu

root=$1
quillet=$2
spelled=$3
listed=$4
words=$5
cc=$6
items=$7
pieces=${8:-0}

if [ ! -e "$words" ]; then
    echo "the default list is not there: tools/bootstrap web, and build again"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

checkpoint=$(sh "$root/tests/filter/make_hostile.sh" "$root" "$quillet" "$words" "$pieces")
"$quillet" filter --words "$words" --output words.qlf > /dev/null
sh "$root/tests/filter/hostile_words.sh" "$root" "$words" > lexicon.txt

# items COUNT SEED OPTION...: so many items, a quarter of them at each temperature.
items()
{
    count=$1
    seed=$2
    shift 2
    for temperature in 0.4 0.8 1.2 1.6; do
        "$quillet" generate --init_from "$checkpoint" --count $((count / 4)) --seed "$seed${temperature#*.}" --quiet \
            --temperature $temperature --max_length 48 "$@"
    done
}

for filter in "" words.qlf; do
    "$quillet" lexicon --words lexicon.txt ${filter:+--filter $filter} --output lexicon.qlx > account
    items "$items" 1 --lexicon lexicon.qlx ${filter:+--filter $filter} > written
    result=$("$spelled" lexicon.txt < written)
    echo "lexicon${filter:+ and filter}: $result"
    case $result in
    *"unlisted 0") ;;
    *) exit 1 ;;
    esac
    [ "$(wc -l < written)" -gt $((items / 2)) ] # those that were cut within a word are left out
    [ -z "$filter" ] || "$listed" "$words" < written | grep "with_words 0"

    # One text, as long as several items, from every engine.
    "$quillet" evaluate --model hostile.json --seed 3 --length 600 --temperature 1.2 --quiet --lexicon lexicon.qlx \
        ${filter:+--filter $filter} > host.txt
    "$quillet" compile --model hostile.json --name hostile --output hostile.c --lexicon lexicon.qlx \
        ${filter:+--filter $filter}
    "$cc" -std=c11 -O1 -I . -o text_of_c "$root/tests/filter/hostile_text.c" hostile.c
    ./text_of_c 3 600 1.2 > c.txt
    cmp host.txt c.txt
    if [ -e "$root/web/node_modules/onnxruntime-node" ] && command -v node > /dev/null; then
        node "$root/web/evaluate.js" --model hostile.json --seed 3 --length 600 --temperature 1.2 --quiet \
            --lexicon lexicon.qlx ${filter:+--filter $filter} > js.txt
        cmp host.txt js.txt
    fi
done

result=$(items $((items / 10)) 1 | "$spelled" lexicon.txt 2> /dev/null)
echo "without: $result"
case $result in
*"unlisted 0") exit 1 ;;
esac
