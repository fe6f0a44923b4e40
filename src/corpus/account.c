// The account of one stream: see account.h. The entries are few, so a linear search finds them.
// Uses: corpus/text_buffer.
#include "corpus/account.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void ql_account_free(struct ql_account *account)
{
    for (size_t i = 0; i < account->entry_count; i++) {
        struct ql_account_entry *entry = &account->entries[i];
        for (size_t j = 0; j < entry->example_count; j++) {
            free(entry->examples[j].before);
            free(entry->examples[j].after);
        }
    }
    *account = (struct ql_account){0};
}

// A copy for a human reader; NULL when there is not enough memory, and the example is then left out.
static char *account_excerpt(const struct ql_text *text)
{
    size_t length = text->length;
    const char *ending = "";

    if (length > QL_ACCOUNT_EXAMPLE_BYTES) {
        length = QL_ACCOUNT_EXAMPLE_BYTES;
        while (length > 0 && ((unsigned char)text->bytes[length] & 0xC0) == 0x80) {
            length--;
        }
        ending = "...";
    }
    char *copy = malloc(length + strlen(ending) + 1);
    if (copy != NULL) {
        if (length > 0) {
            memcpy(copy, text->bytes, length);
        }
        memcpy(copy + length, ending, strlen(ending) + 1);
    }
    return copy;
}

static struct ql_account_entry *account_entry(struct ql_account *account, const char *step, const char *reason)
{
    for (size_t i = 0; i < account->entry_count; i++) {
        struct ql_account_entry *entry = &account->entries[i];
        bool same_reason =
            reason == NULL || entry->reason == NULL ? reason == entry->reason : strcmp(reason, entry->reason) == 0;
        if (same_reason && strcmp(step, entry->step) == 0) {
            return entry;
        }
    }
    assert(account->entry_count < QL_ACCOUNT_ENTRY_LIMIT);
    struct ql_account_entry *entry = &account->entries[account->entry_count++];
    *entry = (struct ql_account_entry){.step = step, .reason = reason};
    return entry;
}

void ql_account_write(struct ql_account *account, const char *step, const char *reason, uint32_t input, size_t line,
                      const struct ql_text *before, const struct ql_text *after)
{
    struct ql_account_entry *entry = account_entry(account, step, reason);

    entry->count++;
    account->dropped += reason != NULL;
    if (entry->example_count == QL_ACCOUNT_EXAMPLES) {
        return;
    }
    struct ql_account_example example = {.input = input, .line = line, .before = account_excerpt(before)};
    if (after != NULL) {
        example.after = account_excerpt(after);
    }
    if (example.before == NULL || (after != NULL && example.after == NULL)) {
        free(example.before);
        free(example.after);
        return;
    }
    entry->examples[entry->example_count++] = example;
}

bool ql_account_check(const struct ql_account *account)
{
    size_t dropped = 0;

    for (size_t i = 0; i < account->entry_count; i++) {
        dropped += account->entries[i].reason != NULL ? account->entries[i].count : 0;
    }
    return dropped == account->dropped && account->kept + account->dropped == account->read;
}
