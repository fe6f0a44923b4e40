#!/bin/bash
# --output /dev/stdout replaced the file that standard output led to: what others had written there was gone, and what they
# wrote afterwards went to a file without a name. --output - wrote a file of that name, though - is standard input
# elsewhere. Guards: an output that is the file of standard output or standard error is written there, in its place, and
# - is refused by all commands alike.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1 --run_name r
model=checkpoints/r/checkpoint.1.safetensors
expect_exit 0 export --init_from $model --export_file m.onnx --quiet
generate=(generate --init_from $model --count 50 --seed 3 --quiet)
compare=(compare --init_from $model --count 5 --seed 3)
compile=(compile --model m.json --name m --header m.h)

# in_log ARGUMENT...: what the command writes to standard output stands between what others write there.
in_log()
{
    expect_exit 0 "$@"
    { echo before; cat out; echo after; } > wanted
    command="$* --output /dev/stdout, with standard output in a file"
    for name in /dev/stdout /dev/fd/1 log ./log; do
        rm -f log
        { echo before; "$tool" "$@" --output $name; echo after; } > log 2> err
        expect_same log wanted
        echo before > log
        "$tool" "$@" --output $name >> log 2> err
        echo after >> log
        expect_same log wanted
    done
    "$tool" "$@" --output /dev/stdout 2> err | cat > piped
    { echo before; cat piped; echo after; } > log
    expect_same log wanted
    [[ -z $(find . -name '.quillet*') ]] || fail "leaves a temporary file"
}
in_log "${generate[@]}"
in_log "${compare[@]}"

# The head of generated C holds the name of the output.
command="compile --output /dev/stdout"
{ echo before; "$tool" "${compile[@]}" --output /dev/stdout; echo after; } > log 2> err
expect_exit 0 "${compile[@]}" --output stdout
{ echo before; cat stdout; echo after; } > wanted
expect_same log wanted

# Standard error is as good a file.
echo before > log
command="generate --output /dev/stderr"
"$tool" "${generate[@]}" --output /dev/stderr > out 2>> log
expect test $? -eq 0
expect_exit 0 "${generate[@]}"
{ echo before; cat out; } > wanted
expect_same log wanted
# A file that is open for reading alone is replaced.
command="generate --output log, which is open for reading as standard output"
"$tool" "${generate[@]}" --output log 1< log 2> err
expect test $? -eq 0
expect_same log out

echo tofu > words
for command_line in "${generate[*]} --output -" "${compare[*]} --output -" "${compile[*]} --output -" \
    "compile --model m.json --name m --output m.c --header -" "filter --words words --output -" \
    "lexicon --words words --output -" "verify --model m.json --expose -" "monitor --log -"; do
    # shellcheck disable=SC2086
    expect_exit 2 $command_line
    expect_stderr "does not stand for standard output"
    expect test ! -e -
    expect test ! -s out
done
expect_exit 0 "${generate[@]}" --output ./-
expect test "$(wc -l < ./-)" -eq 50

finish
