#!/bin/bash
# The cut between training and validation moved back to a line end however far that was: of a title and one long
# paragraph, 95 % were held out, and a text without line ends was refused. Guards: the held-out share of running text stays
# near what was asked for, whatever its lines are.
# Uses: expect.sh. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/../../cli/expect.sh"

body=$(yes 'one long road and one short day ' | head -c 20000 | tr '\n' ' ')
dense=$(yes '日本の道は長い' | head -n 1000 | tr -d '\n')

# held_out NAME PERCENT OPTION...: trains on stdin; between PERCENT and twice as much is held out.
held_out()
{
    local name=$1 percent=$2 held trained
    shift 2
    cat > "$name.txt"
    expect_exit 0 train "${tiny[@]}" --input "$name.txt" --max_epochs 1 --run_name "$name" "$@"
    held=$("$json_get" "checkpoints/$name/summary.json" text.validation_symbols) || held=0
    trained=$("$json_get" "checkpoints/$name/summary.json" text.train_symbols) || trained=1
    ((100 * held >= percent * (held + trained) && 100 * held <= 2 * percent * (held + trained) + 100)) ||
        fail "$name: $held of $((held + trained)) symbols are held out, expected $percent %"
}

printf 'A title\n%s\n' "$body" | held_out title 5
printf '%s\n%s\n' "${body:0:10000}" "${body:10000}" | held_out paragraphs 5
printf '%s\n%s\n%s\n' "${body:0:2000}" "${body:2000:4000}" "${body:6000}" | held_out chapters 5
printf '%s' "$body" | held_out no_line_end 5
printf 'A title\r%s\r' "$body" | held_out title_cr 5
printf '\n%s' "${body// /}" | held_out no_space 5
printf '%s' "$dense" | held_out japanese 5
printf 'Title\n%s\n' "$body" | held_out large_share 30 --validation_share 0.3
printf 'Title\n%s\n' "$body" | held_out pieces 5 --pieces 20
(for i in {1..60}; do printf 'a short line of verse %s\n' "$i"; done; printf '%s\n' "$body") | held_out verse_and_prose 5
printf 'Title\n%s\n' "${body:0:600}" | held_out short 5

# Where lines are short, the cut is still at a line end: both parts are whole lines.
numbers 2000 | held_out lines 5
expect_json checkpoints/lines/summary.json text.validation_symbols 445

# Too short to divide is an error that says so.
printf 'ab' > two.txt
expect_exit 1 train "${tiny[@]}" --input two.txt --run_name two
expect_stderr 'too few symbols'

finish
