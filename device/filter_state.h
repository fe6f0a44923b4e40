// What the filter (device/filter.h) remembers of one text: a part of the text's state in generated C.
// Uses: stdint.h.
#ifndef QL_DEVICE_FILTER_STATE_H
#define QL_DEVICE_FILTER_STATE_H

#include <stdint.h>

enum { QL_FILTER_PLACE_LIMIT = 64 };

struct ql_filter_state {
    uint32_t places[QL_FILTER_PLACE_LIMIT];     // where in the graph listed words may have begun
    uint32_t before_run[QL_FILTER_PLACE_LIMIT]; // the places after the first of several equal letters
    uint32_t item_hash;                         // of the item's symbols so far; 0 while there are none
    uint8_t place_count, before_run_count;
    uint8_t run_label, run_length; // the last letter, and how many times in a row it came, up to 3
    uint32_t at_boundary;          // a word may begin here
};

#endif
