// The two readable forms of a report. Uses: study/report_view.
#ifndef QL_STUDY_REPORT_PAGE_H
#define QL_STUDY_REPORT_PAGE_H

#include "study/report_view.h"

// A page with everything in it: no other file, no network.
void ql_report_write_html(const struct ql_report_view *view, FILE *stream);

// Markdown, with the pictures as files pictures/ID.svg beside it.
void ql_report_write_markdown(const struct ql_report_view *view, FILE *stream);

// How items are ranked, in words: for both.
extern const char ql_report_rule[];

// Columns of samples: as many temperatures of the best series, evenly chosen. Returns how many cells.
enum { QL_REPORT_COLUMNS = 5, QL_REPORT_ROWS = 14 };
size_t ql_report_columns(const struct ql_report_view *view, size_t cells[QL_REPORT_COLUMNS]);

// The result of a comparison by pairs, in a sentence.
void ql_report_write_pair(const json_t *pair, char *text, size_t size);

#endif
