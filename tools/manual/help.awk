# Turns the --help of the tool, or of one of its commands, into a page of the manual or a part of a completion.
# Variables: form (man-tool, man, bash-head, bash, bash-foot, and the same for zsh), command, summary, release.
# What it reads: usage lines; text; then groups, each with an optional title in the first column, of lines such as
#   --name VALUE    what it does, which goes on in lines that begin with more spaces

BEGIN { part = "usage" }

# Keeps what has been read of an option, and begins a new one.
function end_option()
{
    if (name == "") {
        return
    }
    if (name == "threads") {
        sub(/ \([0-9]+\)$/, " (all processors)", help) # the default is that of the machine that wrote the page
    }
    names[++count] = name
    values[count] = value
    helps[count] = help
    titles[count] = title
    title = name = ""
}

{ sub(/[ \t]+$/, "") }
part == "usage" && $0 == "" { part = "text"; next }
part == "usage" { sub(/^usage: */, ""); sub(/^ +/, ""); usages[++usage_count] = $0; next }
/^  --[a-z]/ {
    if (part == "text" && text_count > 1 && texts[text_count] != "" && texts[text_count - 1] == "") {
        title = texts[text_count--] # of the first group
    }
    part = "options"
    end_option()
    line = substr($0, 5)
    match(line, /^[a-z0-9-]+/)
    name = substr(line, 1, RLENGTH)
    line = substr(line, RLENGTH + 1)
    value = help = ""
    if (match(line, /^ [^ ]+/)) {
        value = substr(line, 2, RLENGTH - 1)
        line = substr(line, RLENGTH + 1)
    }
    sub(/^ +/, "", line)
    help = line
    next
}
/^  [a-z]+ / && part == "text" { commands[++command_count] = $1; sub(/^ +[a-z]+ +/, ""); about[command_count] = $0; next }
part == "options" && /^     / { sub(/^ +/, ""); help = help (help == "" ? "" : " ") $0; next }
part == "options" && $0 == "" { end_option(); next }
part == "options" { end_option(); title = toupper(substr($0, 1, 1)) substr($0, 2); next }
part == "text" { texts[++text_count] = $0 }

# What roff would take for something else.
function roff(text)
{
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    if (text ~ /^[.']/) {
        text = "\\&" text
    }
    return text
}

function zsh_text(text)
{
    gsub(/'/, "'\\''", text)
    gsub(/[][]/, "\\\\&", text)
    gsub(/:/, "\\:", text)
    return text
}

function is_path(value)
{
    return value ~ /^(FILE|PATH|DIR|FOLDER|LINK|CHECKPOINT|IMAGE)/
}

# Titles and options are lines of their own for roff.
function print_text(    k, before)
{
    before = ""
    for (k = 1; k <= text_count; k++) {
        if (texts[k] == "" && before != "" && k < text_count) {
            print ".PP"
        } else if (texts[k] != "") {
            print roff(texts[k])
        }
        before = texts[k]
    }
}

function print_man(    k, page)
{
    page = command == "" ? "quillet" : "quillet-" command
    printf ".TH %s 1 \"\" \"Quillet %s\" \"User Commands\"\n", roff(toupper(page)), release
    printf ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.nf\n", roff(page), roff(summary)
    for (k = 1; k <= usage_count; k++) {
        print roff(usages[k])
    }
    print ".fi\n.SH DESCRIPTION"
    print_text()
    if (command_count > 0) {
        print ".SH COMMANDS"
    }
    for (k = 1; k <= command_count; k++) {
        printf ".TP\n.BR quillet\\-%s (1)\n%s\n", roff(commands[k]), roff(about[k])
    }
    if (count > 0) {
        print ".SH OPTIONS\nAn underscore in the name of an option is read as a hyphen."
        print "A value in parentheses is the default."
    }
    for (k = 1; k <= count; k++) {
        if (titles[k] != "") {
            print ".SS " roff(titles[k])
        }
        printf ".TP\n.B \\-\\-%s%s\n%s\n", roff(names[k]), values[k] == "" ? "" : " \\fI" roff(values[k]) "\\fR",
            roff(helps[k])
    }
    print ".SH EXIT STATUS"
    print "0 when all went well, 1 when something failed or was refused, 2 when the command line was wrong."
    print ".SH ENVIRONMENT"
    print ".TP\n.B QUILLET_DATA\nThe folder of the data that was installed with the tool (share/quillet),"
    print "where it is not beside the tool."
    print ".TP\n.B QUILLET_VECTORS\navx512, avx2, neon or plain: the form of vector instructions."
    print "The results are the same in every form."
    print ".SH SEE ALSO"
    if (command == "") {
        print "The documents and examples that are installed with Quillet in share/doc/quillet."
    } else {
        print ".BR quillet (1)"
    }
}

function print_bash(    k, all, paths, plain)
{
    for (k = 1; k <= count; k++) {
        all = all " --" names[k]
        if (is_path(values[k])) {
            paths = paths "|--" names[k]
        } else if (values[k] != "") {
            plain = plain "|--" names[k]
        }
    }
    printf "        %s)\n            options='%s --help'\n", command, substr(all, 2)
    if (plain != "") {
        printf "            case $before in %s) compopt +o default; return ;; esac\n", substr(plain, 2)
    }
    if (paths != "") {
        printf "            case $before in %s) return ;; esac\n", substr(paths, 2)
    }
    print "            ;;"
}

function print_zsh(    k)
{
    printf "    %s)\n        _arguments \\\n", command
    for (k = 1; k <= count; k++) {
        printf "            '--%s%s[%s]%s' \\\n", names[k], values[k] == "" ? "" : "=", zsh_text(helps[k]),
            values[k] == "" ? "" : ":" zsh_text(values[k]) ":" (is_path(values[k]) ? "_files" : " ")
    }
    print "            '--help[show the options]' '*:file:_files' ;;"
}

END {
    end_option()
    if (form ~ /^man/) {
        print_man()
    } else if (form == "bash") {
        print_bash()
    } else if (form == "zsh") {
        print_zsh()
    } else if (form == "bash-head") {
        print "# Completion of quillet for bash. Made from the --help of its commands; do not edit."
        print "_quillet()\n{"
        print "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options="
        print "    COMPREPLY=()\n    if ((COMP_CWORD == 1)); then"
        printf "        compopt +o default\n        mapfile -t COMPREPLY < <(compgen -W '"
        for (k = 1; k <= command_count; k++) {
            printf "%s ", commands[k]
        }
        print "--help --version' -- \"$word\")\n        return\n    fi\n    case ${COMP_WORDS[1]} in"
    } else if (form == "bash-foot") {
        print "    esac\n    if [[ $word == -* ]]; then"
        print "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n    fi\n}"
        print "complete -o default -F _quillet quillet"
    } else if (form == "zsh-head") {
        print "#compdef quillet\n# Completion of quillet for zsh. Made from the --help of its commands; do not edit."
        print "local -a commands=("
        for (k = 1; k <= command_count; k++) {
            printf "    '%s:%s'\n", commands[k], zsh_text(about[k])
        }
        print ")\nif ((CURRENT == 2)); then\n    _describe command commands\n    return\nfi"
        print "shift words\n((CURRENT--))\ncase $words[1] in"
    } else if (form == "zsh-foot") {
        print "esac"
    }
}
