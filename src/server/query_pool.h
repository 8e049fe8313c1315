/* query_pool.h -- threads for questions, apart from those that take spans in.
 *
 * Errors     submit() returns WEFT_FULL when as many wait as may wait: the caller says "later"
 * Threads    submit from any thread; jobs run on a pool thread
 * Ownership  a job is embedded in what it works on, which outlives it
 */
#ifndef WEFT_SERVER_QUERY_POOL_H
#define WEFT_SERVER_QUERY_POOL_H
#include "base/err.h"

struct weft_query_pool;
struct weft_query_job {
    void (*run)(struct weft_query_job *job);
    struct weft_query_job *next;
};

int weft_query_pool_create(struct weft_query_pool **out, unsigned thread_count,
                           unsigned waiting_max, struct weft_err *err);
int weft_query_pool_submit(struct weft_query_pool *pool, struct weft_query_job *job);
/* Runs what waits, joins the threads. NULL is fine. */
void weft_query_pool_destroy(struct weft_query_pool *pool);

#endif
