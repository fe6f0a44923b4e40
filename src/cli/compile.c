// `quillet compile`: makes C of an ONNX model: weights, kernels, vocabulary and sampler in one source and one header.
// The source goes to stdout or to --output. docs/generated-code.md describes it.
// Uses: base, corpus, onnx, codegen, engine, libmd.
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/version.h"
#include "cli/cli.h"
#include "cli/quantization.h"
#include "cli/sampling.h"
#include "cli/self_test.h"
#include "codegen/codegen.h"
#include "codegen/in_place.h"
#include "codegen/token_table.h"
#include "engine/integer_form.h"
#include "onnx/descriptor.h"
#include "onnx/onnx_reader.h"
#include "onnx/program_compile.h"

static const char usage[] = "compile MODEL.onnx [OPTION ...]";
static const char summary_text[] = "Makes C of a model: one source with weights, kernels, vocabulary and sampler,\n"
                                   "and its header. The descriptor MODEL.json beside the model makes it a model\n"
                                   "that writes.";

enum { PATH_BYTES = 4096, BINDING_LIMIT = 16, BINDING_NAME_BYTES = 64 };

struct settings {
    const char *model, *output, *header, *name, *arena, *sizes, *filter;
    int sequence;
    bool sampler, report;
    struct ql_cli_quantization quantization;
};

// All that lives while a model is compiled.
struct compilation {
    struct settings settings;
    bool described; // there is a descriptor, and it is wanted
    char model_path[PATH_BYTES], header_path[PATH_BYTES];
    char sha256[SHA256_DIGEST_STRING_LENGTH];
    char name[QL_CODEGEN_NAME_BYTES];
    char binding_names[BINDING_LIMIT][BINDING_NAME_BYTES];
    struct ql_binding bindings[BINDING_LIMIT];
    int binding_count;
    struct ql_descriptor descriptor;
    struct ql_graph graph;
    struct ql_program program;
    struct ql_text_model text;
    enum ql_weight_format format;
    struct ql_integer_form integer; // of a format that is not float
    struct ql_guard guard;
};

// Writes a path with another ending instead of its own.
static enum ql_status write_path(char to[PATH_BYTES], const char *path, const char *ending, struct ql_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *point = strrchr(slash == NULL ? path : slash, '.');
    size_t length = point == NULL ? strlen(path) : (size_t)(point - path);

    if (length + strlen(ending) >= PATH_BYTES) {
        return ql_error_write(error, QL_ERROR_USAGE, "%s: the path is too long", path);
    }
    (void)snprintf(to, PATH_BYTES, "%.*s%s", (int)length, path, ending);
    return QL_OK;
}

// The model is given as a descriptor (--model) or as an .onnx file, whose descriptor may stand beside it.
static enum ql_status find_model(struct compilation *work, const char *operand, struct ql_error *error)
{
    const struct settings *settings = &work->settings;
    char beside[PATH_BYTES];
    struct stat file;
    enum ql_status status;

    if ((settings->model == NULL) == (operand == NULL)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "give the model as one MODEL.onnx, or its descriptor with --model MODEL.json");
    }
    if (settings->model != NULL) {
        if ((status = ql_descriptor_load(&work->descriptor, settings->model, error)) != QL_OK) {
            return status;
        }
        (void)snprintf(work->model_path, sizeof work->model_path, "%s", work->descriptor.path);
        work->described = settings->sampler;
        return QL_OK;
    }
    (void)snprintf(work->model_path, sizeof work->model_path, "%s", operand);
    if (!settings->sampler) {
        return QL_OK;
    }
    if ((status = write_path(beside, operand, ".json", error)) != QL_OK) {
        return status;
    }
    if (stat(beside, &file) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: is not there, so the vocabulary is not known; give the descriptor with --model, or "
                              "compile the bare model with --no_sampler",
                              beside);
    }
    work->described = true;
    return ql_descriptor_load(&work->descriptor, beside, error);
}

