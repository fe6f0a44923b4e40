#!/bin/bash
# Vowels of scripts of India and South East Asia are combining marks in Unicode. They were taken for accents, or for
# ends of words: different words were near duplicates, speech was a drawing, and a refused name refused others. Guards:
# such marks are letters of their words everywhere.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

prepare=(prepare --quiet --validation 0 --test 0 --min_symbol_count 1 --output p)

# all_kept WORD...: words that differ in their vowels only are not near duplicates.
all_kept()
{
    printf '%s\n' "$@" > text
    rm -rf p
    expect_exit 0 "${prepare[@]}" text
    expect_same <(sort text) <(sort p/items.txt)
}

all_kept दिल दल दाल कल काल कील        # Devanagari
all_kept কল কাল কলি কুল               # Bengali
all_kept கல் கால் கில் கீல்              # Tamil
all_kept ดี ดู ดึ มี มื                  # Thai
all_kept កា កី កុ កេ                   # Khmer
all_kept ကာ ကိ ကု ကေ                  # Myanmar
all_kept ཀི ཀུ ཀེ ཀོ                    # Tibetan
all_kept ഒരു ഒരി ഒരാ                  # Malayalam

# Words of a list are whole words; between words may be any sign.
listed()
{
    local wanted=$1 word=$2
    shift 2
    printf '%s\n' "$word" > list
    printf '%s\n' "$@" > text
    rm -rf p
    run "${prepare[@]}" --remove_words list text
    [[ $(cat p/items.txt 2> /dev/null | sort | tr '\n' '|') == "$wanted" ]] || fail "$word leaves '$(cat p/items.txt)'"
}
listed 'कलि आया|' कल 'कलि आया' 'वह कल आया'
listed 'กาแฟ|' กา 'กาแฟ' 'กา'
listed 'भला|' कल 'भला' 'कल।' '“कल”' '—कल—'
listed 'the leeks|' leek 'the leeks' 'the “leek”' 'leek—and so on' '«leek»'
listed 'été|' ét 'été' 'l’ét…'

# Speech is letters.
printf 'धैर्य किसी भी सड़क से लंबा है।\n\t\t-- राम कुमार\n%%\nคำพูดที่ดีมีค่ามาก\n\t\t-- สมชาย ใจดี\n%%\nRoads are long.\n\t\t-- Ann Lee\n' > fortunes
rm -rf p
expect_exit 0 "${prepare[@]}" fortunes
expect grep -q 'धैर्य' p/quotes.txt
expect grep -q 'คำพูดที่ดี' p/quotes.txt

# Refused items.
printf 'राम\nกา\n' > people
expect_exit 0 filter --refuse people --output r.qlf
for item in रीमा रोमा กี กู; do
    expect_exit 0 filter --filter r.qlf --check "$item"
    expect_stdout 'nothing in the text is listed'
done
for item in राम กา; do
    run filter --filter r.qlf --check "$item"
    expect_stdout refused
done
printf 'Zoë Brûlé\n' > people
expect_exit 0 filter --refuse people --output r.qlf
run filter --filter r.qlf --check 'Zoe Brule'
expect_stdout refused

# Words that study counts.
printf 'राम कुमार\nसीता देवी\nमोहन लाल\nगीता रानी\n' > names
for i in {1..8}; do cat names; done > many
expect_exit 0 train "${tiny[@]}" --input many --validation names --sequences items --max_epochs 1 --run_name h
expect_exit 0 study checkpoints/h/checkpoint.1.safetensors --corpus names --items 10 --temperature 1 --threads 1 --quiet \
    --sentences 0 --output s
expect_json s/study.json corpus.words 8

finish
