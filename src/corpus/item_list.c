// The kept items of one stream: see item_list.h.
// Uses: corpus/text_buffer.
#include "corpus/item_list.h"

#include <stdlib.h>

void ql_item_list_free(struct ql_item_list *list)
{
    ql_text_free(&list->text);
    free(list->items);
    *list = (struct ql_item_list){0};
}

enum ql_status ql_item_list_write(struct ql_item_list *list, const char *bytes, size_t length, uint32_t input,
                                  size_t line, struct ql_error *error)
{
    if (length > UINT32_MAX || list->count >= UINT32_MAX) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "too much for one corpus: an item may have 4 GiB, and a corpus "
                              "4,294,967,295 items; prepare the text in parts");
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 1024 : list->capacity * 2;
        struct ql_item *larger = realloc(list->items, capacity * sizeof *larger);
        if (larger == NULL) {
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for %zu items", capacity);
        }
        list->items = larger;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct ql_item){
        .offset_bytes = list->text.length,
        .length_bytes = (uint32_t)length,
        .line = line > UINT32_MAX ? UINT32_MAX : (uint32_t)line,
        .input = input,
    };
    ql_text_write(&list->text, bytes, length);
    return ql_text_check(&list->text, error);
}

const char *ql_item_list_read(const struct ql_item_list *list, size_t index, size_t *length)
{
    *length = list->items[index].length_bytes;
    return list->text.bytes + list->items[index].offset_bytes;
}
