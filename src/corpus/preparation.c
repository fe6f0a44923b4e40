// A preparation: see preparation.h. An item goes through all editing steps before the next one is read, so only kept
// items stay in memory; then the sifting steps process the lists as a whole.
// Uses: base, all of corpus.
#include "corpus/preparation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text_file.h"
#include "corpus/record_field.h"
#include "corpus/wiki_page.h"

bool ql_preparation_has_stream(const struct ql_preparation *preparation, enum ql_stream stream)
{
    return preparation->split == (stream != QL_STREAM_ITEMS);
}

// The stream of an item's own text.
static enum ql_stream text_stream(const struct ql_preparation *preparation)
{
    return preparation->split ? QL_STREAM_QUOTES : QL_STREAM_ITEMS;
}

static bool step_enabled(const struct ql_preparation *preparation, ql_step_edit *edit)
{
    for (int i = 0; ql_steps[i].name != NULL; i++) {
        if (ql_steps[i].edit == edit) {
            return preparation->enabled[i];
        }
    }
    return false;
}

enum ql_status ql_preparation_init(struct ql_preparation *preparation, const struct ql_prepare_options *options,
                                   struct ql_error *error)
{
    enum ql_status status;

    *preparation = (struct ql_preparation){.options = *options};
    preparation->streams[QL_STREAM_ITEMS].name = options->name;
    preparation->streams[QL_STREAM_QUOTES].name = "quotes";
    preparation->streams[QL_STREAM_NAMES].name = "names";
    preparation->context.options = &preparation->options;
    preparation->context.words = &preparation->words;
    preparation->context.names = &preparation->names;
    preparation->context.held_out = &preparation->held_out;

    status = ql_step_read_switches(preparation->enabled, options->skip, options->only, error);
    if (status != QL_OK) {
        return status;
    }
    if (options->validation < 0 || options->test < 0 || options->validation + options->test >= 1) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--validation %g and --test %g: must together leave a share to train on",
                              options->validation, options->test);
    }
    if ((options->max_length > 0 && options->max_length < options->min_length) ||
        (options->name_max_length > 0 && options->name_max_length < options->name_min_length)) {
        return ql_error_write(error, QL_ERROR_USAGE, "a maximum length is below its minimum: no item could be kept");
    }
    if (options->name[0] == '\0' || strchr(options->name, '/') != NULL) {
        return ql_error_write(error, QL_ERROR_USAGE, "--name %s: is not a file name", options->name);
    }
    status = ql_text_encoding_check(options->encoding, error);
    if (status == QL_OK && options->remove_words != NULL) {
        status = ql_word_list_load(&preparation->words, options->remove_words, error);
    }
    if (status == QL_OK && options->remove_names != NULL) {
        status = ql_word_list_load(&preparation->names, options->remove_names, error);
    }
    if (status == QL_OK && options->apart_from != NULL) {
        status = ql_overlap_set_load(&preparation->held_out, options->apart_from, error);
    }
    return status;
}

void ql_preparation_free(struct ql_preparation *preparation)
{
    for (int i = 0; i < QL_STREAM_COUNT; i++) {
        ql_item_list_free(&preparation->streams[i].list);
        ql_account_free(&preparation->streams[i].account);
    }
    for (size_t i = 0; i < preparation->input_count; i++) {
        free(preparation->inputs[i].path);
    }
    free(preparation->inputs);
    ql_word_list_free(&preparation->words);
    ql_word_list_free(&preparation->names);
    ql_overlap_set_free(&preparation->held_out);
    ql_letter_survey_free(&preparation->survey);
    ql_text_free(&preparation->context.author);
    ql_text_free(&preparation->context.scratch);
    ql_text_free(&preparation->text);
    ql_text_free(&preparation->before);
    *preparation = (struct ql_preparation){0};
}

// Runs one step on one text of the current item. Writes to the account; sets *alive to false when the text is dropped.
static enum ql_status step_edit(struct ql_preparation *preparation, const struct ql_step *step, enum ql_stream stream,
                                struct ql_text *text, bool *alive, struct ql_error *error)
{
    struct ql_step_context *context = &preparation->context;
    struct ql_account *account = &preparation->streams[stream].account;
    uint32_t input = (uint32_t)(preparation->input_count - 1);
    const char *reason = NULL;

