// What generated C takes, its name, and the report: see codegen_size.h.
// Uses: base, corpus, onnx, jansson.
#include "codegen/codegen_size.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

#include "codegen/c_text.h"
#include "codegen/source.h"

enum ql_status ql_codegen_name_read(char name[QL_CODEGEN_NAME_BYTES], const char *text, struct ql_error *error)
{
    const char *slash = strrchr(text, '/');
    const char *base = slash == NULL ? text : slash + 1;
    const char *point = strrchr(base, '.');
    const char *end = point == NULL || point == base ? base + strlen(base) : point;
    size_t length = 0;

    for (const char *c = base; c < end && length < QL_CODEGEN_NAME_BYTES; c++) {
        bool kept = isalnum((unsigned char)*c) && (unsigned char)*c < 128;
        if (kept) {
            name[length++] = *c;
        } else if (length > 0 && name[length - 1] != '_') {
            name[length++] = '_';
        }
    }
    if (length == QL_CODEGEN_NAME_BYTES) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "the name '%s' is too long for C; give one of at most %d letters "
                              "with --name",
                              text, QL_CODEGEN_NAME_BYTES - 1);
    }
    while (length > 0 && name[length - 1] == '_') {
        length--;
    }
    name[length] = '\0';
    if (!isalpha((unsigned char)name[0])) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "the name '%s' does not begin with a letter, as a name in C must; give one with --name",
                              text);
    }
    if (strcmp(name, "ql") == 0 || strcmp(name, "QL") == 0) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "the name 'ql' is that of the kernels; give another one with --name");
    }
    return QL_OK;
}

// Marks the roots that calls and outputs use.
static void mark_used(const struct ql_program *program, bool *used)
{
    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0) {
                used[program->values[call->buffers[k]].root] = true;
            }
        }
    }
    for (int i = 0; i < program->graph->output_count; i++) {
        used[program->values[program->graph->outputs[i]].root] = true;
    }
}

static bool *take_used(struct ql_arena *arena, const struct ql_program *program)
{
    bool *used = ql_arena_take(arena, (size_t)program->value_count + 1, sizeof *used);

    if (used != NULL) {
        mark_used(program, used);
    }
    return used;
}

static size_t round_up(size_t bytes, size_t to)
{
    return (bytes + to - 1) / to * to;
}

static size_t symbol_bytes(const struct ql_descriptor *descriptor)
{
    unsigned char utf8[4];
    size_t longest = 0;

    for (int i = 0; i < descriptor->symbol_count; i++) {
        size_t length = ql_utf8_encode(utf8, descriptor->symbols[i]);
        longest = length > longest ? length : longest;
    }
    return (size_t)descriptor->symbol_count * (longest + 1);
}

// The caller's struct as a 32-bit compiler lays it out.
static size_t state_bytes(const struct ql_codegen *codegen)
{
    enum { SETTINGS = 3 * 4, RANDOM = 4 * 4, POINTER = 4 };
    const struct ql_text_model *model = codegen->model;
    const struct ql_graph *graph = codegen->program->graph;
    size_t bytes = SETTINGS + RANDOM + (codegen->caller_arena ? POINTER : 0);

    for (int i = 0; i < model->roles.state_count; i++) {
        bytes += codegen->program->values[graph->inputs[model->roles.states[i].input]].bytes;
    }
    for (int i = 0; i < graph->output_count; i++) {
        bytes += ql_text_model_is_state(model, i) ? 0 : codegen->program->values[graph->outputs[i]].bytes;
    }
    return round_up(bytes, 4);
}

// What a model that writes has beside its state: symbols, the self-test's text, and the sampler's part of the arena.
static void add_text_bytes(struct ql_codegen_size *size, const struct ql_codegen *codegen)
{
    enum { WEIGHT = 4, TRACE_STEP = 8 }; // of a step: a token, a hash, and the gap between
    const size_t V = (size_t)codegen->model->descriptor->symbol_count;
    const size_t sampler_bytes = round_up(V * (WEIGHT + sizeof(uint16_t)), 4);

    const size_t filter_bytes = ql_source_filter_bytes(codegen->model);

    size->constant_bytes += symbol_bytes(codegen->model->descriptor) + (size_t)codegen->model->trace_count * TRACE_STEP;
    size->constant_bytes += filter_bytes;
    size->state_bytes += filter_bytes > 0 ? sizeof(struct ql_filter_state) : 0;
    size->arena_bytes = sampler_bytes > size->arena_bytes ? sampler_bytes : size->arena_bytes;
}

