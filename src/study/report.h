// The report of a study: study.json, study.md, study.html and pictures/, from the counts of its cells.
// Uses: base, jansson.
#ifndef QL_STUDY_REPORT_H
#define QL_STUDY_REPORT_H

#include <jansson.h>

#include "base/status.h"

// Ranks the cells, adds `distances` and `distance` to each and `best` (the number of a cell) to the study, and writes
// the files. docs/study.md has the fields; these must be there:
//   corpus         {file, counts as of a cell}
//   models         [{label, file}, ...]
//   settings       {items, seed, max_length, wordlist (or null), words (or null), patterns [..]}
//   temperatures   [..]
//   cells          [{model, temperature, top_p, top_k, counts}, ...]: all temperatures of one model, top_p and top_k
//                  stand together
//   against        [{temperature, top_p, top_k, ...}, ...] or null
//   command        how it was made
// `files` with the SHA-256 of the others is added to study.json. `inputs` are the files that the study has read: none may
// be replaced. The same study gives the same bytes. Errors: those of writing; all files are replaced, or none.
enum ql_status ql_report_save(json_t *study, const char *folder, const char *const *inputs, size_t input_count,
                              struct ql_error *error);

#endif
