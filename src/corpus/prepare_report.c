// The report of a preparation as JSON: see prepare_report.h.
// jansson passes a NULL on to the outer call, so a memory failure needs only one check, at the end.
// Uses: corpus/preparation, base/file, jansson.
#include "corpus/prepare_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "corpus/symbol_inventory.h"

enum { REPORT_VERSION = 1 };

static json_t *encode_count(size_t count)
{
    return json_integer((json_int_t)count);
}

// Paths may contain any bytes, and JSON may not. A missing text is null.
static json_t *encode_text(const char *text)
{
    json_t *value = text == NULL ? json_null() : json_string(text);

    return value != NULL ? value : json_string("(not UTF-8)");
}

static json_t *encode_inputs(const struct ql_preparation *preparation)
{
    json_t *array = json_array();

    for (size_t i = 0; i < preparation->input_count; i++) {
        const struct ql_input *input = &preparation->inputs[i];
        (void)json_array_append_new(array, json_pack("{s:o, s:o, s:s, s:b, s:o}", "path", encode_text(input->path),
                                                     "bytes", encode_count(input->size_bytes), "format",
                                                     ql_format_word(input->format), "format_detected",
                                                     (int)input->detected, "items", encode_count(input->item_count)));
    }
    return array;
}

static json_t *encode_options(const struct ql_prepare_options *options)
{
    return json_pack("{s:s, s:b, s:s, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:I, s:o, s:o, s:o}", "encoding",
                     options->encoding, "replace", (int)options->replace, "alphabet",
                     ql_alphabet_word(options->alphabet), "min_length", options->min_length, "max_length",
                     options->max_length, "name_min_length", options->name_min_length, "name_max_length",
                     options->name_max_length, "min_symbol_count", options->min_symbol_count, "validation",
                     options->validation, "test", options->test, "seed", (json_int_t)options->seed, "remove_words",
                     encode_text(options->remove_words), "remove_names", encode_text(options->remove_names),
                     "apart_from", encode_text(options->apart_from));
}

static json_t *encode_steps(const struct ql_preparation *preparation)
{
    json_t *array = json_array();

    for (int i = 0; ql_steps[i].name != NULL; i++) {
        (void)json_array_append_new(
            array, json_pack("{s:s, s:b}", "name", ql_steps[i].name, "on", (int)preparation->enabled[i]));
    }
    return array;
}

static json_t *encode_examples(const struct ql_preparation *preparation, const struct ql_account_entry *entry)
{
    json_t *array = json_array();

    for (size_t i = 0; i < entry->example_count; i++) {
        const struct ql_account_example *example = &entry->examples[i];
        json_t *object = json_pack("{s:o, s:o, s:o}", "file", encode_text(preparation->inputs[example->input].path),
                                   "line", encode_count(example->line), example->after != NULL ? "before" : "text",
                                   encode_text(example->before));
        if (example->after != NULL) {
            (void)json_object_set_new(object, "after", encode_text(example->after));
        }
        (void)json_array_append_new(array, object);
    }
    return array;
}

// The entries for drops (with a reason) or for changes, in the order of the steps.
static json_t *encode_entries(const struct ql_preparation *preparation, const struct ql_account *account, bool dropped)
{
    json_t *array = json_array();

    for (int step = 0; ql_steps[step].name != NULL; step++) {
        for (size_t i = 0; i < account->entry_count; i++) {
            const struct ql_account_entry *entry = &account->entries[i];
            if ((entry->reason != NULL) != dropped || strcmp(entry->step, ql_steps[step].name) != 0) {
                continue;
            }
            json_t *object = json_pack("{s:s, s:o, s:o}", "step", entry->step, "items", encode_count(entry->count),
                                       "examples", encode_examples(preparation, entry));
            if (dropped) {
                (void)json_object_set_new(object, "reason", json_string(entry->reason));
            }
            (void)json_array_append_new(array, object);
        }
    }
    return array;
}

static json_t *encode_parts(const struct ql_stream_state *state)
{
    static const char *const names[QL_PART_COUNT] = {"train", "validation", "test"};
    json_t *object = json_object();

    for (int part = 0; part < QL_PART_COUNT; part++) {
        (void)json_object_set_new(object, names[part],
                                  json_pack("{s:o, s:o, s:s}", "items", encode_count(state->part_items[part]),
                                            "characters", encode_count(state->part_characters[part]), "sha256",
                                            state->part_sha256[part]));
    }
    return object;
}

static json_t *encode_symbols(const struct ql_symbol_inventory *inventory)
{
    json_t *array = json_array();

    for (uint32_t symbol = 0; symbol < inventory->limit; symbol++) {
        if (inventory->counts[symbol] == 0) {
            continue;
        }
        struct ql_text text = {0};
        char code[16];
        ql_text_write_symbol(&text, (int32_t)symbol);
        (void)snprintf(code, sizeof code, "U+%04" PRIX32, symbol);
        (void)json_array_append_new(array, json_pack("{s:o, s:s, s:I}", "symbol",
                                                     json_stringn(text.bytes == NULL ? "" : text.bytes, text.length),
                                                     "code", code, "count", (json_int_t)inventory->counts[symbol]));
        ql_text_free(&text);
    }
    return array;
}

