#!/bin/bash
# Notepad's "Unicode" was refused with the advice to take latin1, which made junk of it, and other encodings were not
# there. Guards: UTF-16 and UTF-32 with a mark are read by everything that reads texts; NUL bytes are an error that speaks of
# the encoding; `prepare --encoding` knows what iconv knows.
# Uses: expect.sh, iconv. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

prepare=(prepare --quiet --validation 0 --test 0 --min_symbol_count 1 --alphabet any --output p)

# becomes WANTED ENCODING ARGUMENT...: of `text`.
becomes()
{
    local wanted=$1 encoding=$2
    shift 2
    printf '%s\r\n' "$wanted" | iconv -t "$encoding" > text
    rm -rf p
    expect_exit 0 "${prepare[@]}" "$@" text
    [[ $(cat p/items.txt) == "$wanted" ]] || fail "$encoding: $(cat p/items.txt)"
}

becomes 'Plain text' utf-16
becomes 'Привет мир' utf-16
becomes 'Καλημέρα κόσμε' utf-32
printf '\376\377' > mark
printf 'Zażółć gęślą\n' | iconv -t utf-16be | cat mark - > text
expect_exit 0 "${prepare[@]}" text
expect grep -qx 'Zażółć gęślą' p/items.txt
becomes 'Zażółć gęślą' cp1250 --encoding windows-1250
becomes 'Привет мир' koi8-r --encoding KOI8-R
becomes 'Ελλάδα' iso-8859-7 --encoding iso-8859-7
becomes '日本の名前' shift_jis --encoding shift_jis
becomes '日本の名前' iso-2022-jp --encoding ISO-2022-JP
becomes 'Việt Nam' utf-16le --encoding utf-16le
expect_json p/report.json options.encoding utf-16le

# Refused, with a word about the encoding, and nothing written.
printf 'Plain text\r\nSecond line\r\n' | iconv -t utf-16le > plain
printf 'Привет\r\n' | iconv -t utf-16be > cyrillic
printf 'Plain text\r\n' | iconv -t utf-16 > marked
for text in plain cyrillic; do
    rm -rf p
    expect_exit 1 "${prepare[@]}" $text
    expect_stderr 'UTF-16'
    expect_exit 1 "${prepare[@]}" --encoding latin1 $text
    expect_stderr 'UTF-16'
    expect test ! -e p
    expect_exit 1 train "${tiny[@]}" --input $text --run_name r
    expect_stderr 'UTF-16'
    expect_exit 1 filter --words $text --output w.qlf
    expect_stderr 'UTF-16'
done
expect_exit 1 "${prepare[@]}" --encoding latin1 marked
expect_stderr 'mark of UTF-16LE'
printf 'one\nd\351j\340\n' > latin1
expect_exit 1 "${prepare[@]}" latin1
expect_stderr 'latin1:2:2: byte 0xE9'
expect_exit 2 "${prepare[@]}" --encoding klingon latin1
expect_exit 2 "${prepare[@]}" --encoding 'ascii//IGNORE' latin1

# Lists and texts to train on.
printf 'tofu\r\nleek\r\n' | iconv -t utf-16 > list
printf 'I like tofu.\nI like jam.\n' > t.txt
expect_exit 0 "${prepare[@]}" --remove_words list t.txt
expect test "$(cat p/items.txt)" = 'I like jam.'
expect_exit 0 filter --words list --check 'jam'
run filter --words list --check 'tofu'
expect_stdout refused
numbers 120 > u8.txt
iconv -t utf-16 u8.txt > u16.txt
for text in u8 u16; do
    expect_exit 0 train "${tiny[@]}" --input $text.txt --validation $text.txt --sequences items --max_epochs 1 \
        --run_name $text
done
expect_same checkpoints/u8/checkpoint.1.safetensors checkpoints/u16/checkpoint.1.safetensors

finish
