#!/bin/sh
# Prints the words of a lexicon for the hostile model: every other word that it was trained on, so that it would say as
# many that are not in it, and the innocent ones. Usage: hostile_words.sh SOURCES WORDS. Uses: the C library's tools.
set -eu

{
    sed -e '/^#/d' -e 's/	.*//' -e 's/\*//g' "$2" | grep -E '^[a-z]{3,}$' | LC_ALL=C sort -u | sed '1~2d'
    grep -E "^[a-z]+(['-][a-z]+)*$" "$1/words/innocent.txt"
} | LC_ALL=C sort -u
