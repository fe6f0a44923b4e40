# Writes "base/version.h" into the build folder: QL_VERSION, with the git commit when there is one. And
# "base/source_digest.h": QL_SOURCE_DIGEST, of the files that decide on the bits of a training.
# Included by the project, it adds the target ql_version, which runs this file again as a script at each build.
# A header is touched only when its content changes, so a commit recompiles only the files that include it.

set(QL_VERSION_DIR "${CMAKE_BINARY_DIR}/generated")

if(NOT CMAKE_SCRIPT_MODE_FILE)
    add_custom_target(ql_version
        COMMAND "${CMAKE_COMMAND}" -D "source_dir=${PROJECT_SOURCE_DIR}" -D "release=${PROJECT_VERSION}"
            -P "${CMAKE_CURRENT_LIST_FILE}"
        WORKING_DIRECTORY "${CMAKE_BINARY_DIR}"
        BYPRODUCTS "${QL_VERSION_DIR}/base/version.h" "${QL_VERSION_DIR}/base/source_digest.h"
        COMMENT "")
    return()
endif()

# git may be missing, the tree may be an unpacked archive, or it may belong to another user: then there is no commit.
execute_process(COMMAND git -C "${source_dir}" rev-parse --show-prefix --short=10 HEAD
    OUTPUT_VARIABLE answer RESULT_VARIABLE failed ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
set(version "${release}")
if(NOT failed AND answer MATCHES "^\n?([0-9a-f]+)$")
    string(APPEND version "+${CMAKE_MATCH_1}")
endif()

file(CONFIGURE OUTPUT "${QL_VERSION_DIR}/base/version.h" @ONLY CONTENT [[
// The version of Quillet, written by cmake/QlVersion.cmake.
#ifndef QL_BASE_VERSION_H
#define QL_BASE_VERSION_H

#define QL_RELEASE "@release@" // the release number alone
#define QL_VERSION "@version@" // with the commit that the tool was built from, when it is known

#endif
]])

file(GLOB sources "${source_dir}/device/*.h" "${source_dir}/src/base/*.[ch]" "${source_dir}/src/product/*.[ch]"
    "${source_dir}/src/corpus/*.[ch]" "${source_dir}/src/model/*.[ch]" "${source_dir}/src/train/*.[ch]")
list(SORT sources)
set(digests "")
foreach(source IN LISTS sources)
    file(SHA256 "${source}" digest)
    string(APPEND digests "${digest}")
endforeach()
string(SHA256 digest "${digests}")

file(CONFIGURE OUTPUT "${QL_VERSION_DIR}/base/source_digest.h" @ONLY CONTENT [[
// What a training computes with, written by cmake/QlVersion.cmake.
#ifndef QL_BASE_SOURCE_DIGEST_H
#define QL_BASE_SOURCE_DIGEST_H

#define QL_SOURCE_DIGEST "@digest@" // SHA-256

#endif
]])