static int length_compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

// Lengths in symbols: the smallest, the largest, the mean, and percentiles (the value at rank p * (n - 1)).
static json_t *encode_lengths(const struct ql_item_list *list)
{
    static const int percentiles[] = {10, 25, 50, 75, 90, 99};
    uint32_t *lengths = malloc((list->count + 1) * sizeof *lengths);
    uint64_t sum = 0;

    if (lengths == NULL) {
        return NULL;
    }
    lengths[0] = 0;
    for (size_t i = 0; i < list->count; i++) {
        size_t length;
        const char *text = ql_item_list_read(list, i, &length);
        lengths[i] = (uint32_t)ql_symbol_count_in(text, length);
        sum += lengths[i];
    }
    qsort(lengths, list->count, sizeof *lengths, length_compare);
    size_t last = list->count == 0 ? 0 : list->count - 1;
    json_t *object = json_pack("{s:i, s:i, s:f}", "minimum", (int)lengths[0], "maximum", (int)lengths[last], "mean",
                               list->count == 0 ? 0.0 : (double)sum / (double)list->count);
    for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "p%d", percentiles[i]);
        (void)json_object_set_new(object, name, json_integer(lengths[last * (size_t)percentiles[i] / 100]));
    }
    free(lengths);
    return object;
}

static json_t *encode_stream(const struct ql_preparation *preparation, const struct ql_stream_state *state,
                             struct ql_error *error)
{
    const struct ql_account *account = &state->account;
    struct ql_symbol_inventory inventory;

    if (ql_symbol_inventory_init(&inventory, &state->list, error) != QL_OK) {
        return NULL;
    }
    json_t *stream = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", state->name, "read",
                               encode_count(account->read), "kept", encode_count(account->kept), "dropped",
                               encode_count(account->dropped), "letters_lost", encode_count(state->letters_lost),
                               "parts", encode_parts(state), "drops", encode_entries(preparation, account, true),
                               "changes", encode_entries(preparation, account, false), "lengths",
                               encode_lengths(&state->list), "symbols", encode_symbols(&inventory));
    ql_symbol_inventory_free(&inventory);
    return stream;
}

enum ql_status ql_prepare_report_encode(json_t **report, const struct ql_preparation *preparation,
                                        struct ql_error *error)
{
    json_t *streams = json_array();

    for (int i = 0; i < QL_STREAM_COUNT; i++) {
        if (ql_preparation_has_stream(preparation, (enum ql_stream)i)) {
            (void)json_array_append_new(streams, encode_stream(preparation, &preparation->streams[i], error));
        }
    }
    *report = json_pack("{s:i, s:o, s:o, s:o, s:o}", "report_version", REPORT_VERSION, "inputs",
                        encode_inputs(preparation), "options", encode_options(&preparation->options), "steps",
                        encode_steps(preparation), "streams", streams);
    return *report != NULL ? QL_OK : ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
}

// Opens report.json in the folder and writes the report to it.
static enum ql_status write_report(struct ql_file_writer *writer, const json_t *report, const char *folder,
                                   const char *const *inputs, size_t input_count, struct ql_error *error)
{
    struct ql_text path = {0};
    enum ql_status status;

    ql_text_write(&path, folder, strlen(folder));
    ql_text_write(&path, "/report.json", strlen("/report.json"));
    if ((status = ql_text_check(&path, error)) == QL_OK &&
        (status = ql_file_check_output(path.bytes, inputs, input_count, error)) == QL_OK &&
        (status = ql_file_writer_open(writer, path.bytes, error)) == QL_OK &&
        json_dumpf(report, writer->stream, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) != 0 &&
        ferror(writer->stream) == 0) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    ql_text_free(&path);
    return status;
}

enum ql_status ql_prepare_report_save(json_t **report, struct ql_preparation *preparation, const char *folder,
                                      const char *const *inputs, size_t input_count, struct ql_error *error)
{
    struct ql_file_writer writers[QL_PREPARATION_WRITER_LIMIT + 1] = {{0}};
    size_t count = 0;
    int lock = -1;
    enum ql_status status;

    *report = NULL;
    if ((status = ql_folder_init(folder, error)) == QL_OK &&
        (status = ql_folder_lock(&lock, folder, "writing into this folder", error)) == QL_OK &&
        (status = ql_preparation_write(preparation, writers, &count, folder, inputs, input_count, error)) == QL_OK &&
        (status = ql_prepare_report_encode(report, preparation, error)) == QL_OK &&
        (status = write_report(&writers[count], *report, folder, inputs, input_count, error)) == QL_OK) {
        status = ql_file_writers_close(writers, count + 1, error);
    }
    for (size_t i = 0; i <= count; i++) {
        ql_file_writer_reset(&writers[i]);
    }
    ql_folder_unlock(lock);
    return status;
}
