# Prints bench/results.md with the sections of a benchmark's output in the places of those of the same title below the
# same kind of processor, or at the end of that kind where they are new; a new kind stands at the end of the file. What
# stands below a line "Notes:" in a section stays.
# Uses: any POSIX awk. Input: the benchmark's output, whose sections begin with "## ", then results.md. Variables: kind,
# of the processor; line, which says when and where the output was made.

function flush_new(title, i)
{
    for (i = 1; i <= count; i++) {
        if (!(titles[i] in printed) && belongs(titles[i])) {
            print_section(titles[i])
        }
    }
}

function belongs(title)
{
    return index(present, title ~ /RP2040|on the device/ ? "Cortex-M0+" : kind) == 1
}

function print_section(title)
{
    print "### " title "\n" line "\n\n" text[title]
    printed[title] = 1
}

FNR == NR {
    if (/^## /) {
        title = titles[++count] = substr($0, 4)
    } else if (title != "" && (text[title] != "" || $0 != "")) {
        text[title] = text[title] $0 "\n"
    }
    next
}

/^## / {
    if (present != "") {
        flush_new()
    }
    present = substr($0, 4)
    kinds[present] = 1
    skipping = 0
}

/^### / {
    title = substr($0, 5)
    skipping = title in text && belongs(title)
    if (skipping) {
        print_section(title)
    }
}

/^Notes:$/ {
    skipping = 0
}

!skipping {
    print
}

END {
    flush_new()
    for (i = 1; i <= count; i++) {
        if (!(titles[i] in printed)) {
            if (!begun++) {
                print "\n## " kind "\n"
            }
            print_section(titles[i])
        }
    }
}
