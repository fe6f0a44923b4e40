// A pool of threads: see thread_pool.h. Tasks are large (milliseconds), so one mutex hands them out.
#include "base/thread_pool.h"

#include <assert.h>
#include <string.h>

#include "base/system.h"

int ql_thread_processors(void)
{
    const int count = ql_system_processors();

    return count > QL_THREAD_LIMIT ? QL_THREAD_LIMIT : count;
}

// Takes tasks of the current job until none is left. The mutex is held on entry and on return.
static void pool_work(struct ql_thread_pool *pool, int worker)
{
    while (pool->next_task < pool->task_count) {
        int task = pool->next_task++;
        (void)pthread_mutex_unlock(&pool->mutex);
        pool->run(pool->context, task, worker);
        (void)pthread_mutex_lock(&pool->mutex);
        if (--pool->unfinished == 0) {
            (void)pthread_cond_signal(&pool->job_ended);
        }
    }
}

static void *pool_thread(void *argument)
{
    struct ql_thread_pool *pool = argument;

    (void)pthread_mutex_lock(&pool->mutex);
    int worker = ++pool->workers_started;
    for (unsigned job = 0;; job = pool->job_number) {
        while (pool->job_number == job && !pool->closing) {
            (void)pthread_cond_wait(&pool->job_started, &pool->mutex);
        }
        if (pool->closing) {
            break;
        }
        pool_work(pool, worker);
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

enum ql_status ql_thread_pool_init(struct ql_thread_pool *pool, int threads, struct ql_error *error)
{
    assert(threads >= 1 && threads <= QL_THREAD_LIMIT);
    *pool = (struct ql_thread_pool){.threads = 1};
    (void)pthread_mutex_init(&pool->mutex, NULL);
    (void)pthread_cond_init(&pool->job_started, NULL);
    (void)pthread_cond_init(&pool->job_ended, NULL);
    while (pool->threads < threads) {
        int reason = pthread_create(&pool->handles[pool->threads], NULL, pool_thread, pool);
        if (reason != 0) {
            ql_thread_pool_free(pool);
            return ql_error_write(error, QL_ERROR_SYSTEM, "cannot start %d threads: %s", threads, strerror(reason));
        }
        pool->threads++;
    }
    return QL_OK;
}

void ql_thread_pool_free(struct ql_thread_pool *pool)
{
    if (pool->threads == 0) {
        return;
    }
    (void)pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    (void)pthread_cond_broadcast(&pool->job_started);
    (void)pthread_mutex_unlock(&pool->mutex);
    for (int i = 1; i < pool->threads; i++) {
        (void)pthread_join(pool->handles[i], NULL);
    }
    (void)pthread_cond_destroy(&pool->job_ended);
    (void)pthread_cond_destroy(&pool->job_started);
    (void)pthread_mutex_destroy(&pool->mutex);
    pool->threads = 0;
}

void ql_thread_pool_run(struct ql_thread_pool *pool, ql_thread_task *run, void *context, int task_count)
{
    if (task_count == 0) {
        return;
    }
    (void)pthread_mutex_lock(&pool->mutex);
    pool->run = run;
    pool->context = context;
    pool->task_count = task_count;
    pool->next_task = 0;
    pool->unfinished = task_count;
    pool->job_number++;
    (void)pthread_cond_broadcast(&pool->job_started);
    pool_work(pool, 0);
    while (pool->unfinished > 0) {
        (void)pthread_cond_wait(&pool->job_ended, &pool->mutex);
    }
    (void)pthread_mutex_unlock(&pool->mutex);
}
