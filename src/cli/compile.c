// `quillet compile`: turns an ONNX model into C: weights, kernels, vocabulary, and sampler in one source and one
// header. The source goes to stdout or to --output. docs/generated-code.md describes it.
// Uses: base, corpus, onnx, codegen, engine.
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory_stream.h"
#include "base/sha256.h"
#include "base/version.h"
#include "cli/arduino.h"
#include "cli/cli.h"
#include "cli/quantization.h"
#include "cli/sampling.h"
#include "cli/self_test.h"
#include "cli/terminal.h"
#include "codegen/codegen.h"
#include "codegen/token_table.h"
#include "engine/integer_form.h"
#include "engine/token_graph.h"
#include "onnx/descriptor.h"
#include "onnx/in_place.h"
#include "onnx/model_file.h"
#include "onnx/onnx_reader.h"
#include "onnx/program_compile.h"

static const char usage[] = "compile MODEL [MODEL ...] [OPTION ...]";
static const char summary_text[] = "Turns a model into C: one source with weights, kernels, vocabulary and\n"
                                   "sampler, and its header. MODEL is an .onnx file, with its descriptor\n"
                                   "MODEL.json beside it if the model writes text; or that descriptor. Several\n"
                                   "models share one source, its kernels, and its workspace; --name, --quantize,\n"
                                   "--calibrate and --lexicon then take a list, a value for each model or one for\n"
                                   "all: --quantize int8,int4 --lexicon quotes.qlx,off";

enum {
    PATH_BYTES = 4096,
    BINDING_LIMIT = 16,
    BINDING_NAME_BYTES = 64,
    MODEL_LIMIT = 16,
};

struct settings {
    char arduino_source[PATH_BYTES];
    const char *model, *output, *header, *name, *workspace, *sizes, *filter, *lexicon, *arduino;
    int sequence;
    bool sampler, report;
    struct ql_cli_quantization quantization;
};

// Everything that exists while a model is compiled.
struct compilation {
    const struct settings *settings;
    const char *operand;              // an .onnx file or a descriptor
    bool described;                   // there is a descriptor, and it is used
    bool is_named;                    // the model's path is from a descriptor
    char descriptor_path[PATH_BYTES]; // the one that was read; "" without one
    char model_path[PATH_BYTES], calibrate[PATH_BYTES], lexicon_path[PATH_BYTES];
    const char *lexicon; // that path, or NULL
    char sha256[QL_SHA256_TEXT_BYTES];
    char name[QL_CODEGEN_NAME_BYTES];
    char binding_names[BINDING_LIMIT][BINDING_NAME_BYTES];
    struct ql_binding bindings[BINDING_LIMIT];
    int binding_count;
    struct ql_descriptor descriptor;
    struct ql_graph graph;
    struct ql_program program;
    struct ql_text_model text;
    enum ql_weight_format format;
    struct ql_integer_form integer; // for a format that is not float, like the next
    struct ql_integer_program integer_program;
    struct ql_guard guard;
};

// Writes a path with another extension.
static enum ql_status write_path(char to[PATH_BYTES], const char *path, const char *ending, struct ql_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *point = strrchr(slash == NULL ? path : slash, '.');
    size_t length = point == NULL ? strlen(path) : (size_t)(point - path);

    if (length + strlen(ending) >= PATH_BYTES) {
        return ql_error_write(error, QL_ERROR_USAGE, "the path is too long: %s", path);
    }
    (void)snprintf(to, PATH_BYTES, "%.*s%s", (int)length, path, ending);
    return QL_OK;
}

static enum ql_status copy_path(char to[PATH_BYTES], const char *path, struct ql_error *error)
{
    if (strlen(path) >= PATH_BYTES) {
        return ql_error_write(error, QL_ERROR_USAGE, "the path is too long: %s", path);
    }
    (void)snprintf(to, PATH_BYTES, "%s", path);
    return QL_OK;
}

// The model is given as a descriptor, or as an .onnx file that may have a descriptor beside it.
static enum ql_status find_model(struct compilation *work, struct ql_error *error)
{
    const struct settings *settings = work->settings;
    char beside[PATH_BYTES];
    struct stat file;
    enum ql_status status;

