// The pictures of a study as SVG: one for each measure, and one of the lengths.
// Uses: study/report_view.
#ifndef QL_STUDY_REPORT_PICTURE_H
#define QL_STUDY_REPORT_PICTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "study/report_view.h"

// Writes the picture of a measure. `standalone`: as a file of its own.
void ql_report_write_chart(const struct ql_report_view *view, const struct ql_report_measure *measure, bool standalone,
                           FILE *stream);

// Writes the distributions of lengths: of the training text, and of the best series at some temperatures.
void ql_report_write_lengths(const struct ql_report_view *view, bool standalone, FILE *stream);
extern const char ql_report_lengths_reading[];

#endif
