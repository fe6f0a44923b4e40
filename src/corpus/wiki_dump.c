// The pages of a MediaWiki dump: see wiki_dump.h. Expat gets the XML in blocks, as bzip2 delivers them, and calls back
// for elements and text; only the required parts of a page are kept.
// Uses: corpus/text_buffer, expat, libbz2.
#include "corpus/wiki_dump.h"

#include <limits.h>
#include <string.h>

#include <bzlib.h>
#include <expat.h>

#include "corpus/text_buffer.h"

enum { BLOCK_BYTES = 1 << 16, INPUT_LIMIT = 1 << 30 };

// The elements whose text is kept.
enum field { FIELD_NONE, FIELD_TITLE, FIELD_NAMESPACE, FIELD_TEXT, FIELD_COUNT };

static const char *const field_names[FIELD_COUNT] = {"", "title", "ns", "text"};

static const size_t field_limits[FIELD_COUNT] = {0, QL_WIKI_TITLE_LIMIT_BYTES, QL_WIKI_TITLE_LIMIT_BYTES,
                                                 QL_WIKI_PAGE_LIMIT_BYTES};

struct dump {
    const char *path;
    XML_Parser parser;
    ql_wiki_take_page *take;
    void *taker;
    size_t depth;
    size_t page_depth; // of the open <page>; 0 when there is none
    enum field field;
    struct ql_text fields[FIELD_COUNT];
    size_t line; // of the text
    bool redirect;
    enum ql_status status;
    struct ql_error *error;
};

// The parser's current line, from 1.
static size_t present_line(const struct dump *dump)
{
#if XML_MAJOR_VERSION > 2 || (XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION >= 9) // which deprecate the other function
    return (size_t)XML_GetCurrentLineNumber64(dump->parser);
#else
    return (size_t)XML_GetCurrentLineNumber(dump->parser);
#endif
}

// Ends the parsing with an error at the current line.
static void fail(struct dump *dump, const char *what)
{
    if (dump->status == QL_OK) {
        dump->status = ql_error_write(dump->error, QL_ERROR_INPUT, "%s:%zu: %s", dump->path, present_line(dump), what);
    }
    (void)XML_StopParser(dump->parser, XML_FALSE);
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct dump *dump = context;

    (void)attributes;
    dump->field = FIELD_NONE;
    if (++dump->depth > QL_WIKI_DEPTH_LIMIT) {
        fail(dump, "elements are nested deeper than in any MediaWiki dump");
        return;
    }
    if (dump->page_depth == 0) {
        if (strcmp(name, "page") == 0) {
            dump->page_depth = dump->depth;
            dump->redirect = false;
            for (int i = 0; i < FIELD_COUNT; i++) {
                ql_text_reset(&dump->fields[i]);
            }
        }
        return;
    }
    dump->redirect = dump->redirect || strcmp(name, "redirect") == 0;
    for (int i = FIELD_NONE + 1; i < FIELD_COUNT; i++) {
        if (strcmp(name, field_names[i]) == 0) {
            dump->field = (enum field)i;
            ql_text_reset(&dump->fields[i]);
            dump->line = i == FIELD_TEXT ? present_line(dump) : dump->line;
        }
    }
}

static void on_end(void *context, const XML_Char *name)
{
    struct dump *dump = context;

    (void)name;
    dump->field = FIELD_NONE;
    if (dump->depth-- != dump->page_depth || dump->page_depth == 0 || dump->status != QL_OK) {
        return;
    }
    dump->page_depth = 0;
    for (int i = 0; i < FIELD_COUNT && dump->status == QL_OK; i++) {
        dump->status = ql_text_check(&dump->fields[i], dump->error);
    }
    if (dump->status == QL_OK) {
        const struct ql_text *space = &dump->fields[FIELD_NAMESPACE];
        const struct ql_wiki_page page = {.title = dump->fields[FIELD_TITLE].bytes,
                                          .title_length = dump->fields[FIELD_TITLE].length,
                                          .text = dump->fields[FIELD_TEXT].bytes,
                                          .text_length = dump->fields[FIELD_TEXT].length,
                                          .line = dump->line,
                                          .article = space->length == 0 || strcmp(space->bytes, "0") == 0,
                                          .redirect = dump->redirect};
        dump->status = dump->take(dump->taker, &page, dump->error);
    }
    if (dump->status != QL_OK) {
        (void)XML_StopParser(dump->parser, XML_FALSE);
    }
}

static void on_text(void *context, const XML_Char *bytes, int length)
{
    struct dump *dump = context;

    if (dump->field == FIELD_NONE) {
        return;
    }
    ql_text_write(&dump->fields[dump->field], bytes, (size_t)length);
    if (dump->fields[dump->field].length > field_limits[dump->field]) {
        fail(dump, dump->field == FIELD_TEXT ? "a page is larger than 16 MiB, which no MediaWiki permits"
                                             : "a title is longer than 1 KiB, which no MediaWiki permits");
    }
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public, int subset)
{
    (void)name;
    (void)system;
    (void)public;
    (void)subset;
    fail(context, "a document type is declared; dumps have none, and entities are not read");
}

