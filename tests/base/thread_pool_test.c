// The thread pool: every task of every job is done exactly once, by a worker whose number is in range.
// Uses: base/thread_pool, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/thread_pool.h"

enum { TASK_LIMIT = 1000, JOBS = 300 };

struct job {
    atomic_int done[TASK_LIMIT];
    atomic_int busy[QL_THREAD_LIMIT]; // active workers: two with one number would share scratch memory
    atomic_int faults;
    int threads;
};

static void count_task(void *context, int task, int worker)
{
    struct job *job = context;

    if (worker < 0 || worker >= job->threads || atomic_fetch_add(&job->busy[worker], 1) != 0) {
        (void)atomic_fetch_add(&job->faults, 1);
    }
    (void)atomic_fetch_add(&job->done[task], 1);
    (void)atomic_fetch_sub(&job->busy[worker], 1);
}

static void thread_pool_does_every_task_once(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 8};
    static const int task_counts[] = {0, 1, 2, 7, TASK_LIMIT};

    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        struct ql_thread_pool pool;
        struct ql_error error;
        assert_int_equal(ql_thread_pool_init(&pool, threads[i], &error), QL_OK);
        for (int number = 0; number < JOBS; number++) {
            static struct job job;
            const int tasks = task_counts[number % 5];
            job = (struct job){.threads = threads[i]};
            ql_thread_pool_run(&pool, count_task, &job, tasks);
            assert_int_equal(job.faults, 0);
            for (int task = 0; task < TASK_LIMIT; task++) {
                assert_int_equal(job.done[task], task < tasks ? 1 : 0);
            }
        }
        ql_thread_pool_free(&pool);
    }
}

static void thread_pool_that_is_zero_may_be_freed(void **state)
{
    (void)state;
    struct ql_thread_pool pool = {0};

    ql_thread_pool_free(&pool);
    assert_int_equal(pool.threads, 0);
}

static void thread_processors_are_at_least_one(void **state)
{
    (void)state;
    assert_in_range(ql_thread_processors(), 1, QL_THREAD_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_pool_does_every_task_once),
        cmocka_unit_test(thread_pool_that_is_zero_may_be_freed),
        cmocka_unit_test(thread_processors_are_at_least_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
