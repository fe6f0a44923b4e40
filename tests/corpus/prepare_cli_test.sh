#!/bin/bash
# The command line of `quillet prepare`: exit codes, messages, files, and the documentation's table of steps.
# Arguments: the tool, the root of the sources. Uses: coreutils, sed, grep.
set -u

tool=$1
sources=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

# check CODE PATTERN ARGUMENT... runs the command; the exit code and a line on stderr or stdout must match.
check()
{
    local code=$1 pattern=$2
    shift 2
    "$tool" prepare "$@" >out 2>err </dev/null
    local got=$?
    if [ $got -ne "$code" ] || ! grep -qE -- "$pattern" out err; then
        echo "FAILED: prepare $* gave $got, expected $code with /$pattern/" >&2
        cat out err >&2
        failures=$((failures + 1))
    fi
}

# holds WORD... runs a command that must succeed.
holds()
{
    if ! "$@"; then
        echo "FAILED: $*" >&2
        failures=$((failures + 1))
    fi
}

printf 'one line\nand another\none line\n' >lines.txt
printf 'good\nb\xe4d\n' >bad.txt
printf 'text,by\n"open\n' >open.csv
printf '"It is late."\n\t\t-- Ann Bellwood\n%%\nOnly a text.\n%%\n' >fortune
: >empty

check 0 'usage: quillet prepare' --help
check 2 'output' lines.txt
check 2 'no input' --output out.d
check 2 'no option --ouput; did you mean --output' --ouput out.d lines.txt
check 2 'must be auto, lines' --output out.d --format xml lines.txt
check 2 'is not an encoding' --output out.d --encoding utf-99 lines.txt
check 2 'must be auto, text, ascii' --output out.d --alphabet greek lines.txt
check 2 'is not a step' --output out.d --skip nothing lines.txt
check 2 'cannot be skipped' --output out.d --skip decode lines.txt
check 2 'leave a share' --output out.d --validation 0.5 --test 0.5 lines.txt
check 2 'is not a number' --output out.d --validation half lines.txt
check 1 'absent: cannot open' --output out.d absent
check 1 'is a folder' --output out.d .
check 1 'bad.txt:2:2: byte 0xE4' --output out.d bad.txt
check 1 'open.csv:2: ' --output out.d open.csv
printf '{"text":"Roads are long.","author":"Ann Lee"}\n{"text":"Days are short.","author":null}\n{"text":"So be it."}\n' >by.jsonl
check 1 'by.jsonl: no object has a member "autor"' --output out.d --author_field autor by.jsonl
check 1 'by.jsonl: no object has a member "autor"' --output out.d --author_field autor --alphabet ascii by.jsonl
printf '[{"text":"Roads are long.","author":["Ann Lee"]}]' >list.json
check 1 'list.json:1: no string is in member "author"' --output out.d --author_field author list.json
printf 'author,body\nAnn Lee,Roads are long.\n' >table.txt
check 2 '--field: no input is a table or JSON, table.txt has the format lines' --output out.d --field body table.txt
check 2 '--author-field: no input is a table' --output out.d --author_field author fortune lines.txt
check 0 '1 read, 1 kept' --output table.d --field body --format csv --min_symbol_count 0 table.txt
check 0 '1 read, 1 kept' --output table.d --field body --format csv --min_symbol_count 0 table.txt empty
check 0 'quotes: 6 read' --output table.d --author_field author --min_symbol_count 0 by.jsonl lines.txt
check 0 '0 read' --output table.d --field body empty
check 1 'absent: cannot open' --output out.d --remove_words absent lines.txt
check 1 'absent: cannot open' --output out.d --apart_from lines.txt,absent lines.txt
check 1 'cannot make the folder' --output lines.txt/out --min_symbol_count 0 lines.txt
holds test ! -e out.d
check 0 'names: 3 read, 1 kept' --output by.d --author_field author --min_symbol_count 0 by.jsonl
printf 'ΟΔΥΣΣΕΥΣ ΚΑΙ ΠΗΝΕΛΟΠΗ\nοδυσσευς και πηνελοπη\n' >greek.txt
check 0 'items: 2 read, 1 kept' --output greek.d --min_symbol_count 0 greek.txt

check 0 '3 read, 2 kept, 1 dropped' --output out.d --min_symbol_count=0 --name lists lines.txt
holds test -f out.d/lists.txt -a -f out.d/lists.validation.txt -a -f out.d/lists.test.txt -a -f out.d/report.json
holds test "$(cat out.d/lists*.txt | LC_ALL=C sort | tr '\n' '|')" = 'and another|one line|'

# Held-out texts: what overlaps is dropped, and they are not replaced by the result.
printf 'We hold that no text may share so many letters with this.\nSomething else.\n' >apart.txt
printf 'To share so many letters with this one is wrong.\nOne that is free.\n' >overlap.txt
check 0 'overlap \(overlaps\)' --output out.o --min_symbol_count 0 --apart_from lines.txt,apart.txt overlap.txt
holds test "$(cat out.o/items*.txt)" = 'One that is free.'
cp apart.txt out.o/apart.txt
check 2 'apart.txt' --output out.o --name apart --min_symbol_count 0 --apart_from out.o/apart.txt overlap.txt

check 0 'format fortune \(detected\)' --output out.q --min-symbol-count 0 fortune
holds test "$(cat out.q/quotes*.txt | LC_ALL=C sort | tr '\n' '|')" = 'It is late.|Only a text.|'
holds test "$(cat out.q/names*.txt)" = 'Ann Bellwood'

check 0 '"report_version": 1' --output out.d --min_symbol_count 0 --json --quiet lines.txt
holds test ! -s err
holds test "$(cat out)" = "$(cat out.d/report.json)"
check 0 '0 read, 0 kept' --output out.d empty

# Standard input, and a result that cannot be written.
printf 'from a pipe\n' | "$tool" prepare --output out.p --min_symbol_count 0 --quiet - || failures=$((failures + 1))
holds grep -qx 'from a pipe' out.p/items.txt out.p/items.validation.txt out.p/items.test.txt
if [ -w /dev/full ]; then
    if "$tool" prepare --output out.p --min_symbol_count 0 --quiet --json lines.txt >/dev/full 2>err; then
        echo "FAILED: a full disk under stdout was not noticed" >&2
        failures=$((failures + 1))
    fi
fi

# The documentation's table is the tool's table.
"$tool" prepare --list_steps | sed -E 's/^([a-z_]+) .*  (.*)$/\1: \2/' >steps.tool
sed -nE 's/^\| `([a-z_]+)` \| [iqn-]{3} \| (.*) \|$/\1: \2/p' "$sources/docs/corpus.md" >steps.documented
holds test -s steps.documented
holds diff steps.tool steps.documented

exit $((failures > 0))
