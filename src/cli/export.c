// `quillet export`: a checkpoint as an ONNX model, and the descriptor beside it.
// Uses: base, checkpoint, model, onnx.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_set.h"
#include "checkpoint/training_run.h"
#include "cli/cli.h"
#include "cli/sampling.h"
#include "cli/terminal.h"
#include "onnx/descriptor.h"
#include "onnx/model_file.h"
#include "onnx/model_graph.h"
#include "onnx/settled_roles.h"

static const char usage[] = "export --init-from FILE --export-file NAME.onnx [OPTION ...]";
static const char summary_text[] = "Writes a trained model as ONNX (names.onnx), and what is needed to write with it\n"
                                   "as a descriptor beside it (names.json; docs/descriptor.md has its fields).";

struct settings {
    const char *init_from, *export_file;
    double temperature, top_p;
    int top_k, sequence;
    bool quiet, json;
};

// The descriptor's path: that of the model, with .json for .onnx.
static enum ql_status find_descriptor(char path[QL_DESCRIPTOR_PATH_BYTES], const char *export_file,
                                      struct ql_error *error)
{
    static const char suffix[] = ".onnx";
    const size_t size = strlen(export_file);
    const char *slash = strrchr(export_file, '/');
    const char *name = slash == NULL ? export_file : slash + 1;

    if (strlen(name) <= strlen(suffix) || strcmp(export_file + size - strlen(suffix), suffix) != 0) {
        return ql_error_write(
            error, QL_ERROR_USAGE,
            "--export-file must end in .onnx, such as names.onnx; the descriptor gets the same name with .json");
    }
    if (size + 1 > QL_DESCRIPTOR_PATH_BYTES) {
        return ql_error_write(error, QL_ERROR_USAGE, "--export-file is too long");
    }
    (void)snprintf(path, QL_DESCRIPTOR_PATH_BYTES, "%.*s.json", (int)(size - strlen(suffix)), export_file);
    return QL_OK;
}

// The length of the training's sequences, from the run's summary, if that is still beside the checkpoint. A summary
// that cannot be read is an error: otherwise the descriptor would silently be a different one. The run is not opened,
// because another process may be training it.
static enum ql_status find_sequence_length(int *length, const char *checkpoint, struct ql_error *error)
{
    struct ql_training_run run = {.lock = -1};
    const char *slash = strrchr(checkpoint, '/');
    char path[QL_RUN_PATH_BYTES];
    json_t *summary = NULL;
    enum ql_status status;

    *length = 0;
    (void)snprintf(run.folder, sizeof run.folder, "%.*s", slash == NULL ? 1 : (int)(slash - checkpoint),
                   slash == NULL ? "." : checkpoint);
    ql_training_run_path(&run, path, "summary.json");
    if (access(path, F_OK) != 0) {
        return QL_OK;
    }
    if ((status = ql_training_run_load_summary(&run, &summary, error)) == QL_OK) {
        const json_int_t said =
            json_integer_value(json_object_get(json_object_get(summary, "arguments"), "seq_length"));
        *length = said > 0 && said <= INT32_MAX ? (int)said : 0;
    }
    json_decref(summary);
    return status;
}

static enum ql_status describe(struct ql_descriptor *descriptor, const struct settings *settings,
                               const struct ql_model *model, const struct ql_model_info *info, struct ql_error *error)
{
    const char *slash = strrchr(settings->export_file, '/');
    struct ql_state_layout state = {0};

    *descriptor = (struct ql_descriptor){
        .temperature = settings->temperature,
        .top_p = settings->top_p,
        .top_k = settings->top_k,
        .hidden_size = model->dimensions.H,
        .hidden_layers = model->dimensions.L,
    };
    (void)snprintf(descriptor->filename, sizeof descriptor->filename, "./%s",
                   slash == NULL ? settings->export_file : slash + 1);
    (void)snprintf(descriptor->type, sizeof descriptor->type, "%s", ql_architecture_of(&model->dimensions)->name);
    ql_descriptor_set_info(descriptor, info);
    ql_architecture_graph_state_add(&state, &model->dimensions);
    ql_descriptor_set_state(descriptor, &state);
    return find_sequence_length(&descriptor->sequence_length, settings->init_from, error);
}

// Neither file may replace the checkpoint, or the summary of its run, which describe() reads.
static enum ql_status check_outputs(const struct settings *settings, const char *descriptor_path,
                                    struct ql_error *error)
{
    char *summary = ql_file_path_beside(settings->init_from, "summary.json");
    const char *const inputs[] = {settings->init_from, summary};
    enum ql_status status = summary == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory")
                                            : ql_file_check_output(settings->export_file, inputs, 2, error);

