// Pieces of C: see c_text.h.
// Uses: base, device/element.h.
#include "codegen/c_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *type, *member;
} types[] = {
    [QL_ELEMENT_NONE] = {"void", "none"},    [QL_ELEMENT_F32] = {"float", "f32"},
    [QL_ELEMENT_F64] = {"double", "f64"},    [QL_ELEMENT_F16] = {"uint16_t", "u16"},
    [QL_ELEMENT_BF16] = {"uint16_t", "u16"}, [QL_ELEMENT_S64] = {"int64_t", "s64"},
    [QL_ELEMENT_S32] = {"int32_t", "s32"},   [QL_ELEMENT_S16] = {"int16_t", "s16"},
    [QL_ELEMENT_S8] = {"int8_t", "s8"},      [QL_ELEMENT_U64] = {"uint64_t", "u64"},
    [QL_ELEMENT_U32] = {"uint32_t", "u32"},  [QL_ELEMENT_U16] = {"uint16_t", "u16"},
    [QL_ELEMENT_U8] = {"uint8_t", "u8"},     [QL_ELEMENT_BOOL] = {"uint8_t", "u8"},
};

const char *ql_c_type(enum ql_element type)
{
    return types[type].type;
}

const char *ql_c_member(enum ql_element type)
{
    return types[type].member;
}

// Appends ".0" to a number that would be an integer constant.
static void write_point(char *text)
{
    if (strpbrk(text, ".e") == NULL) {
        memcpy(text + strlen(text), ".0", 3);
    }
}

void ql_c_float_write(char text[QL_C_NUMBER_BYTES], float value)
{
    for (int digits = 7; digits <= 9; digits++) {
        (void)snprintf(text, QL_C_NUMBER_BYTES - 4, "%.*g", digits, (double)value);
        if (digits == 9 || strtof(text, NULL) == value) {
            break;
        }
    }
    write_point(text);
    memcpy(text + strlen(text), "f", 2);
}

static void double_write(char text[QL_C_NUMBER_BYTES], double value)
{
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, QL_C_NUMBER_BYTES - 4, "%.*g", digits, value);
        if (digits == 17 || strtod(text, NULL) == value) {
            break;
        }
    }
    write_point(text);
}

static bool all_finite(enum ql_element type, const void *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((type == QL_ELEMENT_F32 && !isfinite(((const float *)data)[i])) ||
            (type == QL_ELEMENT_F64 && !isfinite(((const double *)data)[i]))) {
            return false;
        }
    }
    return true;
}

static void element_write(char text[QL_C_NUMBER_BYTES], enum ql_element type, const void *data, size_t i)
{
    switch (type) {
    case QL_ELEMENT_F32:
        ql_c_float_write(text, ((const float *)data)[i]);
        return;
    case QL_ELEMENT_F64:
        double_write(text, ((const double *)data)[i]);
        return;
    case QL_ELEMENT_S64: {
        // C has no constant for the least number: it would be a minus sign before a number too large for the type.
        int64_t value = ((const int64_t *)data)[i];
        (void)snprintf(text, QL_C_NUMBER_BYTES, value == INT64_MIN ? "INT64_MIN" : "INT64_C(%" PRId64 ")", value);
        return;
    }
    case QL_ELEMENT_S32: {
        int32_t value = ((const int32_t *)data)[i];
        (void)snprintf(text, QL_C_NUMBER_BYTES, value == INT32_MIN ? "INT32_MIN" : "%" PRId32, value);
        return;
    }
    case QL_ELEMENT_S16:
        (void)snprintf(text, QL_C_NUMBER_BYTES, "%d", ((const int16_t *)data)[i]);
        return;
    case QL_ELEMENT_S8:
        (void)snprintf(text, QL_C_NUMBER_BYTES, "%d", ((const int8_t *)data)[i]);
        return;
    case QL_ELEMENT_U64:
        (void)snprintf(text, QL_C_NUMBER_BYTES, "UINT64_C(%" PRIu64 ")", ((const uint64_t *)data)[i]);
        return;
    case QL_ELEMENT_U32:
        (void)snprintf(text, QL_C_NUMBER_BYTES, "%" PRIu32 "u", ((const uint32_t *)data)[i]);
        return;
    case QL_ELEMENT_F16:
    case QL_ELEMENT_BF16:
    case QL_ELEMENT_U16:
        (void)snprintf(text, QL_C_NUMBER_BYTES, "0x%04x", ((const uint16_t *)data)[i]);
        return;
    case QL_ELEMENT_U8:
    case QL_ELEMENT_BOOL:
    case QL_ELEMENT_NONE:
        (void)snprintf(text, QL_C_NUMBER_BYTES, "%d", ((const uint8_t *)data)[i]);
        return;
    }
}

// From this size on, speed on the host matters more than gaps.
enum { ALIGNED_COUNT = 64 };

