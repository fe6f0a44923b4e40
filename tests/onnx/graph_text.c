// A graph written as lines: see graph_text.h.
#include "graph_text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_LIMIT = 96, WORD_BYTES = 64, ELEMENT_LIMIT = 65536 };

struct line {
    char words[WORD_LIMIT][WORD_BYTES];
    int count;
};

static bool cut(struct line *line, const char *text, size_t length)
{
    line->count = 0;
    for (size_t i = 0; i < length;) {
        size_t size = 0;
        while (i + size < length && text[i + size] != ' ') {
            size++;
        }
        if (size >= WORD_BYTES || line->count == WORD_LIMIT) {
            return false;
        }
        if (size > 0) {
            memcpy(line->words[line->count], text + i, size);
            line->words[line->count++][size] = '\0';
        }
        i += size + 1;
    }
    return true;
}

static enum ql_element read_type(const char *word)
{
    for (int type = QL_ELEMENT_NONE + 1; type <= QL_ELEMENT_BOOL; type++) {
        if (strcmp(ql_element_write((enum ql_element)type), word) == 0) {
            return (enum ql_element)type;
        }
    }
    return QL_ELEMENT_NONE;
}

// Reads the sizes from word `from` on; returns the index of the word after them.
static int read_dims(const struct line *line, int from, int *dims, int *rank, const char **names)
{
    for (*rank = 0; from < line->count && strcmp(line->words[from], "=") != 0 && *rank < QL_RANK_LIMIT; from++) {
        char *end;
        dims[*rank] = (int)strtol(line->words[from], &end, 10);
        names[*rank] = *end == '\0' ? NULL : line->words[from];
        dims[*rank] = *end == '\0' ? dims[*rank] : -1;
        (*rank)++;
    }
    return from;
}

// A value's index by its name; a new value is added.
static int find_or_add(struct ql_graph *graph, const char *name)
{
    const int found = ql_graph_find(graph, name);
    return found >= 0 ? found : ql_graph_add_value(graph, name, QL_ELEMENT_NONE, -1, NULL, NULL);
}

static bool set_shape(struct ql_graph *graph, int value, const struct line *line, int *behind)
{
    const char *names[QL_RANK_LIMIT];
    int dims[QL_RANK_LIMIT], rank;
    struct ql_value *v = &graph->values[value];

    *behind = read_dims(line, 3, dims, &rank, names);
    v->type = read_type(line->words[2]);
    v->rank = rank;
    for (int k = 0; k < rank; k++) {
        char *name = names[k] == NULL ? NULL : ql_arena_take(&graph->arena, strlen(names[k]) + 1, 1);
        v->dims[k] = dims[k];
        v->dim_names[k] = name == NULL ? NULL : strcpy(name, names[k]);
    }
    return v->type != QL_ELEMENT_NONE && !graph->arena.exhausted;
}

static void write_element(void *data, enum ql_element type, int k, double number)
{
    switch (type) {
    case QL_ELEMENT_F32:
        ((float *)data)[k] = (float)number;
        break;
    case QL_ELEMENT_S64:
        ((int64_t *)data)[k] = (int64_t)number;
        break;
    case QL_ELEMENT_S32:
        ((int32_t *)data)[k] = (int32_t)number;
        break;
    default: // bool and 8 bits
        ((uint8_t *)data)[k] = (uint8_t)(int)number;
        break;
    }
}

static bool add_const(struct ql_graph *graph, const struct line *line)
{
    const int value = find_or_add(graph, line->words[1]);
    int behind, count = 1;

    if (!set_shape(graph, value, line, &behind)) {
        return false;
    }
    struct ql_value *v = &graph->values[value];
    for (int k = 0; k < v->rank; k++) {
        count *= v->dims[k];
    }
    const bool given = behind < line->count;
    if (count < 0 || count > ELEMENT_LIMIT || (given && line->count - behind - 1 != count)) {
        return false;
    }
    void *data = ql_arena_take(&graph->arena, (size_t)count + 1, 8);
    uint32_t random = 1;
    for (const char *c = v->name; *c != '\0'; c++) {
        random = random * 31 + (unsigned char)*c;
    }
    for (int k = 0; k < count && data != NULL; k++) {
        random = random * 1664525u + 1013904223u;
        write_element(data, v->type, k,
                      given ? strtod(line->words[behind + 1 + k], NULL) : (double)(random >> 8) / 8388608.0 - 1.0);
    }
    v->data = data;
    return data != NULL;
}