    if (settings->model != NULL || ql_bytes_end_with(work->operand, strlen(work->operand), ".json")) {
        if ((status = ql_descriptor_load(&work->descriptor, work->operand, error)) != QL_OK) {
            return status;
        }
        (void)snprintf(work->model_path, sizeof work->model_path, "%s", work->descriptor.path);
        work->described = settings->sampler;
        work->is_named = true;
        return copy_path(work->descriptor_path, work->operand, error);
    }
    if ((status = copy_path(work->model_path, work->operand, error)) != QL_OK || !settings->sampler) {
        return status;
    }
    if ((status = write_path(beside, work->operand, ".json", error)) != QL_OK) {
        return status;
    }
    if (stat(beside, &file) != 0) {
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "%s: does not exist, so the vocabulary is not known; give the descriptor with --model, or "
            "compile the bare model with --no-sampler",
            beside);
    }
    work->described = true;
    memcpy(work->descriptor_path, beside, sizeof beside);
    return ql_descriptor_load(&work->descriptor, beside, error);
}

// Copies the entry of `list` for one of `count` models: the item with its index, or the only item.
static enum ql_status read_item(char *item, size_t item_bytes, const char *list, int index, int count,
                                const char *option, struct ql_error *error)
{
    int commas = 0;

    for (const char *c = list; count > 1 && *c != '\0'; c++) {
        commas += *c == ',';
    }
    if (commas > 0 && commas + 1 != count) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--%s: '%s' has %d values for %d models; give one for each, or one for all", option, list,
                              commas + 1, count);
    }
    for (int i = 0; commas > 0 && i < index; i++) {
        list = strchr(list, ',') + 1;
    }
    const size_t length = commas > 0 ? strcspn(list, ",") : strlen(list);
    if (length >= item_bytes) {
        return ql_error_write(error, QL_ERROR_USAGE, "--%s: '%s' is too long", option, list);
    }
    memcpy(item, list, length);
    item[length] = '\0';
    return QL_OK;
}

// Reads name, format, and calibration of one of `count` models.
static enum ql_status read_lists(struct compilation *work, int index, int count, struct ql_error *error)
{
    const struct settings *settings = work->settings;
    struct ql_cli_quantization quantization = {0};
    char name[PATH_BYTES], format[PATH_BYTES];
    enum ql_status status = QL_OK;

    if (settings->quantization.quantize != NULL) {
        quantization.quantize = format;
        status = read_item(format, sizeof format, settings->quantization.quantize, index, count, "quantize", error);
    }
    if (status == QL_OK && settings->quantization.calibrate != NULL) {
        quantization.calibrate = work->calibrate;
        status = read_item(work->calibrate, sizeof work->calibrate, settings->quantization.calibrate, index, count,
                           "calibrate", error);
    }
    if (status == QL_OK && settings->lexicon != NULL) {
        status =
            read_item(work->lexicon_path, sizeof work->lexicon_path, settings->lexicon, index, count, "lexicon", error);
        work->lexicon = strcmp(work->lexicon_path, "off") == 0 ? NULL : work->lexicon_path;
    }
    if (status == QL_OK && settings->name != NULL) {
        status = read_item(name, sizeof name, settings->name, index, count, "name", error);
    }
    if (status != QL_OK || (status = ql_cli_quantization_read(&work->format, &quantization, error)) != QL_OK) {
        return status;
    }
    if (work->format != QL_WEIGHTS_F32 && !settings->sampler) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--quantize %s: only a model that writes has an integer form; leave out --no-sampler",
                              format);
    }
    return ql_codegen_name_read(work->name, settings->name != NULL ? name : work->model_path, error);
}

// Reads --sizes "batch=1,time=5".
static enum ql_status read_sizes(struct compilation *work, struct ql_error *error)
{
    const char *text = work->settings->sizes;

