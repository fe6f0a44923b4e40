# Finds the libraries of others and makes them targets named PkgConfig::NAME.
# Uses: pkg-config. All that is missing is reported at once, with what to do.

find_package(PkgConfig QUIET)
set(CMAKE_THREAD_PREFER_PTHREAD ON)
find_package(Threads REQUIRED)

set(ql_missing "")
macro(ql_find_library name module)
    if(PkgConfig_FOUND)
        pkg_check_modules(${name} QUIET IMPORTED_TARGET ${module})
    endif()
    if(NOT ${name}_FOUND)
        list(APPEND ql_missing ${module})
    endif()
endmacro()

ql_find_library(JANSSON jansson)
ql_find_library(UTF8PROC libutf8proc)
ql_find_library(ZLIB zlib)
ql_find_library(PROTOBUF_C libprotobuf-c)
ql_find_library(MD libmd)
ql_find_library(MICROHTTPD libmicrohttpd)
ql_find_library(FREETYPE freetype2)
ql_find_library(HARFBUZZ harfbuzz)
ql_find_library(PNG libpng)
ql_find_library(SERIALPORT libserialport)
ql_find_library(EXPAT expat)
find_package(BZip2 QUIET) # Debian 12 has no bzip2.pc
if(NOT BZIP2_FOUND)
    list(APPEND ql_missing bzip2)
endif()

if(NOT PkgConfig_FOUND)
    message(FATAL_ERROR "pkg-config is missing: run tools/bootstrap")
elseif(ql_missing)
    list(JOIN ql_missing ", " ql_missing)
    message(FATAL_ERROR "Libraries are missing (${ql_missing}): run tools/bootstrap")
endif()

# Optional: Link Grammar parses sentences for study and judge. Both say what is left out without it.
option(QL_LINK_GRAMMAR "Parse sentences with Link Grammar where it is installed" ON)
if(QL_LINK_GRAMMAR)
    pkg_check_modules(LINK_GRAMMAR QUIET IMPORTED_TARGET link-grammar)
endif()

# Optional: MPI divides trainings, sweeps and studies among ranks. Without it these commands run in one process.
option(QL_MPI "Let mpirun start several ranks of a command where MPI is installed" ON)
if(QL_MPI)
    find_package(MPI QUIET COMPONENTS C)
endif()

# The messages of an ONNX file: C from Debian's own onnx.proto, made in the build folder.
find_program(QL_PROTOC_C protoc-c)
find_file(QL_ONNX_PROTO onnx/onnx.proto)
if(NOT QL_PROTOC_C OR NOT QL_ONNX_PROTO)
    message(FATAL_ERROR "protoc-c or onnx/onnx.proto is missing: run tools/bootstrap")
endif()

# The typeface of the panel.
find_path(QL_EBGARAMOND EBGaramond12-Regular.otf PATHS /usr/share/fonts/opentype/ebgaramond
    PATH_SUFFIXES share/fonts/opentype/ebgaramond)
if(NOT QL_EBGARAMOND)
    message(FATAL_ERROR "The typeface EB Garamond is missing: run tools/bootstrap")
endif()

# The tool can be built without the library of the tests.
if(BUILD_TESTING)
    pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
    if(NOT CMOCKA_FOUND)
        message(STATUS "The tests are left out because cmocka is missing: run tools/bootstrap test")
    endif()
endif()
