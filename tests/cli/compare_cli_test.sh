#!/bin/bash
# `quillet compare`: the same table in all formats, with symbols that each of them must escape.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

# A text of symbols that have a meaning in Markdown, CSV, and HTML.
RANDOM=3
# shellcheck disable=SC1003
symbols=('<' '>' '&' '"' "'" '|' '\' '*' '_' '`' '[' ',' 'é')
for ((i = 0; i < 300; i++)); do
    line=""
    for ((k = 0; k < 3 + RANDOM % 4; k++)); do
        line+=${symbols[RANDOM % ${#symbols[@]}]}
    done
    printf '%s\n' "$line"
done > marks.txt
expect_exit 0 train "${tiny[@]}" --input marks.txt --sequences items --run_name run
model=checkpoints/run/checkpoint.2.safetensors
columns=3
rows=6
table=(compare --init_from "$model" --temperature "0.5,1,1.5" --count "$rows" --seed 5 --max_length 20)

expect_exit 0 "${table[@]}" --json
cp out table.json
expect_exit 0 "${table[@]}" --format json
expect_same out table.json
expect_json table.json columns $columns
expect_json table.json columns.1.temperature 1.0
expect_exit 0 compare --init_from "$model" --temperature 0.8,0.7 --top_p 0.95 --count 1 --json
expect_stdout '"temperature": 0.8,'
expect_stdout '"temperature": 0.7,'
expect_stdout '"top_p": 0.95,'
expect_json table.json columns.2.items $rows
expect_json table.json seed 5

# escape_FORMAT TEXT: how the format must write it.
escape_markdown()
{
    # shellcheck disable=SC2001,SC2016
    sed 's/[\|*_`<[&]/\\&/g' <<< "$1"
}

escape_csv()
{
    printf '"%s"' "${1//\"/\"\"}"
}

escape_html()
{
    sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g' <<< "$1"
}

: > markdown_cells
: > csv_rows
: > html_rows
for ((row = 0; row < rows; row++)); do
    csv=""
    html="<tr>"
    for ((column = 0; column < columns; column++)); do
        item=$("$json_get" table.json "columns.$column.items.$row")
        escape_markdown "$item" >> markdown_cells
        csv+=$( ((column > 0)) && echo ,)$(escape_csv "$item")
        html+="<td dir=\"auto\" lang=\"\">$(escape_html "$item")</td>"
    done
    printf '%s\r\n' "$csv" >> csv_rows
    printf '%s</tr>\n' "$html" >> html_rows
done

expect_exit 0 "${table[@]}"
expect test "$(wc -l < out)" -eq $((rows + 2))
# Cells end at bars that no backslash precedes; all lines are equally wide.
tail -n +3 out | sed 's/\\\\/\x01/g; s/\\|/\x02/g; s/^| //; s/ *|$//; s/ *| /\n/g; s/\x01/\\\\/g; s/\x02/\\|/g' > cells
expect_same cells markdown_cells
expect test "$(LC_ALL=C.UTF-8 sed 's/./x/g' out | sort -u | wc -l)" -eq 1
expect test "$(sed -n 1p out | tr -s ' ')" == "| t = 0.5 | t = 1 | t = 1.5 |"
expect_exit 0 "${table[@]}" --format csv
tail -n +2 out > found
expect_same found csv_rows
expect_exit 0 "${table[@]}" --format html
grep '^<tr><td dir="auto" lang="">' out > found
expect_same found html_rows
expect_stdout "<!DOCTYPE html>"
mkdir '<b>&'
cp $model '<b>&/model'
expect_exit 0 compare --init_from '<b>&/model' --format html --count 1
expect_stdout '&lt;b&gt;&amp;/model'

# Into a file: the same, complete or not at all.
expect_exit 0 "${table[@]}" --format html
cp out table.html
expect_exit 0 "${table[@]}" --format html --output written.html
expect_same written.html table.html
expect test ! -s out
expect_exit 1 "${table[@]}" --output absent/table.md
expect_stderr "absent/table.md: cannot write"
mkfifo pipe
cat pipe > piped &
expect_exit 0 "${table[@]}" --format html --output pipe
wait
expect_same piped table.html
expect test -p pipe
for format in markdown csv html json; do
    command="compare --format $format > /dev/full"
    "$tool" "${table[@]}" --format $format > /dev/full 2> err
    expect test $? -eq 1
    expect_stderr "No space left"
done

