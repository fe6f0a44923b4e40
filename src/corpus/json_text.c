// JSON strings of any text: see json_text.h.
// Uses: corpus/vocabulary, jansson.
#include "corpus/json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/vocabulary.h"

json_t *ql_json_text_make(const char *text)
{
    enum { ESCAPE = 4 }; // characters in "\xe9"
    const size_t size = strlen(text);
    char *escaped = malloc(ESCAPE * size + 1);
    size_t length = 0;

    if (escaped == NULL) {
        return NULL;
    }
    for (size_t place = 0; place < size;) {
        uint32_t symbol;
        const unsigned char *here = (const unsigned char *)text + place;
        const size_t bytes = ql_utf8_decode(&symbol, here, size - place);
        if (bytes == 0) {
            (void)snprintf(escaped + length, ESCAPE + 1, "\\x%02x", *here);
        } else {
            memcpy(escaped + length, here, bytes);
        }
        length += bytes == 0 ? ESCAPE : bytes;
        place += bytes == 0 ? 1 : bytes;
    }
    json_t *string = json_stringn(escaped, length);
    free(escaped);
    return string;
}
