// Times a filter together with the model that it restricts: one text of a checkpoint, a character at a time.
// Usage: filter_speed CHECKPOINT FILTER.qlf. Uses: bench/token_timer.h, ql_checkpoint, ql_filter, ql_model.
#include "token_timer.h"

#include "checkpoint/checkpoint.h"
#include "filter/guard.h"
#include "model/stepper.h"

enum { LENGTH = 2000, ROUNDS = 20 };

static struct ql_guard guard;

int main(int argc, char **argv)
{
    static struct ql_model_info info;
    static int tokens[LENGTH + 1];
    struct ql_model model = {0};
    struct ql_stepper stepper = {0};
    struct ql_sampler sampler = {.temperature = 0.8f, .top_p = 1.0f};
    struct ql_error error = {.message = "usage: filter_speed CHECKPOINT FILTER.qlf"};
    double model_us = 1e9, filter_us = 1e9;
    long blocked_count = 0;

    if (argc != 3 || ql_checkpoint_load(argv[1], &model, &info, &error) != QL_OK ||
        ql_stepper_init(&stepper, &model, &info, &error) != QL_OK ||
        ql_guard_init(&guard, argv[2], &info.vocabulary, &error) != QL_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    tokens[0] = ql_stepper_chain(&stepper)->rules.first_token;
    for (int round = 0; round < ROUNDS; round++) {
        // The same text each time, with the filter; then the filter over it alone, and the model alone.
        ql_random_init(&sampler.random, 1);
        ql_stepper_reset(&stepper);
        ql_guard_reset(&guard);
        for (int i = 0; i < LENGTH; i++) {
            tokens[i + 1] = ql_stepper_next(&stepper, tokens[i], &sampler, ql_guard_step(&guard, tokens[i]));
        }
        ql_guard_reset(&guard);
        double begin = token_timer_now_us();
        for (int i = 0; i < LENGTH; i++) {
            blocked_count += ql_guard_step(&guard, tokens[i]) != NULL;
        }
        double middle = token_timer_now_us();
        for (int i = 0; i < LENGTH; i++) {
            (void)ql_stepper_next(&stepper, tokens[i], &sampler, NULL);
        }
        double end = token_timer_now_us();
        filter_us = (middle - begin) / LENGTH < filter_us ? (middle - begin) / LENGTH : filter_us;
        model_us = (end - middle) / LENGTH < model_us ? (end - middle) / LENGTH : model_us;
    }
    (void)printf("model %.2f us, filter %.3f us a character: %.2f %%; something was blocked at %.1f %% of them\n",
                 model_us, filter_us, 100.0 * filter_us / model_us, 100.0 * (double)blocked_count / ROUNDS / LENGTH);
    ql_guard_free(&guard);
    ql_stepper_free(&stepper);
    ql_model_free(&model);
    return 0;
}
