// Keys of candidates: see key_row.h.
// Uses: base/vectors.
#include "generate/key_row.h"

#include <limits.h>

#include "base/vectors.h"

enum { KEY_VECTOR = 16 };

int ql_key_row_count(int V)
{
    return (V + KEY_VECTOR - 1) / KEY_VECTOR * KEY_VECTOR;
}

QL_VECTORIZED_VALUE(, int, ql_key_row_find, (const int32_t *keys, int count), (keys, count))
{
    int32_t largest = INT_MIN;
    int first = INT_MAX;

    for (int v = 0; v < count; v++) {
        largest = keys[v] > largest ? keys[v] : largest;
    }
    for (int v = 0; v < count; v++) {
        const int here = keys[v] == largest ? v : INT_MAX;
        first = here < first ? here : first;
    }
    return first;
}
