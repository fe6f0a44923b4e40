#!/bin/sh
# Checks that clang-format would change no C source. Exit 77 where it is not installed, or is another version than the 14
# of Debian 12, which formats otherwise.
# Uses: clang-format, tools/lint. Argument: the root of the sources.
set -eu

if ! command -v clang-format > /dev/null; then
    echo "clang-format is not installed (Debian: clang-format)"
    exit 77
fi
version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
if [ "$version" != 14 ]; then
    echo "clang-format is version $version: the sources are formatted by 14"
    exit 77
fi
exec "$1/tools/lint" format
