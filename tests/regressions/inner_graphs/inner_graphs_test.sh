#!/bin/bash
# Models with a Loop (what converters make of a Keras RNN), a Scan, an If, or functions of their own were refused. Guards: a
# Loop that constants and sizes end, by its count or by the condition that it computes, a Scan over an axis of known size,
# an If whose condition is known, and functions, also in one another, are taken into the graph, and their C computes what
# they say; what depends on data is refused by name; a function that calls itself is an error. A function's default for an
# attribute was lost, and of functions that share a name the first one was taken for all: both have their effect.
# Uses: expect.sh, onnx_bytes.sh, cc. Arguments: the tool, json_get.
# shellcheck source-path=SCRIPTDIR
here=$(realpath "$(dirname "$0")")
source "$here/../../cli/expect.sh"
source "$here/../onnx_bytes.sh"

# computes VALUES: the C of m.onnx makes these of x = 1 2 3 ... 12.
computes()
{
    expect_exit 0 compile m.onnx --no_sampler --name m --output m.c
    cat > main.c << 'END'
#include <stdio.h>
#include "m.h"
int main(void)
{
    static float x[12], y[24];
    for (int k = 0; k < 12; k++) {
        x[k] = (float)(k + 1);
    }
    (void)m_run(x, y);
    for (int k = 0; k < COUNT; k++) {
        printf("%s%g", k == 0 ? "" : " ", (double)y[k]);
    }
    return 0;
}
END
    local values=$1 count
    count=$(wc -w <<< "$values")
    if ! cc -std=c11 -DCOUNT="$count" -o main main.c m.c -lm 2> err; then
        fail "$(grep -m 1 run m.h)"
    fi
    [[ $(./main) == "$values" ]] || fail "computes $(./main), expected $values"
}

refused()
{
    expect_exit 1 compile m.onnx --no_sampler --name m --output m.c
    expect_stderr "$1"
}

# A running sum of the rows of x (4, 3): what is carried, and all steps.
x=$(field 11 "$(declared x 1 4 3)")
steps=$(field 5 "$(number_of n 7 4)")$(field 5 "$(number_of yes 9 1)")
# body GO: the last nodes make what says whether to go on.
body()
{
    field 1 "$(node Gather "x i" xi)"
    field 1 "$(node Add "s xi" sn)"
    printf '%s' "$1"
    field 1 "$(node Identity sn out)"
    text 2 body
    field 11 "$(declared i 7)"
    field 11 "$(declared go 9)"
    field 11 "$(declared s 1 3)"
    field 12 "$(declared gon 9)"
    field 12 "$(declared sn 1 3)"
    field 12 "$(declared out 1 3)"
}
zero=$(field 1 "$(node ConstantOfShape three s0)")$(field 5 "$(number_of three 7 3 1)")
# loop OUTPUT COUNT GO SIZES...
loop()
{
    local out=$1 count=$2 go=$3
    shift 3
    local call
    call=$(node Loop "$count yes s0" "last all" "$(attribute body graph "$(body "$go")")")
    model m.onnx "$zero$(field 1 "$call")$(text 2 g)$steps$x$(field 12 "$(declared "$out" 1 "$@")")"
}
go=$(field 1 "$(node Identity go gon)")
loop last n "$go" 3
computes "22 26 30"
loop all n "$go" 4 3
computes "1 2 3 5 7 9 12 15 18 22 26 30"
# The condition ends it after the first step.
loop last n "$(field 1 "$(node Not go gon)")" 3
computes "1 2 3"
# A count of the size of x, and none at all: then the condition counts, up to three steps.
size=$(field 1 "$(node Shape x sizes)")$(field 1 "$(node Gather "sizes zeroth" rows)")$(field 5 "$(number_of zeroth 7 0)")
zero+=$size
steps+=$(field 5 "$(number_of two 7 2)")$(field 5 "$(number_of one 7 1)")
loop all rows "$go" 4 3
computes "1 2 3 5 7 9 12 15 18 22 26 30"
counts=$(field 1 "$(node Add "i one" i1)")$(field 1 "$(node LessOrEqual "i1 two" early)")
counts+=$(field 1 "$(node And "early go" gon)")
loop all - "$counts" 3 3
computes "1 2 3 5 7 9 12 15 18"
# Ended by what it computes, and of a number that is not known.
loop last n "$(field 1 "$(node Cast sn gon "$(attribute to int 9)")")" 3
refused "(Loop): this operator is supported where constants and sizes fixed in the file decide how many steps it takes"
call=$(node Loop "k yes s0" "last all" "$(attribute body graph "$(body "$go")")")
model m.onnx "$zero$(field 1 "$call")$(text 2 g)$steps$x$(field 11 "$(declared k 7)")$(field 12 "$(declared last 1 3)")"
refused Loop

