// Where a stage diverges from the host engine: at which token, and in which node of the graph. See road_part.h.
// Uses: base, onnx, engine, verify.
#include "verify/road_part.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/onnx_reader.h"
#include "verify/bisection.h"
#include "verify/exposed_model.h"
#include "verify/generated_code.h"

// The tokens up to the one at which the stages diverge: of the text that all read, or of one that they wrote.
// The caller frees *tokens.
static enum ql_status copy_prefix(uint16_t **tokens, int *count, const struct ql_road *road,
                                  const struct ql_comparison *comparison, struct ql_error *error)
{
    const struct ql_verification *v = &road->verification;
    const bool is_read = comparison->first_logits >= 0;

    *count = (is_read ? comparison->first_logits : comparison->first_character) + 1;
    *tokens = calloc((size_t)*count, sizeof **tokens);
    if (*tokens == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a text");
    }
    if (is_read) {
        memcpy(*tokens, v->tokens, (size_t)*count * sizeof **tokens);
    } else {
        (*tokens)[0] = (uint16_t)v->rules->first_token;
        memcpy(*tokens + 1, v->texts + (size_t)comparison->first_draw * (size_t)v->draw_length,
               (size_t)(*count - 1) * sizeof **tokens);
    }
    return QL_OK;
}

// Returns whether the logits of the last of the tokens differ between the engine and the stage.
static enum ql_status check_logits(bool *differs, struct ql_road *road, struct ql_stage *stage, const uint16_t *tokens,
                                   int count, struct ql_error *error)
{
    const size_t V = (size_t)road->model.V;
    float *ours = malloc((size_t)count * V * sizeof ours[0]);
    float *theirs = malloc((size_t)count * V * sizeof theirs[0]);
    struct ql_difference difference = {0};
    enum ql_status status = QL_OK;

    if (ours == NULL || theirs == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the logits");
    }
    if (status == QL_OK && (status = road->first.read(&road->first, ours, tokens, count, error)) == QL_OK &&
        (status = stage->read(stage, theirs, tokens, count, error)) == QL_OK) {
        ql_difference_step(&difference, ours + (size_t)(count - 1) * V, theirs + (size_t)(count - 1) * V, V);
        *differs = stage->is_ours ? difference.unequal > 0 : difference.relative > road->options.tolerance;
    }
    free(ours);
    free(theirs);
    return status;
}

// A runner of the stage's kind on the file with all values exposed; for the checkpoint there is none.
static enum ql_status open_exposed(struct ql_road *road, struct ql_runner *runner, const struct ql_road_stage *stage,
                                   const char *exposed_path, const struct ql_program *exposed, struct ql_error *error)
{
    char path[QL_WORKSHOP_PATH_BYTES];
    enum ql_status status;

    switch (stage->kind) {
    case QL_ROAD_ORT:
        ql_workshop_data_path(&road->workshop, path, "web/ort_server.js");
        return ql_ort_runner_open(runner, exposed, exposed_path, path, error);
    case QL_ROAD_GENERATED:
        if ((status = ql_generated_code_write(&road->workshop, "exposed", exposed_path, true, error)) != QL_OK) {
            return status;
        }
        ql_workshop_path(&road->workshop, path, "exposed.c");
        return ql_arrays_runner_open(runner, &road->workshop, stage->compiler, path, "exposed_run", exposed, error);
    case QL_ROAD_FOREIGN: {
        const bool shows_all = road->options.exposed_path != NULL;
        return ql_arrays_runner_open(runner, &road->workshop, stage->compiler,
                                     shows_all ? road->options.exposed_path : road->options.c_path, road->options.entry,
                                     shows_all ? exposed : ql_engine_runner_program(&road->engine), error);
    }
    case QL_ROAD_EMULATED:
        return ql_error_write(error, QL_ERROR_INPUT,
                              "the program in the emulator shows its logits only; the stages that run the same C here "
                              "name the node if it is the C that differs");
    default:
        return ql_error_write(error, QL_ERROR_INPUT, "a checkpoint has no graph");
    }
}

