#!/bin/bash
# A text with CR for its line ends was one line, or had CR among its letters; vertical tabs and separators vanished between
# words. Guards: LF, CR LF and CR end lines for everything that reads a text; what Unicode calls white space, and the
# separators U+001C to U+001F, part words.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

# items ARGUMENT...: prepares, and shows what was kept, sorted, with | for line ends.
items()
{
    rm -rf p
    run prepare --quiet --validation 0 --test 0 --min_symbol_count 1 --output p "$@"
    cat p/items.txt p/quotes.txt 2> /dev/null | sort | tr '\n' '|'
}

# becomes WANTED ARGUMENT...
becomes()
{
    local wanted=$1 got
    shift
    got=$(items "$@")
    [[ $got == "$wanted" ]] || fail "is '$got', expected '$wanted': prepare $*"
}

# With CR, with CR LF, and with all kinds of line ends in one file.
for end in '\r' '\r\n' '\n\r\n\r'; do
    printf "first road${end}second day${end}third house${end}" > t.txt
    becomes 'first road|second day|third house|' t.txt
done
printf 'text,author\rfirst road,Ann Lee\r"second\nday",Bob Ray\r' > t.csv
becomes 'first road|second day|' t.csv
printf 'Roads are long.\r\t\t-- Ann Lee\r%%\rDays are short.\r\t\t-- Bob Ray\r' > fortunes
becomes 'Days are short.|Roads are long.|' fortunes
printf '{"text":"first road"}\r{"text":"second day"}\r' > t.jsonl
becomes 'first road|second day|' t.jsonl

# Lists.
printf 'I like tofu.\nI like jam.\n' > t.txt
printf '# what goes\rtofu\rleek\r' > list
becomes 'I like jam.|' --remove_words list t.txt
expect_exit 0 filter --words list --output l.qlf
run filter --filter l.qlf --check 'tofu'
expect_stdout refused
printf 'Ann Lee\rBob Ray\r' > people
expect_exit 0 filter --refuse people --output r.qlf
expect_stdout 'refused items: 2'
expect_exit 0 lexicon --words list --output l.qlx
run filter --refuse people --check 'Bob Ray'
expect_stdout refused

# Training and its counts.
numbers 120 > lf.txt
tr '\n' '\r' < lf.txt > cr.txt
for text in lf cr; do
    expect_exit 0 train "${tiny[@]}" --input $text.txt --validation $text.txt --sequences items --max_epochs 1 \
        --run_name $text
done
expect_same checkpoints/lf/checkpoint.1.safetensors checkpoints/cr/checkpoint.1.safetensors
study=(study checkpoints/lf/checkpoint.1.safetensors --items 10 --temperature 1 --sentences 0 --quiet --output)
expect_exit 0 "${study[@]}" s --corpus cr.txt
expect_exit 0 "${study[@]}" t --corpus lf.txt
expect_same <("$json_get" s/study.json corpus.words) <("$json_get" t/study.json corpus.words)

# White space that is none in ASCII.
for blank in '\v' '\f' '\x1c' '\x1d' '\x1e' '\x1f' '\xc2\x85' '\xc2\xa0' '\xe2\x80\xa8' '\xe2\x80\xa9' '\xe3\x80\x80' \
    '\xe1\x9a\x80' '\xe2\x80\xaf'; do
    printf "nine${blank}ten\n" > t.txt
    becomes 'nine ten|' t.txt
    becomes 'nine ten|' --alphabet any t.txt
done

finish