enum ql_status ql_codegen_measure(struct ql_codegen_size *size, const struct ql_codegen *codegen,
                                  struct ql_error *error)
{
    const struct ql_program *program = codegen->program;
    struct ql_arena arena = {0};

    *size = (struct ql_codegen_size){.arena_bytes = program->arena_bytes};
    if (codegen->integer != NULL) {
        ql_source_integer_measure(size, codegen);
        add_text_bytes(size, codegen);
        return QL_OK;
    }
    const bool *used = take_used(&arena, program);
    if (used == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to measure the model");
    }
    for (int i = 0; i < program->value_count; i++) {
        const struct ql_program_value *value = &program->values[i];
        if (used[i] && value->storage == QL_STORAGE_CONSTANT) {
            size->constant_bytes += value->bytes;
        }
    }
    for (int i = 0; i < program->call_count; i++) {
        size->macs += program->calls[i].macs;
    }
    if (codegen->model != NULL) {
        size->state_bytes = state_bytes(codegen);
        add_text_bytes(size, codegen);
    }
    ql_arena_free(&arena);
    return QL_OK;
}

static json_t *shape_to_json(const struct ql_program_value *value)
{
    json_t *shape = json_array();

    for (int axis = 0; axis < value->rank; axis++) {
        (void)json_array_append_new(shape, json_integer(value->dims[axis]));
    }
    return shape;
}

enum ql_status ql_codegen_report_write(FILE *stream, const struct ql_codegen *codegen, struct ql_error *error)
{
    const struct ql_program *program = codegen->program;
    struct ql_arena arena = {0};
    struct ql_codegen_size size;
    json_t *constants = json_array(), *scratch = json_array();
    enum ql_status status = ql_codegen_measure(&size, codegen, error);

    if (status != QL_OK) {
        goto done;
    }
    const bool *used = take_used(&arena, program);
    for (int i = 0; used != NULL && i < program->value_count && codegen->integer == NULL; i++) {
        const struct ql_program_value *value = &program->values[i];
        if (used[i] && value->storage == QL_STORAGE_CONSTANT) {
            (void)json_array_append_new(constants, json_pack("{s:s, s:s, s:o, s:I}", "name", value->name, "type",
                                                             ql_element_write(value->type), "shape",
                                                             shape_to_json(value), "bytes", (json_int_t)value->bytes));
        } else if (used[i] && value->storage == QL_STORAGE_ARENA) {
            (void)json_array_append_new(scratch,
                                        json_pack("{s:s, s:s, s:o, s:I, s:I, s:i, s:i}", "name", value->name, "type",
                                                  ql_element_write(value->type), "shape", shape_to_json(value), "bytes",
                                                  (json_int_t)value->bytes, "offset", (json_int_t)value->arena_offset,
                                                  "first_call", value->first_call, "last_call", value->last_call));
        }
    }
    json_t *report = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:i, s:O, s:O}", "name", codegen->name, "sha256", codegen->source_sha256,
        "weights", ql_weight_format_write(codegen->integer == NULL ? QL_WEIGHTS_F32 : codegen->integer->format),
        "flash_bytes", (json_int_t)size.constant_bytes, "state_bytes", (json_int_t)size.state_bytes, "arena_bytes",
        (json_int_t)size.arena_bytes, "macs", (json_int_t)size.macs, "calls", program->call_count, "constants",
        constants, "arena", scratch);
    if (report == NULL || used == NULL || json_dumpf(report, stream, JSON_INDENT(2)) != 0) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "cannot write the report");
    }
    (void)fputc('\n', stream);
    json_decref(report);
done:
    json_decref(constants);
    json_decref(scratch);
    ql_arena_free(&arena);
    return status;
}
