# shellcheck shell=bash
# What the recipes of a text for a first training on English share: english and essays source it with their arguments,
# OUTPUT_FOLDER CORPUS_FOLDER [WORD_LIST]. It sets `output`, `corpus`, `words` and `quillet`.
# Uses: build/quillet prepare (or $QUILLET), awk, grep, fold, sort.

recipe=$(basename "$0")
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "usage: tools/recipes/$recipe OUTPUT_FOLDER CORPUS_FOLDER [WORD_LIST]" >&2
    exit 2
fi
output=$1
corpus=$2
words=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
quillet=${QUILLET:-$here/../../build/quillet}
[ -x "$quillet" ] || quillet=$(command -v quillet || echo "$quillet")

for file in "$quillet" "$corpus/quotes.txt" "$corpus/quotes.validation.txt" "$corpus/quotes.test.txt"; do
    if [ ! -e "$file" ]; then
        echo "$recipe: $file is missing; run make, and tools/recipes/demo $corpus" >&2
        exit 1
    fi
done

# Sentences of prose, one a line.
sentences()
{
    LC_ALL=C awk '{
        while (match($0, /[.!?]["'"'"')]? +["'"'"'(]?[A-Z]/)) {
            end = RSTART + 1 + (substr($0, RSTART + 1, 1) != " ")
            print substr($0, 1, end - 1)
            $0 = substr($0, end)
            sub(/^ +/, "")
        }
        print
    }'
}

# symbols: those of the quotations, for a bracket expression of grep.
symbols()
{
    LC_ALL=C fold -b -w 1 "$corpus/quotes.txt" | LC_ALL=C sort -u | tr -d '\n]^-'
}

# Of lines, what begins and ends as a sentence, in the symbols that the quotations have.
complete()
{
    LC_ALL=C grep -E "^[\"'A-Z(].*[.!?][\"')]?\$" | LC_ALL=C grep -v "[^]$(symbols)-]"
}

# Writes OUTPUT_FOLDER/english.txt: lines of which nothing overlaps with what the demo's recipe holds out.
write_text()
{
    local options=(--format lines --alphabet ascii --name english --validation 0 --test 0 --min-length 20 --max-length 200
        --min-symbol-count 0 --apart-from "$corpus/quotes.validation.txt,$corpus/quotes.test.txt")
    if [ -n "$words" ]; then
        options+=(--remove-words "$words")
    fi
    "$quillet" prepare --output "$output" "${options[@]}" - 2>&1 | grep -v ' items, format ' >&2
}
