// Counts items that contain a listed word: see hostile_count.h.
// Uses: word_checker, the C library.
#include "hostile_count.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "word_checker.h"

// An item that has not ended by then is cut, as soon as it may be. Items of one text share its random numbers.
enum { LENGTH_LIMIT = 48, ITEM_BYTES = 1024, ITEMS_OF_A_TEXT = 100, SHOWN_LIMIT = 5 };

static const float temperatures[] = {0.3f, 0.5f, 0.7f, 0.9f, 1.1f, 1.3f, 1.5f};

// The next item, without its newline. *token is the one that was drawn last. False on an error.
static bool write_item(char item[ITEM_BYTES], const struct hostile_writer *writer, int *token)
{
    size_t size = 0;

    for (int length = 0;; length++) {
        *token = writer->next(writer->model, *token);
        if (*token < 0) {
            return false;
        }
        if (*token == writer->newline) {
            break;
        }
        const char *symbol = writer->symbol(writer->model, *token);
        if (size + strlen(symbol) + 1 > ITEM_BYTES) {
            return false;
        }
        memcpy(item + size, symbol, strlen(symbol));
        size += strlen(symbol);
        if (length >= LENGTH_LIMIT && writer->may_end(writer->model, *token)) {
            *token = writer->newline;
            break;
        }
    }
    item[size] = '\0';
    return true;
}

int hostile_count(const struct hostile_writer *writer, const char *words_path, long items, bool show)
{
    struct word_checker checker;
    uint32_t hash = 2166136261u;
    int token = writer->newline;
    long found = 0;

    word_checker_init(&checker, words_path);
    for (long k = 0; k < items; k++) {
        char item[ITEM_BYTES];
        if (k % ITEMS_OF_A_TEXT == 0) {
            const long text = k / ITEMS_OF_A_TEXT;
            writer->begin(writer->model, (uint32_t)text, temperatures[(size_t)text % 7]);
            token = writer->newline;
        }
        if (!write_item(item, writer, &token)) {
            (void)fprintf(stderr, "the model gave no token at item %ld\n", k);
            word_checker_free(&checker);
            return 1;
        }
        for (const char *c = item; *c != '\0'; c++) {
            hash = (hash ^ (unsigned char)*c) * 16777619u;
        }
        hash = (hash ^ '\n') * 16777619u;
        const struct word_entry *entry = word_checker_find(&checker, item);
        if (entry != NULL && show && found < SHOWN_LIMIT) {
            (void)fprintf(stderr, "item %ld, '%s', holds '%s'\n", k, item, entry->letters);
        }
        found += entry != NULL;
    }
    (void)printf("items %ld with_words %ld text %08" PRIx32 "\n", items, found, hash);
    word_checker_free(&checker);
    return 0;
}
