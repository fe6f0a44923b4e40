# Makes a C file of the files of device/, so that the tool carries them and needs no source tree where it is installed.
# Included by the project, it adds that file to ql_codegen; it runs itself again as a script when a file of device/
# changes. The content becomes an array of bytes, because no string constant may be as long as a file.

if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(device_files_c "${CMAKE_BINARY_DIR}/generated/codegen/device_files.c")
    file(GLOB device_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/device/*.h")
    add_custom_command(OUTPUT "${device_files_c}"
        COMMAND "${CMAKE_COMMAND}" -D "output=${device_files_c}" -D "files=${device_files}"
            -P "${CMAKE_CURRENT_LIST_FILE}"
        DEPENDS ${device_files} "${CMAKE_CURRENT_LIST_FILE}"
        COMMENT "" VERBATIM)
    target_sources(ql_codegen PRIVATE "${device_files_c}")
    return()
endif()

set(arrays "")
set(rows "")
foreach(path ${files})
    get_filename_component(name "${path}" NAME)
    string(MAKE_C_IDENTIFIER "${name}" identifier)
    file(READ "${path}" bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(APPEND arrays "static const unsigned char ${identifier}[] = {\n    ${bytes}0x00};\n\n")
    string(APPEND rows "    {\"device/${name}\", (const char *)${identifier}},\n")
endforeach()

file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT [[
// The files of device/ as text, written by cmake/QlDeviceFiles.cmake.
// Uses: codegen.
#include "codegen/device_file.h"

@arrays@const struct ql_device_file ql_device_files[] = {
@rows@    {NULL, NULL},
};
]])
