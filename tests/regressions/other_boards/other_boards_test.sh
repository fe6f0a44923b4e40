#!/bin/bash
# Any PICO_BOARD was configured without a word: a Pico W ended in errors of the compiler, a typing error later still.
# Guards: what is not a pico or a pico2 is refused when it is configured, by name.
# Uses: bash, cmake. Arguments: cmake, QlBoard.cmake.
failures=0

for board in pico_w pico2_w nonsense Pico pico3 adafruit_feather_rp2040 'pico;pico2'; do
    if said=$("$1" -D "PICO_BOARD=$board" -P "$2" 2>&1); then
        echo "FAILED: '$board' is taken" >&2
        failures=$((failures + 1))
    elif [[ $said != *"PICO_BOARD is $board"* ]]; then
        echo "FAILED: '$board' is not named: $said" >&2
        failures=$((failures + 1))
    fi
done
for board in '' pico pico2; do
    "$1" -D "PICO_BOARD=$board" -P "$2" || failures=$((failures + 1))
done
exit $((failures > 0))
