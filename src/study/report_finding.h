// Puts the findings of a study into words: the answer, the evidence for it, and the result for each pattern.
// Uses: study/report_view.
#ifndef QL_STUDY_REPORT_FINDING_H
#define QL_STUDY_REPORT_FINDING_H

#include "study/report_view.h"

// Writes the headline, the findings and the reading of each pattern into the view, whose cells are ranked.
void ql_report_find(struct ql_report_view *view);

#endif
