// Text files: see text_file.h. Another encoding is converted as a whole, before lines are looked for: in UTF-16, half
// of a letter can look like a line end. Uses: base/file, iconv.
#include "base/text_file.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// A byte order mark at the start of a text, and the encoding that it stands for.
static const struct mark {
    const char *bytes;
    size_t length;
    const char *encoding;
    size_t unit; // bytes of the encoding's code unit
} marks[] = {
    {"\xEF\xBB\xBF", 3, "UTF-8", 1},    {"\xFF\xFE\0\0", 4, "UTF-32LE", 4}, // before UTF-16: same first bytes
    {"\0\0\xFE\xFF", 4, "UTF-32BE", 4}, {"\xFF\xFE", 2, "UTF-16LE", 2},     {"\xFE\xFF", 2, "UTF-16BE", 2},
};

enum { MARK_COUNT = sizeof marks / sizeof marks[0], GUESS_BYTES = 4096 };

static const char replacement[] = "\xEF\xBF\xBD";

static const struct mark *find_mark(const struct ql_file_view *view)
{
    for (int k = 0; k < MARK_COUNT; k++) {
        if (view->size_bytes >= marks[k].length && memcmp(view->data, marks[k].bytes, marks[k].length) == 0) {
            return &marks[k];
        }
    }
    return NULL;
}

bool ql_text_encoding_is_utf8(const char *encoding)
{
    return encoding == NULL || strcasecmp(encoding, "utf8") == 0 || strcasecmp(encoding, "utf-8") == 0;
}

// The bytes of an encoding's code unit, by its name.
static size_t unit_of(const char *encoding)
{
    const bool four = strncasecmp(encoding, "UTF-32", 6) == 0 || strncasecmp(encoding, "UTF32", 5) == 0 ||
                      strncasecmp(encoding, "UCS-4", 5) == 0 || strncasecmp(encoding, "UCS4", 4) == 0;
    const bool two = strncasecmp(encoding, "UTF-16", 6) == 0 || strncasecmp(encoding, "UTF16", 5) == 0 ||
                     strncasecmp(encoding, "UCS-2", 5) == 0 || strncasecmp(encoding, "UCS2", 4) == 0;
    return four ? 4 : two ? 2 : 1;
}

// Opens a conversion to UTF-8. A slash would begin an iconv option that makes it drop letters silently.
static enum ql_status open_conversion(iconv_t *conversion, const char *encoding, struct ql_error *error)
{
    const bool named = encoding[0] != '\0' && strchr(encoding, '/') == NULL;

    if (named) {
        *conversion = iconv_open("UTF-8", encoding);
    }
    if (!named || (intptr_t)*conversion == -1) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "--encoding %.64s: is not an encoding that iconv knows here; `iconv -l` lists them, such "
                              "as utf8, latin1, windows-1252, windows-1250, koi8-r, shift_jis and utf-16",
                              encoding);
    }
    return QL_OK;
}

enum ql_status ql_text_encoding_check(const char *encoding, struct ql_error *error)
{
    iconv_t conversion;

    if (ql_text_encoding_is_utf8(encoding)) {
        return QL_OK;
    }
    const enum ql_status status = open_conversion(&conversion, encoding, error);
    if (status == QL_OK) {
        (void)iconv_close(conversion);
    }
    return status;
}

// The place of a byte for messages: its line from 1, and its byte in the line from 1.
static void find_place(const unsigned char *data, size_t offset, size_t *line, size_t *column)
{
    size_t start = 0;

    *line = 1;
    for (size_t i = 0; i < offset; i++) {
        if (data[i] == '\n' || (data[i] == '\r' && i + 1 < offset && data[i + 1] != '\n')) {
            (*line)++;
            start = i + 1;
        }
    }
    *column = offset - start + 1;
}

// --- Conversion ---

struct output {
    char *bytes;
    size_t length, capacity;
};

static bool output_grow(struct output *output)
{
    const size_t capacity = output->capacity + output->capacity / 2 + 64;
    char *larger = realloc(output->bytes, capacity);

    if (larger == NULL) {
        return false;
    }
    output->bytes = larger;
    output->capacity = capacity;
    return true;
}

// Converts the bytes at *in, all of them unless iconv stops; then the reason is in errno. With `in` NULL, flushes the
// conversion: some encodings wait for an accent after a letter. Returns false when there is not enough memory.
static bool convert_some(struct output *output, iconv_t conversion, char **in, size_t *in_left, bool *stopped)
{
    for (;;) {
        char *out = output->bytes + output->length;
        size_t out_left = output->capacity - output->length;
        const size_t result = iconv(conversion, in, in_left, &out, &out_left);
        const int reason = errno;
        output->length = output->capacity - out_left;
        *stopped = result == (size_t)-1;
        if (!*stopped || reason != E2BIG) {
            return true;
        }
        if (!output_grow(output)) {
            return false;
        }
    }
}

static enum ql_status no_memory(const char *path, struct ql_error *error)
{
    return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory to convert the text", path);
}

