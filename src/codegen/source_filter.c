// The filter of a model that writes: see source.h. Its kernel is device/filter.h; this file has its tables, and the
// places where generated code calls it.
// Uses: base, codegen, filter.
#include <inttypes.h>
#include <string.h>

#include "codegen/source.h"

static const struct ql_filter *filter_of(const struct ql_source *w)
{
    const struct ql_text_model *model = w->codegen->model;
    return model != NULL && model->guard != NULL && model->guard->is_on ? &model->guard->binding.filter : NULL;
}

bool ql_source_has_filter(const struct ql_source *w)
{
    return filter_of(w) != NULL;
}

bool ql_source_has_specials(const struct ql_source *w)
{
    return ql_descriptor_text_rules(w->codegen->model->descriptor).special_count > 0;
}

bool ql_source_has_guard(const struct ql_source *w)
{
    return ql_source_has_filter(w) || ql_source_has_lexicon(w);
}

static void write_array(const struct ql_source *w, const char *name, enum ql_element type, const void *data,
                        size_t count)
{
    char text[QL_C_IDENTIFIER_BYTES];

    (void)snprintf(text, sizeof text, "%s_filter_%s", w->prefix, name);
    (void)ql_c_array_write(w->source, text, "", type, data, count);
    (void)fputc('\n', w->source);
}

void ql_source_filter_write(const struct ql_source *w)
{
    const struct ql_filter *filter = filter_of(w);
    const char *owner = w->unit->models[0].name; // owns the tables that the models share

    ql_source_lexicon_write(w);
    if (filter == NULL) {
        return;
    }
    const struct ql_filter_file *file = &w->codegen->model->guard->file;
    (void)fputs("// The filter: words that are never written, and items that are to be refused\n\n", w->source);
    if (owner == w->prefix) {
        write_array(w, "edges", QL_ELEMENT_U32, filter->edges, file->automaton.edge_count);
        write_array(w, "fingerprints", QL_ELEMENT_U8, filter->fingerprints, 3 * (size_t)filter->block);
    }
    write_array(w, "labels", QL_ELEMENT_U8, filter->labels, (size_t)filter->V);
    write_array(w, "kinds", QL_ELEMENT_U8, filter->kinds, (size_t)filter->V);
    write_array(w, "keys", QL_ELEMENT_U16, filter->keys, (size_t)filter->V);
    const int pieces = filter->V - filter->characters;
    if (pieces > 0) {
        write_array(w, "rests", QL_ELEMENT_U16, filter->rests, filter->rest_begins[pieces]);
        write_array(w, "begins", QL_ELEMENT_U16, filter->rest_begins, (size_t)pieces + 1);
        write_array(w, "hazards", QL_ELEMENT_U8, filter->hazards, (size_t)pieces);
    }
    ql_source_template_write(w, w->source, "static const struct ql_filter $_filter = {\n");
    (void)fprintf(w->source, "    %s_filter_edges, ", owner);
    ql_source_template_write(w, w->source, "$_filter_labels, $_filter_kinds, $_filter_keys, ");
    (void)fprintf(w->source, "%s_filter_fingerprints,\n", owner);
    (void)fprintf(w->source, "    %" PRIu32 "u, %" PRIu32 "u, ", filter->block, filter->seed);
    (void)fprintf(w->source, "%d, %d,\n", filter->V, filter->characters);
    ql_source_template_write(w, w->source,
                             pieces > 0 ? "    $_filter_rests, $_filter_begins, $_filter_hazards,\n};\n\n"
                                        : "    NULL, NULL, NULL,\n};\n\n");
}

void ql_source_filter_reset_write(const struct ql_source *w)
{
    if (filter_of(w) != NULL) {
        (void)fputs("    memset(&state->filter, 0, sizeof state->filter);\n"
                    "    ql_filter_init(&state->filter);\n",
                    w->source);
    }
    ql_source_lexicon_reset_write(w);
}

void ql_source_filter_step_write(const struct ql_source *w)
{
    if (filter_of(w) != NULL) {
        ql_source_template_write(w, w->source, "    ql_filter_step(&state->filter, &$_filter, token);\n");
    }
    ql_source_lexicon_step_write(w);
}

// The tokens that stand for no text, besides those that the filter and the lexicon have put into `words`.
static void write_specials(const struct ql_source *w)
{
    if (ql_source_has_specials(w)) {
        ql_source_template_write(w, w->source,
                                 "    for (int i = 0; i < (@_SYMBOLS + 31) / 32; i++) {\n"
                                 "        words[i] |= $_special[i];\n"
                                 "    }\n");
    }
}

