// The kept items of one stream: all text in one block, and for each item its place in the block and its origin.
// 24 bytes per item in addition to its text, so that ten million short items fit into a few hundred megabytes.
// Uses: corpus/text_buffer.
#ifndef QL_CORPUS_ITEM_LIST_H
#define QL_CORPUS_ITEM_LIST_H

#include "corpus/text_buffer.h"

struct ql_item {
    size_t offset_bytes;   // of its first byte in the list's text
    uint32_t length_bytes; // without a terminator; an item may not be larger than 4 GiB
    uint32_t line;         // of its first line in the input, from 1; stays at UINT32_MAX in longer files
    uint32_t input;        // which input, from 0
    bool dropped;          // set by a step that judges all items together; the item stays in the block
};

// Zero-initialized is empty and valid. Pointers into `text` hold until the next ql_item_list_write.
struct ql_item_list {
    struct ql_text text;
    struct ql_item *items;
    size_t count;    // at most UINT32_MAX
    size_t capacity; // of `items`
};

void ql_item_list_free(struct ql_item_list *list);

// Appends an item. Errors: QL_ERROR_SYSTEM without memory, QL_ERROR_INPUT when the item or the list is too large.
enum ql_status ql_item_list_write(struct ql_item_list *list, const char *bytes, size_t length, uint32_t input,
                                  size_t line, struct ql_error *error);

// The text of item `index`; `*length` gets its bytes. Not NUL-terminated.
const char *ql_item_list_read(const struct ql_item_list *list, size_t index, size_t *length);

#endif
