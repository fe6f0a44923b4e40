// A stage of the road: one form of a language model that is compared with the others.
// Uses: base, engine/text_session.
#ifndef QL_VERIFY_STAGE_H
#define QL_VERIFY_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "engine/text_session.h"

// V: symbols of the vocabulary; T: length of a text in symbols.
struct ql_stage {
    char name[48]; // "ONNX Runtime 1.24.3", "gcc -O3"
    bool is_ours;  // must agree to the bit; others within a tolerance
    void *self;
    // Takes the tokens (T) one after another from zero state. logits: (T, V), those after each token.
    enum ql_status (*read)(struct ql_stage *stage, float *logits, const uint16_t *tokens, int T,
                           struct ql_error *error);
    // Writes a text of T tokens from zero state, beginning after a newline.
    enum ql_status (*write)(struct ql_stage *stage, uint16_t *tokens, int T, const struct ql_draw *draw,
                            struct ql_error *error);
    void (*close)(struct ql_stage *stage); // frees `self`
};

// Closes the stage. Harmless on {0}.
void ql_stage_close(struct ql_stage *stage);

#endif