// Reads --sizes "batch=1,time=5".
static enum ql_status read_sizes(struct compilation *work, struct ql_error *error)
{
    const char *text = work->settings.sizes;

    while (text[0] != '\0') {
        const size_t length = strcspn(text, ",");
        const char *sign = memchr(text, '=', length);
        char *end = NULL;
        long size = sign == NULL ? 0 : strtol(sign + 1, &end, 10);
        if (sign == NULL || sign == text || (size_t)(sign - text) >= BINDING_NAME_BYTES || end != text + length ||
            size < 1 || size > QL_VALUE_ELEMENT_LIMIT || work->binding_count == BINDING_LIMIT - 1) {
            return ql_error_write(error, QL_ERROR_USAGE,
                                  "--sizes: '%s' is no list of at most %d sizes such as batch=1,time=5",
                                  work->settings.sizes, BINDING_LIMIT - 1);
        }
        char *name = work->binding_names[work->binding_count];
        memcpy(name, text, (size_t)(sign - text));
        name[sign - text] = '\0';
        work->bindings[work->binding_count++] = (struct ql_binding){.name = name, .size = (int)size};
        text += length + (text[length] == ',');
    }
    return QL_OK;
}

static enum ql_status load_graph(struct compilation *work, struct ql_error *error)
{
    struct ql_file_view view;
    SHA2_CTX hash;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    enum ql_status status = ql_file_open(&view, work->model_path, error);

    if (status != QL_OK) {
        return status;
    }
    SHA256Init(&hash);
    SHA256Update(&hash, view.data, view.size_bytes);
    SHA256Final(digest, &hash);
    for (size_t i = 0; i < sizeof digest; i++) {
        (void)snprintf(work->sha256 + 2 * i, 3, "%02x", digest[i]);
    }
    status = ql_onnx_read(&work->graph, view.data, view.size_bytes, error);
    ql_file_close(&view);
    return status == QL_OK ? QL_OK : ql_error_prefix(error, "%s: ", work->model_path);
}

static enum ql_status make_integer_form(struct compilation *work, struct ql_error *error)
{
    enum ql_status status = ql_integer_form_open(&work->integer, &work->graph, &work->descriptor, work->format,
                                                 work->settings.quantization.calibrate, error);

    if (status == QL_OK) {
        status = ql_cli_integer_self_test_write(&work->text, &work->integer.stepper, error);
    }
    return status;
}

static enum ql_status compile_program(struct compilation *work, struct ql_error *error)
{
    struct ql_program_options options = {.default_size = 1};
    char sequence_name[QL_ROLE_NAME_BYTES];
    enum ql_status status;

    if ((status = load_graph(work, error)) != QL_OK) {
        return status;
    }
    work->bindings[work->binding_count] = (struct ql_binding){.name = "sequence", .size = work->settings.sequence};
    if (work->described) {
        work->text.descriptor = &work->descriptor;
        work->text.guard = &work->guard;
        if ((status = ql_model_roles_init(&work->text.roles, &work->graph, &work->descriptor, error)) != QL_OK) {
            goto done;
        }
        work->bindings[work->binding_count] =
            ql_model_roles_binding(&work->text.roles, &work->graph, work->settings.sequence, sequence_name);
    }
    options.bindings = work->bindings;
    options.binding_count = work->binding_count + 1;
    if ((status = ql_program_compile(&work->program, &work->graph, &options, error)) == QL_OK &&
        (status = ql_token_table_init(&work->program, error)) == QL_OK &&
        (status = ql_in_place_init(&work->program, error)) == QL_OK && work->described &&
        (status = ql_model_roles_check(&work->text.roles, &work->program, &work->descriptor, work->settings.sequence,
                                       error)) == QL_OK &&
        (status = ql_text_model_check(&work->program, error)) == QL_OK) {
        status = work->format == QL_WEIGHTS_F32 ? ql_cli_self_test_write(&work->text, &work->graph, &options, error)
                                                : make_integer_form(work, error);
    }
done:
    return status == QL_OK ? QL_OK : ql_error_prefix(error, "%s: ", work->model_path);
}

