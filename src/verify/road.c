// The road of a language model, stage by stage: see road.h.
// Uses: base, corpus, model, onnx, quantize/product_x86, engine, verify.
#include "verify/road.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "onnx/descriptor_text.h"
#include "onnx/model_file.h"
#include "onnx/onnx_writer.h"
#include "quantize/product_x86.h"
#include "verify/emulator.h"
#include "verify/exposed_model.h"
#include "verify/generated_code.h"
#include "verify/one_call.h"
#include "verify/road_part.h"

// In addition to the descriptor's own: a cautious one, a bold one without top-k and top-p, and always the likeliest
// symbol.
static const struct ql_draw usual_settings[] = {{0.3f, 1.0f, 20, 0}, {1.2f, 1.0f, 0, 0}, {0.0f, 1.0f, 0, 0}};

enum { USUAL_SETTINGS = sizeof usual_settings / sizeof usual_settings[0] };

// Texts to write

static enum ql_status make_draws(struct ql_road *road, struct ql_error *error)
{
    const struct ql_road_options *options = &road->options;
    const struct ql_draw own = {
        .temperature = options->temperature < 0.0f ? (float)road->descriptor.temperature : options->temperature,
        .top_p = options->top_p < 0.0f ? (float)road->descriptor.top_p : options->top_p,
        .top_k = options->top_k < 0 ? road->descriptor.top_k : options->top_k,
    };
    int count = 0;

    road->draws = calloc((size_t)options->seed_count * (1 + USUAL_SETTINGS) + 1, sizeof road->draws[0]);
    if (road->draws == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for %d seeds", options->seed_count);
    }
    for (int s = -1; s < (options->one_setting ? 0 : USUAL_SETTINGS); s++) {
        for (int i = 0; i < options->seed_count; i++) {
            struct ql_draw draw = s < 0 ? own : usual_settings[s];
            draw.seed = options->seed + (uint32_t)i;
            road->draws[count++] = draw;
            if (draw.temperature == 0.0f) {
                break; // all seeds give the same text
            }
        }
    }
    road->verification.draws = road->draws;
    road->verification.draw_count = count;
    road->verification.draw_length = options->length;
    return QL_OK;
}

// The text to read begins as all texts do: after a newline.
static enum ql_status make_text(struct ql_road *road, struct ql_error *error)
{
    const struct ql_road_options *options = &road->options;
    const struct ql_descriptor *descriptor = &road->descriptor;
    const struct ql_draw draw = {(float)descriptor->temperature, (float)descriptor->top_p, descriptor->top_k,
                                 options->seed};
    struct ql_token_text text = {0};
    size_t count = (size_t)options->characters;
    enum ql_status status = QL_OK;

    if (options->text_path != NULL) {
        status = ql_descriptor_text_load(&text, descriptor, options->text_path, error);
        if (status != QL_OK) {
            return status;
        }
        count = text.count < count ? text.count : count;
    }
    road->text.tokens = calloc(count + 1, sizeof road->text.tokens[0]);
    if (road->text.tokens == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the text");
    } else {
        road->text.tokens[0] = (uint16_t)road->model.rules.first_token;
        road->text.count = count + 1;
        if (text.tokens != NULL) {
            memcpy(road->text.tokens + 1, text.tokens, count * sizeof text.tokens[0]);
        } else {
            status = road->first.write(&road->first, road->text.tokens + 1, (int)count, &draw, error);
        }
    }
    ql_token_text_free(&text);
    road->verification.tokens = road->text.tokens;
    road->verification.T = (int)road->text.count;
    return status;
}

// Stages

const char *ql_road_stage_name(const struct ql_road_stage *stage)
{
    switch (stage->kind) {
    case QL_ROAD_ONE_CALL:
        return "one call";
    case QL_ROAD_CHECKPOINT:
        return "checkpoint";
    case QL_ROAD_ORT:
        return "ONNX Runtime";
    case QL_ROAD_INTEGER:
        return stage->product->name;
    case QL_ROAD_GENERATED:
        return stage->compiler->name;
    case QL_ROAD_EMULATED:
        return QL_EMULATED_STAGE;
    case QL_ROAD_FOREIGN:
        return "--c";
    }
    return "";
}

