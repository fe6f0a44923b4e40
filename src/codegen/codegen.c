// Prints programs as C, in float and in integers alike: see codegen.h. The order of the source: head, kernels, weights,
// then for each model the graph's function with its calls one by one, and the functions that a model that writes has
// around it.
// Uses: base, corpus, device, onnx.
#include "codegen/codegen.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory_stream.h"
#include "base/sha256.h"
#include "codegen/device_passage.h"
#include "codegen/source.h"

// The head of the source

static void write_field(FILE *stream, const char *label, const char *value)
{
    (void)fprintf(stream, "//   %-12s  ", label);
    ql_c_plain_write(stream, value);
    (void)fputc('\n', stream);
}

static void write_model_fields(const struct ql_source *w, FILE *stream)
{
    const struct ql_codegen *codegen = w->codegen;
    const struct ql_codegen_size size = w->size;
    const char *whose = w->unit->caller_workspace ? "" : ", static";

    write_field(stream, "model", codegen->source_file);
    write_field(stream, "SHA-256", codegen->source_sha256);
    if (codegen->integer != NULL) {
        (void)fprintf(stream, "//   weights       %s, a scale for each row; calibrated on ",
                      ql_weight_format_write(codegen->integer->format));
        ql_c_plain_write(stream, codegen->calibration);
        (void)fputc('\n', stream);
    }
    (void)fprintf(stream, "//   flash         %zu bytes of constants; the code comes on top\n", size.constant_bytes);
    if (codegen->model != NULL) {
        (void)fprintf(stream, "//   RAM           %zu bytes for each text, and a workspace of %zu bytes%s\n",
                      size.state_bytes, size.workspace_bytes, whose);
        if (size.cache_bytes > 0) {
            (void)fprintf(stream, "//   the cache     %zu bytes of each text: keys and values of %d tokens\n",
                          size.cache_bytes, size.context);
        }
        (void)fprintf(
            stream,
            "//   the stack     at most %zu bytes in a call on a Cortex-M0+, %zu on a larger Cortex-M, with gcc at\n"
            "//                 -Os to -O3\n",
            size.stack_bytes_m0, size.stack_bytes);
        (void)fprintf(stream, "//   a step        %" PRId64 " multiply-accumulates\n", size.macs);
    } else {
        (void)fprintf(stream, "//   RAM           a workspace of %zu bytes%s\n", size.workspace_bytes, whose);
        (void)fprintf(stream, "//   a run         %" PRId64 " multiply-accumulates\n", size.macs);
    }
}

// `models` has one entry for each model of the unit.
static void write_head(const struct ql_source *models, FILE *stream)
{
    static const char *const kinds[2][2] = {{"a model", "models"}, {"a language model", "language models"}};
    const struct ql_codegen_unit *unit = models[0].unit;

    (void)fputs("// ", stream);
    for (int i = 0; i < unit->model_count; i++) {
        (void)fprintf(stream, "%s%s", i == 0 ? "" : ", ", models[i].prefix);
    }
    (void)fprintf(stream, ": %s, as C. Generated; change the model, not this file.\n//\n",
                  kinds[models[0].codegen->model != NULL][unit->model_count > 1]);
    (void)fputs("//   made by       quillet ", stream);
    ql_c_plain_write(stream, unit->version);
    (void)fputc('\n', stream);
    write_field(stream, "command line", unit->command_line);
    for (int i = 0; i < unit->model_count; i++) {
        if (unit->model_count > 1) {
            (void)fprintf(stream, "//\n// %s\n", models[i].prefix);
        }
        write_model_fields(&models[i], stream);
    }
}

// The types of device/ that stand in headers. Each has a file of its own with a guard, for programs that include several
// headers, or device/ itself.

static bool has_functions(const struct ql_source *w)
{
    return w->codegen->model != NULL;
}

static const struct header_type {
    const char *name, *file, *guard;            // the guard without its end, _H
    bool (*is_used)(const struct ql_source *w); // by a model
} header_types[] = {
    {"ql_model_functions", "device/model_functions.h", "QL_DEVICE_MODEL_FUNCTIONS", has_functions},
    {"ql_filter_state", "device/filter_state.h", "QL_DEVICE_FILTER_STATE", ql_source_has_filter},
    {"ql_lexicon_state", "device/lexicon_state.h", "QL_DEVICE_LEXICON_STATE", ql_source_has_lexicon},
};

