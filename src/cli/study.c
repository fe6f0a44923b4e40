// `quillet study`: counts what models write at many settings, and compares it with the text that they were trained on.
// Uses: base, checkpoint, corpus, onnx/model_file, generate, study, jansson.
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory_stream.h"
#include "checkpoint/checkpoint.h"
#include "cli/batch_writer.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "cli/launcher.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/sampling.h"
#include "cli/terminal.h"
#include "corpus/item_hash.h"
#include "onnx/model_file.h"
#include "study/pair_test.h"
#include "study/report.h"
#include "study/study_cell.h"
#include "study/study_cell_file.h"

static const char usage[] = "study --corpus names.txt [OPTION ...] MODEL ...\n       mpirun -n RANKS quillet study ...";
static const char summary_text[] = "Lets models write many items at every setting of a grid, measures the items,\n"
                                   "and writes a report that says which model and which settings come nearest to\n"
                                   "the text. A model is a checkpoint, or the descriptor (.json) of an exported\n"
                                   "one. An interrupted study continues when the same command is given again.";

enum { VALUE_LIMIT = 24, MODEL_LIMIT = 64, MODEL_CONTENT_BYTES = 3 * QL_CONTENT_BYTES };

static const char default_wordlist[] = "/usr/share/dict/words";

// A change to what is counted, or how, needs a new version, so that old cells are not reused.
static const char count_version[] = "3";

struct settings {
    const char *init_from, *corpus, *output, *temperature, *top_p, *top_k, *count, *wordlist, *words, *filter, *lexicon,
        *against, *language;
    int items, sentences, max_length, threads;
    struct ql_cli_choice choice;
    uint32_t seed;
    bool quiet;
    double temperatures[VALUE_LIMIT], top_ps[VALUE_LIMIT], top_ks[VALUE_LIMIT];
    size_t temperature_count, top_p_count, top_k_count;
};

struct study {
    struct settings settings;
    const char *models[MODEL_LIMIT];
    size_t model_count;
    char *lists[2]; // copies of --init-from and --count, cut at the commas
    struct ql_yardstick yardstick;
    struct ql_grammar *grammar;                // NULL when no sentences are parsed
    char no_sentences[QL_ERROR_MESSAGE_BYTES]; // why, if that was not requested
    char *cell_folder;
    int lock;         // of the output folder
    char *common_key; // everything that all cells depend on
    json_t *result;
    struct ql_exchange *exchange; // with the other ranks, each of which has its own study
    // The cell that is being computed.
    struct ql_cli_batch_writer *writer;
    const char *opened; // the model of the last cell that was computed for others
    struct ql_study_cell_items items;
    struct ql_pair_side *side; // of a comparison; NULL otherwise
    struct ql_item_reader reader;
    struct ql_cli_text text;
    // Progress.
    struct ql_cli_progress progress;
    size_t done, all; // runs of the model
    double started;
    uint64_t symbols;
    double seconds; // spent on them
};

// --- Items ---

static enum ql_status take_item(void *context, const struct ql_generated_item *item, struct ql_error *error)
{
    struct study *study = context;
    struct ql_item_traits traits;
    enum ql_status status = QL_OK;

    study->text.size = 0;
    for (int k = 0; k < item->length && status == QL_OK; k++) {
        status = ql_cli_text_write_token(&study->text, study->writer->vocabulary, item->tokens[k], error);
    }
    const char *bytes = study->text.bytes == NULL ? "" : study->text.bytes;
    if (status == QL_OK && study->side == NULL) {
        return ql_study_cell_items_add(&study->items, bytes, study->text.size, item->cut, error);
    }
    if (status == QL_OK) {
        status = ql_item_traits_read(&traits, &study->reader, &study->yardstick, bytes, study->text.size, false, error);
    }
    return status == QL_OK ? ql_pair_side_add(study->side, &traits, error) : status;
}

static bool show_progress(void *context, uint32_t complete)
{
    struct study *study = context;
    const double share =
        ((double)study->done + (double)complete / study->settings.items) / (double)(study->all == 0 ? 1 : study->all);
    const double elapsed = ql_cli_seconds() - study->started;
    char left[32], text[128];

    if (study->progress.shown) {
        ql_cli_write_time(left, share > 0.0 ? elapsed / share - elapsed : 0.0);
        (void)snprintf(text, sizeof text, "cell %zu of %zu, %s left", study->done + 1, study->all, left);
        ql_cli_progress_write(&study->progress, share, text);
    }
    return !ql_cli_interrupted;
}

// Has the open model write all items of one setting.
static enum ql_status generate(struct study *study, const struct ql_batch_sampling *sampling, uint32_t seed,
                               struct ql_error *error)
{
    const double before = ql_cli_seconds();
    struct ql_generation_result result;

