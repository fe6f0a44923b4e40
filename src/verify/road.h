// The road of a language model: its ONNX file, its checkpoint, and all that runs them here, compared stage by stage.
// docs/verification.md explains what is compared and what that proves.
// Uses: base, corpus, onnx, engine, verify.
#ifndef QL_VERIFY_ROAD_H
#define QL_VERIFY_ROAD_H

#include "base/status.h"
#include "verify/road_types.h"

// The name of a stage before it is opened: "checkpoint", "ONNX Runtime", "gcc -O3", "RP2040 (emulated)", "--c".
const char *ql_road_stage_name(const struct ql_road_stage *stage);

// Opens the model and lets the host engine read and write. Errors: those of the files, of the engine, of options that
// contradict each other. The struct must start as {0}; close it in the end, also after an error.
enum ql_status ql_road_open(struct ql_road *road, const struct ql_road_options *options, struct ql_error *error);
void ql_road_close(struct ql_road *road);

// Compares stage number `stage`. What goes wrong in it becomes its verdict.
enum ql_status ql_road_step(struct ql_road *road, int stage, struct ql_road_report *report, struct ql_error *error);

// Writes the ONNX file with all its values as outputs.
enum ql_status ql_road_expose(const char *exposed_path, const char *descriptor_path, struct ql_error *error);

#endif