// Gives a block of XML to expat; `last` ends the document.
static enum ql_status parse(struct dump *dump, const char *bytes, size_t length, bool last)
{
    if (XML_Parse(dump->parser, bytes, (int)length, last) == XML_STATUS_OK || dump->status != QL_OK) {
        return dump->status;
    }
    const enum XML_Error code = XML_GetErrorCode(dump->parser);
    if (code == XML_ERROR_NO_MEMORY) {
        return ql_error_write(dump->error, QL_ERROR_SYSTEM, "%s: not enough memory to read the XML", dump->path);
    }
    return ql_error_write(dump->error, QL_ERROR_INPUT, "%s:%zu: is not XML, or is cut short: %s", dump->path,
                          present_line(dump), XML_ErrorString(code));
}

static enum ql_status parse_plain(struct dump *dump, const char *bytes, size_t size_bytes)
{
    enum ql_status status = QL_OK;

    for (size_t i = 0; i < size_bytes && status == QL_OK; i += BLOCK_BYTES) {
        status = parse(dump, bytes + i, size_bytes - i < BLOCK_BYTES ? size_bytes - i : BLOCK_BYTES, false);
    }
    return status;
}

static enum ql_status bad_stream(const struct dump *dump, const char *what)
{
    return ql_error_write(dump->error, QL_ERROR_INPUT, "%s: the bz2 data %s; download the dump again", dump->path,
                          what);
}

// Decompresses one stream from the front of the rest, and parses what comes out.
static enum ql_status parse_stream(struct dump *dump, bz_stream *stream, const char **rest, size_t *rest_bytes)
{
    enum ql_status status = QL_OK;
    int result = BZ_OK;
    char block[BLOCK_BYTES];

    while (status == QL_OK && result != BZ_STREAM_END) {
        const unsigned given = *rest_bytes < INPUT_LIMIT ? (unsigned)*rest_bytes : INPUT_LIMIT;
        stream->next_in = (char *)*rest;
        stream->avail_in = given;
        stream->next_out = block;
        stream->avail_out = sizeof block;
        result = BZ2_bzDecompress(stream);
        const size_t made = sizeof block - stream->avail_out;
        *rest += given - stream->avail_in;
        *rest_bytes -= given - stream->avail_in;
        if (result == BZ_MEM_ERROR) {
            return ql_error_write(dump->error, QL_ERROR_SYSTEM, "%s: not enough memory to decompress", dump->path);
        }
        if (result != BZ_OK && result != BZ_STREAM_END) {
            return bad_stream(dump, "is damaged");
        }
        if (result == BZ_OK && made == 0 && *rest_bytes == 0) {
            return bad_stream(dump, "is cut short");
        }
        status = parse(dump, block, made, false);
    }
    return status;
}

// A dump may be several streams in a row.
static enum ql_status parse_compressed(struct dump *dump, const char *bytes, size_t size_bytes)
{
    enum ql_status status = QL_OK;

    while (size_bytes > 0 && status == QL_OK) {
        bz_stream stream = {0};
        if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) {
            return ql_error_write(dump->error, QL_ERROR_SYSTEM, "%s: not enough memory to decompress", dump->path);
        }
        status = parse_stream(dump, &stream, &bytes, &size_bytes);
        (void)BZ2_bzDecompressEnd(&stream);
    }
    return status;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

bool ql_wiki_dump_detect(const char *bytes, size_t size_bytes)
{
    static const char element[] = "<mediawiki";

    if (size_bytes >= 3 && memcmp(bytes, "BZh", 3) == 0) {
        return true;
    }
    size_t i = size_bytes >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    const char *end = i + 5 < size_bytes && memcmp(bytes + i, "<?xml", 5) == 0
                          ? memchr(bytes + i, '>', size_bytes - i < 256 ? size_bytes - i : 256)
                          : NULL;
    i = end == NULL ? i : (size_t)(end - bytes) + 1;
    while (i < size_bytes && is_space(bytes[i])) {
        i++;
    }
    return size_bytes - i >= sizeof element - 1 && memcmp(bytes + i, element, sizeof element - 1) == 0;
}

enum ql_status ql_wiki_dump_read(const char *path, const char *bytes, size_t size_bytes, ql_wiki_take_page *take,
                                 void *taker, struct ql_error *error)
{
    struct dump dump = {.path = path, .parser = XML_ParserCreate(NULL), .take = take, .taker = taker, .error = error};

    if (dump.parser == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "%s: not enough memory to read the XML", path);
    }
    XML_SetUserData(dump.parser, &dump);
    XML_SetElementHandler(dump.parser, on_start, on_end);
    XML_SetCharacterDataHandler(dump.parser, on_text);
    XML_SetStartDoctypeDeclHandler(dump.parser, on_doctype);
    const bool compressed = size_bytes >= 3 && memcmp(bytes, "BZh", 3) == 0;
    enum ql_status status =
        compressed ? parse_compressed(&dump, bytes, size_bytes) : parse_plain(&dump, bytes, size_bytes);
    if (status == QL_OK) {
        status = parse(&dump, "", 0, true);
    }
    for (int i = 0; i < FIELD_COUNT; i++) {
        ql_text_free(&dump.fields[i]);
    }
    XML_ParserFree(dump.parser);
    return status;
}
