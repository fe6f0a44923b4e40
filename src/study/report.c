// The report of a study: see report.h.
// Uses: base, jansson, study/{report_finding,report_page,report_picture}.
#include "study/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/sha256.h"
#include "study/report_finding.h"
#include "study/report_page.h"
#include "study/report_picture.h"
#include "study/report_view.h"

// Adds distances, ranking, and the answer to study.json.
static void add_results(json_t *study, const struct ql_report_view *view)
{
    static const char *const names[QL_DISTANCE_COUNT] = {"copies",  "repetitions", "new_words",   "known_words",
                                                         "lengths", "sentences",   "known_items", "echoes"};
    json_t *findings = json_array();

    for (size_t k = 0; k < view->cell_count; k++) {
        json_t *distances = json_object();
        for (int d = 0; d < QL_DISTANCE_COUNT; d++) {
            if (view->has_distance[d]) {
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

// The files of a report, which are replaced together. The last one names the others by their hashes.
enum { PART_LIMIT = QL_MEASURE_LIMIT + 4 };

struct parts {
    const char *folder;
    struct ql_file_writer files[PART_LIMIT];
    const char *const *inputs; // the files that the study has read
    size_t count, input_count;
};

// Opens DIR/NAME.
static enum ql_status open_part(struct parts *parts, const char *name, struct ql_error *error)
{
    char *path = ql_bytes_format("%s/%s", parts->folder, name);

    if (path == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    enum ql_status status = ql_file_check_output(path, parts->inputs, parts->input_count, error);
    if (status == QL_OK &&
        (status = ql_file_writer_open_kind(&parts->files[parts->count], path, QL_FILE_IN_FOLDER, error)) == QL_OK) {
        parts->count++;
    }
    free(path);
    return status;
}

static FILE *last_stream(const struct parts *parts)
{
    return parts->files[parts->count - 1].stream;
}

// Adds the hash of the part that was opened last.
static enum ql_status add_hash(struct parts *parts, json_t *hashes, const char *name, struct ql_error *error)
{
    char sha256[QL_SHA256_TEXT_BYTES];
    enum ql_status status = ql_file_writer_hash(&parts->files[parts->count - 1], sha256, error);

    if (status == QL_OK) {
        (void)json_object_set_new(hashes, name, json_string(sha256));
    }
    return status;
}

static enum ql_status write_pictures(struct parts *parts, const struct ql_report_view *view, json_t *hashes,
                                     struct ql_error *error)
{
    enum ql_status status = QL_OK;

    for (size_t k = 0; k <= view->measure_count && status == QL_OK; k++) {
        char name[80];
        (void)snprintf(name, sizeof name, "pictures/%s.svg",
                       k < view->measure_count ? view->measures[k].id : "lengths");
        if ((status = open_part(parts, name, error)) == QL_OK) {
            if (k < view->measure_count) {
                ql_report_write_chart(view, &view->measures[k], true, last_stream(parts));
            } else {
                ql_report_write_lengths(view, true, last_stream(parts));
            }
            status = add_hash(parts, hashes, name, error);
        }
    }
    return status;
}

static enum ql_status write_files(struct parts *parts, json_t *study, const struct ql_report_view *view,
                                  struct ql_error *error)
{
    json_t *hashes = json_object();
    enum ql_status status = write_pictures(parts, view, hashes, error);

    if (status == QL_OK && (status = open_part(parts, "study.html", error)) == QL_OK) {
        ql_report_write_html(view, last_stream(parts));
        status = add_hash(parts, hashes, "study.html", error);
    }
    if (status == QL_OK && (status = open_part(parts, "study.md", error)) == QL_OK) {
        ql_report_write_markdown(view, last_stream(parts));
        status = add_hash(parts, hashes, "study.md", error);
    }
    (void)json_object_set_new(study, "files", hashes);
    if (status == QL_OK && (status = open_part(parts, "study.json", error)) == QL_OK) {
        if (json_dumpf(study, last_stream(parts), JSON_INDENT(1) | JSON_REAL_PRECISION(9)) != 0 &&
            ferror(last_stream(parts)) == 0) { // errors of the file are reported when it is closed
            return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
        }
        (void)fputc('\n', last_stream(parts));
    }
    return status;
}

static enum ql_status save_files(json_t *study, const struct ql_report_view *view, const char *folder,
                                 const char *const *inputs, size_t input_count, struct ql_error *error)
{
    struct parts *parts = calloc(1, sizeof *parts);

    if (parts == NULL) {
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    parts->folder = folder;
    parts->inputs = inputs;
    parts->input_count = input_count;
    enum ql_status status = write_files(parts, study, view, error);
    if (status == QL_OK) {
        status = ql_file_writers_close(parts->files, parts->count, error);
    }
    for (size_t i = 0; i < parts->count; i++) {
        ql_file_writer_reset(&parts->files[i]);
    }
    free(parts);
    return status;
}

enum ql_status ql_report_save(json_t *study, const char *folder, const char *const *inputs, size_t input_count,
                              struct ql_error *error)
{
    struct ql_report_view *view = malloc(sizeof *view);
    char *pictures = ql_bytes_format("%s/pictures", folder);
    enum ql_status status = QL_OK;

    if (view == NULL || pictures == NULL) {
        free(view);
        free(pictures);
        return ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for the report");
    }
    if ((status = ql_folder_check_real(pictures, error)) == QL_OK &&
        (status = ql_folder_init(pictures, error)) == QL_OK &&
        (status = ql_report_view_init(view, study, error)) == QL_OK) {
        ql_report_find(view);
        add_results(study, view);
        status = save_files(study, view, folder, inputs, input_count, error);
        ql_report_view_free(view);
    }
    free(pictures);
    free(view);
    return status;
}
