// The sizes of generated C, its name, and the report: see codegen_size.h.
// Uses: base, corpus, device/matrix_s8.h, onnx, quantize/integer_kernel, jansson.
#include "codegen/codegen_size.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "codegen/c_text.h"
#include "codegen/chip_speed.h"
#include "codegen/source.h"
#include "corpus/json_text.h"
#include "device/matrix_s8.h"
#include "quantize/integer_kernel.h"

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
    if (strncasecmp(name, "ql", 2) == 0 && (name[2] == '\0' || name[2] == '_')) {
        return ql_error_write(
            error, QL_ERROR_USAGE,
            "the name '%s' begins like the names of the kernels, with ql_ or QL_; give another one with --name", name);
    }
    return QL_OK;
}

// Marks the roots that are used by calls or outputs.
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
        used[program->values[ql_program_result(program, i)].root] = true;
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

static size_t symbol_bytes(const struct ql_vocabulary *vocabulary)
{
    char utf8[QL_TOKEN_BYTES];
    size_t longest = 0, all = 0;

    for (int i = 0; i < vocabulary->count; i++) {
        size_t length = ql_vocabulary_write_token(vocabulary, i, utf8) + 1;
        longest = length > longest ? length : longest;
        all += length;
    }
    const size_t offset_bytes = all <= UINT16_MAX ? sizeof(uint16_t) : sizeof(uint32_t);
    return (size_t)vocabulary->count * (vocabulary->piece_count > 0 ? offset_bytes : longest) +
           (vocabulary->piece_count > 0 ? all : 0);
}

// A struct or a union as a compiler lays it out: so far it ends here, and no member has a greater alignment.
struct layout {
    size_t bytes, alignment;
};

static void add_member(struct layout *layout, size_t bytes, size_t alignment)
{
    layout->bytes = round_up(layout->bytes, alignment) + bytes;
    layout->alignment = alignment > layout->alignment ? alignment : layout->alignment;
}

// An array has at least one element.
static void add_array(struct layout *layout, enum ql_element type, int count)
{
    const size_t element = ql_element_bytes(type);
    add_member(layout, element * (size_t)(count > 0 ? count : 1), element);
}

// The caller's struct, member by member, where pointers have 4 bytes and each number is aligned to its size.
static size_t state_bytes(const struct ql_codegen *codegen, bool caller_workspace)
{
    enum { SETTINGS = 3, RANDOM = 4, POINTER = 4 };
    const struct ql_text_model *model = codegen->model;
    const struct ql_graph *graph = codegen->program->graph;
    struct layout layout = {0, 1};

    for (int k = 0; k < model->layout.part_count; k++) {
        add_array(&layout, model->layout.parts[k].type, model->layout.parts[k].count);
    }
    for (int i = 0; i < graph->output_count; i++) {
        const struct ql_program_value *value = &codegen->program->values[graph->outputs[i]];
        if (!ql_text_model_is_state(model, i)) {
            add_array(&layout, value->type, value->count);
        }
    }
    add_array(&layout, QL_ELEMENT_U32, SETTINGS + RANDOM);
    if (model->guard != NULL && model->guard->is_on) {
        add_member(&layout, sizeof(struct ql_filter_state), _Alignof(struct ql_filter_state));
    }
    if (model->guard != NULL && model->guard->has_lexicon) {
        add_member(&layout, sizeof(struct ql_lexicon_state), _Alignof(struct ql_lexicon_state));
    }
    if (caller_workspace) {
        add_member(&layout, POINTER, POINTER);
    }
    return round_up(layout.bytes, layout.alignment);
}

// The workspace is a union of arrays, one for each type, and of what the sampler takes.
static size_t workspace_bytes(const struct ql_codegen *codegen, const bool *used)
{
    const struct ql_program *program = codegen->program;
    size_t bytes = program->workspace_bytes, alignment = 1;

    for (int i = 0; i < program->value_count; i++) {
        const struct ql_program_value *value = &program->values[i];
        if (used[i] && value->root == i && value->storage == QL_STORAGE_WORKSPACE) {
            const size_t element = ql_element_bytes(value->type);
            alignment = element > alignment ? element : alignment;
        }
    }
    if (codegen->model != NULL) {
        struct layout sampler = {0, 1};
        add_array(&sampler, QL_ELEMENT_U32, codegen->model->descriptor->vocabulary.count);
        add_array(&sampler, QL_ELEMENT_U16, codegen->model->descriptor->vocabulary.count);
        bytes = sampler.bytes > bytes ? sampler.bytes : bytes;
        alignment = sampler.alignment > alignment ? sampler.alignment : alignment;
    }
    return round_up(bytes, alignment);
}