    study->writer->generator.sampling = *sampling;
    study->writer->generator.seed = seed;
    study->writer->generator.max_length = study->settings.max_length;
    study->writer->generator.best = study->settings.choice.best;
    study->writer->generator.min_length = study->settings.choice.min_length;
    enum ql_status status = ql_generation_run(&study->writer->generator, 0, (uint32_t)study->settings.items, take_item,
                                              show_progress, study, &result, error);
    study->symbols += result.symbols;
    study->seconds += ql_cli_seconds() - before;
    return status;
}

// --- Cells ---

// The content of the files beside a model that contain data of its tensors; "" if there are none.
static enum ql_status read_data_content(char content[QL_CONTENT_BYTES], const struct ql_graph *graph,
                                        struct ql_error *error)
{
    uint64_t hash = ql_hash_start;
    enum ql_status status = QL_OK;

    for (const struct ql_data_file *file = graph->data_files; file != NULL && status == QL_OK; file = file->next) {
        status = ql_content_read(content, file->path, error);
        hash = ql_hash_step(hash, content, strlen(content));
    }
    if (graph->data_files != NULL) {
        (void)snprintf(content, QL_CONTENT_BYTES, "%016" PRIx64, ql_hash_mix(hash));
    }
    return status;
}

// The content of a descriptor's model, which can have several files.
static enum ql_status read_graph_content(char model[QL_CONTENT_BYTES], char data[QL_CONTENT_BYTES], const char *path,
                                         struct ql_error *error)
{
    struct ql_descriptor *descriptor = malloc(sizeof *descriptor);
    struct ql_graph graph = {0};
    enum ql_status status = descriptor == NULL
                                ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the model")
                                : ql_model_file_load(descriptor, &graph, path, error);

    if (status == QL_OK && (status = ql_content_read(model, descriptor->path, error)) == QL_OK) {
        status = read_data_content(data, &graph, error);
    }
    ql_graph_free(&graph);
    free(descriptor);
    return status;
}

// The content of a model's files: descriptor or checkpoint, model, and data of its tensors.
static enum ql_status read_content(char content[MODEL_CONTENT_BYTES], const char *path, struct ql_error *error)
{
    char first[QL_CONTENT_BYTES] = "", second[QL_CONTENT_BYTES] = "", third[QL_CONTENT_BYTES] = "";
    enum ql_status status = ql_checkpoint_check(path, error);

    if (status == QL_OK) {
        status = ql_content_read(first, path, error);
    }
    if (status == QL_OK && ql_descriptor_is_path(path)) {
        status = read_graph_content(second, third, path, error);
    }
    if (status == QL_OK) {
        (void)snprintf(content, MODEL_CONTENT_BYTES, "%s%s%s", first, second, third);
    }
    return status;
}

static enum ql_status make_key(char **key, const struct study *study, const char *kind, const char *content,
                               const struct ql_batch_sampling *sampling, struct ql_error *error)
{
    *key = ql_bytes_format("%s %s, model %s, temperature %.9g, top_p %.9g, top_k %d", study->common_key, kind, content,
                           (double)sampling->temperature, (double)sampling->top_p, sampling->top_k);
    if (*key == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for a cell");
    }
    return QL_OK;
}

// Counts the open model's items of one setting.
static enum ql_status count_cell(struct study *study, json_t **cell, const struct ql_batch_sampling *sampling,
                                 struct ql_error *error)
{
    study->items = (struct ql_study_cell_items){.size = study->yardstick.item_count};
    enum ql_status status = generate(study, sampling, study->settings.seed, error);
    const double before = ql_cli_seconds();
    if (status == QL_OK) {
        status = ql_study_cell_count(cell, &study->items, &study->yardstick, false, error);
    }
    if (status == QL_OK && study->grammar != NULL) {
        status = ql_study_cell_parse(*cell, &study->items, study->grammar, (uint64_t)study->settings.sentences, error);
    }
    study->seconds += ql_cli_seconds() - before;
    ql_study_cell_items_free(&study->items);
    return status;
}

static enum ql_status open_model(struct study *study, const char *path, struct ql_error *error)
{
    if (study->writer != NULL) {
        return QL_OK;
    }
    enum ql_status status = ql_cli_batch_writer_open(&study->writer, path, NULL, study->settings.threads, error);
    if (status == QL_OK && study->settings.lexicon != NULL) {
        status = ql_cli_batch_writer_load_guard(study->writer, NULL, study->settings.lexicon, error);
    }
    return status;
}

static void close_model(struct study *study)
{
    ql_cli_batch_writer_close(study->writer);
    study->writer = NULL;
}

// Loads a cell from the folder, or computes it and saves it there. A model is loaded only for missing cells.
static enum ql_status find_cell(struct study *study, json_t **cell, const char *path, const char *content,
                                const struct ql_batch_sampling *sampling, struct ql_error *error)
{
    char *key;
    enum ql_status status = make_key(&key, study, "cell", content, sampling, error);

    if (status != QL_OK) {
        return status;
    }
    *cell = ql_study_cell_file_load(study->cell_folder, key);
    if (*cell == NULL && (status = open_model(study, path, error)) == QL_OK &&
        (status = count_cell(study, cell, sampling, error)) == QL_OK) {
        status = ql_study_cell_file_save(study->cell_folder, key, *cell, error);
    }
    free(key);
    return status;
}

