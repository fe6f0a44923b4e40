// Applies a filter to a complete text: finds where listed words occur in it, and whether an item is refused.
// Uses: base, filter/filter_file.
#ifndef QL_FILTER_EXPLANATION_H
#define QL_FILTER_EXPLANATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "filter/filter_file.h"

enum ql_finding_kind {
    QL_FINDING_WORD,  // reads as a listed word
    QL_FINDING_APART, // does so when what stands between its letters is left out
    QL_FINDING_ITEM,  // a whole item that is refused
};

struct ql_finding {
    enum ql_finding_kind kind;
    size_t offset_bytes, size_bytes; // in the text
    size_t symbol;                   // of its first symbol, from 0
};

// Owns its list.
struct ql_explanation {
    struct ql_finding *findings;
    size_t count;
};

// Finds all in a text of UTF-8; a text may have many lines, each of which is an item. The end of the text also ends an
// item.
// Errors: QL_ERROR_INPUT for what is not UTF-8, QL_ERROR_SYSTEM when there is not enough memory.
enum ql_status ql_explanation_init(struct ql_explanation *explanation, const struct ql_filter_file *file,
                                   const char *text, size_t size_bytes, struct ql_error *error);
void ql_explanation_free(struct ql_explanation *explanation);

#endif