static enum ql_status convert_all(struct output *output, iconv_t conversion, const struct ql_file_view *view,
                                  size_t unit, const char *path, bool replace, struct ql_error *error)
{
    char *in = (char *)view->block + (view->data - (unsigned char *)view->block);
    size_t in_left = view->size_bytes;
    bool stopped = true;

    if (!output_grow(output)) {
        return no_memory(path, error);
    }
    while (in_left > 0) {
        if (!convert_some(output, conversion, &in, &in_left, &stopped)) {
            return no_memory(path, error);
        }
        if (!stopped) {
            continue;
        }
        if (!replace) {
            size_t line, column;
            const size_t offset = (size_t)((unsigned char *)in - view->data);
            find_place(view->data, offset, &line, &column);
            return ql_error_write(error, QL_ERROR_INPUT,
                                  "%s:%zu:%zu: byte 0x%02X is not text in this encoding; try another --encoding, or "
                                  "--replace",
                                  path, line, column, view->data[offset]);
        }
        const size_t skipped = in_left < unit ? in_left : unit;
        in += skipped;
        in_left -= skipped;
        while (output->capacity - output->length < sizeof replacement) {
            if (!output_grow(output)) {
                return no_memory(path, error);
            }
        }
        memcpy(output->bytes + output->length, replacement, sizeof replacement - 1);
        output->length += sizeof replacement - 1;
    }
    return convert_some(output, conversion, NULL, NULL, &stopped) ? QL_OK : no_memory(path, error);
}

static enum ql_status convert(struct ql_file_view *view, const char *encoding, size_t unit, const char *path,
                              bool replace, struct ql_error *error)
{
    iconv_t conversion;
    struct output output = {.capacity = view->size_bytes};
    enum ql_status status = open_conversion(&conversion, encoding, error);

    if (status != QL_OK) {
        return status;
    }
    status = convert_all(&output, conversion, view, unit, path, replace, error);
    (void)iconv_close(conversion);
    if (status != QL_OK) {
        free(output.bytes);
        return status;
    }
    free(view->block);
    view->block = output.bytes;
    view->data = view->block;
    view->size_bytes = output.length;
    return QL_OK;
}

// --- Requirements for every text ---

static enum ql_status check_nul(const struct ql_file_view *view, const char *path, struct ql_error *error)
{
    const unsigned char *nul = memchr(view->data, '\0', view->size_bytes);
    size_t odd = 0, even = 0;
    size_t line, column;

    if (nul == NULL) {
        return QL_OK;
    }
    for (size_t i = 0; i < view->size_bytes && i < GUESS_BYTES; i++) {
        odd += view->data[i] == 0 && i % 2 == 1;
        even += view->data[i] == 0 && i % 2 == 0;
    }
    find_place(view->data, (size_t)(nul - view->data), &line, &column);
    return ql_error_write(error, QL_ERROR_INPUT,
                          "%s:%zu:%zu: NUL byte: this is not a text, or it is in another encoding, perhaps %s; "
                          "`quillet prepare --encoding` converts it",
                          path, line, column, odd >= even ? "UTF-16LE" : "UTF-16BE");
}

// Makes every CR LF and every other CR a LF, in place.
static void unify_line_ends(struct ql_file_view *view)
{
    unsigned char *bytes = view->block;
    const unsigned char *first = memchr(bytes, '\r', view->size_bytes);

    if (first == NULL) {
        return;
    }
    size_t length = (size_t)(first - bytes);
    for (size_t i = length; i < view->size_bytes; i++) {
        if (bytes[i] != '\r') {
            bytes[length++] = bytes[i];
        } else if (i + 1 == view->size_bytes || bytes[i + 1] != '\n') {
            bytes[length++] = '\n';
        }
    }
    view->size_bytes = length;
}

static void cut_mark(struct ql_file_view *view, size_t length)
{
    unsigned char *bytes = view->block;

    memmove(bytes, bytes + length, view->size_bytes - length);
    view->size_bytes -= length;
}

enum ql_status ql_text_decode(struct ql_file_view *view, const char *path, const char *encoding, bool replace,
                              struct ql_error *error)
{
    const struct mark *mark = find_mark(view);
    const bool utf8 = ql_text_encoding_is_utf8(encoding);
    enum ql_status status = QL_OK;

    if (!utf8 && mark != NULL && mark->unit > 1 && unit_of(encoding) == 1) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: starts with the byte order mark of %s, so it is not in %.64s; leave out --encoding",
                              path, mark->encoding, encoding);
    }
    if (!utf8) {
        status = convert(view, encoding, unit_of(encoding), path, replace, error);
    } else if (mark != NULL && mark->unit > 1) {
        status = convert(view, mark->encoding, mark->unit, path, replace, error);
    }
    if (status != QL_OK) {
        return status;
    }
    mark = find_mark(view);
    if (mark == &marks[0]) {
        cut_mark(view, mark->length);
    }
    status = check_nul(view, path, error);
    if (status == QL_OK) {
        unify_line_ends(view);
    }
    return status;
}

enum ql_status ql_text_file_open(struct ql_file_view *view, const char *path, struct ql_error *error)
{
    enum ql_status status = ql_file_open(view, path, error);

    if (status == QL_OK && (status = ql_text_decode(view, path, NULL, false, error)) != QL_OK) {
        ql_file_close(view);
    }
    return status;
}
