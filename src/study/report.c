// The report of a study: see report.h.
// Uses: base, jansson, study/{cell,report_page}.
#include "study/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "study/cell.h"
#include "study/report_page.h"

const char ql_report_rule[] =
    "Real items are the yardstick: each item of the training text is held against all others, as if it were new. A "
    "setting is the better, the nearer its items come to that, in five respects: copies (and near copies) beyond those "
    "among real items, different items among as many as the text has, new words, known words, and the distribution of "
    "lengths. The ranking goes by the mean of the five distances, in points of a hundred. It knows nothing of beauty: "
    "read the samples.";

size_t ql_report_columns(const struct ql_report_view *view, size_t cells[QL_REPORT_COLUMNS])
{
    const size_t T = view->temperature_count, best = view->ranking[0];
    const size_t first = view->series[view->cells[best].series].first;
    const size_t count = T < QL_REPORT_COLUMNS ? T : QL_REPORT_COLUMNS;
    bool seen = false;

    for (size_t k = 0; k < count; k++) {
        cells[k] = first + (count < 2 ? 0 : k * (T - 1) / (count - 1));
        seen = seen || cells[k] == best;
    }
    for (size_t k = 0; k < count && !seen; k++) { // the recommended one takes the place of its neighbour
        if (k + 1 == count || cells[k + 1] > best) {
            cells[k] = best;
            seen = true;
        }
    }
    return count;
}

void ql_report_write_pair(const json_t *pair, char *text, size_t size)
{
    const double p = json_number_value(json_object_get(pair, "p"));
    const double difference = json_number_value(json_object_get(pair, "mean_difference"));
    char pairs[32], probability[32];

    ql_report_write_count(pairs, (uint64_t)json_integer_value(json_object_get(pair, "matched")));
    (void)snprintf(probability, sizeof probability, p < 0.0001 ? "p < 0.0001" : "p = %.4f", p);
    (void)snprintf(text, size, "%s pairs of equal length, mean difference %+.3f symbols, effect %+.3f, %s: %s", pairs,
                   difference, json_number_value(json_object_get(pair, "effect")), probability,
                   p >= 0.05          ? "no difference that chance would not explain"
                   : difference > 0.0 ? "the first model has more"
                                      : "the second model has more");
}

// Distances, ranking and the answer become part of study.json.
static void add_results(json_t *study, const struct ql_report_view *view)
{
    static const char *const names[QL_DISTANCE_COUNT] = {"copies", "repetitions", "new_words", "known_words",
                                                         "lengths"};
    json_t *findings = json_array();

    for (size_t k = 0; k < view->cell_count; k++) {
        json_t *distances = json_object();
        for (int d = 0; d < QL_DISTANCE_COUNT; d++) {
            if (d != QL_DISTANCE_KNOWN_WORDS || view->has_known) {
                (void)json_object_set_new(distances, names[d], json_real(view->cells[k].distances[d]));
            }
        }
        (void)json_object_set_new(view->cells[k].json, "distances", distances);
        (void)json_object_set_new(view->cells[k].json, "distance", json_real(view->cells[k].distance));
    }
    for (size_t k = 0; k < view->finding_count; k++) {
        (void)json_array_append_new(findings, json_string(view->findings[k]));
    }
    (void)json_object_set_new(study, "best", json_integer((json_int_t)view->ranking[0]));
    (void)json_object_set_new(study, "headline", json_string(view->headline));
    (void)json_object_set_new(study, "findings", findings);
}

// Opens DIR/NAME.
static enum ql_status open_part(struct ql_file_writer *file, const char *folder, const char *name,
                                struct ql_error *error)
{
    char *path;

    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    enum ql_status status = ql_file_writer_open(file, path, error);
    free(path);
    return status;
}

static enum ql_status save_pictures(const struct ql_report_view *view, const char *folder, struct ql_error *error)
{
    struct ql_file_writer file;
    enum ql_status status = QL_OK;

    for (size_t k = 0; k < view->measure_count && status == QL_OK; k++) {
        char name[80];
        (void)snprintf(name, sizeof name, "pictures/%s.svg", view->measures[k].id);
        if ((status = open_part(&file, folder, name, error)) == QL_OK) {
            ql_report_write_chart(view, &view->measures[k], true, file.stream);
            status = ql_file_writer_close(&file, error);
        }
    }
    if (status == QL_OK && (status = open_part(&file, folder, "pictures/lengths.svg", error)) == QL_OK) {
        ql_report_write_lengths(view, true, file.stream);
        status = ql_file_writer_close(&file, error);
    }
    return status;
}

static enum ql_status save_files(const struct ql_report_view *view, const char *folder, struct ql_error *error)
{
    struct ql_file_writer file;
    enum ql_status status;

    if ((status = open_part(&file, folder, "study.json", error)) == QL_OK) {
        (void)json_dumpf(view->study, file.stream, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        (void)fputc('\n', file.stream);
        status = ql_file_writer_close(&file, error);
    }
    if (status == QL_OK && (status = open_part(&file, folder, "study.html", error)) == QL_OK) {
        ql_report_write_html(view, file.stream);
        status = ql_file_writer_close(&file, error);
    }
    if (status == QL_OK && (status = open_part(&file, folder, "study.md", error)) == QL_OK) {
        ql_report_write_markdown(view, file.stream);
        status = ql_file_writer_close(&file, error);
    }
    return status == QL_OK ? save_pictures(view, folder, error) : status;
}

enum ql_status ql_report_save(json_t *study, const char *folder, struct ql_error *error)
{
    struct ql_report_view *view = malloc(sizeof *view);
    char *pictures = NULL;
    enum ql_status status = QL_OK;

    if (view == NULL || asprintf(&pictures, "%s/pictures", folder) < 0) {
        free(view);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    if ((status = ql_folder_init(pictures, error)) == QL_OK &&
        (status = ql_report_view_init(view, study, error)) == QL_OK) {
        add_results(study, view);
        status = save_files(view, folder, error);
        ql_report_view_free(view);
    }
    free(pictures);
    free(view);
    return status;
}
