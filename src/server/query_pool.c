/* query_pool.c -- bounded queues and their threads (query_pool.h). */
#include "server/query_pool.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/metric.h"
#include "base/thread.h"

enum { LANES = 64, RETRY_SECONDS_MAX = 30 };

struct queue {
    struct weft_query_job *head, *tail;
    unsigned waiting;
};
struct weft_query_pool {
    pthread_mutex_t lock; /* guards all below but the threads */
    pthread_cond_t changed, lookups_changed;
    struct queue lookups, lanes[LANES];
    unsigned turn;      /* the lane that is asked first */
    unsigned searching; /* wait in lanes */
    unsigned running;
    unsigned waiting_max;
    uint64_t search_ns; /* a moving mean */
    bool is_stopping;
    unsigned search_thread_count, thread_count;
    pthread_t *threads;
};

static struct weft_metric refused_queries = {
    .name = "weft_queries_refused_total",
    .help = "Queries that were told to come back later: too many waited.",
};

static struct weft_metric running_queries = {
    .name = "weft_queries_running",
    .help = "Queries that are being answered.",
    .kind = WEFT_METRIC_GAUGE,
};
static struct weft_metric waiting_queries = {
    .name = "weft_queries_waiting",
    .help = "Queries that wait for a thread.",
    .kind = WEFT_METRIC_GAUGE,
};

/* ---- queues ---- */

static void put(struct queue *queue, struct weft_query_job *job)
{
    job->next = NULL;
    if (queue->tail != NULL)
        queue->tail->next = job;
    else
        queue->head = job;
    queue->tail = job;
    queue->waiting++;
}

static struct weft_query_job *take(struct queue *queue)
{
    struct weft_query_job *job = queue->head;

    if (job == NULL) return NULL;
    queue->head = job->next;
    if (queue->head == NULL) queue->tail = NULL;
    queue->waiting--;
    return job;
}

static struct weft_query_job *take_search(struct weft_query_pool *pool)
{
    for (unsigned i = 0; pool->searching > 0 && i < LANES; i++) {
        struct queue *lane = &pool->lanes[(pool->turn + i) % LANES];
        if (lane->head == NULL) continue;
        pool->turn = (pool->turn + i + 1) % LANES;
        pool->searching--;
        return take(lane);
    }
    return NULL;
}

/* ---- threads ---- */

/* Look-ups are for every thread: for this one when there is nothing else, so that many of them do not keep searches waiting. */
static struct weft_query_job *wait_for_any(struct weft_query_pool *pool)
{
    struct weft_query_job *job;

    while ((job = take_search(pool)) == NULL && (job = take(&pool->lookups)) == NULL &&
           !pool->is_stopping)
        pthread_cond_wait(&pool->changed, &pool->lock);
    return job;
}

static void counts_show(const struct weft_query_pool *pool)
{
    weft_metric_set(&running_queries, pool->running);
    weft_metric_set(&waiting_queries, pool->searching + pool->lookups.waiting);
}

/* Under the lock, which is let go meanwhile. */
static void run(struct weft_query_pool *pool, struct weft_query_job *job)
{
    bool is_lookup = job->is_lookup;
    uint64_t began_ns = weft_clock_monotonic_ns();

    pool->running++;
    counts_show(pool);
    pthread_mutex_unlock(&pool->lock);
    job->run(job); /* and is gone */
    pthread_mutex_lock(&pool->lock);
    pool->running--;
    counts_show(pool);
    if (!is_lookup)
        pool->search_ns =
            pool->search_ns - pool->search_ns / 8 + (weft_clock_monotonic_ns() - began_ns) / 8;
}

static void run_searches(void *arg)
{
    struct weft_query_pool *pool = arg;
    struct weft_query_job *job;

    /* When both want the whole machine, spans being sent come first: they are lost when refused too often, a question is only late.
     * At nice +10 a query thread gets about a tenth of a processor that an I/O thread wants too, and all of an idle one. */
    weft_thread_lower_priority();
    pthread_mutex_lock(&pool->lock);
    while ((job = wait_for_any(pool)) != NULL) run(pool, job);
    pthread_mutex_unlock(&pool->lock);
}

static void run_lookups(void *arg)
{
    struct weft_query_pool *pool = arg;
    struct weft_query_job *job;

    weft_thread_lower_priority();
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while ((job = take(&pool->lookups)) == NULL && !pool->is_stopping)
            pthread_cond_wait(&pool->lookups_changed, &pool->lock);
        if (job == NULL) break;
        run(pool, job);
    }
    pthread_mutex_unlock(&pool->lock);
}

int weft_query_pool_create(struct weft_query_pool **out, unsigned thread_count,
                           unsigned waiting_max, struct weft_err *err)
{
    struct weft_query_pool *pool = weft_alloc_zero(sizeof *pool);
    unsigned all = thread_count + (thread_count + 1) / 2;
    int rc = WEFT_OK;

    weft_metric_register(&refused_queries);
    weft_metric_register(&running_queries);
    weft_metric_register(&waiting_queries);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->changed, NULL);
    pthread_cond_init(&pool->lookups_changed, NULL);
    pool->waiting_max = waiting_max;
    pool->search_thread_count = thread_count;
    pool->threads = weft_alloc_array(all, sizeof *pool->threads);
    while (rc == WEFT_OK && pool->thread_count < all) {
        bool searches = pool->thread_count < thread_count;
        rc = weft_thread_start(&pool->threads[pool->thread_count],
                               searches ? "weft-query" : "weft-query-look",
                               searches ? run_searches : run_lookups, pool, err);
        if (rc == WEFT_OK) pool->thread_count++;
    }
    if (rc < 0) {
        weft_query_pool_destroy(pool);
        return rc;
    }
    *out = pool;
    return WEFT_OK;
}

static bool has_room(const struct weft_query_pool *pool, const struct queue *queue)
{
    unsigned lane_max = (pool->waiting_max + 1) / 2;

    return pool->searching + pool->lookups.waiting < pool->waiting_max && queue->waiting < lane_max;
}

int weft_query_pool_submit(struct weft_query_pool *pool, struct weft_query_job *job)
{
    struct queue *queue = job->is_lookup ? &pool->lookups : &pool->lanes[job->client % LANES];
    int rc = WEFT_OK;

    pthread_mutex_lock(&pool->lock);
    if (pool->is_stopping) {
        rc = WEFT_CLOSED;
    } else if (!has_room(pool, queue)) {
        rc = WEFT_FULL;
        weft_metric_add(&refused_queries, 1);
    } else {
        put(queue, job);
        if (!job->is_lookup) pool->searching++;
        counts_show(pool);
        pthread_cond_signal(&pool->changed);
        if (job->is_lookup) pthread_cond_signal(&pool->lookups_changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return rc;
}

unsigned weft_query_pool_retry_seconds(struct weft_query_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    uint64_t wait_ns = pool->search_ns * pool->searching / pool->search_thread_count;
    pthread_mutex_unlock(&pool->lock);
    uint64_t seconds = wait_ns / WEFT_NS_PER_SECOND + 1;
    return seconds < RETRY_SECONDS_MAX ? (unsigned)seconds : RETRY_SECONDS_MAX;
}

void weft_query_pool_destroy(struct weft_query_pool *pool)
{
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_cond_broadcast(&pool->lookups_changed);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++) pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->changed);
    pthread_cond_destroy(&pool->lookups_changed);
    pthread_mutex_destroy(&pool->lock);
    weft_free(pool->threads);
    weft_free(pool);
}
