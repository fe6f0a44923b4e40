// The graph's function, call by call, and the workspace it works in: see source.h.
// Uses: base, codegen, onnx, quantize/integer_kernel.
#include <assert.h>
#include <string.h>

#include "codegen/device_file.h"
#include "codegen/source.h"
#include "quantize/integer_kernel.h"

// Room for a declared array: its name, and up to QL_KERNEL_RANK_LIMIT numbers.
enum { ARRAY_BYTES = QL_C_IDENTIFIER_BYTES + 16 * QL_KERNEL_RANK_LIMIT };

// The workspace: a union of arrays, one for each type of its values, so that every pointer into it has its own type.
void ql_source_workspace_write(const struct ql_source *w, FILE *stream)
{
    const size_t bytes = w->program->workspace_bytes;
    bool present[QL_ELEMENT_BOOL + 1] = {false};

    for (int i = 0; i < w->program->value_count; i++) {
        const struct ql_program_value *value = &w->program->values[i];
        if (value->root == i && value->storage == QL_STORAGE_WORKSPACE && w->values[i].name != NULL) {
            present[value->type] = true;
        }
    }
    // Types that share a member, such as bool and uint8.
    present[QL_ELEMENT_U8] = present[QL_ELEMENT_U8] || present[QL_ELEMENT_BOOL];
    present[QL_ELEMENT_U16] = present[QL_ELEMENT_U16] || present[QL_ELEMENT_F16] || present[QL_ELEMENT_BF16];
    present[QL_ELEMENT_BOOL] = present[QL_ELEMENT_F16] = present[QL_ELEMENT_BF16] = false;

    ql_source_template_write(w, stream, "union $_workspace {\n");
    for (int type = 0; type <= QL_ELEMENT_BOOL; type++) {
        if (present[type]) {
            const size_t element = ql_element_bytes((enum ql_element)type);
            (void)fprintf(stream, "    %s %s[%zu];\n", ql_c_type((enum ql_element)type),
                          ql_c_member((enum ql_element)type), (bytes + element - 1) / element);
        }
    }
    if (w->codegen->model != NULL) {
        const int V = w->codegen->model->descriptor->vocabulary.count;
        (void)fprintf(stream,
                      "    struct {\n        uint32_t weights[%d];\n        uint16_t candidates[%d];\n    } sampler;\n",
                      V, V);
    } else if (bytes == 0) {
        (void)fputs("    char unused;\n", stream);
    }
    (void)fputs("};\n", stream);
}

bool ql_source_may_fail(const struct ql_source *w)
{
    for (int i = 0; i < w->program->call_count; i++) {
        if (w->program->calls[i].kernel->fallible) {
            return true;
        }
    }
    return w->codegen->model == NULL; // a function that other programs call keeps its type
}

void ql_source_signature_write(const struct ql_source *w, FILE *stream, bool is_static)
{
    const struct ql_graph *graph = w->program->graph;
    char text[3 * QL_C_IDENTIFIER_BYTES];
    struct ql_c_list list;

    (void)snprintf(text, sizeof text, "%s%s %s_run(", is_static ? "static " : "",
                   ql_source_may_fail(w) ? "bool" : "void", w->prefix);
    ql_c_list_open(&list, stream, text);
    if (w->unit->caller_workspace) {
        (void)snprintf(text, sizeof text, "union %s_workspace *workspace", w->prefix);
        ql_c_list_add(&list, text);
    }
    for (int i = 0; i < graph->input_count; i++) {
        if (w->inputs[i] != NULL) {
            (void)snprintf(text, sizeof text, "%s%s *%s", w->values[graph->inputs[i]].is_written ? "" : "const ",
                           ql_c_type(w->program->values[graph->inputs[i]].type), w->inputs[i]);
            ql_c_list_add(&list, text);
        }
    }
    for (int i = 0; i < graph->output_count; i++) {
        if (w->outputs[i] != NULL) {
            (void)snprintf(text, sizeof text, "%s *%s", ql_c_type(w->program->values[graph->outputs[i]].type),
                           w->outputs[i]);
            ql_c_list_add(&list, text);
        }
    }
    if (!list.begun) {
        ql_c_list_add(&list, "void");
    }
    (void)fputs(")", stream);
}

static bool is_variable(const struct ql_program_value *root)
{
    return root->structure != NULL && root->rank == 0;
}

// A value as an argument: the variable of its storage, and the offset of the value in it, in elements.
static void write_value(const struct ql_source *w, char *text, size_t room, int value)
{
    const struct ql_program_value *v = &w->program->values[value];
    const struct ql_source_value *root = &w->values[v->root];
    const size_t element = v->structure != NULL ? v->bytes : ql_element_bytes(v->type);
    int length = snprintf(text, room, "%s%s%s", is_variable(&w->program->values[v->root]) ? "&" : "", root->name,
                          root->as_bits ? ".values" : "");

    assert(v->offset == 0 || (element > 0 && v->offset % element == 0));
    if (v->offset > 0) {
        (void)snprintf(text + length, room - (size_t)length, " + %zu", v->offset / element);
    }
}

