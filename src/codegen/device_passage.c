// The passages of device/: see device_passage.h. The files are our own and formatted, so the parser can rely on
// declarations beginning in the first column; it asserts that it can read them.
// Uses: base, codegen/device_file.
#include "codegen/device_passage.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#include "codegen/device_file.h"

enum kind {
    HEAD,  // the comment at the top of a file
    PLAIN, // a pragma, an error, or a check: it goes with its file
    NAMED, // a function, a table, a type, or a macro
    IF,    // a line that begins a conditional group
    ELSE,  // #elif or #else of the group
    ENDIF, // the end of the group
    NO_GROUP = -1,
};

struct ql_device_passage {
    const char *begin, *end; // whole lines
    enum kind kind;
    int file;  // index in ql_device_files
    int group; // the IF around it; for ELSE and ENDIF, the one that they belong to; NO_GROUP
    bool blank_before, kept;
};

struct ql_device_name {
    const char *text;
    size_t length;
    int passage;
};

// A file that is being cut into passages.
struct cutter {
    struct ql_device_passages *set;
    int file, group;
    const char *pending; // where comments began that belong to the next passage, or NULL
    bool blank;          // there was an empty line after the last passage
};

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static const char *line_end(const char *line)
{
    const char *newline = strchr(line, '\n');
    return newline == NULL ? line + strlen(line) : newline + 1;
}

// The next identifier of the project, "ql_..." or "QL_...", in [text, end) outside of comments, or NULL.
static const char *find_name(const char *text, const char *end, size_t *length)
{
    while (text < end) {
        if (text[0] == '/' && text + 1 < end && text[1] == '/') {
            text = line_end(text);
        } else if (is_name(*text)) {
            const char *first = text;
            while (text < end && is_name(*text)) {
                text++;
            }
            if (begins(first, "ql_") || begins(first, "QL_")) {
                *length = (size_t)(text - first);
                return first;
            }
        } else {
            text++;
        }
    }
    return NULL;
}

// Passages

static void add_name(struct ql_device_passages *set, const char *text, size_t length)
{
    if (set->names != NULL) {
        set->names[set->name_count] =
            (struct ql_device_name){.text = text, .length = length, .passage = set->count - 1};
    }
    set->name_count++;
}

// Without the arrays, passages and names are only counted.
static int add_passage(struct cutter *cutter, enum kind kind, const char *begin, const char *end)
{
    struct ql_device_passages *set = cutter->set;

    if (set->passages != NULL) {
        set->passages[set->count] = (struct ql_device_passage){
            .begin = cutter->pending != NULL ? cutter->pending : begin,
            .end = end,
            .kind = kind,
            .file = cutter->file,
            .group = cutter->group,
            .blank_before = cutter->blank,
        };
    }
    cutter->pending = NULL;
    cutter->blank = false;
    return set->count++;
}

// The end of the declaration that begins at `line`: the line on which all braces are closed and which ends with a brace
// or a semicolon.
static const char *declaration_end(const char *line)
{
    int depth = 0;

    for (;;) {
        const char *end = line_end(line);
        char last = '\0';
        bool quoted = false;
        for (const char *c = line; c < end && (quoted || c[0] != '/' || c[1] != '/'); c++) {
            quoted = quoted != (*c == '"');
            depth += quoted ? 0 : *c == '{' ? 1 : *c == '}' ? -1 : 0;
            last = isspace((unsigned char)*c) ? last : *c;
        }
        if (depth == 0 && (last == ';' || last == '}')) {
            return end;
        }
        line = end;
        assert(*line != '\0');
    }
}

// The constants of an enumeration: each name after its brace or after a comma.
static void add_constants(struct ql_device_passages *set, const char *brace, const char *end)
{
    bool expected = true;

    for (const char *c = brace + 1; c < end && *c != '}'; c++) {
        if (c[0] == '/' && c[1] == '/') {
            c = line_end(c) - 1;
        } else if (*c == ',') {
            expected = true;
        } else if (is_name(*c)) {
            const char *first = c;
            while (is_name(c[1])) {
                c++;
            }
            if (expected) {
                add_name(set, first, (size_t)(c + 1 - first));
            }
            expected = false;
        }
    }
}

