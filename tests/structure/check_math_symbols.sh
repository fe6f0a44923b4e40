#!/bin/sh
# Reads which functions of libm the libraries and the tool refer to. Those whose last bit may differ between libraries
# are findings; the allowed ones are exact, and docs/arithmetic.md says why. Uses: nm, awk.
# Arguments: libm as the compiler links it (libm.so, libm.so.6 or libm.a), then archives, objects or programs.
set -eu

allowed='ceil copysign fabs fdim floor fma fmax fmin fmod frexp ldexp llrint llround lrint lround modf nearbyint'
allowed="$allowed nextafter remainder rint round roundeven scalbln scalbn sqrt trunc"

libm=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{ nm -D --defined-only "$libm" 2> /dev/null || true; nm --defined-only "$libm" 2> /dev/null || true; } |
    awk 'NF >= 3 { sub(/@.*/, "", $NF); print $NF }' > "$work/math"
if ! grep -qx cos "$work/math"; then
    echo "$libm: no symbol table of libm can be read here"
    exit 77
fi
{ nm -A -u "$@" 2> /dev/null; nm -A -D -u "$@" 2> /dev/null || true; } > "$work/used"
awk -v allowed="$allowed" '
    BEGIN {
        count = split(allowed, names, " ")
        for (i = 1; i <= count; i++) {
            exact[names[i]] = exact[names[i] "f"] = exact[names[i] "l"] = 1
        }
    }
    FNR == NR { math[$1] = 1; next }
    {
        name = $NF
        sub(/@.*/, "", name)
        file = $1
        sub(/:$/, "", file)
        if (name in math && !(name in exact) && !((file, name) in told)) {
            print file ": uses " name " of libm; take device/elementary.h or base/cosine.h (docs/arithmetic.md)"
            told[file, name] = found = 1
        }
    }
    END { exit found }' "$work/math" "$work/used"
