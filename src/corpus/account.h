// Accounts for the items of one stream: each item that was read is either kept, or dropped by a step for a stated
// reason. Also counts the items that each step changed, and keeps a few examples of each kind.
// Uses: corpus/text_buffer.
#ifndef QL_CORPUS_ACCOUNT_H
#define QL_CORPUS_ACCOUNT_H

#include "corpus/text_buffer.h"

enum {
    QL_ACCOUNT_EXAMPLES = 3,        // per reason and per step: enough to judge it, few enough to read
    QL_ACCOUNT_EXAMPLE_BYTES = 160, // longer texts are cut at a symbol and end in "..."
    QL_ACCOUNT_ENTRY_LIMIT = 96,    // distinct (step, reason) pairs; the step table has far fewer
};

struct ql_account_example {
    uint32_t input; // which input, from 0
    size_t line;    // from 1
    char *before;   // owned; the text as the step found it
    char *after;    // owned; the text as the step left it; NULL for a dropped item
};

// One line of the account: a step and a reason, or a step and NULL for "changed".
struct ql_account_entry {
    const char *step;   // static
    const char *reason; // static; NULL counts changed items
    size_t count;
    struct ql_account_example examples[QL_ACCOUNT_EXAMPLES];
    size_t example_count;
};

// Zero-initialized is empty and valid.
struct ql_account {
    size_t read;
    size_t kept;
    size_t dropped;
    struct ql_account_entry entries[QL_ACCOUNT_ENTRY_LIMIT]; // in the order of their first use
    size_t entry_count;
};

void ql_account_free(struct ql_account *account);

// Counts a dropped (`reason` given, `after` NULL) or a changed (`reason` NULL) item. `before` and `after` are copied
// while there is room for examples. The caller counts `read` and `kept`.
void ql_account_write(struct ql_account *account, const char *step, const char *reason, uint32_t input, size_t line,
                      const struct ql_text *before, const struct ql_text *after);

// True when kept + dropped = read and the reasons add up to dropped.
bool ql_account_check(const struct ql_account *account);

#endif