// A cache of attention has the dimensions (layers, context, numbers of an entry).
static void add_cache_bytes(struct ql_codegen_size *size, const struct ql_state_layout *layout)
{
    for (int k = 0; k < layout->part_count; k++) {
        const struct ql_state_part *part = &layout->parts[k];
        size->cache_bytes += part->kind == QL_STATE_APPEND ? part->bytes : 0;
    }
    size->context = ql_state_layout_context(layout);
}

// The constants that a model that writes has besides those of the graph: symbols, the self-test's text, tables of words.
static void add_text_bytes(struct ql_codegen_size *size, const struct ql_text_model *model, bool has_shared)
{
    enum { TRACE_STEP = 8 }; // of a step: a token, a hash, and the gap between
    const size_t V = (size_t)model->descriptor->vocabulary.count;
    const bool has_specials = ql_descriptor_text_rules(model->descriptor).special_count > 0;

    size->constant_bytes += has_specials ? (V + 31) / 32 * sizeof(uint32_t) : 0;
    size->constant_bytes += symbol_bytes(&model->descriptor->vocabulary) + (size_t)model->trace_count * TRACE_STEP;
    size->constant_bytes += ql_source_filter_own_bytes(model);
    size->constant_bytes += has_shared ? ql_source_filter_shared_bytes(model) : 0;
    size->constant_bytes += ql_source_lexicon_bytes(model);
}

// Limits of the stack, measured with gcc at -Os, -O2 and -O3; tests/codegen/stack_test.sh compares them with what models
// take. On a Cortex-M0+, most of it is an integer product's table of multipliers, of QL_M0_TABLE_WORDS words.
static void add_stack_bytes(struct ql_codegen_size *size, const struct ql_codegen *codegen)
{
    enum { FLOAT = 800, INTEGER_M0 = 2200, INTEGER = 1200, PIECES_AHEAD = 1000, FILTER_END = 1000 };
    const struct ql_text_model *model = codegen->model;
    const bool is_integer = codegen->integer != NULL, has_filter = model->guard != NULL && model->guard->is_on;
    const bool has_lexicon = model->guard != NULL && model->guard->has_lexicon;
    const size_t V = (size_t)model->descriptor->vocabulary.count;
    size_t bytes = model->roles.one_hot ? V * sizeof(float) : 0;

    bytes += (has_filter + has_lexicon) * ((V + 31) / 32 * sizeof(uint32_t)); // the tokens that each of them blocks
    // A filter tries what pieces do to its state.
    bytes += has_filter && model->descriptor->vocabulary.piece_count > 0 ? PIECES_AHEAD : 0;
    // To tell whether a text may end, a filter works on a copy of its state.
    const size_t least = has_filter ? FILTER_END : 0;
    const size_t m0 = bytes + (is_integer ? INTEGER_M0 : FLOAT), larger = bytes + (is_integer ? INTEGER : FLOAT);
    size->stack_bytes_m0 = m0 > least ? m0 : least;
    size->stack_bytes = larger > least ? larger : least;
}

