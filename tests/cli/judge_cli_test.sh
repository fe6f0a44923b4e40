#!/bin/bash
# `quillet judge`: counts of texts that can be counted by hand, with and without a corpus, and errors.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

printf '%s\n' 'I am here. You are there.' 'Of the is to and.' 'Never say never say xyzzy.' > text.txt
printf '%s\n' i am here you are there of the is to and never say > known.txt
printf '%s\n' 'I am here. You are there.' 'Xyzzy is the word here.' > corpus.txt

expect_exit 0 judge text.txt --wordlist known.txt
expect_stdout "text.txt: 3 items"
expect_stdout "items whose words are all known"
expect_stdout "2 of 3"
expect_stdout "15 of 16"

expect_exit 0 judge text.txt text.txt --corpus corpus.txt --wordlist known.txt --json
expect_json out files 2
expect_json out files.0.file text.txt
expect_json out files.0.items 3
expect_json out files.0.words 16
expect_json out files.0.unknown_words 0
expect_json out files.0.known_items 3
expect_json out files.0.copied 1
expect_json out files.0.echoed_items 1
if ! grep -q "no sentences were parsed" err; then
    expect_json out files.0.sentences 4
    expect_json out files.0.parsed_sentences 3
    expect_exit 0 judge text.txt --sentences 1 --json
    expect_json out files.0.sentences 2
fi

# Two of three items are different, and the text itself is the size at which they are counted.
printf '%s\n' 'a b' 'a b' 'c d' > twice.txt
expect_exit 0 judge twice.txt --wordlist known.txt --json
expect_json out files.0.distinct 2
expect_json out files.0.distinct_at_size 2
expect_json out files.0.size 3
echo alone > single.txt
expect_exit 0 judge single.txt --wordlist known.txt
expect_stdout "single.txt: 1 item, 5.0 symbols on average"

expect_exit 2 judge
expect_stderr "name one or more texts"
expect_exit 1 judge absent.txt
expect_stderr "absent.txt"
: > empty.txt
expect_exit 1 judge empty.txt
expect_stderr "has no items"
printf 'good\nb\xffd\n' > bad.txt
expect_exit 1 judge bad.txt
expect_stderr "bad.txt:2"
finish
