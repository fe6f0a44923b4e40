// Makes one C program from ONNX's own operator tests: node_sources OUTPUT_FOLDER
// Each test that the engine runs becomes a model in batch_K.c, where many share their kernels, and by itself case_N.c,
// which single_K.c includes; cases.c has main, which runs all batches and compares each output with the engine's, bit
// for bit. Every other batch has the caller's workspace. Prints how many cases there are.
// Uses: ql_codegen, ql_engine, ONNX's test data.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "codegen/c_text.h"
#include "codegen/codegen.h"
#include "codegen/token_table.h"
#include "engine/engine.h"
#include "onnx/in_place.h"
#include "onnx/onnx_reader.h"
#include "onnx/operators.h"

static const char data_folder[] = "/usr/include/onnx/backend/test/data";

enum { PATH_BYTES = 1024, OPERAND_LIMIT = 16, NAME_BYTES = 256, BATCH_CASES = 50 };

// One test while its source is being generated.
struct node_case {
    char name[QL_CODEGEN_NAME_BYTES];
    struct ql_graph graph, tensors; // the model, and its inputs as constants
    struct ql_engine engine;
    struct ql_program program;
    char names[OPERAND_LIMIT][QL_RANK_LIMIT][NAME_BYTES];
    struct ql_binding bindings[OPERAND_LIMIT * (QL_RANK_LIMIT + 1)];
    int binding_count;
    const void *inputs[OPERAND_LIMIT];
    void *outputs[OPERAND_LIMIT];
};

static bool load_input(struct node_case *c, int *value, const char *folder, int k)
{
    char path[3 * PATH_BYTES];
    struct ql_file_view view;

    (void)snprintf(path, sizeof path, "%s/test_data_set_0/input_%d.pb", folder, k);
    if (access(path, R_OK) != 0 || ql_file_open(&view, path, NULL) != QL_OK) {
        return false;
    }
    bool read = ql_onnx_read_tensor(&c->tensors, value, view.data, view.size_bytes, NULL) == QL_OK;
    ql_file_close(&view);
    return read;
}

static bool is_needed_constant(const struct ql_graph *graph, int value)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct ql_operator *row = ql_operator_find(graph->nodes[n].operator_name, graph->opset);
        for (int k = 0; k < graph->nodes[n].input_count && row != NULL && k < 32; k++) {
            if (graph->nodes[n].inputs[k] == value && (row->constant_inputs >> k & 1) != 0) {
                return true;
            }
        }
    }
    return false;
}

// Reads the model and its inputs, and has the engine run it. With bind_all, whole numbers and scalars are constants.
static bool run_engine(struct node_case *c, const char *folder, bool bind_all)
{
    char path[3 * PATH_BYTES];
    int index;

    (void)snprintf(path, sizeof path, "%s/model.onnx", folder);
    ql_graph_init(&c->tensors, "", QL_OPSET_LAST);
    if (ql_onnx_load(&c->graph, path, NULL) != QL_OK || c->graph.input_count > OPERAND_LIMIT ||
        c->graph.output_count > OPERAND_LIMIT) {
        return false;
    }
    for (int k = 0; k < c->graph.input_count; k++) {
        const struct ql_value *input = &c->graph.values[c->graph.inputs[k]];
        if (!load_input(c, &index, folder, k)) {
            return false;
        }
        const struct ql_value *tensor = &c->tensors.values[index];
        c->inputs[k] = tensor->data;
        for (int axis = 0; axis < input->rank && axis < tensor->rank; axis++) {
            (void)snprintf(c->names[k][axis], NAME_BYTES, "%s:%d", input->name, axis);
            c->bindings[c->binding_count++] =
                (struct ql_binding){.name = c->names[k][axis], .size = tensor->dims[axis]};
        }
        if (is_needed_constant(&c->graph, c->graph.inputs[k]) ||
            (bind_all && (tensor->type == QL_ELEMENT_S64 || tensor->type == QL_ELEMENT_S32 || tensor->rank == 0))) {
            c->bindings[c->binding_count++] = (struct ql_binding){.name = input->name, .data = tensor->data};
        }
    }
    const struct ql_program_options options = {.bindings = c->bindings, .binding_count = c->binding_count};
    return ql_engine_init(&c->engine, &c->graph, &options, NULL) == QL_OK &&
           ql_program_compile(&c->program, &c->graph, &options, NULL) == QL_OK &&
           ql_token_table_init(&c->program, NULL) == QL_OK && ql_in_place_init(&c->program, NULL) == QL_OK &&
           ql_engine_run(&c->engine, c->inputs, c->outputs, NULL) == QL_OK;
}