// What a declaration defines: a function, or a function's type, is the first name before a parenthesis; a table the
// first name before a bracket; a struct or an enum its first name, an enum its constants too; anything else its last
// name.
static void add_declared(struct ql_device_passages *set, const char *begin, const char *end)
{
    const char *brace = memchr(begin, '{', (size_t)(end - begin));
    const char *stop = brace == NULL ? end : brace;
    const char *name = NULL, *next = begin;
    size_t length = 0, found;

    for (const char *at; (at = find_name(next, stop, &found)) != NULL; next = at + found) {
        name = at;
        length = found;
        if (at[found] == '(' || at[found] == '[' || begins(begin, "struct ") || begins(begin, "enum ")) {
            break;
        }
    }
    if (name != NULL) {
        add_name(set, name, length);
    }
    if (begins(begin, "enum ")) {
        assert(brace != NULL);
        add_constants(set, brace, end);
    }
}

// "typedef char ql_shift_check[...]" stops the compiler where a condition does not hold; nothing refers to it.
static bool is_check(const char *begin, const char *end)
{
    static const char mark[] = "_check[";
    const char *place = begins(begin, "typedef ") ? strstr(begin, mark) : NULL;
    return place != NULL && place < end;
}

static const char *cut_directive(struct cutter *cutter, const char *line)
{
    const char *end = line_end(line);

    while (end - line >= 2 && end[-2] == '\\') {
        end = line_end(end);
    }
    if (begins(line, "#include")) {
        cutter->pending = NULL;
    } else if (begins(line, "#if")) {
        cutter->group = add_passage(cutter, IF, line, end);
    } else if (begins(line, "#el")) {
        (void)add_passage(cutter, ELSE, line, end);
    } else if (begins(line, "#endif")) {
        (void)add_passage(cutter, ENDIF, line, end);
        assert(cutter->group != NO_GROUP);
        if (cutter->set->passages != NULL) {
            cutter->group = cutter->set->passages[cutter->group].group;
        }
    } else if (begins(line, "#define ")) {
        size_t length = 0;
        const char *name = find_name(line, end, &length);
        (void)add_passage(cutter, NAMED, line, end);
        assert(name != NULL);
        add_name(cutter->set, name, length);
    } else {
        (void)add_passage(cutter, PLAIN, line, end);
    }
    return end;
}

// Cuts the text between the include guard and its #endif, which is the last line.
static void cut_file(struct ql_device_passages *set, int file)
{
    const char *text = ql_device_files[file].text;
    const char *guard = strstr(text, "#ifndef QL_DEVICE_");
    struct cutter cutter = {.set = set, .file = file, .group = NO_GROUP};
    const char *stop = text + strlen(text);

    assert(guard != NULL);
    while (stop > text && !begins(stop, "#endif")) {
        stop--;
    }
    (void)add_passage(&cutter, HEAD, text, guard);
    const char *line = line_end(line_end(guard));
    while (line < stop) {
        if (*line == '\n') {
            cutter.blank = cutter.blank || cutter.pending == NULL;
            line++;
        } else if (begins(line, "// clang-format on")) { // belongs to what is before it
            assert(cutter.pending == NULL);
            line = line_end(line);
            if (set->passages != NULL) {
                set->passages[set->count - 1].end = line;
            }
        } else if (begins(line, "//")) {
            cutter.pending = cutter.pending == NULL ? line : cutter.pending;
            line = line_end(line);
        } else if (*line == '#') {
            line = cut_directive(&cutter, line);
        } else {
            const char *end = declaration_end(line);
            const bool check = is_check(line, end);
            (void)add_passage(&cutter, check ? PLAIN : NAMED, line, end);
            if (!check) {
                add_declared(set, line, end);
            }
            line = end;
        }
    }
}

static void cut_files(struct ql_device_passages *set)
{
    set->count = 0;
    set->name_count = 0;
    for (int file = 0; ql_device_files[file].path != NULL; file++) {
        cut_file(set, file);
    }
}

void ql_device_passages_init(struct ql_device_passages *set, struct ql_arena *arena)
{
    size_t files = 0;

    *set = (struct ql_device_passages){.arena = arena};
    while (ql_device_files[files].path != NULL) {
        files++;
    }
    cut_files(set); // to count
    struct ql_device_passage *passages = ql_arena_take(arena, (size_t)set->count + 1, sizeof *passages);
    set->names = ql_arena_take(arena, (size_t)set->name_count + 1, sizeof set->names[0]);
    set->files_kept = ql_arena_take(arena, files + 1, sizeof set->files_kept[0]);
    set->files_written = ql_arena_take(arena, files + 1, sizeof set->files_written[0]);
    if (arena->exhausted) {
        *set = (struct ql_device_passages){.arena = arena};
        return;
    }
    set->passages = passages;
    cut_files(set);
}

