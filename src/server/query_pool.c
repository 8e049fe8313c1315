/* query_pool.c -- a bounded queue and its threads (query_pool.h). */
#include "server/query_pool.h"
#include "base/alloc.h"
#include "base/thread.h"
#include <stdbool.h>

struct weft_query_pool {
    pthread_mutex_t lock; /* guards head, tail, waiting, is_stopping */
    pthread_cond_t changed;
    struct weft_query_job *head, *tail;
    unsigned waiting, waiting_max;
    bool is_stopping;
    unsigned thread_count;
    pthread_t *threads;
};

static struct weft_query_job *take(struct weft_query_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->head == NULL && !pool->is_stopping) pthread_cond_wait(&pool->changed, &pool->lock);
    struct weft_query_job *job = pool->head;
    if (job != NULL) {
        pool->head = job->next;
        if (pool->head == NULL) pool->tail = NULL;
        pool->waiting--;
    }
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void run_thread(void *arg)
{
    struct weft_query_pool *pool = arg;
    /* When both want the whole machine, spans being sent come first: they are lost when refused too often, a question is only late.
     * At nice +10 a query thread gets about a tenth of a processor that an I/O thread wants too, and all of an idle one. */
    weft_thread_lower_priority();
    for (struct weft_query_job *job = take(pool); job != NULL; job = take(pool)) job->run(job);
}

int weft_query_pool_create(struct weft_query_pool **out, unsigned thread_count,
                           unsigned waiting_max, struct weft_err *err)
{
    struct weft_query_pool *pool = weft_alloc_zero(sizeof *pool);
    int rc = WEFT_OK;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pool->waiting_max = waiting_max;
    pool->threads = weft_alloc_array(thread_count, sizeof *pool->threads);
    while (rc == WEFT_OK && pool->thread_count < thread_count) {
        rc = weft_thread_start(&pool->threads[pool->thread_count], "weft-query", run_thread, pool,
                               err);
        if (rc == WEFT_OK) pool->thread_count++;
    }
    if (rc < 0) {
        weft_query_pool_destroy(pool);
        return rc;
    }
    *out = pool;
    return WEFT_OK;
}

int weft_query_pool_submit(struct weft_query_pool *pool, struct weft_query_job *job)
{
    int rc = WEFT_OK;
    job->next = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->is_stopping) {
        rc = WEFT_CLOSED;
    } else if (pool->waiting >= pool->waiting_max) {
        rc = WEFT_FULL;
    } else {
        if (pool->tail != NULL)
            pool->tail->next = job;
        else
            pool->head = job;
        pool->tail = job;
        pool->waiting++;
        pthread_cond_signal(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return rc;
}

void weft_query_pool_destroy(struct weft_query_pool *pool)
{
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++) pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->changed);
    pthread_mutex_destroy(&pool->lock);
    weft_free(pool->threads);
    weft_free(pool);
}
