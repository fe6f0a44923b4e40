#!/bin/sh
# `quillet compile --arduino`: the folder is a library of the Arduino IDE; its source compiles for this machine and for a
# Cortex-M0+, and its sketch, in C++ with a stand-in for Arduino's header, prints what the tool writes.
# Uses: gcc, g++ and arm-none-eabi-gcc where they are there. Arguments: sources, random_model, engine_text (not used), quillet.
set -eu

random_model=$2
quillet=$(realpath "$4")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
fail()
{
    echo "FAILED: $*"
    exit 1
}

"$random_model" lstm 60 9 20 1 1 1 some-model
"$quillet" compile --model some-model.json --quantize int8 --arduino library/my-names/
cd library/my-names
[ "$(find . -type f | LC_ALL=C sort | tr '\n' ' ')" = \
    "./examples/my_names/my_names.ino ./library.properties ./src/my_names.c ./src/my_names.h " ] || fail "$(find .)"
for field in name version author maintainer sentence paragraph category url architectures; do
    grep -q "^$field=" library.properties || fail "library.properties has no $field"
done
grep -qx 'includes=my_names.h' library.properties
! grep -e '^architectures=.*[*]' -e '^architectures=.*avr' library.properties || fail "a library for processors of 16 bits"
gcc -std=gnu11 -Wall -Wextra -Werror -Os -Isrc -c src/my_names.c -o "$work/model.o"
if command -v arm-none-eabi-gcc > /dev/null; then
    arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb -std=gnu11 -Wall -Wextra -Werror -Os -Isrc -c src/my_names.c -o "$work/arm.o"
fi
cd "$work"
cat > Arduino.h <<'END_OF_HEADER'
#include <cstdio>
#include <cstdlib>
struct serial {
    explicit operator bool() const { return SERIAL_READY; }
    void begin(long) {}
    void print(const char *text) { std::fputs(text, stdout); }
    void println(const char *text) { std::puts(text); }
};
static serial Serial;
static int left = 5;
static void delay(int milliseconds)
{
    if (milliseconds >= 1000 && --left == 0) {
        std::exit(0);
    }
}
END_OF_HEADER
sketch=library/my-names/examples/my_names/my_names.ino
# build FLAG...: the sketch as a program that ends after five seconds of delays.
build()
{
    g++ -std=gnu++17 -Wall -Wextra -Werror -I. -Ilibrary/my-names/src "$@" main.cpp model.o -o sketch
    timeout 20 ./sketch > printed || fail "the sketch does not end: $*"
}

if command -v g++ > /dev/null; then
    printf '#include "Arduino.h"\n#include "%s"\nint main() { setup(); for (;;) { loop(); } }\n' $sketch > main.cpp
    build -D SERIAL_READY=true
    [ "$(wc -l < printed)" -eq 5 ] || fail "the sketch prints $(wc -l < printed) lines"
    "$quillet" evaluate --model some-model.json --quantize int8 --seed 1 --length "$(wc -m < printed)" | head -5 | cmp - printed
    # On a battery there is nobody to read, and the board works all the same.
    mv printed connected
    build -D SERIAL_READY=false
    cmp connected printed
    # With a failed self-test, it writes nothing but that.
    sed -e 's/[a-z_]*_check(&state)/2/' $sketch > damaged.ino
    printf '#include "Arduino.h"\n#include "damaged.ino"\nint main() { setup(); for (;;) { loop(); } }\n' > main.cpp
    build -D SERIAL_READY=true
    [ "$(sort -u printed)" = 'This board does not compute what the model computes.' ] || fail "writes on: $(cat printed)"
fi

# What does not go together is said, and nothing is written.
for wrong in "--output x.c" "--header x.h" "--report" "--no-sampler" "--workspace caller"; do
    # shellcheck disable=SC2086
    if "$quillet" compile --model some-model.json --arduino other $wrong 2> err || [ -e other ]; then
        fail "--arduino with $wrong"
    fi
    grep -q -- '--arduino' err
done
! "$quillet" compile --model some-model.json --arduino / 2> /dev/null || fail "a folder without a name"
: > file
! "$quillet" compile --model some-model.json --arduino file 2> err || fail "a file in place of a folder"
grep -q file err
