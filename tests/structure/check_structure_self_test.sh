#!/bin/sh
# Tests check_structure.sh itself: small trees with one fault each must be reported, and sound ones must not.
# Uses: mktemp, grep. Each case is a file, its content (printf format) and what the report must contain.
set -eu

check=$(cd "$(dirname "$0")" && pwd)/check_structure.sh
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
failed=0

# A sound tree that every case starts from.
new_tree()
{
    rm -rf "$root/tree"
    mkdir -p "$root/tree"
    add_file src/base/bytes.h '// Bytes.\n#include <stdint.h>\n'
    add_file src/model/shape.c '// Shapes.\n#include "base/bytes.h"\n#include "device/kernel.h"\n'
    add_file device/kernel.h '// Kernel.\n#include <stdint.h>\n#include <string.h>\n'
}

add_file()
{
    mkdir -p "$root/tree/$(dirname "$1")"
    # shellcheck disable=SC2059
    printf "$2" > "$root/tree/$1"
}

# expect_finding FILE CONTENT MESSAGE: the sound tree with this file has exactly one finding, in this file.
expect_finding()
{
    new_tree
    add_file "$1" "$2"
    if "$check" "$root/tree" > "$root/report" 2>&1; then
        echo "not reported: $1: $3"
        failed=1
    elif ! grep -q "^$1:[0-9]*: .*$3" "$root/report" || [ "$(wc -l < "$root/report")" -ne 1 ]; then
        echo "$1: expected one finding with '$3', got:"
        cat "$root/report"
        failed=1
    fi
}

# expect_sound FILE CONTENT: the sound tree with this file has no finding.
expect_sound()
{
    new_tree
    add_file "$1" "$2"
    if ! "$check" "$root/tree" > "$root/report" 2>&1; then
        echo "$1: expected no finding, got:"
        cat "$root/report"
        failed=1
    fi
}

expect_finding src/corpus/a.c '// A.\n#include "train/b.h"\n' 'a back edge: corpus/ comes before train/'
expect_finding src/engine/a.c '// A.\n#  include "cli/b.h"\n' 'a back edge'
expect_finding src/engine/a.c '// A.\n#include <verify/b.h>\n' 'a back edge'
expect_finding src/base/a.c '// A.\n#include "model/b.h"\n' 'base/ may use nothing else of ours'
expect_finding src/base/a.c '// A.\n#include "device/kernel.h"\n' 'base/ may use nothing else of ours'
expect_finding src/train/a.c '// A.\n#include "reference/b.h"\n' 'for tests only'
expect_finding src/cli/a.c '// A.\n#include "reference/b.h"\n' 'for tests only'
expect_finding src/train/a.c '// A.\n#include "a.h"\n' 'with its folder'
expect_finding src/train/a.c '// A.\n#include "../cli/b.h"\n' 'in no folder of ours'
expect_finding src/train/a.c '// A.\n#include "base/../cli/b.h"\n' 'from src/ or from the root'
expect_finding src/train/a.c '// A.\n#include "src/base/b.h"\n' 'from src/ or from the root'
expect_finding src/train/a.c '// A.\n#include HIDDEN\n' 'include by macro'
expect_finding src/train/a.c '// A.\n#include "other.h"\n' 'with its folder'
expect_finding src/train/a.c '// A.\n#include "library/other.h"\n' 'in no folder of ours'
expect_finding src/extra/a.c '// A.\n' 'no place in the include arrow'
expect_finding device/a.h '// A.\n#include "base/bytes.h"\n' 'device/ may use nothing else of ours'
expect_finding device/a.h '// A.\n#include <math.h>\n' 'device/ may use only'
expect_finding device/a.h '// A.\nvoid *p = malloc(1);\n' 'may not allocate'
expect_finding device/a.h '// A.\n/* b */ free (p);\n' 'may not allocate'
expect_finding reference/a.c '// A.\n#include "device/kernel.h"\n' 'reference/ may use nothing else of ours'
expect_finding firmware/a.c '// A.\n#include "base/bytes.h"\n' 'firmware/ may use only device/'
expect_finding src/train/a.c '// A.\nprintf("x");\n' 'only src/cli prints'
expect_finding src/train/a.c '// A.\n"\\\\"; puts("x");\n' 'only src/cli prints'
expect_finding src/train/a.c '// A.\nfprintf(stderr, "x");\n' 'only src/cli prints'
expect_finding src/train/a.c '// A.\nfprintf(\n    stdout, "x");\n' 'only src/cli prints'
expect_finding reference/a.c '// A.\nexit(1);\n' 'only src/cli ends the process'
expect_finding src/train/a.c '// A.\nif (x) abort();\n' 'only src/cli ends the process'
expect_finding src/train/a.c '// A.\n#define _GNU_SOURCE\n' 'base/system'
expect_finding src/cli/a.c '// A.\nopen("/proc/self/exe", 0);\n' 'base/system'
expect_finding src/base/a.c '// A.\ninfo.st_mtim.tv_sec;\n' 'base/system'
expect_finding src/base/b.c '// A.\n#ifdef __APPLE__\n' 'base/system'
expect_finding src/train/shape.c '// A.\n' 'the name shape.c is taken by src/model/shape.c'
expect_finding reference/kernel.h '// A.\n' 'the name kernel.h is taken by device/kernel.h'
expect_finding src/train/a.c '\n\n\n// A.\n' 'first three lines'
expect_finding src/train/a.c 'int a;\n' 'first three lines'