// The command as it was given, in one line; the caller frees it. NULL when memory is out.
static char *join_arguments(int argc, char **argv)
{
    char *line = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&line, &size);

    if (stream == NULL) {
        return NULL;
    }
    (void)fputs("quillet", stream);
    for (int i = 0; i < argc; i++) {
        (void)fprintf(stream, " %s", argv[i]);
    }
    if (fclose(stream) != 0) {
        free(line);
        line = NULL;
    }
    return line;
}

// The header goes beside --output, or where --header says.
static enum ql_status find_header(struct compilation *work, struct ql_error *error)
{
    const struct settings *settings = &work->settings;

    if (settings->header != NULL) {
        (void)snprintf(work->header_path, sizeof work->header_path, "%s", settings->header);
        return QL_OK;
    }
    if (settings->output != NULL) {
        return write_path(work->header_path, settings->output, ".h", error);
    }
    work->header_path[0] = '\0';
    return QL_OK;
}

static enum ql_status write_files(const struct compilation *work, const struct ql_codegen *codegen,
                                  struct ql_error *error)
{
    const char *output = work->settings.output;
    struct ql_file_writer source = {0}, header = {0};
    enum ql_status status = QL_OK;

    if (output != NULL) {
        status = ql_file_writer_open(&source, output, error);
    }
    if (status == QL_OK && work->header_path[0] != '\0') {
        status = ql_file_writer_open(&header, work->header_path, error);
    }
    if (status == QL_OK) {
        status = ql_codegen_write(output != NULL ? source.stream : stdout, header.stream, codegen, error);
    }
    // The source last: who sees it sees the header, too.
    if (status == QL_OK && header.stream != NULL) {
        status = ql_file_writer_close(&header, error);
    }
    if (status == QL_OK && source.stream != NULL) {
        status = ql_file_writer_close(&source, error);
    }
    ql_file_writer_reset(&header);
    ql_file_writer_reset(&source);
    return status;
}

static enum ql_status compile(struct compilation *work, const char *operand, int argc, char **argv,
                              struct ql_error *error)
{
    const struct settings *settings = &work->settings;
    char header_file[PATH_BYTES];
    char *command_line = NULL;
    enum ql_status status;

    if (settings->sampler && settings->sequence != 1) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--sequence %d: a model that writes takes one token at a time; add --no_sampler",
                              settings->sequence);
    }
    if (strcmp(settings->arena, "static") != 0 && strcmp(settings->arena, "caller") != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--arena: '%s' is neither static nor caller", settings->arena);
    }
    if (!settings->sampler && settings->filter != NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--filter: a model without a sampler has nothing to filter");
    }
    if ((status = ql_cli_quantization_read(&work->format, &settings->quantization, error)) != QL_OK) {
        return status;
    }
    if (work->format != QL_WEIGHTS_F32 && !settings->sampler) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--quantize %s: only a model that writes has an integer form; leave out --no_sampler",
                              settings->quantization.quantize);
    }
    if ((status = find_model(work, operand, error)) != QL_OK || (status = read_sizes(work, error)) != QL_OK ||
        (status = find_header(work, error)) != QL_OK ||
        (status = ql_codegen_name_read(work->name, settings->name != NULL ? settings->name : work->model_path,
                                       error)) != QL_OK ||
        (status = ql_guard_init(&work->guard, settings->filter, work->descriptor.symbols, work->descriptor.symbol_count,
                                error)) != QL_OK ||
        (status = compile_program(work, error)) != QL_OK) {
        return status;
    }
    if ((command_line = join_arguments(argc, argv)) == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the command line");
    }
    const char *slash = strrchr(work->header_path, '/');
    (void)snprintf(header_file, sizeof header_file, "%s.h", work->name);
    if (work->header_path[0] != '\0') {
        (void)snprintf(header_file, sizeof header_file, "%s", slash == NULL ? work->header_path : slash + 1);
    }
    const char *model_slash = strrchr(work->model_path, '/');
    const char *calibration = settings->quantization.calibrate;
    const char *calibration_slash = calibration == NULL ? NULL : strrchr(calibration, '/');
    const struct ql_codegen codegen = {.program = &work->program,
                                       .model = work->described ? &work->text : NULL,
                                       .integer = work->format == QL_WEIGHTS_F32 ? NULL : &work->integer.model,
                                       .calibration = calibration == NULL         ? "a text of its own"
                                                      : calibration_slash == NULL ? calibration
                                                                                  : calibration_slash + 1,
                                       .name = work->name,
                                       .header_file = header_file,
                                       .caller_arena = strcmp(settings->arena, "caller") == 0,
                                       .version = QL_VERSION,
                                       .command_line = command_line,
                                       .source_file = model_slash == NULL ? work->model_path : model_slash + 1,
                                       .source_sha256 = work->sha256};
    if (settings->output != NULL || work->header_path[0] != '\0' || !settings->report) {
        status = write_files(work, &codegen, error);
    }
    if (status == QL_OK && settings->report) {
        status = ql_codegen_report_write(stdout, &codegen, error);
    } else if (status == QL_OK && work->header_path[0] == '\0') {
        (void)fprintf(stderr, "The source includes \"%s\": --header %s or --output %s.c writes it, too.\n", header_file,
                      header_file, work->name);
    }
    free(command_line);
    return status;
}

