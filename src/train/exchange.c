// Sums in the order of ranks: see exchange.h. Sharing and agreeing are chains, too.
// Uses: base/status.
#include "train/exchange.h"

#include <stdlib.h>
#include <string.h>

// Bytes of shared data that are sent together.
enum { SHARED_PIECE_BYTES = 1 << 20 };

static void sum_alone(struct ql_exchange *exchange, const struct ql_exchange_piece *pieces, size_t count,
                      ql_exchange_add *add, void *context)
{
    (void)exchange;
    (void)pieces;
    for (size_t k = 0; k < count; k++) {
        add(context, k);
    }
}

struct ql_exchange *ql_exchange_alone(void)
{
    static struct ql_exchange alone = {.ranks = 1, .sum = sum_alone};
    return &alone;
}

static void add_nothing(void *context, size_t piece)
{
    (void)context;
    (void)piece;
}

void ql_exchange_share(struct ql_exchange *exchange, void *data, size_t size_bytes)
{
    for (size_t done = 0; done < size_bytes && exchange->ranks > 1; done += SHARED_PIECE_BYTES) {
        const size_t left = size_bytes - done;
        const struct ql_exchange_piece piece = {(char *)data + done,
                                                left < SHARED_PIECE_BYTES ? left : SHARED_PIECE_BYTES};
        exchange->sum(exchange, &piece, 1, add_nothing, NULL);
    }
}

struct verdict {
    struct ql_error first;      // the one that is sent on
    const struct ql_error *own; // NULL when this rank has not failed
};

static void add_verdict(void *context, size_t piece)
{
    struct verdict *verdict = context;

    (void)piece;
    if (verdict->first.status == QL_OK && verdict->own != NULL) {
        verdict->first = *verdict->own;
    }
}

enum ql_status ql_exchange_agree(struct ql_exchange *exchange, enum ql_status status, struct ql_error *error)
{
    struct verdict verdict = {.own = status == QL_OK ? NULL : error};
    const struct ql_exchange_piece piece = {&verdict.first, sizeof verdict.first};

    if (exchange->ranks == 1) {
        return status;
    }
    if (status != QL_OK && exchange->rank > 0) {
        (void)ql_error_prefix(error, "rank %d: ", exchange->rank);
    }
    exchange->sum(exchange, &piece, 1, add_verdict, &verdict);
    if (verdict.first.status != QL_OK) {
        *error = verdict.first;
    }
    return verdict.first.status;
}

enum ql_status ql_exchange_share_text(struct ql_exchange *exchange, char **text, struct ql_error *error)
{
    uint64_t size_bytes = exchange->rank > 0 || *text == NULL ? 0 : strlen(*text) + 1; // 0 stands for NULL
    enum ql_status status = QL_OK;

    ql_exchange_share(exchange, &size_bytes, sizeof size_bytes);
    if (exchange->rank > 0) {
        *text = size_bytes == 0 ? NULL : malloc(size_bytes);
        status = *text == NULL && size_bytes > 0 ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory") : QL_OK;
    }
    if ((status = ql_exchange_agree(exchange, status, error)) == QL_OK && size_bytes > 0) {
        ql_exchange_share(exchange, *text, size_bytes);
    }
    return status;
}