// Tables that the models of a unit share, counted for the first one that has them: powers for the costs of tokens and for
// drawing in integers, the other tables of integer models, and those of their decoders.
static size_t shared_table_bytes(const struct ql_codegen_unit *unit, int model)
{
    enum { TANH_BYTES = 385 * 2, POWER_BYTES = 65 * 4, ROOT_BYTES = 97 * 2, SINE_BYTES = 130 * 2 };
    const struct ql_integer_model *own = unit->models[model].integer;
    bool is_first = own != NULL, is_first_decoder = own != NULL && own->kind == QL_LAYER_DECODER;

    for (int i = 0; i < model; i++) {
        const struct ql_integer_model *before = unit->models[i].integer;
        is_first = is_first && before == NULL;
        is_first_decoder = is_first_decoder && (before == NULL || before->kind != QL_LAYER_DECODER);
    }
    return (model == 0 && unit->models[0].model != NULL ? (size_t)POWER_BYTES : 0) +
           (is_first ? (size_t)TANH_BYTES : 0) + (is_first_decoder ? (size_t)(ROOT_BYTES + SINE_BYTES) : 0);
}

enum ql_status ql_codegen_measure(struct ql_codegen_size *size, const struct ql_codegen_unit *unit, int model,
                                  struct ql_error *error)
{
    const struct ql_codegen *codegen = &unit->models[model];
    const struct ql_program *program = codegen->program;
    struct ql_arena arena = {0};

    *size = (struct ql_codegen_size){.constant_bytes = shared_table_bytes(unit, model)};
    const bool *used = take_used(&arena, program);
    if (used == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to measure the model");
    }
    size->workspace_bytes = workspace_bytes(codegen, used);
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
        size->state_bytes = state_bytes(codegen, unit->caller_workspace);
        add_cache_bytes(size, &codegen->model->layout);
        add_text_bytes(size, codegen->model, model == 0);
        add_stack_bytes(size, codegen);
    }
    ql_arena_free(&arena);
    return QL_OK;
}

// NULL when there is not enough memory, as in all functions here that make JSON.
static json_t *shape_to_json(const int *dims, int rank)
{
    json_t *shape = json_array();

    for (int axis = 0; axis < rank; axis++) {
        if (json_array_append_new(shape, json_integer(dims[axis])) != 0) {
            json_decref(shape);
            return NULL;
        }
    }
    return shape;
}

// A field without a value, because there is no memory for it, makes *whole false.
static void set_field(bool *whole, json_t *entry, const char *key, json_t *value)
{
    *whole = json_object_set_new(entry, key, value) == 0 && *whole;
}

// What constants and values of the workspace have in common. *whole becomes false when there is not enough memory.
static json_t *make_entry(bool *whole, const char *name, const char *type, json_t *shape, size_t bytes)
{
    json_t *entry = json_object();

    set_field(whole, entry, "name", ql_json_text_make(name)); // a model of others may have names with any bytes
    set_field(whole, entry, "type", json_string(type));
    set_field(whole, entry, "shape", shape);
    set_field(whole, entry, "bytes", json_integer((json_int_t)bytes));
    return entry;
}

// False when there is not enough memory, here and below.
static bool report_values(json_t *constants, json_t *workspace, const struct ql_program *program, const bool *used)
{
    bool whole = true;

    for (int i = 0; i < program->value_count && whole; i++) {
        const struct ql_program_value *value = &program->values[i];
        const bool is_constant = value->storage == QL_STORAGE_CONSTANT;
        if (!used[i] || (!is_constant && value->storage != QL_STORAGE_WORKSPACE)) {
            continue;
        }
        json_t *entry = make_entry(&whole, value->name, ql_element_write(value->type),
                                   shape_to_json(value->dims, value->rank), value->bytes);
        if (!is_constant) {
            set_field(&whole, entry, "offset", json_integer((json_int_t)value->workspace_offset));
            set_field(&whole, entry, "first_call", json_integer(value->first_call));
            set_field(&whole, entry, "last_call", json_integer(value->last_call));
        }
        whole = json_array_append_new(is_constant ? constants : workspace, entry) == 0 && whole;
    }
    return whole;
}