// Fills the inputs of the file with the engine's, and with the descriptor's constants, which are not inputs of the
// engine.
static void fill_inputs(struct ql_runner *runner, const struct ql_road *road)
{
    for (int i = 0; i < runner->input_count; i++) {
        const char *name = runner->inputs[i].name;
        const int value = ql_graph_find(&road->graph, name);
        const void *data = value < 0 ? NULL : road->graph.values[value].data;
        for (int k = 0; k < road->engine.input_count && data == NULL; k++) {
            data = strcmp(road->engine.inputs[k].name, name) == 0 ? road->engine.inputs[k].data : NULL;
        }
        if (data != NULL) {
            memcpy(runner->inputs[i].data, data, runner->inputs[i].bytes);
        }
    }
}

// How two engines drift apart that read a text, each with its own state.
struct drift {
    int first, beyond;          // tokens after which an output differs at all, and by more than the tolerance; -1: none
    double at_first, at_beyond; // by how much, in units of the output's largest number, or of 1 where that is less
    const char *name;           // of the output that is beyond the tolerance
};

// Puts the states of the last run back in, or zeros. The states are found by their names.
static void carry_states(struct ql_runner *runner, const struct ql_road *road, bool is_reset)
{
    const struct ql_model_roles *roles = &road->model.roles;

    for (int s = 0; s < roles->state_count; s++) {
        const char *names[] = {road->engine.inputs[roles->states[s].input].name,
                               road->engine.outputs[roles->states[s].output].name};
        const struct ql_array *input = ql_array_find(runner->inputs, runner->input_count, names[0]);
        const struct ql_array *output = ql_array_find(runner->outputs, runner->output_count, names[1]);
        if (input != NULL && is_reset) {
            memset(input->data, 0, input->bytes);
        } else if (input != NULL && output != NULL) {
            memcpy(input->data, output->data, input->bytes);
        }
    }
}

// Compares the states after token t, and then the logits.
static void compare_outputs(struct drift *drift, const struct ql_road *road, struct ql_runner *left,
                            struct ql_runner *right, int t)
{
    const struct ql_model_roles *roles = &road->model.roles;

    for (int s = 0; s <= roles->state_count && drift->beyond < 0; s++) {
        const int number = s < roles->state_count ? roles->states[s].output : roles->logits;
        const char *name = s == roles->state_count && road->graph.logits_name != NULL
                               ? road->graph.logits_name
                               : road->engine.outputs[number].name;
        const struct ql_array *ours = ql_array_find(left->outputs, left->output_count, name);
        const struct ql_array *theirs = ql_array_find(right->outputs, right->output_count, name);
        struct ql_difference difference = {0};
        if (ours == NULL || theirs == NULL) {
            continue;
        }
        if (ours->type == QL_ELEMENT_F32) {
            ql_difference_step(&difference, ours->data, theirs->data, (size_t)ours->count);
        } else if (memcmp(ours->data, theirs->data, ours->bytes) != 0) {
            difference.relative = INFINITY;
        }
        if (difference.relative > 0.0 && drift->first < 0) {
            drift->first = t;
            drift->at_first = difference.relative;
        }
        if (difference.relative > road->options.tolerance) {
            *drift = (struct drift){drift->first, t, drift->at_first, difference.relative, name};
        }
    }
}

// Lets both read the tokens from zero state, up to where they differ by more than the tolerance.
static enum ql_status read_drift(struct drift *drift, struct ql_road *road, struct ql_runner *left,
                                 struct ql_runner *right, const uint16_t *tokens, int count, struct ql_error *error)
{
    struct ql_runner *both[] = {left, right};
    enum ql_status status = QL_OK;

    *drift = (struct drift){.first = -1, .beyond = -1};
    for (int t = 0; t < count && drift->beyond < 0 && status == QL_OK; t++) {
        const bool is_reset = t == 0 || ql_text_rules_reset_at(&road->model.rules, tokens[t]);
        ql_text_session_load_token(&road->model, tokens[t]);
        for (int k = 0; k < 2 && status == QL_OK; k++) {
            fill_inputs(both[k], road);
            carry_states(both[k], road, is_reset);
            status = both[k]->step(both[k], error);
        }
        if (status == QL_OK) {
            compare_outputs(drift, road, left, right, t);
        }
    }
    return status;
}