    while (text[0] != '\0') {
        const size_t length = strcspn(text, ",");
        const char *sign = memchr(text, '=', length);
        char *end = NULL;
        long size = sign == NULL ? 0 : strtol(sign + 1, &end, 10);
        if (sign == NULL || sign == text || (size_t)(sign - text) >= BINDING_NAME_BYTES || end != text + length ||
            size < 1 || size > QL_VALUE_ELEMENT_LIMIT || work->binding_count == BINDING_LIMIT - 1) {
            return ql_error_write(error, QL_ERROR_USAGE,
                                  "--sizes: '%s' is not a list of at most %d sizes such as batch=1,time=5",
                                  work->settings->sizes, BINDING_LIMIT - 1);
        }
        char *name = work->binding_names[work->binding_count];
        memcpy(name, text, (size_t)(sign - text));
        name[sign - text] = '\0';
        work->bindings[work->binding_count++] = (struct ql_binding){.name = name, .size = (int)size};
        text += length + (text[length] == ',');
    }
    return QL_OK;
}

// True for a size that an input of the model leaves open: by its own name, or as "input:axis".
static bool size_is_open(const struct ql_graph *graph, const char *name)
{
    char place[BINDING_NAME_BYTES];

    for (int i = 0; i < graph->input_count; i++) {
        const struct ql_value *input = &graph->values[graph->inputs[i]];
        for (int axis = 0; axis < input->rank; axis++) {
            const char *own = input->dim_names[axis];
            (void)snprintf(place, sizeof place, "%s:%d", input->name, axis);
            if (input->dims[axis] < 0 && (strcmp(place, name) == 0 || (own != NULL && strcmp(own, name) == 0))) {
                return true;
            }
        }
    }
    return false;
}

// True if an earlier entry of --sizes, or --sequence, gives the size of entry number `number`, too.
static bool is_given_twice(const struct compilation *work, int number)
{
    const char *name = work->bindings[number].name;
    bool found = work->settings->sequence != 1 && strcmp(name, "sequence") == 0;

    for (int i = 0; i < number && !found; i++) {
        found = strcmp(work->bindings[i].name, name) == 0;
    }
    return found;
}

// A size that does not exist would silently have no effect, nor would the second one of two.
static enum ql_status check_sizes(const struct compilation *work, struct ql_error *error)
{
    for (int i = 0; i < work->binding_count; i++) {
        if (is_given_twice(work, i)) {
            return ql_error_write(error, QL_ERROR_USAGE, "--sizes: the size '%s' is given twice",
                                  work->bindings[i].name);
        }
        if (!size_is_open(&work->graph, work->bindings[i].name)) {
            return ql_error_write(error, QL_ERROR_USAGE, "--sizes: the model does not leave a size '%s' open",
                                  work->bindings[i].name);
        }
    }
    if (work->settings->sequence != 1 && !size_is_open(&work->graph, "sequence")) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--sequence %d: the model does not leave a size 'sequence' open; --sizes NAME=%d sets "
                              "another one",
                              work->settings->sequence, work->settings->sequence);
    }
    return QL_OK;
}

static enum ql_status load_graph(struct compilation *work, struct ql_error *error)
{
    struct ql_file_view view;
    // A path in a descriptor must be a file.
    const enum ql_file_kind kind = work->is_named ? QL_FILE_REGULAR : QL_FILE_ANY;
    enum ql_status status = ql_file_open_kind(&view, work->model_path, kind, ql_file_limit_bytes, error);

    if (status != QL_OK) {
        return status;
    }
    ql_sha256_write(work->sha256, view.data, view.size_bytes);
    if (work->described && (status = ql_model_file_check(&work->descriptor, work->model_path, view.data,
                                                         view.size_bytes, error)) != QL_OK) {
        ql_file_close(&view);
        return status;
    }
    status = ql_onnx_read_at(&work->graph, view.data, view.size_bytes, work->model_path, error);
    ql_file_close(&view);
    return status == QL_OK ? QL_OK : ql_error_prefix(error, "%s: ", work->model_path);
}

static enum ql_status make_integer_form(struct compilation *work, struct ql_error *error)
{
    enum ql_status status = ql_integer_form_open(&work->integer, &work->graph, &work->descriptor, work->format,
                                                 work->calibrate[0] == '\0' ? NULL : work->calibrate, error);