// The packed matrices of an integer form, which a firmware may place: their bytes, and the words of the widest block of
// rows, which is the least that a stream of weights has to hold.
static bool report_matrices(json_t *constants, size_t *placed_bytes, int *block_words, const struct ql_program *program)
{
    bool whole = true;

    for (int i = 0; i < program->value_count && whole; i++) {
        const struct ql_integer_matrix *matrix = ql_integer_kernel_matrix(&program->values[i]);
        if (matrix == NULL) {
            continue;
        }
        const size_t bytes = (size_t)matrix->word_count * sizeof matrix->words[0];
        const int blocks = (matrix->rows + QL_MATRIX_BLOCK_ROWS - 1) / QL_MATRIX_BLOCK_ROWS;
        const int words = matrix->word_count / blocks, dims[] = {matrix->rows, matrix->columns};
        json_t *entry =
            make_entry(&whole, program->values[i].name, matrix->is_s4 ? "s4" : "s8", shape_to_json(dims, 2), bytes);
        whole = json_array_append_new(constants, entry) == 0 && whole;
        *placed_bytes += bytes;
        *block_words = words > *block_words ? words : *block_words;
    }
    return whole;
}

static const char *token_word(const struct ql_codegen *codegen)
{
    const bool has_pieces = codegen->model != NULL && codegen->model->descriptor->vocabulary.piece_count > 0;
    return has_pieces ? "piece" : "character";
}

// NULL on error.
static json_t *report_model(const struct ql_codegen_unit *unit, int index, struct ql_error *error)
{
    const struct ql_codegen *codegen = &unit->models[index];
    const enum ql_weight_format format = codegen->integer == NULL ? QL_WEIGHTS_F32 : codegen->integer->format;
    struct ql_arena arena = {0};
    struct ql_codegen_size size;
    const double other_cycles = codegen->integer == NULL ? 0.0 : ql_chip_speed_other_cycles(codegen);
    size_t placed_bytes = 0;
    int block_words = 0;

    if (ql_codegen_measure(&size, unit, index, error) != QL_OK) {
        return NULL;
    }
    json_t *constants = json_array(), *workspace = json_array(), *report = NULL;
    const bool *used = take_used(&arena, codegen->program);
    bool whole = used != NULL;
    if (whole) {
        whole = codegen->integer == NULL ? report_values(constants, workspace, codegen->program, used)
                                         : report_matrices(constants, &placed_bytes, &block_words, codegen->program);
    }
    if (whole) {
        report =
            json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:i, s:I, s:I, s:I, s:i, s:i, s:s, s:I}", "name", codegen->name,
                      "sha256", codegen->source_sha256, "weights", ql_weight_format_write(format), "flash_bytes",
                      (json_int_t)size.constant_bytes, "state_bytes", (json_int_t)size.state_bytes, "cache_bytes",
                      (json_int_t)size.cache_bytes, "context_length", size.context, "workspace_bytes",
                      (json_int_t)size.workspace_bytes, "macs", (json_int_t)size.macs, "matrix_bytes",
                      (json_int_t)placed_bytes, "block_words", block_words, "calls", codegen->program->call_count,
                      "token", token_word(codegen), "rp2040_other_cycles", (json_int_t)other_cycles);
        // json_pack would leak them when there is not enough memory.
        if (json_object_set_new(report, "rp2040_tokens_per_second", json_real(ql_chip_speed(codegen, 1))) != 0 ||
            json_object_set_new(report, "rp2040_tokens_per_second_on_two", json_real(ql_chip_speed(codegen, 2))) != 0 ||
            json_object_set(report, "constants", constants) != 0 ||
            json_object_set(report, "workspace", workspace) != 0) {
            json_decref(report);
            report = NULL;
        }
    }
    json_decref(constants);
    json_decref(workspace);
    ql_arena_free(&arena);
    if (report == NULL) {
        (void)ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    return report;
}

enum ql_status ql_codegen_report_write(FILE *stream, const struct ql_codegen_unit *unit, struct ql_error *error)
{
    enum ql_status status = QL_OK;
    json_t *reports = json_array();

    for (int i = 0; i < unit->model_count && status == QL_OK; i++) {
        json_t *report = report_model(unit, i, error);
        if (report == NULL) {
            status = QL_ERROR_SYSTEM;
        } else if (json_array_append_new(reports, report) != 0) {
            status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
        }
    }
    if (status == QL_OK &&
        json_dumpf(unit->model_count == 1 ? json_array_get(reports, 0) : reports, stream, JSON_INDENT(2)) != 0) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "cannot write the report");
    }
    (void)fputc('\n', stream);
    json_decref(reports);
    return status;
}
