// The report as a page: see report_page.h. One column of text, pictures side by side where there is room, and samples
// in tables that scroll separately.
// Uses: base, study/{study_cell,chart,report_picture,report_text,report_view}.
#include <string.h>

#include "base/html_text.h"
#include "study/chart.h"
#include "study/report_page.h"
#include "study/report_picture.h"
#include "study/report_text.h"
#include "study/study_cell.h"

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--ink:#1d2430;--soft:#5a6472;--line:#dfe2e6;"
    "--accent:#8b5e34;--good:#f4ecdf}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#14181f;--card:#1b2029;--ink:#e8eaee;--soft:#a8b0bb;"
    "--line:#333a45;--accent:#d9a878;--good:#2a2620}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 Georgia,'Iowan Old Style',serif}\n"
    "main{max-width:82rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}\n"
    "h1{font-size:1.15rem;font-weight:400;color:var(--soft);margin:0 0 .75rem;overflow-wrap:anywhere}\n"
    "h2{font-size:1.5rem;line-height:1.25;margin:3rem 0 .75rem}\n"
    "h3{font-size:1.1rem;margin:0 0 .15rem}\n"
    ".answer{font-size:clamp(1.7rem,4.5vw,2.6rem);line-height:1.2;margin:0 0 1rem;max-width:24em}\n"
    ".lead{border-left:4px solid var(--accent);padding-left:1.25rem;max-width:46rem}\n"
    ".lead p{margin:.5rem 0}\n"
    "p{max-width:46rem}\n"
    ".soft,figcaption{color:var(--soft)}\n"
    ".pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,32rem),1fr));gap:1.25rem}\n"
    "figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1.1rem 1.1rem "
    ".7rem;"
    "display:flex;flex-direction:column}\n"
    "figcaption{font-size:.95rem;line-height:1.45;margin:0 0 .8rem;max-width:38rem}\n"
    "figure svg{width:100%;height:auto;display:block;margin-top:auto}\n"
    ".scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.6rem;background:var(--card)}\n"
    "table{border-collapse:collapse;width:100%;font-size:.95rem}\n"
    "th,td{text-align:start;padding:.4rem .9rem;vertical-align:top;border-top:1px solid var(--line)}\n"
    "thead th{border-top:0;font-weight:600;white-space:nowrap}\n"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "tr.best td,tr.best th{background:var(--good)}\n"
    "th.best,td.best{background:var(--good)}\n"
    ".samples td{min-width:9rem}\n"
    "details{border-top:1px solid var(--line);padding:.35rem 0}\n"
    "summary{cursor:pointer;padding:.2rem 0}\n"
    "details .scroll{margin:.6rem 0 1rem}\n"
    "code{font:.88em ui-monospace,Consolas,monospace;overflow-wrap:anywhere}\n"
    ".empty{color:var(--soft);font-style:italic}\n";

static void write_paragraph(const char *text, FILE *stream)
{
    (void)fputs("<p>", stream);
    ql_html_write_text(text, stream);
    (void)fputs("</p>\n", stream);
}

static void write_head(const struct ql_report_view *view, FILE *stream)
{
    char items[32], generated[32];

    (void)fprintf(stream,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<title>Quillet: a study</title>\n<style>\n%s%s</style>\n</head>\n<body>\n<main>\n",
                  style, ql_chart_style);
    ql_report_write_count(items, ql_study_cell_number(view->own, "items"));
    ql_report_write_count(
        generated, (uint64_t)json_integer_value(json_object_get(json_object_get(view->study, "settings"), "items")));
    (void)fputs("<h1>A study of ", stream);
    const json_t *models = json_object_get(view->study, "models");
    const size_t count = json_array_size(models);
    for (size_t m = 0; m < count; m++) {
        (void)fputs(m == 0 ? "" : m + 1 < count ? ", " : " and ", stream);
        ql_html_write_text(ql_report_string(json_array_get(models, m), "label"), stream);
    }
    (void)fputs(", compared with ", stream);
    ql_html_write_text(ql_report_string(view->own, "file"), stream);
    (void)fprintf(stream, " (%s items). %zu setting%s, %s items of each.</h1>\n", items, view->cell_count,
                  view->cell_count == 1 ? "" : "s", generated);
    (void)fputs("<p class=\"answer\">", stream);
    ql_html_write_text(view->headline, stream);
    (void)fputs("</p>\n<div class=\"lead\">\n", stream);
    for (size_t k = 0; k < view->finding_count; k++) {
        write_paragraph(view->findings[k], stream);
    }
    (void)fputs("</div>\n", stream);
}

