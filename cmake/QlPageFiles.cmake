# Makes a C file of the page that `quillet watch` serves: web/dashboard, the panel of web/frame, and uPlot, which npm puts into web/node_modules.
# Included by the project, it adds that file to ql_dashboard; it runs itself again as a script when a file changes.

if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(page_files_c "${CMAKE_BINARY_DIR}/generated/dashboard/page_files.c")
    file(GLOB page_files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/web/dashboard/*.html"
        "${PROJECT_SOURCE_DIR}/web/dashboard/*.css" "${PROJECT_SOURCE_DIR}/web/dashboard/*.js"
        "${PROJECT_SOURCE_DIR}/web/frame/panel.js"
        "${PROJECT_SOURCE_DIR}/web/node_modules/uplot/dist/uPlot.esm.js"
        "${PROJECT_SOURCE_DIR}/web/node_modules/uplot/dist/uPlot.min.css")
    if(NOT page_files MATCHES "uPlot.esm.js")
        message(STATUS "quillet watch shows tables in place of graphs, because uPlot is missing: run tools/bootstrap web")
    endif()
    add_custom_command(OUTPUT "${page_files_c}"
        COMMAND "${CMAKE_COMMAND}" -D "output=${page_files_c}" -D "files=${page_files}"
            -P "${CMAKE_CURRENT_LIST_FILE}"
        DEPENDS ${page_files} "${CMAKE_CURRENT_LIST_FILE}"
        COMMENT "" VERBATIM)
    target_sources(ql_dashboard PRIVATE "${page_files_c}")
    return()
endif()

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(arrays "")
set(rows "")
foreach(path ${files})
    get_filename_component(name "${path}" NAME)
    get_filename_component(extension "${path}" LAST_EXT)
    string(SUBSTRING "${extension}" 1 -1 extension)
    string(MAKE_C_IDENTIFIER "${name}" identifier)
    file(READ "${path}" bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    string(REPLACE "index.html" "" address "/${name}")
    string(APPEND arrays "static const unsigned char ${identifier}[] = {\n    ${bytes}};\n\n")
    string(APPEND rows "    {\"${address}\", \"${type_${extension}}\", (const char *)${identifier}, "
        "sizeof ${identifier}},\n")
endforeach()

file(CONFIGURE OUTPUT "${output}" @ONLY CONTENT [[
// The files of the page, written by cmake/QlPageFiles.cmake.
// Uses: dashboard.
#include "dashboard/page_file.h"

@arrays@const struct ql_page_file ql_page_files[] = {
@rows@    {NULL, NULL, NULL, 0},
};
]])
