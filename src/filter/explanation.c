// Explains what a filter finds in a text: see explanation.h. The text's own symbols are the vocabulary, one token for
// each position. Where a token would have been blocked, a word ends; it begins at the last position from which the
// token would still be blocked. Uses: corpus/vocabulary, device/filter.h.
#include "filter/explanation.h"

#include <stdlib.h>

#include "corpus/vocabulary.h"

struct reading {
    struct ql_filter_binding binding;
    uint32_t *symbols; // (count + 1), with a newline after the text
    size_t *offsets;   // (count + 2) of the symbols, in bytes
    int count;
    int item_start; // of the line being read
};

static enum ql_status read_symbols(struct reading *reading, const struct ql_filter_file *file, const char *text,
                                   size_t size_bytes, struct ql_error *error)
{
    reading->symbols = malloc((size_bytes + 1) * sizeof reading->symbols[0]);
    reading->offsets = malloc((size_bytes + 2) * sizeof reading->offsets[0]);
    if (reading->symbols == NULL || reading->offsets == NULL || size_bytes > INT32_MAX / 8) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to check a text of %zu bytes", size_bytes);
    }
    for (size_t place = 0; place < size_bytes;) {
        const size_t bytes =
            ql_utf8_decode(&reading->symbols[reading->count], (const unsigned char *)text + place, size_bytes - place);
        if (bytes == 0) {
            return ql_error_write(error, QL_ERROR_INPUT, "the text is not UTF-8 at byte %zu; convert it with iconv",
                                  place);
        }
        reading->offsets[reading->count++] = place;
        place += bytes;
    }
    reading->symbols[reading->count] = '\n';
    reading->offsets[reading->count] = size_bytes;
    reading->offsets[reading->count + 1] = size_bytes;
    // The caller frees `symbols` and `offsets` in every case; the analyzer loses them when the binding is set.
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
    return ql_filter_binding_init(&reading->binding, file, reading->symbols, reading->count + 1, error);
}

// Returns whether this token would complete a word.
static bool completes(const struct ql_filter_state *state, const struct ql_filter *filter, int token)
{
    // Asks about one token only: the vocabulary is as large as the text is long, so checking all tokens would be slow.
    struct ql_filter one = *filter;

    one.labels += token;
    one.kinds += token;
    one.V = 1;
    one.characters = 1;
    uint32_t blocked[1] = {0};
    return ql_filter_block(blocked, state, &one) && blocked[0] != 0;
}

// The position at which the word completed by token `end` begins.
static int find_start(const struct reading *reading, int end)
{
    const struct ql_filter *filter = &reading->binding.filter;

    for (int start = end; start > reading->item_start; start--) {
        struct ql_filter_state state;
        ql_filter_init(&state);
        state.at_boundary = filter->kinds[start - 1] & QL_FILTER_BOUNDARY;
        for (int k = start; k < end; k++) {
            ql_filter_step(&state, filter, k);
        }
        if (completes(&state, filter, end)) {
            return start;
        }
    }
    return reading->item_start;
}

static enum ql_status add_finding(struct ql_explanation *explanation, const struct reading *reading,
                                  enum ql_finding_kind kind, int start, int end, struct ql_error *error)
{
    struct ql_finding *larger = realloc(explanation->findings, (explanation->count + 1) * sizeof *larger);

    if (larger == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for what was found");
    }
    explanation->findings = larger;
    explanation->findings[explanation->count++] =
        (struct ql_finding){.kind = kind,
                            .offset_bytes = reading->offsets[start],
                            .size_bytes = reading->offsets[end] - reading->offsets[start],
                            .symbol = (size_t)start};
    return QL_OK;
}

// A word completed by token `end`: including it if it is a letter of the word, otherwise ending before it.
static enum ql_status add_word(struct ql_explanation *explanation, const struct reading *reading, bool before_end,
                               int end, struct ql_error *error)
{
    const struct ql_filter *filter = &reading->binding.filter;
    const int start = find_start(reading, end);
    const size_t count = explanation->count;
    if (count > 0 && explanation->findings[count - 1].symbol == (size_t)start) {
        return QL_OK; // a longer word that begins with the previous one
    }
    enum ql_finding_kind kind = QL_FINDING_WORD;

    for (int k = start; k < end; k++) {
        if (filter->labels[k] == QL_FILTER_NO_LABEL && !(filter->kinds[k] & QL_FILTER_IGNORED)) {
            kind = QL_FINDING_APART;
        }
    }
    return add_finding(explanation, reading, kind, start, before_end ? end : end + 1, error);
}

enum ql_status ql_explanation_init(struct ql_explanation *explanation, const struct ql_filter_file *file,
                                   const char *text, size_t size_bytes, struct ql_error *error)
{
    struct reading reading = {0};
    struct ql_filter_state state;

    *explanation = (struct ql_explanation){0};
    enum ql_status status = read_symbols(&reading, file, text, size_bytes, error);
    const struct ql_filter *filter = &reading.binding.filter;
    ql_filter_init(&state);
    for (int k = 0; k <= reading.count && status == QL_OK; k++) {
        if (completes(&state, filter, k)) {
            status = add_word(explanation, &reading, filter->kinds[k] & QL_FILTER_BOUNDARY, k, error);
        }
        if (filter->kinds[k] & QL_FILTER_END) {
            if (status == QL_OK && ql_filter_refuses(&state, filter)) {
                status = add_finding(explanation, &reading, QL_FINDING_ITEM, reading.item_start, k, error);
            }
            reading.item_start = k + 1;
        }
        ql_filter_step(&state, filter, k);
    }
    ql_filter_binding_free(&reading.binding);
    free(reading.symbols);
    free(reading.offsets);
    if (status != QL_OK) {
        ql_explanation_free(explanation);
    }
    return status;
}

void ql_explanation_free(struct ql_explanation *explanation)
{
    free(explanation->findings);
    *explanation = (struct ql_explanation){0};
}