static void add_stage(struct ql_road *road, const struct ql_road_stage *stage)
{
    road->stages[road->stage_count++] = *stage;
}

// All stages of this model.
static void list_stages(struct ql_road *road)
{
    const bool in_float = road->options.format == QL_WEIGHTS_F32;

    if (in_float) {
        add_stage(road, &(struct ql_road_stage){.kind = QL_ROAD_ONE_CALL});
    }
    if (road->options.checkpoint_path != NULL) {
        add_stage(road, &(struct ql_road_stage){.kind = QL_ROAD_CHECKPOINT});
    }
    if (in_float) {
        add_stage(road, &(struct ql_road_stage){.kind = QL_ROAD_ORT});
    } else {
        const struct ql_integer_product *products[QL_INTEGER_PRODUCT_LIMIT];
        const int count = ql_integer_product_list(products);
        for (int k = 0; k < count - 1; k++) { // the last is the plain one
            add_stage(road, &(struct ql_road_stage){.kind = QL_ROAD_INTEGER, .product = products[k]});
        }
    }
    for (const struct ql_compiler *compiler = ql_compilers; compiler->name != NULL; compiler++) {
        add_stage(road, &(struct ql_road_stage){.kind = QL_ROAD_GENERATED, .compiler = compiler});
    }
    add_stage(road, &(struct ql_road_stage){.kind = QL_ROAD_EMULATED});
    if (road->options.c_path != NULL) {
        add_stage(road, &(struct ql_road_stage){.kind = QL_ROAD_FOREIGN, .compiler = &ql_foreign_compiler});
    }
}

// Returns whether the word of this size is in the name.
static bool has_word(const char *name, const char *word, size_t size)
{
    bool found = false;

    for (const char *place = name; *place != '\0' && size > 0 && !found; place++) {
        found = strncmp(place, word, size) == 0;
    }
    return found;
}

static enum ql_status refuse_word(const struct ql_road *road, const char *word, size_t size, struct ql_error *error)
{
    char names[QL_ERROR_MESSAGE_BYTES];
    int used = snprintf(names, sizeof names, "%s", road->first.name);

    for (int s = 0; s < road->stage_count && used < (int)sizeof names; s++) {
        used += snprintf(names + used, sizeof names - (size_t)used, ", %s", ql_road_stage_name(&road->stages[s]));
    }
    return ql_error_write(error, QL_ERROR_USAGE, "--stages: no stage has '%.*s' in its name; the stages are %s",
                          (int)(size < 80 ? size : 80), word, names);
}

// Leaves the stages that have one of the words, which are separated by commas, in their names. A word may also name the
// first stage, which always runs.
static enum ql_status choose_stages(struct ql_road *road, const char *words, struct ql_error *error)
{
    bool wanted[QL_ROAD_STAGE_LIMIT] = {false};
    int count = 0;

    for (const char *word = words; *word != '\0';) {
        const size_t size = strcspn(word, ",");
        bool found = size == 0 || has_word(road->first.name, word, size);
        for (int s = 0; s < road->stage_count; s++) {
            const bool fits = has_word(ql_road_stage_name(&road->stages[s]), word, size);
            wanted[s] |= fits;
            found |= fits;
        }
        if (!found) {
            return refuse_word(road, word, size, error);
        }
        word += size + (word[size] == ',');
    }
    for (int s = 0; s < road->stage_count; s++) {
        if (wanted[s]) {
            road->stages[count++] = road->stages[s];
        }
    }
    road->stage_count = count;
    return count > 0 ? QL_OK
                     : ql_error_write(error, QL_ERROR_USAGE, "--stages '%s': names no stage to compare with %s", words,
                                      road->first.name);
}

