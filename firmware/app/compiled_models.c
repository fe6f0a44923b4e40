// The two models, compiled to C by `quillet compile`, as writers: see models.h.
// Uses: app/models.h, the generated header.
#include "models.h"
#include "quotes_models.h"

void ql_models_init(struct ql_models *models, const struct ql_sampling *sampling, uint32_t quotes_seed,
                    uint32_t names_seed)
{
    static struct quotes_model_state quotes;
    static struct names_model_state names;

    models->quotes = (struct ql_writer){&quotes_model_functions, &quotes};
    models->names = (struct ql_writer){&names_model_functions, &names};
    ql_writer_init(&models->quotes, sampling, quotes_seed);
    ql_writer_init(&models->names, sampling, names_seed);
}
