// Prints a program as C: one source and one header, with weights, kernels, vocabulary and sampler.
// docs/generated-code.md describes the result. The same input gives the same bytes.
// Uses: base, corpus, device, onnx.
#ifndef QL_CODEGEN_CODEGEN_H
#define QL_CODEGEN_CODEGEN_H

#include <stdint.h>
#include <stdio.h>

#include "codegen/text_model.h"
#include "onnx/program.h"
#include "quantize/integer_model.h"

struct ql_codegen {
    const struct ql_program *program;
    const struct ql_text_model *model;      // NULL for plain inference: the inputs and outputs of the graph
    const struct ql_integer_model *integer; // its integer form, which is printed instead of the program; or NULL
    const char *name;                       // the prefix of every symbol; by ql_codegen_name_read
    const char *header_file;                // as the source includes it: "names.h"
    bool caller_arena;                      // scratch memory is the caller's instead of static
    // For the head comment:
    const char *version, *command_line;
    const char *source_file, *source_sha256; // the model's file, and its hash in hexadecimal
    const char *calibration;                 // of an integer form: the text, "names.txt"
};

enum { QL_CODEGEN_NAME_BYTES = 32 };

// The prefix from --name or a file's name: of "models/names-wait.onnx" it is "names_wait".
// Errors: QL_ERROR_USAGE for a name without a letter, too long, or "ql", which is the kernels' own.
enum ql_status ql_codegen_name_read(char name[QL_CODEGEN_NAME_BYTES], const char *text, struct ql_error *error);

// Sizes in bytes. Code comes on top of constants: a few kilobytes.
struct ql_codegen_size {
    size_t constant_bytes; // in flash: weights, vocabulary, trace
    size_t state_bytes;    // of the caller's struct where pointers have 32 bits; 0 for plain inference
    size_t arena_bytes;    // scratch memory
    int64_t macs;          // multiply-accumulates of one call
};

// Errors: QL_ERROR_SYSTEM when memory is out, here and below.
enum ql_status ql_codegen_measure(struct ql_codegen_size *size, const struct ql_codegen *codegen,
                                  struct ql_error *error);

// Writes the source, and the header where `header` is not NULL. Whether the streams took it is left to the caller.
// Errors: QL_ERROR_INPUT for a number that C cannot express.
enum ql_status ql_codegen_write(FILE *source, FILE *header, const struct ql_codegen *codegen, struct ql_error *error);

// Writes sizes, constants and the plan of the arena as JSON.
enum ql_status ql_codegen_report_write(FILE *stream, const struct ql_codegen *codegen, struct ql_error *error);

#endif
