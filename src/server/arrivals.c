/* arrivals.c -- what comes in, looked at in passing (arrivals.h). */
#include "server/arrivals.h"
#include "base/alloc.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A batch on its way; goes back to its thread's list when it is answered. */
struct passage {
    struct weft_arrivals *arrivals;
    unsigned io_thread;
    struct weft_trace_id trace_id;
    weft_consumed *done;
    void *arg;
    struct passage *next;
};
/* One I/O thread's. Others read the last trace: when `turn` was even and the same before and after, it is whole. */
struct lane {
    _Alignas(64) struct passage *free;
    _Atomic uint32_t turn;
    _Atomic uint64_t trace_id[2], unix_ns;
};
struct weft_arrivals {
    struct weft_arrivals_options options;
    struct lane *lanes;
    pthread_mutex_t job_mutex; /* guards what follows */
    struct weft_query_job job;
    bool is_job_queued, is_learning, is_stopped;
};

/* ---- slots ---- */

static void learn(struct weft_arrivals *arrivals)
{
    const struct weft_source *source = &arrivals->options.source;
    struct weft_operation *operations;
    struct weft_arena arena;
    struct weft_err err;
    uint32_t count;

    weft_arena_init(&arena, 0);
    int rc =
        source->operations(source->self, (struct weft_str){ 0 }, &operations, &count, &arena, &err);
    for (uint32_t i = 0; rc >= 0 && i < count; i++)
        weft_service_slots_see(arrivals->options.slots, operations[i].service_name);
    weft_arena_release(&arena);
}

static void save(struct weft_arrivals *arrivals)
{
    struct weft_err err;
    if (weft_service_slots_save(arrivals->options.slots, &err) < 0)
        weft_log(WEFT_LOG_WARN, "serve", "the colours of services are not kept: %s", err.text);
}

static void run_job(struct weft_query_job *job)
{
    struct weft_arrivals *arrivals =
        (struct weft_arrivals *)((char *)job - offsetof(struct weft_arrivals, job));

    pthread_mutex_lock(&arrivals->job_mutex);
    bool is_learning = arrivals->is_learning;
    arrivals->is_job_queued = arrivals->is_learning =
        false; /* what is seen from now on needs another */
    pthread_mutex_unlock(&arrivals->job_mutex);
    if (is_learning) learn(arrivals);
    save(arrivals);
}

/* When the pool has no room, the next new service tries again, or the end. */
static void job_queue(struct weft_arrivals *arrivals, bool learns)
{
    pthread_mutex_lock(&arrivals->job_mutex);
    arrivals->is_learning |= learns;
    if (!arrivals->is_job_queued && !arrivals->is_stopped)
        arrivals->is_job_queued =
            weft_query_pool_submit(arrivals->options.pool, &arrivals->job) >= 0;
    pthread_mutex_unlock(&arrivals->job_mutex);
}

void weft_arrivals_start(struct weft_arrivals *arrivals)
{
    if (weft_service_slots_count(arrivals->options.slots) == 0) job_queue(arrivals, true);
}

void weft_arrivals_stop(struct weft_arrivals *arrivals)
{
    if (arrivals == NULL) return;
    pthread_mutex_lock(&arrivals->job_mutex);
    arrivals->is_stopped = true;
    pthread_mutex_unlock(&arrivals->job_mutex);
}

static void services_see(struct weft_arrivals *arrivals, const struct weft_batch *batch)
{
    const struct weft_resource *resource = NULL;
    bool has_new = false;

    if (weft_service_slots_count(arrivals->options.slots) == WEFT_SERVICE_SLOTS_MAX) return;
    for (uint32_t i = 0; i < batch->span_count; i++) {
        if (batch->spans[i].scope->resource == resource) continue;
        resource = batch->spans[i].scope->resource;
        has_new |= weft_service_slots_see(arrivals->options.slots, resource->service_name);
    }
    if (has_new) job_queue(arrivals, false);
}

/* ---- the last trace ---- */

