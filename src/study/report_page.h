// The two readable forms of a report. Uses: study/report_view.
#ifndef QL_STUDY_REPORT_PAGE_H
#define QL_STUDY_REPORT_PAGE_H

#include <stdio.h>

#include "study/report_view.h"

// A page with everything in it: no other file, no network.
void ql_report_write_html(const struct ql_report_view *view, FILE *stream);

// Markdown, with the pictures as files pictures/ID.svg beside it.
void ql_report_write_markdown(const struct ql_report_view *view, FILE *stream);

#endif