// The settings of the grid, one after another; temperature varies fastest.
static bool next_setting(const struct settings *settings, size_t n, struct ql_batch_sampling *sampling)
{
    const size_t t = n % settings->temperature_count, rest = n / settings->temperature_count;
    const size_t k = rest % settings->top_k_count, p = rest / settings->top_k_count;

    if (p >= settings->top_p_count) {
        return false;
    }
    *sampling = (struct ql_batch_sampling){.temperature = (float)settings->temperatures[t],
                                           .top_p = (float)settings->top_ps[p],
                                           .top_k = (int)settings->top_ks[k]};
    return true;
}

static void describe_setting(json_t *object, const struct settings *settings, size_t n)
{
    const size_t t = n % settings->temperature_count, rest = n / settings->temperature_count;

    (void)json_object_set_new(object, "temperature", json_real(settings->temperatures[t]));
    (void)json_object_set_new(object, "top_p", json_real(settings->top_ps[rest / settings->top_k_count]));
    (void)json_object_set_new(object, "top_k",
                              json_integer((json_int_t)settings->top_ks[rest % settings->top_k_count]));
}

// Computes cell number `number` and saves it in the folder, for the rank that will collect all of them. Cells of one
// model follow each other, so that it is rarely reloaded.
static enum ql_status make_cell(void *context, int number, struct ql_error *error)
{
    struct study *study = context;
    const struct settings *s = &study->settings;
    const size_t settings = s->temperature_count * s->top_p_count * s->top_k_count;
    const char *path = study->models[(size_t)number / settings];
    struct ql_batch_sampling sampling = {0};
    char content[MODEL_CONTENT_BYTES] = "";
    json_t *cell = NULL;

    (void)next_setting(s, (size_t)number % settings, &sampling);
    if (study->opened != NULL && study->opened != path) {
        close_model(study);
    }
    study->opened = path;
    enum ql_status status = read_content(content, path, error);
    if (status == QL_OK) {
        status = find_cell(study, &cell, path, content, &sampling, error);
    }
    json_decref(cell);
    return status;
}

// Has all ranks compute the cells that are missing in the folder. A single process computes each when it needs it.
static enum ql_status share_cells(struct study *study, struct ql_error *error)
{
    const struct settings *s = &study->settings;
    const size_t cells = s->temperature_count * s->top_p_count * s->top_k_count * study->model_count;
    enum ql_status status = QL_OK;

    if (study->exchange->ranks > 1) {
        status = ql_cli_ranks_run(study->exchange, (int)cells, make_cell, study, error);
        close_model(study);
        study->opened = NULL;
    }
    return status;
}

static enum ql_status run_cells(struct study *study, struct ql_error *error)
{
    json_t *cells = json_object_get(study->result, "cells");
    struct ql_batch_sampling sampling = {0};
    enum ql_status status = QL_OK;

    for (size_t m = 0; m < study->model_count && status == QL_OK; m++) {
        char content[MODEL_CONTENT_BYTES] = "";
        status = read_content(content, study->models[m], error);
        for (size_t n = 0; status == QL_OK && next_setting(&study->settings, n, &sampling); n++) {
            json_t *cell = NULL;
            status = find_cell(study, &cell, study->models[m], content, &sampling, error);
            if (status == QL_OK) {
                (void)json_object_set_new(cell, "model", json_integer((json_int_t)m));
                describe_setting(cell, &study->settings, n);
                (void)json_array_append_new(cells, cell);
            } else {
                json_decref(cell); // it may have been counted, but not saved
            }
            study->done++;
        }
        close_model(study);
    }
    return status;
}

// --- Comparison by pairs ---

static enum ql_status collect_side(struct study *study, struct ql_pair_side *side, const char *path,
                                   const struct ql_batch_sampling *sampling, uint32_t seed, struct ql_error *error)
{
    enum ql_status status = open_model(study, path, error);

    if (status == QL_OK) {
        study->side = side;
        status = generate(study, sampling, seed, error);
        study->side = NULL;
    }
    close_model(study);
    study->done++;
    return status;
}

static enum ql_status find_pairs(struct study *study, json_t **result, const char *contents,
                                 const struct ql_batch_sampling *sampling, struct ql_error *error)
{
    struct ql_pair_side left = {0}, right = {0};
    json_t *tests = NULL;
    char *key;
    enum ql_status status = make_key(&key, study, "pairs", contents, sampling, error);

    if (status != QL_OK) {
        return status;
    }
    *result = ql_study_cell_file_load(study->cell_folder, key);
    if (*result == NULL) {
        // The other side draws other random numbers, so that pairs are alike only because of the models.
        const uint32_t seed = study->settings.seed;
        if ((status = collect_side(study, &left, study->models[0], sampling, seed, error)) == QL_OK &&
            (status = collect_side(study, &right, study->settings.against, sampling, seed + 1, error)) == QL_OK &&
            (status = ql_pair_test_run(&tests, &left, &right, error)) == QL_OK) {
            *result = json_pack("{s:o}", "tests", tests);
            status = ql_study_cell_file_save(study->cell_folder, key, *result, error);
        }
    } else {
        study->done += 2;
    }
    ql_pair_side_free(&left);
    ql_pair_side_free(&right);
    free(key);
    return status;
}