// The first words of each row's heading: the cell's name, or its temperature.
static void write_sample_table(const struct ql_report_view *view, const size_t *cells, size_t count, size_t rows,
                               FILE *stream)
{
    (void)fputs("<div class=\"scroll\" tabindex=\"0\"><table class=\"samples\">\n<thead><tr>", stream);
    for (size_t k = 0; k < count; k++) {
        (void)fprintf(stream, "<th scope=\"col\"%s>t = %g</th>", cells[k] == view->ranking[0] ? " class=\"best\"" : "",
                      view->cells[cells[k]].temperature);
    }
    (void)fputs("</tr></thead>\n<tbody>\n", stream);
    for (size_t row = 0; row < rows; row++) {
        (void)fputs("<tr>", stream);
        for (size_t k = 0; k < count; k++) {
            const json_t *item = json_array_get(json_object_get(view->cells[cells[k]].json, "samples"), row);
            const char *text = json_string_value(item);
            (void)fprintf(stream, "<td%s ", cells[k] == view->ranking[0] ? " class=\"best\"" : "");
            ql_html_write_foreign(view->language, stream);
            (void)fputs(">", stream);
            if (text == NULL || *text == '\0') {
                (void)fputs("<span class=\"empty\" lang=\"en\">(empty)</span>", stream);
            } else {
                ql_html_write_text(text, stream);
            }
            (void)fputs("</td>", stream);
        }
        (void)fputs("</tr>\n", stream);
    }
    (void)fputs("</tbody></table></div>\n", stream);
}

static void write_samples(const struct ql_report_view *view, FILE *stream)
{
    size_t cells[QL_REPORT_COLUMNS];
    const size_t count = ql_report_columns(view, cells);

    (void)fputs("<h2>Read them</h2>\n<p class=\"soft\">The first items at rising temperatures, without selection; the "
                "recommended temperature is colored. All settings are at the end.</p>\n",
                stream);
    write_sample_table(view, cells, count, QL_REPORT_ROWS, stream);
}

static void write_figure(const struct ql_report_view *view, const struct ql_report_measure *measure, FILE *stream)
{
    (void)fputs("<figure><h3>", stream);
    ql_html_write_text(measure->title, stream);
    (void)fputs("</h3><figcaption>", stream);
    ql_html_write_text(measure->reading, stream);
    (void)fputs("</figcaption>\n", stream);
    ql_report_write_chart(view, measure, false, stream);
    (void)fputs("</figure>\n", stream);
}

static void write_patterns(const struct ql_report_view *view, FILE *stream)
{
    bool begun = false;

    for (size_t k = 0; k < view->measure_count; k++) {
        if (view->measures[k].pattern >= 0) {
            (void)fputs(begun ? "" : "<h2>Counted by name</h2>\n<div class=\"pictures\">\n", stream);
            begun = true;
            write_figure(view, &view->measures[k], stream);
        }
    }
    (void)fputs(begun ? "</div>\n" : "", stream);
}

static void write_pictures(const struct ql_report_view *view, FILE *stream)
{
    (void)fputs("<h2>Measure by measure</h2>\n<p class=\"soft\">The dashed line is that of real items of the "
                "training text, each compared with all the others. Shaded areas and whiskers are 95 % intervals. The "
                "bold line is the recommended model, the ring its recommended temperature. ",
                stream);
    if (view->shown_count < view->series_count) {
        (void)fprintf(stream, "The pictures show the %zu best of %zu combinations; study.json has all of them.",
                      view->shown_count, view->series_count);
    }
    (void)fputs("</p>\n<div class=\"pictures\">\n", stream);
    for (size_t k = 0; k < view->measure_count; k++) {
        if (view->measures[k].pattern < 0) {
            write_figure(view, &view->measures[k], stream);
        }
    }
    (void)fprintf(stream, "<figure><h3>Distribution of lengths</h3><figcaption>%s</figcaption>\n",
                  ql_report_lengths_reading);
    ql_report_write_lengths(view, false, stream);
    (void)fputs("</figure>\n</div>\n", stream);
}

static void write_ranking(const struct ql_report_view *view, FILE *stream)
{
    enum { RANKED = 12 };

    (void)fputs("<h2>The ranking</h2>\n", stream);
    write_paragraph(ql_report_rule(view), stream);
    (void)fputs("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">setting</th>"
                "<th class=\"n\" scope=\"col\">distance</th>",
                stream);
    for (int d = 0; d < QL_DISTANCE_COUNT; d++) {
        if (view->has_distance[d]) {
            (void)fprintf(stream, "<th class=\"n\" scope=\"col\">%s</th>", ql_report_distance_titles[d]);
        }
    }
    (void)fputs("</tr></thead>\n<tbody>\n", stream);
    for (size_t k = 0; k < view->cell_count && k < RANKED; k++) {
        const struct ql_report_cell *cell = &view->cells[view->ranking[k]];
        char name[200];
        ql_report_write_cell_name(view, view->ranking[k], name, sizeof name);
        (void)fprintf(stream, "<tr%s><td>", k == 0 ? " class=\"best\"" : "");
        ql_html_write_text(name, stream);
        (void)fprintf(stream, "</td><td class=\"n\">%.1f</td>", 100.0 * cell->distance);
        for (int d = 0; d < QL_DISTANCE_COUNT; d++) {
            if (view->has_distance[d]) {
                (void)fprintf(stream, "<td class=\"n\">%.1f</td>", 100.0 * cell->distances[d]);
            }
        }
        (void)fputs("</tr>\n", stream);
    }
    (void)fputs("</tbody></table></div>\n", stream);
}

