#!/bin/bash
# `quillet train` with a text of 100 MB, where the system gives it less memory than that: the load and the first steps. The
# most memory that was resident is measured, too.
# Uses: expect.sh, /proc, ulimit -d: memory of the process except mapped files. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

# train_some KIND LIMIT_MB: trains until the first steps are done, and stops. Items need 16 bytes for each line.
train_some()
{
    local kind=$1 limit_mb=$2 pid started seconds peak_kb
    command="train --sequences $kind of 100 MB"
    : > err
    started=${EPOCHREALTIME/./}
    (
        ulimit -d $((limit_mb * 1000))
        TMPDIR=$PWD exec "$tool" train "${tiny[@]}" --batch_size 64 --no_quiet --input large.txt --sequences "$kind" \
            --run_name "$kind" > out 2> err
    ) &
    pid=$!
    while ! grep -q '^lstm: ' err && kill -0 $pid 2> /dev/null; do
        sleep 0.02
    done
    seconds=$(((${EPOCHREALTIME/./} - started) / 1000))
    sleep 2
    peak_kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status)
    kill -INT $pid
    wait $pid
    expect test $? -eq 1
    expect_stderr "stopped in epoch 1"
    expect test "${peak_kb:-0}" -gt 1000
    expect test "${peak_kb:-0}" -lt $((limit_mb * 1000))
    echo "$kind: $((${peak_kb:-0} / 1000)) MB resident at most, $seconds ms to the first step"
}

yes 'Ann Bellwood, of the seed shop' | head -c 100000000 > large.txt
# Lines must differ for some to be held out.
numbers 1000 >> large.txt
train_some stream 60
train_some items 150

# No temporary file is left, and a full disk is an error that names the file.
expect test -z "$(find . -maxdepth 1 -name 'quillet-*')"
if mkdir disk && mount -t tmpfs -o size=50m tmpfs disk 2> /dev/null; then
    TMPDIR=$PWD/disk expect_exit 1 train "${tiny[@]}" --input large.txt
    expect_stderr "$PWD/disk: cannot keep a long text in a temporary file there: No space left on device"
fi

finish
