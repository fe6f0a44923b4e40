# The firmware: a project of its own, with the Pico SDK's compiler, that this build configures and keeps up to date.
# Uses: the Pico SDK from the first place of ql_find_pico_sdk that has it; the host's tools of this build.
include(ExternalProject)

set(PICO_SDK_PATH "$ENV{PICO_SDK_PATH}" CACHE PATH "The Pico SDK; empty looks where Debian and tools/bootstrap put it")
option(PICO_SDK_FETCH_FROM_GIT "Fetch the Pico SDK with git when it is found nowhere" "$ENV{PICO_SDK_FETCH_FROM_GIT}")
set(PICO_BOARD pico CACHE STRING "The board of quotes.uf2: pico or pico2")
set(QUOTES_PANEL ssd1683 CACHE STRING "The controller of the panel until the console names another: ssd1683 or uc8176")
set(QUOTES_MINUTES 0 CACHE STRING "Minutes from page to page; 0 leaves it to jumper J2")
set(QUOTES_SEED "" CACHE STRING "The seed of the first page, a number; empty: chance")
option(QUOTES_UART "The firmware's console on UART0 (GPIO 0 and 1, 115200 baud) in place of USB" OFF)
set(QUOTES_STREAM ON CACHE STRING "How weights that have no room in RAM come: ON (DMA from the flash's interface), XIP (its stream), OFF (its cache)")
set_property(CACHE QUOTES_STREAM PROPERTY STRINGS ON XIP OFF)
set(QUOTES_CORES 2 CACHE STRING "Processors of the RP2040 that compute integer models: 1 or 2")
set_property(CACHE QUOTES_CORES PROPERTY STRINGS 1 2)
set(QUOTES_MHZ 125 CACHE STRING "The clock of the RP2040: 125, or 200, at 1.15 V")
set_property(CACHE QUOTES_MHZ PROPERTY STRINGS 125 200)
option(QUOTES_ROM_FLOAT "The boot ROM's float: faster, but not bit for bit what other machines compute" OFF)

# Sets ql_pico_sdk. Empty: the firmware's own project fetches the SDK.
function(ql_find_pico_sdk)
    set(sdk "")
    foreach(place "${PICO_SDK_PATH}" /usr/src/pico-sdk "${PROJECT_SOURCE_DIR}/third_party/pico/pico-sdk")
        if(place AND EXISTS "${place}/pico_sdk_init.cmake")
            set(sdk "${place}")
            break()
        elseif(place AND place STREQUAL PICO_SDK_PATH)
            message(FATAL_ERROR "PICO_SDK_PATH is ${place}, where there is no Pico SDK")
        endif()
    endforeach()
    if(NOT sdk AND NOT PICO_SDK_FETCH_FROM_GIT)
        message(FATAL_ERROR "The Pico SDK is missing: run tools/bootstrap pico, or set PICO_SDK_PATH, or, with a "
            "network, set PICO_SDK_FETCH_FROM_GIT=ON")
    endif()
    set(ql_pico_sdk "${sdk}" PARENT_SCOPE)
endfunction()

# ql_add_firmware(NAME BOARD board [STUB] [ALL] [DEPENDS target...]) makes NAME.uf2 at the top of the build folder, as
# the target firmware_NAME; its map and ELF file are in firmware/NAME/. With ALL every build makes it. Without STUB it has
# the models of quotes_models.c, of the build folder of the directory that calls, made by what it depends on.
function(ql_add_firmware name)
    cmake_parse_arguments(PARSE_ARGV 1 firmware "STUB;ALL" "BOARD" "DEPENDS")
    if(firmware_ALL)
        set(exclude FALSE)
    else()
        set(exclude TRUE)
    endif()
    set(kind models)
    if(firmware_STUB)
        set(kind stub)
    endif()
    # Of the inner build only what takes the memory is worth a line.
    set(build_command "")
    if(CMAKE_GENERATOR STREQUAL "Ninja")
        set(build_command BUILD_COMMAND "${CMAKE_COMMAND}" --build <BINARY_DIR> -- --quiet)
    endif()
    set(folder "${PROJECT_BINARY_DIR}/firmware/${name}")
    ExternalProject_Add(firmware_${name}
        PREFIX "${folder}/project"
        SOURCE_DIR "${PROJECT_SOURCE_DIR}/firmware/port/pico"
        BINARY_DIR "${folder}"
        CMAKE_ARGS
            "-DCMAKE_BUILD_TYPE=Release"
            "-DPICO_BOARD=${firmware_BOARD}"
            "-DPICO_SDK_PATH=${ql_pico_sdk}"
            "-DQUOTES_STUB=${firmware_STUB}"
            "-DQUOTES_BUILD=quillet ${PROJECT_VERSION} ${firmware_BOARD} ${kind}"
            "-DQUOTES_PANEL=${QUOTES_PANEL}"
            "-DQUOTES_MINUTES=${QUOTES_MINUTES}"
            "-DQUOTES_BEST=${QUOTES_BEST}"
            "-DQUOTES_SEED=${QUOTES_SEED}"
            "-DQUOTES_UART=${QUOTES_UART}"
            "-DQUOTES_STREAM=${QUOTES_STREAM}"
            "-DQUOTES_CORES=${QUOTES_CORES}"
            "-DQUOTES_MHZ=${QUOTES_MHZ}"
            "-DQUOTES_ROM_FLOAT=${QUOTES_ROM_FLOAT}"
            "-DQUOTES_MODELS_DIR=${CMAKE_CURRENT_BINARY_DIR}"
            "-DQUOTES_FONT_DATA=${PROJECT_BINARY_DIR}/firmware/font_data.c"
            "-DQUOTES_UF2_WRITER=$<TARGET_FILE:uf2_writer>"
            "-DQUOTES_UF2=${PROJECT_BINARY_DIR}/${name}.uf2"
        DEPENDS uf2_writer font_data ${firmware_DEPENDS}
        EXCLUDE_FROM_ALL ${exclude}
        ${build_command}
        BUILD_ALWAYS ON
        LOG_CONFIGURE ON
        LOG_OUTPUT_ON_FAILURE ON
        INSTALL_COMMAND ""
        BUILD_BYPRODUCTS "${PROJECT_BINARY_DIR}/${name}.uf2")
endfunction()
