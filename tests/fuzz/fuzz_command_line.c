// Fuzz target: the reader of the command line. The bytes are arguments, each followed by a NUL, for a table with
// options of every type. Accepted values are within their limits, and the help can be written then.
// Uses: base.
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { ARGUMENT_LIMIT = 64, OPERAND_LIMIT = 3, LIST_LIMIT = 4 };

struct targets {
    bool quiet;
    const char *file;
    int count;
    uint32_t seed;
    double rate, any;
};

static void check(const struct targets *targets, const char *const *operands, size_t operand_count, int argc,
                  char **argv)
{
    assert(targets->count >= -5 && targets->count <= 500);
    assert(targets->rate >= 0.25 && targets->rate <= 2.0 && isfinite(targets->any));
    assert(operand_count <= OPERAND_LIMIT);
    for (size_t i = 0; i < operand_count; i++) {
        bool found = false;
        for (int k = 1; k < argc; k++) {
            found = found || operands[i] == argv[k];
        }
        assert(found);
    }
}

static void read_list(const char *text)
{
    double values[LIST_LIMIT];
    size_t count;
    struct ql_error error;

    if (ql_option_read_list(values, LIST_LIMIT, &count, text, "list", &error) == QL_OK) {
        assert(count >= 1 && count <= LIST_LIMIT);
        for (size_t i = 0; i < count; i++) {
            assert(!isnan(values[i]));
        }
    } else {
        assert(error.message[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct targets targets = {.count = 1, .rate = 1.0};
    struct ql_option options[] = {
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Group", false},
        {"quiet", QL_OPTION_FLAG, &targets.quiet, 0, 0, NULL, "say nothing", false},
        {"file", QL_OPTION_STRING, &targets.file, 0, 0, "FILE", "a name", false},
        {"count", QL_OPTION_INT, &targets.count, -5, 500, "N", "a number", false},
        {"seed", QL_OPTION_UINT32, &targets.seed, 0, 0, "N", "a seed", false},
        {"learning_rate", QL_OPTION_FLOAT, &targets.rate, 0.25, 2, "X", "a number with limits", false},
        {"anything", QL_OPTION_FLOAT, &targets.any, 0, 0, "X", "a number without", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    char name[] = "fuzz";
    char *argv[ARGUMENT_LIMIT + 2] = {name};
    const char *operands[OPERAND_LIMIT];
    size_t operand_count = 0;
    struct ql_error error;
    int argc = 1;

    char *text = malloc(size_bytes + 1);
    if (text == NULL) {
        abort();
    }
    memcpy(text, data, size_bytes);
    text[size_bytes] = '\0';
    for (char *place = text; place < text + size_bytes && argc <= ARGUMENT_LIMIT; place += strlen(place) + 1) {
        argv[argc++] = place;
    }
    if (ql_option_read(options, argc, argv, operands, OPERAND_LIMIT, &operand_count, &error) == QL_OK) {
        char help[4096];
        FILE *stream = fmemopen(help, sizeof help, "w");
        check(&targets, operands, operand_count, argc, argv);
        if (stream != NULL) {
            ql_option_write_help(options, stream);
            (void)fclose(stream);
        }
    } else {
        assert(error.status == QL_ERROR_USAGE && error.message[0] != '\0');
    }
    read_list(text);
    free(text);
    return 0;
}
