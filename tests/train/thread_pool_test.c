// The pool of threads: every task once, no more workers than asked for, job after job.
// Uses: base/thread_pool, cmocka.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/thread_pool.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const int thread_counts[] = {1, 2, 7};

enum { TASK_LIMIT = 1000 };

struct job {
    int runs[TASK_LIMIT];    // of each task; each is written by the one thread that has it
    int workers[TASK_LIMIT]; // who did it
    const int *before;       // what the job before has left, or NULL
    int sums[TASK_LIMIT];
};

static void count_task(void *context, int task, int worker)
{
    struct job *job = context;

    job->runs[task]++;
    job->workers[task] = worker;
    job->sums[task] = task + (job->before == NULL ? 0 : job->before[TASK_LIMIT - 1 - task]);
}

static void check_job(const struct job *job, int tasks, int threads)
{
    for (int task = 0; task < TASK_LIMIT; task++) {
        if (job->runs[task] != (task < tasks ? 1 : 0)) {
            fail_msg("%d threads, %d tasks: task %d ran %d times", threads, tasks, task, job->runs[task]);
        }
        assert_in_range(job->workers[task], 0, threads - 1);
    }
}

static void every_task_of_a_job_runs_once(void **state)
{
    static const int task_counts[] = {0, 1, 2, 6, 7, 8, TASK_LIMIT};
    (void)state;

    for (size_t i = 0; i < COUNT(thread_counts); i++) {
        struct ql_thread_pool pool;
        struct ql_error error;
        assert_int_equal(ql_thread_pool_init(&pool, thread_counts[i], &error), QL_OK);
        for (size_t k = 0; k < COUNT(task_counts); k++) {
            struct job job = {0};
            ql_thread_pool_run(&pool, count_task, &job, task_counts[k]);
            check_job(&job, task_counts[k], thread_counts[i]);
        }
        ql_thread_pool_free(&pool);
    }
}

// A job sees all that the one before has written, whichever threads did it; thousands of small jobs in a row would
// find a thread that misses a start or an end.
static void jobs_in_a_row_see_what_the_last_one_wrote(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT(thread_counts); i++) {
        static struct job jobs[2];
        struct ql_thread_pool pool;
        struct ql_error error;
        memset(jobs, 0, sizeof jobs);
        assert_int_equal(ql_thread_pool_init(&pool, thread_counts[i], &error), QL_OK);
        for (int round = 0; round < 300; round++) {
            struct job *job = &jobs[round % 2];
            job->before = round == 0 ? NULL : jobs[1 - round % 2].sums;
            ql_thread_pool_run(&pool, count_task, job, TASK_LIMIT);
            ql_thread_pool_run(&pool, count_task, &(struct job){0}, 1 + round % 9);
            // sum k of round r is k + sum (999 - k) of round r - 1
            int expected = (round + 1) / 2 * (TASK_LIMIT - 1) + (round % 2 == 0 ? 5 : 0);
            assert_int_equal(job->sums[5], expected);
        }
        ql_thread_pool_free(&pool);
    }
}

static void pool_without_a_job_ends_at_once(void **state)
{
    (void)state;

    for (int round = 0; round < 50; round++) {
        struct ql_thread_pool pool;
        struct ql_error error;
        assert_int_equal(ql_thread_pool_init(&pool, 7, &error), QL_OK);
        ql_thread_pool_free(&pool);
        ql_thread_pool_free(&pool); // harmless
    }
}

static void processors_counted_are_usable_as_threads(void **state)
{
    (void)state;
    assert_in_range(ql_thread_processors(), 1, QL_THREAD_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_of_a_job_runs_once),
        cmocka_unit_test(jobs_in_a_row_see_what_the_last_one_wrote),
        cmocka_unit_test(pool_without_a_job_ends_at_once),
        cmocka_unit_test(processors_counted_are_usable_as_threads),
    };
    return cmocka_run_group_tests_name("thread_pool", tests, NULL, NULL);
}
