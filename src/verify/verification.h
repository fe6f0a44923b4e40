// Compares the stages of a language model with the first of them: the logits over a text that all read, and texts that
// each writes by itself from the same seeds.
// Uses: base, model/text_rules, verify/{stage,difference}.
#ifndef QL_VERIFY_VERIFICATION_H
#define QL_VERIFY_VERIFICATION_H

#include <stddef.h>

#include "model/text_rules.h"
#include "verify/difference.h"
#include "verify/stage.h"

// How far the logits of an engine of others may be from ours: the largest difference after a token, in units of the
// largest logit there, or of 1 where that is less. ONNX Runtime and PyTorch sum in another order and have exp and tanh
// of their own. Measured with ONNX Runtime on trained models: below 1e-6.
#define QL_VERIFY_TOLERANCE 1e-5

enum ql_verdict {
    QL_VERDICT_SAME_BITS,   // all logits and all texts are equal
    QL_VERDICT_SAME_WITHIN, // all logits within the tolerance, all texts equal
    QL_VERDICT_SAME_EDGES, // likewise, except for texts that differ after a draw that fell nearer to the border between
                           // two symbols than the logits differ; see ql_comparison.edges
    QL_VERDICT_DIFFERS,
    QL_VERDICT_FAILED,  // the stage gave an error instead of an answer
    QL_VERDICT_SKIPPED, // the stage needs a program that is missing or cannot work here, or another kind of model
};

// The result of one stage.
struct ql_comparison {
    enum ql_verdict verdict;
    size_t characters;               // that were compared, read and written
    struct ql_difference difference; // of the logits
    int first_logits;                // the first character of the text read whose logits differ by too much, or -1
    int first_draw, first_character; // the first text written that differs, and its first character that does; or -1
    int edges;                       // texts that differ by an edge
    char message[QL_ERROR_MESSAGE_BYTES]; // of FAILED and SKIPPED: why; of an edge and a differing sampler: what
};

struct ql_verification {
    int V;
    const struct ql_text_rules *rules; // of the texts that are written
    double tolerance;                  // for stages that are not ours
    const uint16_t *tokens;            // (T) the text that is read
    int T;
    const struct ql_draw *draws; // the texts that are written
    int draw_count, draw_length;
    // The first stage and what it did, by ql_verification_init.
    struct ql_stage *first;
    float *logits;   // (T, V)
    uint16_t *texts; // (draw_count, draw_length)
};

// Runs the stage that the others are compared with; it must stay open. The fields above `first` are the caller's.
// Errors: those of the stage, a logit that is not finite, memory.
enum ql_status ql_verification_init(struct ql_verification *verification, struct ql_stage *first,
                                    struct ql_error *error);
void ql_verification_free(struct ql_verification *verification);

// Compares a stage with the first. Its errors become the verdict FAILED; errors of this function are those of memory.
enum ql_status ql_verification_step(const struct ql_verification *verification, struct ql_comparison *comparison,
                                    struct ql_stage *stage, struct ql_error *error);

// Returns whether a verdict lets the verification fail.
bool ql_verdict_check(enum ql_verdict verdict);

#endif
