// The pictures of a study: see report_picture.h.
// Uses: jansson, study/{study_cell,chart,report_view}.
#include "study/report_picture.h"

#include "study/chart.h"
#include "study/study_cell.h"

void ql_report_write_chart(const struct ql_report_view *view, const struct ql_report_measure *measure, bool standalone,
                           FILE *stream)
{
    const size_t T = view->temperature_count;
    struct ql_chart_series series[QL_CHART_SERIES_LIMIT];
    struct ql_chart_point *points = view->points;
    const struct ql_chart_point level = ql_report_value(view, measure, view->own);
    char title[300];

    for (size_t s = 0; s < view->shown_count; s++) {
        const struct ql_report_series *from = &view->series[view->shown[s]];
        for (size_t t = 0; t < T; t++) {
            const struct ql_report_cell *cell = &view->cells[from->first + t];
            points[s * T + t] = ql_report_value(view, measure, cell->json);
            points[s * T + t].x = cell->temperature;
        }
        const bool best = view->cells[view->ranking[0]].series == view->shown[s];
        series[s] = (struct ql_chart_series){.label = from->label,
                                             .points = points + s * T,
                                             .count = T,
                                             .emphasized = best,
                                             .marked = best ? &view->cells[view->ranking[0]].temperature : NULL};
    }
    (void)snprintf(title, sizeof title, "%.200s, against temperature", measure->title);
    const struct ql_chart chart = {.title = title,
                                   .x_label = "temperature",
                                   .y_label = measure->y_label,
                                   .percent = measure->percent,
                                   .series = series,
                                   .series_count = view->shown_count,
                                   .level_label = measure->level ? "real items" : NULL,
                                   .level = level.y,
                                   .level_low = level.low,
                                   .level_high = level.high,
                                   .markers = true};
    ql_chart_write(&chart, standalone, stream);
}

const char ql_report_lengths_reading[] =
    "The lengths of items in the training text, and of the recommended model at some of its temperatures.";

static void bin_lengths(const struct ql_report_view *view, struct ql_chart_point *points, const json_t *counts)
{
    const json_t *list = json_object_get(counts, "lengths");
    const double total = (double)ql_study_cell_number(counts, "items");

    for (size_t bin = 0; bin + 1 < view->bin_count; bin++) {
        double sum = 0.0;
        for (size_t k = 0; k < view->bin_width; k++) {
            sum += (double)json_integer_value(json_array_get(list, bin * view->bin_width + k));
        }
        const double share = total == 0.0 ? 0.0 : sum / total;
        const double middle = ((double)bin + 0.5) * (double)view->bin_width - 0.5;
        points[bin] = (struct ql_chart_point){middle, share, share, share};
    }
}

void ql_report_write_lengths(const struct ql_report_view *view, bool standalone, FILE *stream)
{
    enum { TEMPERATURES = QL_REPORT_LENGTH_LINES - 1 };
    const struct ql_report_series *best = &view->series[view->cells[view->ranking[0]].series];
    const size_t T = view->temperature_count, count = view->bin_count - 1;
    const size_t shown = T < TEMPERATURES ? T : TEMPERATURES;
    struct ql_chart_series series[QL_REPORT_LENGTH_LINES];
    char labels[TEMPERATURES][48];

    for (size_t k = 0; k <= shown; k++) {
        struct ql_chart_point *line = view->points + k * count;
        series[k] =
            (struct ql_chart_series){.label = "training text", .points = line, .count = count, .compared = k == 0};
        if (k == 0) {
            bin_lengths(view, line, view->own);
            continue;
        }
        const struct ql_report_cell *cell =
            &view->cells[best->first + (shown < 2 ? 0 : (k - 1) * (T - 1) / (shown - 1))];
        (void)snprintf(labels[k - 1], sizeof labels[0], "temperature %g", cell->temperature);
        series[k].label = labels[k - 1];
        bin_lengths(view, line, cell->json);
    }
    char y_label[64];
    (void)snprintf(y_label, sizeof y_label, "items, in bins of %zu symbol%s", view->bin_width,
                   view->bin_width == 1 ? "" : "s");
    const struct ql_chart chart = {.title = "Distribution of lengths",
                                   .x_label = "symbols in an item",
                                   .y_label = y_label,
                                   .percent = true,
                                   .series = series,
                                   .series_count = shown + 1};
    ql_chart_write(&chart, standalone, stream);
}
