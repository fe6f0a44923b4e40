// The files of device/: see device_file.h. They are our own files, so anything that does not parse is our bug, and
// asserts.
// Uses: the C library.
#include "codegen/device_file.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

const struct ql_device_file *ql_device_file_find(const char *path, size_t length)
{
    const struct ql_device_file *file = ql_device_files;

    while (file->path != NULL && (strlen(file->path) != length || memcmp(file->path, path, length) != 0)) {
        file++;
    }
    assert(file->path != NULL);
    return file;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static void copy_word(char to[QL_DEVICE_NAME_BYTES], const char *begin, const char *end)
{
    const size_t length = (size_t)(end - begin);

    assert(length > 0 && length < QL_DEVICE_NAME_BYTES);
    memcpy(to, begin, length);
    to[length] = '\0';
}

// The name of a parameter is its last word, or, for a function, the word before ")(". Its type is the first word other
// than "const", or "struct" and the word after it.
static void read_parameter(struct ql_device_kernel *kernel, const char *begin, const char *end)
{
    const int index = kernel->parameter_count++;
    const char *last = begin;

    assert(index < QL_DEVICE_PARAMETER_LIMIT);
    while (last < end && *last != ')') {
        last++;
    }
    while (last > begin && !is_name(last[-1])) {
        last--;
    }
    const char *first = last;
    while (first > begin && is_name(first[-1])) {
        first--;
    }
    copy_word(kernel->parameters[index], first, last);

    while (isspace((unsigned char)*begin)) {
        begin++;
    }
    if (strncmp(begin, "const ", 6) == 0) {
        begin += 6;
    }
    const char *type_end = begin + (strncmp(begin, "struct ", 7) == 0 ? 7 : 0);
    while (is_name(*type_end)) {
        type_end++;
    }
    copy_word(kernel->types[index], begin, type_end);
    kernel->is_pointer[index] = memchr(begin, '*', (size_t)(end - begin)) != NULL;
}

void ql_device_kernel_read(struct ql_device_kernel *kernel, const char *path, const char *name)
{
    const char *text = ql_device_file_find(path, strlen(path))->text;
    const size_t length = strlen(name);
    const char *place = strstr(text, name);

    // The declaration, not a word in a comment and not a longer name: "ql_name(" after a space.
    while (place != NULL && (place == text || place[-1] != ' ' || place[length] != '(')) {
        place = strstr(place + 1, name);
    }
    assert(place != NULL);
    const char *begin = place + length + 1;
    int depth = 1;

    kernel->parameter_count = 0;
    for (const char *at = begin; depth > 0; at++) {
        assert(*at != '\0');
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        if (depth == 0 || (depth == 1 && *at == ',')) {
            read_parameter(kernel, begin, at);
            begin = at + 1;
        }
    }
}