enum { HEADER_TYPE_COUNT = sizeof header_types / sizeof header_types[0] };

// The kernels that the text of the source calls, and everything that these call.
static void write_kernels(struct ql_arena *arena, const struct ql_codegen_unit *unit, const char *body, FILE *stream)
{
    struct ql_device_passages set;
    bool has_float = false;

    for (int i = 0; i < unit->model_count; i++) {
        has_float = has_float || unit->models[i].integer == NULL;
    }
    ql_device_passages_init(&set, arena);
    if (has_float) {
        ql_device_passages_need_file(&set, "device/exact.h");
    }
    ql_device_passages_need(&set, body);
    for (int k = 0; k < HEADER_TYPE_COUNT; k++) {
        ql_device_passages_leave_out(&set, header_types[k].file);
    }
    (void)fputs("// Kernels: the parts of Quillet's device/ that the models call, verbatim.\n\n", stream);
    (void)fputs(has_float ? "#ifdef __cplusplus\n#define restrict __restrict\n#endif\n" : "", stream);
    (void)fputs("#if defined(" QL_C_ALIGNMENT ") // a build may define it\n"
                "#elif defined(__cplusplus)\n"
                "#define " QL_C_ALIGNMENT " alignas(64) // a cache line, and the widest vector\n"
                "#else\n"
                "#define " QL_C_ALIGNMENT " _Alignas(64)\n"
                "#endif\n\n",
                stream);
    ql_device_passages_write(&set, stream);
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
        ql_source_integer_head_write(w);
    } else {
        (void)fputs("// Weights and other constants\n\n", w->source);
    }
    for (int i = 0; i < w->program->value_count; i++) {
        const struct ql_program_value *value = &w->program->values[i];
        char shape[QL_C_LINE_COLUMNS];
        if (is_used_constant(w, i) && value->structure != NULL) {
            ql_source_integer_constant_write(w, w->values[i].name, value);
        } else if (is_used_constant(w, i)) {
            ql_source_shape_write(shape, sizeof shape, value->dims, value->rank);
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

    ql_source_shape_write(shape, sizeof shape, value->dims, value->rank);
    (void)fprintf(w->header, "//   %-12s  %s\n", name, shape);
}

static void write_plain_header(const struct ql_source *w)
{
    const struct ql_graph *graph = w->program->graph;

    if (w->unit->caller_workspace) {
        (void)fputs(
            "// Workspace: scratch memory for one run at a time. Nothing in it needs to last from run to run.\n",
            w->header);
        ql_source_workspace_write(w, w->header);
        (void)fputc('\n', w->header);
    }
    (void)fputs(
        "// Computes the outputs from the inputs; an output may lie where an input lies. Returns false when an\n"
        "// input holds an index that is out of range; the outputs are unchanged then.\n",
        w->header);
    if (!w->unit->caller_workspace) {
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

// Texts that belong together are identified by a part of a hash.
enum { ID_DIGITS = 8, ID_BYTES = 16 };

static void write_id(char id[ID_BYTES], const char *sha256)
{
    (void)snprintf(id, ID_BYTES, "0x%.*su", ID_DIGITS, sha256);
}

// The guard consists of the names of all models.
static void write_guard(const struct ql_source *models, FILE *stream)
{
    for (int i = 0; i < models[0].unit->model_count; i++) {
        ql_source_template_write(&models[i], stream, "@_");
    }
    (void)fputs("H\n", stream);
}

static bool is_used(const struct header_type *type, const struct ql_source *models)
{
    for (int i = 0; i < models[0].unit->model_count; i++) {
        if (type->is_used(&models[i])) {
            return true;
        }
    }
    return false;
}

static void remove_comments_and_blanks(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (from[0] == '/' && from[1] == '/') {
            from += strcspn(from, "\n") - 1;
        } else if (*from > ' ') {
            *to++ = *from;
        }
    }
    *to = '\0';
}

// A type in its guard, which headers share, so that the first one defines it for all. A number derived from its members
// stands beside the guard: headers of two versions of the tool, in which it differs, are an error. Spoils `text`.
static void write_type(const struct header_type *type, char *text, FILE *header)
{
    char sha256[QL_SHA256_TEXT_BYTES], id[ID_BYTES];

    (void)fprintf(header, "#ifndef %s_H\n#define %s_H\n%s", type->guard, type->guard, text);
    remove_comments_and_blanks(text);
    ql_sha256_write(sha256, text, strlen(text));
    write_id(id, sha256);
    (void)fprintf(
        header,
        "#define %s_ID %s\n"
        "#elif defined %s_ID && %s_ID != %s\n"
        "#error \"two versions of quillet made the headers of this file; compile the models again with one\"\n"
        "#endif\n\n",
        type->guard, id, type->guard, type->guard, id);
}

static enum ql_status write_types(const struct ql_source *models, struct ql_arena *arena, struct ql_error *error)
{
    for (int k = 0; k < HEADER_TYPE_COUNT; k++) {
        struct ql_device_passages set;
        struct ql_memory_stream memory;
        if (!is_used(&header_types[k], models)) {
            continue;
        }
        ql_device_passages_init(&set, arena);
        if (arena->exhausted || !ql_memory_stream_open(&memory)) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the header");
        }
        ql_device_passages_need(&set, header_types[k].name);
        ql_device_passages_write(&set, memory.stream);
        char *text = ql_memory_stream_close(&memory);
        if (text == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the header");
        }
        write_type(&header_types[k], text, models[0].header);
        free(text);
    }
    return QL_OK;
}

// The header without its head, and without its end, which depends on it.
static enum ql_status write_header(struct ql_source *models, struct ql_arena *arena, struct ql_error *error)
{
    const struct ql_codegen_unit *unit = models[0].unit;
    FILE *header = models[0].header;
    enum ql_status status = QL_OK;

    (void)fputs("\n#ifndef ", header);
    write_guard(models, header);
    (void)fputs("#define ", header);
    write_guard(models, header);
    (void)fputs("\n#include <stdbool.h>\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n",
                header);
    if (models[0].codegen->model == NULL) {
        for (int i = 0; i < unit->model_count; i++) {
            (void)fputs(i > 0 ? "\n" : "", header);
            write_plain_header(&models[i]);
        }
    } else {
        status = write_types(models, arena, error);
        for (int i = 0; i < unit->model_count; i++) {
            (void)fputs(i > 0 ? "\n" : "", header);
            ql_source_text_header_write(&models[i]);
        }
    }
    (void)fputs("\n#ifdef __cplusplus\n}\n#endif\n", header);
    return status;
}

// A header and a source belong together. The source identifies its header by a part of the hash of the header's text,
// so that a header from an earlier run is a compiler error, not a struct of another size.

// Prints the header into `*text`, which the caller frees.
static enum ql_status make_header(struct ql_source *models, char **text, struct ql_arena *arena, struct ql_error *error)
{
    struct ql_source *first = &models[0];
    char sha256[QL_SHA256_TEXT_BYTES];
    struct ql_memory_stream memory;

    *text = NULL;
    if (!ql_memory_stream_open(&memory)) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the header");
    }
    for (int i = 0; i < first->unit->model_count; i++) {
        models[i].header = memory.stream;
    }
    write_head(models, memory.stream);
    bool flushed = fflush(memory.stream) == 0;
    const size_t head = memory.size; // contains the command line, which does not matter
    enum ql_status status = write_header(models, arena, error);
    flushed = fflush(memory.stream) == 0 && flushed;
    if (status == QL_OK && flushed) {
        ql_sha256_write(sha256, memory.text + head, memory.size - head);
        write_id(first->header_id, sha256);
        ql_source_template_write(first, memory.stream, "\n#define @_HEADER ");
        (void)fprintf(memory.stream, "%s // by which the source knows this header\n\n#endif\n", first->header_id);
    }
    *text = ql_memory_stream_close(&memory);
    return status != QL_OK || (*text != NULL && flushed)
               ? status
               : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the header");
}

