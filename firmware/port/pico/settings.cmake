# Refuses values of the firmware's settings that it does not know, where it would silently take another one, and boards that
# it was not written for. Both builds include it. As a script: cmake -D QUOTES_STREAM=off -P settings.cmake.
# Uses: nothing. A setting that is not defined has a default, which is known.

function(ql_check_setting name pattern values)
    if(DEFINED ${name} AND NOT "${${name}}" MATCHES "^(${pattern})$")
        message(FATAL_ERROR "${name} is ${${name}}: must be ${values}")
    endif()
endfunction()

ql_check_setting(PICO_BOARD "|pico|pico2" "pico or pico2. A Pico W has the voltages of USB and battery behind its radio, \
which the firmware does not drive")
ql_check_setting(QUOTES_PANEL "ssd1683|uc8176" "ssd1683 or uc8176")
ql_check_setting(QUOTES_STREAM "ON|XIP|OFF" "ON, XIP or OFF")
ql_check_setting(QUOTES_CORES "1|2" "1 or 2")
ql_check_setting(QUOTES_MHZ "125|200" "125 or 200, the clocks of the RP2040 that the firmware knows")
ql_check_setting(QUOTES_BEST "[1-9]|[1-4][0-9]|50" "from 1 to 50")
# Numbers for C, where a leading 0 would mean octal.
ql_check_setting(QUOTES_MINUTES "0|[1-9][0-9]?[0-9]?[0-9]?[0-9]?" "from 0 to 99999")
ql_check_setting(QUOTES_SEED "|0|[1-9][0-9]*" "from 0 to 4294967295, or empty")
if(DEFINED QUOTES_SEED AND QUOTES_SEED GREATER 4294967295)
    message(FATAL_ERROR "QUOTES_SEED is ${QUOTES_SEED}: must be from 0 to 4294967295, or empty")
endif()