    context->stream = stream;
    context->letters_lost = false;
    ql_text_load(&preparation->before, text->bytes, text->length);
    enum ql_status status = step->edit(context, text, &reason, error);
    if (status == QL_OK) {
        status = ql_text_check(text, error);
    }
    if (status == QL_OK) {
        status = ql_text_check(&context->scratch, error);
    }
    if (status == QL_OK) {
        status = ql_text_check(&preparation->before, error);
    }
    if (status != QL_OK) {
        return status;
    }
    preparation->streams[stream].letters_lost += context->letters_lost && reason == NULL;
    if (reason != NULL) {
        ql_account_write(account, step->name, reason, input, context->line, &preparation->before, NULL);
        *alive = false;
    } else if (text->length != preparation->before.length ||
               memcmp(text->bytes, preparation->before.bytes, text->length) != 0) {
        ql_account_write(account, step->name, NULL, input, context->line, &preparation->before, text);
    }
    return QL_OK;
}

static enum ql_status stream_keep(struct ql_preparation *preparation, enum ql_stream stream, const struct ql_text *text,
                                  struct ql_error *error)
{
    struct ql_stream_state *state = &preparation->streams[stream];

    assert(memchr(text->bytes, '\n', text->length) == NULL);
    state->account.kept++;
    return ql_item_list_write(&state->list, text->bytes, text->length, (uint32_t)(preparation->input_count - 1),
                              preparation->context.line, error);
}

// Takes one item through the editing steps; only a page of Wikiquote provides more than bytes and a line. Its text and,
// once it is found, its author are two texts that are kept or dropped independently.
static enum ql_status read_item(struct ql_preparation *preparation, const struct ql_wiki_item *item,
                                struct ql_error *error)
{
    struct ql_step_context *context = &preparation->context;
    enum ql_stream stream = text_stream(preparation);
    bool text_alive = true;
    bool name_alive = true;
    enum ql_status status = QL_OK;

    context->line = item->line;
    context->author_found = item->author != NULL;
    context->wiki_reason = item->reason;
    ql_text_reset(&context->author);
    ql_text_write(&context->author, item->author, item->author_length);
    ql_text_reset(&context->scratch);
    ql_text_load(&preparation->text, item->bytes, item->length);
    preparation->inputs[preparation->input_count - 1].item_count++;
    preparation->streams[stream].account.read++;
    for (int i = 0; ql_steps[i].edit != NULL && status == QL_OK; i++) {
        const struct ql_step *step = &ql_steps[i];
        if (!preparation->enabled[i]) {
            continue;
        }
        if (text_alive && (step->streams & (1 << stream)) != 0) {
            status = step_edit(preparation, step, stream, &preparation->text, &text_alive, error);
        }
        if (status == QL_OK && preparation->split && context->author_found && name_alive &&
            (step->streams & QL_FOR_NAMES) != 0) {
            status = step_edit(preparation, step, QL_STREAM_NAMES, &context->author, &name_alive, error);
        }
    }
    if (status == QL_OK && text_alive) {
        status = stream_keep(preparation, stream, &preparation->text, error);
    }
    if (status == QL_OK && preparation->split) {
        struct ql_account *names = &preparation->streams[QL_STREAM_NAMES].account;
        names->read++;
        if (!context->author_found) {
            ql_account_write(names, "attribution", "no_attribution", (uint32_t)(preparation->input_count - 1),
                             item->line, &preparation->text, NULL);
        } else if (name_alive) {
            status = stream_keep(preparation, QL_STREAM_NAMES, &context->author, error);
        }
    }
    return status;
}

static enum ql_status input_add(struct ql_preparation *preparation, const struct ql_reader *reader,
                                struct ql_error *error)
{
    size_t count = preparation->input_count;
    struct ql_input *larger = realloc(preparation->inputs, (count + 1) * sizeof *larger);
    char *path = strdup(reader->path);

    if (larger != NULL) {
        preparation->inputs = larger;
    }
    if (larger == NULL || path == NULL) {
        free(path);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    preparation->inputs[count] = (struct ql_input){
        .path = path,
        .size_bytes = reader->size_bytes,
        .format = reader->format,
        .detected = preparation->options.format == QL_FORMAT_AUTO,
    };
    preparation->input_count++;
    return QL_OK;
}

static enum ql_status read_header(struct ql_preparation *preparation, struct ql_reader *reader,
                                  struct ql_field_map *map, struct ql_error *error)
{
    const struct ql_prepare_options *options = &preparation->options;
    struct ql_step_context *context = &preparation->context;
    struct ql_raw_item header;
    const char *reason = NULL;
    bool found;
    enum ql_status status = ql_reader_read(reader, &header, &found, error);

