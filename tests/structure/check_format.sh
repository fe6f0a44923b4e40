#!/bin/sh
# Checks that clang-format would change no C source. Exit 77 where it is not installed.
# Uses: clang-format, tools/lint. Argument: the root of the sources.
set -eu

if ! command -v clang-format > /dev/null; then
    echo "clang-format is not installed (Debian: clang-format)"
    exit 77
fi
exec "$1/tools/lint" format