# Keras's own counter: carried, compared with a size, and the rows written by an index that is carried.
call=$(node Loop "huge yes zeroth s0" "counted last all" "$(attribute body graph "$(
    field 1 "$(node Add "t one" tn)"
    field 1 "$(node Gather "x t" xi)"
    field 1 "$(node Add "s xi" sn)"
    field 1 "$(node Identity sn out)"
    field 1 "$(node Less "tn rows" gon)"
    text 2 body
    for name in i go t s; do field 11 "$(declared $name 1)"; done
    for name in gon tn sn out; do field 12 "$(declared $name 1)"; done
)")")
huge=$(field 5 "$(number_of huge 7 9223372036854775807)")
model m.onnx "$zero$(field 1 "$call")$(text 2 g)$steps$huge$x$(field 12 "$(declared all 1 4 3)")"
computes "1 2 3 5 7 9 12 15 18 22 26 30"

# Scan: over the first axis or the last, from either end, with its rows in either order.
list() { field 5 "$(text 1 "$1")$(integer 8 "$2")$(integer 20 7)"; }
scan()
{
    local body out=$1 reads=$2
    shift 2
    body=$(field 1 "$(node Add "s xi" sn)")$(field 1 "$(node Identity sn out)")$(text 2 b)
    body+=$(field 11 "$(declared s 1)")$(field 11 "$(declared xi 1)")$(field 12 "$(declared sn 1)")$(field 12 "$(declared out 1)")
    call=$(node Scan "s0 x" "last all" "$(attribute body graph "$body")$(attribute num_scan_inputs int 1)$reads")
    model m.onnx "$zero$(field 1 "$call")$(text 2 g)$steps$x$(field 12 "$(declared "$out" 1 "$@")")" "${opset-18}"
}
scan all "" 4 3
computes "1 2 3 5 7 9 12 15 18 22 26 30"
opset=11 scan last "" 3
computes "22 26 30"
scan all "$(list scan_input_directions 1)" 4 3
computes "10 11 12 17 19 21 21 24 27 22 26 30"
scan all "$(list scan_output_directions 1)" 4 3
computes "22 26 30 12 15 18 5 7 9 1 2 3"
scan all "$(list scan_output_axes 1)" 3 4
computes "1 5 12 22 2 7 15 26 3 9 18 30"
four=$(field 1 "$(node ConstantOfShape quarter s0)")$(field 5 "$(number_of quarter 7 4 1)")
zero=$four scan last "$(list scan_input_axes 1)" 4
computes "6 15 24 33"
x=$(field 11 "$(declared x 1 0 3)")
scan last "" 3
refused "(Scan): this operator is supported where the file fixes the sizes of its axes"
x=$(field 11 "$(declared x 1 4 3)")

# An If, both ways, whose branches see the names around them; one only hands on.
branch() { printf '%s' "$1$(text 2 b)$(field 12 "$(declared "$2" 1 4 3)")"; }
then=$(branch "$(field 1 "$(node Add "x x" r)")" r)
else=$(branch "" x)
for truth in 1 0; do
    call=$(node If c y "$(attribute then_branch graph "$then")$(attribute else_branch graph "$else")")
    model m.onnx "$(field 1 "$call")$(text 2 g)$(field 5 "$(number_of c 9 $truth)")$x$(field 12 "$(declared y 1 4 3)")"
    if ((truth)); then computes "2 4 6 8 10 12 14 16 18 20 22 24"; else computes "1 2 3 4 5 6 7 8 9 10 11 12"; fi
