// The integer form of a model in C: its constants, and a step as plain calls of the kernels. See source.h.
// Uses: base, codegen, device, quantize/integer_model.h.
#include <inttypes.h>

#include "codegen/source.h"

// The kernel of each cell behind the sums and rows.
static const char *const updates[] = {
    [QL_CELL_LSTM] = "ql_lstm_update_s8",
    [QL_CELL_GRU] = "ql_gru_update_s8",
    [QL_CELL_RNN] = "ql_rnn_update_s8",
};

static bool has_state(const struct ql_integer_model *model)
{
    return model->cell != QL_CELL_RNN;
}

static const char *format_suffix(const struct ql_integer_matrix *matrix)
{
    return matrix->is_s4 ? "s4" : "s8";
}

void ql_source_integer_matrix_name(char name[QL_C_IDENTIFIER_BYTES], const char *prefix, int layer, int matrix)
{
    if (layer < 0) {
        (void)snprintf(name, QL_C_IDENTIFIER_BYTES, "%s_output", prefix);
    } else if (matrix == 0) {
        (void)snprintf(name, QL_C_IDENTIFIER_BYTES, "%s_layer%d", prefix, layer + 1);
    } else {
        (void)snprintf(name, QL_C_IDENTIFIER_BYTES, "%s_layer%d_part%d", prefix, layer + 1, matrix + 1);
    }
}

static void write_matrix(const struct ql_source *w, const char *name, const struct ql_integer_matrix *matrix)
{
    ql_source_template_write(w, w->source, "@_WEIGHTS ");
    (void)fprintf(w->source, "static const uint32_t %s_words[%d] = { // (%d, %d), packed", name, matrix->word_count,
                  matrix->rows, matrix->columns);
    for (int i = 0; i < matrix->word_count; i++) {
        (void)fprintf(w->source, "%s 0x%08" PRIx32 ",", i % 9 == 0 ? "\n   " : "", matrix->words[i]);
    }
    (void)fprintf(w->source, "\n};\nstatic const struct ql_matrix_%s %s = {%s_words, %d, %d, %d};\n\n",
                  format_suffix(matrix), name, name, matrix->rows, matrix->columns, matrix->segment);
}

static void write_rows(const struct ql_source *w, const char *name, const struct ql_integer_row *rows, int count)
{
    size_t column = QL_C_LINE_COLUMNS;

    ql_source_template_write(w, w->source, "@_ROWS ");
    (void)fprintf(w->source, "static const struct ql_integer_row %s_rows[%d] = {", name, count);
    for (int r = 0; r < count; r++) {
        char text[QL_C_NUMBER_BYTES];
        int length = snprintf(text, sizeof text, " {%" PRId32 ", %d, %d},", rows[r].bias, rows[r].multiplier,
                              rows[r].table_factor);
        if (column + (size_t)length > QL_C_LINE_COLUMNS) {
            (void)fputs("\n   ", w->source);
            column = 3;
        }
        (void)fputs(text, w->source);
        column += (size_t)length;
    }
    (void)fputs("\n};\n\n", w->source);
}

void ql_source_integer_constants_write(const struct ql_source *w)
{
    const struct ql_integer_model *model = w->codegen->integer;
    char name[QL_C_IDENTIFIER_BYTES], comment[QL_C_LINE_COLUMNS];

    ql_source_template_write(
        w, w->source,
        "// Weights of $. A firmware may define a place, such as a section in SRAM, for the matrices "
        "and for\n"
        "// what there is of each row: every step reads all of both.\n"
        "#ifndef @_WEIGHTS\n#define @_WEIGHTS\n#endif\n"
        "#ifndef @_ROWS\n#define @_ROWS\n#endif\n\n");
    (void)snprintf(name, sizeof name, "%s_table", w->prefix);
    (void)snprintf(comment, sizeof comment, "(%d, %d), what a token gives to the first layer", model->V,
                   model->table_columns);
    (void)ql_c_array_write(w->source, name, comment, QL_ELEMENT_S8, model->table,
                           (size_t)model->V * (size_t)model->table_columns);
    (void)fputc('\n', w->source);
    for (int l = 0; l < model->L; l++) {
        const struct ql_integer_layer *layer = &model->layers[l];
        for (int k = 0; k < layer->matrix_count; k++) {
            ql_source_integer_matrix_name(name, w->prefix, l, k);
            write_matrix(w, name, &layer->matrices[k]);
        }
        ql_source_integer_matrix_name(name, w->prefix, l, 0);
        write_rows(w, name, layer->rows, layer->row_count);
    }
    ql_source_integer_matrix_name(name, w->prefix, -1, 0);
    write_matrix(w, name, &model->output);
    write_rows(w, name, model->output_rows, model->V);
}

void ql_source_integer_arena_write(const struct ql_source *w, FILE *stream)
{
    const struct ql_integer_model *model = w->codegen->integer;

    ql_source_template_write(w, stream, "union $_arena {\n");
    (void)fprintf(stream,
                  "    int32_t sums[%d];\n"
                  "    struct {\n        uint32_t weights[%d];\n        uint16_t candidates[%d];\n    } sampler;\n};\n",
                  model->sum_count, model->V, model->V);
}

