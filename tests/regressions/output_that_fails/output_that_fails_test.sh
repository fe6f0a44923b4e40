#!/bin/bash
# Started without stdout, `verify` ended with 0: the first file that it opened got the number of stdout, and with it the
# result. A limit of a file's size ended every command by a signal, without a message, and left a temporary file. `verify`
# gave the reason of a later call for what had failed to write, and `generate --output` gave neither file nor reason.
# Guards: an output that fails is an error with its name and its reason, and leaves nothing behind.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > names.txt
train=(train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1)
expect_exit 0 "${train[@]}" --run_name r
model=checkpoints/r/checkpoint.1.safetensors
expect_exit 0 export --init_from $model --export_file m.onnx --quiet
verify=(verify --model m.json --stages O0 --quiet --characters 50 --seeds 0)
generate=(generate --init_from $model --count 20000 --max_length 9 --quiet --seed 1)

# Without one of the standard streams, or without any: a result that nobody can read is not a success.
for args in "${verify[*]}" "predict --init_from $model --seed 1 --generate 9 --quiet" --version "${generate[*]}"; do
    command="$args, without stdin and stdout"
    # shellcheck disable=SC2086
    "$tool" $args 2> err <&- >&-
    expect test $? -eq 1
    expect_stderr "cannot write the result: Bad file descriptor"
    command="$args, without any stream"
    # shellcheck disable=SC2086
    "$tool" $args <&- >&- 2>&-
    expect test $? -eq 1
done
command="train, without any stream"
"$tool" "${train[@]}" --run_name silent <&- >&- 2>&-
expect test $? -eq 1
expect_same checkpoints/silent/checkpoint.1.safetensors $model
command="generate, without stdin and stderr"
"$tool" "${generate[@]}" --count 5 --output five <&- > out 2>&-
expect test $? -eq 0
expect test "$(wc -l < five)" -eq 5
command="judge, which reads a standard input that is not there"
"$tool" judge - > out 2> err <&-
expect test $? -eq 1
expect_stderr "standard input: cannot read: Bad file descriptor"

# The reason is that of the write.
# Results that are longer than a buffer fail before the last flush.
long="predict --init_from $model --seed 1 --generate 200000 --quiet"
for args in "${verify[*]}" "${generate[*]}" "${generate[*]} --json" "study --help" "$long" "$long --json" \
    "compile --model m.json --name m" "compare --init_from $model --count 5000"; do
    command="$args > /dev/full"
    # shellcheck disable=SC2086
    "$tool" $args > /dev/full 2> err
    expect test $? -eq 1
    expect_stderr "cannot write the result: No space left on device"
done
for more in "" --json; do
    # shellcheck disable=SC2086
    expect_exit 1 "${generate[@]}" --output /dev/full $more
    expect_stderr "/dev/full: cannot write: No space left on device"
done

# Files that may have 4 KB.
limited()
{
    command="$* with files of at most 4 KB"
    (
        ulimit -f 4
        exec "$tool" "$@" > /dev/null 2> err
    )
    expect test $? -eq 1
    expect_stderr "cannot write: File too large"
    expect test -z "$(find . -name '.quillet-*')"
}
limited "${generate[@]}" --output items
limited "${generate[@]}" --json --output items
expect_exit 0 "${train[@]}" --run_name wide --rnn_size 40
limited export --init_from checkpoints/wide/checkpoint.1.safetensors --export_file large.onnx --quiet
limited compile --model m.json --output large.c --name large
limited "${train[@]}" --run_name large --rnn_size 40
limited study --corpus names.txt --items 20 --temperature 1 --wordlist= --sentences 0 --quiet --output report $model
command="generate with a result of more than 4 KB"
(
    ulimit -f 4
    exec "$tool" "${generate[@]}" > items 2> err
)
expect test $? -eq 1
expect_stderr "cannot write the result: File too large"

# A disk that is full.
mkdir disk
if mount -t tmpfs -o size=40k tmpfs disk 2> /dev/null; then
    for more in "" --json; do
        # shellcheck disable=SC2086
        expect_exit 1 "${generate[@]}" --output disk/items $more
        expect_stderr "disk/items: cannot write: No space left on device"
        expect test -z "$(ls -A disk)"
    done
    umount disk
else
    echo "no disk that fills up: it takes root, and a system that lets it mount"
fi

finish