// What is needed

static void need(struct ql_device_passages *set, const char *text, const char *end);

static void keep_file(struct ql_device_passages *set, int file);

static void keep(struct ql_device_passages *set, int index)
{
    struct ql_device_passage *passage = &set->passages[index];

    if (passage->kept) {
        return;
    }
    passage->kept = true;
    keep_file(set, passage->file);
    if (passage->group != NO_GROUP) {
        keep(set, passage->group);
    }
    if (passage->kind == IF) {
        for (int i = index + 1; i < set->count; i++) {
            if (set->passages[i].group == index && (set->passages[i].kind == ELSE || set->passages[i].kind == ENDIF)) {
                keep(set, i);
            }
        }
    }
    need(set, passage->begin, passage->end);
}

// The first passage of a file brings its head and its nameless passages along.
static void keep_file(struct ql_device_passages *set, int file)
{
    if (set->files_kept[file]) {
        return;
    }
    set->files_kept[file] = true;
    for (int i = 0; i < set->count; i++) {
        if (set->passages[i].file == file && (set->passages[i].kind == HEAD || set->passages[i].kind == PLAIN)) {
            keep(set, i);
        }
    }
}

static void need(struct ql_device_passages *set, const char *text, const char *end)
{
    size_t length;

    for (const char *name; (name = find_name(text, end, &length)) != NULL; text = name + length) {
        for (int i = 0; i < set->name_count; i++) {
            if (set->names[i].length == length && memcmp(set->names[i].text, name, length) == 0) {
                keep(set, set->names[i].passage);
            }
        }
    }
}

void ql_device_passages_need(struct ql_device_passages *set, const char *text)
{
    need(set, text, text + strlen(text));
}

void ql_device_passages_need_file(struct ql_device_passages *set, const char *path)
{
    if (set->passages != NULL) {
        keep_file(set, (int)(ql_device_file_find(path, strlen(path)) - ql_device_files));
    }
}

void ql_device_passages_leave_out(struct ql_device_passages *set, const char *path)
{
    if (set->passages != NULL) {
        set->files_written[ql_device_file_find(path, strlen(path)) - ql_device_files] = true;
    }
}

// The text

static void write_passages(const struct ql_device_passages *set, int file, FILE *stream)
{
    bool blank = false;

    (void)fprintf(stream, "// begin %s\n", ql_device_files[file].path);
    for (int i = 0; i < set->count; i++) {
        const struct ql_device_passage *passage = &set->passages[i];
        if (passage->file != file) {
            continue;
        }
        blank = blank || passage->blank_before;
        if (passage->kept) {
            (void)fputs(blank ? "\n" : "", stream);
            (void)fwrite(passage->begin, 1, (size_t)(passage->end - passage->begin), stream);
            blank = false;
        }
    }
    (void)fprintf(stream, "// end %s\n\n", ql_device_files[file].path);
}

// Writes the file's part after those of the files that it includes.
static void write_file(struct ql_device_passages *set, int file, FILE *stream)
{
    if (set->files_written[file]) {
        return;
    }
    set->files_written[file] = true;
    for (const char *line = ql_device_files[file].text; *line != '\0'; line = line_end(line)) {
        static const char include[] = "#include \"";
        if (begins(line, include)) {
            const char *path = line + sizeof include - 1;
            write_file(set, (int)(ql_device_file_find(path, strcspn(path, "\"\n")) - ql_device_files), stream);
        }
    }
    if (set->files_kept[file]) {
        write_passages(set, file, stream);
    }
}

void ql_device_passages_write(struct ql_device_passages *set, FILE *stream)
{
    if (set->passages == NULL) { // there was not enough memory
        return;
    }
    // exact.h first: its pragmas hold for what follows.
    for (int file = 0; ql_device_files[file].path != NULL; file++) {
        if (strcmp(ql_device_files[file].path, "device/exact.h") == 0) {
            write_file(set, file, stream);
        }
    }
    for (int file = 0; set->count > 0 && ql_device_files[file].path != NULL; file++) {
        write_file(set, file, stream);
    }
}