static void write_layer(const struct ql_source *w, int l, int h)
{
    const struct ql_integer_model *model = w->codegen->integer;
    const struct ql_integer_layer *layer = &model->layers[l];
    char name[QL_C_IDENTIFIER_BYTES];
    const int begun = l == 0 ? model->table_columns : 0; // rows that begin with what the token gives

    (void)fprintf(w->source, "\n    // Layer %d: %s, %d units\n", l + 1,
                  ql_architecture_find(QL_LAYER_RECURRENT, model->cell)->name, layer->H);
    ql_source_integer_matrix_name(name, w->prefix, l, 0);
    if (begun > 0) {
        (void)fprintf(w->source, "    ql_integer_row_begin(sums, %s_table + token * %d, %s_rows, %d);\n", w->prefix,
                      model->table_columns, name, model->table_columns);
    }
    if (begun < layer->row_count) {
        (void)fprintf(w->source, "    memset(sums + %d, 0, %d * sizeof *sums);\n", begun, layer->row_count - begun);
    }
    for (int k = 0; k < layer->matrix_count; k++) {
        const struct ql_integer_matrix *matrix = &layer->matrices[k];
        char part[QL_C_IDENTIFIER_BYTES];
        ql_source_integer_matrix_name(part, w->prefix, l, k);
        (void)fprintf(w->source, "    ql_matvec_%s(sums + %d, &%s, state->h + %d);\n", format_suffix(matrix),
                      matrix->first_row, part, h - layer->I + matrix->first_column);
    }
    (void)fprintf(w->source, "    %s(state->h + %d, ", updates[model->cell], h);
    if (has_state(model)) {
        (void)fprintf(w->source, "state->%s + %d, ", model->cell == QL_CELL_LSTM ? "c" : "h_fine", h);
    }
    (void)fprintf(w->source, "sums, %s_rows, %s_scales[%d], ", name, w->prefix, l);
    if (model->cell == QL_CELL_LSTM) {
        (void)fprintf(w->source, "%d, ", layer->cell_bits);
    }
    (void)fprintf(w->source, "%d);\n", layer->H);
}

void ql_source_integer_run_write(const struct ql_source *w)
{
    const struct ql_integer_model *model = w->codegen->integer;
    int h = 0;

    ql_source_template_write(w, w->source, "static const struct ql_integer_scale $_scales[] = {");
    for (int l = 0; l < model->L; l++) {
        (void)fprintf(w->source, "{%d, %d}, ", model->layers[l].scale.pre_shift, model->layers[l].scale.shift);
    }
    (void)fprintf(w->source, "{%d, %d}};\n\n", model->output_scale.pre_shift, model->output_scale.shift);
    ql_source_template_write(w, w->source, "static void $_run(struct $_state *state, ");
    ql_source_template_write(w, w->source,
                             w->unit->caller_arena ? "union $_arena *arena, int token)\n{\n" : "int token)\n{\n");
    (void)fputs("    int32_t *const sums = ", w->source);
    if (w->unit->caller_arena) {
        (void)fputs("arena->sums;\n", w->source);
    } else {
        (void)fputc('(', w->source);
        ql_source_static_arena_write(w, w->source);
        (void)fputs(")->sums;\n", w->source);
    }
    for (int l = 0; l < model->L; l++) {
        write_layer(w, l, h);
        h += model->layers[l].H;
    }
    (void)fprintf(w->source,
                  "\n    // The output: %d logits\n"
                  "    memset(state->logits, 0, sizeof state->logits);\n"
                  "    ql_matvec_s8(state->logits, &%s_output, state->h + %d);\n"
                  "    ql_integer_row_values(state->logits, state->logits, %s_output_rows, %s_scales[%d], %d);\n}\n",
                  model->V, w->prefix, h - model->output.columns, w->prefix, w->prefix, model->L, model->V);
}

// Whether no model before this one has an integer form, whose tables are then counted for this one.
static bool is_first(const struct ql_codegen_unit *unit, int model)
{
    for (int i = 0; i < model; i++) {
        if (unit->models[i].integer != NULL) {
            return false;
        }
    }
    return true;
}

void ql_source_integer_measure(struct ql_codegen_size *size, const struct ql_codegen_unit *unit, int index)
{
    const struct ql_integer_model *model = unit->models[index].integer;
    enum { TANH_BYTES = 385 * 2, POWER_BYTES = 65 * 4, MATRIX_BYTES = 16, SETTINGS = 3 * 4, RANDOM = 4 * 4 };
    const size_t V = (size_t)model->V, h = (size_t)model->h_count;

    size->constant_bytes = ql_integer_model_bytes(model) + (is_first(unit, index) ? TANH_BYTES + POWER_BYTES : 0);
    size->macs = (int64_t)model->output.rows * model->output.columns;
    for (int l = 0; l < model->L; l++) {
        for (int k = 0; k < model->layers[l].matrix_count; k++) {
            const struct ql_integer_matrix *matrix = &model->layers[l].matrices[k];
            size->macs += (int64_t)matrix->rows * matrix->columns;
            size->constant_bytes += MATRIX_BYTES;
        }
    }
    size->constant_bytes += MATRIX_BYTES + 2 * ((size_t)model->L + 1);
    size->arena_bytes = (size_t)model->sum_count * sizeof(int32_t);
    size->state_bytes = (h + (has_state(model) ? 2 * h : 0) + 3) / 4 * 4 + V * sizeof(int32_t) + SETTINGS + RANDOM +
                        (unit->caller_arena ? 4 : 0);
}