// Declares the variables of the workspace that a call is the first to use.
static void write_workspace_variables(struct ql_source *w, const struct ql_kernel_call *call)
{
    for (int k = 0; k < call->kernel->buffer_count; k++) {
        if (call->buffers[k] < 0) {
            continue;
        }
        const int index = w->program->values[call->buffers[k]].root;
        const struct ql_program_value *root = &w->program->values[index];
        struct ql_source_value *text = &w->values[index];
        if (root->storage != QL_STORAGE_WORKSPACE || text->declared) {
            continue;
        }
        char shape[QL_C_LINE_COLUMNS];
        const size_t element = ql_element_bytes(root->type);
        ql_source_shape_write(shape, sizeof shape, root->dims, root->rank);
        (void)fprintf(w->source, "    %s *const %s = workspace->%s", ql_c_type(root->type), text->name,
                      ql_c_member(root->type));
        if (root->workspace_offset > 0) {
            (void)fprintf(w->source, " + %zu", root->workspace_offset / element);
        }
        (void)fprintf(w->source, "; // %s\n", shape);
        text->declared = true;
    }
}

static bool has_scalars(const struct ql_kernel *kernel)
{
    return kernel->int_count + kernel->array_count + kernel->float_count > 0;
}

// "dims[2] = {4, 16}". C has no arrays without elements, so an empty one gets a 0.
static void write_array(char *text, size_t room, const char *name, const int *elements, int count)
{
    size_t length = (size_t)snprintf(text, room, "%s[%d] = {%s", name, count > 0 ? count : 1, count > 0 ? "" : "0");

    for (int i = 0; i < count; i++) {
        length += (size_t)snprintf(text + length, room - length, "%s%d", i == 0 ? "" : ", ", elements[i]);
    }
    (void)snprintf(text + length, room - length, "}");
}

// The named constants of a call.
static void write_scalars(const struct ql_source *w, const struct ql_kernel_call *call,
                          const struct ql_device_kernel *declared)
{
    const struct ql_kernel *kernel = call->kernel;
    int parameter = kernel->buffer_count + kernel->operation_count;
    char text[ARRAY_BYTES];
    struct ql_c_list list;

    for (int k = 0; k < kernel->int_count; k++) {
        (void)fprintf(w->source, "%s%s = %d%s", k == 0 ? "        enum { " : ", ", declared->parameters[parameter++],
                      call->ints[k], k + 1 == kernel->int_count ? " };\n" : "");
    }
    if (kernel->array_count > 0) {
        ql_c_list_open(&list, w->source, "        static const int ");
    }
    for (int k = 0; k < kernel->array_count; k++) {
        write_array(text, sizeof text, declared->parameters[parameter++], call->arrays[k], call->array_lengths[k]);
        ql_c_list_add(&list, text);
    }
    (void)fputs(kernel->array_count > 0 ? ";\n" : "", w->source);
    for (int k = 0; k < kernel->float_count; k++) {
        char number[QL_C_NUMBER_BYTES];
        ql_c_float_write(number, call->floats[k]);
        (void)fprintf(w->source, "        const float %s = %s;\n", declared->parameters[parameter++], number);
    }
}

// A structure that a kernel takes by value, from an array of them.
static void write_structure(const struct ql_source *w, char *text, size_t room, int value)
{
    const struct ql_program_value *v = &w->program->values[value];

    (void)snprintf(text, room, "%s[%zu]", w->values[v->root].name, v->offset / v->bytes);
}

// The type of a value's elements.
static const char *type_of(const struct ql_program_value *value)
{
    return value->structure != NULL ? value->structure->c_type : ql_c_type(value->type);
}

static void write_call(struct ql_source *w, const struct ql_kernel_call *call)
{
    const struct ql_kernel *kernel = call->kernel;
    const bool block = has_scalars(kernel);
    char text[2 * QL_C_IDENTIFIER_BYTES];
    struct ql_device_kernel declared;
    struct ql_c_list list;

    ql_device_kernel_read(&declared, kernel->file, kernel->name);
    assert(declared.parameter_count == kernel->buffer_count + kernel->operation_count + kernel->int_count +
                                           kernel->array_count + kernel->float_count);
    write_workspace_variables(w, call);
    if (block) {
        (void)fputs("    {\n", w->source);
        write_scalars(w, call, &declared);
    }
    (void)snprintf(text, sizeof text, "%s%s%s(", block ? "        " : "    ", kernel->fallible ? "if (!" : "",
                   kernel->name);
    ql_c_list_open(&list, w->source, text);
    for (int k = 0; k < kernel->buffer_count; k++) {
        if (call->buffers[k] < 0) {
            ql_c_list_add(&list, "NULL");
        } else if (!declared.is_pointer[k]) {
            write_structure(w, text, sizeof text, call->buffers[k]);
            ql_c_list_add(&list, text);
        } else {
            // A kernel for signed integers also works on unsigned ones where the bits of the results are the same.
            const char *type = type_of(&w->program->values[call->buffers[k]]);
            bool cast = strcmp(declared.types[k], "void") != 0 && strcmp(declared.types[k], type) != 0;
            size_t length = 0;
            if (cast) {
                length = (size_t)snprintf(text, sizeof text, "(%s%s *)", k < kernel->output_count ? "" : "const ",
                                          declared.types[k]);
            }
            write_value(w, text + length, sizeof text - length, call->buffers[k]);
            ql_c_list_add(&list, text);
        }
    }
    for (int k = 0; k < kernel->operation_count; k++) {
        ql_c_list_add(&list, call->operations[k]->name);
    }
    for (int k = kernel->buffer_count + kernel->operation_count; k < declared.parameter_count; k++) {
        ql_c_list_add(&list, declared.parameters[k]);
    }
    const char *indent = block ? "        " : "    ";
    if (kernel->fallible) {
        (void)fprintf(w->source, ")) {\n%s    return false;\n%s}\n", indent, indent);
    } else {
        (void)fputs(");\n", w->source);
    }
    if (block) {
        (void)fputs("    }\n", w->source);
    }
}

