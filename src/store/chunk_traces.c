/* chunk_traces.c -- see chunk_traces.h. The index is sorted by the first 40 bits of an id; of those
 * that share them (ids of 64 bits have zeros there) the rows are sorted here, when they are come to. */
#include "store/chunk_traces.h"
#include "base/alloc.h"
#include "store/segment_internal.h"

static const uint8_t *record_of(const struct weft_chunk_view *chunk, uint32_t row)
{
    return chunk->records + (size_t)row * WEFT_RECORD_BYTES;
}

uint32_t weft_chunk_traces_row(const struct weft_chunk_traces *traces, uint32_t entry)
{
    return traces->sorted != NULL ? traces->sorted[entry - traces->run_from]
                                  : traces->chunk->trace_index[entry] & 0xffffff;
}
static int row_compare(const void *a, const void *b, void *chunk)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int order = memcmp(record_of(chunk, x), record_of(chunk, y), 16);
    return order != 0 ? order : (x > y) - (x < y);
}

static void run_sort(struct weft_chunk_traces *traces)
{
    const struct weft_chunk_view *chunk = traces->chunk;
    uint32_t count = traces->run_end - traces->run_from, same = 1;
    const uint8_t *first = record_of(chunk, chunk->trace_index[traces->run_from] & 0xffffff);

    while (same < count &&
           memcmp(record_of(chunk, chunk->trace_index[traces->run_from + same] & 0xffffff), first,
                  16) == 0)
        same++;
    if (same == count) return;
    traces->sorted = weft_alloc_array(count, sizeof *traces->sorted);
    for (uint32_t i = 0; i < count; i++)
        traces->sorted[i] = chunk->trace_index[traces->run_from + i] & 0xffffff;
    qsort_r(traces->sorted, count, sizeof *traces->sorted, row_compare, (void *)(uintptr_t)chunk);
}

/* The run that begins at entry `from`. */
static void run_enter(struct weft_chunk_traces *traces, uint32_t from)
{
    const struct weft_chunk_view *chunk = traces->chunk;

    weft_free(traces->sorted);
    traces->sorted = NULL;
    traces->run_from = traces->run_end = from;
    if (from == chunk->span_count) return;
    uint64_t prefix = chunk->trace_index[from] >> 24;
    while (traces->run_end < chunk->span_count &&
           chunk->trace_index[traces->run_end] >> 24 == prefix)
        traces->run_end++;
    run_sort(traces);
}

/* The trace that begins at entry `from` of the run at hand. */
static void trace_enter(struct weft_chunk_traces *traces, uint32_t from)
{
    traces->from = traces->end = from;
    traces->is_at_end = from == traces->run_end; /* only when no run is left */
    if (traces->is_at_end) return;
    memcpy(&traces->id, record_of(traces->chunk, weft_chunk_traces_row(traces, from)), 16);
    if (traces->sorted == NULL) {
        traces->end = traces->run_end;
        return;
    }
    while (traces->end < traces->run_end &&
           memcmp(record_of(traces->chunk, weft_chunk_traces_row(traces, traces->end)), &traces->id,
                  16) == 0)
        traces->end++;
}

void weft_chunk_traces_init(struct weft_chunk_traces *traces, const struct weft_segment_view *view,
                            uint32_t chunk)
{
    *traces =
        (struct weft_chunk_traces){ .view = view,
                                    .chunk = &weft_segment_chunk_at(view->segment, chunk)->view };
    run_enter(traces, 0);
    trace_enter(traces, 0);
}

void weft_chunk_traces_release(struct weft_chunk_traces *traces)
{
    weft_free(traces->sorted);
    traces->sorted = NULL;
}

void weft_chunk_traces_next(struct weft_chunk_traces *traces)
{
    if (traces->end == traces->run_end) run_enter(traces, traces->run_end);
    trace_enter(traces, traces->end);
}

/* First entry of the run at hand whose id is not before `id`. */
static uint32_t run_lower(const struct weft_chunk_traces *traces, const struct weft_trace_id *id)
{
    uint32_t low = traces->run_from, high = traces->run_end;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(record_of(traces->chunk, weft_chunk_traces_row(traces, middle)), id,
                   sizeof *id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void weft_chunk_traces_seek(struct weft_chunk_traces *traces, const struct weft_trace_id *id)
{
    uint64_t prefix = weft_trace_index_prefix(id->bytes);
    uint32_t low = 0, high = traces->chunk->span_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (traces->chunk->trace_index[middle] < prefix)
            low = middle + 1;
        else
            high = middle;
    }
    if (low != traces->run_from) run_enter(traces, low); /* or it is sorted already */
    low = run_lower(traces, id);
    if (low == traces->run_end) run_enter(traces, low);
    trace_enter(traces, low);
}

void weft_chunk_traces_spans(const struct weft_chunk_traces *traces, struct weft_batch *out)
{
    for (uint32_t i = traces->from; i < traces->end; i++)
        weft_row_read(traces->view, traces->chunk, weft_chunk_traces_row(traces, i),
                      weft_batch_add(out), out->arena);
}

uint32_t weft_chunk_traces_span_count(const struct weft_chunk_traces *traces)
{
    return traces->end - traces->from;
}
