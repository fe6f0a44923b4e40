#!/bin/bash
# `quillet study`: the report is the same for any number of threads and after any interruption, holds its numbers and
# needs no other file.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

# Items with symbols that pages and Markdown must escape.
{
    numbers 150
    printf '%s\n' '<b>&"x' 'a|b*_`' '<b>&"x'
} > text.txt
expect_exit 0 train "${tiny[@]}" --input text.txt --sequences items --run_name run
one=checkpoints/run/checkpoint.1.safetensors
two=checkpoints/run/checkpoint.2.safetensors
printf 'bad\nab\n' > words.txt
printf 'abc\nbcd\n' > known.txt
study=(study --corpus text.txt --items 500 --max_length 20 --temperature 0.5,1,1.5 --wordlist known.txt --sentences 0)
all=("${study[@]}" --init_from "$one,$two" --top_p 0.9,1 --top_k 0,5 --count 'a,<b>' --words words.txt --against $one)

expect_exit 0 "${all[@]}" --output first --threads 1
expect_stdout "Use checkpoint."
expect_stdout "first/study.html"
expect_stderr "symbols written and counted"
expect_exit 0 "${all[@]}" --output second --threads 3 --quiet
expect test ! -s err
for file in study.json study.html study.md pictures/copied.svg pictures/pattern_1.svg pictures/lengths.svg; do
    expect_same first/$file second/$file
done

# All finished cells are kept: nothing is written again, and the report is the same.
rm first/study.*
expect_exit 0 "${all[@]}" --output first
expect test ! -s err
expect_same first/study.json second/study.json
# A damaged cell is computed again; so is one that was computed from something else.
cell=$(find first/cells -name '*.json' | sort | head -n 1)
head -c 40 "$cell" > cut
cp cut "$cell"
expect_exit 0 "${all[@]}" --output first
expect_same first/study.json second/study.json
expect_exit 0 "${all[@]}" --output first --seed 2
expect test -n "$(cmp first/study.json second/study.json)"
expect_exit 0 "${all[@]}" --output first
expect_same first/study.json second/study.json

# What is in it.
expect_json second/study.json cells 24
expect_json second/study.json models 2
expect_json second/study.json models.0.label checkpoint.1
expect_json second/study.json corpus.items 153
expect_json second/study.json corpus.distinct 152
expect_json second/study.json corpus.patterns.1 2
expect_json second/study.json cells.0.items 500
expect_json second/study.json cells.5.temperature 1.5
expect_json second/study.json cells.5.top_k 5
expect_json second/study.json cells.23.model 1
expect_json second/study.json cells.0.samples 24
expect_json second/study.json against 6
expect_json second/study.json settings.items 500

# The first samples are the first items that `generate` writes.
expect_exit 0 generate --init_from $one --temperature 0.5 --top_p 0.9 --seed 1 --count 3 --max_length 20 --quiet
expect test "$("$json_get" second/study.json cells.0.samples.2)" == "$(sed -n 3p out)"

# The page needs nothing else, and generated text cannot become markup.
expect test "$(grep -cE '(src|href)=|@import|url\(|<script' second/study.html)" -eq 0
expect test "$(grep -c '<b>' second/study.html)" -eq 0
expect test "$(grep -o '<svg' second/study.html | wc -l)" -eq "$(grep -o '</svg>' second/study.html | wc -l)"
expect test "$(grep -o '<figure' second/study.html | wc -l)" -eq 15
for picture in $(grep -o 'pictures/[a-z_0-9]*.svg' second/study.md); do
    expect test -s "second/$picture"
    expect test "$(grep -c 'nan\|inf' "second/$picture")" -eq 0
done

expect_exit 1 "${all[@]}" --output ""
expect_stderr "the name of a folder to make is empty"

# An interrupted study says so, keeps its cells, and is resumed to the same report.
command="study, interrupted"
"$tool" "${study[@]}" --init_from $two --items 20000 --output third > out 2> err &
while [[ -z $(find third/cells -name '*.json' 2> /dev/null) ]] && kill -0 $! 2> /dev/null; do
    sleep 0.02
done
kill -INT $!
wait $!
expect test $? -eq 1
expect_stderr "third/cells"
expect test ! -e third/study.json
expect_exit 0 "${study[@]}" --init_from $two --items 20000 --output third --quiet
expect_exit 0 "${study[@]}" --init_from $two --items 20000 --output fourth --quiet
expect_same third/study.html fourth/study.html

