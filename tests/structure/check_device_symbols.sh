#!/bin/sh
# Compiles every header of device/ and reads the symbols: no mutable state, and nothing external except the memory
# functions that a compiler may call on its own. Uses: the compiler given as argument 2, nm. Argument 1: the root.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
for header in "$1"/device/*.h; do
    if [ ! -e "$header" ]; then
        echo "device/ has no header yet"
        exit 77
    fi
    echo "#include \"device/$(basename "$header")\"" > "$work/unit.c"
    # -O0 and -fkeep-* keep what nobody calls.
    "$2" -std=c11 -O0 -w -ffreestanding -fno-stack-protector -fkeep-static-functions -fkeep-inline-functions \
        -I "$1" -c "$work/unit.c" -o "$work/unit.o"
    nm "$work/unit.o" > "$work/symbols"
    awk -v header="device/$(basename "$header")" '
        $(NF - 1) == "U" && $NF !~ /^(memcpy|memmove|memset|memcmp|strlen|_GLOBAL_OFFSET_TABLE_)$/ {
            print header ": uses " $NF ", which is not in device/"
            found = 1
        }
        $(NF - 1) ~ /^[BbCDd]$/ {
            print header ": " $NF " is state that can change; make it const or part of the caller'\''s state"
            found = 1
        }
        END { exit found }' "$work/symbols" || status=1
done
exit $status
