/* query_pool.h -- threads for questions, apart from those that take spans in.
 *
 * Shape      look-ups (a trace by its id, names) have threads of their own, and never wait behind searches. Searches wait in lanes,
 *            one for each client as far as there are, and lanes take turns: who asks a thousand questions makes nobody else wait for
 *            more than one of them a thread. No lane takes more than half of the room to wait
 * Errors     submit() returns WEFT_FULL when as many wait as may wait: the caller says "later"
 * Threads    submit from any thread; jobs run on a pool thread
 * Ownership  a job is embedded in what it works on, which outlives it
 */
#ifndef WEFT_SERVER_QUERY_POOL_H
#define WEFT_SERVER_QUERY_POOL_H
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct weft_query_pool;
struct weft_query_job {
    void (*run)(struct weft_query_job *job);
    bool is_lookup;
    uint64_t client; /* a hash of who asks */
    struct weft_query_job *next;
};

/* `thread_count` for what comes, half as many more for look-ups alone. */
int weft_query_pool_create(struct weft_query_pool **out, unsigned thread_count,
                           unsigned waiting_max, struct weft_err *err);
int weft_query_pool_submit(struct weft_query_pool *pool, struct weft_query_job *job);
/* Of a job that was refused: in how many seconds, at least 1, the queue may be over. */
unsigned weft_query_pool_retry_seconds(struct weft_query_pool *pool);
/* Runs what waits, joins the threads. NULL is fine. */
void weft_query_pool_destroy(struct weft_query_pool *pool);

#endif
