# The filter's default list, english.words and english.qlf in the build folder: made from the npm package cuss in
# web/node_modules, so that the words themselves are not in this repository. Without it, `filter --default` says so.
# Uses: node, words/english.mjs.

set(QL_DEFAULT_WORDS "${PROJECT_BINARY_DIR}/english.words")
find_program(QL_NODE NAMES node nodejs)
set(ql_cuss "${PROJECT_SOURCE_DIR}/web/node_modules/cuss/index.js")
if(QL_NODE AND EXISTS "${ql_cuss}")
    add_custom_command(OUTPUT "${QL_DEFAULT_WORDS}"
        COMMAND "${QL_NODE}" "${PROJECT_SOURCE_DIR}/words/english.mjs" "${PROJECT_SOURCE_DIR}/web/node_modules"
            > "${QL_DEFAULT_WORDS}"
        DEPENDS "${PROJECT_SOURCE_DIR}/words/english.mjs" "${PROJECT_SOURCE_DIR}/words/innocent.txt" "${ql_cuss}"
        VERBATIM)
    add_custom_command(OUTPUT "${PROJECT_BINARY_DIR}/english.qlf"
        COMMAND quillet filter --words "${QL_DEFAULT_WORDS}" --accents ignored # as --default does
            --output "${PROJECT_BINARY_DIR}/english.qlf" > /dev/null
        DEPENDS quillet "${QL_DEFAULT_WORDS}"
        VERBATIM)
    add_custom_target(default_list DEPENDS "${QL_DEFAULT_WORDS}")
    add_dependencies(quillet default_list)
    add_custom_target(default_words ALL DEPENDS "${QL_DEFAULT_WORDS}" "${PROJECT_BINARY_DIR}/english.qlf")
else()
    message(STATUS "the filter has no default list, because the npm package cuss is missing: run tools/bootstrap web, and "
        "cmake again")
endif()
