// Fuzzes `prepare`: the first two bytes choose the format, the options and the steps, the rest is the input.
// For any input, the report adds up, and every kept item is one line in the chosen alphabet.
// Uses: corpus.
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text_file.h"
#include "corpus/preparation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void check_items(const struct ql_item_list *list, enum ql_alphabet alphabet)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t length;
        const char *text = ql_item_list_read(list, i, &length);
        assert(length > 0);
        for (size_t position = 0; position < length;) {
            int32_t symbol = ql_symbol_read(text, length, &position);
            assert(symbol != '\n' && symbol != '\r');
            assert(alphabet != QL_ALPHABET_ASCII || (symbol >= 0x20 && symbol < 0x7F));
            assert(alphabet != QL_ALPHABET_LATIN1 || (symbol >= 0x20 && symbol <= 0xFF));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    static struct ql_preparation preparation; // too large for a small stack
    static const char *const skips[] = {NULL, "attribution", "person,utterance,white_space",
                                        "overstrikes,controls,mojibake,quotation_marks,emphasis"};
    static const enum ql_format formats[] = {QL_FORMAT_AUTO,  QL_FORMAT_LINES, QL_FORMAT_FORTUNE, QL_FORMAT_CSV,
                                             QL_FORMAT_JSONL, QL_FORMAT_TSV,   QL_FORMAT_JSON};
    static const char *const encodings[] = {"utf8", "latin1", "windows-1252", "utf-16", "windows-1258", "shift_jis"};
    struct ql_prepare_options options = ql_prepare_options_init();
    struct ql_error error;

    if (size_bytes < 2) {
        return 0;
    }
    options.format = (data[1] & 0x40) != 0 ? QL_FORMAT_WIKIQUOTE : formats[data[0] % 7];
    options.encoding = encodings[(data[0] >> 3) % (sizeof encodings / sizeof encodings[0])];
    options.alphabet = (enum ql_alphabet)((data[0] >> 5) % 5);
    options.replace = (data[1] & 1) != 0;
    options.author_field = (data[1] & 2) != 0 ? "author" : NULL;
    options.min_symbol_count = (data[1] & 4) != 0 ? 2 : 0;
    options.max_length = (data[1] & 8) != 0 ? 40 : 0;
    size_t skip = (data[1] >> 4) % 4;
    options.skip = skips[skip];

    enum ql_status status = ql_preparation_init(&preparation, &options, &error);
    assert(status == QL_OK);
    struct ql_file_view view = {.block = malloc(size_bytes), .size_bytes = size_bytes - 2};
    assert(view.block != NULL);
    view.data = memcpy(view.block, data + 2, view.size_bytes);
    const bool dump = options.format == QL_FORMAT_WIKIQUOTE;
    status = dump ? QL_OK : ql_text_decode(&view, "input", options.encoding, options.replace, &error);
    if (status == QL_OK && dump) {
        status = ql_preparation_read(&preparation, "input", (const char *)view.data, view.size_bytes, &error);
    } else if (status == QL_OK) {
        assert(memchr(view.data, '\r', view.size_bytes) == NULL && memchr(view.data, '\0', view.size_bytes) == NULL);
        status = ql_preparation_read(&preparation, "input", (const char *)view.data, view.size_bytes, &error);
    }
    ql_file_close(&view);
    if (status == QL_OK) {
        status = ql_preparation_step(&preparation, &error);
        assert(status == QL_OK || status == QL_ERROR_INPUT); // nothing is left
        assert(ql_preparation_check(&preparation));
        // Without white_space a tab may remain, and without controls any other ASCII character.
        enum ql_alphabet promised = skip < 2 ? preparation.options.alphabet : QL_ALPHABET_ANY;
        for (int i = 0; i < QL_STREAM_COUNT; i++) {
            check_items(&preparation.streams[i].list, promised);
        }
    } else {
        assert(error.message[0] != '\0');
    }
    ql_preparation_free(&preparation);
    return 0;
}
