#!/bin/bash
# Makes every call that can fail, fail in `quillet watch`, one in each run, while a client requests everything. The
# server says at the start that it cannot serve, or serves until SIGTERM; requests may fail, the server may not. With a
# sanitized tool, nothing leaks.
# Uses: bash, coreutils, curl, fail_at_call. Arguments: the tool, the library, every how many-th call to take (1: all).
set -u

tool=$(realpath "$1")
library=$(realpath "$2")
step=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export ASAN_OPTIONS="verify_asan_link_order=0:exitcode=99:allocator_may_return_null=1:${ASAN_OPTIONS-}"
export LSAN_OPTIONS="exitcode=98:print_suppressions=0"
command -v curl > /dev/null || exit 77

for ((i = 0; i < 40; i++)); do
    echo "item $i" | tr 0-9 a-j
done > text
"$tool" train --rnn_size 8 --embedding_size 4 --num_layers 1 --max_epochs 2 --batch_size 4 --threads 1 --quiet --generate 20 \
    --input text --checkpoint_dir runs --run_name run > /dev/null || exit 1

calls=0 crashes=0 leaks=0 exits=0 refused=0

ask()
{
    curl -s -m 3 -o answer "$url$1"
}

run_at()
{
    : > out
    FAIL_AT_CALL=$1 FAIL_COUNT_FILE=count FAIL_NAME_FILE=failed LD_PRELOAD=$library \
        "$tool" watch --file runs --port 0 --quiet > out 2> err < /dev/null &
    server=$!
    until [[ -s out ]] || ! kill -0 $server 2> /dev/null; do
        sleep 0.02
    done
    url=$(cat out)
    if [[ -n $url ]]; then
        for path in "" "rows?run=run" "written?run=run" "checkpoints?run=run" \
            "sample?run=run&epoch=2&length=20" "dashboard.css" "nothing" "sample?run=run&epoch=9"; do
            ask "$path"
        done
        curl -s -m 0.3 -N -o answer "${url}events"
        kill -TERM $server 2> /dev/null
    fi
    wait $server
    code=$?
}

run_at 0
if ((code != 0)) || ! [[ -s answer ]]; then
    echo "the server does not work without faults: exit code $code: $(cat err)"
    exit 1
fi
last=$(cat count)
echo "watch: $last calls"
for ((n = 1; n <= last; n += step)); do
    run_at "$n"
    calls=$((calls + 1))
    if grep -q 'AddressSanitizer: CHECK failed: sanitizer_' err; then
        refused=$((refused + 1)) # AddressSanitizer cannot create a thread without this memory
    elif ((code == 98)); then
        leaks=$((leaks + 1))
        echo "LEAK: call $n ($(cat failed))"
        grep -A 8 "leak of" err | head -n 8
    elif ((code == 99 || code > 123)); then
        crashes=$((crashes + 1))
        echo "CRASH: call $n ($(cat failed)): exit code $code"
        grep -E "ERROR|Assert|^ *#[0-9]" err | head -n 8
    elif ((code == 1)) && [[ -s err ]]; then
        refused=$((refused + 1))
    elif ((code != 0)); then
        exits=$((exits + 1))
        echo "WRONG EXIT: call $n ($(cat failed)): exit code $code: $(tail -n 1 err)"
    fi
done
echo "$calls calls of the server failed, of which $refused ended it with a message: $crashes crashes, $leaks leaks," \
    "$exits wrong ends"
((crashes + leaks + exits == 0))
