// Where a stage of a road parts from the host engine. A part of ql_road_step.
// Uses: verify/road_types.
#ifndef QL_VERIFY_ROAD_PART_H
#define QL_VERIFY_ROAD_PART_H

#include "verify/road_types.h"

// Finds out where a stage that differs does so, and writes it to report->part.
void ql_road_part_write(struct ql_road *road, struct ql_road_report *report, const struct ql_road_stage *kind,
                        struct ql_stage *stage);

#endif
