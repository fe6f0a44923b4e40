// Stands in for a model: writes texts from a fixed list, in a random order. For work on the panel and on the page.
// Uses: device/.
#ifndef QL_APP_STUB_H
#define QL_APP_STUB_H

#include "device/model_functions.h"
#include "device/random.h"

// The state of a stub. A token is an ASCII code. The caller sets the texts, which must stay valid, before `init`.
struct ql_stub {
    const char *const *texts;
    uint32_t text_count;
    struct ql_random random;
    const char *rest; // of the text that is being written; NULL before its first symbol
};

// A stub has no weights that could be damaged, and so no self-test.
extern const struct ql_model_functions ql_stub_functions;

#endif
