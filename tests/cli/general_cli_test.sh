#!/bin/bash
# Requirements for every command: help, version, wrong usage, and results that cannot be written.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

commands=$("$tool" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
expect test "$(wc -w <<< "$commands")" -ge 4

# One command is a program in Node, which may be missing.
if "$tool" emulate --help 2>&1 | grep -q "tools/bootstrap pico"; then
    commands=${commands/emulate/}
fi

for command_name in $commands; do
    expect_exit 0 "$command_name" --help
    expect_stdout "usage: quillet $command_name"
    expect test "$(wc -L < out)" -le 80
    expect test ! -s err
    expect_exit 2 "$command_name" --no_such_option 3
    expect_stderr "--no_such_option"
    expect_stderr "quillet $command_name --help explains"
    expect test ! -s out
    [[ $command_name == monitor ]] || expect_exit 2 "$command_name" # which needs no argument
done

expect_exit 0 --help
expect test "$(wc -L < out)" -le 80

expect_exit 0 --version
expect_stdout "quillet "
expect_exit 0 help
expect_exit 2
expect_stderr "usage: quillet"
expect_exit 2 trian
expect_stderr "there is no command 'trian'"
expect_exit 2 ''

# The contents of a file or a name can neither control the terminal nor look like a separate message.
expect_exit 1 predict --init_from $'a\e[2J\nb\x7fc\xc2\x9bd'
expect_stderr 'quillet predict: a\x1b[2J\x0ab\x7fc\u009bd: cannot open'
expect_exit 1 predict --init_from $'\xc3\xa9\xe2\x80\xa6'
expect_stderr $'\xc3\xa9\xe2\x80\xa6: cannot open'

command="--help > /dev/full"
"$tool" --help > /dev/full 2> err
expect test $? -eq 1
expect_stderr "No space left"
command="train --help > /dev/full"
"$tool" train --help > /dev/full 2> err
expect test $? -eq 1
expect_stderr "No space left"

finish