    if (status != QL_OK || !found) {
        return status;
    }
    if (header.length == strlen("sep=,") && memcmp(header.bytes, "sep=", strlen("sep=")) == 0) {
        map->delimiter = header.bytes[strlen("sep=")]; // a line that Excel uses, before the header
        status = ql_reader_read(reader, &header, &found, error);
    }
    if (status != QL_OK || !found) {
        return status;
    }
    context->line = header.line;
    ql_text_reset(&context->scratch);
    ql_text_load(&preparation->text, header.bytes, header.length);
    status = ql_step_decode(context, &preparation->text, &reason, error);
    if (status != QL_OK) {
        return status;
    }
    status = ql_field_map_read(map, preparation->text.bytes, preparation->text.length, options->field,
                               options->author_field, error);
    if (status == QL_ERROR_INPUT) {
        (void)ql_error_prefix(error, "%s:%zu: ", reader->path, header.line);
    }
    return status;
}

// Takes one item through the steps before `transliterate`, and counts its letters.
static enum ql_status survey_item(struct ql_preparation *preparation, const struct ql_wiki_item *item,
                                  struct ql_error *error)
{
    struct ql_step_context *context = &preparation->context;
    struct ql_text *texts[] = {&preparation->text, &context->author};
    enum ql_status status = QL_OK;
    bool alive[] = {true, true};

    context->line = item->line;
    context->author_found = item->author != NULL;
    context->wiki_reason = item->reason;
    ql_text_reset(&context->author);
    ql_text_write(&context->author, item->author, item->author_length);
    ql_text_reset(&context->scratch);
    ql_text_load(&preparation->text, item->bytes, item->length);
    for (int i = 0; ql_steps[i].edit != NULL && ql_steps[i].edit != ql_step_transliterate; i++) {
        for (int k = 0; k < 2 && preparation->enabled[i] && status == QL_OK; k++) {
            const char *reason = NULL;
            const bool meant = (ql_steps[i].streams & (k == 0 ? QL_FOR_TEXTS : QL_FOR_NAMES)) != 0;
            if (meant && alive[k] && (k == 0 || context->author_found)) {
                status = ql_steps[i].edit(context, texts[k], &reason, error);
                alive[k] = reason == NULL;
            }
        }
    }
    for (int k = 0; k < 2 && status == QL_OK; k++) {
        if ((status = ql_text_check(texts[k], error)) == QL_OK && alive[k]) {
            status = ql_letter_survey_add(&preparation->survey, texts[k]->bytes, texts[k]->length, error);
        }
    }
    return status;
}

typedef enum ql_status item_function(struct ql_preparation *preparation, const struct ql_wiki_item *item,
                                     struct ql_error *error);

// The receiver of the items of a Wikiquote page.
struct page_taker {
    struct ql_preparation *preparation;
    item_function *take;
};

static enum ql_status read_page(void *taker, const struct ql_wiki_page *page, struct ql_error *error)
{
    const struct page_taker *page_taker = taker;
    struct ql_wiki_cursor cursor;
    struct ql_wiki_item item;
    enum ql_status status = QL_OK;

    ql_wiki_cursor_init(&cursor, page);
    while (status == QL_OK && ql_wiki_cursor_next(&cursor, &item)) {
        status = page_taker->take(page_taker->preparation, &item, error);
    }
    return status;
}

// Calls `take` for each item of an input.
static enum ql_status read_items(struct ql_preparation *preparation, struct ql_reader *reader, item_function *take,
                                 struct ql_error *error)
{
    struct ql_step_context *context = &preparation->context;
    struct ql_field_map map = {0};
    struct ql_raw_item item;
    bool found = true;
    enum ql_status status = QL_OK;