static void last_set(struct lane *lane, const struct weft_trace_id *trace_id)
{
    uint64_t halves[2];
    uint32_t turn = atomic_load_explicit(&lane->turn, memory_order_relaxed);

    memcpy(halves, trace_id->bytes, sizeof halves);
    atomic_store(&lane->turn, turn + 1);
    atomic_store(&lane->trace_id[0], halves[0]);
    atomic_store(&lane->trace_id[1], halves[1]);
    atomic_store(&lane->unix_ns, weft_clock_unix_ns());
    atomic_store(&lane->turn, turn + 2);
}

static uint64_t last_get(struct lane *lane, struct weft_trace_id *trace_id)
{
    uint64_t halves[2], unix_ns;
    uint32_t turn;

    do {
        turn = atomic_load(&lane->turn);
        halves[0] = atomic_load(&lane->trace_id[0]);
        halves[1] = atomic_load(&lane->trace_id[1]);
        unix_ns = atomic_load(&lane->unix_ns);
    } while (turn % 2 != 0 || turn != atomic_load(&lane->turn));
    memcpy(trace_id->bytes, halves, sizeof halves);
    return unix_ns;
}

bool weft_arrivals_last(const struct weft_arrivals *arrivals, struct weft_trace_id *trace_id,
                        uint64_t *unix_ns)
{
    *unix_ns = 0;
    for (unsigned i = 0; i < arrivals->options.io_thread_count; i++) {
        struct weft_trace_id id;
        uint64_t at = last_get(&arrivals->lanes[i], &id);
        if (at <= *unix_ns) continue;
        *unix_ns = at;
        *trace_id = id;
    }
    return *unix_ns > 0;
}

/* ---- the consumer ---- */

static void done(void *arg, const struct weft_outcome *outcome)
{
    struct passage *passage = arg;
    struct lane *lane = &passage->arrivals->lanes[passage->io_thread];
    weft_consumed *then = passage->done;
    void *then_arg = passage->arg;

    if (outcome->status == WEFT_OK) last_set(lane, &passage->trace_id);
    passage->next = lane->free;
    lane->free = passage;
    then(then_arg, outcome);
}

static void consume(void *self, unsigned io_thread, const struct weft_batch *batch,
                    weft_consumed *then, void *arg)
{
    struct weft_arrivals *arrivals = self;
    struct lane *lane = &arrivals->lanes[io_thread];
    struct weft_consumer next = arrivals->options.next;
    struct passage *passage = lane->free;

    if (batch->span_count == 0) {
        next.consume(next.self, io_thread, batch, then, arg);
        return;
    }
    services_see(arrivals, batch);
    if (passage != NULL)
        lane->free = passage->next;
    else
        passage = weft_alloc(sizeof *passage);
    *passage = (struct passage){ arrivals, io_thread, batch->spans[batch->span_count - 1].trace_id,
                                 then,     arg,       NULL };
    next.consume(next.self, io_thread, batch, done, passage);
}

struct weft_consumer weft_arrivals_consumer(struct weft_arrivals *arrivals)
{
    return (struct weft_consumer){ .consume = consume, .self = arrivals };
}

void weft_arrivals_create(struct weft_arrivals **out, const struct weft_arrivals_options *options)
{
    struct weft_arrivals *arrivals = *out = weft_alloc_zero(sizeof *arrivals);
    arrivals->options = *options;
    arrivals->job.run = run_job;
    pthread_mutex_init(&arrivals->job_mutex, NULL);
    arrivals->lanes = aligned_alloc(64, options->io_thread_count * sizeof *arrivals->lanes);
    WEFT_ASSERT(arrivals->lanes != NULL, "%u lanes", options->io_thread_count);
    memset(arrivals->lanes, 0, options->io_thread_count * sizeof *arrivals->lanes);
}

void weft_arrivals_destroy(struct weft_arrivals *arrivals)
{
    if (arrivals == NULL) return;
    save(arrivals);
    for (unsigned i = 0; i < arrivals->options.io_thread_count; i++)
        for (struct passage *p = arrivals->lanes[i].free, *next; p != NULL; p = next) {
            next = p->next;
            weft_free(p);
        }
    pthread_mutex_destroy(&arrivals->job_mutex);
    free(arrivals->lanes);
    weft_free(arrivals);
}
