#!/bin/bash
# The demo writes the same text, to the letter, everywhere: a shortened form of tools/demo, with its corpus, models, and
# seeds, is compared with tests/golden/demo/. The corpus comes from Debian's packages, so there is a golden text for
# each known corpus; the test is skipped for others.
# Uses: tools/recipes/{demo,english}, the tool. usage: demo_cli_test.sh QUILLET JSON_GET SOURCES [--write]
set -euo pipefail

quillet=$(realpath "$1")
sources=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for file in /usr/share/games/fortunes/literature /usr/share/calendar/calendar.music /usr/share/dict/american-english \
    /usr/share/dictd/gcide.dict.dz /usr/share/dictd/wn.dict.dz; do
    [ -e "$file" ] || { echo "$file is missing: tools/bootstrap demo" && exit 77; }
done

cd "$work"
QUILLET=$quillet "$sources/tools/recipes/demo" "$work/corpus" > /dev/null 2>&1
LC_ALL=C grep -E '^[A-Z][a-z]{2,}$' /usr/share/dict/american-english > nouns.txt
cat corpus/names.txt nouns.txt > spelling.txt
BROWN=none QUILLET=$quillet "$sources/tools/recipes/english" "$work/english" "$work/corpus" > /dev/null 2>&1
head -n 2000 english/english.txt > english.txt
head -n 600 corpus/quotes.txt > quotes.txt
# The pieces are learned from a part, which may lack a symbol of the quotations.
cat quotes.txt >> english.txt
golden=$sources/tests/golden/demo/$(cat spelling.txt english.txt quotes.txt corpus/{names,quotes}.validation.txt |
    sha256sum | head -c 16).md

shared=(--sequences items --schedule cosine --checkpoint_dir runs --seed 1 --quiet)
names_held_out=(--validation corpus/names.validation.txt)
quotes_held_out=(--validation corpus/quotes.validation.txt)
spelling=$("$quillet" train --input spelling.txt "${shared[@]}" "${names_held_out[@]}" --run_name spelling \
    --max_epochs 1 --batch_size 32 --learning_rate 0.004 --dropout 0.3)
names=$("$quillet" train --init_from "$spelling" --input corpus/names.txt "${shared[@]}" "${names_held_out[@]}" \
    --run_name names --max_epochs 1 --batch_size 16 --learning_rate 0.002 --dropout 0.6)
english=$("$quillet" train --input english.txt "${shared[@]}" "${quotes_held_out[@]}" --run_name english --pieces 512 \
    --rnn_size 320 --num_layers 1 --embedding_size 64 --max_epochs 1 --batch_size 32 --seq_length 64 \
    --learning_rate 0.005 --final_learning_rate 0.001 --warmup_steps 100)
quotes=$("$quillet" train --init_from "$english" --input quotes.txt "${shared[@]}" "${quotes_held_out[@]}" \
    --run_name quotes --max_epochs 1 --batch_size 32 --seq_length 64 --learning_rate 0.002)
{
    "$quillet" compare --init_from "$names" --temperature 0.3,0.6,0.9,1.2 --count 10 --seed 8
    echo
    "$quillet" predict --init_from "$quotes" --temperature 0.5 --generate 200 --seed 1
} > said.md

if [ "${4:-}" = --write ]; then
    mkdir -p "${golden%/*}"
    cp said.md "$golden"
    echo "$golden"
    exit 0
fi
[ -e "$golden" ] || { echo "${golden##*/}: not known; this corpus is of another release of Debian" && exit 77; }
diff -u "$golden" said.md
echo "the demo says what it says everywhere"
