// Counts the items with listed words that a checkpoint writes on the host, with a filter or without one.
// Usage: hostile_host CHECKPOINT FILTER.qlf|- WORDS ITEMS. Uses: checkpoint, model, filter, hostile_count.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "filter/guard.h"
#include "hostile_count.h"
#include "model/stepper.h"

struct host {
    struct ql_model model;
    struct ql_model_info info;
    struct ql_stepper stepper;
    struct ql_guard guard;
    struct ql_sampler sampler;
    char symbol[QL_TOKEN_BYTES + 1];
};

static void begin(void *model, uint32_t seed, float temperature)
{
    struct host *host = model;

    ql_stepper_reset(&host->stepper);
    ql_guard_reset(&host->guard);
    host->sampler = (struct ql_sampler){.temperature = temperature, .top_p = 1.0f};
    ql_random_init(&host->sampler.random, seed);
}

static int next(void *model, int token)
{
    struct host *host = model;
    const uint32_t *blocked = ql_guard_step(&host->guard, token);
    return ql_stepper_next(&host->stepper, token, &host->sampler, blocked);
}

static bool may_end(void *model, int token)
{
    return ql_guard_may_end(&((struct host *)model)->guard, token);
}

static const char *symbol(void *model, int token)
{
    struct host *host = model;

    host->symbol[ql_vocabulary_write_token(&host->info.vocabulary, token, host->symbol)] = '\0';
    return host->symbol;
}

int main(int argc, char **argv)
{
    static struct host host;
    struct ql_error error;

    if (argc != 5) {
        (void)fprintf(stderr, "usage: hostile_host CHECKPOINT FILTER.qlf|- WORDS ITEMS\n");
        return 2;
    }
    const char *filter = strcmp(argv[2], "-") == 0 ? NULL : argv[2];
    if (ql_checkpoint_load(argv[1], &host.model, &host.info, &error) != QL_OK ||
        ql_stepper_init(&host.stepper, &host.model, &host.info, &error) != QL_OK ||
        ql_guard_init(&host.guard, filter, &host.info.vocabulary, &error) != QL_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    const struct hostile_writer writer = {begin,  next,  may_end,
                                          symbol, &host, ql_stepper_chain(&host.stepper)->rules.newline};
    const int code = hostile_count(&writer, argv[3], strtol(argv[4], NULL, 10), filter != NULL);
    ql_guard_free(&host.guard);
    ql_stepper_free(&host.stepper);
    ql_model_free(&host.model);
    return code;
}
