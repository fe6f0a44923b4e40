#!/bin/bash
# Tests tools/check_commits itself: a commit with one fault must be reported, and a sound one must not.
# Uses: git. Argument: the check.
set -euo pipefail

check=$1
if ! command -v git > /dev/null; then
    echo "git is not installed"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git init --quiet "$work/tree"
cd "$work/tree"
git commit --quiet --allow-empty --allow-empty-message --message ""
first=$(git rev-parse HEAD)
failed=0

# expect CODE WORDS MESSAGE: a repository whose only checked commit has this message.
expect()
{
    local code=0
    git reset --quiet --hard "$first"
    printf '%b' "$3" | git commit --quiet --allow-empty --cleanup=verbatim --file -
    "$check" . "$first" > "$work/report" 2>&1 || code=$?
    if ((code != $1)) || [[ $(< "$work/report") != *"$2"* ]]; then
        echo "expected exit $1 with '$2' for '$3', got $code:"
        cat "$work/report"
        failed=1
    fi
}

seventy_two=$(printf 'a%.0s' {1..72})
eighty_one="$(printf 'b%.0s' {1..40}) $(printf 'b%.0s' {1..40})"
expect 0 "" "$seventy_two\n\nA reason.\n"
expect 0 "" "${seventy_two%aa}\xc3\xa4a\n\nA reason.\n"
expect 0 "" "Add a\n\nhttps://example.org/$seventy_two$seventy_two\n\nAck-by: A <a@example.org>\n"
expect 1 "the subject has 73 characters" "${seventy_two}a\n\nA reason.\n"
expect 1 "not finished" "wip\n\nA reason.\n"
expect 1 "no body" "Add a\n"
expect 1 "no body" "Add a\n\nSigned-off-by: A <a@example.org>\n"
expect 1 "second line" "Add a\nA reason.\n\nMore.\n"
expect 1 "more than 80" "Add a\n\n$eighty_one\n"

code=0
"$check" "$work" > /dev/null 2>&1 || code=$?
if ((code != 77)); then
    echo "a folder without a repository: exit $code, expected 77"
    failed=1
fi
exit $failed