bool ql_c_array_write(FILE *stream, const char *name, const char *comment, enum ql_element type, const void *data,
                      size_t count)
{
    const bool as_bits = !all_finite(type, data, count);
    const size_t room = count == 0 ? 1 : count; // C has no empty arrays
    const enum ql_element bits = type == QL_ELEMENT_F64 ? QL_ELEMENT_U64 : QL_ELEMENT_U32;
    char text[QL_C_NUMBER_BYTES];

    if (as_bits) {
        (void)fprintf(stream, "static const union {\n    %s bits[%zu];\n    %s values[%zu];\n} %s = {{",
                      ql_c_type(bits), room, ql_c_type(type), room, name);
    } else {
        (void)fprintf(stream, "%sstatic const %s %s[%zu] = {", count >= ALIGNED_COUNT ? QL_C_ALIGNMENT " " : "",
                      ql_c_type(type), name, room);
    }
    if (comment[0] != '\0') {
        (void)fprintf(stream, " // %s", comment);
    }
    size_t column = QL_C_LINE_COLUMNS;
    for (size_t i = 0; i < room; i++) {
        if (count == 0) {
            (void)snprintf(text, sizeof text, "0");
        } else {
            element_write(text, as_bits ? bits : type, data, i);
        }
        size_t length = strlen(text) + 2;
        if (column + length > QL_C_LINE_COLUMNS) {
            (void)fputs("\n   ", stream);
            column = 3;
        }
        (void)fputc(' ', stream);
        (void)fputs(text, stream);
        (void)fputc(',', stream);
        column += length;
    }
    (void)fputs(as_bits ? "\n}};\n" : "\n};\n", stream);
    return as_bits;
}

void ql_c_plain_write(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        bool plain = *text >= ' ' && *text <= '~' && *text != '\\' && *text != '?' && *text != '"';
        (void)fputc(plain ? *text : '_', stream);
    }
}

void ql_c_string_write(FILE *stream, const unsigned char *bytes, size_t size_bytes)
{
    (void)fputc('"', stream);
    for (size_t i = 0; i < size_bytes; i++) {
        unsigned char byte = bytes[i];
        if (byte == '\n') {
            (void)fputs("\\n", stream);
        } else if (byte == '"' || byte == '\\') {
            (void)fprintf(stream, "\\%c", byte);
        } else if (byte >= ' ' && byte <= '~') {
            (void)fputc(byte, stream);
        } else {
            (void)fprintf(stream, "\\%03o", byte); // three digits, so a digit that follows is not part of it
        }
    }
    (void)fputc('"', stream);
}

void ql_c_list_open(struct ql_c_list *list, FILE *stream, const char *text)
{
    (void)fputs(text, stream);
    *list = (struct ql_c_list){.stream = stream, .column = strlen(text), .indent = strlen(text)};
}

void ql_c_list_add(struct ql_c_list *list, const char *item)
{
    const size_t closing = 5; // ")) {" and a comma

    if (list->begun) {
        bool full = list->column + strlen(item) + 2 + closing > QL_C_LINE_COLUMNS;
        (void)fputs(full ? ",\n" : ", ", list->stream);
        if (full) {
            (void)fprintf(list->stream, "%*s", (int)list->indent, "");
        }
        list->column = full ? list->indent : list->column + 2;
    }
    (void)fputs(item, list->stream);
    list->column += strlen(item);
    list->begun = true;
}

// Keywords of C23, C++20, and GNU C, and names that compilers and headers of the C library may define. Sorted.
static const char *const keywords[] = {
    "EOF",         "NULL",         "alignas",   "alignof",   "and",
    "and_eq",      "asm",          "auto",      "bitand",    "bitor",
    "bool",        "break",        "case",      "catch",     "char",
    "char16_t",    "char32_t",     "char8_t",   "class",     "co_await",
    "co_return",   "co_yield",     "compl",     "complex",   "concept",
    "const",       "const_cast",   "consteval", "constexpr", "constinit",
    "continue",    "decltype",     "default",   "delete",    "do",
    "double",      "dynamic_cast", "else",      "enum",      "errno",
    "explicit",    "export",       "extern",    "false",     "float",
    "for",         "friend",       "goto",      "i386",      "if",
    "inline",      "int",          "int16_t",   "int32_t",   "int64_t",
    "int8_t",      "intptr_t",     "linux",     "long",      "memcmp",
    "memcpy",      "memmove",      "memset",    "mips",      "mutable",
    "namespace",   "new",          "noexcept",  "not",       "not_eq",
    "nullptr",     "operator",     "or",        "or_eq",     "private",
    "protected",   "ptrdiff_t",    "public",    "register",  "reinterpret_cast",
    "requires",    "restrict",     "return",    "short",     "signed",
    "size_t",      "sizeof",       "sparc",     "static",    "static_assert",
    "static_cast", "struct",       "sun",       "switch",    "template",
    "this",        "thread_local", "throw",     "true",      "try",
    "typedef",     "typeid",       "typename",  "typeof",    "typeof_unqual",
    "uint16_t",    "uint32_t",     "uint64_t",  "uint8_t",   "uintptr_t",
    "union",       "unix",         "unsigned",  "using",     "virtual",
    "void",        "volatile",     "wchar_t",   "while",     "xor",
    "xor_eq",
};

