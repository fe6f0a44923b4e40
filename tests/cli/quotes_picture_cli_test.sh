#!/bin/bash
# `quotes --png` and `--preview`: what the panel would show, as a file and on the terminal.
# Uses: expect.sh. Arguments: the tool, json_get; `quotes` with the stub.
# shellcheck source-path=SCRIPTDIR
quotes=$(realpath "$3")
source "$(dirname "$0")/expect.sh"

# expect_quotes CODE ARGUMENT...
expect_quotes()
{
    local expected=$1
    shift
    command="(quotes) $*"
    "$quotes" "$@" > out 2> err < /dev/null
    code=$?
    ((code == expected)) || fail "exit $code, expected $expected"
}

# The header of a PNG: signature, then width 400 and height 300.
expect_png()
{
    expect test "$(head -c 24 "$1" | od -An -v -tx1 | tr -d ' \n')" = \
        89504e470d0a1a0a0000000d49484452000001900000012c
}

expect_quotes 0 --seed 5 --png page.png
expect_png page.png
expect test "$(grep -c '^    -- ' out)" -eq 1
expect_quotes 0 --seed 5 --png again.png
expect cmp page.png again.png
expect_quotes 0 --seed 6 --png other.png
: > private
chmod 600 private
ln -s private link.png
expect_quotes 0 --seed 5 --png link.png
expect test -L link.png
expect cmp page.png private
expect test "$(stat -c %a private)" = 600
expect test -n "$(cmp page.png other.png)"

# The device's console shows the same page.
expect_quotes 0 --seed 5 --console --count 1 --png device.png
expect cmp page.png device.png

# Several are numbered, and sort by their numbers.
expect_quotes 0 --seed 5 --count 12 --png page.png
expect test "$(echo page-*.png)" = "$(printf 'page-%02d.png ' {1..12} | sed 's/ $//')"
expect_png page-12.png
expect cmp page.png page-01.png
expect_quotes 0 --seed 5 --count 2 --png plain
expect_png plain-2

# The preview has 30 lines of 80 patterns, and no escape codes if it is not on a terminal.
expect_quotes 0 --seed 5 --preview
expect test "$(grep -c $'^\xe2\xa0' out)" -eq 30
expect test "$(grep -c $'\033' out)" -eq 0
expect test "$(grep $'^\xe2' out | LC_ALL=C awk 'length != 240' | wc -l)" -eq 0
if command -v script > /dev/null; then
    command="(quotes) on a terminal"
    env -u NO_COLOR script -qec "$quotes --seed 5 --preview" /dev/null > out < /dev/null
    expect test "$(grep -c $'\033\\[0m' out)" -eq 30
    NO_COLOR=1 script -qec "$quotes --seed 5 --preview" /dev/null > out < /dev/null
    expect test "$(grep -c $'\033' out)" -eq 0
fi

expect_quotes 1 --seed 5 --png no-such-folder/page.png
expect_stderr "cannot write the picture 'no-such-folder/page.png': No such file"
expect_quotes 1 --seed 5 --png /dev/full
expect_stderr "No space left"
expect test -c /dev/full
expect_quotes 1 --seed 5 --console --count 3 --png no-such-folder/page.png
expect_stderr "cannot write the picture"
expect_quotes 2 --png
finish
