#!/bin/sh
# Checks that clang-format would change no C source. Exit 77 where it is not the version that formats them.
# Uses: tools/lint. Argument: the root of the sources.
exec "$1/tools/lint" format
