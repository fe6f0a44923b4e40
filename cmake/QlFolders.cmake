# One static library per folder of src/, linked to the folders above it in the arrow and to nothing else of ours.
# Uses: QlVersion (target ql_version), QlLibraries (targets PkgConfig::*).

set(ql_folders "") # the libraries added so far, in the order of the arrow

# ql_add_folder(NAME [LIBRARIES target...]) makes ql_NAME from src/NAME. A folder that has no file yet makes nothing;
# one that has only headers makes an interface library.
macro(ql_add_folder name)
    cmake_parse_arguments(folder "" "" "LIBRARIES" ${ARGN})
    file(GLOB_RECURSE folder_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.c")
    file(GLOB_RECURSE folder_headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.h")
    if(folder_sources)
        add_library(ql_${name} STATIC ${folder_sources} ${folder_headers})
        set(folder_scope PUBLIC)
    elseif(folder_headers)
        add_library(ql_${name} INTERFACE)
        set(folder_scope INTERFACE)
    endif()
    if(TARGET ql_${name})
        target_include_directories(ql_${name} ${folder_scope} "${PROJECT_SOURCE_DIR}/src" "${QL_VERSION_DIR}")
        target_link_libraries(ql_${name} ${folder_scope} ${ql_folders} ${folder_LIBRARIES} m)
        if(NOT "${name}" STREQUAL "base")
            target_link_libraries(ql_${name} ${folder_scope} ql_device)
        endif()
        add_dependencies(ql_${name} ql_version)
        list(PREPEND ql_folders ql_${name})
    endif()
endmacro()

# ql_add_tool(NAME FOLDER [LIBRARIES target...]) makes the program NAME from src/FOLDER, at the top of the build folder.
function(ql_add_tool name folder)
    cmake_parse_arguments(PARSE_ARGV 2 tool "" "" "LIBRARIES")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS
        "${PROJECT_SOURCE_DIR}/src/${folder}/*.c" "${PROJECT_SOURCE_DIR}/src/${folder}/*.h")
    if(sources)
        add_executable(${name} ${sources})
        target_link_libraries(${name} PRIVATE ${ql_folders} ${tool_LIBRARIES})
        set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
    endif()
endfunction()

# The oracle: slow, obvious, and linked to tests only. It shares nothing with src/ or device/.
function(ql_add_reference)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/reference/*.c")
    if(sources)
        add_library(ql_reference STATIC ${sources})
        target_include_directories(ql_reference PUBLIC "${PROJECT_SOURCE_DIR}")
        target_link_libraries(ql_reference PUBLIC m)
    endif()
endfunction()