// At each temperature, with the first top_p and top_k.
static enum ql_status run_pairs(struct study *study, struct ql_error *error)
{
    char contents[2 * MODEL_CONTENT_BYTES] = "";
    json_t *against = json_array();
    struct ql_batch_sampling sampling = {0};
    enum ql_status status = read_content(contents, study->models[0], error);

    if (status == QL_OK) {
        const size_t length = strlen(contents);
        contents[length] = '/';
        status = read_content(contents + length + 1, study->settings.against, error);
    }
    for (size_t n = 0; n < study->settings.temperature_count && status == QL_OK; n++) {
        (void)next_setting(&study->settings, n, &sampling);
        json_t *pairs = NULL, *test;
        size_t index;
        status = find_pairs(study, &pairs, contents, &sampling, error);
        json_array_foreach(json_object_get(pairs, "tests"), index, test)
        {
            json_t *copy = json_copy(test);
            (void)json_object_set_new(copy, "other", ql_cli_path_to_json(study->settings.against));
            describe_setting(copy, &study->settings, n);
            (void)json_array_append_new(against, copy);
        }
        json_decref(pairs);
    }
    (void)json_object_set_new(study->result, "against", against);
    return status;
}

// --- Inputs of the study ---

// Cuts a list at its commas; the parts stay in `*copy`.
static enum ql_status read_list(const char **parts, size_t limit, size_t *count, char **copy, const char *list,
                                const char *option, struct ql_error *error)
{
    *copy = strdup(list);
    if (*copy == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for --%s", ql_option_spell(option).text);
    }
    for (char *rest = *copy, *part; (part = strsep(&rest, ",")) != NULL;) {
        if (*part == '\0' || *count == limit) {
            return ql_error_write(error, QL_ERROR_USAGE, "--%s %s: give one to %zu, separated by commas",
                                  ql_option_spell(option).text, list, limit);
        }
        parts[(*count)++] = part;
    }
    return QL_OK;
}

