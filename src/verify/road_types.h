// What the parts of a road share: its options, its stages, and what was found.
// Uses: corpus, engine, onnx, verify/{stages,verification,workshop}.
#ifndef QL_VERIFY_ROAD_TYPES_H
#define QL_VERIFY_ROAD_TYPES_H

#include "corpus/token_text.h"
#include "engine/integer_form.h"
#include "engine/token_graph.h"
#include "onnx/descriptor.h"
#include "verify/stages.h"
#include "verify/verification.h"
#include "verify/workshop.h"

// Paths are NULL where the user gave none.
struct ql_road_options {
    const char *descriptor_path;
    const char *checkpoint_path;
    const char *text_path;    // that all read; NULL: the model writes one
    const char *c_path;       // somebody else's C, ...
    const char *entry;        // ... its function, ...
    const char *exposed_path; // ... and the same from the file of ql_road_expose
    const char *tool;         // `quillet` itself, for its compile
    const char *data_folder;  // the tool's data, with web/, emulator/ and firmware/port/pipe/
    const char *stages;       // only stages with one of these words, separated by commas, in their names; NULL: all
    int characters;           // of the text that is read, at most
    int seed_count, length;   // texts that are written at each setting, and their length
    uint32_t seed;            // the first of the seeds
    bool one_setting;         // only the one below, instead of several
    float temperature, top_p; // negative: the descriptor's
    int top_k;                // negative: the descriptor's
    double tolerance;
    enum ql_weight_format format; // integers: all stages are those of the integer form
    const char *calibrate;        // its calibration text, or NULL
    int emulated_length;          // characters that the emulated chip reads, and writes; 0: some seconds' worth
};

enum { QL_ROAD_STAGE_LIMIT = 16, QL_ROAD_REPORT_BYTES = 4096 };

// What to open for a stage.
struct ql_road_stage {
    enum ql_road_stage_kind {
        QL_ROAD_ONE_CALL,
        QL_ROAD_CHECKPOINT,
        QL_ROAD_ORT,
        QL_ROAD_INTEGER,
        QL_ROAD_GENERATED,
        QL_ROAD_EMULATED,
        QL_ROAD_FOREIGN,
    } kind;
    const struct ql_compiler *compiler;       // of C
    const struct ql_integer_product *product; // of INTEGER
};

struct ql_road {
    struct ql_road_options options;
    struct ql_descriptor descriptor;
    struct ql_graph graph;
    struct ql_token_graph token_graph; // how the file's graph became this one
    struct ql_runner engine;
    struct ql_text_session model;   // on the engine
    struct ql_integer_form integer; // in use where the format is one of integers
    struct ql_stage first;          // on the model, or on the integer form with the plain product
    struct ql_token_text text;
    struct ql_draw *draws;
    struct ql_verification verification;
    struct ql_workshop workshop;
    bool has_generated; // the workshop has model.c and model.h
    struct ql_road_stage stages[QL_ROAD_STAGE_LIMIT];
    int stage_count;
};

// The result of one stage.
struct ql_road_report {
    char name[48];
    struct ql_comparison comparison;
    char part[QL_ROAD_REPORT_BYTES]; // where the stage differs, in a few lines; otherwise ""
};

#endif