# One temperature, one item, no wordlist; models as operands, with equal names distinguished by their folders.
mkdir other
cp $two other/checkpoint.2.safetensors
expect_exit 0 study $two other/checkpoint.2.safetensors --corpus text.txt --items 1 --temperature 1 --wordlist "" \
    --sentences 0 --output small
expect_json small/study.json models.1.label other/checkpoint.2
expect_json small/study.json cells 2
expect_exit 0 study --init_from $two --corpus text.txt --items 20 --temperature 0 --sentences 0 --output zero \
    --max_length 5
expect_json zero/study.json cells.0.distinct 1

# The report reads a series from the lowest temperature to the highest, whatever their order in the list.
grid=(study $two --corpus text.txt --items 200 --max_length 20 --wordlist known.txt --sentences 0 --quiet)
expect_exit 0 "${grid[@]}" --temperature 0.2,0.9,1.5 --output ascending
expect_exit 0 "${grid[@]}" --temperature 1.5,0.2,0.9 --output crossed
for n in 0 1 2; do
    expect_json crossed/study.json cells.$n.temperature "$("$json_get" ascending/study.json cells.$n.temperature)"
done
expect_same ascending/pictures/copied.svg crossed/pictures/copied.svg
expect grep -q 'From temperature 0.2 to 1.5, the share of its items that are in the training text goes from ' crossed/study.md
# --against goes by the first top_p, which need not be the lowest.
expect_exit 0 "${grid[@]}" --temperature 1 --top-p 1,0.5 --against $one --output first_of_list
expect_json first_of_list/study.json against.0.top_p 1.0
for twice in --temperature=0.2,0.9,0.20 --top-p=1,1 --top-k=0,5,5; do
    expect_exit 2 "${grid[@]}" "$twice" --output twice
    expect_stderr "is in the list twice"
done

# A filter's words are counted like those of a list, which finds ab as a whole word, too.
expect_exit 0 filter --words words.txt --output words.qlf
expect_exit 0 study $one --corpus text.txt --items 500 --max_length 20 --temperature 0.5 --top_p 0.9 --wordlist known.txt \
    --sentences 0 --filter words.qlf --output filtered
expect test "$("$json_get" filtered/study.json cells.0.listed)" -gt 0
expect test "$("$json_get" filtered/study.json cells.0.listed)" -ge "$("$json_get" second/study.json cells.0.listed)"

# An exported model.
expect_exit 0 export --init_from $two --export_file model.onnx
expect_exit 0 study model.json --corpus text.txt --items 50 --temperature 1 --sentences 0 --output exported
expect_json exported/study.json models.0.label model

expect_exit 2 study --corpus text.txt
expect_stderr "--init-from is missing"
expect_exit 2 study --init_from $two
expect_stderr "--corpus is missing"
for wrong in '--temperature=-1' '--temperature=' '--top-p=0' '--top-p=1.1' '--top-k=1.5' '--init-from=a,,b' '--count=,' \
    '--items=0'; do
    expect_exit 2 study --init_from $two --corpus text.txt "$wrong"
done
expect_exit 1 study --init_from absent --corpus text.txt --sentences 0
expect_exit 1 study --init_from $two --corpus absent
expect_exit 1 study --init_from $two --corpus text.txt --wordlist absent
expect_exit 1 study --init_from $two --corpus text.txt --words absent
: > empty.txt
expect_exit 1 study --init_from $two --corpus empty.txt
expect_stderr "empty.txt"
: > file
expect_exit 1 study --init_from $two --corpus text.txt --items 5 --sentences 0 --output file/folder

# Sentences are parsed where the library is installed and the text is English; otherwise a line says why they are not.
printf '%s\n' 'I am here.' 'You are there.' 'We are here.' > english.txt
words=(study --init_from $two --items 5 --max_length 20 --temperature 1 --output sentences)
expect_exit 0 "${words[@]}" --corpus english.txt
if ! grep -q "no sentences were parsed" out; then
    expect_json sentences/study.json corpus.sentences 3
    expect_json sentences/study.json corpus.parsed_sentences 3
    expect grep -q '"sentences":' sentences/study.json
    expect grep -q "of its sentences parse completely" sentences/study.md
    printf '%s\n' 'of the to and' 'is the of and' > salad.txt
    expect_exit 0 "${words[@]}" --corpus salad.txt
    expect_stdout "so they are not English sentences"
    expect test -z "$(grep parsed_sentences sentences/study.json)"
fi
finish
