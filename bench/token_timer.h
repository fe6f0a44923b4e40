// Times a model that writes, one text, a token at a time.
// Uses: POSIX clocks.
#ifndef QL_BENCH_TOKEN_TIMER_H
#define QL_BENCH_TOKEN_TIMER_H

#include <stdio.h>
#include <time.h>

// The best of many short rounds: what the machine does when nobody disturbs it.
enum { TOKEN_TIMER_ROUNDS = 300, TOKEN_TIMER_STEPS = 100 };

static inline double token_timer_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

// Prints the microseconds of `step` (takes a token) and of `next` (takes one and returns the one that it draws).
static inline void token_timer_run(void (*step)(void *model, int token), int (*next)(void *model, int token),
                                   void *model, int symbols)
{
    double step_us = 1e9, next_us = 1e9;
    int token = 0;

    for (int round = 0; round < TOKEN_TIMER_ROUNDS; round++) {
        double begin = token_timer_now_us();
        for (int i = 0; i < TOKEN_TIMER_STEPS; i++) {
            step(model, i % symbols);
        }
        double middle = token_timer_now_us();
        for (int i = 0; i < TOKEN_TIMER_STEPS; i++) {
            token = next(model, token);
        }
        double end = token_timer_now_us();
        step_us = (middle - begin) / TOKEN_TIMER_STEPS < step_us ? (middle - begin) / TOKEN_TIMER_STEPS : step_us;
        next_us = (end - middle) / TOKEN_TIMER_STEPS < next_us ? (end - middle) / TOKEN_TIMER_STEPS : next_us;
    }
    (void)printf("%.1f %.1f\n", step_us, next_us);
}

#endif