    context->path = reader->path;
    context->format = reader->format;
    context->fields = &map;
    context->objects_read = context->author_member_found = false;
    if (reader->format == QL_FORMAT_TSV) {
        map.delimiter = '\t';
        map.loose = true;
    }
    if (reader->format == QL_FORMAT_CSV || reader->format == QL_FORMAT_TSV) {
        status = read_header(preparation, reader, &map, error);
    }
    if (reader->format == QL_FORMAT_WIKIQUOTE) {
        struct page_taker taker = {preparation, take};
        status = ql_wiki_dump_read(reader->path, reader->bytes, reader->size_bytes, read_page, &taker, error);
    }
    while (status == QL_OK && reader->format != QL_FORMAT_WIKIQUOTE) {
        status = ql_reader_read(reader, &item, &found, error);
        if (status != QL_OK || !found) {
            break;
        }
        status = take(preparation,
                      &(struct ql_wiki_item){.bytes = item.bytes, .length = item.length, .line = item.line}, error);
    }
    if (status == QL_OK && context->objects_read && !context->author_member_found &&
        preparation->options.author_field != NULL) {
        status = ql_error_write(error, QL_ERROR_INPUT,
                                "%s: no object has a member \"%s\"; name the member that holds the author with "
                                "--author-field",
                                reader->path, preparation->options.author_field);
    }
    context->fields = NULL;
    context->path = NULL;
    return status;
}

enum ql_status ql_preparation_survey(struct ql_preparation *preparation, const char *path, const char *bytes,
                                     size_t size_bytes, struct ql_error *error)
{
    const enum ql_alphabet alphabet = preparation->options.alphabet;
    struct ql_reader reader;

    if ((alphabet != QL_ALPHABET_AUTO && alphabet != QL_ALPHABET_TEXT) ||
        !step_enabled(preparation, ql_step_transliterate)) {
        return QL_OK;
    }
    preparation->context.survey = &preparation->survey;
    ql_reader_open(&reader, path, bytes, size_bytes, preparation->options.format);
    if (reader.format == QL_FORMAT_WIKIQUOTE && alphabet == QL_ALPHABET_AUTO) {
        return QL_OK; // the default: English, and long
    }
    return read_items(preparation, &reader, survey_item, error);
}

// Adds to a list what the steps that spell alike make of its entries, because they did the same to the items.
static enum ql_status list_adapt(struct ql_preparation *preparation, struct ql_word_list *list, const char *path,
                                 bool names, struct ql_error *error)
{
    ql_step_edit *const all[] = {ql_step_transliterate, ql_step_person, ql_step_white_space};
    ql_step_edit *steps[sizeof all / sizeof all[0]];
    size_t count = 0;

    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        if (step_enabled(preparation, all[k]) && (names || all[k] != ql_step_person)) {
            steps[count++] = all[k];
        }
    }
    preparation->context.path = path;
    preparation->context.line = 1;
    ql_text_reset(&preparation->context.scratch);
    const enum ql_status status = ql_word_list_add_forms(list, &preparation->context, steps, count, error);
    preparation->context.path = NULL;
    return status;
}

enum ql_status ql_preparation_read(struct ql_preparation *preparation, const char *path, const char *bytes,
                                   size_t size_bytes, struct ql_error *error)
{
    struct ql_reader reader;
    enum ql_status status = QL_OK;

    if (preparation->context.survey == NULL &&
        (status = ql_preparation_survey(preparation, path, bytes, size_bytes, error)) != QL_OK) {
        return status;
    }
    if (preparation->options.alphabet == QL_ALPHABET_AUTO) {
        preparation->options.alphabet = ql_letter_survey_choose(&preparation->survey);
    }
    if (preparation->input_count == 0 &&
        ((status = list_adapt(preparation, &preparation->words, preparation->options.remove_words, false, error)) !=
             QL_OK ||
         (status = list_adapt(preparation, &preparation->names, preparation->options.remove_names, true, error)) !=
             QL_OK)) {
        return status;
    }
    ql_reader_open(&reader, path, bytes, size_bytes, preparation->options.format);
    bool row_format = reader.format == QL_FORMAT_CSV || reader.format == QL_FORMAT_TSV ||
                      reader.format == QL_FORMAT_JSONL || reader.format == QL_FORMAT_JSON;
    bool authors = step_enabled(preparation, ql_step_attribution) &&
                   (reader.format == QL_FORMAT_FORTUNE || reader.format == QL_FORMAT_WIKIQUOTE ||
                    (row_format && preparation->options.author_field != NULL));
    if (preparation->input_count == 0) {
        preparation->split = authors;
    } else if (authors && !preparation->split) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "%s: has attributions, the first input has none; put it first, prepare the two apart, or "
                              "--skip attribution",
                              path);
    }
    status = input_add(preparation, &reader, error);
    return status == QL_OK ? read_items(preparation, &reader, read_item, error) : status;
}

