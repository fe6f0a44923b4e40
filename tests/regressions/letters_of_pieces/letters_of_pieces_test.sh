#!/bin/bash
# The letters of a vocabulary with pieces, which is a list in the descriptor, did not reach the typeface: cmake writes a list
# in ASCII. Polish pieces were boxes on the panel, and configuring did not name the letters that the typeface lacks.
# Guards: on the way through cmake, such a model has all of its letters, and those that have no picture are named.
# Uses: bash, cmake, a C compiler, the libraries of the build. Arguments: cmake, the root of the sources, font_writer, the
# four cuts of the typeface.
cmake=$1
root=$2
writer=$(realpath "$3")
cuts=("${@:4}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail()
{
    echo "FAILED (line ${BASH_LINENO[0]}): $*" >&2
    failures=$((failures + 1))
}

# letters VOCABULARY: the letters of a descriptor with this vocabulary, which is JSON, in letters.txt.
letters()
{
    printf '{"filename": "./m.onnx", "vocabulary": %s}\n' "$1" > m.json
    cat > read.cmake << END
include("$root/cmake/package/QuilletLetters.cmake")
quillet_read_letters(letters "$work/m.json")
file(WRITE "$work/letters.txt" "\${letters}")
END
    "$cmake" -P read.cmake > log 2>&1 || fail "$1: $(< log)"
}

# made SYMBOL...: the typeface that is made for letters.txt has these symbols, as numbers.
made()
{
    local symbol
    "$writer" type.c "${cuts[@]}" letters.txt > out 2>&1 || fail "no type: $(< out)"
    for symbol in "$@"; do
        grep -q "ql_font_symbols.*[{,]$((symbol))," type.c || fail "no symbol $symbol for: $(< letters.txt)"
    done
}

# As one string and as a list, written in UTF-8 or in ASCII; with characters that JSON and cmake write in their own ways.
for vocabulary in '"\nłódźŻ"' '["\n", "ł", "ó", "d", "ź", "Ż", "łó", "dź"]' '["\n","\u0142\u00f3","d\u017a","\u017B"]' \
    '["\n", ";[", "]", "\"", "\\", "\\\"", "${x}@x@", "ł", "ó", "łó;", "Żź"]'; do
    letters "$vocabulary"
    made 0x142 0xf3 0x17a 0x17b
    ! grep -q lacks out || fail "$vocabulary: $(< out)"
done
# A backslash before u0142 is no letter; a letter beyond the first plane is named, as it is in a string.
letters '["\n", "\\u0142", "\\\\u0142"]'
made 65
! grep -q "[{,]$((0x142))," type.c || fail "a backslash is taken for ł"
letters '["\n", "\\\u0142", "🙂"]'
made 0x142
grep -q 'lacks letters of the models: U+1F642;' out || fail "not named: $(< out)"
for vocabulary in '["a", "b"]' '[]' '"ab"' '7'; do
    letters "$vocabulary"
    made 65 0xe9
done
printf '{}' > m.json
"$cmake" -P read.cmake > log 2>&1 || fail "without a vocabulary: $(< log)"
[[ ! -s letters.txt ]] || fail "without a vocabulary: $(< letters.txt)"

# Configuring the firmware says what the typeface has and lacks.
# configured WORDS QUOTES NAMES: with these vocabularies.
configured()
{
    printf '{"filename": "./q.onnx", "vocabulary": %s}\n' "$2" > q.json
    printf '{"filename": "./n.onnx", "vocabulary": %s}\n' "$3" > n.json
    "$cmake" -S "$root" -B build -D CMAKE_BUILD_TYPE=Release -D QUOTES_MODEL="$work/q.json" -D NAMES_MODEL="$work/n.json" \
        > log 2>&1 || fail "does not configure: $(tail -n 20 log)"
    grep -qF -- "$1" log || fail "'$1' is not said: $(grep quotes log)"
}
configured "quotes: the typeface has all letters of both models" '["\n", "a", "b", "ab"]' '["\n", "ł", "łł"]'
grep -q ł build/firmware/letters.txt || fail "the build makes the type without ł"
configured "quotes: the typeface lacks letters of the models: U+092E;" '["\n", "म", "मम"]' '"\nab"'
exit $((failures > 0))