// The stage with which all others are compared.
static enum ql_status open_first(struct ql_road *road, struct ql_error *error)
{
    const struct ql_road_options *options = &road->options;

    if (options->format == QL_WEIGHTS_F32) {
        ql_session_stage_init(&road->first, &road->model, road->engine.name, true);
        return QL_OK;
    }
    if (options->checkpoint_path != NULL || options->c_path != NULL) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--quantize: a checkpoint and somebody else's C are in float; verify them without it");
    }
    enum ql_status status = ql_integer_form_open(&road->integer, &road->graph, &road->descriptor, options->format,
                                                 options->calibrate, error);
    return status == QL_OK ? ql_integer_stage_open(&road->first, &road->integer.model, &ql_integer_product_plain, error)
                           : status;
}

// A graph that was changed to take one token is written to a file, which replaces the model's from now on: no other
// runtime can run the model's own file token by token.
static enum ql_status write_changed(struct ql_road *road, struct ql_error *error)
{
    struct ql_file_writer writer;
    char path[QL_WORKSHOP_PATH_BYTES];
    unsigned char *bytes = NULL;
    size_t size_bytes = 0;
    enum ql_status status = QL_OK;

    if (road->token_graph.window == 0 && !road->token_graph.is_replaced) {
        return QL_OK;
    }
    ql_workshop_path(&road->workshop, path, "one_token.onnx");
    if ((status = ql_onnx_write(&bytes, &size_bytes, &road->graph, error)) == QL_OK &&
        (status = ql_file_writer_open(&writer, path, error)) == QL_OK) {
        (void)fwrite(bytes, 1, size_bytes, writer.stream); // errors show at the close
        status = ql_file_writer_close(&writer, error);
    }
    free(bytes);
    (void)snprintf(road->descriptor.path, sizeof road->descriptor.path, "%s", path);
    road->descriptor.sha256[0] = '\0';
    road->descriptor.window = 0;
    road->descriptor.constant_count = 0; // they are written in
    road->graph.logits_name = NULL;
    return status;
}

enum ql_status ql_road_open(struct ql_road *road, const struct ql_road_options *options, struct ql_error *error)
{
    enum ql_status status;

    road->options = *options;
    if ((options->c_path == NULL) != (options->entry == NULL) ||
        (options->exposed_path != NULL && options->c_path == NULL)) {
        return ql_error_write(
            error, QL_ERROR_USAGE,
            "--c FILE, --entry FUNCTION and --exposed-c FILE belong together; the first two need each "
            "other");
    }
    if ((status = ql_model_file_load(&road->descriptor, &road->graph, options->descriptor_path, error)) != QL_OK) {
        return status;
    }
    if (ql_token_graph_init(&road->token_graph, &road->graph, &road->descriptor, error) != QL_OK ||
        ql_engine_runner_open(&road->engine, &road->graph, error) != QL_OK ||
        ql_runner_session_open(&road->model, &road->engine, ql_engine_runner_program(&road->engine), &road->descriptor,
                               error) != QL_OK ||
        ql_text_session_check(&road->model, error) != QL_OK) {
        return ql_error_prefix(error, "%s: ", road->descriptor.path);
    }
    if ((status = open_first(road, error)) != QL_OK) {
        return status;
    }
    list_stages(road);
    if (options->stages != NULL && (status = choose_stages(road, options->stages, error)) != QL_OK) {
        return status;
    }
    road->verification.V = road->model.V;
    road->verification.rules = &road->model.rules;
    road->verification.tolerance = options->tolerance;
    if ((status = make_draws(road, error)) != QL_OK || (status = make_text(road, error)) != QL_OK ||
        (status = ql_verification_init(&road->verification, &road->first, error)) != QL_OK ||
        (status = ql_workshop_open(&road->workshop, options->tool, options->data_folder, error)) != QL_OK ||
        (status = write_changed(road, error)) != QL_OK) {
        return status;
    }
    return QL_OK;
}

