#!/bin/bash
# The tables of the panel's type had a fixed list of Western letters: Czech, Polish, Greek and Russian came out as boxes,
# and neither configuring nor the console said so. Guards: the tables have the letters of the models, and what the
# typeface lacks is named.
# Uses: bash, coreutils, grep. Arguments: font_writer, the four cuts of the typeface.
writer=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail()
{
    echo "FAILED (line ${BASH_LINENO[0]}): $*" >&2
    failures=$((failures + 1))
}

# made LETTERS NUMBER...: makes the tables for a model with these letters; the code points must be in them.
made()
{
    local letters=$1
    shift
    printf '%s' "$letters" > letters
    "$writer" type.c "${cuts[@]}" letters > out 2>&1 || fail "'$letters': $(< out)"
    for symbol in "$@"; do
        grep -q "ql_font_symbols.*[{,]$symbol," type.c || fail "'$letters': no symbol $symbol"
    done
}
cuts=("$@")

lacks()
{
    grep -q "lacks letters of the models: $1; the panel" out || fail "not named: $1 in $(< out)"
}

"$writer" plain.c "${cuts[@]}" > /dev/null || fail 'no tables without letters'
for letters in '' 'abc XYZ' $'Zoé\nà' 'Straße €'; do
    made "$letters" 65
    cmp -s plain.c type.c || fail "'$letters' changes the tables, which have all of them"
done
# Every letter has a picture, also where only one cut has it.
made 'Řeka čeká ďábla Jiří' $((0x158)) $((0x10d)) $((0x10f)) 65 $((0x2019))
made 'Zażółć gęślą jaźń' $((0x105)) $((0x142)) $((0x17a))
made 'Őrült tűz' $((0x150)) $((0x171))
made 'Νίκος Παππάς Ωώ' $((0x39d)) $((0x3ce)) $((0x3c2))
made 'Анна Щукина Жданов ё' $((0x410)) $((0x429)) $((0x451))
made 'Nguyễn Việt' $((0x1ec5)) $((0x1ec7))
! grep -q lacks out || fail "Vietnamese: $(< out)"
# What there is no picture of is named, once, and the rest is made.
made 'řम東मřम' $((0x159))
lacks 'U+092E, U+6771'
made '🙂é' 233
lacks 'U+1F642'
made $'e\xcc\x81' 101
lacks 'U+0301'
made 'שם' 65
lacks 'U+05E9, U+05DD'

# No letter is blank: the italic has т, д and о with nothing in them. All letters of a script come from one cut.
made 'Пётр Жданов Ωδός' $((0x434))
index=$(grep -o 'ql_font_symbols\[\] = {[^}]*' type.c | sed 's/.*{//' | tr ',' '\n' | grep -nx "$((0x434))" | cut -d: -f1)
for size in 28 18; do
    glyph=$(sed -n "/italic_${size}_glyphs/,/^};/p" type.c | sed -n "$((index + 1))p")
    [[ $glyph =~ ^\{[0-9]+,[1-9][0-9]*,[1-9] ]] || fail "italic $size: д is blank: $glyph"
done

# A letter has its mark: the small italic draws an l for ł, and narrower. The other italic has one with a stroke.
# advance STYLE_SIZE SYMBOL: from one letter to the next, in 1/64 pixel.
advance()
{
    local index
    index=$(grep -o 'ql_font_symbols\[\] = {[^}]*' type.c | sed 's/.*{//' | tr ',' '\n' | grep -nx "$2" | cut -d: -f1)
    sed -n "/$1_glyphs/,/^};/p" type.c | sed -n "$((index + 1))p" | grep -o '[0-9]*},$' | tr -d '},'
}
made 'Małgorzata Łukasz' $((0x142)) $((0x141))
for size in 28 24 21 18; do
    (($(advance italic_$size $((0x142))) > $(advance italic_$size 108))) || fail "italic $size: ł is an l"
done

for ((k = 0x1e00; k < 0x1f00; k++)); do
    printf "\\x$(printf %x $((0xe0 | k >> 12)))\\x$(printf %x $((0x80 | (k >> 6 & 63))))\\x$(printf %x $((0x80 | (k & 63))))"
done > letters
if "$writer" type.c "${cuts[@]}" letters > out 2>&1 || ! grep -q 'more letters than' out; then
    fail "too many letters: $(< out)"
fi
exit $((failures > 0))