int ql_cli_compile(int argc, char **argv)
{
    struct compilation *work = calloc(1, sizeof *work);
    const char *operands[1];
    size_t operand_count = 0;
    struct ql_error error;
    int exit_code;

    if (work == NULL) {
        (void)ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory");
        return ql_cli_fail("compile", &error);
    }
    struct settings *settings = &work->settings;
    *settings = (struct settings){.arena = "static", .sizes = "", .sequence = 1, .sampler = true};
    struct ql_option options[] = {
        {"model", QL_OPTION_STRING, &settings->model, 0, 0, "FILE", "the descriptor, which names the model", false},
        {"output", QL_OPTION_STRING, &settings->output, 0, 0, "FILE",
         "the source to write (default: to standard output); its header stands beside it", false},
        {"header", QL_OPTION_STRING, &settings->header, 0, 0, "FILE", "the header to write", false},
        {"name", QL_OPTION_STRING, &settings->name, 0, 0, "NAME",
         "what all names begin with (default: the file's name)", false},
        {"sampler", QL_OPTION_FLAG, &settings->sampler, 0, 0, NULL,
         "vocabulary and sampler, too; --no_sampler makes one function from the graph's inputs to its outputs", false},
        {"sequence", QL_OPTION_INT, &settings->sequence, 1, 1000000, "N",
         "steps of a run, where the model leaves the size \"sequence\" open", false},
        {"sizes", QL_OPTION_STRING, &settings->sizes, 0, 0, "LIST",
         "other sizes that the model leaves open: batch=2,time=5 (default: 1)", false},
        QL_CLI_FILTER_OPTION(&settings->filter),
        {"arena", QL_OPTION_STRING, &settings->arena, 0, 0, "WHOSE", "scratch memory: static, or the caller's", false},
        QL_CLI_QUANTIZATION_OPTIONS(&settings->quantization),
        {"report", QL_OPTION_FLAG, &settings->report, 0, 0, NULL,
         "print flash, RAM, multiply-accumulates and values as JSON instead of the source", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    if (ql_cli_read_options(usage, summary_text, options, argc, argv, operands, 1, &operand_count, &exit_code)) {
        enum ql_status status = compile(work, operand_count == 1 ? operands[0] : NULL, argc, argv, &error);
        exit_code = status == QL_OK ? ql_cli_finish("compile", QL_EXIT_DONE) : ql_cli_fail("compile", &error);
    }
    ql_integer_form_close(&work->integer);
    ql_guard_free(&work->guard);
    ql_program_free(&work->program);
    ql_graph_free(&work->graph);
    free(work);
    return exit_code;
}
