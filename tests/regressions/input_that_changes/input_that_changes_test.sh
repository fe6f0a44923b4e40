#!/bin/bash
# Inputs were mapped: one that another process cut while it was read ended the command by SIGBUS, and `watch` for all
# its clients. Files that a descriptor names could be a pipe or /dev/zero, which hung the command or took all memory.
# Guards: no command ends by a signal; an error names the file; what has no end is refused at once.
# Uses: expect.sh, curl where it is there. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

numbers 200 > names.txt
expect_exit 0 train "${tiny[@]}" --input names.txt --sequences items --max_epochs 1 --run_name r
model=checkpoints/r/checkpoint.1.safetensors
expect_exit 0 export --init_from $model --export_file m.onnx --quiet

# --- Files that are cut again and again ---
numbers 50000 > big

# cut SECONDS COMMAND...: `in` is big, then empty, for so long; the command runs meanwhile, several times.
cut_while()
{
    local pid rc
    for wait in 0.002 0.01 0.03 0.1; do
        cp big in
        "$tool" "$@" > out 2> err &
        pid=$!
        sleep $wait
        : > in
        wait $pid
        rc=$?
        command="$* # the input is cut after $wait s"
        ((rc <= 2)) || fail "exit $rc"
        ((rc == 0)) || [[ -s err ]] || fail "exit $rc without a message"
    done
}

cut_while prepare --output o in --quiet
cut_while train "${tiny[@]}" --input in --max_epochs 1 --early_stop 1 --checkpoint_dir cut --rnn_size 4 --batch_size 4096
cut_while filter --refuse in --output r.qlf
cut_while study --corpus in --items 2 --temperature 1 --sentences 0 --output s --threads 1 --quiet $model
cut_while evaluate --model m.json --text in
cut_while prepare --output o --remove_words in names.txt --quiet
cut_while lexicon --text in --output l.qlx
cut_while judge --corpus in --wordlist "" --sentences 1 names.txt

# A checkpoint that is copied over in place, under a server.
if command -v curl > /dev/null; then
    command="watch, while a checkpoint is copied over"
    mkdir -p runs/r
    cp checkpoints/r/* runs/r
    "$tool" watch --file runs --port 0 > url 2> err &
    server=$!
    for ((i = 0; i < 100; i++)); do
        [[ -s url ]] && break
        sleep 0.05
    done
    (for ((i = 0; i < 300; i++)); do cp $model runs/r/checkpoint.1.safetensors; done) &
    copier=$!
    for ((i = 0; i < 100; i++)); do
        curl -s -m 10 -o /dev/null "$(< url)sample?run=r&epoch=1&length=1"
    done
    wait $copier
    expect kill -0 $server
    expect test "$(curl -s -o /dev/null -w '%{http_code}' "$(< url)")" = 200
    kill $server
    wait $server
    expect test $? -le 1
fi

# --- What is not a file, or has no end ---
mkfifo pipe

# refuses TEXT ARGUMENT...: in time, with the text.
refuses()
{
    local text=$1
    shift
    command="$*"
    (ulimit -v 4000000; timeout 20 "$tool" "$@" > out 2> err < /dev/null)
    (($? == 1)) || fail "does not end with 1"
    expect_stderr "$text"
}

if [[ -z ${ASAN_OPTIONS-} ]] || ! ldd "$tool" | grep -qE 'asan|tsan'; then
    for name in /dev/zero pipe . /dev/tty; do
        sed "s|\"filename\": *\"[^\"]*\"|\"filename\": \"$name\"|; /sha256/d" m.json > trap.json
        for arguments in "evaluate --model trap.json" "generate --model trap.json" "compile --model trap.json --name trap" \
            "verify --model trap.json"; do
            # shellcheck disable=SC2086
            refuses "" $arguments
            expect test -s err
        done
    done
    for arguments in "predict --init-from /dev/zero" "compare --init-from /dev/zero" "generate --init-from /dev/zero" \
        "train --input names.txt --init-from /dev/zero" "export --init-from /dev/zero --export-file z.onnx" \
        "evaluate --model /dev/zero" "generate --model /dev/zero" "compile --model /dev/zero" \
        "compile --no-sampler /dev/zero" "predict --init-from $model --filter /dev/zero" "filter --words /dev/zero" \
        "filter --refuse /dev/zero" "filter --filter /dev/zero" "prepare --output o /dev/zero" \
        "prepare --output o --remove-words /dev/zero names.txt" "study --corpus /dev/zero $model" \
        "lexicon --text /dev/zero --output z.qlx" "lexicon --words /dev/zero" "lexicon --lexicon /dev/zero" \
        "lexicon --text names.txt --among /dev/zero" "lexicon --text names.txt --filter /dev/zero" \
        "judge --corpus names.txt /dev/zero" "judge --corpus /dev/zero names.txt" \
        "predict --init-from $model --lexicon /dev/zero" "compile m.onnx --lexicon /dev/zero" \
        "evaluate --model m.json --text /dev/zero" "compile m.onnx --quantize int8 --calibrate /dev/zero"; do
        # shellcheck disable=SC2086
        refuses "/dev/zero: is a device, not a file" $arguments
    done
    # A run's folder, in which a name is a pipe.
    cp -r checkpoints/r trap
    rm trap/summary.json
    mkfifo trap/summary.json
    refuses "summary.json: is a pipe or a device" train --init_from trap
    for name in training.safetensors training.log.csv samples.jsonl; do
        rm -r trap
        cp -r checkpoints/r trap
        rm -f trap/$name
        mkfifo trap/$name
        refuses "$name: is a pipe or a device" train --init_from trap --max_epochs 2
    done
    # The model that such a run began with.
    rm -r trap
    mkdir trap
    sed 's|"init_from": null|"init_from": "pipe"|; s|"epochs": 1|"epochs": 0|' checkpoints/r/summary.json > trap/summary.json
    command="train --init_from trap"
    timeout 20 "$tool" train --init_from trap > out 2> err
    expect test $? -eq 2
    expect_stderr "pipe: can be read only once"
fi
# What has an end is welcome.
command="prepare --output o <(numbers)"
"$tool" prepare --output p --quiet <(numbers 200) > out 2> err
expect test $? -eq 0
# What is read again must be there again: the words that such a list had were none, with exit 0.
numbers 300 > more.txt
for option in --corpus --wordlist --words; do
    command="study $option <(cat more.txt)"
    "$tool" study --corpus names.txt --items 3 --temperature 1 --output s --quiet $option <(cat more.txt) $model > out 2> err
    expect test $? -eq 2
    expect_stderr "can be read only once"
done
for arguments in "filter --words - --refuse -" "lexicon --text - --words -" "prepare --output q - -" \
    "judge --corpus - names.txt" "study --corpus - $model"; do
    command="$arguments"
    # shellcheck disable=SC2086
    printf 'tofu\nmiso\n' | "$tool" $arguments > out 2> err
    expect test $? -eq 2
    expect_stderr "standard input"
done
expect_exit 2 train --input /dev/null
expect_stderr "texts must be files"

finish