static int compare_keywords(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

// The keyword that equals the name, or NULL.
static const char *find_keyword(const char *name)
{
    const char *const *found =
        bsearch(&name, keywords, sizeof keywords / sizeof keywords[0], sizeof keywords[0], compare_keywords);
    return found == NULL ? NULL : *found;
}

// FNV-1a, as in device/trace.h, over bytes.
static size_t hash_name(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash;
}

// The slot of the name, or the empty one where it belongs.
static struct ql_c_name *find_slot(const struct ql_c_names *names, const char *name)
{
    size_t slot = hash_name(name) & (names->slot_count - 1);
    while (names->slots[slot].text != NULL && strcmp(names->slots[slot].text, name) != 0) {
        slot = (slot + 1) & (names->slot_count - 1);
    }
    return &names->slots[slot];
}

// Keeps at least half of the slots empty. False when there is not enough memory.
static bool make_room(struct ql_c_names *names)
{
    if (2 * (names->count + 1) <= names->slot_count) {
        return true;
    }
    struct ql_c_names larger = {.arena = names->arena, .count = names->count};
    larger.slot_count = names->slot_count == 0 ? 256 : 2 * names->slot_count;
    larger.slots = ql_arena_take(names->arena, larger.slot_count, sizeof larger.slots[0]);
    if (larger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < names->slot_count; i++) {
        if (names->slots[i].text != NULL) {
            *find_slot(&larger, names->slots[i].text) = names->slots[i];
        }
    }
    *names = larger;
    return true;
}

static void append(char *to, size_t *length, size_t room, const char *part)
{
    for (; *part != '\0' && *length < room; part++) {
        bool kept = isalnum((unsigned char)*part) && (unsigned char)*part < 128;
        if (kept) {
            to[(*length)++] = *part;
        } else if (*length > 0 && to[*length - 1] != '_') {
            to[(*length)++] = '_';
        }
    }
}

// True for a name that needs a prefix: one that begins with a digit, the names of the kernels, and what looks like a
// system macro (capitals only, and not short).
static bool needs_prefix(const char *text)
{
    const size_t longest = 3;
    bool lower = false;

    for (const char *c = text; *c != '\0'; c++) {
        lower = lower || islower((unsigned char)*c);
    }
    return text[0] == '\0' || isdigit((unsigned char)text[0]) || strncmp(text, "ql_", 3) == 0 ||
           (!lower && strlen(text) > longest);
}

const char *ql_c_names_add(struct ql_c_names *names, const char *first, const char *second)
{
    enum {
        NUMBER_BYTES = 16, // kept free for a prefix, '_' and a number
        FIRST_NUMBER = 2,
    };
    char text[QL_C_IDENTIFIER_BYTES];
    size_t length = 0;

    append(text, &length, sizeof text - NUMBER_BYTES, first);
    if (second[0] != '\0') {
        append(text, &length, sizeof text - NUMBER_BYTES, "_");
        append(text, &length, sizeof text - NUMBER_BYTES, second);
    }
    while (length > 0 && text[length - 1] == '_') {
        length--;
    }
    text[length] = '\0';
    if (needs_prefix(text)) {
        memmove(text + 2, text, length + 1);
        memcpy(text, "v_", 2);
        length += 2;
    }
    if (!make_room(names)) {
        return "";
    }
    struct ql_c_name *base = find_slot(names, text);
    if (base->text == NULL && find_keyword(text) != NULL) {
        base->text = find_keyword(text);
        names->count++;
    }
    int number = base->number < FIRST_NUMBER ? FIRST_NUMBER : base->number;
    while (find_slot(names, text)->text != NULL) {
        (void)snprintf(text + length, sizeof text - length, "_%d", number++);
    }
    base->number = number;
    char *copy = ql_arena_take(names->arena, strlen(text) + 1, 1);
    if (copy == NULL) {
        return "";
    }
    memcpy(copy, text, strlen(text) + 1);
    find_slot(names, copy)->text = copy;
    names->count++;
    return copy;
}

bool ql_c_names_has(const struct ql_c_names *names, const char *name)
{
    return names->slot_count > 0 && find_slot(names, name)->text != NULL;
}

void ql_c_names_reserve(struct ql_c_names *names, const char *name)
{
    if (make_room(names) && find_slot(names, name)->text == NULL) {
        find_slot(names, name)->text = name;
        names->count++;
    }
}
