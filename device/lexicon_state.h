// What the lexicon (device/lexicon.h) remembers of one text: a part of the text's state in generated C.
// Uses: stdint.h.
#ifndef QL_DEVICE_LEXICON_STATE_H
#define QL_DEVICE_LEXICON_STATE_H

#include <stdint.h>

// The edges that the open word has come to (0 for none). Two, because a capital letter that begins a sentence may belong
// to a name or to any word.
struct ql_lexicon_state {
    uint16_t edges[2];
    uint32_t flags; // QL_LEXICON_OUTSIDE and those after it
};

#endif
