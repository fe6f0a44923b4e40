#!/bin/bash
# `quillet train` with a text of 200 MB: the load, until the first epoch begins, in seconds and in the most memory that
# was resident. Training is stopped then.
# Uses: expect.sh, /proc. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/expect.sh"

# The tokens take 2 bytes a symbol, and the bytes of the file lie within their room while it is read: 400 MB. Then come
# what is held out, or the items' 16 bytes each, and a margin.
limit_mb=600

yes 'Ann Bellwood, of the seed shop' | head -c 200000000 > large.txt
# Lines must differ for some to be held out.
numbers 1000 >> large.txt

for kind in stream items; do
    command="train --sequences $kind of 200 MB"
    : > err
    started=${EPOCHREALTIME/./}
    "$tool" train "${tiny[@]}" --no_quiet --input large.txt --sequences $kind --run_name $kind > out 2> err &
    pid=$!
    while ! grep -q '^lstm: ' err && kill -0 $pid 2> /dev/null; do
        sleep 0.02
    done
    peak_kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status)
    seconds=$(((${EPOCHREALTIME/./} - started) / 1000))
    kill -INT $pid
    wait $pid
    expect test $? -eq 1
    expect_stderr "stopped in epoch 1"
    expect test "${peak_kb:-0}" -gt 100000
    expect test "${peak_kb:-0}" -lt $((limit_mb * 1000))
    echo "$kind: $((${peak_kb:-0} / 1000)) MB resident at most, $seconds ms to the first step"
done

finish
