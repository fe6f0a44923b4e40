// Where the words of a page stand, and the page as a picture.
// Uses: stdint.h.
#ifndef QL_APP_LAYOUT_H
#define QL_APP_LAYOUT_H

#include <stdint.h>

enum ql_layout_result { QL_LAYOUT_DONE, QL_LAYOUT_TOO_LONG };

struct ql_layout {
    int bytes;
};

// Lays out a quote and a name, both UTF-8.
enum ql_layout_result ql_layout_write(struct ql_layout *layout, const char *quote, const char *name);

void ql_layout_draw(uint8_t *frame, const struct ql_layout *layout);

#endif
