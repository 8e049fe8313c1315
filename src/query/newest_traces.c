/* newest_traces.c -- a heap whose oldest is on top (newest_traces.h). */
#include "query/newest_traces.h"
#include <stdlib.h>

/* Newer first, then by id: an order without ties. */
static int found_compare(const void *a, const void *b)
{
    const struct weft_newest_trace *x = a, *y = b;
    if (x->start_ns != y->start_ns) return x->start_ns > y->start_ns ? -1 : 1;
    return memcmp(x->trace_id.bytes, y->trace_id.bytes, sizeof x->trace_id.bytes);
}

static void swap(struct weft_newest_trace *a, struct weft_newest_trace *b)
{
    struct weft_newest_trace kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_up(struct weft_newest_trace *heap, uint32_t i)
{
    for (; i > 0 && found_compare(&heap[i], &heap[(i - 1) / 2]) > 0; i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(struct weft_newest_trace *heap, uint32_t count)
{
    for (uint32_t i = 0, child; (child = 2 * i + 1) < count; i = child) {
        if (child + 1 < count && found_compare(&heap[child + 1], &heap[child]) > 0) child++;
        if (found_compare(&heap[i], &heap[child]) >= 0) return;
        swap(&heap[i], &heap[child]);
    }
}

void weft_newest_offer(struct weft_newest *newest, const struct weft_newest_trace *found)
{
    if (newest->count == newest->limit) {
        if (found_compare(found, &newest->heap[0]) > 0) return;
        newest->heap[0] = *found;
        sift_down(newest->heap, newest->count);
        return;
    }
    if (newest->count == newest->capacity) {
        newest->capacity = newest->capacity == 0 ? 64 : 2 * newest->capacity;
        newest->heap = weft_realloc_array(newest->heap, newest->capacity, sizeof *newest->heap);
    }
    newest->heap[newest->count] = *found;
    sift_up(newest->heap, newest->count++);
}

struct weft_newest_trace *weft_newest_finish(const struct weft_newest *newest,
                                             struct weft_arena *arena)
{
    struct weft_newest_trace *traces = weft_arena_alloc_array(arena, newest->count, sizeof *traces);
    if (newest->count == 0) return traces;
    memcpy(traces, newest->heap, newest->count * sizeof *traces);
    qsort(traces, newest->count, sizeof *traces, found_compare);
    return traces;
}

void weft_newest_release(struct weft_newest *newest)
{
    weft_free(newest->heap);
    *newest = (struct weft_newest){ 0 };
}
