# Compiler settings for every target: the language, the warnings, the arithmetic, the sanitizers.
# Uses: gcc or clang.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY TARGET_MESSAGES OFF)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or RelWithDebInfo" FORCE)
endif()

# Asserts stay in release builds: nothing may be silently wrong, and no assert sits in an inner loop.
foreach(build_type RELEASE RELWITHDEBINFO)
    string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${build_type} "${CMAKE_C_FLAGS_${build_type}}")
endforeach()

# -std=c11 alone hides POSIX. _DEFAULT_SOURCE and _DARWIN_C_SOURCE are what Linux and macOS have beyond it in common, such
# as flock. What is Linux's own is in one file, src/base/system_linux.c, which defines _GNU_SOURCE for itself.
add_compile_definitions(_XOPEN_SOURCE=700 _DEFAULT_SOURCE)
if(APPLE)
    add_compile_definitions(_DARWIN_C_SOURCE)
endif()

# Which file stands for the system: src/base/system_NAME.c.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    set(QL_SYSTEM linux CACHE STRING "What the tool asks the system beyond POSIX: linux or posix")
else()
    set(QL_SYSTEM posix CACHE STRING "What the tool asks the system beyond POSIX: linux or posix")
endif()
set_property(CACHE QL_SYSTEM PROPERTY STRINGS linux posix)

# No file of a build names the folder that it was made in, not even by an assertion.
add_compile_options("-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(QL_WARNINGS_AS_ERRORS)
    add_compile_options(-Werror)
endif()

# Results are promised bit for bit on every machine and at every optimization level. A fused multiply-add rounds once
# where a product and a sum round twice, so the compiler must never make one by itself. For the same reason there is
# no -ffast-math here, and no -march=native: the default is the oldest x86-64.
add_compile_options(-ffp-contract=off)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fno-tree-slp-vectorize) # gcc 12 makes vfmaddsub there all the same
endif()

# What nobody here reads: errno after a mathematical function, and the processor's floating-point exception flags.
# Without them a loop with a comparison or a square root can become vectors; no result changes.
add_compile_options(-fno-math-errno -fno-trapping-math)

if(QL_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "QL_FUZZ needs clang: use `cmake --preset fuzz` (tools/bootstrap fuzz installs clang)")
    endif()
    if(QL_FUZZ_ENGINE STREQUAL "-fsanitize=fuzzer") # another engine has flags of its own, in CFLAGS
        add_compile_options(-fsanitize=fuzzer-no-link)
    endif()
endif()
if(QL_COVERAGE)
    add_compile_options(--coverage -fprofile-update=atomic)
    add_link_options(--coverage)
endif()
if(QL_SANITIZERS)
    set(sanitize -fsanitize=${QL_SANITIZERS} -fno-sanitize-recover=all)
    # A check of UndefinedBehaviorSanitizer that fails is an illegal instruction, and AddressSanitizer prints where it is
    # (handle_sigill in QlTests.cmake). With words for each check the tool was three times as large, and took half as long
    # again to start.
    if(QL_SANITIZERS MATCHES "undefined" AND NOT QL_FUZZ AND NOT QL_SANITIZER_MESSAGES)
        if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
            list(APPEND sanitize -fsanitize-undefined-trap-on-error)
        else()
            list(APPEND sanitize -fsanitize-trap=undefined)
        endif()
    endif()
    add_compile_options(${sanitize} -fno-omit-frame-pointer)
    add_link_options(${sanitize})
endif()
