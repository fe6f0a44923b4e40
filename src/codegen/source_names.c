// Names in a source, shapes, and templates: see source.h.
// Uses: base, codegen, onnx.
#include <ctype.h>
#include <string.h>

#include "codegen/device_file.h"
#include "codegen/source.h"

void ql_source_template_write(const struct ql_source *w, FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '$') {
            (void)fputs(w->prefix, stream);
        } else if (*text == '@') {
            for (const char *c = w->prefix; *c != '\0'; c++) {
                (void)fputc(toupper((unsigned char)*c), stream);
            }
        } else {
            (void)fputc(*text, stream);
        }
    }
}

void ql_source_shape_write(char *text, size_t room, const int *dims, int rank)
{
    size_t length = (size_t)snprintf(text, room, "(");

    for (int axis = 0; axis < rank && length < room; axis++) {
        length += (size_t)snprintf(text + length, room - length, "%s%d", axis == 0 ? "" : ", ", dims[axis]);
    }
    if (length < room) {
        (void)snprintf(text + length, room - length, ")");
    }
}

void ql_source_static_workspace_write(const struct ql_source *w, FILE *stream)
{
    const struct ql_codegen_unit *unit = w->unit;

    (void)fprintf(stream, "&%s_static_workspace", unit->models[0].name);
    if (unit->model_count > 1) {
        (void)fprintf(stream, ".%s_workspace", w->prefix);
    }
}

// Marks the roots that are outputs, and those that are read.
static void mark_uses(struct ql_source *w)
{
    const struct ql_program *program = w->program;

    for (int i = 0; i < program->call_count; i++) {
        const struct ql_kernel_call *call = &program->calls[i];
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0) {
                w->values[program->values[call->buffers[k]].root].is_read = true;
            }
        }
    }
    for (int i = 0; i < program->graph->output_count; i++) {
        struct ql_source_value *value = &w->values[program->values[ql_program_result(program, i)].root];
        value->is_output = value->is_read = true;
    }
}

// Names the storage of a value, unless it has a name: after the value, or, if that has none, after the node and the
// parameter of the call that takes it as an argument.
static void name_storage(struct ql_source *w, int value, const char *node, const char *parameter)
{
    const int index = w->program->values[value].root;
    const struct ql_program_value *root = &w->program->values[index];
    struct ql_source_value *text = &w->values[index];
    char own[2 * QL_C_IDENTIFIER_BYTES];

    if (text->name != NULL) {
        return;
    }
    if (root->name[0] == '\0') {
        (void)snprintf(own, sizeof own, "%.*s_%s", QL_C_IDENTIFIER_BYTES / 2, node, parameter);
    } else {
        (void)snprintf(own, sizeof own, "%s", root->name);
    }
    if (root->storage == QL_STORAGE_CONSTANT) {
        text->name = ql_c_names_add(&w->names, w->prefix, own);
    } else if (text->is_output) {
        text->name = ql_c_names_add(&w->names, "new", own);
    } else {
        text->name = ql_c_names_add(&w->names, own, "");
    }
}

// Reserves a name that the source uses for something else; $ and @ are as in ql_source_template_write, for `prefix`.
static void reserve(struct ql_source *w, const char *prefix, const char *name)
{
    char text[QL_C_IDENTIFIER_BYTES + QL_CODEGEN_NAME_BYTES];
    size_t length = 0;

    for (; *name != '\0'; name++) {
        if (*name == '$' || *name == '@') {
            for (const char *c = prefix; *c != '\0'; c++) {
                text[length++] = *name == '$' ? *c : (char)toupper((unsigned char)*c);
            }
        } else {
            text[length++] = *name;
        }
    }
    text[length++] = '\0';
    char *copy = ql_c_names_has(&w->names, text) ? NULL : ql_arena_take(&w->arena, length, 1);
    if (copy != NULL) {
        memcpy(copy, text, length);
        ql_c_names_reserve(&w->names, copy);
    }
}

// Returns whether this output is a state of a model that writes, and shares the memory of its input.
static bool is_state_in_place(const struct ql_source *w, int output)
{
    const struct ql_text_model *model = w->codegen->model;

    for (int k = 0; model != NULL && k < model->layout.part_count; k++) {
        if (model->roles.states[k].output == output) {
            return ql_program_is_in_place(w->program, model->roles.states[k]);
        }
    }
    return false;
}