    if (status == QL_OK) {
        status = ql_file_check_output(descriptor_path, inputs, 2, error);
    }
    free(summary);
    return status;
}

static enum ql_status export_model(const struct settings *settings, char *descriptor_path,
                                   struct ql_descriptor *descriptor, struct ql_model *model, struct ql_model_info *info,
                                   struct ql_error *error)
{
    struct ql_graph graph = {0};
    enum ql_status status;

    if (settings->init_from == NULL || settings->export_file == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "%s is missing",
                              settings->init_from == NULL
                                  ? "--init-from, a checkpoint such as checkpoints/RUN/checkpoint.1.safetensors,"
                                  : "--export-file, the model to write, such as names.onnx,");
    }
    if ((status = find_descriptor(descriptor_path, settings->export_file, error)) != QL_OK ||
        (status = ql_cli_load_checkpoint(model, info, settings->init_from, error)) != QL_OK) {
        return status;
    }
    if ((status = describe(descriptor, settings, model, info, error)) == QL_OK &&
        (status = ql_model_graph_init(&graph, model, settings->sequence, error)) == QL_OK &&
        (status = ql_settled_roles_init(&graph, descriptor, error)) == QL_OK &&
        (status = check_outputs(settings, descriptor_path, error)) == QL_OK) {
        status = ql_model_file_save(descriptor, &graph, settings->export_file, descriptor_path, error);
    }
    ql_graph_free(&graph);
    return status;
}

int ql_cli_export(int argc, char **argv)
{
    struct settings settings = {.temperature = 0.8, .top_p = 1.0};
    struct ql_option options[] = {
        {"init_from", QL_OPTION_STRING, &settings.init_from, 0, 0, "FILE", "the checkpoint of the model", false},
        {"export_file", QL_OPTION_STRING, &settings.export_file, 0, 0, "FILE", "the ONNX file to write, *.onnx", false},
        {"sequence", QL_OPTION_INT, &settings.sequence, 0, 65536, "N", "tokens per run of the model; 0 leaves it open",
         false},
        {"temperature", QL_OPTION_FLOAT, &settings.temperature, 0, 100, "X", "for the descriptor: how boldly to draw",
         false},
        {"top_p", QL_OPTION_FLOAT, &settings.top_p, 0.000001, 1, "X",
         "for the descriptor: draw from the likeliest symbols whose probabilities add up to this; 1 is off", false},
        {"top_k", QL_OPTION_INT, &settings.top_k, 0, 65535, "N",
         "for the descriptor: draw from the N likeliest symbols; 0 is off", false},
        {"quiet", QL_OPTION_FLAG, &settings.quiet, 0, 0, NULL, "print nothing", false},
        {"json", QL_OPTION_FLAG, &settings.json, 0, 0, NULL, "print the files' names as JSON", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    char descriptor_path[QL_DESCRIPTOR_PATH_BYTES];
    struct ql_model model = {0};
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;

    if (!ql_cli_read_options(usage, summary_text, options, argc, argv, NULL, 0, NULL, &exit_code)) {
        return exit_code;
    }
    struct ql_model_info *info = calloc(1, sizeof *info);
    struct ql_descriptor *descriptor = calloc(1, sizeof *descriptor);
    enum ql_status status = info == NULL || descriptor == NULL
                                ? ql_error_write(&error, QL_ERROR_SYSTEM, "not enough memory")
                                : export_model(&settings, descriptor_path, descriptor, &model, info, &error);
    if (status != QL_OK) {
        exit_code = ql_cli_fail("export", &error);
    } else if (settings.json) {
        json_t *result = json_pack("{s:o, s:o, s:I}", "model", ql_cli_path_to_json(settings.export_file), "descriptor",
                                   ql_cli_path_to_json(descriptor_path), "parameters", (json_int_t)model.count);
        ql_cli_print_json(result, JSON_INDENT(2));
        json_decref(result);
    } else if (!settings.quiet) {
        ql_cli_print_name(settings.export_file);
        (void)putchar('\n');
        ql_cli_print_name(descriptor_path);
        (void)putchar('\n');
    }
    ql_model_free(&model);
    free(info);
    free(descriptor);
    return exit_code == QL_EXIT_DONE ? ql_cli_finish("export", QL_EXIT_DONE) : exit_code;
}
