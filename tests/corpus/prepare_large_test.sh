#!/bin/bash
# A file of 100 MB goes through `quillet prepare` in the memory that docs/corpus.md states.
# Arguments: the tool, the root of the sources (unused). Uses: awk, bash's ulimit.
# It is skipped where the disk has no room.
set -eu

tool=$1
limit_mib=600 # of address space: the mapped file, the kept text, 24 bytes per item and 16 per item while sorting
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ "$(df -Pk "$work" | awk 'NR == 2 { print $4 }')" -lt 500000 ]; then
    echo "no room for the large file" >&2
    exit 77
fi
# All lines are different.
awk 'BEGIN { for (i = 0; i < 2000000; i++) printf "Line number %08d has a few words to go along with\n", i }' >"$work/large.txt"
if [ "$(stat -c %s "$work/large.txt")" -lt 100000000 ]; then
    echo "the large file is too small" >&2
    exit 1
fi
(
    ulimit -v $((limit_mib * 1024))
    exec "$tool" prepare --output "$work/out" --quiet "$work/large.txt"
)
kept=$(cat "$work"/out/items*.txt | wc -l)
if [ "$kept" -ne 2000000 ]; then
    echo "kept $kept of 2000000 lines" >&2
    exit 1
fi
