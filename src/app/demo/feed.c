/* feed.c -- spans by the time they end (feed.h). */
#include "app/demo/feed.h"
#include "app/demo/incidents.h"
#include "app/demo/shop.h"
#include "base/alloc.h"
#include <math.h>

/* A played trace some of whose spans have not ended yet. */
struct trace {
    struct weft_arena arena;
    uint32_t waiting;
};
struct waiting {
    uint64_t end_ns;
    struct weft_span *span;
    struct trace *trace;
};

struct weft_demo_feed {
    struct weft_demo_sim sim;
    double traces_per_second;
    uint64_t next_arrival_ns, trace_number;
    struct weft_random arrivals;
    struct waiting *heap; /* the span that ends first on top */
    uint32_t heap_count, heap_capacity;
    struct waiting *due; /* ended, sorted by service */
    uint32_t due_count, due_capacity, due_taken;
    struct weft_span *batch_spans;
    uint32_t batch_capacity;
};

void weft_demo_feed_create(struct weft_demo_feed **out,
                           const struct weft_demo_feed_options *options)
{
    struct weft_demo_feed *feed = weft_alloc_zero(sizeof *feed);
    weft_demo_sim_init(&feed->sim, options->seed, options->begin_ns, options->speed);
    feed->traces_per_second = options->traces_per_second;
    feed->next_arrival_ns = options->begin_ns;
    weft_random_init(&feed->arrivals, options->seed);
    *out = feed;
}

/* ---- the heap ---- */

static void heap_push(struct weft_demo_feed *feed, struct waiting item)
{
    if (feed->heap_count == feed->heap_capacity) {
        feed->heap_capacity = feed->heap_capacity > 0 ? feed->heap_capacity * 2 : 1024;
        feed->heap = weft_realloc_array(feed->heap, feed->heap_capacity, sizeof *feed->heap);
    }
    uint32_t at = feed->heap_count++;
    for (; at > 0 && feed->heap[(at - 1) / 2].end_ns > item.end_ns; at = (at - 1) / 2)
        feed->heap[at] = feed->heap[(at - 1) / 2];
    feed->heap[at] = item;
}

static struct waiting heap_pop(struct weft_demo_feed *feed)
{
    struct waiting top = feed->heap[0], moved = feed->heap[--feed->heap_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= feed->heap_count) break;
        if (child + 1 < feed->heap_count && feed->heap[child + 1].end_ns < feed->heap[child].end_ns)
            child++;
        if (moved.end_ns <= feed->heap[child].end_ns) break;
        feed->heap[at] = feed->heap[child];
        at = child;
    }
    feed->heap[at] = moved;
    return top;
}

/* ---- running ---- */

static void play_trace(struct weft_demo_feed *feed)
{
    struct weft_demo_sim *sim = &feed->sim;
    struct trace *trace = weft_alloc_zero(sizeof *trace);
    weft_demo_trace_begin(sim, feed->trace_number++, feed->next_arrival_ns);
    double rate = feed->traces_per_second * weft_demo_daily_rhythm(weft_demo_story_ns(sim));
    weft_demo_play(sim);
    trace->arena = sim->arena;
    trace->waiting = sim->finished_count;
    for (uint32_t i = 0; i < sim->finished_count; i++)
        heap_push(feed, (struct waiting){ sim->finished[i]->end_time_unix_nano, sim->finished[i],
                                          trace });
    double gap = -log(1 - weft_random_unit(&feed->arrivals)) / rate; /* Poisson arrivals */
    feed->next_arrival_ns += (uint64_t)(gap * 1e9) + 1;
}

static void release_one(struct trace *trace)
{
    if (--trace->waiting > 0) return;
    weft_arena_release(&trace->arena);
    weft_free(trace);
}

static void release_due(struct weft_demo_feed *feed)
{
    for (uint32_t i = 0; i < feed->due_count; i++) release_one(feed->due[i].trace);
    feed->due_count = feed->due_taken = 0;
}

static int compare_due(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;
    if (x->span->scope != y->span->scope)
        return (uintptr_t)x->span->scope < (uintptr_t)y->span->scope ? -1 : 1;
    return x->end_ns < y->end_ns ? -1 : x->end_ns > y->end_ns;
}

void weft_demo_feed_advance(struct weft_demo_feed *feed, uint64_t now_ns)
{
    release_due(feed);
    while (feed->next_arrival_ns <= now_ns) play_trace(feed);
    while (feed->heap_count > 0 && feed->heap[0].end_ns <= now_ns) {
        if (feed->due_count == feed->due_capacity) {
            feed->due_capacity = feed->due_capacity > 0 ? feed->due_capacity * 2 : 1024;
            feed->due = weft_realloc_array(feed->due, feed->due_capacity, sizeof *feed->due);
        }
        feed->due[feed->due_count++] = heap_pop(feed);
    }
    if (feed->due_count > 1) qsort(feed->due, feed->due_count, sizeof *feed->due, compare_due);
}

bool weft_demo_feed_next(struct weft_demo_feed *feed, struct weft_batch *batch)
{
    uint32_t first = feed->due_taken;
    if (first == feed->due_count) return false;
    const struct weft_scope *scope = feed->due[first].span->scope; /* one process of one service */
    if (feed->batch_capacity < feed->due_count) {
        feed->batch_capacity = feed->due_count;
        feed->batch_spans =
            weft_realloc_array(feed->batch_spans, feed->batch_capacity, sizeof *feed->batch_spans);
    }
    *batch = (struct weft_batch){ .spans = feed->batch_spans };
    while (feed->due_taken < feed->due_count && feed->due[feed->due_taken].span->scope == scope)
        batch->spans[batch->span_count++] = *feed->due[feed->due_taken++].span;
    return true;
}

void weft_demo_feed_destroy(struct weft_demo_feed *feed)
{
    if (feed == NULL) return;
    release_due(feed);
    while (feed->heap_count > 0) release_one(heap_pop(feed).trace);
    weft_demo_sim_release(&feed->sim);
    weft_free(feed->heap);
    weft_free(feed->due);
    weft_free(feed->batch_spans);
    weft_free(feed);
}
