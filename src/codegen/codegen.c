// Prints a program as C: see codegen.h. The order of the source: head, kernels, weights, the graph's function with its
// calls one by one, and what a model that writes has around that.
// Uses: base, corpus, device, onnx.
#include "codegen/codegen.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "codegen/device_file.h"
#include "codegen/source.h"

// The head of the source

static void write_head(const struct ql_source *w, FILE *stream)
{
    const struct ql_codegen *codegen = w->codegen;
    const struct ql_codegen_size size = w->size;

    (void)fprintf(stream, "// %s: %s, as C. Generated; change the model, not this file.\n//\n", w->prefix,
                  codegen->model != NULL ? "a language model that writes character by character" : "a model");
    (void)fputs("//   made by       quillet ", stream);
    ql_c_plain_write(stream, codegen->version);
    (void)fputs("\n//   command line  ", stream);
    ql_c_plain_write(stream, codegen->command_line);
    (void)fputs("\n//   model         ", stream);
    ql_c_plain_write(stream, codegen->source_file);
    (void)fprintf(stream, "\n//   SHA-256       %s\n", codegen->source_sha256);
    if (codegen->integer != NULL) {
        (void)fprintf(stream, "//   weights       %s, a scale for each row; calibrated on ",
                      ql_weight_format_write(codegen->integer->format));
        ql_c_plain_write(stream, codegen->calibration);
        (void)fputc('\n', stream);
    }
    (void)fprintf(stream, "//   flash         %zu bytes of constants; the code comes on top\n", size.constant_bytes);
    if (codegen->model != NULL) {
        (void)fprintf(stream, "//   RAM           %zu bytes for each text, and %zu bytes of scratch memory%s\n",
                      size.state_bytes, size.arena_bytes, codegen->caller_arena ? "" : ", static");
        (void)fprintf(stream, "//   a step        %" PRId64 " multiply-accumulates\n", size.macs);
    } else {
        (void)fprintf(stream, "//   RAM           %zu bytes of scratch memory%s\n", size.arena_bytes,
                      codegen->caller_arena ? "" : ", static");
        (void)fprintf(stream, "//   a run         %" PRId64 " multiply-accumulates\n", size.macs);
    }
}

static void write_kernels(const struct ql_source *w)
{
    struct ql_device_file_set set = {0};

    if (w->codegen->integer != NULL) {
        ql_source_integer_files_add(w, &set);
    } else {
        ql_device_file_set_add(&set, "device/exact.h");
    }
    for (int i = 0; i < w->program->call_count && w->codegen->integer == NULL; i++) {
        const struct ql_kernel_call *call = &w->program->calls[i];
        ql_device_file_set_add(&set, call->kernel->file);
        for (int k = 0; k < call->kernel->operation_count; k++) {
            ql_device_file_set_add(&set, call->operations[k]->file);
        }
    }
    if (w->codegen->model != NULL && w->codegen->integer == NULL) {
        ql_device_file_set_add(&set, "device/sampler.h");
        ql_device_file_set_add(&set, "device/trace.h");
    }
    if (w->codegen->model != NULL && ql_source_filter_bytes(w->codegen->model) > 0) {
        ql_device_file_set_add(&set, "device/filter.h");
    }
    (void)fputs("// Kernels: files of Quillet's device/, as they are. Not every function of a file is needed here.\n\n"
                "#ifdef __cplusplus\n"
                "#define restrict __restrict\n"
                "#define " QL_C_ALIGNMENT " alignas(64) // a cache line, and the widest vector\n"
                "#else\n"
                "#define " QL_C_ALIGNMENT " _Alignas(64)\n"
                "#endif\n"
                "#ifdef __clang__\n"
                "#pragma clang diagnostic push\n"
                "#pragma clang diagnostic ignored \"-Wunused-function\"\n"
                "#endif\n\n",
                w->source);
    ql_device_file_set_write(&set, w->source);
    (void)fputs("#ifdef __clang__\n"
                "#pragma clang diagnostic pop\n"
                "#endif\n\n",
                w->source);
}

// Weights

static bool is_used_constant(const struct ql_source *w, int value)
{
    return w->program->values[value].root == value && w->program->values[value].storage == QL_STORAGE_CONSTANT &&
           w->values[value].name != NULL;
}

static void write_constants(struct ql_source *w)
{
    if (w->codegen->integer != NULL) {
        ql_source_integer_constants_write(w);
        return;
    }
    (void)fputs("// Weights and other constants\n\n", w->source);
    for (int i = 0; i < w->program->value_count; i++) {
        const struct ql_program_value *value = &w->program->values[i];
        char shape[QL_C_LINE_COLUMNS];
        if (is_used_constant(w, i)) {
            ql_source_shape_write(shape, sizeof shape, value);
            w->values[i].as_bits =
                ql_c_array_write(w->source, w->values[i].name, shape, value->type, value->data, (size_t)value->count);
            (void)fputc('\n', w->source);
        }
    }
}

