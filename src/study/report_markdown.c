// The report as Markdown: see report_page.h.
// Uses: study/{study_cell,report_picture,report_text,report_view}.
#include <string.h>

#include "study/report_page.h"
#include "study/report_picture.h"
#include "study/report_text.h"
#include "study/study_cell.h"

// Writes text with a backslash before characters that Markdown would interpret.
static void write_text(const char *text, FILE *stream)
{
    for (; *text != '\0'; text++) {
        if (strchr("\\|*_`<[&#~", *text) != NULL) {
            (void)fputc('\\', stream);
        }
        (void)fputc(*text, stream);
    }
}

static void write_samples(const struct ql_report_view *view, FILE *stream)
{
    size_t cells[QL_REPORT_COLUMNS];
    const size_t count = ql_report_columns(view, cells);

    (void)fputs("\n## Read them\n\nThe first items at rising temperatures, without selection.\n\n|", stream);
    for (size_t k = 0; k < count; k++) {
        (void)fprintf(stream, cells[k] == view->ranking[0] ? " **t = %g** |" : " t = %g |",
                      view->cells[cells[k]].temperature);
    }
    (void)fputs("\n|", stream);
    for (size_t k = 0; k < count; k++) {
        (void)fputs(" --- |", stream);
    }
    for (size_t row = 0; row < QL_REPORT_ROWS; row++) {
        (void)fputs("\n|", stream);
        for (size_t k = 0; k < count; k++) {
            const char *text =
                json_string_value(json_array_get(json_object_get(view->cells[cells[k]].json, "samples"), row));
            (void)fputc(' ', stream);
            write_text(text == NULL ? "" : text, stream);
            (void)fputs(" |", stream);
        }
    }
    (void)fputc('\n', stream);
}

static void write_measure(const struct ql_report_measure *measure, FILE *stream)
{
    (void)fputs("\n### ", stream);
    write_text(measure->title, stream);
    (void)fputs("\n", stream);
    write_text(measure->reading, stream);
    (void)fprintf(stream, "\n\n![%s against temperature](pictures/%s.svg)\n", measure->y_label, measure->id);
}

static void write_measures(const struct ql_report_view *view, bool patterns, FILE *stream)
{
    bool begun = false;

    for (size_t k = 0; k < view->measure_count; k++) {
        if ((view->measures[k].pattern >= 0) == patterns) {
            (void)fputs(begun ? "" : patterns ? "\n## Counted by name\n" : "\n## Measure by measure\n", stream);
            begun = true;
            write_measure(&view->measures[k], stream);
        }
    }
    if (!patterns) {
        (void)fprintf(stream, "\n### Distribution of lengths\n%s\n\n![lengths](pictures/lengths.svg)\n",
                      ql_report_lengths_reading);
    }
}

static void write_ranking(const struct ql_report_view *view, FILE *stream)
{
    (void)fprintf(stream, "\n## The ranking\n%s\n\n| setting | distance |", ql_report_rule(view));
    for (int d = 0; d < QL_DISTANCE_COUNT; d++) {
        if (view->has_distance[d]) {
            (void)fprintf(stream, " %s |", ql_report_distance_titles[d]);
        }
    }
    (void)fputs("\n| --- | ---: |", stream);
    for (int d = 0; d < QL_DISTANCE_COUNT; d++) {
        (void)fputs(view->has_distance[d] ? " ---: |" : "", stream);
    }
    for (size_t k = 0; k < view->cell_count; k++) {
        const struct ql_report_cell *cell = &view->cells[view->ranking[k]];
        char name[200];
        ql_report_write_cell_name(view, view->ranking[k], name, sizeof name);
        (void)fputs("\n| ", stream);
        write_text(name, stream);
        (void)fprintf(stream, " | %.1f |", 100.0 * cell->distance);
        for (int d = 0; d < QL_DISTANCE_COUNT; d++) {
            if (view->has_distance[d]) {
                (void)fprintf(stream, " %.1f |", 100.0 * cell->distances[d]);
            }
        }
    }
    (void)fputc('\n', stream);
}

static void write_against(const struct ql_report_view *view, FILE *stream)
{
    const json_t *against = json_object_get(view->study, "against");
    size_t index;
    json_t *pair;

    if (!json_is_array(against)) {
        return;
    }
    (void)fputs("\n## Two models, pair by pair\nItems of the first model and of ", stream);
    write_text(ql_report_string(json_array_get(against, 0), "other"), stream);
    (void)fputs(" are paired by exact length, and compared with the Wilcoxon signed-rank test.\n\n"
                "| setting | measure | result |\n| --- | --- | --- |\n",
                stream);
    json_array_foreach(against, index, pair)
    {
        char setting[100], text[400];
        ql_report_write_pair_setting(pair, setting, sizeof setting);
        ql_report_write_pair(pair, text, sizeof text);
        (void)fprintf(stream, "| %s | %s | ", setting, ql_report_string(pair, "measure"));
        write_text(text, stream);
        (void)fputs(" |\n", stream);
    }
}

static void write_list(const json_t *cell, const char *name, FILE *stream)
{
    const json_t *list = json_object_get(cell, name);
    size_t index;
    json_t *entry;

    json_array_foreach(list, index, entry)
    {
        const char *text = json_string_value(json_is_array(entry) ? json_array_get(entry, 0) : entry);
        (void)fputs(index == 0 ? "" : "; ", stream);
        write_text(text == NULL || *text == '\0' ? "(empty)" : text, stream);
        if (json_is_array(entry)) {
            (void)fprintf(stream, " (%lld)", (long long)json_integer_value(json_array_get(entry, 1)));
        }
        if (index == 11) {
            break;
        }
    }
    (void)fputs(".\n", stream);
}

static void write_cells(const struct ql_report_view *view, FILE *stream)
{
    (void)fputs("\n## Every setting\n", stream);
    for (size_t k = 0; k < view->cell_count; k++) {
        char name[200];
        ql_report_write_cell_name(view, k, name, sizeof name);
        (void)fputs("\n**", stream);
        write_text(name, stream);
        (void)fprintf(stream, "** (%.1f)\n- The first: ", 100.0 * view->cells[k].distance);
        write_list(view->cells[k].json, "samples", stream);
        (void)fputs("- The most frequent: ", stream);
        write_list(view->cells[k].json, "frequent", stream);
    }
}

void ql_report_write_markdown(const struct ql_report_view *view, FILE *stream)
{
    char items[32];

    ql_report_write_count(items, ql_study_cell_number(view->own, "items"));
    (void)fputs("# ", stream);
    write_text(view->headline, stream);
    (void)fprintf(stream, "\nA study of %zu setting%s, compared with the %s items of ", view->cell_count,
                  view->cell_count == 1 ? "" : "s", items);
    write_text(ql_report_string(view->own, "file"), stream);
    (void)fputs(".\n", stream);
    for (size_t k = 0; k < view->finding_count; k++) {
        (void)fputs("\n", stream);
        write_text(view->findings[k], stream);
        (void)fputs("\n", stream);
    }
    write_samples(view, stream);
    write_measures(view, true, stream);
    write_measures(view, false, stream);
    write_ranking(view, stream);
    write_against(view, stream);
    write_cells(view, stream);
    (void)fprintf(stream, "\n## How it was made\n\n    %s\n\nThe same command gives the same bytes.\n",
                  ql_report_string(view->study, "command"));
}