# Seeds and columns.
expect_exit 0 "${table[@]}"
cp out five
expect_exit 0 "${table[@]}"
expect_same out five
expect_exit 0 "${table[@]}" --seed 6
expect test -n "$(cmp out five)"
expect_exit 0 compare --init_from $model --temperature 0 --count 1
expect_exit 0 compare --init_from $model
expect test "$(wc -l < out)" -eq 21
expect_stdout "t = 1.2"

expect_exit 2 compare
expect_stderr "--init-from is missing"
for list in '' ',' '1,' '1;2' 'warm' '-1' '101' 'nan' '1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17' \
    '0.5,0.50'; do
    expect_exit 2 compare --init_from $model --temperature="$list"
    expect_stderr "--temperature"
done
expect_exit 2 compare --init_from $model --format xml
expect_stderr "--format xml: must be markdown, csv, html, or json"
expect_exit 2 compare --init_from $model --format csv --json
expect_stderr "--json is --format json; leave it out, or --format csv"
expect_exit 0 compare --init_from $model --count 1 --format json --json
expect_exit 2 compare --init_from $model --language fr
expect_stderr "--language is for --format html"
expect_exit 2 compare --init_from $model --count 0
expect_exit 2 compare --init_from $model --max_length 0
expect_exit 1 compare --init_from absent

# --max-length counts the prompt, too, and the help says so.
expect_exit 0 compare --init_from $model --temperature 100 --count 200 --seed 1 --max_length 4 --prompt '<>&' --format csv
expect test "$(tail -n +2 out | grep -o '…' | wc -l)" -gt 20
expect test "$(tail -n +2 out | LC_ALL=C.UTF-8 sed 's/""/"/g; s/\r$//; s/./x/g' | sort | tail -n 1)" == xxxxxxx
expect_exit 2 compare --init_from $model --max_length 3 --prompt '<>&'
expect_stderr "--max-length 3: includes the 3 characters of --prompt"
expect_exit 0 compare --help
expect test "$(tr -s ' \n' ' ' < out | grep -c 'cut an item at this many characters, with those of the prompt')" -eq 1

# A model that has learned only empty lines still ends, and so does one that never ends a line.
{
    printf 'a\n'
    yes '' | head -n 2000
    printf 'b\n'
} > empty_lines.txt
expect_exit 0 train "${tiny[@]}" --input empty_lines.txt --run_name empty_lines --learning_rate 0.05
command="compare of empty lines"
timeout 20 "$tool" compare --init_from checkpoints/empty_lines/checkpoint.2.safetensors --temperature 0 --count 2 \
    --max_length 50 > out 2> err
expect test $? -eq 0
expect_stdout "…"

# No refused item is shown, not even one that --max-length or the end of a decoder's context cuts: another is drawn.
# An item of which none is left over is an ellipsis.
numbers 3000 | tail -n 2000 > numbers.txt
expect_exit 0 train "${tiny[@]}" --input numbers.txt --sequences items --run_name numbers
expect_exit 0 train --quiet --input numbers.txt --sequences items --model transformer --embedding-size 8 --num-heads 2 \
    --num-layers 2 --feed-size 8 --context-length 4 --max-epochs 1 --generate 0 --run-name short --threads 1
for cut in "numbers/checkpoint.2 --max-length 3" "short/checkpoint.1 --max-length 9"; do
    # shellcheck disable=SC2206
    cut=($cut)
    table=(compare --init_from "checkpoints/${cut[0]}.safetensors" "${cut[@]:1}" --temperature 1 --count 300 --seed 2
        --format csv)
    expect_exit 0 "${table[@]}"
    sed 's/^"//; s/"\r$//' out | grep '…' | sort | uniq -c | sort -rn | awk '{ print $2 }' | head -n 20 > shown
    expect test "$(wc -l < shown)" -eq 20
    sed 's/…//' shown > refused
    expect_exit 0 filter --refuse refused --output items.qlf
    expect_exit 0 "${table[@]}" --filter items.qlf
    sed 's/^"//; s/"\r$//' out > now
    expect test "$(wc -l < now)" -eq 301
    expect test "$(grep -cxFf shown now)" -eq 0
    expect grep -q '.…' now
done
same=("${table[@]}" --count 1 --temperature 0 --prompt abc)
expect_exit 0 "${same[@]}"
tail -n 1 out | sed 's/^"//; s/…*"\r$//' > refused
expect grep -q '^abc.' refused
expect_exit 0 filter --refuse refused --output items.qlf
expect_exit 0 "${same[@]}" --filter items.qlf
expect test "$(tail -n 1 out)" == $'"…"\r'

finish
