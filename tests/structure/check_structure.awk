# Reads C files and prints each break of the structure of the tree as "file:line: what and what to do".
# Uses: any POSIX awk. Input: the names of all files, relative to the root; the exit status is 1 after a finding.

function report(message)
{
    print FILENAME ":" FNR ": " message
    findings++
}

# The folder that decides what a file may use: "device", "reference", "firmware", or the folder below src/.
function area_of(path, parts)
{
    split(path, parts, "/")
    return parts[1] == "src" ? parts[2] : parts[1]
}

# Removes comments, and the content of strings and character constants. `in_comment` lasts from line to line.
function code_of(line, code, start)
{
    code = ""
    while (line != "") {
        if (in_comment) {
            start = index(line, "*/")
            if (start == 0) {
                return code
            }
            line = substr(line, start + 2)
            in_comment = 0
        }
        if (!match(line, /\/\/|\/\*|"|'/)) {
            return code line
        }
        code = code substr(line, 1, RSTART - 1) " "
        start = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        if (start == "//") {
            return code
        } else if (start == "/*") {
            in_comment = 1
        } else {
            # A constant ends at the next quotation mark that no backslash escapes.
            match(line, start == "\"" ? /^([^"\\]|\\.)*"?/ : /^([^'\\]|\\.)*'?/)
            line = substr(line, RLENGTH + 1)
            code = code start start
        }
    }
    return code
}

function check_include(line, target, folder, quoted)
{
    if (!match(line, /^[ \t]*#[ \t]*include[ \t]*["<][^">]*[">]/)) {
        report("an include by macro hides what is used; name the file")
        return
    }
    target = substr(line, RSTART, RLENGTH)
    sub(/^[^"<]*/, "", target)
    quoted = substr(target, 1, 1) == "\""
    target = substr(target, 2, length(target) - 2)
    folder = target
    sub(/\/.*/, "", folder)

    if (area == "device" && !quoted && target !~ /^(stdint|stddef|stdbool|string)\.h$/) {
        report("device/ may use only <stdint.h>, <stddef.h>, <stdbool.h> and <string.h>, not <" target ">")
    }
    if (quoted && target !~ /\// && area != "firmware") {
        report("write \"" target "\" with its folder, from src/ or from the root")
        return
    }
    if (area == "dashboard" && target ~ /^firmware\/app\/(frame|layout)\.h$/) {
        return # the page of the panel is the device's, pixel by pixel
    }
    if (!(folder in place) && folder != "device" && folder != "reference" && folder != "src") {
        if (quoted && area != "firmware") {
            report("\"" target "\" is in no folder of ours; use <> for the files of others")
        }
        return
    }
    if (folder == area) {
        return
    }
    if (folder == "src" || target ~ /(^|\/)\.\.?\//) {
        report("write \"" target "\" from src/ or from the root")
    } else if (area == "device" || area == "reference" || area == "base") {
        report(area "/ may use nothing else of ours, not \"" target "\"")
    } else if (folder == "reference") {
        report("reference/ is for tests only, not for " area "/")
    } else if (area == "firmware") {
        if (folder != "device") {
            report("firmware/ may use only device/ and itself, not \"" target "\"")
        }
    } else if (folder != "device" && place[folder] > place[area]) {
        report("a back edge: " area "/ comes before " folder "/ and may not use \"" target "\"")
    }
}

function check_calls(code)
{
    if (area == "firmware") {
        return
    }
    if (area == "device" && code ~ /(^|[^A-Za-z0-9_])(malloc|calloc|realloc|free|alloca|aligned_alloc)[ \t]*\(/) {
        report("device/ may not allocate; the caller owns the memory")
    }
    if (area != "cli" &&
        code ~ /(^|[^A-Za-z0-9_])((v?printf|puts|putchar|perror)[ \t]*\(|(stdout|stderr)([^A-Za-z0-9_]|$))/) {
        report("only src/cli prints; write to a stream that the caller names, or return an error")
    }
    if (area != "cli" && code ~ /(^|[^A-Za-z0-9_])(exit|_exit|_Exit|quick_exit|abort)[ \t]*\(/) {
        report("only src/cli ends the process; return an error, or assert where the bug is ours")
    }
}

# --- Cycles ---
# The files of an area are the nodes of a graph; a source and its header are one node. An edge is an include, or a name
# ql_... that one source alone defines and another one mentions.

function node_of(path)
{
    sub(/\.[ch]$/, "", path)
    return path
}

function add_edge(from, to, why)
{
    if (from != to && !((from, to) in reason)) {
        reason[from, to] = why
        followers[from] = followers[from] " " to
    }
}

function note_include(line, target, path, i)
{
    if (!match(line, /"[^"]*"/)) {
        return
    }
    target = substr(line, RSTART + 1, RLENGTH - 2)
    for (i = 1; i <= 3; i++) {
        path = root[i] target
        if (area_of(path) == area && (i == 1 ? FILENAME ~ /^src\// : path in exists)) {
            add_edge(node_of(FILENAME), node_of(path), "includes \"" target "\"")
            return
        }
    }
}

# A definition begins in the first column of a source, and is neither static nor a declaration.
function note_names(code, name)
{
    if (FILENAME ~ /\.c$/ && code ~ /^[a-z]/ && code !~ /^(static|extern|typedef)[^A-Za-z0-9_]|^[^=]*;[ \t]*$/ &&
        match(code, /ql_[A-Za-z0-9_]+[ \t]*(\(|\[[^\]]*\][^;]*=|=)/)) {
        name = substr(code, RSTART, RLENGTH)
        sub(/[^A-Za-z0-9_].*/, "", name)
        if (!((area, name) in definer)) {
            definer[area, name] = node_of(FILENAME)
        } else if (definer[area, name] != node_of(FILENAME)) {
            definer[area, name] = "" # defined for several machines: nobody knows which one is meant
        }
    }
    gsub(/(struct|enum|union)[ \t]+ql_[A-Za-z0-9_]+/, "", code) # a type may bear the name of a function
    while (FILENAME ~ /\.c$/ && match(code, /ql_[A-Za-z0-9_]+/)) {
        mentioned[area, node_of(FILENAME), substr(code, RSTART, RLENGTH)] = 1
        code = substr(code, RSTART + RLENGTH)
    }
}

# Follows the shortest paths from a node to all that it reaches: `before` says from where each was reached first. The
# node itself is among them if it is in a cycle.
function walk(start, before, queue, head, tail, next_nodes, count, i)
{
    split("", before)
    queue[tail = 1] = start
    for (head = 1; head <= tail; head++) {
        count = split(followers[queue[head]], next_nodes, " ")
        for (i = 1; i <= count; i++) {
            if (!(next_nodes[i] in before)) {
                before[next_nodes[i]] = queue[head]
                queue[++tail] = next_nodes[i]
            }
        }
    }
}

# Prints a cycle through the node, if there is one, and remembers all nodes that are in cycles with it: they are one
# finding.
function find_circle(start, before, back, node, text)
{
    walk(start, before)
    if (!(start in before)) {
        return
    }
    text = start
    node = start
    do {
        text = before[node] " (" reason[before[node], node] ") -> " text
        node = before[node]
    } while (node != start)
    print start (((start ".c") in exists) ? ".c" : ".h") ":1: a circle: " text "; move what both sides need into a file of its own"
    findings++
    for (node in before) {
        walk(node, back)
        if (start in back) {
            in_circle[node] = 1
        }
    }
}

function find_circles(key, parts, i)
{
    for (key in mentioned) {
        split(key, parts, SUBSEP)
        if ((parts[1], parts[3]) in definer && definer[parts[1], parts[3]] != "") {
            add_edge(parts[2], definer[parts[1], parts[3]], parts[3])
        }
    }
    for (i = 1; i < ARGC; i++) {
        if (!(node_of(ARGV[i]) in in_circle)) {
            find_circle(node_of(ARGV[i]))
        }
    }
}

# `line` is the whole line, as the names of files are in strings.
function check_system(line, code)
{
    if (!(area in place) || FILENAME ~ /^src\/base\/system_[a-z]+\.c$/) {
        return
    }
    if (line ~ /"\/proc\// || code ~ /(^|[^A-Za-z0-9_])(_GNU_SOURCE|__linux__|__APPLE__|st_mtim(espec)?)([^A-Za-z0-9_]|$)/) {
        report("what systems do differently is in src/base/system_*.c; take it from base/system.h")
    }
}

# --- Long functions ---
# A function begins with a line in the first column, and has its braces there. The comment before it may say why it is
# long; then it may be.

function note_length(line)
{
    if (in_function) {
        if (line ~ /^}/) {
            if (FNR - head_line >= 60 && head_comment !~ /Long because/) {
                report("a function of " FNR - head_line + 1 " lines; divide it, or say in the comment before it: " \
                       "Long because ...")
            }
            in_function = head_line = 0
            head_comment = ""
        }
    } else if (line ~ /^\/\//) {
        head_comment = head_comment line
        head_line = 0
    } else if (line ~ /^{/ && head_line > 0) {
        in_function = 1
    } else if (line !~ /[^ \t]/) {
        head_comment = ""
        head_line = 0
    } else if (line ~ /^[A-Za-z]/ && head_line == 0) {
        head_line = FNR
    }
}

function end_of_file()
{
    if (previous != "" && !commented) {
        print previous ":1: say within the first three lines, in a comment, what the file does and what it uses"
        findings++
    }
}

BEGIN {
    count = split("base product corpus filter model train checkpoint onnx quantize codegen engine generate study verify " \
                  "dashboard cli", order, " ")
    for (i = 1; i <= count; i++) {
        place[order[i]] = i
    }
    root[1] = "src/" # a file of src/ is written from there, others from the root or from firmware/
    root[2] = ""
    root[3] = "firmware/"
    for (i = 1; i < ARGC; i++) {
        exists[ARGV[i]] = 1
        name = ARGV[i]
        sub(/.*\//, "", name)
        if (ARGV[i] ~ /^firmware\//) {
            continue
        }
        if (name in seen) {
            print ARGV[i] ":1: the name " name " is taken by " seen[name] "; file names are unique over the tree"
            findings++
        }
        seen[name] = ARGV[i]
    }
}

FNR == 1 {
    end_of_file()
    previous = FILENAME
    area = area_of(FILENAME)
    in_comment = 0
    commented = 0
    in_function = head_line = 0
    head_comment = ""
    if (!(area in place) && area !~ /^(device|reference|firmware)$/) {
        report("the folder " area "/ has no place in the include arrow; give it one in this check and in CMakeLists.txt")
    }
}

FNR <= 3 && /^[ \t]*\/[\/*]/ {
    commented = 1
}

area in place {
    note_length($0)
}

{
    was_in_comment = in_comment
    code = code_of($0)
    if (!was_in_comment && code ~ /^[ \t]*#[ \t]*include/) {
        check_include($0)
        note_include($0)
    } else {
        check_calls(code)
        note_names(code)
        check_system($0, code)
    }
}

END {
    end_of_file()
    find_circles()
    exit findings > 0
}
