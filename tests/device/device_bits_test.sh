#!/bin/sh
# Compiles device_bits.c and base/cosine.c with every compiler that is there, at every optimization level and for this
# very processor. All programs must print tests/golden/device_bits.txt, which was written by one of them when a bit was
# last meant to change. Uses: gcc or clang, cmp. Argument: the root of the sources.
set -eu

root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
tried=0

for compiler in gcc clang; do
    command -v "$compiler" > /dev/null || continue
    for flags in -O0 -O1 -O2 -O3 -Os '-O3 -march=native' '-O3 -funroll-loops -flto'; do
        # shellcheck disable=SC2086
        if ! "$compiler" -std=c11 $flags -ffp-contract=off -I "$root" -I "$root/src" \
            "$root/tests/device/device_bits.c" "$root/src/base/cosine.c" -o "$work/bits" 2> "$work/errors"; then
            # A linker without the plug-in for -flto is not our fault.
            case $flags in *-flto*) continue ;; esac
            cat "$work/errors"
            status=1
            continue
        fi
        tried=$((tried + 1))
        "$work/bits" > "$work/printed"
        if ! cmp -s "$work/printed" "$root/tests/golden/device_bits.txt"; then
            echo "$compiler $flags gives other bits:"
            diff "$root/tests/golden/device_bits.txt" "$work/printed" || true
            status=1
        fi
    done
done
echo "$tried programs"
[ "$tried" -gt 0 ] || status=77
exit $status