    if (status == QL_OK &&
        (status = ql_cli_integer_self_test_write(&work->text, &work->integer.stepper, error)) == QL_OK &&
        (status = ql_integer_program_init(&work->integer_program, &work->integer.model, &ql_integer_product_plain,
                                          error)) == QL_OK) {
        work->text.roles = work->integer_program.roles;
        ql_model_roles_layout(&work->text.layout, &work->text.roles, &work->integer_program.program);
    }
    return status;
}

// Files with data of the model's tensors must not be replaced either.
static enum ql_status check_data_files(const struct compilation *work, const char *header_path, struct ql_error *error)
{
    const enum ql_status status = ql_model_file_check_output(work->settings->output, &work->graph, error);
    return status == QL_OK ? ql_model_file_check_output(header_path, &work->graph, error) : status;
}

static enum ql_status compile_program(struct compilation *work, const char *header_path, struct ql_error *error)
{
    struct ql_program_options options = {.default_size = 1};
    char sequence_name[QL_ROLE_NAME_BYTES];
    enum ql_status status;

    if ((status = load_graph(work, error)) != QL_OK || (status = check_data_files(work, header_path, error)) != QL_OK ||
        (status = check_sizes(work, error)) != QL_OK) {
        return status;
    }
    work->bindings[work->binding_count] = (struct ql_binding){.name = "sequence", .size = work->settings->sequence};
    if (work->described) {
        work->text.descriptor = &work->descriptor;
        work->text.guard = &work->guard;
        if ((status = ql_token_graph_init(NULL, &work->graph, &work->descriptor, error)) != QL_OK ||
            (status = ql_model_roles_init(&work->text.roles, &work->graph, &work->descriptor, error)) != QL_OK) {
            goto done;
        }
        options.states = work->text.roles.states;
        options.state_count = work->text.roles.state_count;
        work->bindings[work->binding_count] =
            ql_model_roles_binding(&work->text.roles, &work->graph, work->settings->sequence, sequence_name);
    }
    if (work->graph.note != NULL) {
        ql_cli_note("quillet compile: %s: %s\n", work->model_path, work->graph.note);
    }
    options.bindings = work->bindings;
    options.binding_count = work->binding_count + 1;
    if ((status = ql_program_compile(&work->program, &work->graph, &options, error)) == QL_OK &&
        (status = ql_token_table_init(&work->program, error)) == QL_OK &&
        (status = ql_in_place_init(&work->program, error)) == QL_OK && work->described &&
        (status = ql_model_roles_check(&work->text.roles, &work->program, &work->descriptor, work->settings->sequence,
                                       error)) == QL_OK &&
        (status = ql_text_model_check(&work->program, error)) == QL_OK) {
        ql_model_roles_layout(&work->text.layout, &work->text.roles, &work->program);
        status = work->format == QL_WEIGHTS_F32 ? ql_cli_self_test_write(&work->text, &work->graph, &options, error)
                                                : make_integer_form(work, error);
    }
done:
    return status == QL_OK ? QL_OK : ql_error_prefix(error, "%s: ", work->model_path);
}

// Writes an argument. Of an absolute path, which may stand after "=" and in a list, it writes the last part alone, so that
// the same model in another folder gives the same bytes.
static void write_argument(FILE *stream, const char *argument)
{
    bool may_begin = true;

    for (const char *c = argument; *c != '\0'; c++) {
        if (*c == '/' && may_begin) {
            size_t end = strcspn(c, ",");
            while (end > 1 && c[end - 1] == '/') {
                end--;
            }
            size_t last = end - 1;
            while (last > 0 && c[last - 1] != '/') {
                last--;
            }
            c += last;
        }
        may_begin = *c == '=' || *c == ',';
        (void)fputc(*c, stream);
    }
}