void ql_road_close(struct ql_road *road)
{
    ql_workshop_close(&road->workshop);
    ql_verification_free(&road->verification);
    free(road->draws);
    ql_token_text_free(&road->text);
    ql_stage_close(&road->first);
    ql_integer_form_close(&road->integer);
    ql_text_session_close(&road->model);
    ql_runner_free(&road->engine);
    ql_graph_free(&road->graph);
    *road = (struct ql_road){0};
}

static enum ql_status write_generated(struct ql_road *road, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    if (!road->has_generated) {
        status = road->options.format == QL_WEIGHTS_F32
                     ? ql_generated_code_write(&road->workshop, "model", road->options.descriptor_path, false, error)
                     : ql_generated_integer_write(&road->workshop, road->options.descriptor_path,
                                                  ql_weight_format_write(road->options.format), road->options.calibrate,
                                                  error);
        road->has_generated = status == QL_OK;
    }
    return status;
}

static long count_parameters(const struct ql_graph *graph)
{
    long parameters = 0;

    for (int i = 0; i < graph->value_count; i++) {
        const struct ql_value *value = &graph->values[i];
        long count = value->data != NULL && value->type == QL_ELEMENT_F32 ? 1 : 0;
        for (int d = 0; d < value->rank; d++) {
            count *= value->dims[d];
        }
        parameters += count;
    }
    return parameters;
}

// A model that is too large for the chip is not faulty: the stage is skipped.
static enum ql_status check_flash(const struct ql_road *road, struct ql_error *error)
{
    enum { FLASH_BYTES = 2 << 20, PROGRAM_BYTES = 64 << 10 };
    const long parameters = count_parameters(&road->graph);
    const long bytes = road->options.format == QL_WEIGHTS_F32  ? 4 * parameters
                       : road->options.format == QL_WEIGHTS_S8 ? parameters
                                                               : parameters / 2;

    return bytes <= FLASH_BYTES - PROGRAM_BYTES
               ? QL_OK
               : ql_error_write(error, QL_ERROR_SYSTEM,
                                "the model has %ld bytes of weights, and the chip's flash has %d", bytes,
                                (int)FLASH_BYTES);
}

// What a slow stage does: the beginning of the text that is read, and of the first one that is written; or, where the user
// has given a length, as many whole texts as it holds.
static struct ql_verification shorten(const struct ql_verification *verification, const struct ql_graph *graph,
                                      const struct ql_road_options *options)
{
    enum { INTEGER_SPEED = 25 }; // at least this many times as fast as float
    struct ql_verification shorter = *verification;
    const long parameters = count_parameters(graph);
    const int length = options->emulated_length > 0        ? options->emulated_length
                       : options->format == QL_WEIGHTS_F32 ? ql_emulated_length(parameters)
                                                           : ql_emulated_length(parameters / INTEGER_SPEED);
    shorter.T = shorter.T < length ? shorter.T : length;
    shorter.draw_length = shorter.draw_length < length ? shorter.draw_length : length;
    const int texts = options->emulated_length > 0 && shorter.draw_length > 0 ? length / shorter.draw_length : 1;
    shorter.draw_count = shorter.draw_count < texts ? shorter.draw_count : texts;
    return shorter;
}

// Logits inside a function, a branch, or a loop cannot become an output of the file.
static enum ql_status check_logits_name(const struct ql_road *road, struct ql_error *error)
{
    struct ql_file_view file;
    const char *name = road->graph.logits_name;
    enum ql_status status = road->graph.is_inlined ? ql_file_open(&file, road->descriptor.path, error) : QL_OK;

    if (status != QL_OK || !road->graph.is_inlined) {
        return status;
    }
    if (ql_bytes_find((const unsigned char *)file.data, file.size_bytes, name, strlen(name)) == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM,
                                "the logits are made within a function, a branch or a loop of the model, and ONNX "
                                "Runtime shows only the probabilities");
    }
    ql_file_close(&file);
    return status;
}