static int number_compare(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

// Reads the lists of the grid. The report takes the first and the last temperature for the ends of the scale; the other
// lists keep their order, because `--against` goes by their first values.
static enum ql_status read_grid(struct settings *s, struct ql_error *error)
{
    enum ql_status status;

    if ((status = ql_option_read_list(s->temperatures, VALUE_LIMIT, &s->temperature_count, s->temperature,
                                      "temperature", error)) == QL_OK &&
        (status = ql_cli_values_check(s->temperatures, s->temperature_count, 0, 100, false, "temperature", error)) ==
            QL_OK &&
        (status = ql_option_read_list(s->top_ps, VALUE_LIMIT, &s->top_p_count, s->top_p, "top_p", error)) == QL_OK &&
        (status = ql_cli_values_check(s->top_ps, s->top_p_count, 0.000001, 1, false, "top_p", error)) == QL_OK &&
        (status = ql_option_read_list(s->top_ks, VALUE_LIMIT, &s->top_k_count, s->top_k, "top_k", error)) == QL_OK) {
        status = ql_cli_values_check(s->top_ks, s->top_k_count, 0, 65535, true, "top_k", error);
    }
    if (status == QL_OK) {
        qsort(s->temperatures, s->temperature_count, sizeof s->temperatures[0], number_compare);
    }
    return status;
}

static enum ql_status read_settings(struct study *study, const char *const *operands, size_t operand_count,
                                    struct ql_error *error)
{
    struct settings *s = &study->settings;
    size_t patterns = 0;
    enum ql_status status = ql_cli_language_check(s->language, error);

    study->lock = -1;
    if (status == QL_OK) {
        status = ql_cli_choice_check(&s->choice, s->max_length, "max-length", error);
    }
    if (status == QL_OK && s->init_from != NULL) {
        status = read_list(study->models, MODEL_LIMIT, &study->model_count, &study->lists[0], s->init_from, "init_from",
                           error);
    }
    for (size_t k = 0; k < operand_count && status == QL_OK; k++) {
        if (study->model_count == MODEL_LIMIT) {
            return ql_error_write(error, QL_ERROR_USAGE, "more than %d models", MODEL_LIMIT);
        }
        study->models[study->model_count++] = operands[k];
    }
    if (status == QL_OK && study->model_count == 0) {
        return ql_error_write(
            error, QL_ERROR_USAGE,
            "--init-from is missing: one or more checkpoints, such as checkpoints/RUN/checkpoint.1.safetensors");
    }
    if (status == QL_OK && s->corpus == NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--corpus is missing: the text that the model was trained on");
    }
    if (status == QL_OK) {
        status = ql_cli_utf8_check("count", s->count, error);
    }
    if (status == QL_OK && s->count != NULL) {
        status = read_list(study->yardstick.patterns, QL_PATTERN_LIMIT, &patterns, &study->lists[1], s->count, "count",
                           error);
        study->yardstick.pattern_count = (int)patterns;
    }
    if (s->wordlist == NULL && access(default_wordlist, R_OK) == 0) {
        s->wordlist = default_wordlist;
    }
    if (s->wordlist != NULL && *s->wordlist == '\0') {
        s->wordlist = NULL;
    }
    return status == QL_OK ? read_grid(s, error) : status;
}

// A study without the library is complete except for its sentences, and says why.
static void open_grammar(struct study *study)
{
    struct ql_error reason;

    if (study->settings.sentences > 0 && ql_grammar_open(&study->grammar, &reason) != QL_OK) {
        (void)snprintf(study->no_sentences, sizeof study->no_sentences, "%s", reason.message);
    }
}

static enum ql_status load_yardstick(struct study *study, struct ql_error *error)
{
    const struct settings *s = &study->settings;
    char corpus[QL_CONTENT_BYTES], known[QL_CONTENT_BYTES] = "none", words[QL_CONTENT_BYTES] = "none";
    char filter[QL_CONTENT_BYTES] = "", lexicon[QL_CONTENT_BYTES] = "none";
    enum ql_status status;

    if ((status = ql_content_read(corpus, s->corpus, error)) != QL_OK ||
        (status = ql_yardstick_load(&study->yardstick, s->corpus, (size_t)s->max_length, error)) != QL_OK) {
        return status;
    }
    if (s->wordlist != NULL && ((status = ql_content_read(known, s->wordlist, error)) != QL_OK ||
                                (status = ql_yardstick_load_words(&study->yardstick, s->wordlist, error)) != QL_OK)) {
        return status;
    }
    if (s->words != NULL && ((status = ql_content_read(words, s->words, error)) != QL_OK ||
                             (status = ql_word_list_load(&study->yardstick.listed, s->words, error)) != QL_OK)) {
        return status;
    }
    if (s->filter != NULL && ((status = ql_content_read(filter, s->filter, error)) != QL_OK ||
                              (status = ql_filter_file_load(&study->yardstick.filter, s->filter, error)) != QL_OK)) {
        return status;
    }
    study->yardstick.has_filter = s->filter != NULL;
    if (s->lexicon != NULL && (status = ql_content_read(lexicon, s->lexicon, error)) != QL_OK) {
        return status;
    }
    open_grammar(study);
    study->common_key =
        ql_bytes_format("version %s, corpus %s, wordlist %s, words %s%s%s, patterns \"%s\", items %d, "
                        "sentences of %d by \"%s\", lexicon %s, seed %" PRIu32 ", max_length %d, best %d of %d,",
                        count_version, corpus, known, words, s->filter == NULL ? "" : ", filter ", filter,
                        s->count == NULL ? "" : s->count, s->items, s->sentences,
                        study->grammar == NULL ? "" : ql_grammar_name(study->grammar), lexicon, s->seed, s->max_length,
                        s->choice.best, s->choice.min_length);
    if (study->common_key == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the study");
    }
    return QL_OK;
}

// Parses the training text's sentences. If fewer than half of them parse, as in a list of names or a text in another
// language, the grammar is of no use for the model's sentences either.
static enum ql_status parse_corpus(struct study *study, json_t *own, const struct ql_study_cell_items *items,
                                   struct ql_error *error)
{
    enum ql_status status = ql_study_cell_parse(own, items, study->grammar, (uint64_t)study->settings.sentences, error);

    if (status == QL_OK && ql_study_cell_share(own, "parsed_sentences", "sentences") < 0.5) {
        (void)snprintf(study->no_sentences, sizeof study->no_sentences,
                       "only %.1f %% of the training text's sentences parse, so they are not English sentences",
                       100.0 * ql_study_cell_share(own, "parsed_sentences", "sentences"));
        (void)json_object_del(own, "sentences");
        (void)json_object_del(own, "parsed_sentences");
        (void)json_object_del(own, "long_sentences");
        ql_grammar_close(study->grammar);
        study->grammar = NULL;
    }
    return status;
}

// The training text's own items, each compared with all others.
static enum ql_status count_corpus(struct study *study, struct ql_error *error)
{
    const struct ql_text_table *lines = &study->yardstick.items;
    const uint64_t lines_count = study->yardstick.item_count, wanted = (uint64_t)study->settings.items;
    struct ql_study_cell_items items = {.size = lines_count < wanted ? lines_count : wanted}; // as a cell has
    json_t *own = NULL;
    enum ql_status status = QL_OK;

    for (size_t n = 0; n < lines->count && status == QL_OK; n++) {
        size_t length;
        const char *bytes = ql_text_table_read(lines, n, &length);
        for (uint32_t times = 0; times < lines->counts[n] && status == QL_OK; times++) {
            status = ql_study_cell_items_add(&items, bytes, length, false, error);
        }
    }
    if (status == QL_OK && (status = ql_study_cell_count(&own, &items, &study->yardstick, true, error)) == QL_OK &&
        study->grammar != NULL) {
        json_t *settings = json_object_get(study->result, "settings");
        (void)json_object_set_new(settings, "grammar", json_string(ql_grammar_name(study->grammar)));
        status = parse_corpus(study, own, &items, error);
    }
    if (status == QL_OK) {
        json_t *settings = json_object_get(study->result, "settings");
        if (*study->no_sentences != '\0') {
            (void)json_object_set_new(settings, "no_sentences", json_string(study->no_sentences));
        }
        (void)json_object_set_new(own, "file", ql_cli_path_to_json(study->settings.corpus));
        (void)json_object_del(own, "samples");
        (void)json_object_del(own, "frequent");
        (void)json_object_set_new(study->result, "corpus", own);
    } else {
        json_decref(own);
    }
    ql_study_cell_items_free(&items);
    return status;
}

// "checkpoint.22" from ".../names/checkpoint.22.safetensors"; with the folder if that is not unique.
static char *make_label(const struct study *study, size_t m)
{
    static const char *const endings[] = {".safetensors", ".json"};
    const char *path = study->models[m], *slash = strrchr(path, '/');
    const char *begin = slash == NULL ? path : slash + 1;
    size_t length = strlen(begin);

    for (size_t other = 0; other < study->model_count && slash != NULL; other++) {
        const char *its = strrchr(study->models[other], '/');
        if (other != m && strcmp(its == NULL ? study->models[other] : its + 1, slash + 1) == 0) {
            for (begin = slash; begin > path && begin[-1] != '/'; begin--) {
            }
            length = strlen(begin);
        }
    }
    for (size_t k = 0; k < sizeof endings / sizeof endings[0]; k++) {
        const size_t ending = strlen(endings[k]);
        if (length > ending && strcmp(begin + length - ending, endings[k]) == 0) {
            length -= ending;
        }
    }
    return strndup(begin, length);
}

// NULL when there is not enough memory.
static json_t *list_models(const struct study *study)
{
    json_t *models = json_array();

    for (size_t m = 0; m < study->model_count; m++) {
        char *label = make_label(study, m);
        if (label == NULL) {
            json_decref(models);
            return NULL;
        }
        (void)json_array_append_new(models, json_pack("{s:o, s:o}", "label", ql_cli_path_to_json(label), "file",
                                                      ql_cli_path_to_json(study->models[m])));
        free(label);
    }
    return models;
}

// NULL when there is not enough memory. The command without options that do not affect the result, quoted for a shell
// where necessary.
static json_t *list_command(int argc, char **argv)
{
    static const char *const left_out[] = {"--output", "--threads", "--quiet"};
    struct ql_memory_stream memory;

    if (!ql_memory_stream_open(&memory)) {
        return NULL;
    }
    (void)fputs("quillet study", memory.stream);
    for (int i = 1; i < argc; i++) {
        bool skipped = false;
        for (size_t k = 0; k < sizeof left_out / sizeof left_out[0]; k++) {
            const size_t length = strlen(left_out[k]);
            if (strncmp(argv[i], left_out[k], length) == 0 && (argv[i][length] == '\0' || argv[i][length] == '=')) {
                skipped = true;
                i += argv[i][length] == '\0' && k < 2;
                break;
            }
        }
        if (!skipped) {
            (void)fputc(' ', memory.stream);
            ql_cli_write_shell_word(memory.stream, argv[i]);
        }
    }
    char *text = ql_memory_stream_close(&memory);
    json_t *command = text == NULL ? NULL : ql_cli_path_to_json(text);
    free(text);
    return command;
}

static json_t *list_texts(const char *const *texts, int count)
{
    json_t *list = json_array();
    for (int k = 0; k < count; k++) {
        (void)json_array_append_new(list, ql_cli_path_to_json(texts[k]));
    }
    return list;
}

static json_t *path_or_null(const char *path)
{
    return path == NULL ? json_null() : ql_cli_path_to_json(path);
}

static enum ql_status describe(struct study *study, int argc, char **argv, struct ql_error *error)
{
    const struct settings *s = &study->settings;
    json_t *temperatures = json_array();

    for (size_t t = 0; t < s->temperature_count; t++) {
        (void)json_array_append_new(temperatures, json_real(s->temperatures[t]));
    }
    study->result =
        json_pack("{s:o, s:o, s:{s:i, s:i, s:I, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o}, s:o, s:[], s:n}", "command",
                  list_command(argc, argv), "models", list_models(study), "settings", "items", s->items, "sentences",
                  s->sentences, "seed", (json_int_t)s->seed, "max_length", s->max_length, "best", s->choice.best,
                  "min_length", s->choice.min_length, "lexicon", path_or_null(s->lexicon), "wordlist",
                  path_or_null(s->wordlist), "words", path_or_null(s->words), "filter", path_or_null(s->filter),
                  "patterns", list_texts(study->yardstick.patterns, study->yardstick.pattern_count), "temperatures",
                  temperatures, "cells", "against");
    if (study->result != NULL && s->language != NULL) {
        json_object_set_new(json_object_get(study->result, "settings"), "language", json_string(s->language));
    }
    return study->result != NULL ? QL_OK : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
}

// --- The command ---

static enum ql_status save_report(const struct study *study, struct ql_error *error)
{
    const struct settings *s = &study->settings;
    const char *inputs[MODEL_LIMIT + 6] = {s->corpus, s->wordlist, s->words, s->filter, s->lexicon, s->against};

    memcpy(inputs + 6, study->models, study->model_count * sizeof inputs[0]);
    return ql_report_save(study->result, s->output, inputs, 6 + study->model_count, error);
}

// The folder of cells, which must be the same for all ranks. Rank 0 creates and locks it.
static enum ql_status open_folder(struct study *study, struct ql_error *error)
{
    const struct settings *s = &study->settings;
    enum ql_status status = QL_OK;

    if (study->exchange->rank == 0 && (status = ql_folder_init(s->output, error)) == QL_OK &&
        (status = ql_folder_check_real(study->cell_folder, error)) == QL_OK &&
        (status = ql_folder_init(study->cell_folder, error)) == QL_OK) {
        status = ql_folder_lock(&study->lock, s->output, "writing a study into this folder", error);
    }
    if ((status = ql_exchange_agree(study->exchange, status, error)) == QL_OK &&
        access(study->cell_folder, W_OK) != 0) {
        char host[QL_HOST_NAME_BYTES];
        ql_cli_host_name(host);
        status = ql_error_write(error, QL_ERROR_SYSTEM,
                                "%s: is not on %s, or cannot be written there; a study on several machines needs a "
                                "folder that all of them share",
                                study->cell_folder, host);
    }
    return ql_exchange_agree(study->exchange, status, error);
}

// Checks that all ranks count the same: the key of their cells is that of rank 0.
static enum ql_status check_ranks(const struct study *study, struct ql_error *error)
{
    char *key = study->exchange->rank == 0 ? strdup(study->common_key) : NULL;
    enum ql_status status = ql_exchange_share_text(study->exchange, &key, error);

    if (status == QL_OK && (key == NULL || strcmp(key, study->common_key) != 0)) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "has other options, another text or other lists than rank 0: give all ranks the same");
    }
    free(key);
    return ql_exchange_agree(study->exchange, status, error);
}