// The header

static void write_parameter_comment(const struct ql_source *w, const char *name, const struct ql_program_value *value)
{
    char shape[QL_C_LINE_COLUMNS];

    ql_source_shape_write(shape, sizeof shape, value);
    (void)fprintf(w->header, "//   %-12s  %s\n", name, shape);
}

static void write_plain_header(const struct ql_source *w)
{
    const struct ql_graph *graph = w->program->graph;

    if (w->codegen->caller_arena) {
        (void)fputs("// Scratch memory for one run at a time. Nothing in it needs to last from run to run.\n",
                    w->header);
        ql_source_arena_write(w, w->header);
        (void)fputc('\n', w->header);
    }
    (void)fputs("// Computes the outputs from the inputs; an output may lie where an input lies. False when an input\n"
                "// holds an index that is out of range: the outputs are as they were then.\n",
                w->header);
    if (!w->codegen->caller_arena) {
        (void)fputs("// Uses static memory: one run at a time.\n", w->header);
    }
    (void)fputs("//\n", w->header);
    for (int i = 0; i < graph->input_count; i++) {
        if (w->inputs[i] != NULL) {
            write_parameter_comment(w, w->inputs[i], &w->program->values[graph->inputs[i]]);
        }
    }
    for (int i = 0; i < graph->output_count; i++) {
        write_parameter_comment(w, w->outputs[i], &w->program->values[graph->outputs[i]]);
    }
    ql_source_signature_write(w, w->header, false);
    (void)fputs(";\n", w->header);
}

static void write_header(const struct ql_source *w)
{
    write_head(w, w->header);
    ql_source_template_write(w, w->header,
                             "\n#ifndef @_H\n#define @_H\n\n"
                             "#include <stdbool.h>\n#include <stdint.h>\n\n"
                             "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    if (w->codegen->model != NULL) {
        ql_source_text_header_write(w);
    } else {
        write_plain_header(w);
    }
    (void)fputs("\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n", w->header);
}

// The whole

static enum ql_status check_numbers(const struct ql_codegen *codegen, struct ql_error *error)
{
    for (int i = 0; i < codegen->program->call_count; i++) {
        const struct ql_kernel_call *call = &codegen->program->calls[i];
        for (int k = 0; k < call->kernel->float_count; k++) {
            if (!isfinite(call->floats[k])) {
                return ql_error_write(error, QL_ERROR_INPUT,
                                      "node %s: an attribute is not a finite number, which C "
                                      "cannot express",
                                      codegen->program->graph->nodes[call->node].name);
            }
        }
    }
    return QL_OK;
}

enum ql_status ql_codegen_write(FILE *source, FILE *header, const struct ql_codegen *codegen, struct ql_error *error)
{
    const struct ql_program *program = codegen->program;
    struct ql_source w = {
        .codegen = codegen, .program = program, .prefix = codegen->name, .source = source, .header = header};
    enum ql_status status = check_numbers(codegen, error);

    if (status != QL_OK || (status = ql_codegen_measure(&w.size, codegen, error)) != QL_OK) {
        return status;
    }
    w.names.arena = &w.arena;
    w.values = ql_arena_take(&w.arena, (size_t)program->value_count + 1, sizeof w.values[0]);
    w.inputs = ql_arena_take(&w.arena, (size_t)program->graph->input_count + 1, sizeof w.inputs[0]);
    w.outputs = ql_arena_take(&w.arena, (size_t)program->graph->output_count + 1, sizeof w.outputs[0]);
    if (!w.arena.exhausted && codegen->integer == NULL) {
        ql_source_names_init(&w);
    }
    if (w.arena.exhausted) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the source");
        goto done;
    }
    write_head(&w, source);
    (void)fprintf(source, "\n#include \"%s\"\n\n#include <stddef.h>\n#include <string.h>\n\n", codegen->header_file);
    write_kernels(&w);
    write_constants(&w);
    if (!codegen->caller_arena && w.size.arena_bytes > 0) {
        (void)fputs("// Scratch memory: values whose lifetimes do not meet share a place.\n", source);
        ql_source_arena_write(&w, source);
        ql_source_template_write(&w, source, "\n" QL_C_ALIGNMENT " static union $_arena $_static_arena;\n\n");
    }
    if (codegen->integer != NULL) {
        ql_source_integer_run_write(&w);
    } else {
        ql_source_run_write(&w);
    }
    if (codegen->model != NULL) {
        ql_source_text_write(&w);
    }
    if (header != NULL) {
        write_header(&w);
    }
done:
    ql_arena_free(&w.arena);
    return status;
}