static FILE *open_file(const char *folder, const char *name)
{
    char path[3 * PATH_BYTES];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

// Writes NAME.c and NAME.h of these models. False if the code generator refuses one.
static bool write_source(const char *output, const char *name, const struct ql_codegen *models, int count,
                         bool caller_workspace)
{
    char source_name[NAME_BYTES], header_name[NAME_BYTES];
    struct ql_error error;

    (void)snprintf(source_name, sizeof source_name, "%s.c", name);
    (void)snprintf(header_name, sizeof header_name, "%s.h", name);
    const struct ql_codegen_unit unit = {.models = models,
                                         .model_count = count,
                                         .header_file = header_name,
                                         .caller_workspace = caller_workspace,
                                         .version = "test",
                                         .command_line = "node_sources"};
    FILE *source = open_file(output, source_name);
    FILE *header = open_file(output, header_name);
    bool written = ql_codegen_write(source, header, &unit, &error) == QL_OK;
    if (!written) {
        (void)fprintf(stderr, "%s: %s\n", name, error.message);
    }
    (void)fclose(source);
    (void)fclose(header);
    return written;
}

// Writes the function run_case_N of cases.c: inputs and expected outputs, the call, the comparison.
static void write_case(const struct node_case *c, FILE *cases, const char *test, int number, bool caller_workspace)
{
    char name[NAME_BYTES];

    (void)fprintf(cases, "// %s\nstatic int run_case_%d(void)\n{\n", test, number);
    for (int k = 0; k < c->graph.input_count; k++) {
        const struct ql_program_value *value = &c->engine.program.values[c->graph.inputs[k]];
        (void)snprintf(name, sizeof name, "x%d_%d", number, k);
        (void)fprintf(cases, "static const uint8_t %s_bytes[] = {", name);
        for (size_t i = 0; i < value->bytes; i++) {
            (void)fprintf(cases, "%d,", ((const unsigned char *)c->inputs[k])[i]);
        }
        (void)fprintf(cases, "0};\nstatic %s %s[%d];\nmemcpy(%s, %s_bytes, %zu);\n", ql_c_type(value->type), name,
                      value->count + 1, name, name, value->bytes);
    }
    for (int k = 0; k < c->graph.output_count; k++) {
        const struct ql_tensor_view view = ql_engine_view(&c->engine, c->graph.outputs[k]);
        (void)snprintf(name, sizeof name, "y%d_%d", number, k);
        (void)fprintf(cases, "static const uint8_t %s_bytes[] = {", name);
        for (size_t i = 0; i < (size_t)view.count * ql_element_bytes(view.type); i++) {
            (void)fprintf(cases, "%d,", ((const unsigned char *)view.data)[i]);
        }
        (void)fprintf(cases, "0};\nstatic %s %s[%d];\n", ql_c_type(view.type), name, view.count + 1);
    }
    if (caller_workspace) {
        (void)fprintf(cases, "static union case_%d_workspace workspace;\n", number);
    }
    (void)fprintf(cases, "int good = case_%d_run(%s", number, caller_workspace ? "&workspace" : "");
    const char *separator = caller_workspace ? ", " : "";
    for (int k = 0; k < c->graph.input_count; k++) {
        const struct ql_program_value *root = ql_program_root(&c->program, c->graph.inputs[k]);
        if (root->storage == QL_STORAGE_INPUT) {
            (void)fprintf(cases, "%sx%d_%d", separator, number, k);
            separator = ", ";
        }
    }
    for (int k = 0; k < c->graph.output_count; k++) {
        (void)fprintf(cases, "%sy%d_%d", separator, number, k);
        separator = ", ";
    }
    (void)fprintf(cases, ");\n");
    for (int k = 0; k < c->graph.output_count; k++) {
        const struct ql_tensor_view view = ql_engine_view(&c->engine, c->graph.outputs[k]);
        const char *kind = view.type == QL_ELEMENT_F32 ? "float" : view.type == QL_ELEMENT_F64 ? "double" : "bytes";
        (void)fprintf(cases, "good = good && same_%s(y%d_%d, y%d_%d_bytes, %d, %zu);\n", kind, number, k, number, k,
                      view.count, ql_element_bytes(view.type));
    }
    (void)fprintf(cases, "if (!good) { puts(\"differs: %s\"); }\nreturn good;\n}\n\n", test);
}

static const char cases_head[] =
    "#include <stdint.h>\n#include <stdio.h>\n#include <string.h>\n"
    "static int same_bytes(const void *a, const void *b, int count, size_t bytes)\n"
    "{ return memcmp(a, b, (size_t)count * bytes) == 0; }\n"
    // All NaNs are equivalent: which one an operation on two gives depends on the processor.
    "static int same_float(const float *a, const void *b, int count, size_t bytes)\n"
    "{ for (int i = 0; i < count; i++) { float e; memcpy(&e, (const char *)b + (size_t)i * bytes, sizeof e);\n"
    "if (memcmp(&a[i], &e, sizeof e) != 0 && (a[i] == a[i] || e == e)) { return 0; } } return 1; }\n"
    "static int same_double(const double *a, const void *b, int count, size_t bytes)\n"
    "{ for (int i = 0; i < count; i++) { double e; memcpy(&e, (const char *)b + (size_t)i * bytes, sizeof e);\n"
    "if (memcmp(&a[i], &e, sizeof e) != 0 && (a[i] == a[i] || e == e)) { return 0; } } return 1; }\n\n";

static void free_case(struct node_case *c)
{
    ql_engine_free(&c->engine);
    ql_program_free(&c->program);
    ql_graph_free(&c->graph);
    ql_graph_free(&c->tensors);
    free(c);
}

// The case of a folder, run by the engine and written separately; NULL if the engine or the code generator refuses it.
static struct node_case *make_case(const char *output, const char *folder, int number, bool caller_workspace)
{
    for (int bind_all = 0; bind_all < 2; bind_all++) {
        struct node_case *c = calloc(1, sizeof *c);
        if (c == NULL) {
            return NULL;
        }
        (void)snprintf(c->name, sizeof c->name, "case_%d", number);
        const struct ql_codegen model = {
            .program = &c->program, .name = c->name, .source_file = "model.onnx", .source_sha256 = "none"};
        if (run_engine(c, folder, bind_all == 1) && write_source(output, c->name, &model, 1, caller_workspace)) {
            return c;
        }
        free_case(c);
    }
    return NULL;
}

// Writes the cases, if there are any, as batch_K.c and single_K.c, and includes the former's header.
static bool write_batch(const char *output, int batch, struct node_case *const *cases, int count, bool caller_workspace,
                        FILE *all)
{
    struct ql_codegen models[BATCH_CASES];
    char name[NAME_BYTES], single_name[NAME_BYTES];

    if (count == 0) {
        return true;
    }
    (void)snprintf(name, sizeof name, "batch_%d", batch);
    (void)snprintf(single_name, sizeof single_name, "single_%d.c", batch);
    FILE *single = open_file(output, single_name);
    for (int i = 0; i < count; i++) {
        models[i] = (struct ql_codegen){.program = &cases[i]->program,
                                        .name = cases[i]->name,
                                        .source_file = "model.onnx",
                                        .source_sha256 = "none"};
        (void)fprintf(single, "#include \"%s.c\"\n", cases[i]->name);
    }
    (void)fclose(single);
    (void)fprintf(all, "#include \"%s.h\"\n", name);
    return write_source(output, name, models, count, caller_workspace);
}

int main(int argc, char **argv)
{
    static const char *const groups[] = {"node", "simple", "pytorch-operator", "pytorch-converted"};
    struct node_case *batch[BATCH_CASES];
    int number = 0, batch_count = 0;
    bool good = true;

    if (argc != 2 || access(data_folder, R_OK) != 0) {
        (void)fprintf(stderr, "usage: node_sources OUTPUT_FOLDER, with %s (Debian: libonnx-testdata)\n", data_folder);
        return 77;
    }
    FILE *cases = open_file(argv[1], "cases_body.h");
    FILE *all = open_file(argv[1], "cases.c");
    (void)fputs(cases_head, all);
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        char path[PATH_BYTES];
        struct dirent **entries;
        (void)snprintf(path, sizeof path, "%s/%s", data_folder, groups[g]);
        int count = scandir(path, &entries, NULL, alphasort);
        for (int i = 0; i < count; i++) {
            char folder[2 * PATH_BYTES];
            const bool caller_workspace = batch_count % 2 == 1;
            (void)snprintf(folder, sizeof folder, "%s/%s", path, entries[i]->d_name);
            struct node_case *c =
                entries[i]->d_name[0] != '.' ? make_case(argv[1], folder, number, caller_workspace) : NULL;
            if (c != NULL) {
                write_case(c, cases, entries[i]->d_name, number, caller_workspace);
                batch[number++ % BATCH_CASES] = c;
                if (number % BATCH_CASES == 0) {
                    good = write_batch(argv[1], batch_count++, batch, BATCH_CASES, caller_workspace, all) && good;
                    for (int k = 0; k < BATCH_CASES; k++) {
                        free_case(batch[k]);
                    }
                }
            }
            free(entries[i]);
        }
        if (count >= 0) {
            free(entries);
        }
    }
    const int rest = number % BATCH_CASES;
    good = write_batch(argv[1], batch_count, batch, rest, batch_count % 2 == 1, all) && good;
    for (int k = 0; k < rest; k++) {
        free_case(batch[k]);
    }
    (void)fputs("#include \"cases_body.h\"\nint main(void)\n{\nint good = 0;\n", all);
    for (int i = 0; i < number; i++) {
        (void)fprintf(all, "good += run_case_%d();\n", i);
    }
    (void)fprintf(all, "printf(\"%%d of %d\\n\", good);\nreturn good != %d;\n}\n", number, number);
    (void)fclose(cases);
    (void)fclose(all);
    (void)printf("%d\n", number);
    return good && number > 0 ? 0 : 1;
}