// The command in one line, with the last parts of absolute paths; the caller frees it. NULL when there is not enough memory.
static char *join_arguments(int argc, char **argv)
{
    struct ql_memory_stream memory;

    if (!ql_memory_stream_open(&memory)) {
        return NULL;
    }
    (void)fputs("quillet", memory.stream);
    for (int i = 0; i < argc; i++) {
        (void)fputc(' ', memory.stream);
        write_argument(memory.stream, argv[i]);
    }
    return ql_memory_stream_close(&memory);
}

// The header goes beside --output, or to the path in --header; "" for none.
static enum ql_status find_header(char path[PATH_BYTES], const struct settings *settings, struct ql_error *error)
{
    if (settings->header != NULL && settings->header[0] == '\0') {
        return ql_error_write(error, QL_ERROR_USAGE, "--header: the name of a file to write is empty");
    }
    if (settings->header == NULL && settings->output != NULL) {
        return write_path(path, settings->output, ".h", error);
    }
    return copy_path(path, settings->header != NULL ? settings->header : "", error);
}

// Header and source are replaced together. If only one of them is a file, the other goes to stdout or nowhere.
static enum ql_status write_files(const char *output, const char *header_path, const struct ql_codegen_unit *unit,
                                  struct ql_error *error)
{
    const char *paths[] = {header_path[0] == '\0' ? NULL : header_path, output};
    struct ql_file_writer writers[2] = {{0}};
    FILE *streams[2] = {NULL, stdout};
    size_t count = 0;
    enum ql_status status = QL_OK;

    for (int i = 0; i < 2 && status == QL_OK; i++) {
        if (paths[i] != NULL && (status = ql_file_writer_open(&writers[count], paths[i], error)) == QL_OK) {
            streams[i] = writers[count++].stream;
        }
    }
    if (status == QL_OK) {
        status = ql_codegen_write(streams[1], streams[0], unit, error);
    }
    if (status == QL_OK && count > 0) {
        return ql_file_writers_close(writers, count, error);
    }
    for (size_t i = 0; i < count; i++) {
        ql_file_writer_reset(&writers[i]);
    }
    return status;
}

static enum ql_status check_settings(const struct settings *settings, int count, struct ql_error *error)
{
    if (count == 0 || (settings->model != NULL && count > 1)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "give the model as MODEL.onnx, or its descriptor with --model MODEL.json");
    }
    if (settings->sampler && settings->sequence != 1) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--sequence %d: a model that writes takes one token at a time; add --no-sampler",
                              settings->sequence);
    }
    if (strcmp(settings->workspace, "static") != 0 && strcmp(settings->workspace, "caller") != 0) {
        return ql_error_write(error, QL_ERROR_USAGE, "--workspace: '%s' is neither static nor caller",
                              settings->workspace);
    }
    if (!settings->sampler && (settings->filter != NULL || settings->lexicon != NULL)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--filter, --lexicon: a model without a sampler has nothing to filter");
    }
    if (settings->report && settings->header != NULL && settings->output == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--report goes to standard output, where the source would go, too: add --output, or "
                              "leave out --header");
    }
    if (settings->arduino != NULL && (settings->output != NULL || settings->header != NULL || settings->report ||
                                      !settings->sampler || strcmp(settings->workspace, "static") != 0)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--arduino writes a folder of its own, of a model that writes; leave out --output, "
                              "--header, --report, --no-sampler and --workspace");
    }
    if (!settings->sampler && count > 1) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "only models that write can share a source; leave out --no-sampler");
    }
    return QL_OK;
}

// Checks the options, and creates the folder of --arduino, which determines where the source goes.
static enum ql_status take_settings(struct settings *settings, int count, struct ql_error *error)
{
    enum ql_status status = check_settings(settings, count, error);

    if (status == QL_OK && settings->arduino != NULL) {
        status =
            ql_cli_arduino_begin(settings->arduino_source, sizeof settings->arduino_source, settings->arduino, error);
        settings->output = settings->arduino_source;
    }
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

// The header's name is in an #include, in quotation marks.
static enum ql_status check_header_name(const char *name, struct ql_error *error)
{
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f || *c == '"' || *c == '\\' || (c[0] == '?' && c[1] == '?')) {
            return ql_error_write(error, QL_ERROR_USAGE,
                                  "the header's name has a quotation mark, a backslash, a control character or two "
                                  "question marks, which an #include cannot hold; choose another --header");
        }
    }
    return QL_OK;
}

