// The constants of an integer form in C: see source.h. Its step consists of calls, as in any other program.
// Uses: base, codegen, device, quantize/{integer_kernel,integer_model}.
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "codegen/source.h"
#include "quantize/integer_kernel.h"

void ql_source_integer_head_write(const struct ql_source *w)
{
    ql_source_template_write(
        w, w->source,
        "// Weights of $. A firmware may define a place, such as a section in SRAM, for the matrices and for\n"
        "// the data of each row: every step reads all of both.\n"
        "#ifndef @_WEIGHTS\n"
        "#define @_WEIGHTS\n"
        "#endif\n"
        "#ifndef @_ROWS\n"
        "#define @_ROWS\n"
        "#endif\n\n");
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
                  matrix->is_s4 ? "s4" : "s8", name, name, matrix->rows, matrix->columns, matrix->segment);
}

// Writes an element of an array, on a new line where it would extend beyond the end of this one, whose length is *column.
static void write_element(const struct ql_source *w, const char *text, size_t *column)
{
    if (*column + strlen(text) > QL_C_LINE_COLUMNS) {
        (void)fputs("\n   ", w->source);
        *column = 3;
    }
    (void)fputs(text, w->source);
    *column += strlen(text);
}

static void write_rows(const struct ql_source *w, const char *name, const struct ql_integer_row *rows, int count)
{
    size_t column = QL_C_LINE_COLUMNS;

    ql_source_template_write(w, w->source, "@_ROWS ");
    (void)fprintf(w->source, "static const struct ql_integer_row %s[%d] = {", name, count);
    for (int r = 0; r < count; r++) {
        char text[QL_C_NUMBER_BYTES];
        (void)snprintf(text, sizeof text, " {%" PRId32 ", %d, %d},", rows[r].bias, rows[r].multiplier,
                       rows[r].table_factor);
        write_element(w, text, &column);
    }
    (void)fputs("\n};\n\n", w->source);
}

static void write_scales(const struct ql_source *w, const char *name, const struct ql_integer_scale *scales, int count)
{
    size_t column = QL_C_LINE_COLUMNS;

    (void)fprintf(w->source, "static const struct ql_integer_scale %s[%d] = {", name, count);
    for (int k = 0; k < count; k++) {
        char text[QL_C_NUMBER_BYTES];
        (void)snprintf(text, sizeof text, " {%d, %d},", scales[k].pre_shift, scales[k].shift);
        write_element(w, text, &column);
    }
    (void)fputs("\n};\n\n", w->source);
}

void ql_source_integer_constant_write(const struct ql_source *w, const char *name, const struct ql_program_value *value)
{
    const struct ql_integer_matrix *matrix = ql_integer_kernel_matrix(value);

    if (matrix != NULL) {
        write_matrix(w, name, matrix);
    } else if (value->structure == &ql_integer_row_structure) {
        write_rows(w, name, value->data, value->count);
    } else {
        assert(value->structure == &ql_integer_scale_structure);
        write_scales(w, name, value->data, value->count);
    }
}
