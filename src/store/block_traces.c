/* block_traces.c -- see block_traces.h. */
#include "store/block_traces.h"

void weft_block_traces_init(struct weft_block_traces *traces, struct weft_block *block,
                            const struct weft_block_mask *mask)
{
    *traces = (struct weft_block_traces){ .block = block, .mask = mask, .is_at_end = true };
    weft_arena_init(&traces->scratch, 1 << 16);
    weft_arena_init(&traces->temporary, 0);
}

static void rows_leave(struct weft_block_traces *traces)
{
    if (traces->is_open) traces->bytes_touched += traces->rows.bytes_touched;
    traces->is_open = false;
    weft_arena_reset(&traces->scratch);
}

uint64_t weft_block_traces_bytes(const struct weft_block_traces *traces)
{
    return traces->bytes_touched + (traces->is_open ? traces->rows.bytes_touched : 0);
}

void weft_block_traces_release(struct weft_block_traces *traces)
{
    rows_leave(traces);
    weft_block_reader_release(&traces->reader);
    weft_arena_release(&traces->scratch);
    weft_arena_release(&traces->temporary);
}

static int rows_enter(struct weft_block_traces *traces, struct weft_err *err)
{
    int rc;

    if (traces->is_open) return WEFT_OK;
    if ((rc = weft_block_load_tables(traces->block, err)) < 0 ||
        (rc = weft_rows_open(&traces->rows, traces->block, traces->number, &traces->scratch, err)) <
            0 ||
        (rc = weft_rows_load_traces(&traces->rows, err)) < 0)
        return rc;
    if (traces->reader.block == NULL) weft_block_reader_init(&traces->reader, traces->block);
    traces->rows.temporary = &traces->temporary;
    traces->is_open = true;
    traces->read = 0;
    return WEFT_OK;
}

/* From trace `trace` of row group `number` on, to the first that is not masked. */
static int go_on(struct weft_block_traces *traces, struct weft_err *err)
{
    int rc;

    for (; traces->number < traces->block->info.row_group_count; traces->number++) {
        if ((rc = rows_enter(traces, err)) < 0) {
            rows_leave(traces);
            return rc;
        }
        while (traces->trace < traces->rows.trace_count &&
               weft_block_mask_has(traces->mask, traces->number, traces->trace))
            traces->trace++;
        if (traces->trace < traces->rows.trace_count) {
            weft_rows_trace_id(&traces->rows, traces->trace, &traces->id);
            return WEFT_OK;
        }
        rows_leave(traces);
        traces->trace = 0;
    }
    traces->is_at_end = true;
    return WEFT_OK;
}

int weft_block_traces_next(struct weft_block_traces *traces, struct weft_err *err)
{
    if (traces->is_at_end) return WEFT_OK;
    if (traces->is_open) {
        traces->trace++;
    } else {
        traces->number++;
        traces->trace = 0;
    }
    return go_on(traces, err);
}

/* Row groups before this one end before `id`. */
static uint32_t rows_lower(const struct weft_block *block, const struct weft_trace_id *id)
{
    uint32_t low = 0, high = (uint32_t)block->info.row_group_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (memcmp(&block->rows[middle].last, id, sizeof *id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int weft_block_traces_seek(struct weft_block_traces *traces, const struct weft_trace_id *id,
                           struct weft_err *err)
{
    uint32_t number = rows_lower(traces->block, id);
    int rc;

    if (number != traces->number) rows_leave(traces);
    traces->number = number;
    traces->trace = 0;
    traces->is_at_end = number == traces->block->info.row_group_count;
    if (traces->is_at_end) return WEFT_OK;
    if ((rc = rows_enter(traces, err)) < 0) {
        rows_leave(traces);
        return rc;
    }
    traces->trace = weft_rows_trace_lower(&traces->rows, id);
    return go_on(traces, err);
}

/* A row's place is found by counting from every 2,048th row on: for more than a few traces it pays to
 * count once. */
enum { FEW_TRACES = 16 };

int weft_block_traces_spans(struct weft_block_traces *traces, struct weft_batch *out,
                            struct weft_err *err)
{
    struct weft_rows *rows = &traces->rows;
    uint32_t first = weft_rows_trace_first(rows, traces->trace),
             n = (uint32_t)weft_paged_get(&rows->trace_spans, traces->trace);
    int rc;

    weft_arena_reset(&traces->temporary);
    if (++traces->read == FEW_TRACES && (rc = weft_rows_load_places(rows, err)) < 0) return rc;
    struct weft_span *spans = weft_arena_alloc_array(out->arena, n, sizeof *spans);
    if ((rc = weft_rows_spans(rows, first, n, spans, &traces->reader, out->arena, err)) < 0)
        return rc;
    weft_batch_reserve(out, n);
    for (uint32_t i = 0; i < n; i++) out->spans[out->span_count++] = spans[i];
    return WEFT_OK;
}
