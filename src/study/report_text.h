// The plain text that the page and the Markdown file of a report share: names, counts, sentences.
// Uses: jansson, study/report_view.
#ifndef QL_STUDY_REPORT_TEXT_H
#define QL_STUDY_REPORT_TEXT_H

#include <jansson.h>
#include <stdint.h>

#include "study/report_view.h"

// How items are ranked, in words.
const char *ql_report_rule(const struct ql_report_view *view);

// Columns of samples: as many temperatures of the best series, evenly chosen. Returns how many cells.
enum { QL_REPORT_COLUMNS = 5, QL_REPORT_ROWS = 14 };
size_t ql_report_columns(const struct ql_report_view *view, size_t cells[QL_REPORT_COLUMNS]);

// "checkpoint.22, temperature 0.8, top-p 1, top-k 0"
void ql_report_write_cell_name(const struct ql_report_view *view, size_t number, char *text, size_t size);

// "12,345" for people. The buffer has 32 bytes.
void ql_report_write_count(char *text, uint64_t count);

// The string of that name, or "".
const char *ql_report_string(const json_t *object, const char *name);

// Of a comparison by pairs: the setting, and the result in a sentence.
void ql_report_write_pair_setting(const json_t *pair, char *text, size_t size);
void ql_report_write_pair(const json_t *pair, char *text, size_t size);

#endif