// [1,2] or [a,b] without its brackets, at most `limit` parts; returns their number.
static int cut_list(char parts[][WORD_BYTES], int limit, const char *text)
{
    int count = 0;

    for (text++; *text != ']' && *text != '\0' && count < limit; count++) {
        const size_t size = strcspn(text, ",]");
        memcpy(parts[count], text, size);
        parts[count][size] = '\0';
        text += size + (text[size] == ',');
    }
    return count;
}

static void add_attribute(struct ql_graph *graph, char *word)
{
    char *text = strchr(word, '=');
    char parts[16][WORD_BYTES];
    int64_t ints[16];
    float floats[16];
    const char *strings[16];

    *text++ = '\0';
    if (text[0] == '"') {
        text[strlen(text) - 1] = '\0';
        ql_graph_add_string(graph, word, text + 1);
    } else if (text[0] != '[' && strchr(text, '.') != NULL) {
        ql_graph_add_float(graph, word, strtof(text, NULL));
    } else if (text[0] != '[') {
        ql_graph_add_int(graph, word, strtoll(text, NULL, 10));
    } else {
        const int count = cut_list(parts, 16, text);
        for (int k = 0; k < count; k++) {
            ints[k] = strtoll(parts[k], NULL, 10);
            floats[k] = strtof(parts[k], NULL);
            strings[k] = parts[k];
        }
        if (strpbrk(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL) {
            ql_graph_add_strings(graph, word, strings, count);
        } else if (strchr(text, '.') != NULL) {
            ql_graph_add_floats(graph, word, floats, count);
        } else {
            ql_graph_add_ints(graph, word, ints, count);
        }
    }
}

static bool add_node(struct ql_graph *graph, struct line *line)
{
    int operands[2][WORD_LIMIT], counts[2] = {0, 0};
    char name[2 * WORD_BYTES];
    int side = 0, first_attribute = line->count;

    for (int w = 1; w < line->count; w++) {
        if (strchr(line->words[w], '=') != NULL) {
            first_attribute = w;
            break;
        }
        if (strcmp(line->words[w], "->") == 0) {
            side = 1;
        } else {
            operands[side][counts[side]++] = strcmp(line->words[w], "-") == 0 ? -1 : find_or_add(graph, line->words[w]);
        }
    }
    (void)snprintf(name, sizeof name, "%s_%d", line->words[0], graph->node_count);
    (void)ql_graph_add_node(graph, line->words[0], name, operands[0], counts[0], operands[1], counts[1]);
    for (int w = first_attribute; w < line->count; w++) {
        if (strchr(line->words[w], '=') == NULL) {
            return false;
        }
        add_attribute(graph, line->words[w]);
    }
    return side == 1;
}

static bool read_line(struct ql_graph *graph, struct line *line)
{
    const char *first = line->words[0];
    int behind;

    if (line->count == 0 || first[0] == '#') {
        return true;
    }
    if (strcmp(first, "opset") == 0 && line->count == 2) {
        ql_graph_init(graph, "test", (int)strtol(line->words[1], NULL, 10));
        return true;
    }
    if (graph->opset == 0 || line->count < 3) {
        return false;
    }
    if (strcmp(first, "input") == 0) {
        const int value = find_or_add(graph, line->words[1]);
        ql_graph_add_input(graph, value);
        return set_shape(graph, value, line, &behind);
    }
    if (strcmp(first, "output") == 0) {
        const int value = find_or_add(graph, line->words[1]);
        ql_graph_add_output(graph, value);
        return set_shape(graph, value, line, &behind);
    }
    return strcmp(first, "const") == 0 ? add_const(graph, line) : add_node(graph, line);
}

enum ql_status graph_text_read(struct ql_graph *graph, const char *text, struct ql_error *error)
{
    static struct line line;
    int number = 1;

    *graph = (struct ql_graph){0};
    for (; *text != '\0'; number++) {
        const size_t length = strcspn(text, "\n");
        if (!cut(&line, text, length) || !read_line(graph, &line)) {
            return ql_error_write(error, QL_ERROR_INPUT, "line %d: not understood", number);
        }
        text += length + (text[length] == '\n');
    }
    return ql_graph_check(graph, error);
}