static enum ql_status prepare(struct study *study, int argc, char **argv, struct ql_error *error)
{
    enum ql_status status = ql_exchange_agree(study->exchange, load_yardstick(study, error), error);

    if (status != QL_OK || (status = check_ranks(study, error)) != QL_OK ||
        (status = open_folder(study, error)) != QL_OK) {
        return status;
    }
    // The training text decides whether sentences are parsed, so every rank counts it.
    if ((status = describe(study, argc, argv, error)) == QL_OK) {
        study->started = ql_cli_seconds();
        status = count_corpus(study, error);
    }
    return ql_exchange_agree(study->exchange, status, error);
}

static enum ql_status run(struct study *study, int argc, char **argv, struct ql_error *error)
{
    const struct settings *s = &study->settings;
    const size_t settings = s->temperature_count * s->top_p_count * s->top_k_count;

    study->cell_folder = ql_bytes_format("%s/cells", s->output);
    if (study->cell_folder == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the study");
    }
    study->all = settings * study->model_count + (s->against == NULL ? 0 : 2 * s->temperature_count);
    enum ql_status status = prepare(study, argc, argv, error);
    if (status == QL_OK) {
        status = share_cells(study, error);
    }
    if (study->exchange->rank == 0) {
        if (status == QL_OK && (status = run_cells(study, error)) == QL_OK && s->against != NULL) {
            status = run_pairs(study, error);
        }
        ql_cli_progress_reset(&study->progress);
    }
    if (status == QL_ERROR_STOPPED) {
        return ql_error_write(error, status,
                              "stopped; finished cells are in %s, and the same command goes on from there",
                              study->cell_folder);
    }
    return status == QL_OK && study->exchange->rank == 0 ? save_report(study, error) : status;
}

