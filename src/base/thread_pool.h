// A pool of threads that does the tasks of one job, then waits for the next job.
// The assignment of tasks to threads is not fixed, so the result of a task must depend on its number alone.
// Uses: base/status, POSIX threads.
#ifndef QL_BASE_THREAD_POOL_H
#define QL_BASE_THREAD_POOL_H

#include <pthread.h>
#include <stdbool.h>

#include "base/status.h"

enum { QL_THREAD_LIMIT = 256 };

// Does task number `task`. `worker` (0 to threads - 1) tells which thread works, for scratch memory of its own.
typedef void ql_thread_task(void *context, int task, int worker);

struct ql_thread_pool {
    int threads; // including the caller of ql_thread_pool_run
    pthread_t handles[QL_THREAD_LIMIT];
    pthread_mutex_t mutex;
    pthread_cond_t job_started, job_ended;
    ql_thread_task *run; // the job; guarded by the mutex like all below
    void *context;
    int task_count, next_task, unfinished;
    unsigned job_number;
    bool closing;
    int workers_started;
};

// Starts threads - 1 threads. Errors: QL_ERROR_SYSTEM when the system gives no thread.
enum ql_status ql_thread_pool_init(struct ql_thread_pool *pool, int threads, struct ql_error *error);
void ql_thread_pool_free(struct ql_thread_pool *pool);

// Does tasks 0 to task_count - 1 and returns when all are done. The caller works too.
void ql_thread_pool_run(struct ql_thread_pool *pool, ql_thread_task *run, void *context, int task_count);

// The processors that this process may use.
int ql_thread_processors(void);

#endif
