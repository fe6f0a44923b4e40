// The report of a study: see report.h.
// Uses: base, jansson, study/{report_finding,report_page,report_picture}.
#include "study/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "study/report_finding.h"
#include "study/report_page.h"
#include "study/report_picture.h"
#include "study/report_view.h"

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
    char *path = ql_bytes_format("%s/%s", folder, name);

    if (path == NULL) {
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
        if (json_dumpf(view->study, file.stream, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) != 0) {
            ql_file_writer_reset(&file);
            return ql_error_write(error, QL_ERROR_SYSTEM, "%s: the report cannot be written", folder);
        }
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
    char *pictures = ql_bytes_format("%s/pictures", folder);
    enum ql_status status = QL_OK;

    if (view == NULL || pictures == NULL) {
        free(view);
        free(pictures);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    if ((status = ql_folder_init(pictures, error)) == QL_OK &&
        (status = ql_report_view_init(view, study, error)) == QL_OK) {
        ql_report_find(view);
        add_results(study, view);
        status = save_files(view, folder, error);
        ql_report_view_free(view);
    }
    free(pictures);
    free(view);
    return status;
}