done
model m.onnx "$(field 1 "$call")$(text 2 g)$(field 11 "$(declared c 9)")$x$(field 12 "$(declared y 1 4 3)")"
refused "(If): this operator is supported where constants and sizes fixed in the file decide which branch it takes"

# Functions: f(a, b) = (a + b) over an axis; g calls f twice with an attribute of its own.
version=$(field 9 "$(integer 2 18)")
reference() { field 5 "$(text 1 "$1")$(text 21 "$2")$(integer 20 2)"; }
f=$(text 1 f)$(text 4 a)$(text 4 b)$(text 5 r)$(text 6 axis)$version$(text 10 own)
f+=$(field 7 "$(node Add "a b" t)")$(field 7 "$(node Concat "t a" r "$(reference axis axis)")")
g=$(text 1 g)$(text 4 p)$(text 5 q)$(text 6 way)$version$(text 10 own)
g+=$(field 7 "$(node f "p p" t "$(text 7 own)$(reference axis way)")")$(field 7 "$(node Neg t q)")
call=$(node g x y "$(text 7 own)$(attribute way int 1)")
own=$(field 8 "$(text 1 own)$(integer 2 1)")
model m.onnx "$(field 1 "$call")$(text 2 m)$x$(field 12 "$(declared y 1 4 6)")" 18 "$own$(field 25 "$f")$(field 25 "$g")"
computes "-2 -4 -6 -1 -2 -3 -8 -10 -12 -4 -5 -6"

# d joins p to itself, along axis 1 unless told otherwise. Of o there are two, which their overload tells apart.
d=$(text 1 d)$(text 4 p)$(text 5 q)$(field 11 "$(text 1 way)$(integer 3 1)$(integer 20 2)")$version$(text 10 own)
d+=$(field 7 "$(node Concat "p p" q "$(reference axis way)")")
call=$(node d x y "$(text 7 own)")
model m.onnx "$(field 1 "$call")$(text 2 m)$x$(field 12 "$(declared y 1 4 6)")" 18 "$own$(field 25 "$d")"
computes "1 2 3 1 2 3 4 5 6 4 5 6"
call=$(node d x y "$(text 7 own)$(attribute way int 0)")
model m.onnx "$(field 1 "$call")$(text 2 m)$x$(field 12 "$(declared y 1 8 3)")" 18 "$own$(field 25 "$d")"
computes "1 2 3 4 5 6 7 8 9 10 11 12"
o=$(text 1 o)$(text 4 p)$(text 5 q)$version$(text 10 own)
negative=$o$(text 13 negative)$(field 7 "$(node Neg p q)")
double=$o$(text 13 double)$(field 7 "$(node Add "p p" q)")
calls=$(field 1 "$(node o x t "$(text 7 own)$(text 8 double)")")$(field 1 "$(node o t y "$(text 7 own)$(text 8 negative)")")
functions=$(field 25 "$negative")$(field 25 "$double")
model m.onnx "$calls$(text 2 m)$x$(field 12 "$(declared y 1 4 3)")" 18 "$own$functions"
computes "-2 -4 -6 -8 -10 -12 -14 -16 -18 -20 -22 -24"
call=$(field 1 "$(node o x y "$(text 7 own)")")
model m.onnx "$call$(text 2 m)$x$(field 12 "$(declared y 1 4 3)")" 18 "$own$functions"
refused "(own::o): this operator is not supported"

h=$(text 1 g)$(text 4 p)$(text 5 q)$version$(text 10 own)$(field 7 "$(node g p q "$(text 7 own)")")
model m.onnx "$(field 1 "$(node g x y "$(text 7 own)")")$(text 2 m)$x$(field 12 "$(declared y 1 4 6)")" 18 "$own$(field 25 "$h")"
refused "calls itself"

finish
