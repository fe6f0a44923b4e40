# How tests and fuzz targets are declared. Every test has a time limit, and stops at the first sanitizer finding.
# Uses: cmocka through QlLibraries.

# LC_ALL: what awk, printf, sort and grep do in a test does not depend on the user's language. abort_on_error lets the fuzz
# replay save the input that failed; handle_sigill shows where a check of UndefinedBehaviorSanitizer has failed.
set(ql_test_environment
    "LC_ALL=C.UTF-8"
    "ASAN_OPTIONS=abort_on_error=1:handle_sigill=2:detect_stack_use_after_return=1:strict_string_checks=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1")

# ql_add_test(NAME SOURCES file... [LIBRARIES target...] [LABELS label...] [TIMEOUT seconds])
# A cmocka program, run by ctest in the build folder's tests/. QL_SOURCE_DIR is the root of the sources, for golden
# files. The label `release_only` keeps a test out of the sanitizer presets; the default limit is 60 seconds.
function(ql_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 test "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
    add_executable(${name} ${test_SOURCES})
    target_link_libraries(${name} PRIVATE ${test_LIBRARIES} ql_device PkgConfig::CMOCKA m)
    target_compile_definitions(${name} PRIVATE "QL_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
    add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    ql_limit_test(${name} "${test_LABELS}" "${test_TIMEOUT}")
endfunction()

# ql_add_fuzzer(NAME SOURCES file... [LIBRARIES target...])
# A file that defines LLVMFuzzerTestOneInput. With QL_FUZZ it becomes a libFuzzer program, and its test searches for a
# minute. Otherwise its test replays tests/fuzz/corpus/NAME/ and some thousand seeded mutations of it.
function(ql_add_fuzzer name)
    cmake_parse_arguments(PARSE_ARGV 1 fuzzer "" "" "SOURCES;LIBRARIES")
    set(committed "${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name}")
    set(found "${PROJECT_BINARY_DIR}/fuzz/${name}")
    file(GLOB inputs CONFIGURE_DEPENDS "${committed}/*")
    if(NOT inputs)
        set(committed "")
    endif()
    add_executable(${name} ${fuzzer_SOURCES})
    target_link_libraries(${name} PRIVATE ${fuzzer_LIBRARIES} ql_device m)
    if(NOT TARGET fuzzers)
        add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
    if(QL_SANITIZERS MATCHES "memory")
        target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/known_memory.c")
        target_link_libraries(${name} PRIVATE PkgConfig::JANSSON PkgConfig::UTF8PROC PkgConfig::PROTOBUF_C PkgConfig::EXPAT
            BZip2::BZip2 ${CMAKE_DL_LIBS})
        # Its functions stand before those of the libraries.
        set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON)
    endif()
    if(QL_FUZZ)
        target_link_libraries(${name} PRIVATE ${QL_FUZZ_ENGINE})
        file(MAKE_DIRECTORY "${found}")
        add_test(NAME ${name}
            COMMAND ${name} -max_total_time=60 -timeout=10 -print_final_stats=1 "${found}" ${committed}
            WORKING_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    else()
        target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/tests/fuzz/replay_main.c")
        add_test(NAME ${name} COMMAND ${name} ${committed} WORKING_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
    endif()
    ql_limit_test(${name} fuzz 120)
endfunction()

# ql_limit_test(NAME LABELS TIMEOUT) sets what all tests have in common; also for tests added with add_test alone.
function(ql_limit_test name labels timeout)
    if(NOT timeout)
        set(timeout 60)
    endif()
    # A limit ends a test that hangs, and says nothing about speed: a slow or busy machine has four times as long. What may
    # take long begins first, so that it does not run alone at the end.
    math(EXPR timeout "4 * ${timeout}")
    set_tests_properties(${name} PROPERTIES COST "${timeout}"
        LABELS "${labels}" TIMEOUT "${timeout}" ENVIRONMENT "${ql_test_environment}" SKIP_RETURN_CODE 77)
    if(QL_SANITIZERS)
        set_tests_properties(${name} PROPERTIES
            ENVIRONMENT_MODIFICATION "PATH=path_list_prepend:${PROJECT_BINARY_DIR}/tests/compilers")
    endif()
endfunction()
