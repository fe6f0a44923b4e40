#!/bin/sh
# Tests check_math_symbols.sh itself: objects with one call each must be reported, or pass.
# Uses: the compiler given as argument 1. Argument 2: libm.
set -eu

check=$(cd "$(dirname "$0")" && pwd)/check_math_symbols.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# compile CALL makes unit.o, in which a function calls this.
compile()
{
    printf '#include <math.h>\ndouble f(double x);\ndouble f(double x)\n{\n    return (double)%s;\n}\n' "$1" \
        > "$work/unit.c"
    "$compiler" -c -O0 -fno-builtin "$work/unit.c" -o "$work/unit.o"
}

compiler=$1
libm=$2
for call in 'cos(x)' 'exp(x)' 'log(x)' 'pow(x, 3.0)' 'expf((float)x)' 'tanh(x)' 'log10(x)' 'cbrt(x)' 'hypot(x, 1.0)'; do
    compile "$call"
    status=0
    "$check" "$libm" "$work/unit.o" > "$work/report" 2>&1 || status=$?
    [ "$status" -ne 77 ] || exit 77
    if [ "$status" -ne 1 ] || ! grep -q "unit.o: uses ${call%%(*} of libm" "$work/report"; then
        echo "not reported: $call"
        failed=1
    fi
done
for call in 'sqrt(x)' 'floor(x)' 'fmaf((float)x, 2.0f, 1.0f)' 'ldexp(x, 3)' 'fmax(x, 0.0)' 'x * 2.0'; do
    compile "$call"
    if ! "$check" "$libm" "$work/unit.o" > "$work/report" 2>&1; then
        echo "reported, but exact: $call"
        failed=1
    fi
done
exit $failed
