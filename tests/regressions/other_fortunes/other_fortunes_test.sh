#!/bin/bash
# Other packages put fortunes where the demo's are, some in other languages and in folders of their own. The demo read all
# that it found there: a folder ended it, and a file changed the names and quotations that the README shows. Guards: its
# corpora come from the files of its own packages alone.
# Uses: tools/recipes/demo, expect.sh. Arguments: the tool, json_get, the sources.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

sources=$(realpath "$3")
installed=/usr/share/games/fortunes
if [ ! -e $installed/wisdom ] || [ ! -e $installed/literature ]; then
    echo "$installed/literature is missing: tools/bootstrap demo"
    exit 77
fi

mkdir -p own other/de
while read -r name; do
    ln -s "$installed/$name" own
    ln -s "$installed/$name" other
done < "$sources/tools/recipes/demo_fortunes.txt"
printf 'A saying of another package, which nobody has asked for.\n\t\t-- Somebody Else\n%%\n' > other/of_others
cp other/of_others other/de/others
printf '\001' > other/of_others.dat

for folder in own other; do
    expect env FORTUNES=$folder QUILLET="$tool" "$sources/tools/recipes/demo" corpus_$folder
    rm -f corpus_$folder/report.json # it names the folder
done
expect diff -r corpus_own corpus_other
expect grep -q . corpus_other/quotes.txt
finish