// Opens the stage of ONNX Runtime with a descriptor that names all roles: they do not follow from the order in a file.
// If the file gives probabilities, it gets the logits as an additional output.
static enum ql_status open_runtime(struct ql_road *road, struct ql_stage *stage, struct ql_error *error)
{
    struct ql_descriptor *descriptor = calloc(1, sizeof *descriptor);
    char path[QL_WORKSHOP_PATH_BYTES], script[QL_WORKSHOP_PATH_BYTES], model[PATH_MAX];
    enum ql_status status = QL_OK;

    if (descriptor == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the descriptor");
    }
    *descriptor = road->descriptor;
    if (road->graph.logits_name != NULL) {
        ql_workshop_path(&road->workshop, path, "logits.onnx");
        status = check_logits_name(road, error);
        if (status == QL_OK) {
            status = ql_exposed_model_save(path, road->descriptor.path, &road->graph, error);
        }
        (void)snprintf(descriptor->filename, sizeof descriptor->filename, "logits.onnx");
        (void)snprintf(descriptor->logits, sizeof descriptor->logits, "%s", road->graph.logits_name);
        descriptor->sha256[0] = '\0';
    } else if (realpath(road->descriptor.path, model) != NULL) {
        (void)snprintf(descriptor->filename, sizeof descriptor->filename, "%s", model);
    } else {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "%s: no longer exists", road->descriptor.path);
    }
    ql_workshop_path(&road->workshop, path, "runtime.json");
    ql_workshop_data_path(&road->workshop, script, "web/ort_server.js");
    if (status == QL_OK && (status = ql_descriptor_save(descriptor, path, error)) == QL_OK) {
        status = ql_ort_stage_open(stage, path, road->model.V, script, error);
    }
    free(descriptor);
    return status;
}

// A language model run by somebody else's C.
struct foreign {
    struct ql_runner runner;
    struct ql_text_session model;
};

static enum ql_status open_foreign(struct ql_road *road, struct ql_stage *stage, struct foreign *foreign,
                                   const struct ql_compiler *compiler, struct ql_error *error)
{
    const struct ql_program *program = ql_engine_runner_program(&road->engine);
    if (road->graph.logits_name != NULL) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the C gives probabilities, but verification compares logits; export the model with its "
                              "logits as the output");
    }
    if (road->token_graph.window > 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the C takes %d tokens at a time, but verification compares token by token. Verify the "
                              "model without --c, or export it with sequence 1",
                              road->token_graph.window);
    }
    if (road->token_graph.is_replaced) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the C would need the begin symbol in the place of the end symbol, which is not "
                              "supported. Verify the model without --c");
    }
    if (road->descriptor.constant_count > 0) {
        return ql_error_write(
            error, QL_ERROR_INPUT,
            "the C would take '%.60s' as an argument, which the descriptor's field 'constants' fixes; "
            "that is not supported. Verify the model without --c",
            road->descriptor.constants[0].input);
    }
    enum ql_status status = ql_arrays_runner_open(&foreign->runner, &road->workshop, compiler, road->options.c_path,
                                                  road->options.entry, program, error);

    if (status == QL_OK) {
        (void)snprintf(foreign->runner.name, sizeof foreign->runner.name, "--c, %s", compiler->name);
        status = ql_runner_session_open(&foreign->model, &foreign->runner, program, &road->descriptor, error);
    }
    if (status == QL_OK) {
        ql_session_stage_init(stage, &foreign->model, foreign->runner.name, false);
    }
    return status;
}

