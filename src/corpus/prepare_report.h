// The report of a preparation as JSON: inputs, options, steps, and per stream its account and what came out.
// docs/corpus.md describes the fields.
// Uses: corpus/preparation, jansson.
#ifndef QL_CORPUS_PREPARE_REPORT_H
#define QL_CORPUS_PREPARE_REPORT_H

#include <jansson.h>

#include "corpus/preparation.h"

// Makes the report of a saved preparation. The caller frees it with json_decref. Errors: memory.
enum ql_status ql_prepare_report_encode(json_t **report, const struct ql_preparation *preparation,
                                        struct ql_error *error);

// Writes a report to the folder's report.json, whole or not at all.
enum ql_status ql_prepare_report_save(const json_t *report, const char *folder, struct ql_error *error);

#endif