// No file that is read for this model may be replaced, and the two outputs must be different files.
static enum ql_status check_outputs(const struct compilation *work, const char *header_path, struct ql_error *error)
{
    const struct settings *settings = work->settings;
    const char *const inputs[] = {work->operand,    work->model_path, work->descriptor_path,
                                  settings->filter, work->lexicon,    work->calibrate};
    const size_t count = sizeof inputs / sizeof inputs[0];
    const char *header = header_path[0] == '\0' ? NULL : header_path;
    enum ql_status status = check_header_name(base_name(header_path), error);

    if (status == QL_OK && header != NULL && settings->output != NULL && ql_file_is_same(settings->output, header)) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "%s: would be both the source and its header; give the source another --output, such as "
                              "one that ends in .c, or the header another --header",
                              settings->output);
    }
    if (status != QL_OK || (status = ql_file_check_output(settings->output, inputs, count, error)) != QL_OK) {
        return status;
    }
    return ql_file_check_output(header, inputs, count, error);
}

static enum ql_status compile_model(struct compilation *work, const char *header_path, int index, int count,
                                    struct ql_error *error)
{
    enum ql_status status;

    if ((status = find_model(work, error)) != QL_OK || (status = read_sizes(work, error)) != QL_OK ||
        (status = read_lists(work, index, count, error)) != QL_OK ||
        (status = check_outputs(work, header_path, error)) != QL_OK ||
        (status = ql_guard_init(&work->guard, work->settings->filter, &work->descriptor.vocabulary, error)) != QL_OK ||
        (status = ql_guard_load_lexicon(&work->guard, work->lexicon, &work->descriptor.vocabulary, error)) != QL_OK) {
        return status;
    }
    for (int i = 1; i <= index; i++) {
        if (strcasecmp(work[-i].name, work->name) == 0) { // the names of macros are in capitals
            return ql_error_write(error, QL_ERROR_USAGE,
                                  strcmp(work[-i].name, work->name) == 0
                                      ? "two models have the name '%s'; give each its own with --name A,B"
                                      : "the name '%s' and that of another model differ only in capitals; give each "
                                        "its own with --name A,B",
                                  work->name);
        }
    }
    return compile_program(work, header_path, error);
}

static enum ql_status compile(struct compilation *works, int count, int argc, char **argv, struct ql_error *error)
{
    const struct settings *settings = works[0].settings;
    struct ql_codegen models[MODEL_LIMIT];
    char header_path[PATH_BYTES], header_file[PATH_BYTES];
    enum ql_status status = find_header(header_path, settings, error);

    for (int i = 0; i < count && status == QL_OK; i++) {
        struct compilation *work = &works[i];
        status = compile_model(work, header_path, i, count, error);
        const bool integer = work->format != QL_WEIGHTS_F32;
        models[i] = (struct ql_codegen){.program = integer ? &work->integer_program.program : &work->program,
                                        .model = work->described ? &work->text : NULL,
                                        .integer = integer ? &work->integer.model : NULL,
                                        .calibration = work->calibrate[0] == '\0' ? "a text of its own"
                                                                                  : base_name(work->calibrate),
                                        .name = work->name,
                                        .source_file = base_name(work->model_path),
                                        .source_sha256 = work->sha256};
    }
    if (status != QL_OK) {
        return status;
    }
    char *command_line = join_arguments(argc, argv);
    if (command_line == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the command line");
    }
    (void)snprintf(header_file, sizeof header_file, "%s.h", works[0].name);
    if (header_path[0] != '\0') {
        (void)snprintf(header_file, sizeof header_file, "%s", base_name(header_path));
    }
    const struct ql_codegen_unit unit = {.models = models,
                                         .model_count = count,
                                         .header_file = header_file,
                                         .caller_workspace = strcmp(settings->workspace, "caller") == 0,
                                         .version = QL_VERSION,
                                         .command_line = command_line};
    if (settings->output != NULL || header_path[0] != '\0' || !settings->report) {
        status = write_files(settings->output, header_path, &unit, error);
    }
    if (status == QL_OK && settings->arduino != NULL) {
        status = ql_cli_arduino_end(settings->output, settings->arduino, works[0].name, error);
    }
    if (status == QL_OK && settings->report) {
        status = ql_codegen_report_write(stdout, &unit, error);
    } else if (status == QL_OK && header_path[0] == '\0') {
        ql_cli_note("The source includes \"%s\": --header %s or --output %s.c writes it, too.\n", header_file,
                    header_file, works[0].name);
    }
    free(command_line);
    return status;
}

