// Data that the ranks of one training exchange: see train_ranks.h.
// Uses: base, model, train, cli/{launcher,train_options,train_record,train_texts}, jansson, zlib (crc32).
#include "cli/train_ranks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/source_digest.h"
#include "base/vectors.h"
#include "cli/launcher.h"

enum ql_status ql_train_ranks_share_record(struct ql_exchange *exchange, struct ql_train_record *record,
                                           struct ql_error *error)
{
    char *text = NULL;
    enum ql_status status = QL_OK;

    if (exchange->ranks == 1) {
        return QL_OK;
    }
    if (exchange->rank == 0 && (text = json_dumps(record->summary, JSON_COMPACT)) == NULL) {
        status = ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory");
    }
    if ((status = ql_exchange_agree(exchange, status, error)) == QL_OK &&
        (status = ql_exchange_share_text(exchange, &text, error)) == QL_OK) {
        ql_exchange_share(exchange, &record->has_state, sizeof record->has_state);
        ql_exchange_share(exchange, record->run.folder, sizeof record->run.folder);
        if (exchange->rank > 0) {
            record->summary = json_loads(text, 0, NULL);
        }
    }
    free(text);
    return status;
}

// Data that must be the same on all ranks, and data that may differ.
struct rank_card {
    char sources[sizeof QL_SOURCE_DIGEST];
    uint32_t options, texts, parameters;
    uint64_t training_characters; // the border between the two texts, of which `texts` is one checksum
    char vectors[16];
    char host[QL_HOST_NAME_BYTES];
};

struct rank_cards {
    struct rank_card *all; // one per rank, sent together
    struct rank_card own;
    int rank;
};

static void add_card(void *context, size_t piece)
{
    struct rank_cards *cards = context;

    (void)piece;
    cards->all[cards->rank] = cards->own;
}

// The options that affect the result.
static uint32_t options_crc(const struct ql_option *options)
{
    json_t *values = ql_train_options_deciding_to_json(options);
    char *text = json_dumps(values, JSON_SORT_KEYS | JSON_COMPACT);
    const uLong crc = text == NULL ? 0 : crc32_z(0, (const Bytef *)text, strlen(text));

    free(text);
    json_decref(values);
    return (uint32_t)crc;
}

// The difference between a rank's card and the first one's.
static enum ql_status check_card(const struct rank_card *card, const struct rank_card *first, int rank,
                                 const char *input, struct ql_error *error)
{
    if (strcmp(card->sources, first->sources) != 0) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "rank %d on %s is another build (sources %.12s) than rank 0 on %s (sources %.12s): build "
                              "both from the same commit",
                              rank, card->host, card->sources, first->host, first->sources);
    }
    if (card->options != first->options) {
        return ql_error_write(error, QL_ERROR_USAGE,
                              "rank %d on %s has other options than rank 0: give all ranks the same", rank, card->host);
    }
    if (card->texts != first->texts || card->training_characters != first->training_characters) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "%s: the text on rank %d, %s, differs from that on rank 0, %s: copy the file there",
                              input, rank, card->host, first->host);
    }
    if (card->parameters != first->parameters) {
        return ql_error_write(error, QL_ERROR_INPUT,
                              "rank %d on %s begins with another model than rank 0 on %s: copy the checkpoint of "
                              "--init-from there",
                              rank, card->host, first->host);
    }
    return QL_OK;
}

enum ql_status ql_train_ranks_check(struct ql_exchange *exchange, const struct ql_option *options,
                                    const struct ql_train_texts *texts, const struct ql_model *model, const char *input,
                                    char note[QL_TRAIN_RANKS_NOTE_BYTES], struct ql_error *error)
{
    const size_t ranks = (size_t)exchange->ranks;
    struct rank_cards cards = {.rank = exchange->rank};

    note[0] = '\0';
    if (exchange->ranks == 1) {
        return QL_OK;
    }
    cards.all = calloc(ranks, sizeof cards.all[0]);
    enum ql_status status =
        cards.all == NULL ? ql_error_write(error, QL_ERROR_SYSTEM, "not enough memory for %zu ranks", ranks) : QL_OK;
    if ((status = ql_exchange_agree(exchange, status, error)) != QL_OK) {
        free(cards.all);
        return status;
    }
    memcpy(cards.own.sources, QL_SOURCE_DIGEST, sizeof cards.own.sources);
    cards.own.options = options_crc(options);
    cards.own.texts = texts->crc;
    cards.own.training_characters = texts->training_characters;
    cards.own.parameters = (uint32_t)crc32_z(0, (const Bytef *)model->block, model->count * sizeof(float));
    (void)snprintf(cards.own.vectors, sizeof cards.own.vectors, "%s", ql_vectors_name(ql_vectors()));
    ql_cli_host_name(cards.own.host);
    const struct ql_exchange_piece piece = {cards.all, ranks * sizeof cards.all[0]};
    exchange->sum(exchange, &piece, 1, add_card, &cards);
    for (size_t k = 1; k < ranks && status == QL_OK; k++) {
        const struct rank_card *card = &cards.all[k], *first = &cards.all[0];
        status = check_card(card, first, (int)k, input, error);
        if (note[0] == '\0' && strcmp(card->vectors, first->vectors) != 0) {
            (void)snprintf(note, QL_TRAIN_RANKS_NOTE_BYTES,
                           "rank %zu on %s computes with %s, rank 0 on %s with %s: the bits are the same, the speed is "
                           "not",
                           k, card->host, card->vectors, first->host, first->vectors);
        }
    }
    free(cards.all);
    return status;
}

void ql_train_ranks_share_state(struct ql_exchange *exchange, struct ql_trainer *trainer,
                                struct ql_training_progress *done)
{
    const size_t size_bytes = trainer->model->count * sizeof(float);

    ql_exchange_share(exchange, trainer->model->block, size_bytes);
    ql_exchange_share(exchange, trainer->mean, size_bytes);
    ql_exchange_share(exchange, trainer->variance, size_bytes);
    ql_exchange_share(exchange, &trainer->step, sizeof trainer->step);
    ql_exchange_share(exchange, done, sizeof *done);
    trainer->network_current = false;
}
