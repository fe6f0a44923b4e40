#!/bin/sh
# Tests check_prose.sh itself: a tree with one phrase must be reported, and a sound one must not.
# Uses: mktemp, grep.
set -eu

check=$(cd "$(dirname "$0")" && pwd)/check_prose.sh
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir "$root/src" "$root/docs"
failed=0

# expect CODE FILE CONTENT WORDS: the tree with this file alone.
expect()
{
    rm -f "$root"/src/* "$root"/docs/*
    echo "# Title" > "$root/README.md"
    printf '%s\n' "$3" > "$root/$2"
    code=0
    "$check" "$root" > "$root/report" 2>&1 || code=$?
    if [ "$code" -ne "$1" ] || ! grep -q "$4" "$root/report"; then
        [ "$code" -eq 0 ] && [ "$1" -eq 0 ] && return
        echo "expected exit $1 with '$4' for: $3"
        cat "$root/report"
        failed=1
    fi
}

expect 1 src/a.c '// The byte is no text.' "src/a.c:1: 'is no text'; write 'is not'"
expect 1 src/a.c 'fail("%s: is no option");' "is no option"
expect 1 src/a.c 'int a; // memory is out' "memory is out"
expect 1 docs/a.md 'the row that is to blame' "to blame"
expect 1 docs/a.md 'Neighbours have colours.' "Neighbour"
expect 0 src/a.c '// There is no part, and it is no longer there.' ""
expect 0 src/a.c 'int neighbour = licence + is_no_option;' ""
expect 0 docs/a.md '`licence` is a name' ""
exit $failed