void ql_source_filter_block_write(const struct ql_source *w)
{
    if (!ql_source_has_guard(w)) {
        ql_source_template_write(w, w->source,
                                 ql_source_has_specials(w) ? "    const uint32_t *blocked = $_special;\n" : "");
        return;
    }
    ql_source_template_write(w, w->source, "    uint32_t words[(@_SYMBOLS + 31) / 32];\n");
    if (!ql_source_has_lexicon(w)) {
        ql_source_template_write(
            w, w->source,
            ql_source_has_specials(w)
                ? "    const uint32_t *blocked = words;\n"
                  "    if (!ql_filter_block(words, &state->filter, &$_filter)) {\n"
                  "        memset(words, 0, sizeof words);\n"
                  "    }\n"
                : "    const uint32_t *blocked = ql_filter_block(words, &state->filter, &$_filter) ? words "
                  ": NULL;\n");
        write_specials(w);
        return;
    }
    ql_source_template_write(w, w->source,
                             "    const uint32_t *blocked = words;\n"
                             "    ql_lexicon_block(words, &state->lexicon, &$_lexicon);\n");
    if (filter_of(w) != NULL) {
        ql_source_template_write(w, w->source,
                                 "    uint32_t listed[(@_SYMBOLS + 31) / 32];\n"
                                 "    if (ql_filter_block(listed, &state->filter, &$_filter)) {\n"
                                 "        for (int i = 0; i < (@_SYMBOLS + 31) / 32; i++) {\n"
                                 "            words[i] |= listed[i];\n"
                                 "        }\n"
                                 "    }\n"
                                 "    ql_filter_block_signs(words, &state->filter, &$_filter);\n");
    }
    write_specials(w);
}

void ql_source_filter_questions_write(const struct ql_source *w)
{
    const bool has_filter = filter_of(w) != NULL, has_lexicon = ql_source_has_lexicon(w);

    if (!has_filter && !has_lexicon) {
        return;
    }
    ql_source_template_write(w, w->source,
                             "\n"
                             "bool $_may_end(const struct $_state *state, int token)\n"
                             "{\n");
    if (has_filter && has_lexicon) {
        ql_source_template_write(w, w->source,
                                 "    return token < 0 || token >= @_SYMBOLS ||\n"
                                 "           (ql_filter_may_end(&state->filter, &$_filter, token) &&\n"
                                 "            ql_lexicon_may_end(&state->lexicon, &$_lexicon, token));\n");
    } else {
        ql_source_template_write(
            w, w->source,
            has_filter
                ? "    return token < 0 || token >= @_SYMBOLS || ql_filter_may_end(&state->filter, &$_filter, token);\n"
                : "    return token < 0 || token >= @_SYMBOLS || ql_lexicon_may_end(&state->lexicon, &$_lexicon, "
                  "token);\n");
    }
    (void)fputs("}\n", w->source);
    if (has_filter) {
        ql_source_template_write(w, w->source,
                                 "\n"
                                 "bool $_refuses(const struct $_state *state)\n"
                                 "{\n"
                                 "    return ql_filter_refuses(&state->filter, &$_filter);\n"
                                 "}\n");
    }
}

void ql_source_filter_member_write(const struct ql_source *w)
{
    if (filter_of(w) != NULL) {
        (void)fputs("    struct ql_filter_state filter; // what the filter remembers of the text\n", w->header);
    }
    ql_source_lexicon_member_write(w);
}

void ql_source_filter_header_write(const struct ql_source *w)
{
    if (!ql_source_has_guard(w)) {
        return;
    }
    ql_source_template_write(
        w, w->header,
        !ql_source_has_lexicon(w)
            ? "\n// Returns whether the text may end with this token, which was drawn last: not where the end makes a "
              "listed\n"
              "// word of it. Draw on until it may.\n"
            : "\n// Returns whether the text may end with this token, which was drawn last: not within a word, and not "
              "where the\n// end makes a listed word of it. Draw on until it may.\n");
    ql_source_template_write(w, w->header, "bool $_may_end(const struct $_state *state, int token);\n");
    if (filter_of(w) != NULL) {
        ql_source_template_write(w, w->header,
                                 "\n// Returns whether the item that has just ended, with the newline that was drawn "
                                 "last, must not be shown.\n"
                                 "bool $_refuses(const struct $_state *state);\n");
    }
}

size_t ql_source_filter_shared_bytes(const struct ql_text_model *model)
{
    return model->guard == NULL || !model->guard->is_on
               ? 0
               : ql_filter_word_bytes(&model->guard->file, 0) + ql_filter_item_bytes(&model->guard->file);
}

size_t ql_source_filter_own_bytes(const struct ql_text_model *model)
{
    return model->guard == NULL || !model->guard->is_on
               ? 0
               : ql_filter_word_bytes(&model->guard->file, model->guard->binding.filter.V) -
                     ql_filter_word_bytes(&model->guard->file, 0) +
                     ql_filter_piece_bytes(&model->guard->binding.filter);
}
