// Finds what is known of a value before the model is compiled: its sizes, and integers and booleans that follow from
// constants and sizes. With these, the end of a loop and the branch of a condition are known.
// Inside src/onnx only. Uses: base/arena, onnx/name_table, protobuf-c.
#ifndef QL_ONNX_KNOWN_VALUE_H
#define QL_ONNX_KNOWN_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <onnx.pb-c.h>

#include "base/arena.h"
#include "onnx/name_table.h"

enum { QL_KNOWN_LIMIT = 8 }; // dimensions, and numbers

struct ql_known_value {
    int type;                     // ONNX's number of the type of the numbers
    int rank;                     // -1: not known
    int64_t dims[QL_KNOWN_LIMIT]; // -1: not known
    int count;                    // of the numbers; -1: they are not known
    int64_t numbers[QL_KNOWN_LIMIT];
};

struct ql_known_entry {
    const Onnx__NodeProto *maker;       // NULL for an input or a constant
    const struct ql_known_value *known; // NULL: nothing
};

// What is known of the values of the outermost graph. Each is found once, when it is added, so the work grows with the
// graph. {0} is empty and valid.
struct ql_known_values {
    struct ql_name_table names; // the number of an entry
    struct ql_known_entry *entries;
    int count, room;
    struct ql_arena arena;
};

// Adds an input, a constant, or the first output of a node, in the order in which they are computed: nothing is known
// of what is added later. A name that is added again stands for the newest. What is added must outlive the values.
// Returns false when there is not enough memory.
bool ql_known_values_add_input(struct ql_known_values *values, const Onnx__ValueInfoProto *info);
bool ql_known_values_add_tensor(struct ql_known_values *values, const Onnx__TensorProto *tensor);
bool ql_known_values_add_node(struct ql_known_values *values, const Onnx__NodeProto *node);

// Takes back what was added, but for the first `count` entries.
void ql_known_values_cut(struct ql_known_values *values, int count);

void ql_known_values_free(struct ql_known_values *values);

// Finds out what is known of a value.
void ql_known_value_find(struct ql_known_value *known, struct ql_known_values *values, const char *name);

// Reads the single integer or boolean that a value is known to be. Returns false where it is not known.
bool ql_known_value_read(int64_t *number, struct ql_known_values *values, const char *name);

#endif