// Runs one step on one list. The items that it drops move from `kept` to the step's reason.
static enum ql_status step_sift(struct ql_preparation *preparation, const struct ql_step *step, enum ql_stream stream,
                                struct ql_error *error)
{
    struct ql_stream_state *state = &preparation->streams[stream];
    struct ql_item_list *list = &state->list;
    size_t kept = 0;

    preparation->context.stream = stream;
    enum ql_status status = step->sift(&preparation->context, list, error);
    if (status != QL_OK) {
        return status;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct ql_item *item = &list->items[i];
        if (item->dropped) {
            size_t length;
            const char *text = ql_item_list_read(list, i, &length);
            ql_text_load(&preparation->before, text, length);
            ql_account_write(&state->account, step->name, step->reason, item->input, item->line, &preparation->before,
                             NULL);
        } else {
            list->items[kept++] = *item;
        }
    }
    state->account.kept -= list->count - kept;
    list->count = kept;
    return ql_text_check(&preparation->before, error);
}

// Advice for the most common reason.
static const struct advice {
    const char *reason, *words;
} advices[] = {
    {"outside_alphabet", "choose another --alphabet, such as text or any"},
    {"rare_symbol", "lower --min-symbol-count, give more text, or choose another --alphabet, such as ascii"},
    {"too_short", "lower --min-length or --name-min-length"},
    {"too_long", "raise --max-length or --name-max-length"},
    {"listed_word", "check the list of --remove-words"},
    {"listed_name", "check the list of --remove-names"},
    {"overlap", "check the texts of --apart-from"},
};

// The error when no stream has an item left: how many items were dropped for which reason, and what to do about the
// most common one.
static enum ql_status nothing_left(const struct ql_preparation *preparation, struct ql_error *error)
{
    const struct ql_account_entry *worst = NULL;
    const char *words = "--list-steps explains the steps, and --skip leaves steps out";

    for (int stream = 0; stream < QL_STREAM_COUNT; stream++) {
        const struct ql_account *account = &preparation->streams[stream].account;
        if (account->kept > 0) {
            return QL_OK;
        }
        for (size_t i = 0; i < account->entry_count; i++) {
            const struct ql_account_entry *entry = &account->entries[i];
            worst = entry->reason != NULL && (worst == NULL || entry->count > worst->count) ? entry : worst;
        }
    }
    if (worst == NULL) {
        return QL_OK; // there was nothing to read
    }
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        words = strcmp(advices[i].reason, worst->reason) == 0 ? advices[i].words : words;
    }
    return ql_error_write(
        error, QL_ERROR_INPUT,
        "no item is left; most were dropped by the step %s for the reason %s (%zu, such as \"%s\"); %s", worst->step,
        worst->reason, worst->count, worst->example_count > 0 ? worst->examples[0].before : "", words);
}

enum ql_status ql_preparation_step(struct ql_preparation *preparation, struct ql_error *error)
{
    enum ql_status status = QL_OK;

    for (int i = 0; ql_steps[i].name != NULL; i++) {
        for (int stream = 0; stream < QL_STREAM_COUNT && status == QL_OK; stream++) {
            if (ql_steps[i].sift != NULL && preparation->enabled[i] && (ql_steps[i].streams & (1 << stream)) != 0) {
                status = step_sift(preparation, &ql_steps[i], (enum ql_stream)stream, error);
            }
        }
    }
    return status == QL_OK ? nothing_left(preparation, error) : status;
}

bool ql_preparation_check(const struct ql_preparation *preparation)
{
    for (int i = 0; i < QL_STREAM_COUNT; i++) {
        const struct ql_stream_state *state = &preparation->streams[i];
        if (!ql_account_check(&state->account) || state->account.kept != state->list.count) {
            return false;
        }
    }
    return true;
}

struct order {
    uint64_t key;
    uint32_t index;
};

