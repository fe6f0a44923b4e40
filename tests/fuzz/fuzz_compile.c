// Fuzzes the road from a foreign model to C: for any input, the result is an error with a message, or C in printable
// ASCII whose braces match and whose comments end where they should.
// Uses: codegen, onnx.
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "codegen/token_table.h"
#include "onnx/in_place.h"
#include "onnx/onnx_reader.h"
#include "onnx/program_compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

enum { BYTE_LIMIT = 1 << 18, WORK_LIMIT = 1 << 18 };

static void check_text(const char *text, size_t size)
{
    int depth = 0;
    bool comment = false;

    for (size_t i = 0; i < size; i++) {
        assert((text[i] >= ' ' && text[i] <= '~') || text[i] == '\n');
        comment = text[i] != '\n' && (comment || strncmp(text + i, "//", 2) == 0);
        // A backslash at the end would join the next line to the comment.
        assert(!comment || text[i] != '\\' || text[i + 1] != '\n');
        depth += comment ? 0 : text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
        assert(depth >= 0);
    }
    assert(depth == 0);
}

static void compile(const struct ql_graph *graph, bool caller_workspace)
{
    const struct ql_program_options options = {.default_size = 2, .byte_limit = BYTE_LIMIT, .work_limit = WORK_LIMIT};
    struct ql_program program = {0};
    struct ql_error error = {QL_OK, ""};
    const struct ql_codegen codegen = {
        .program = &program, .name = "model", .source_file = "\?\?/*\n", .source_sha256 = ""};
    const struct ql_codegen_unit unit = {.models = &codegen,
                                         .model_count = 1,
                                         .header_file = "model.h",
                                         .caller_workspace = caller_workspace,
                                         .version = "fuzz",
                                         .command_line = "\?\?/*\n"};
    char *text[3] = {NULL, NULL, NULL};
    size_t sizes[3];

    if (ql_program_compile(&program, graph, &options, &error) != QL_OK ||
        ql_token_table_init(&program, &error) != QL_OK || ql_in_place_init(&program, &error) != QL_OK) {
        assert(error.message[0] != '\0');
        ql_program_free(&program);
        return;
    }
    FILE *source = open_memstream(&text[0], &sizes[0]);
    FILE *header = open_memstream(&text[1], &sizes[1]);
    FILE *report = open_memstream(&text[2], &sizes[2]);
    assert(source != NULL && header != NULL && report != NULL);
    bool written = ql_codegen_write(source, header, &unit, &error) == QL_OK;
    bool reported = ql_codegen_report_write(report, &unit, &error) == QL_OK;
    assert((written && reported) || error.message[0] != '\0');
    (void)fclose(source);
    (void)fclose(header);
    (void)fclose(report);
    if (written) {
        check_text(text[0], sizes[0]);
        check_text(text[1], sizes[1]);
    }
    for (int i = 0; i < 3; i++) {
        free(text[i]);
    }
    ql_program_free(&program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    struct ql_graph graph = {0};

    if (ql_onnx_read(&graph, data, size_bytes, NULL) == QL_OK) {
        compile(&graph, size_bytes % 2 == 1);
    }
    ql_graph_free(&graph);
    return 0;
}
