# Functions shared by the tests of the command line. A script sources it with its own arguments, works in a new folder,
# and ends with `finish`. Every expectation that does not hold is reported; the script continues.
# Uses: bash, coreutils, grep. Arguments: the tool, json_get.
# shellcheck shell=bash

tool=$(realpath "$1")
json_get=$(realpath "$2")
work=$(mktemp -d)
trap 'leave' EXIT
cd "$work" || exit 1
failures=0
command="" # the last one run, for reports
# For a stage of `verify` where one compiler will do.
# shellcheck disable=SC2034
if command -v gcc > /dev/null; then compiler=gcc; else compiler=clang; fi

leave()
{
    umount "$work/disk" 2> /dev/null
    rm -rf "$work"
}

fail()
{
    echo "FAILED (line ${BASH_LINENO[1]}): $*" >&2
    echo "  after: quillet $command" >&2
    sed 's/^/  | /' err >&2
    failures=$((failures + 1))
}

# run ARGUMENT...: runs the tool; leaves stdout in `out`, stderr in `err` and the exit code in $code.
run()
{
    command="$*"
    "$tool" "$@" > out 2> err < /dev/null
    code=$?
}

# expect_exit CODE ARGUMENT...: runs the tool and checks how it ends. 1 or 2 come with a message.
expect_exit()
{
    local expected=$1
    shift
    run "$@"
    if ((code != expected)); then
        fail "exit $code, expected $expected"
    elif ((code != 0)) && [[ ! -s err ]]; then
        fail "exit $code without a message"
    fi
}

# expect_stderr TEXT, expect_stdout TEXT: the last run's output contains the text.
expect_stderr()
{
    grep -qF -- "$1" err || fail "stderr has no '$1'"
}

expect_stdout()
{
    grep -qF -- "$1" out || fail "stdout has no '$1'"
}

# expect_json FILE PLACE VALUE
expect_json()
{
    local value
    value=$("$json_get" "$1" "$2" 2> /dev/null) || value="(nothing)"
    [[ $value == "$3" ]] || fail "$1: $2 is $value, expected $3"
}

# expect COMMAND...: a command of the shell holds.
expect()
{
    "$@" || fail "does not hold: $*"
}

expect_same()
{
    cmp -s "$1" "$2" || fail "$1 and $2 differ"
}

# numbers COUNT: this many lines of letters, all different, using eleven symbols including the newline.
numbers()
{
    seq 1 "$1" | tr 0-9 a-j
}

# A model that is trained in an instant; options that follow override these.
# shellcheck disable=SC2034
tiny=(--embedding_size 3 --rnn_size 5 --num_layers 1 --generate 0 --batch_size 4 --seq_length 8 --threads 1
    --max_epochs 2 --quiet)

finish()
{
    if ((failures > 0)); then
        echo "$failures failed" >&2
        exit 1
    fi
}