static int order_compare(const void *left, const void *right)
{
    const struct order *a = left;
    const struct order *b = right;

    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return (a->index > b->index) - (a->index < b->index);
}

// Opens the writers of a stream's parts.
static enum ql_status stream_open(const struct ql_stream_state *state, struct ql_file_writer *writers, size_t *count,
                                  const char *folder, const char *const *inputs, size_t input_count,
                                  struct ql_error *error)
{
    static const char *const endings[QL_PART_COUNT] = {".txt", ".validation.txt", ".test.txt"};
    struct ql_text path = {0};
    enum ql_status status = QL_OK;

    for (int part = 0; part < QL_PART_COUNT && status == QL_OK; part++) {
        ql_text_load(&path, folder, strlen(folder));
        ql_text_write_byte(&path, '/');
        ql_text_write(&path, state->name, strlen(state->name));
        ql_text_write(&path, endings[part], strlen(endings[part]));
        if ((status = ql_text_check(&path, error)) == QL_OK &&
            (status = ql_file_check_output(path.bytes, inputs, input_count, error)) == QL_OK &&
            (status = ql_file_writer_open(&writers[*count], path.bytes, error)) == QL_OK) {
            (*count)++;
        }
    }
    ql_text_free(&path);
    return status;
}

// Writes a stream's items, in their random order, to the writers of its parts.
static enum ql_status stream_write(const struct ql_preparation *preparation, struct ql_stream_state *state,
                                   struct ql_file_writer *writers, struct ql_error *error)
{
    const struct ql_prepare_options *options = &preparation->options;
    const struct ql_item_list *list = &state->list;
    struct order *orders = malloc((list->count + 1) * sizeof *orders);
    enum ql_status status = QL_OK;

    if (orders == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to shuffle %zu items", list->count);
    }
    for (size_t i = 0; i < list->count; i++) {
        size_t length;
        const char *text = ql_item_list_read(list, i, &length);
        orders[i] = (struct order){.key = ql_item_order(text, length, options->seed), .index = (uint32_t)i};
    }
    qsort(orders, list->count, sizeof *orders, order_compare);
    for (int part = 0; part < QL_PART_COUNT; part++) {
        state->part_items[part] = state->part_characters[part] = 0;
    }
    for (size_t i = 0; i < list->count; i++) {
        size_t length;
        const char *text = ql_item_list_read(list, orders[i].index, &length);
        enum ql_part part = ql_item_part(text, length, options->validation, options->test);
        state->part_items[part]++;
        state->part_characters[part] += ql_symbol_count_in(text, length) + 1;
        // A failed write is kept in the stream and reported when the writer is closed.
        (void)fwrite(text, 1, length, writers[part].stream);
        (void)fputc('\n', writers[part].stream);
    }
    free(orders);
    for (int part = 0; part < QL_PART_COUNT && status == QL_OK; part++) {
        status = ql_file_writer_hash(&writers[part], state->part_sha256[part], error);
    }
    return status;
}

enum ql_status ql_preparation_write(struct ql_preparation *preparation, struct ql_file_writer *writers, size_t *count,
                                    const char *folder, const char *const *inputs, size_t input_count,
                                    struct ql_error *error)
{
    enum ql_status status = ql_folder_init(folder, error);

    assert(ql_preparation_check(preparation));
    *count = 0;
    for (int stream = 0; stream < QL_STREAM_COUNT && status == QL_OK; stream++) {
        struct ql_stream_state *state = &preparation->streams[stream];
        const size_t first = *count;
        if (ql_preparation_has_stream(preparation, (enum ql_stream)stream) &&
            (status = stream_open(state, writers, count, folder, inputs, input_count, error)) == QL_OK) {
            status = stream_write(preparation, state, writers + first, error);
        }
    }
    return status;
}

enum ql_status ql_preparation_save(struct ql_preparation *preparation, const char *folder, struct ql_error *error)
{
    struct ql_file_writer writers[QL_PREPARATION_WRITER_LIMIT] = {{0}};
    size_t count;
    enum ql_status status = ql_preparation_write(preparation, writers, &count, folder, NULL, 0, error);

    if (status == QL_OK) {
        return ql_file_writers_close(writers, count, error);
    }
    for (size_t i = 0; i < count; i++) {
        ql_file_writer_reset(&writers[i]);
    }
    return status;
}
