#!/bin/sh
# Checks that comments, messages, and documents have none of the phrases that make a reader stop: check_prose.awk lists
# them. Uses: find, sort, awk. Argument: the root of the tree.
set -eu

rules=$(cd "$(dirname "$0")" && pwd)/check_prose.awk
cd "$1"
folders=
for folder in src device firmware emulator web docs tools; do
    if [ -d "$folder" ]; then
        folders="$folders $folder"
    fi
done
# What others wrote is not ours to correct; docs/mutants.md quotes the planted faults.
# shellcheck disable=SC2086
files=$(find $folders ./*.md \( -name node_modules -o -name third_party \) -prune -o -type f \
    \( -name '*.[ch]' -o -name '*.js' -o -name '*.md' \) ! -path docs/mutants.md -print | LC_ALL=C sort)
# shellcheck disable=SC2086
exec awk -f "$rules" $files
