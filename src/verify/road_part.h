// Finds where a stage of a road first differs from the host engine. Called by ql_road_step only.
// Uses: verify/road_types.
#ifndef QL_VERIFY_ROAD_PART_H
#define QL_VERIFY_ROAD_PART_H

#include "verify/road_types.h"

// Finds the place where a stage differs, and writes it to report->part.
void ql_road_part_write(struct ql_road *road, struct ql_road_report *report, const struct ql_road_stage *kind,
                        struct ql_stage *stage);

#endif
