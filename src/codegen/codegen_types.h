// What is printed as C, and its sizes: what codegen.h and the parts of a source share.
// Uses: codegen/text_model, onnx, quantize.
#ifndef QL_CODEGEN_CODEGEN_TYPES_H
#define QL_CODEGEN_CODEGEN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codegen/text_model.h"
#include "onnx/program.h"
#include "quantize/integer_model.h"

enum { QL_CODEGEN_NAME_BYTES = 32 };

// One model.
struct ql_codegen {
    const struct ql_program *program;
    const struct ql_text_model *model;      // NULL for plain inference: the inputs and outputs of the graph
    const struct ql_integer_model *integer; // of which program and roles are (ql_integer_program); NULL in float
    const char *name;                       // the prefix of its symbols; by ql_codegen_name_read
    // For the head comment:
    const char *source_file, *source_sha256; // the model's file, and its hash in hexadecimal
    const char *calibration;                 // of an integer form: the text, "names.txt"
};

// A source, of one model or of several. Either all of them are models that write, or none. They share the kernels, the
// workspace, and the filter's table; their names differ, and either all of them have the same filter, or none has one.
struct ql_codegen_unit {
    const struct ql_codegen *models;
    int model_count;
    const char *header_file; // as the source includes it: "names.h"
    bool caller_workspace;   // the workspace is the caller's instead of static
    // For the head comment:
    const char *version, *command_line;
};

// Sizes in bytes. Code comes on top of constants: a few kilobytes.
struct ql_codegen_size {
    size_t constant_bytes; // in flash: weights, vocabulary, trace
    size_t state_bytes;    // of the caller's struct on a 32-bit chip, with int64_t aligned to 8; 0 for plain inference
    size_t cache_bytes;    // of state_bytes, those of keys and values; 0 where there are none
    int context;           // entries of a cache; 0 where there is none
    size_t workspace_bytes;
    // Of a model that writes: what a call takes of the stack at most on a Cortex-M0+, and on a larger one.
    size_t stack_bytes_m0, stack_bytes;
    int64_t macs; // multiply-accumulates of one call
};

#endif
