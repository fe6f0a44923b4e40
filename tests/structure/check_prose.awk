# Reads sources and documents, and prints each phrase that a reader stumbles over as "file:line: phrase; write ...".
# Uses: any POSIX awk. Input: the names of the files; the exit status is 1 after a finding. Only comments, strings, and
# documents count: in C and JavaScript a word that is part of a name does not.

function ban(pattern, instead)
{
    patterns[++pattern_count] = pattern
    advice[pattern_count] = instead
}

# The phrase with a letter or digit on neither side.
function find(line, pattern, start, before, after)
{
    start = 1
    while (match(substr(line, start), pattern)) {
        found_at = start + RSTART - 1
        found_length = RLENGTH
        before = substr(line, found_at - 1, 1)
        after = substr(line, found_at + found_length, 1)
        if ((found_at == 1 || before !~ /[A-Za-z0-9_`]/) && after !~ /[A-Za-z0-9_`]/) {
            return 1
        }
        start = found_at + found_length
    }
    return 0
}

# What of a line of C or JavaScript a person reads: its comment, and its strings.
function words_of(line, text, place)
{
    if (line ~ /^[ \t]*(\/\/|\/?\*)/) {
        return line
    }
    text = ""
    while (match(line, /"([^"\\]|\\.)*"|`([^`\\]|\\.)*`|\/\/.*/)) {
        text = text " " substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
    }
    return text
}

BEGIN {
    ban("(is|are|was|were) no (a|an|the|valid|part|fault|proof|number|option|error|text|file|letter|member)", "'is not'")
    ban("to blame", "what caused it")
    ban("a fixed disorder", "'random order' or 'shuffled order'")
    ban("has bitten", "'watchdog reset'")
    ban("for lack of", "'because ... is missing'")
    ban("for there (is|are|was|were)", "'because there is'")
    ban("memory is out", "'there is not enough memory'")
    ban("judged on", "'validated on' or 'held out'")
    ban("learnt|burnt|spelt", "the American form in -ed")
    ban("[Zz]ero-initialised|[a-z]*(normalis|recognis|initialis|organis|quantis|serialis)(e|ed|es|ing|ation)", "'-ize'")
    ban("([Cc]olour|[Bb]ehaviour|[Nn]eighbour|[Ff]avour)(s|ed|ing|al)?", "'-or'")
    ban("[Ll]icence(s|d)?", "'license'")
}

FNR == 1 {
    is_code = FILENAME ~ /\.(c|h|js|mjs)$/
    in_fence = 0
}

!is_code && /^```/ {
    in_fence = !in_fence
}

{
    text = is_code ? words_of($0) : in_fence ? "" : $0
    gsub(/[Tt]here (is|are|was|were) no /, "", text)
    for (i = 1; i <= pattern_count; i++) {
        if (find(text, patterns[i])) {
            print FILENAME ":" FNR ": '" substr(text, found_at, found_length) "'; write " advice[i]
            findings++
        }
    }
}

END {
    exit findings > 0
}
