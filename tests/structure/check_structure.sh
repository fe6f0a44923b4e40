#!/bin/sh
# Checks that the tree keeps its structure: the include arrow, who may print, what device/ may use, unique file names.
# Uses: find, sort, awk. Argument: the root of the tree. The rules are in check_structure.awk.
set -eu

rules=$(cd "$(dirname "$0")" && pwd)/check_structure.awk
cd "$1"
folders=
for folder in src device reference firmware; do
    if [ -d "$folder" ]; then
        folders="$folders $folder"
    fi
done
# The folders and the files have no spaces in their names; a file that has is a finding of its own.
# shellcheck disable=SC2086
files=$(find $folders -type f -name '*.[ch]' | LC_ALL=C sort)
if [ -z "$files" ]; then
    echo "$1: there is no C file in src/, device/, reference/ or firmware/" >&2
    exit 1
fi
# shellcheck disable=SC2086
exec awk -f "$rules" $files
