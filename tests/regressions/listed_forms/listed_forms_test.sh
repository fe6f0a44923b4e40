#!/bin/bash
# The items that `prepare` compares with the lists of --remove-words and --remove-names have been through its steps, and
# the entries had not: café, José Saramago, don’t, J.R.R. Tolkien, and entries in decomposed letters never matched, and
# nobody was told. Guards: an entry is found in whatever form the steps leave it.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

prepare=(prepare --quiet --validation 0 --test 0 --min_symbol_count 1 --output p)

# leaves WANTED OPTION...: of `text` with the list `words`; WANTED has | for line ends.
leaves()
{
    local wanted=$1
    shift
    rm -rf p
    expect_exit 0 "${prepare[@]}" --remove_words words "$@" text
    [[ $(sort p/items.txt | tr '\n' '|') == "$wanted" ]] || fail "leaves '$(sort p/items.txt | tr '\n' '|')', expected '$wanted'"
}

printf 'A café here.\nA cafe\u0301 there.\nA cafe too.\nCafés stay.\nI don’t know.\nI don'"'"'t care.\nRoads are long.\n' > text
stay='Cafes stay.|Roads are long.|'
for entry in café 'cafe\u0301' CAFÉ; do
    for apostrophe in "don't" don’t; do
        printf "%b\n" "$entry" "$apostrophe" > words
        leaves "$stay" --alphabet ascii
        # Where letters keep their accents, cafe is another word.
        leaves 'A cafe too.|Cafés stay.|Roads are long.|' --alphabet any
        leaves 'A cafe too.|Cafés stay.|Roads are long.|' --alphabet text
        leaves 'A cafe too.|Cafés stay.|Roads are long.|' --skip transliterate
    done
done
printf 'œuvre\ntoo  often\n' > words
printf 'An oeuvre.\nIt is too often.\nRoads are long.\n' > text
leaves 'Roads are long.|' --alphabet ascii

# Names take the form that the step person gives them; what is no full name stays as it is.
printf '%s\n' 'José Saramago' 'J.R.R. Tolkien' 'Wm. Blake' 'Martin Luther King, Jr.' 'Plato' "D’Arcy" > names
for by in 'José Saramago' 'J.R.R. Tolkien' 'J. R. R. Tolkien' 'Wm. Blake' 'Martin Luther King, Jr.' "Ann D'Arcy" 'Ann Lee'; do
    printf 'A text of %s words.\n\t\t-- %s\n%%\n' "$by" "$by"
done > text
for alphabet in ascii any; do
    rm -rf p
    expect_exit 0 "${prepare[@]}" --alphabet $alphabet --remove_names names text
    expect test "$(cat p/names.txt)" == 'Ann Lee'
done

finish
