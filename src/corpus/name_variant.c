// The step `short_forms`: "W. Churchill" is dropped if there is a "Winston Churchill", and "G. B. Shaw" if there is a
// "George Bernard Shaw". Names are sorted by their last word, so that only names with the same one are compared.
// Uses: corpus/clean_step.
#include <stdlib.h>
#include <string.h>

#include "corpus/clean_step.h"

struct person {
    const char *text;
    size_t length;
    const char *surname; // the last word, a part of `text`
    size_t surname_length;
    uint32_t index;
};

static int person_compare(const void *left, const void *right)
{
    const struct person *a = left;
    const struct person *b = right;
    size_t shorter = a->surname_length < b->surname_length ? a->surname_length : b->surname_length;
    int order = memcmp(a->surname, b->surname, shorter);

    if (order == 0) {
        order = (a->surname_length > b->surname_length) - (a->surname_length < b->surname_length);
    }
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static bool same_surname(const struct person *left, const struct person *right)
{
    return left->surname_length == right->surname_length &&
           memcmp(left->surname, right->surname, left->surname_length) == 0;
}

// The number of bytes of the letter in an initial such as "W." or "В.", or 0.
static size_t initial_length(const char *text, size_t length)
{
    size_t behind = 0;

    (void)ql_symbol_read(text, length, &behind);
    return behind < length && text[behind] == '.' ? behind : 0;
}

// True when all words of `name` before the surname are initials, and the words of `longer` start with the same letters.
static bool is_short_form(const struct person *name, const struct person *longer)
{
    const char *end = name->surname;
    const char *other = longer->text;

    if (name->text == end) {
        return false;
    }
    bool shorter = false;
    for (const char *word = name->text; word < end;) {
        const size_t initial = initial_length(word, (size_t)(end - word));
        if (initial == 0 || other >= longer->surname || memcmp(other, word, initial) != 0) {
            return false;
        }
        const char *blank = memchr(other, ' ', (size_t)(longer->surname - other));
        if (blank == NULL) {
            return false;
        }
        shorter = shorter || blank[-1] != '.';
        other = blank + 1;
        word += initial + strlen(". ");
    }
    return shorter;
}

enum ql_status ql_step_short_forms(struct ql_step_context *context, struct ql_item_list *list, struct ql_error *error)
{
    size_t count = 0;
    struct person *people = malloc((list->count + 1) * sizeof *people);

    (void)context;
    if (people == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory to compare %zu names", list->count);
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].dropped) {
            continue;
        }
        struct person person = {.index = (uint32_t)i};
        person.text = ql_item_list_read(list, i, &person.length);
        person.surname = person.text + person.length;
        while (person.surname > person.text && person.surname[-1] != ' ') {
            person.surname--;
        }
        person.surname_length = person.length - (size_t)(person.surname - person.text);
        people[count++] = person;
    }
    qsort(people, count, sizeof *people, person_compare);
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && same_surname(&people[start], &people[end]); end++) {
        }
        for (size_t i = start; i < end; i++) {
            bool initial = initial_length(people[i].text, people[i].length) > 0;
            for (size_t j = start; initial && j < end && !list->items[people[i].index].dropped; j++) {
                list->items[people[i].index].dropped = i != j && is_short_form(&people[i], &people[j]);
            }
        }
    }
    free(people);
    return QL_OK;
}