// "// LSTM LSTM_3: y (1, 1, 1, 128), hn (1, 1, 128)"
static void write_node_comment(const struct ql_source *w, int node_index)
{
    const struct ql_node *node = &w->program->graph->nodes[node_index];
    size_t column = 0;

    (void)fputs("\n    // ", w->source);
    ql_c_plain_write(w->source, node->operator_name);
    (void)fputc(' ', w->source);
    ql_c_plain_write(w->source, node->name);
    for (int i = 0; i < node->output_count && column < QL_C_LINE_COLUMNS / 2; i++) {
        if (node->outputs[i] >= 0) {
            const struct ql_program_value *value = &w->program->values[node->outputs[i]];
            char shape[QL_C_LINE_COLUMNS];
            ql_source_shape_write(shape, sizeof shape, value->dims, value->rank);
            (void)fputs(column == 0 ? ": " : ", ", w->source);
            ql_c_plain_write(w->source, value->name);
            (void)fprintf(w->source, " %s", shape);
            column += strlen(value->name) + strlen(shape) + 3;
        }
    }
    (void)fputc('\n', w->source);
}

// Copies the outputs that are not in their places yet.
static void write_results(const struct ql_source *w)
{
    const struct ql_graph *graph = w->program->graph;
    const char *comment = w->codegen->model != NULL
                              ? "\n    // The results\n"
                              : "\n    // All inputs have been read, so an output may lie where an input was.\n";
    char text[2 * QL_C_IDENTIFIER_BYTES];

    for (int i = 0; i < graph->output_count; i++) {
        const int result = ql_program_result(w->program, i);
        const enum ql_storage storage = ql_program_root(w->program, result)->storage;
        if (w->outputs[i] == NULL || storage == QL_STORAGE_OUTPUT) {
            continue;
        }
        (void)fputs(comment, w->source);
        comment = "";
        write_value(w, text, sizeof text, result);
        (void)fprintf(w->source, "    %s(%s, %s, %d * sizeof *%s);\n",
                      storage == QL_STORAGE_INPUT ? "memmove" : "memcpy", w->outputs[i], text,
                      w->program->values[result].count, w->outputs[i]);
    }
}

// Where the weights may have a source, tell it which model computes, before any of the model's weights are read.
static void write_turn(const struct ql_source *w)
{
    for (int i = 0; i < w->program->call_count; i++) {
        const struct ql_kernel_call *call = &w->program->calls[i];
        for (int k = 0; k < call->kernel->buffer_count; k++) {
            const int value = call->buffers[k];
            if (value >= 0 && ql_integer_kernel_matrix(&w->program->values[value]) != NULL) {
                (void)fprintf(w->source, "    ql_weight_begin(%s_words);\n",
                              w->values[w->program->values[value].root].name);
                return;
            }
        }
    }
}

void ql_source_run_write(struct ql_source *w)
{
    const struct ql_graph *graph = w->program->graph;
    int node = -1;

    ql_source_signature_write(w, w->source, w->codegen->model != NULL);
    (void)fputs("\n{\n", w->source);
    if (!w->unit->caller_workspace && w->program->workspace_bytes > 0) {
        ql_source_template_write(w, w->source, "    union $_workspace *const workspace = ");
        ql_source_static_workspace_write(w, w->source);
        (void)fputs(";\n", w->source);
    } else if (w->unit->caller_workspace && w->program->workspace_bytes == 0) {
        (void)fputs("    (void)workspace;\n", w->source);
    }
    for (int i = 0; i < graph->input_count; i++) {
        if (w->inputs[i] != NULL && !w->values[w->program->values[graph->inputs[i]].root].is_read) {
            (void)fprintf(w->source, "    (void)%s;\n", w->inputs[i]);
        }
    }
    write_turn(w);
    for (int i = 0; i < w->program->call_count; i++) {
        const struct ql_kernel_call *call = &w->program->calls[i];
        if (call->node != node) {
            write_node_comment(w, call->node);
        }
        node = call->node;
        write_call(w, call);
    }
    write_results(w);
    (void)fputs(ql_source_may_fail(w) ? "    return true;\n}\n" : "}\n", w->source);
}