statements=$(printf '    ;\\n%.0s' $(seq 57))
expect_finding src/train/a.c "// A.\nint a(void)\n{\n$statements$statements}\n" 'a function of 117 lines'
expect_finding src/train/a.c "// A.\nint a(int x,\n      int y)\n{\n$statements}\n" 'a function of 61 lines'
expect_sound src/train/a.c "// A.\nint a(void)\n{\n$statements}\n"
expect_sound src/train/a.c "// A.\n\n// Long because of its cases.\nint a(void)\n{\n$statements$statements}\n"
expect_sound reference/a.c "// A.\nint a(void)\n{\n$statements$statements}\n"

# Circles need a second file beside the one that is named: expect_circle FILE CONTENT OTHER CONTENT.
expect_circle()
{
    new_tree
    add_file "$1" "$2"
    add_file "$3" "$4"
    if "$check" "$root/tree" > "$root/report" 2>&1; then
        echo "not reported: the circle of $1 and $3"
        failed=1
    elif ! grep -q "^$1:1: a circle: .*${3%.*}" "$root/report" || [ "$(wc -l < "$root/report")" -ne 1 ]; then
        echo "$1: expected one circle with $3, got:"
        cat "$root/report"
        failed=1
    fi
}

expect_circle src/train/a.h '// A.\n#include "train/b.h"\n' src/train/b.h '// B.\n#include "train/a.h"\n'
expect_circle src/train/a.h '// A.\n#include "train/b.h"\n' src/train/b.c '// B.\n#include "train/b.h"\n#include "train/a.h"\n'
expect_circle src/train/a.c '// A.\nint ql_a(void)\n{\n    return ql_b();\n}\n' \
    src/train/b.c '// B.\nint ql_b(void)\n{\n    return ql_a();\n}\n'
expect_circle src/train/a.c '// A.\nconst char ql_a[] = "a";\nint a(void)\n{\n    return ql_b[0].run();\n}\n' \
    src/train/b.c '// B.\nconst struct row ql_b[] = {{b}};\nstatic int b(void)\n{\n    return ql_a[0];\n}\n'
expect_circle src/train/a.c '// A.\nint ql_a(void)\n{\n    return ql_b();\n}\n' \
    src/train/b.c '// B.\n#include "train/a.h"\nint ql_b(void)\n{\n    return 1;\n}\n'

expect_sound src/train/a.c '\n/* A.\n */\n'
expect_sound src/train/a.c '// A.\n// printf("x"); #include "cli/b.h"\n/*\n#include "cli/b.h"\nexit(1);\n*/\n'
expect_sound src/train/a.c '// A.\nchar *s = "printf(1) /* \\" exit(1)", c = 0x27; snprintf(s, 1, "stderr");\n'
expect_sound src/train/a.c "// A.\nchar c = '\"'; // printf(1)\nchar d = '\\\\\\\\', e = '\\\\''; /* exit(1) */\n"
expect_sound src/train/a.c '// A.\nfprintf(stream, "x"); ql_exit(1); my_printf(1); int exit_code = 1;\n'
expect_sound src/train/a.c '// A.\nvoid f(const char *, ...) __attribute__((format(printf, 1, 2)));\n'
expect_sound src/train/a.c '// A.\n#include "base/bytes.h"\n#include "corpus/b.h"\n#include "train/c.h"\n#include <other.h>\n'
expect_sound src/train/a.c '// A.\n#include "train/a.h"\nint ql_a(void)\n{\n    return ql_a();\n}\n'
expect_sound src/train/a.c '// A.\nint ql_shape(void);\nextern int ql_b;\nstatic int ql_c(void)\n{\n    return ql_b;\n}\n'
expect_sound src/cli/a.c '// A.\n#include "dashboard/b.h"\n#include "device/kernel.h"\nprintf("x"); exit(1);\n'
expect_sound src/base/system_linux.c '// A.\n#define _GNU_SOURCE\nopen("/proc/self/exe", 0);\nst_mtim;\n'
expect_sound reference/a.c '// A.\n#include <math.h>\n#include "reference/b.h"\n'
expect_sound firmware/shape.c '// A.\n#include "pico/stdlib.h"\n#include "board.h"\n#include "device/kernel.h"\nprintf("x");\n'

rm -rf "$root/tree"
mkdir "$root/tree"
if "$check" "$root/tree" > /dev/null 2>&1; then
    echo "an empty tree was not reported"
    failed=1
fi
exit $failed
