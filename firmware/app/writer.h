// A model as the application sees it: it writes one symbol after another. It is either generated code or a stub.
// Uses: device/model_functions.h.
#ifndef QL_APP_WRITER_H
#define QL_APP_WRITER_H

#include <stddef.h>

#include "device/model_functions.h"

// How to draw. A negative value stands for that of the model's descriptor.
struct ql_sampling {
    float temperature; // 0 takes the likeliest symbol
    float top_p;       // in (0, 1]; 1 is off
    int top_k;         // 0 is off
};

// The port keeps both alive.
struct ql_writer {
    const struct ql_model_functions *model; // its workspace is static
    void *state;                            // of the text in hand
};

static inline void ql_writer_set(const struct ql_writer *writer, const struct ql_sampling *sampling)
{
    writer->model->set(writer->state, sampling->temperature, sampling->top_p, sampling->top_k);
}

static inline void ql_writer_init(const struct ql_writer *writer, const struct ql_sampling *sampling, uint32_t seed)
{
    writer->model->init(writer->state, NULL, seed);
    ql_writer_set(writer, sampling);
}

#endif
