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

// Writes the files of all streams and report.json, which holds the SHA-256 of each, into the folder: all are replaced, or
// none. `inputs` are the files that were read: none may be replaced. The caller frees the report with json_decref.
// Errors: those of ql_preparation_write and ql_file_writers_close; another process that saves into the folder.
enum ql_status ql_prepare_report_save(json_t **report, struct ql_preparation *preparation, const char *folder,
                                      const char *const *inputs, size_t input_count, struct ql_error *error);

#endif
