// Stands in for a model: writes texts from a fixed list, in a random order. For work on the panel and on the page.
// Uses: app/writer.h, device/random.h.
#ifndef QL_APP_STUB_H
#define QL_APP_STUB_H

#include "device/random.h"
#include "writer.h"

// A token is an ASCII code.
struct ql_stub {
    const char *const *texts;
    uint32_t text_count;
    struct ql_random random;
    const char *rest; // of the text that is being written; NULL before its first symbol
};

// Makes `writer` write the texts, which must stay valid, as must `stub`.
void ql_stub_init(struct ql_writer *writer, struct ql_stub *stub, const char *const *texts, uint32_t text_count,
                  uint32_t seed);

#endif
