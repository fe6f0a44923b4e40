// Fuzz target: the readers of plain texts: a text to train on, lists of words, items that are counted, a vocabulary.
// Uses: corpus, filter, study, Linux (a file in memory).
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "corpus/token_text.h"
#include "corpus/vocabulary.h"
#include "corpus/word_list.h"
#include "filter/fingerprint_set.h"
#include "study/item_traits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

// A text that is read must be encodable with its tokens, and end with a newline.
static void read_tokens(const char *path)
{
    static struct ql_vocabulary vocabulary;
    struct ql_token_text text = {0}, held_out = {0};
    struct ql_error error;

    if (ql_token_text_scan(&vocabulary, path, &error) != QL_OK) {
        assert(error.message[0] != '\0');
        return;
    }
    assert(vocabulary.count >= 1 && vocabulary.count <= QL_VOCABULARY_LIMIT);
    for (int i = 1; i < vocabulary.count; i++) {
        assert(vocabulary.symbols[i - 1] < vocabulary.symbols[i]);
    }
    if (ql_token_text_load(&text, &vocabulary, path, &error) != QL_OK) {
        abort(); // every symbol is in the vocabulary
    }
    const size_t count = text.count;
    assert(count > 0 && text.tokens[count - 1] == ql_vocabulary_encode(&vocabulary, '\n'));
    if (ql_token_text_divide_lines(&text, &held_out, 0.5, &vocabulary, &error) == QL_OK) {
        assert(text.count + held_out.count == count);
    }
    ql_token_text_free(&held_out);
    if (text.count > 0 && ql_token_text_divide_end(&text, &held_out, 0.25, &vocabulary, &error) == QL_OK) {
        assert(held_out.count > 0);
        ql_token_text_free(&held_out);
    }
    ql_token_text_free(&text);
}

static void read_vocabulary(const uint8_t *data, size_t size_bytes)
{
    static struct ql_vocabulary vocabulary;
    static char text[4 * QL_VOCABULARY_LIMIT + 1];
    struct ql_error error;

    if (size_bytes > 0 && ql_vocabulary_read(&vocabulary, (const char *)data, size_bytes, &error) == QL_OK) {
        ql_vocabulary_write(&vocabulary, text);
        for (int i = 0; i < vocabulary.count; i++) {
            assert(ql_vocabulary_encode(&vocabulary, vocabulary.symbols[i]) == i);
        }
    }
}

static void read_words(const char *path)
{
    struct ql_word_list list = {0};
    struct ql_text text = {0}, folded = {0};
    struct ql_item_keys keys = {0};
    struct ql_error error;

    if (ql_word_list_load(&list, path, &error) == QL_OK) {
        ql_text_load(&text, "a text in which some of these words may be", 42);
        (void)ql_word_list_check(&list, &text, &folded);
    }
    ql_word_list_free(&list);
    ql_text_free(&text);
    ql_text_free(&folded);
    (void)ql_item_keys_load(&keys, path, &error);
    ql_item_keys_free(&keys);
}

static void read_items(const char *path)
{
    struct ql_yardstick yardstick = {0};
    struct ql_error error;

    if (ql_yardstick_load(&yardstick, path, 20, &error) == QL_OK) {
        (void)ql_yardstick_load_words(&yardstick, path, &error);
    }
    ql_yardstick_free(&yardstick);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
    char path[64];
    int file = memfd_create("text", MFD_CLOEXEC);

    if (file < 0 || write(file, data, size_bytes) != (ssize_t)size_bytes) {
        abort();
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    read_tokens(path);
    read_words(path);
    read_items(path);
    read_vocabulary(data, size_bytes);
    (void)close(file);
    return 0;
}
