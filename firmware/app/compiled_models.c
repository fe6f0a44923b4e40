// The two models in the C that `quillet compile` made of them, as writers: see models.h.
// Uses: app/models.h, the generated headers, whose names are given by the build.
#include "models.h"
#include "names_model.h"
#include "quotes_model.h"

static struct quotes_model_state quotes_state;
static struct names_model_state names_state;

// For the self-test.
static union {
    struct quotes_model_state quotes;
    struct names_model_state names;
} spare;

static void reset_quotes(void *model)
{
    quotes_model_reset(model);
}

static int next_of_quotes(void *model, int token)
{
    return quotes_model_next(model, token);
}

static bool refuses_of_quotes(void *model)
{
    return quotes_model_refuses(model);
}

static bool refuses_of_names(void *model)
{
    return names_model_refuses(model);
}

static void reset_names(void *model)
{
    names_model_reset(model);
}

static int next_of_names(void *model, int token)
{
    return names_model_next(model, token);
}

static void sample_quotes(void *model, const struct ql_sampling *sampling)
{
    quotes_model_set(model, sampling->temperature, sampling->top_p, sampling->top_k);
}

static void sample_names(void *model, const struct ql_sampling *sampling)
{
    names_model_set(model, sampling->temperature, sampling->top_p, sampling->top_k);
}

static int check_quotes(void)
{
    return quotes_model_check(&spare.quotes);
}

static int check_names(void)
{
    return names_model_check(&spare.names);
}

void ql_models_init(struct ql_models *models, const struct ql_sampling *sampling, uint32_t quotes_seed,
                    uint32_t names_seed)
{
    quotes_model_init(&quotes_state, quotes_seed);
    names_model_init(&names_state, names_seed);
    sample_quotes(&quotes_state, sampling);
    sample_names(&names_state, sampling);
    models->quotes = (struct ql_writer){
        .model = &quotes_state,
        .reset = reset_quotes,
        .next = next_of_quotes,
        .symbol = quotes_model_symbol,
        .sample = sample_quotes,
        .check = check_quotes,
        .newline = QUOTES_MODEL_BEGIN,
        .refuses = refuses_of_quotes,
    };
    models->names = (struct ql_writer){
        .model = &names_state,
        .reset = reset_names,
        .next = next_of_names,
        .symbol = names_model_symbol,
        .sample = sample_names,
        .check = check_names,
        .newline = NAMES_MODEL_BEGIN,
        .refuses = refuses_of_names,
    };
}