static void write_against(const struct ql_report_view *view, FILE *stream)
{
    const json_t *against = json_object_get(view->study, "against");
    size_t index;
    json_t *pair;

    if (!json_is_array(against)) {
        return;
    }
    (void)fputs("<h2>Two models, pair by pair</h2>\n<p>Items of the first model and of ", stream);
    ql_html_write_text(ql_report_string(json_array_get(against, 0), "other"), stream);
    (void)fputs(" are paired by exact length, and compared with the Wilcoxon signed-rank test.</p>\n"
                "<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">setting</th>"
                "<th scope=\"col\">measure</th><th scope=\"col\">result</th></tr></thead>\n<tbody>\n",
                stream);
    json_array_foreach(against, index, pair)
    {
        char setting[100], text[400];
        ql_report_write_pair_setting(pair, setting, sizeof setting);
        ql_report_write_pair(pair, text, sizeof text);
        (void)fprintf(stream, "<tr><td>%s</td><td>", setting);
        ql_html_write_text(ql_report_string(pair, "measure"), stream);
        (void)fputs("</td><td>", stream);
        ql_html_write_text(text, stream);
        (void)fputs("</td></tr>\n", stream);
    }
    (void)fputs("</tbody></table></div>\n", stream);
}

// One setting: its samples, and its most frequent items.
static void write_cell(const struct ql_report_view *view, size_t number, FILE *stream)
{
    enum { ROWS = 12 };
    const json_t *cell = view->cells[number].json;
    const json_t *frequent = json_object_get(cell, "frequent");
    char name[200];

    ql_report_write_cell_name(view, number, name, sizeof name);
    (void)fputs("<details><summary>", stream);
    ql_html_write_text(name, stream);
    (void)fprintf(stream, " <span class=\"soft\">(%.1f)</span></summary>\n", 100.0 * view->cells[number].distance);
    (void)fputs(
        "<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">the first</th>"
        "<th scope=\"col\">the most frequent</th><th class=\"n\" scope=\"col\">times</th></tr></thead>\n<tbody>\n",
        stream);
    for (size_t row = 0; row < ROWS; row++) {
        const char *sample = json_string_value(json_array_get(json_object_get(cell, "samples"), row));
        const json_t *often = json_array_get(frequent, row);
        const char *text = json_string_value(json_array_get(often, 0));
        char times[32] = "";
        if (often != NULL) {
            ql_report_write_count(times, (uint64_t)json_integer_value(json_array_get(often, 1)));
        }
        (void)fputs("<tr><td ", stream);
        ql_html_write_foreign(view->language, stream);
        (void)fputs(">", stream);
        ql_html_write_text(sample == NULL ? "" : sample, stream);
        (void)fputs("</td><td ", stream);
        ql_html_write_foreign(view->language, stream);
        (void)fputs(">", stream);
        ql_html_write_text(text == NULL ? "" : text, stream);
        (void)fprintf(stream, "</td><td class=\"n\">%s</td></tr>\n", times);
    }
    (void)fputs("</tbody></table></div></details>\n", stream);
}

static void write_made(const struct ql_report_view *view, FILE *stream)
{
    const json_t *settings = json_object_get(view->study, "settings");

    (void)fputs("<h2>How it was made</h2>\n<p><code>", stream);
    ql_html_write_text(ql_report_string(view->study, "command"), stream);
    (void)fprintf(stream,
                  "</code></p>\n<p class=\"soft\">Seed %g, items cut at %g symbols. The same command gives the "
                  "same bytes.</p>\n",
                  json_number_value(json_object_get(settings, "seed")),
                  json_number_value(json_object_get(settings, "max_length")));
}

void ql_report_write_html(const struct ql_report_view *view, FILE *stream)
{
    write_head(view, stream);
    write_samples(view, stream);
    write_patterns(view, stream);
    write_pictures(view, stream);
    write_ranking(view, stream);
    write_against(view, stream);
    (void)fputs("<h2>Every setting</h2>\n", stream);
    for (size_t k = 0; k < view->cell_count; k++) {
        write_cell(view, k, stream);
    }
    write_made(view, stream);
    (void)fputs("</main>\n</body>\n</html>\n", stream);
}
