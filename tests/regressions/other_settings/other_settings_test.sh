#!/bin/bash
# Any PICO_BOARD was configured without a word: a Pico W ended in errors of the compiler, a typing error later still. So
# was any other setting: QUOTES_STREAM=off read the weights as ON does, and QUOTES_CORES=4 took one processor.
# Guards: a value that the firmware does not know is refused when it is configured, by name.
# Uses: bash, cmake. Arguments: cmake, settings.cmake.
failures=0

# refused NAME VALUE...
refused()
{
    local name=$1 value
    shift
    for value in "$@"; do
        if said=$("$cmake" -D "$name=$value" -P "$settings" 2>&1); then
            echo "FAILED: $name=$value is taken" >&2
            failures=$((failures + 1))
        elif [[ $said != *"$name is $value"* ]]; then
            echo "FAILED: $name=$value is not named: $said" >&2
            failures=$((failures + 1))
        fi
    done
}

# taken NAME VALUE...
taken()
{
    local name=$1 value
    shift
    for value in "$@"; do
        "$cmake" -D "$name=$value" -P "$settings" || failures=$((failures + 1))
    done
}

cmake=$1 settings=$2
refused PICO_BOARD pico_w pico2_w nonsense Pico pico3 adafruit_feather_rp2040 'pico;pico2'
taken PICO_BOARD '' pico pico2
refused QUOTES_STREAM off FALSE 0 xip on TRUE ''
taken QUOTES_STREAM ON XIP OFF
refused QUOTES_CORES 4 0 12 two
taken QUOTES_CORES 1 2
refused QUOTES_PANEL SSD1683 ssd1680 ''
taken QUOTES_PANEL ssd1683 uc8176
refused QUOTES_MHZ 133 ''
taken QUOTES_MHZ 125 200
refused QUOTES_BEST 0 51 -1 08 100
taken QUOTES_BEST 1 8 10 49 50
refused QUOTES_MINUTES -1 010 1.5 100000 ''
taken QUOTES_MINUTES 0 1 1440 99999
refused QUOTES_SEED -1 010 0x10 4294967296 chance
taken QUOTES_SEED '' 0 5 4294967295
exit $((failures > 0))