static enum ql_status open_stage(struct ql_road *road, struct ql_stage *stage, struct foreign *foreign,
                                 const struct ql_road_stage *kind, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    switch (kind->kind) {
    case QL_ROAD_ONE_CALL:
        break;
    case QL_ROAD_CHECKPOINT:
        status = ql_checkpoint_stage_open(stage, road->options.checkpoint_path, &road->descriptor, error);
        break;
    case QL_ROAD_ORT:
        status = open_runtime(road, stage, error);
        break;
    case QL_ROAD_INTEGER:
        status = ql_integer_stage_open(stage, &road->integer.model, kind->product, error);
        break;
    case QL_ROAD_GENERATED:
        status = write_generated(road, error);
        if (status == QL_OK) {
            status = ql_generated_stage_open(stage, &road->workshop, kind->compiler, road->model.V, error);
        }
        break;
    case QL_ROAD_EMULATED:
        if ((status = check_flash(road, error)) == QL_OK) {
            status = write_generated(road, error);
        }
        if (status == QL_OK) {
            status = ql_emulated_stage_open(stage, &road->workshop, road->model.V, error);
        }
        break;
    case QL_ROAD_FOREIGN:
        status = open_foreign(road, stage, foreign, kind->compiler, error);
        break;
    }
    return status;
}

enum ql_status ql_road_step(struct ql_road *road, int stage_number, struct ql_road_report *report,
                            struct ql_error *error)
{
    const struct ql_road_stage *kind = &road->stages[stage_number];
    struct ql_stage stage = {0};
    struct foreign foreign = {0};
    enum ql_status status = QL_OK;

    *report = (struct ql_road_report){0};
    if (kind->kind == QL_ROAD_ONE_CALL) {
        (void)snprintf(report->name, sizeof report->name, "%s", ql_road_stage_name(kind));
        return road->token_graph.window == 0
                   ? ql_one_call_compare(&report->comparison, &road->graph, &road->descriptor, &road->model,
                                         road->verification.tokens, road->verification.T, road->options.tolerance,
                                         error)
                   : ql_one_call_compare_windows(&report->comparison, road->options.descriptor_path, &road->token_graph,
                                                 &road->model, road->verification.tokens, road->verification.T,
                                                 road->options.tolerance, error);
    }
    status = open_stage(road, &stage, &foreign, kind, error);
    (void)snprintf(report->name, sizeof report->name, "%s", status == QL_OK ? stage.name : ql_road_stage_name(kind));
    if (status == QL_ERROR_SYSTEM) {
        // Memory or room on the disk is missing: all ends here, because a stage that was skipped would seem not to matter.
    } else if (status != QL_OK) {
        report->comparison.verdict = status == QL_ERROR_MISSING ? QL_VERDICT_SKIPPED : QL_VERDICT_FAILED;
        memcpy(report->comparison.message, error->message, sizeof report->comparison.message);
        status = QL_OK;
    } else {
        const struct ql_verification verification = kind->kind == QL_ROAD_EMULATED
                                                        ? shorten(&road->verification, &road->graph, &road->options)
                                                        : road->verification;
        status = ql_verification_step(&verification, &report->comparison, &stage, error);
        if (status == QL_OK && report->comparison.verdict == QL_VERDICT_DIFFERS &&
            road->options.format == QL_WEIGHTS_F32) {
            ql_road_part_write(road, report, kind, &stage);
        }
    }
    ql_stage_close(&stage);
    ql_text_session_close(&foreign.model);
    ql_runner_free(&foreign.runner);
    return status;
}

enum ql_status ql_road_expose(const char *exposed_path, const char *descriptor_path, struct ql_error *error)
{
    struct ql_descriptor *descriptor = calloc(1, sizeof *descriptor);
    struct ql_graph graph = {0};
    enum ql_status status;

    if (descriptor == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the descriptor");
    }
    const char *inputs[] = {descriptor_path, descriptor->path};
    if ((status = ql_model_file_load(descriptor, &graph, descriptor_path, error)) == QL_OK &&
        (status = ql_file_check_output(exposed_path, inputs, 2, error)) == QL_OK &&
        (status = ql_model_file_check_output(exposed_path, &graph, error)) == QL_OK) {
        status = ql_exposed_model_save(exposed_path, descriptor->path, &graph, error);
    }
    ql_graph_free(&graph);
    free(descriptor);
    return status;
}