int ql_cli_compile(int argc, char **argv)
{
    struct compilation *works = NULL;
    struct settings values = {.workspace = "static", .sizes = "", .sequence = 1, .sampler = true}, *settings = &values;
    const char *operands[MODEL_LIMIT];
    size_t operand_count = 0;
    struct ql_error error;
    int exit_code, count = 0;
    struct ql_option options[] = {
        {"model", QL_OPTION_STRING, &settings->model, 0, 0, "FILE", "the descriptor, which names the model", false},
        {"output", QL_OPTION_STRING, &settings->output, 0, 0, "FILE",
         "the source to write (default: to standard output); its header goes beside it", false},
        {"header", QL_OPTION_STRING, &settings->header, 0, 0, "FILE", "the header to write", false},
        {"arduino", QL_OPTION_STRING, &settings->arduino, 0, 0, "DIR",
         "write an Arduino library, with a sketch that prints texts", false},
        {"name", QL_OPTION_STRING, &settings->name, 0, 0, "NAME",
         "prefix of all names in the C (default: the file's name)", false},
        {"sampler", QL_OPTION_FLAG, &settings->sampler, 0, 0, NULL,
         "vocabulary and sampler, too; --no-sampler makes one function from the graph's inputs to its outputs", false},
        {"sequence", QL_OPTION_INT, &settings->sequence, 1, 1000000, "N",
         "steps of a run, where the model leaves the size \"sequence\" open", false},
        {"sizes", QL_OPTION_STRING, &settings->sizes, 0, 0, "LIST",
         "other sizes that the model leaves open: batch=2,time=5, or x:1=5 for axis 1 of input x (default: 1)", false},
        QL_CLI_FILTER_OPTION(&settings->filter),
        QL_CLI_LEXICON_OPTION(&settings->lexicon),
        {"workspace", QL_OPTION_STRING, &settings->workspace, 0, 0, "WHOSE", "its memory: static, or caller", false},
        QL_CLI_QUANTIZATION_OPTIONS(&settings->quantization),
        {"report", QL_OPTION_FLAG, &settings->report, 0, 0, NULL,
         "print flash, RAM, multiply-accumulates and values as JSON instead of the source", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    if (ql_cli_read_options(usage, summary_text, options, argc, argv, operands, MODEL_LIMIT - 1, &operand_count,
                            &exit_code)) {
        if (settings->model != NULL) {
            operands[operand_count++] = settings->model;
        }
        enum ql_status status = take_settings(settings, (int)operand_count, &error);
        if (status == QL_OK && (works = calloc(operand_count, sizeof *works)) == NULL) {
            status = ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory");
        }
        if (status == QL_OK) {
            count = (int)operand_count;
            for (int i = 0; i < count; i++) {
                works[i].settings = settings;
                works[i].operand = operands[i];
            }
            status = compile(works, count, argc, argv, &error);
        }
        exit_code = status == QL_OK ? ql_cli_finish("compile", QL_EXIT_DONE) : ql_cli_fail("compile", &error);
    }
    for (int i = 0; i < count; i++) {
        ql_integer_program_free(&works[i].integer_program);
        ql_integer_form_close(&works[i].integer);
        ql_guard_free(&works[i].guard);
        ql_program_free(&works[i].program);
        ql_graph_free(&works[i].graph);
    }
    free(works);
    return exit_code;
}