// The names that the source itself defines; $ and @ are as in reserve.
static const char *const own_names[] = {"$_set",
                                        "$_step",
                                        "$_next",
                                        "$_cost",
                                        "$_symbol",
                                        "$_check",
                                        "$_trace",
                                        "$_workspace",
                                        "$_state",
                                        "$_static_workspace",
                                        "$_symbols",
                                        "$_special",
                                        "@_H",
                                        "@_BEGIN",
                                        "workspace",
                                        "random",
                                        "@_SYMBOLS",
                                        "temperature",
                                        "top_k",
                                        "top_p",
                                        "@_TRACE_STEPS",
                                        "@_LOGIT_UNITS",
                                        "$_logit",
                                        "filter",
                                        "words",
                                        "blocked",
                                        "$_filter",
                                        "$_filter_edges",
                                        "$_filter_labels",
                                        "$_filter_kinds",
                                        "$_filter_keys",
                                        "$_filter_fingerprints",
                                        "$_may_end",
                                        "$_refuses",
                                        "$_functions",
                                        "@_WEIGHTS",
                                        "@_ROWS",
                                        "state",
                                        "$_run",
                                        "$_init",
                                        "$_reset",
                                        "$_zero",
                                        "$_strings",
                                        "$_filter_rests",
                                        "$_filter_begins",
                                        "$_filter_hazards",
                                        "lexicon",
                                        "listed",
                                        "$_lexicon",
                                        "$_lexicon_edges",
                                        "$_lexicon_labels",
                                        "$_lexicon_kinds",
                                        "$_lexicon_rests",
                                        "$_lexicon_begins"};

// Reserves what the source defines for each model of the unit, and the constants of those before this one: the name of a
// model may continue that of another.
static void reserve_own_names(struct ql_source *w, const struct ql_source *models)
{
    for (int m = 0; m < w->unit->model_count; m++) {
        for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++) {
            reserve(w, w->unit->models[m].name, own_names[i]);
        }
    }
    for (const struct ql_source *before = models; before < w; before++) {
        for (int i = 0; i < before->program->value_count; i++) {
            if (before->program->values[i].storage == QL_STORAGE_CONSTANT && before->values[i].name != NULL) {
                reserve(w, "", before->values[i].name);
            }
        }
    }
}

void ql_source_names_init(struct ql_source *w, const struct ql_source *models)
{
    const struct ql_graph *graph = w->program->graph;

    mark_uses(w);
    reserve_own_names(w, models);
    // The named constants of a call are in an inner block and must not hide anything.
    for (int i = 0; i < w->program->call_count; i++) {
        const struct ql_kernel *kernel = w->program->calls[i].kernel;
        struct ql_device_kernel declared;
        ql_device_kernel_read(&declared, kernel->file, kernel->name);
        for (int k = kernel->buffer_count + kernel->operation_count; k < declared.parameter_count; k++) {
            reserve(w, "", declared.parameters[k]);
        }
    }
    for (int i = 0; i < graph->input_count; i++) {
        const int value = graph->inputs[i];
        if (ql_program_root(w->program, value)->storage == QL_STORAGE_INPUT) {
            w->inputs[i] = ql_c_names_add(&w->names, w->program->values[value].name, "");
            w->values[w->program->values[value].root].name = w->inputs[i];
        }
    }
    for (int i = 0; i < graph->output_count; i++) {
        const char *name = w->program->values[graph->outputs[i]].name;
        if (is_state_in_place(w, i)) {
            w->values[w->program->values[graph->outputs[i]].root].is_written = true;
        } else {
            w->outputs[i] = ql_c_names_add(&w->names, name, "");
        }
        if (ql_program_root(w->program, graph->outputs[i])->storage == QL_STORAGE_OUTPUT) {
            w->values[graph->outputs[i]].name = w->outputs[i];
        }
    }
    for (int i = 0; i < w->program->call_count; i++) {
        const struct ql_kernel_call *call = &w->program->calls[i];
        struct ql_device_kernel declared;
        ql_device_kernel_read(&declared, call->kernel->file, call->kernel->name);
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            if (call->buffers[k] >= 0) {
                name_storage(w, call->buffers[k], graph->nodes[call->node].name, declared.parameters[k]);
            }
        }
    }
    for (int i = 0; i < graph->output_count; i++) {
        name_storage(w, ql_program_result(w->program, i), "output",
                     "value"); // an output that no call computes: a constant
    }
}
