# Writes ONNX files that graph_file cannot: with graphs in graphs, functions, and data in other files. A message is text of
# \xNN; `printf %b` makes bytes of it. Field numbers are those of onnx.proto. A script of a test sources it.
# Uses: bash.
# shellcheck shell=bash

# number VALUE: in base 128.
number()
{
    local value=$1
    while ((value > 127)); do
        printf '\\x%02x' $((value & 127 | 128))
        value=$((value >> 7))
    done
    printf '\\x%02x' "$value"
}

# bytes TEXT: of ASCII.
bytes()
{
    local k
    for ((k = 0; k < ${#1}; k++)); do printf '\\x%02x' "'${1:k:1}"; done
}

# field TAG MESSAGE, text TAG TEXT, integer TAG VALUE
field() { printf '%s%s%s' "$(number $(($1 << 3 | 2)))" "$(number $((${#2} / 4)))" "$2"; }
text() { field "$1" "$(bytes "$2")"; }
integer() { printf '%s%s' "$(number $(($1 << 3)))" "$(number "$2")"; }

# node OPERATOR "INPUTS" "OUTPUTS" [MESSAGE]: a node; the message is more of it, such as attributes. "-" is left out.
node()
{
    local name
    for name in $2; do text 1 "${name#-}"; done
    for name in $3; do text 2 "$name"; done
    text 4 "$1"
    printf '%s' "${4-}"
}

# attribute NAME graph|int VALUE: of a node.
attribute()
{
    if [[ $2 == graph ]]; then
        field 5 "$(text 1 "$1")$(field 6 "$3")$(integer 20 5)"
    else
        field 5 "$(text 1 "$1")$(integer 3 "$3")$(integer 20 2)"
    fi
}

# declared NAME TYPE SIZE...: an input or output.
declared()
{
    local name=$1 type=$2 shape="" size
    shift 2
    for size in "$@"; do shape+=$(field 1 "$(integer 1 "$size")"); done
    text 1 "$name"
    field 2 "$(field 1 "$(integer 1 "$type")$(field 2 "$shape")")"
}

# number_of NAME TYPE VALUE [SIZE]: an initializer of one number: type 7 int64, 9 bool.
number_of()
{
    local data
    [[ -n ${4-} ]] && integer 1 "$4"
    integer 2 "$2"
    data=$(number "$3")
    if (($2 == 7)); then field 7 "$data"; else field 5 "$data"; fi
    text 8 "$1"
}

# model FILE GRAPH [OPSET [MESSAGE]]
model() { printf '%b' "$(integer 1 8)$(field 7 "$2")$(field 8 "$(integer 2 "${3-18}")")${4-}" > "$1"; }
