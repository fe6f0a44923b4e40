// The cases as generated C: see conformance_compiled.h.
// Each case's C is followed by a function that takes arrays of pointers, so that the driver calls all cases alike.
// Uses: conformance_case, conformance_check, base, codegen, onnx, verify, POSIX.
#include "conformance_compiled.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "codegen/codegen.h"
#include "codegen/token_table.h"
#include "onnx/in_place.h"

enum { PATH_BYTES = 128 };

// --- Files ---

static const char *file_path(char path[PATH_BYTES], const struct compiled_cases *compiled, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static const char *file_path(char path[PATH_BYTES], const struct compiled_cases *compiled, const char *format, ...)
{
    const int length = snprintf(path, PATH_BYTES, "%s/", compiled->folder);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(path + length, (size_t)(PATH_BYTES - length), format, arguments);
    va_end(arguments);
    return path;
}

static FILE *open_file(const struct compiled_cases *compiled, const char *name, struct ql_error *error)
{
    char path[PATH_BYTES];
    FILE *stream = fopen(file_path(path, compiled, "%s", name), "w");

    if (stream == NULL) {
        (void)ql_error_write(error, QL_ERROR_SYSTEM, "cannot write %s", path);
    }
    return stream;
}

static enum ql_status start(struct compiled_cases *compiled, struct ql_error *error)
{
    const char *temporary = getenv("TMPDIR");

    if (compiled->folder[0] == '\0') {
        const int length = snprintf(compiled->folder, sizeof compiled->folder, "%s/conformance-XXXXXX",
                                    temporary != NULL && strlen(temporary) < 32 ? temporary : "/tmp");
        if (length < 0 || mkdtemp(compiled->folder) == NULL) {
            compiled->folder[0] = '\0';
            return ql_error_write(error, QL_ERROR_SYSTEM, "cannot make a temporary folder");
        }
    }
    compiled->driver = open_file(compiled, "driver.c", error);
    compiled->inputs = open_file(compiled, "inputs", error);
    if (compiled->driver == NULL || compiled->inputs == NULL) {
        return error->status;
    }
    (void)fputs("#include <stdbool.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n"
                "static _Alignas(64) unsigned char memory[1 << 20];\nstatic size_t used;\n\n"
                "static void *take(size_t bytes)\n{\n    void *taken = memory + used;\n"
                "    used += (bytes + 63) / 64 * 64;\n    if (used > sizeof memory) {\n        abort();\n    }\n    "
                "return taken;\n}\n\n"
                "static void *take_output(size_t bytes)\n{\n    void *taken = take(bytes);\n"
                "    memset(taken, 0xa5, bytes);\n    return taken;\n}\n\n"
                "static void *read_input(void *to, size_t bytes)\n{\n"
                "    return fread(to, 1, bytes, stdin) == bytes ? to : NULL;\n}\n\n"
                "int main(void)\n{\n    void *inputs[64], *outputs[64];\n",
                compiled->driver);
    return QL_OK;
}

void compiled_cases_free(struct compiled_cases *compiled)
{
    static const char *const names[] = {"driver.c", "inputs", "outputs", "program"};
    char path[PATH_BYTES];

    if (compiled->driver != NULL) {
        (void)fclose(compiled->driver);
    }
    if (compiled->inputs != NULL) {
        (void)fclose(compiled->inputs);
    }
    for (size_t k = 0; k < sizeof names / sizeof names[0] && compiled->folder[0] != '\0'; k++) {
        (void)unlink(file_path(path, compiled, "%s", names[k]));
    }
    for (int i = 0; i < COMPILED_LIMIT && compiled->folder[0] != '\0'; i++) {
        (void)unlink(file_path(path, compiled, "m%d.c", i));
        (void)unlink(file_path(path, compiled, "m%d.h", i));
    }
    if (compiled->folder[0] != '\0') {
        (void)rmdir(compiled->folder);
    }
    ql_arena_free(&compiled->arena);
    *compiled = (struct compiled_cases){.count = 0};
}

// --- Writing ---

// The function that calls the case's own with pointers from two arrays.
static void write_call(FILE *source, const struct ql_graph *graph, int number)
{
    (void)fprintf(source,
                  "\n_Bool call%d(void *const *inputs, void *const *outputs);\n\n"
                  "_Bool call%d(void *const *inputs, void *const *outputs)\n{\n    (void)inputs;\n    return m%d_run(",
                  number, number, number);
    for (int k = 0; k < graph->input_count; k++) {
        (void)fprintf(source, "inputs[%d], ", k);
    }
    for (int k = 0; k < graph->output_count; k++) {
        (void)fprintf(source, k == 0 ? "outputs[%d]" : ", outputs[%d]", k);
    }
    (void)fputs(");\n}\n", source);
}

// The driver's part for the case: reads the inputs, calls the function, writes the outputs. If an output has room for
// the input of the same number, every other case has both in the same memory, like a state.
static void write_driver(FILE *driver, const struct ql_program *program, int number)
{
    const struct ql_graph *graph = program->graph;

    (void)fprintf(driver, "    extern bool call%d(void *const *, void *const *);\n    used = 0;\n", number);
    for (int k = 0; k < graph->output_count; k++) {
        (void)fprintf(driver, "    outputs[%d] = take_output(%zu);\n", k, program->values[graph->outputs[k]].bytes);
    }
    for (int k = 0; k < graph->input_count; k++) {
        const size_t bytes = program->values[graph->inputs[k]].bytes;
        const bool fits = k < graph->output_count && bytes <= program->values[graph->outputs[k]].bytes;
        if (fits && number % 2 == 0) {
            (void)fprintf(driver, "    inputs[%d] = read_input(outputs[%d], %zu);\n", k, k, bytes);
        } else {
            (void)fprintf(driver, "    inputs[%d] = read_input(take(%zu), %zu);\n", k, bytes, bytes);
        }
    }
    (void)fprintf(driver, "    if (!call%d(inputs, outputs)) {\n        return 1;\n    }\n", number);
    for (int k = 0; k < graph->output_count; k++) {
        (void)fprintf(driver, "    fwrite(outputs[%d], 1, %zu, stdout);\n", k,
                      program->values[graph->outputs[k]].bytes);
    }
    (void)fputs("    fflush(stdout);\n", driver);
}

static enum ql_status write_case(const struct compiled_cases *compiled, const struct ql_program *program,
                                 struct ql_error *error)
{
    char prefix[16];
    char header_name[32];
    char source_name[32];
    enum ql_status status = QL_OK;

    (void)snprintf(prefix, sizeof prefix, "m%d", compiled->count);
    (void)snprintf(header_name, sizeof header_name, "%s.h", prefix);
    (void)snprintf(source_name, sizeof source_name, "%s.c", prefix);
    const struct ql_codegen codegen = {
        .program = program, .name = prefix, .source_file = program->graph->name, .source_sha256 = "none"};
    const struct ql_codegen_unit unit = {.models = &codegen,
                                         .model_count = 1,
                                         .header_file = header_name,
                                         .version = "test",
                                         .command_line = program->graph->name};
    FILE *source = open_file(compiled, source_name, error);
    FILE *header = open_file(compiled, header_name, error);
    if (source == NULL || header == NULL) {
        status = error->status;
    } else {
        status = ql_codegen_write(source, header, &unit, error);
        write_call(source, program->graph, compiled->count);
        write_driver(compiled->driver, program, compiled->count);
    }
    if (source != NULL) {
        (void)fclose(source);
    }
    if (header != NULL) {
        (void)fclose(header);
    }
    return status;
}

static void copy_results(struct compiled_cases *compiled, const struct conformance_case *c,
                         const struct case_results *results)
{
    struct compiled_case *to = &compiled->cases[compiled->count++];

    memcpy(to->id, c->id, sizeof to->id);
    to->results = *results;
    for (int k = 0; k < results->count; k++) {
        struct case_tensor *tensor = &to->results.tensors[k];
        const size_t bytes = (size_t)tensor->count * ql_element_bytes(tensor->type);
        tensor->name = "";
        tensor->data = ql_arena_take(&compiled->arena, bytes, 1);
        if (tensor->data != NULL && bytes > 0) {
            memcpy(tensor->data, results->tensors[k].data, bytes);
        }
    }
}

enum ql_status compiled_cases_add(struct compiled_cases *compiled, struct conformance_case *c,
                                  const struct case_results *results, struct ql_error *error)
{
    struct case_bindings bindings;
    struct ql_program program = {0};
    enum ql_status status = compiled->driver == NULL ? start(compiled, error) : QL_OK;

    if (status != QL_OK) {
        return status;
    }
    case_bindings_init(&bindings, c, false);
    const struct ql_program_options options = {.bindings = bindings.bindings, .binding_count = bindings.count};
    if ((status = ql_program_compile(&program, &c->graph, &options, error)) == QL_OK &&
        (status = ql_token_table_init(&program, error)) == QL_OK &&
        (status = ql_in_place_init(&program, error)) == QL_OK &&
        (status = write_case(compiled, &program, error)) == QL_OK) {
        for (int k = 0; k < c->graph.input_count; k++) {
            (void)fwrite(c->contents[k], 1, program.values[c->graph.inputs[k]].bytes, compiled->inputs);
        }
        copy_results(compiled, c, results);
    }
    ql_program_free(&program);
    return status;
}

// --- Running ---

static enum ql_status build(const struct compiled_cases *compiled, struct ql_error *error)
{
    static const char *const flags[] = {"cc",         "-std=c11",     "-O1",      "-Wall",   "-Wextra",
                                        "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-o"};
    enum { FLAGS = sizeof flags / sizeof flags[0] };
    const char *argv[FLAGS + 1 + 1 + COMPILED_LIMIT + 1] = {NULL};
    char paths[COMPILED_LIMIT + 2][PATH_BYTES];
    int count = 0;

    for (; count < FLAGS; count++) {
        argv[count] = flags[count];
    }
    argv[count++] = file_path(paths[0], compiled, "program");
    argv[count++] = file_path(paths[1], compiled, "driver.c");
    for (int i = 0; i < compiled->count; i++) {
        argv[count++] = file_path(paths[2 + i], compiled, "m%d.c", i);
    }
    return ql_process_run(argv, error);
}

static enum ql_status run(const struct compiled_cases *compiled, struct ql_error *error)
{
    char command[4 * PATH_BYTES];

    (void)snprintf(command, sizeof command, "'%s/program' < '%s/inputs' > '%s/outputs'", compiled->folder,
                   compiled->folder, compiled->folder);
    const char *const argv[] = {"sh", "-c", command, NULL};
    return ql_process_run(argv, error);
}

static enum ql_status compare(const struct compiled_cases *compiled, int *differing, struct ql_error *error)
{
    char path[PATH_BYTES];
    struct ql_file_view view;
    size_t place = 0;
    struct ql_arena arena = {0};
    enum ql_status status = ql_file_open(&view, file_path(path, compiled, "outputs"), error);

    if (status != QL_OK) {
        return status;
    }
    for (int i = 0; i < compiled->count && status == QL_OK; i++) {
        const struct compiled_case *expected = &compiled->cases[i];
        struct case_results actual = expected->results;
        for (int k = 0; k < actual.count && status == QL_OK; k++) {
            struct case_tensor *tensor = &actual.tensors[k];
            const size_t bytes = (size_t)tensor->count * ql_element_bytes(tensor->type);
            if (bytes > view.size_bytes - place) {
                status = ql_error_write(error, QL_ERROR_INPUT, "%s: its C gave no results", expected->id);
                break;
            }
            tensor->data = ql_arena_take(&arena, bytes, 1);
            if (tensor->data == NULL) {
                status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
            } else {
                memcpy(tensor->data, view.data + place, bytes);
            }
            place += bytes;
        }
        if (status == QL_OK && !case_results_are_identical(&actual, &expected->results)) {
            (void)printf("differs: %s: its C gives other bits than the engine: m%d.c\n", expected->id, i);
            *differing += 1;
        }
    }
    ql_arena_free(&arena);
    ql_file_close(&view);
    return status;
}

enum ql_status compiled_cases_check(struct compiled_cases *compiled, int *differing, struct ql_error *error)
{
    const int before = *differing;

    if (compiled->count == 0) {
        return QL_OK;
    }
    (void)fputs("    return 0;\n}\n", compiled->driver);
    (void)fclose(compiled->driver);
    (void)fclose(compiled->inputs);
    compiled->driver = compiled->inputs = NULL;
    enum ql_status status = build(compiled, error);
    if (status == QL_OK) {
        status = run(compiled, error);
    }
    if (status == QL_OK) {
        status = compare(compiled, differing, error);
    }
    if (status != QL_OK || *differing > before) {
        (void)printf("the C is in %s\n", compiled->folder);
        compiled->folder[0] = '\0';
    }
    compiled_cases_free(compiled);
    return status;
}
