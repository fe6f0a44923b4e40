# Refuses a PICO_BOARD that the firmware was not written for. As a script: cmake -D PICO_BOARD=pico_w -P QlBoard.cmake.
# Uses: nothing.

if(NOT "${PICO_BOARD}" MATCHES "^(|pico|pico2)$")
    message(FATAL_ERROR "PICO_BOARD is ${PICO_BOARD}: must be pico or pico2. A Pico W has the voltages of USB and battery "
        "behind its radio, which the firmware does not drive")
endif()
