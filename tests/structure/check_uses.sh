#!/bin/sh
# The head of each file of device/ names what the file includes, after "Uses:", and nothing else.
# Uses: awk. Argument: the root of the sources.
set -eu

cd "$1"
awk '
    function finish(    name) {
        for (name in named) {
            if (!(name in included)) {
                print file ": names " name ", which it does not include"
                status = 1
            }
        }
        for (name in included) {
            if (!(name in named)) {
                print file ": does not name " name
                status = 1
            }
        }
        split("", named)
        split("", included)
    }
    FNR == 1 { finish(); file = FILENAME; within = 0 }
    /^\/\/ .*Uses: / || /^\/\/ Uses: / { within = 1; sub(/.*Uses: /, "// ") }
    within && !/^\/\// { within = 0 }
    within {
        count = split($0, words, /[ ,]+/)
        for (k = 2; k <= count; k++) {
            sub(/\.$/, "", words[k])
            if (words[k] ~ /\.h$/) {
                named[words[k]] = 1
            }
        }
    }
    /^#include / { name = $2; gsub(/[<>"]/, "", name); included[name] = 1 }
    END { finish(); exit status }' device/*.h
