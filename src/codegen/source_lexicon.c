// The lexicon of a model that writes: see source.h. Its kernel is device/lexicon.h; this file has its tables, and the
// statements that source_filter.c puts beside those of the filter.
// Uses: base, codegen, filter.
#include "codegen/source.h"

static const struct ql_guard *guard_of(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;
    return model != NULL && model->guard != NULL && model->guard->has_lexicon ? model->guard : NULL;
}

bool ql_source_has_lexicon(const struct ql_source *w)
{
    return guard_of(w) != NULL;
}

uint32_t ql_source_lexicon_words(const struct ql_source *w)
{
    const struct ql_guard *guard = guard_of(w);
    return guard == NULL ? 0 : guard->lexicon_file.word_count;
}

static void write_array(const struct ql_source *w, const char *name, enum ql_element type, const void *data,
                        size_t count)
{
    char text[QL_C_IDENTIFIER_BYTES];

    (void)snprintf(text, sizeof text, "%s_lexicon_%s", w->prefix, name);
    (void)ql_c_array_write(w->source, text, "", type, data, count);
    (void)fputc('\n', w->source);
}

void ql_source_lexicon_write(const struct ql_source *w)
{
    const struct ql_guard *guard = guard_of(w);

    if (guard == NULL) {
        return;
    }
    const struct ql_lexicon *lexicon = &guard->lexicon.lexicon;
    const int pieces = lexicon->V - lexicon->characters;
    (void)fputs("// The lexicon: the words that are written, and no others\n\n", w->source);
    write_array(w, "edges", QL_ELEMENT_U8, lexicon->edges, 3 * (size_t)guard->lexicon_file.graph.edge_count);
    write_array(w, "labels", QL_ELEMENT_U8, lexicon->labels, (size_t)lexicon->V);
    write_array(w, "kinds", QL_ELEMENT_U8, lexicon->kinds, (size_t)lexicon->V);
    if (pieces > 0) {
        write_array(w, "rests", QL_ELEMENT_U16, lexicon->rests, lexicon->rest_begins[pieces]);
        write_array(w, "begins", QL_ELEMENT_U16, lexicon->rest_begins, (size_t)pieces + 1);
    }
    ql_source_template_write(w, w->source,
                             "static const struct ql_lexicon $_lexicon = {\n"
                             "    $_lexicon_edges, $_lexicon_labels, $_lexicon_kinds, ");
    (void)fprintf(w->source, "%d, %d,\n", lexicon->V, lexicon->characters);
    ql_source_template_write(w, w->source,
                             pieces > 0 ? "    $_lexicon_rests, $_lexicon_begins,\n};\n\n" : "    NULL, NULL,\n};\n\n");
}

void ql_source_lexicon_reset_write(const struct ql_source *w)
{
    if (guard_of(w) != NULL) {
        (void)fputs("    ql_lexicon_init(&state->lexicon);\n", w->source);
    }
}

void ql_source_lexicon_step_write(const struct ql_source *w)
{
    if (guard_of(w) != NULL) {
        ql_source_template_write(w, w->source, "    (void)ql_lexicon_take(&state->lexicon, &$_lexicon, token);\n");
    }
}

void ql_source_lexicon_member_write(const struct ql_source *w)
{
    if (guard_of(w) != NULL) {
        (void)fputs("    struct ql_lexicon_state lexicon; // what the lexicon remembers of the text\n", w->header);
    }
}

size_t ql_source_lexicon_bytes(const struct ql_text_model *model)
{
    if (model->guard == NULL || !model->guard->has_lexicon) {
        return 0;
    }
    const struct ql_lexicon *lexicon = &model->guard->lexicon.lexicon;
    const size_t pieces = (size_t)(lexicon->V - lexicon->characters);
    return ql_lexicon_bytes(&model->guard->lexicon_file, lexicon->V) +
           (pieces == 0 ? 0 : 2 * (pieces + 1) + 2 * (size_t)lexicon->rest_begins[pieces]);
}
