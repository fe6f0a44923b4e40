#!/bin/bash
# A .tsv and a JSON array were read as lines, so that a model learned their syntax; semicolons between fields were an error,
# and HTML's entities stayed as they were. Guards: these give the texts that are in them, or an error.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
shopt -s lastpipe # so that failures in the last command of a pipe count
source "$(dirname "$0")/../../cli/expect.sh"

prepare=(prepare --quiet --validation 0 --test 0 --min_symbol_count 1 --alphabet any --output p)

# gives WANTED FILE ARGUMENT...: FILE is read from stdin; WANTED has | for line ends.
gives()
{
    local wanted=$1 file=$2
    shift 2
    cat > "$file"
    rm -rf p
    expect_exit 0 "${prepare[@]}" "$@" "$file"
    [[ $(cat p/items.txt p/quotes.txt 2> /dev/null | sort | tr '\n' '|') == "$wanted" ]] ||
        fail "$file gives $(cat p/items.txt p/quotes.txt 2> /dev/null)"
}

both='Days are short.|Roads are long.|'
printf 'text\tauthor\nRoads are long.\tAnn Lee\nDays are short.\tBob Ray\n' | gives "$both" t.tsv
printf 'text\tauthor\nRoads are long.\tAnn Lee\nDays are short.\tBob Ray\n' | gives "$both" t.TAB --author_field author
expect grep -qx 'Ann Lee' p/names.txt
printf 'n\ttext\r\n1\t5" of snow, "so"\r\n2\t"a ""quoted"" field"\r\n' | gives '5" of snow, "so"|a "quoted" field|' t.tsv
# Marks at both ends of a cell are around it only if all others are doubled.
printf 'text\n"Yes," she said. "No."\n"One ""two" three"\n"""Yes,"" she said."\n' |
    gives '"One ""two" three"|"Yes," she said.|"Yes," she said. "No."|' t.tsv --skip quotation_marks
printf 'text\n"a""\n"""\n""""\n"b"\n' | gives '"|"""|"a""|b|' t.tsv --only fields
printf 'text;author\nRoads are long.;Ann Lee\n"Days are short.";Bob Ray\n' | gives "$both" t.csv
printf 'sep=;\r\ntext;author\r\nRoads are long.;Ann Lee\r\nDays are short.;Bob Ray\r\n' | gives "$both" t.csv
printf 'id|text\n1|Roads are long.\n2|Days are short.\n' | gives "$both" t.csv
printf 'id\ttext\n1\tRoads are long.\n2\t"Days are short."\n' | gives "$both" t.csv
printf 'text,author\n"Roads; long.",Ann Lee\n' | gives 'Roads; long.|' t.csv

printf '[{"text":"Roads are long."},\n {"text":"Days are short."}]\n' | gives "$both" t.json
printf '[\n  {\n    "text": "Roads are long.",\n    "tags": ["a", {"b": "]"}]\n  }, {"text": "Days are short."}\n]' | gives "$both" other
printf '["Roads are long.", "Days are short."]' | gives "$both" t.json
printf '[{"text":"Roads \\"are\\\\\\\\ ] long."}]' | gives 'Roads "are\\ ] long.|' t.json
printf '[{"q":"Roads are long.","by":"Ann Lee"}]' | gives 'Roads are long.|' t.json --field q --author_field by
printf '[Scene 1]\nRoads are long.\n' | gives 'Roads are long.|[Scene 1]|' play.txt

# What is broken is an error with its place.
for text in '[{"text":"a"}' '[{"text":"a"},]' '[{"text":"a"}] x' '[{"text":"a"} {"text":"b"}]' '[{"text":}]' \
    '[{"text":"a]' '[{"other":"a"}]'; do
    printf '\n%s' "$text" > broken.json
    rm -rf p
    expect_exit 1 "${prepare[@]}" --format json broken.json
    expect_stderr 'broken.json:2: '
done
# A file that calls itself JSON is read as such, and not as lines with its syntax.
printf '{"text":"Roads are long."}\n{"text":"Days are short."}\n' | gives "$both" t.json
for text in '{\n  "quote": "Roads are long.",\n  "by": "Ann Lee"\n}\n' '{"quotes": [\n{"text": "Roads are long."}\n]}\n' \
    '{"text":\n"Roads are long."}\n{"text":\n"Days are short."}\n' 'Roads are long.\n'; do
    printf %b "$text" > pretty.json
    rm -rf p
    expect_exit 1 "${prepare[@]}" pretty.json
    expect_stderr 'pretty.json:1: the text does not start with "["; give an array of objects or strings'
done
printf '[1, 2]' > numbers.json
expect_exit 1 "${prepare[@]}" numbers.json
expect_stderr 'numbers.json:1: is JSON but not an object'
printf 'name;words\na;b\n' > t.csv
expect_exit 1 "${prepare[@]}" t.csv
expect_stderr 'name, words'
printf 'name\twords\na\tb\n' > t.tsv
expect_exit 1 "${prepare[@]}" t.tsv
expect_stderr 'name, words'

# Entities.
printf 'caf&eacute; &amp; th&#233;\n' | gives 'café & thé|' t
printf '&#x17B;&#243;&#322;&#x107; &lt;3 &hellip; &quot;so&quot; &mdash; &Omega;\n' | gives 'Żółć <3 ... "so" — Ω|' t
printf 'it&#146;s &#150; &#8217;\n' | gives 'it’s – ’|' t
printf 'AT&T & co; &unknown; &#0; &#xD800; &#1114112; &;\n' | gives 'AT&T & co; &unknown; &#0; &#xD800; &#1114112; &;|' t
printf '{"text":"caf&eacute;"}\n' | gives 'café|' t.jsonl
printf 'caf&eacute;\n' | gives 'caf&eacute;|' t --skip entities

finish
