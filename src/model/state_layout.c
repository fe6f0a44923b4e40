// The layout of a model's state: see state_layout.h.
#include "model/state_layout.h"

#include <assert.h>
#include <string.h>

static const char *const kinds[] = {
    [QL_STATE_REPLACE] = "replace", [QL_STATE_APPEND] = "append", [QL_STATE_COUNTER] = "counter"};

const char *ql_state_kind_write(enum ql_state_kind kind)
{
    return kinds[kind];
}

int ql_state_kind_read(const char *word)
{
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (strcmp(word, kinds[k]) == 0) {
            return (int)k;
        }
    }
    return -1;
}

static size_t element_bytes(enum ql_element type)
{
    switch (type) {
    case QL_ELEMENT_S8:
        return 1;
    case QL_ELEMENT_S16:
        return 2;
    case QL_ELEMENT_S64:
        return 8;
    default:
        assert(type == QL_ELEMENT_F32 || type == QL_ELEMENT_S32);
        return 4;
    }
}

bool ql_state_layout_add(struct ql_state_layout *layout, struct ql_state_part part)
{
    const size_t element = element_bytes(part.type);

    if (layout->part_count == QL_STATE_PART_LIMIT) {
        return false;
    }
    part.count = 1;
    for (int axis = 0; axis < part.rank; axis++) {
        part.count *= part.dims[axis];
    }
    part.bytes = (size_t)part.count * element;
    part.offset = (layout->bytes + element - 1) / element * element;
    layout->bytes = part.offset + part.bytes;
    layout->parts[layout->part_count++] = part;
    return true;
}

int ql_state_layout_context(const struct ql_state_layout *layout)
{
    for (int k = 0; k < layout->part_count; k++) {
        const struct ql_state_part *part = &layout->parts[k];
        if (part->kind == QL_STATE_APPEND && part->rank >= 2) {
            return part->dims[part->rank - 2];
        }
    }
    return 0;
}

const struct ql_state_part *ql_state_layout_find(const struct ql_state_layout *layout, int layer)
{
    for (int k = 0; k < layout->part_count; k++) {
        if (layout->parts[k].layer == layer) {
            return &layout->parts[k];
        }
    }
    return NULL;
}