// No node differs. Is it the engines that drift apart, or what the stage does between the steps?
static enum ql_status explain_agreement(struct ql_road *road, char *part, size_t part_bytes, bool is_ours,
                                        struct ql_runner *left, struct ql_runner *right, const uint16_t *tokens,
                                        int count, struct ql_error *error)
{
    const size_t size = strlen(part);
    struct drift drift = {.beyond = -1};
    const enum ql_status status = is_ours ? QL_OK : read_drift(&drift, road, left, right, tokens, count, error);

    if (status == QL_OK && drift.beyond < 0) {
        (void)snprintf(part + size, part_bytes - size,
                       " So the\ndifference is not in a node: the state is carried or reset in another way.");
    } else if (status == QL_OK) {
        (void)snprintf(
            part + size, part_bytes - size,
            "\nBut when both read the text from its beginning, each with its own state, they drift apart:\n%s "
            "is the first to differ by more than the tolerance, after character %d, by %.1e of its\nlargest "
            "number. The first difference was %.1e, after character %d. A difference that grows slowly\n"
            "from step to step is rounding, which this model amplifies; one that is large at once is not.",
            drift.name, drift.beyond + 1, drift.at_beyond, drift.at_first, drift.first + 1);
    }
    return status;
}

static enum ql_status bisect(struct ql_road *road, char *part, size_t part_bytes, const struct ql_road_stage *kind,
                             struct ql_stage *stage, const uint16_t *tokens, int count, struct ql_error *error)
{
    char exposed_path[QL_WORKSHOP_PATH_BYTES];
    struct ql_graph graph = {0};
    struct ql_runner left = {0}, right = {0};
    struct ql_bisection bisection;
    enum ql_status status = QL_OK;

    // The engine's state before the last token.
    ql_text_session_reset(&road->model);
    for (int t = 0; t + 1 < count && status == QL_OK; t++) {
        status = ql_text_session_step(&road->model, tokens[t], error);
    }
    ql_text_session_load_token(&road->model, tokens[count - 1]);

    ql_workshop_path(&road->workshop, exposed_path, "exposed.onnx");
    if (status != QL_OK ||
        (status = ql_exposed_model_save(exposed_path, road->descriptor.path, &road->graph, error)) != QL_OK ||
        (status = ql_onnx_load(&graph, exposed_path, error)) != QL_OK ||
        (status = ql_engine_runner_open(&left, &graph, error)) != QL_OK ||
        (status = open_exposed(road, &right, kind, exposed_path, ql_engine_runner_program(&left), error)) != QL_OK) {
        goto done;
    }
    fill_inputs(&left, road);
    status = ql_bisection_read(&bisection, &graph, &left, &right, stage->is_ours, road->options.tolerance, error);
    if (status == QL_OK) {
        ql_bisection_write(&bisection, part, part_bytes, &graph, &left, stage->name);
        if (bisection.node < 0) {
            status = explain_agreement(road, part, part_bytes, stage->is_ours, &left, &right, tokens, count, error);
        }
        if (kind->kind == QL_ROAD_FOREIGN && road->options.exposed_path == NULL) {
            const size_t size = strlen(part);
            (void)snprintf(part + size, part_bytes - size,
                           "\nThis C shows %d of %d nodes. To see them all: write the model with --expose FILE, make "
                           "C of it,\nand give that as --exposed-c, too.",
                           bisection.compared, graph.node_count);
        }
    }
done:
    ql_runner_free(&left);
    ql_runner_free(&right);
    ql_graph_free(&graph);
    return status;
}

// The entries of a part: those of a cache, otherwise the part itself is one.
static int count_entries(const struct ql_state_part *part)
{
    return part->kind == QL_STATE_APPEND ? part->dims[0] : 1;
}

// Compares a part of the checkpoint's state with the rows of its layer in the graph's, (L, entries, size). A cache of the
// graph has its newest entry last; that of the checkpoint is a ring, in which token t has entry t modulo `entries`, so
// after `position` tokens the oldest one stands at `position`.
static struct ql_difference compare_part(const struct ql_array *output, const struct ql_state_part *part,
                                         const float *theirs, int64_t position)
{
    const int entries = count_entries(part), size = part->count / entries;
    const float *ours = (const float *)output->data + (ptrdiff_t)part->layer * part->count;
    struct ql_difference difference = {0};

    for (int e = 0; e < entries; e++) {
        const ptrdiff_t slot = (ptrdiff_t)((position + e) % entries);
        ql_difference_step(&difference, ours + (ptrdiff_t)e * size, theirs + slot * size, (size_t)size);
    }
    return difference;
}

