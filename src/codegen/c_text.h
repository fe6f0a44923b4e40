// Pieces of C: numbers that keep every bit, arrays, identifiers that are unique, text that is safe in a comment.
// Uses: base, device/element.h.
#ifndef QL_CODEGEN_C_TEXT_H
#define QL_CODEGEN_C_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "device/element.h"

enum {
    QL_C_LINE_COLUMNS = 120,
    QL_C_NUMBER_BYTES = 40,
    QL_C_IDENTIFIER_BYTES = 64, // with the NUL; longer names are cut
};

// "float", "int64_t": the type that holds an element; the 16-bit floats are their bits. And the name that a workspace's
// member of this type has: "f32", "s64".
const char *ql_c_type(enum ql_element type);
const char *ql_c_member(enum ql_element type);

// A finite float as a literal: the fewest digits, at least 7, that read back as the same bits. "0.1f", "-2.0f".
void ql_c_float_write(char text[QL_C_NUMBER_BYTES], float value);

// The macro that aligns an array for the widest vectors, in front of its declaration; the source defines it.
#define QL_C_ALIGNMENT "QL_ALIGNED"

// Writes "static const TYPE NAME[count] = {...};", aligned when it is not small, and, where `comment` is not empty, the
// comment after the brace. An array of floats that are not all finite, for which C has no literals, becomes a union of
// its bits and its values, and the function returns true: the values are then NAME.values.
bool ql_c_array_write(FILE *stream, const char *name, const char *comment, enum ql_element type, const void *data,
                      size_t count);

// Writes `text` so that it can stand in a // comment or in "": other than printable ASCII, and what would end the line
// or begin a trigraph, becomes '_'.
void ql_c_plain_write(FILE *stream, const char *text);

// Writes a string constant of these bytes, with its quotation marks. The bytes of one symbol cannot make a trigraph.
void ql_c_string_write(FILE *stream, const unsigned char *bytes, size_t size_bytes);

// A list in parentheses, broken into lines of at most QL_C_LINE_COLUMNS that begin below its first item.
struct ql_c_list {
    FILE *stream;
    size_t column, indent;
    bool begun;
};

// Writes what stands before the first item, up to the opening parenthesis. Closing it is left to the caller.
void ql_c_list_open(struct ql_c_list *list, FILE *stream, const char *text);
void ql_c_list_add(struct ql_c_list *list, const char *item);

// A set of identifiers that are in use.
struct ql_c_names {
    struct ql_arena *arena; // of the names and of the table; given at the start, all else is 0
    struct ql_c_name {
        const char *text; // NULL in an empty slot
        int number;       // the next one to try for another name like this one; 0 at first
    } * slots;            // open addressing; slot_count is 0 or a power of two
    size_t slot_count, count;
};

// Makes a free identifier from the parts, joined by '_', and takes it. Letters, digits and '_' stay, runs of others
// become one '_'; no keyword of C or C++, no kernel, nothing that looks like a macro; a name that is taken gets a
// number. "" when there is not enough memory.
const char *ql_c_names_add(struct ql_c_names *names, const char *first, const char *second);

// Returns whether the name is taken.
bool ql_c_names_has(const struct ql_c_names *names, const char *name);

// Takes a name as it is, so that no other gets it.
void ql_c_names_reserve(struct ql_c_names *names, const char *name);

#endif
