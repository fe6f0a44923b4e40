// The two models of a build, as writers: compiled ones (compiled_models.c) or stubs (stub_models.c), by its configuration.
// Uses: app/writer.h.
#ifndef QL_APP_MODELS_H
#define QL_APP_MODELS_H

#include <stdint.h>

#include "writer.h"

struct ql_models {
    struct ql_writer quotes, names;
};

// Sets up the two writers, with a seed for each. Their memory is static, so there is one pair of them.
void ql_models_init(struct ql_models *models, const struct ql_sampling *sampling, uint32_t quotes_seed,
                    uint32_t names_seed);

#endif
