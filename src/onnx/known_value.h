// Finds what is known of a value before the model is compiled: its sizes, and integers and booleans that follow from
// constants and sizes. With these, the end of a loop and the branch of a condition are known.
// Inside src/onnx only. Uses: protobuf-c.
#ifndef QL_ONNX_KNOWN_VALUE_H
#define QL_ONNX_KNOWN_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <onnx.pb-c.h>

enum { QL_KNOWN_LIMIT = 8 }; // dimensions, and numbers

struct ql_known_value {
    int type;                     // ONNX's number of the type of the numbers
    int rank;                     // -1: not known
    int64_t dims[QL_KNOWN_LIMIT]; // -1: not known
    int count;                    // of the numbers; -1: they are not known
    int64_t numbers[QL_KNOWN_LIMIT];
};

// Where names are looked up: nodes and constants, the last of them first, then inputs.
struct ql_known_names {
    const Onnx__GraphProto *graph;
    Onnx__NodeProto *const *nodes;
    Onnx__TensorProto *const *initializers;
    size_t node_count, initializer_count;
    int64_t opset;
    size_t compared;            // names so far; beyond a limit nothing is known
    struct ql_known_memo *memo; // private
};

// Finds out what is known of a value of the outermost graph.
void ql_known_value_find(struct ql_known_value *known, struct ql_known_names *names, const char *name);

// Read the single integer or boolean that a value is known to be. Returns false where it is not known.
bool ql_known_value_read(int64_t *number, struct ql_known_names *names, const char *name);

#endif