static void write_include(const struct ql_source *first, FILE *source)
{
    const char *header_file = first->unit->header_file;

    (void)fprintf(source, "\n#include \"%s\"\n\n", header_file);
    ql_source_template_write(first, source, "#if !defined @_HEADER || @_HEADER != ");
    (void)fprintf(source,
                  "%s\n#error \"%s is not the header of this source; compile the model again\"\n#endif\n\n"
                  "#include <stddef.h>\n#include <string.h>\n\n",
                  first->header_id, header_file);
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

// The workspaces of all models; if there are several, they are members of a union.
static void write_static_workspace(const struct ql_source *models, FILE *stream)
{
    const int count = models[0].unit->model_count;

    (void)fputs("// Workspace: intermediate values. Those that are never needed at the same time share a place.\n",
                stream);
    for (int i = 0; i < count; i++) {
        ql_source_workspace_write(&models[i], stream);
        (void)fputc('\n', stream);
    }
    if (count == 1) {
        ql_source_template_write(models, stream, QL_C_ALIGNMENT " static union $_workspace $_static_workspace;\n\n");
        return;
    }
    (void)fputs(QL_C_ALIGNMENT " static union {\n", stream);
    for (int i = 0; i < count; i++) {
        ql_source_template_write(&models[i], stream, "    union $_workspace $_workspace;\n");
    }
    ql_source_template_write(models, stream, "} $_static_workspace;\n\n");
}

static bool has_workspace(const struct ql_source *models)
{
    for (int i = 0; i < models[0].unit->model_count; i++) {
        if (models[i].size.workspace_bytes > 0) {
            return true;
        }
    }
    return false;
}

// The part of the source after the kernels.
static void write_body(struct ql_source *models)
{
    FILE *stream = models[0].source;
    const struct ql_codegen_unit *unit = models[0].unit;

    for (int i = 0; i < unit->model_count; i++) {
        write_constants(&models[i]);
    }
    if (!unit->caller_workspace && has_workspace(models)) {
        write_static_workspace(models, stream);
    }
    for (int i = 0; i < unit->model_count; i++) {
        ql_source_run_write(&models[i]);
        if (models[i].codegen->model != NULL) {
            ql_source_text_write(&models[i]);
        }
        (void)fputs(i + 1 < unit->model_count ? "\n" : "", stream);
    }
}

// Measures a model, and assigns the names in its part of the source. Those before it have theirs.
static enum ql_status begin_model(struct ql_source *models, int model, struct ql_error *error)
{
    struct ql_source *w = &models[model];
    const struct ql_program *program = w->program;
    enum ql_status status = check_numbers(w->codegen, error);

    if (status != QL_OK || (status = ql_codegen_measure(&w->size, w->unit, model, error)) != QL_OK) {
        return status;
    }
    w->names.arena = &w->arena;
    w->values = ql_arena_take(&w->arena, (size_t)program->value_count + 1, sizeof w->values[0]);
    w->inputs = ql_arena_take(&w->arena, (size_t)program->graph->input_count + 1, sizeof w->inputs[0]);
    w->outputs = ql_arena_take(&w->arena, (size_t)program->graph->output_count + 1, sizeof w->outputs[0]);
    if (!w->arena.exhausted) {
        ql_source_names_init(w, models);
    }
    return w->arena.exhausted ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the source") : QL_OK;
}

// The body is written to memory first, because the kernels that it calls come before it.
static enum ql_status write_source(FILE *source, struct ql_source *models, struct ql_arena *arena,
                                   struct ql_error *error)
{
    const struct ql_codegen_unit *unit = models[0].unit;
    struct ql_memory_stream memory;

    if (!ql_memory_stream_open(&memory)) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the source");
    }
    for (int i = 0; i < unit->model_count; i++) {
        models[i].source = memory.stream;
    }
    write_body(models);
    char *body = ql_memory_stream_close(&memory);
    if (body == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the source");
    }
    write_head(models, source);
    write_include(&models[0], source);
    write_kernels(arena, unit, body, source);
    (void)fwrite(body, 1, memory.size, source);
    free(body);
    return arena->exhausted ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the source") : QL_OK;
}

enum ql_status ql_codegen_write(FILE *source, FILE *header, const struct ql_codegen_unit *unit, struct ql_error *error)
{
    struct ql_arena arena = {0};
    struct ql_source *models = ql_arena_take(&arena, (size_t)unit->model_count, sizeof *models);
    char *header_text = NULL;
    enum ql_status status = QL_OK;

    if (models == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to write the source");
    }
    for (int i = 0; i < unit->model_count && status == QL_OK; i++) {
        const struct ql_codegen *codegen = &unit->models[i];
        models[i] =
            (struct ql_source){.unit = unit, .codegen = codegen, .program = codegen->program, .prefix = codegen->name};
        status = begin_model(models, i, error);
    }
    if (status == QL_OK) {
        status = make_header(models, &header_text, &arena, error);
    }
    if (status == QL_OK) {
        status = write_source(source, models, &arena, error);
    }
    if (status == QL_OK && header != NULL) {
        (void)fputs(header_text, header);
    }
    free(header_text);
    for (int i = 0; i < unit->model_count; i++) {
        ql_arena_free(&models[i].arena);
    }
    ql_arena_free(&arena);
    return status;
}
