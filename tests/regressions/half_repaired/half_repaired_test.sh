#!/bin/bash
# Of UTF-8 that was encoded twice, `prepare` repaired what stands for Latin-1 and left the rest: "ZaÅ¼Ã³Å‚Ä‡" became
# "ZaÅ¼óÅ‚Ä‡". Guards: an item is repaired as a whole, in any language, or left alone.
# Uses: expect.sh, iconv. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

prepare=(prepare --quiet --validation 0 --test 0 --min_symbol_count 1 --alphabet any --output p)

# repaired ENCODING TEXT: the text in UTF-8, read in ENCODING, is repaired.
repaired()
{
    iconv -f "$1" -t utf-8 <<< "$2" > text
    rm -rf p
    expect_exit 0 "${prepare[@]}" text
    [[ $(cat p/items.txt) == "$2" ]] || fail "$1: $(cat p/items.txt)"
}

# unchanged TEXT
unchanged()
{
    printf '%s\n' "$1" > text
    rm -rf p
    expect_exit 0 "${prepare[@]}" text
    [[ $(cat p/items.txt) == "$1" ]] || fail "$(cat p/items.txt)"
}

repaired windows-1252 'Zażółć gęślą jaźń'
repaired windows-1252 'déjà vu'
repaired latin1 'Příliš žluťoučký kůň'
repaired latin1 'Привет, мир'
repaired latin1 'Γειά σου'
repaired latin1 'नमस्ते'
repaired latin1 '日本の名前'
repaired latin1 'it’s “fine” — so'
iconv -f latin1 -t utf-8 <<< 'Łódź' | iconv -f latin1 -t utf-8 > text
rm -rf p
expect_exit 0 "${prepare[@]}" text
expect grep -qx 'Łódź' p/items.txt

unchanged 'Zażółć and ZaÅ¼Ã³Å‚Ä‡'
unchanged 'dÃ©jà vu'
unchanged 'Привет ÐŸ'
unchanged 'CAFÉ – fermé'
unchanged 'AMANHÃ” hoje'

finish