// The tokens that a checkpoint has read since its state was zero; 0 where it does not count them.
static int64_t read_position(const struct ql_text_session *checkpoint)
{
    int64_t position = 0;

    for (int k = 0; k < checkpoint->layout.part_count; k++) {
        if (checkpoint->layout.parts[k].kind == QL_STATE_COUNTER) {
            memcpy(&position, checkpoint->state[k], sizeof position);
        }
    }
    return position;
}

// A checkpoint has no graph, but its state has the same parts as the model's: part s of layer l is row l of the s-th
// state of the graph.
static enum ql_status find_layer(struct ql_road *road, char *part, size_t part_bytes, struct ql_stage *stage,
                                 const uint16_t *tokens, int count, struct ql_error *error)
{
    const struct ql_text_session *checkpoint = stage->self;
    const struct ql_state_layout *layout = &checkpoint->layout;
    const int L = layout->parts[layout->part_count - 1].layer + 1;
    const int64_t position = read_position(checkpoint);
    enum ql_status status = QL_OK;

    ql_text_session_reset(&road->model);
    for (int t = 0; t < count && status == QL_OK; t++) {
        status = ql_text_session_step(&road->model, tokens[t], error);
    }
    for (int k = 0; k < layout->part_count && status == QL_OK; k++) {
        const struct ql_state_part *theirs = &layout->parts[k];
        const int s = (int)(theirs - ql_state_layout_find(layout, theirs->layer));
        if (theirs->layer < 0 || s >= road->model.roles.state_count) {
            continue;
        }
        const struct ql_array *output = &road->engine.outputs[road->model.roles.states[s].output];
        const int l = theirs->layer, entries = count_entries(theirs), size = theirs->count / entries;
        if (output->count != L * theirs->count || output->dims[output->rank - 1] != size) {
            (void)snprintf(
                part, part_bytes,
                "The state %s of the graph does not have the shape of the checkpoint's, (%d, %d, %d), so the "
                "two\ncannot be compared layer by layer.",
                output->name, L, entries, size);
            return QL_OK;
        }
        const struct ql_difference difference = compare_part(output, theirs, checkpoint->state[k], position);
        if (difference.unequal > 0) {
            (void)snprintf(part, part_bytes,
                           "After character %d, layer %d of %d is the first whose state differs: %s [%d, %d, %d] "
                           "is %.9g here,\n%.9g in the checkpoint; %zu of %d differ.%s",
                           count, l + 1, L, output->name, l, (int)difference.worst / size, (int)difference.worst % size,
                           (double)difference.left, (double)difference.right, difference.unequal, theirs->count,
                           theirs->kind == QL_STATE_APPEND && l > 0
                               ? " The cause is there, or in the layer before,\nafter its keys and values."
                               : "");
            return QL_OK;
        }
    }
    (void)snprintf(part, part_bytes, "The states of all layers agree after character %d, so it is %s.", count,
                   layout->parts[layout->part_count - 1].kind == QL_STATE_APPEND
                       ? "the last layer after its keys and values,\nor the output layer"
                       : "the output layer");
    return status;
}

// Finds out where a differing stage diverges, and writes it to report->part.
void ql_road_part_write(struct ql_road *road, struct ql_road_report *report, const struct ql_road_stage *kind,
                        struct ql_stage *stage)
{
    uint16_t *tokens = NULL;
    int count;
    bool differs = false;
    struct ql_error error;
    enum ql_status status;

    if ((status = copy_prefix(&tokens, &count, road, &report->comparison, &error)) == QL_OK &&
        (status = check_logits(&differs, road, stage, tokens, count, &error)) == QL_OK) {
        if (!differs) {
            (void)snprintf(
                report->part, sizeof report->part,
                "The logits of this text agree when it is read. So the sampler or its random numbers differ, or the\n"
                "beginning of a text.");
        } else if (kind->kind == QL_ROAD_CHECKPOINT) {
            status = find_layer(road, report->part, sizeof report->part, stage, tokens, count, &error);
        } else {
            status = bisect(road, report->part, sizeof report->part, kind, stage, tokens, count, &error);
        }
    }
    if (status != QL_OK) {
        (void)snprintf(report->part, sizeof report->part, "The place where it differs could not be found: %s",
                       error.message);
    }
    free(tokens);
}
