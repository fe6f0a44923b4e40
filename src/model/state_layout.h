// Lays out the state of a model: named parts with dimensions, type, and kind, one after another in one block of memory.
// The state holds all that a model remembers of a text, so code that copies, saves, or resets it does not depend on the
// architecture.
// Uses: device/element.h.
#ifndef QL_MODEL_STATE_LAYOUT_H
#define QL_MODEL_STATE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "device/element.h"

// How a token changes a part. A state of zeros is the beginning of a text, of every kind.
enum ql_state_kind {
    QL_STATE_REPLACE, // each token writes all of it: h and c of a recurrent layer
    QL_STATE_APPEND,  // each token writes one entry and keeps the others: the keys and values of attention
    QL_STATE_COUNTER, // each token adds one: a position
};

enum { QL_STATE_PART_LIMIT = 32, QL_STATE_RANK_LIMIT = 8 };

struct ql_state_part {
    const char *name;   // "h"; of a graph the name of the input: "h0". Not owned
    const char *output; // of a graph the output that continues it: "hn"; NULL elsewhere. Not owned
    int layer;          // from 0; -1 where a part belongs to no layer, or it is not known to which
    enum ql_state_kind kind;
    enum ql_element type; // F32, or an integer of 8, 16, 32 or 64 bits
    int rank, dims[QL_STATE_RANK_LIMIT];
    int count;            // elements
    size_t offset, bytes; // in the state
};

// The parts of a layer stand one after the other. {0} has no parts.
struct ql_state_layout {
    struct ql_state_part parts[QL_STATE_PART_LIMIT];
    int part_count;
    size_t bytes; // of the whole state
};

// Adds a part: names, layer, kind, type and dimensions are taken from `part`, the rest is computed. Each part begins at
// a multiple of its element's size. Returns false when there are QL_STATE_PART_LIMIT parts already.
bool ql_state_layout_add(struct ql_state_layout *layout, struct ql_state_part part);

// The word for a kind, "append"; and the kind for a word, or -1.
const char *ql_state_kind_write(enum ql_state_kind kind);
int ql_state_kind_read(const char *word);

// Returns the tokens that attention reaches: the entries of the parts that are appended to; 0 where there are none.
int ql_state_layout_context(const struct ql_state_layout *layout);

// The first part of a layer, or NULL where it has none.
const struct ql_state_part *ql_state_layout_find(const struct ql_state_layout *layout, int layer);

#endif
