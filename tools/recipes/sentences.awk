# Prints prose with a sentence on each line: a mark of the end, a space, and a capital letter part two of them.
{
    while (match($0, /[.!?]["')]? +["'(]?[A-Z]/)) {
        end = RSTART + 1 + (substr($0, RSTART + 1, 1) != " ")
        print substr($0, 1, end - 1)
        $0 = substr($0, end)
        sub(/^ +/, "")
    }
    print
}
