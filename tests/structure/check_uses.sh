#!/bin/sh
# The head of each file of device/ names what the file includes, after "Uses:", and nothing else. That of each file of src/
# names at least the other folders that it includes from, or those of their files; for a source, its header may name them.
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

# A header comes before its source. "base/{file,status}" is read as "base/file base/status".
awk '
    function add_names(line,    prefix, names, count, words, k) {
        while (match(line, /[a-z_\/]*\{[^}]*\}/)) {
            names = substr(line, RSTART, RLENGTH - 1)
            prefix = names
            sub(/\{.*/, "", prefix)
            sub(/.*\{/, "", names)
            gsub(/,/, " " prefix, names)
            line = substr(line, 1, RSTART - 1) prefix names substr(line, RSTART + RLENGTH)
        }
        count = split(line, words, /[ ,;]+/)
        for (k = 1; k <= count; k++) {
            sub(/\.+$/, "", words[k])
            sub(/\.h$/, "", words[k])
            named[file, words[k]] = 1
        }
    }
    function is_named(in_file, folder, name) {
        return (in_file, folder) in named || (in_file, folder "/") in named || (in_file, name) in named
    }
    FNR == 1 {
        file = FILENAME
        header = file
        sub(/c$/, "h", header)
        split(file, parts, "/")
        own = parts[2]
        within = 0
    }
    /^\/\/ .*Uses:/ { within = 1; has_uses[file] = 1; sub(/.*Uses:/, "// ") }
    /^\/\/$/ || !/^\/\// { within = 0 }
    within { add_names(substr($0, 4)) }
    /^#include "/ {
        name = $2
        gsub(/"/, "", name)
        sub(/\.h$/, "", name)
        folder = name
        sub(/\/.*/, "", folder)
        if (folder != own && !is_named(file, folder, name) && !is_named(header, folder, name)) {
            print file ": does not name " name
            status = 1
        }
    }
    END {
        for (k = 1; k < ARGC; k++) {
            header = ARGV[k]
            sub(/c$/, "h", header)
            if (!(ARGV[k] in has_uses) && !(header in has_uses)) {
                print ARGV[k] ": its head does not say what it uses"
                status = 1
            }
        }
        exit status
    }' src/*/*.h src/*/*.c
