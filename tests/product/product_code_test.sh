#!/bin/sh
# The inner loops of the products keep all sums in registers and have the instructions that the form is made for: no
# access to the stack, fused multiply-adds in the fused product, and none in the rounded one.
# Uses: objdump, awk; the compiler for arm64 where it is there. usage: product_code_test.sh OBJDUMP LIBRARY SOURCES
set -eu

objdump=$1 library=$2 sources=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check OBJECT LOOPS FUSED PRODUCT STACK: each tile function has LOOPS inner loops with arithmetic.
check()
{
    "$tool" -d --no-show-raw-insn "$1" | awk -v object="$(basename "$1")" -v wanted="$2" -v fused="$3" -v product="$4" \
        -v stack="$5" '
        function finish_function(i, j, body, inner, loops) {
            if (name !~ /^tile_(fused|rounded)/) {
                return
            }
            for (i = 1; i <= count; i++) {
                if (!(target[i] in place) || place[target[i]] > i) {
                    continue # no jump backwards
                }
                body = ""
                inner = 0
                for (j = place[target[i]]; j <= i; j++) {
                    body = body "\n" text[j]
                    inner += j < i && target[j] in place && place[target[j]] >= place[target[i]] && place[target[j]] <= j
                }
                if (inner || (body !~ fused && body !~ product)) {
                    continue
                }
                loops++
                if (body ~ stack) {
                    print object ": " name ": the loop at " target[i] " touches the stack:" body
                    failed = 1
                }
                if (name ~ /fused/ ? body !~ fused || body ~ product : body ~ fused) {
                    print object ": " name ": the loop at " target[i] " has the wrong instructions:" body
                    failed = 1
                }
            }
            if (loops < wanted) {
                print object ": " name " has " loops + 0 " loops with arithmetic, not " wanted
                failed = 1
            }
            functions++
        }
        /^[0-9a-f]+ <.*>:$/ {
            finish_function()
            name = $2
            gsub(/[<>:]/, "", name)
            count = 0
            delete place
            delete target
            next
        }
        /^ *[0-9a-f]+:/ {
            address = $1
            sub(/:/, "", address)
            place[address] = ++count
            text[count] = $0
            target[count] = $2 ~ /^(j|b\.|b$|cb|tb)/ ? ($2 ~ /^(cb|tb)/ ? $(NF - 1) : $3) : ""
        }
        END {
            finish_function()
            if (functions != 2) {
                print object ": the tile functions are missing"
                failed = 1
            }
            exit failed
        }'
}

case $(uname -m) in
    x86_64)
        (cd "$work" && ar x "$library")
        tool=$objdump
        check "$work/product_avx2.c.o" 6 vfmadd vmulps '\\(%rsp|-0x[0-9a-f]+\\(%rbp'
        check "$work/product_avx512.c.o" 24 'vfmadd.*zmm' 'vmulps.*zmm' '\\(%rsp|-0x[0-9a-f]+\\(%rbp'
        ;;
esac
if command -v aarch64-linux-gnu-gcc > /dev/null; then
    tool=aarch64-linux-gnu-objdump
    aarch64-linux-gnu-gcc -std=c11 -O3 -ffp-contract=off -fno-math-errno -fno-trapping-math -fno-tree-slp-vectorize \
        -I"$sources/src" -c -o "$work/product_neon.c.o" "$sources/src/product/product_neon.c"
    check "$work/product_neon.c.o" 4 fmla fmul '\\[sp'
fi
echo "all inner loops keep their sums in registers"
