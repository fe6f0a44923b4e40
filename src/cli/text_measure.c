// How well a model predicts a text: see text_measure.h.
#include "cli/text_measure.h"

#include "base/thread_pool.h"
#include "engine/chain_reader.h"
#include "engine/session_loss.h"
#include "engine/text_loss.h"
#include "onnx/descriptor_text.h"
#include "quantize/product_x86.h"

static enum ql_status read_float(double *nats, const struct ql_graph *graph, const struct ql_descriptor *descriptor,
                                 const struct ql_token_text *text, struct ql_thread_pool *pool, struct ql_error *error)
{
    struct ql_chain chain = {0};
    enum ql_status status = ql_chain_read(&chain, graph, descriptor, error);

    if (status == QL_OK) {
        status = ql_float_loss(nats, &chain, text->tokens, text->count, pool, error);
        ql_chain_free(&chain);
    } else if (status == QL_ERROR_INPUT) {
        // The graph is not a chain of layers, so the graph itself reads the text, on one core.
        const struct ql_program_options options = {.default_size = 1};
        struct ql_text_session session;
        if ((status = ql_text_session_open_graph(&session, graph, &options, descriptor, error)) == QL_OK) {
            status = ql_session_loss(nats, &session, text->tokens, text->count, error);
        }
        ql_text_session_close(&session);
    }
    return status;
}

enum ql_status ql_cli_text_measure_read(struct ql_cli_text_measure *measure, const struct ql_graph *graph,
                                        const struct ql_descriptor *descriptor, const struct ql_integer_model *integer,
                                        const char *path, struct ql_error *error)
{
    struct ql_token_text text = {0};
    struct ql_thread_pool pool;
    enum ql_status status = ql_descriptor_text_load(&text, descriptor, path, error);

    if (status != QL_OK) {
        return status;
    }
    if ((status = ql_thread_pool_init(&pool, ql_thread_processors(), error)) == QL_OK) {
        status = integer == NULL ? read_float(&measure->nats, graph, descriptor, &text, &pool, error)
                                 : ql_integer_loss(&measure->nats, integer, ql_integer_product_fastest(), text.tokens,
                                                   text.count, &pool, error);
        ql_thread_pool_free(&pool);
    }
    measure->characters = ql_vocabulary_lengths(&descriptor->vocabulary, text.tokens, text.count);
    measure->nats *= (double)text.count / (double)measure->characters;
    ql_token_text_free(&text);
    return status;
}