static void print_result(const struct study *study)
{
    char symbols[32], speed[32];

    ql_cli_print_name(json_string_value(json_object_get(study->result, "headline")));
    (void)putchar('\n');
    ql_cli_print_name(study->settings.output);
    (void)puts("/study.html");
    if (*study->no_sentences != '\0') {
        (void)printf("no sentences were parsed: %s\n", study->no_sentences);
    }
    if (!study->settings.quiet && study->symbols > 0) {
        ql_cli_flush();
        ql_cli_write_count(symbols, (double)study->symbols);
        ql_cli_write_count(speed, (double)study->symbols / study->seconds);
        (void)fprintf(stderr, "%s symbols written and counted in %.1f s: %s a second\n", symbols, study->seconds,
                      speed);
    }
}

static void free_study(struct study *study)
{
    close_model(study);
    ql_folder_unlock(study->lock);
    ql_yardstick_free(&study->yardstick);
    ql_grammar_close(study->grammar);
    ql_item_reader_free(&study->reader);
    json_decref(study->result);
    free(study->text.bytes);
    free(study->lists[0]);
    free(study->lists[1]);
    free(study->cell_folder);
    free(study->common_key);
}

// Long because of the table of its options.
int ql_cli_study(int argc, char **argv)
{
    struct study study = {.settings = {.output = "study",
                                       .temperature = "0.3,0.5,0.7,0.8,0.9,1,1.1,1.2",
                                       .top_p = "1",
                                       .top_k = "0",
                                       .items = 100000,
                                       .sentences = 300,
                                       .max_length = 400,
                                       .choice = {.best = 1},
                                       .threads = ql_thread_processors(),
                                       .seed = 1}};
    struct settings *s = &study.settings;
    struct ql_option options[] = {
        {"init_from", QL_OPTION_STRING, &s->init_from, 0, 0, "FILE,...", "the models; more may follow the options",
         false},
        {"corpus", QL_OPTION_STRING, &s->corpus, 0, 0, "FILE", "the text that they were trained on, one item per line",
         false},
        {"output", QL_OPTION_STRING, &s->output, 0, 0, "DIR", "where the report and finished cells go", false},
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Grid", false},
        {"temperature", QL_OPTION_STRING, &s->temperature, 0, 0, "X,...", "from 0 to 100", false},
        {"top_p", QL_OPTION_STRING, &s->top_p, 0, 0, "X,...", "1 is off", false},
        {"top_k", QL_OPTION_STRING, &s->top_k, 0, 0, "N,...", "0 is off", false},
        {"items", QL_OPTION_INT, &s->items, 1, 1e7, "N", "items in each cell", false},
        {"seed", QL_OPTION_UINT32, &s->seed, 0, 0, "N", "same seed, same report", false},
        {"max_length", QL_OPTION_INT, &s->max_length, 1, 100000, "N", "cut an item at this many characters", false},
        QL_CLI_CHOICE_OPTIONS(&s->choice),
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Counts", false},
        {"count", QL_OPTION_STRING, &s->count, 0, 0, "TEXT,...", "count the items that contain this, such as John",
         false},
        {"wordlist", QL_OPTION_STRING, &s->wordlist, 0, 0, "FILE",
         "known words (default: /usr/share/dict/words, if it exists); \"\" for none", false},
        {"sentences", QL_OPTION_INT, &s->sentences, 0, 1e7, "N",
         "parse the sentences of this many items of each cell; 0 for none", false},
        {"words", QL_OPTION_STRING, &s->words, 0, 0, "FILE",
         "count the items with one of these words, one word per line", false},
        {"filter", QL_OPTION_STRING, &s->filter, 0, 0, "FILE",
         "the same for the words of a compiled filter, which blocks nothing here", false},
        QL_CLI_LEXICON_OPTION(&s->lexicon),
        {"against", QL_OPTION_STRING, &s->against, 0, 0, "MODEL", "compare the first model with this one, by pairs",
         false},
        {"", QL_OPTION_FLAG, NULL, 0, 0, NULL, "Run", false},
        {"language", QL_OPTION_STRING, &s->language, 0, 0, "TAG",
         "language of the texts, such as fr, for readers of the report", false},
        {"threads", QL_OPTION_INT, &s->threads, 1, QL_THREAD_LIMIT, "N", "any number gives the same report", false},
        {"quiet", QL_OPTION_FLAG, &s->quiet, 0, 0, NULL, "no progress bar", false},
        {NULL, QL_OPTION_FLAG, NULL, 0, 0, NULL, NULL, false},
    };
    const char *operands[MODEL_LIMIT];
    size_t operand_count = 0;
    struct ql_error error;
    int exit_code = QL_EXIT_DONE;

    if (ql_cli_ranks_init(&study.exchange, &error) != QL_OK) {
        return ql_cli_fail("study", &error);
    }
    if (ql_cli_read_options(usage, summary_text, options, argc, argv, operands, MODEL_LIMIT, &operand_count,
                            &exit_code)) {
        study.progress.shown = ql_cli_progress_wanted(s->quiet) && ql_cli_rank == 0;
        ql_cli_interrupt_catch(SA_RESTART);
        enum ql_status status =
            ql_exchange_agree(study.exchange, read_settings(&study, operands, operand_count, &error), &error);
        if (status == QL_OK) {
            status = ql_exchange_agree(study.exchange, run(&study, argc, argv, &error), &error);
        }
        if (status == QL_OK && ql_cli_rank == 0) {
            print_result(&study);
        }
        exit_code = status == QL_OK ? ql_cli_finish("study", QL_EXIT_DONE) : ql_cli_fail("study", &error);
        free_study(&study);
    }
    ql_cli_ranks_free();
    return exit_code;
}
