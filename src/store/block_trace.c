/* block_trace.c -- a trace by its id, and single spans by their row tag. */
#include "store/block_internal.h"

/* First row group whose last id is not before `id`. */
static uint32_t rows_lower(const struct weft_block *b, const struct weft_trace_id *id)
{
    uint32_t low = 0, high = (uint32_t)b->info.row_group_count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (memcmp(&b->rows[middle].last, id, 16) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int rows_trace(struct weft_block *b, const struct weft_block_mask *mask, uint32_t number,
                      const struct weft_trace_id *id, struct weft_batch *out,
                      struct weft_arena *scratch, struct weft_block_reader *reader,
                      struct weft_err *err)
{
    struct weft_rows rows;
    struct weft_trace_id found;
    int rc;

    if ((rc = weft_rows_open(&rows, b, number, scratch, err)) < 0 ||
        (rc = weft_rows_load_traces(&rows, err)) < 0)
        return rc;
    uint32_t trace = weft_rows_trace_lower(&rows, id);
    if (trace == rows.trace_count) return WEFT_OK;
    weft_rows_trace_id(&rows, trace, &found);
    if (memcmp(&found, id, 16) != 0 || weft_block_mask_has(mask, number, trace)) return WEFT_OK;
    uint32_t first = weft_rows_trace_first(&rows, trace),
             n = (uint32_t)weft_paged_get(&rows.trace_spans, trace);
    struct weft_span *spans = weft_arena_alloc(scratch, n * sizeof *spans);
    if ((rc = weft_rows_spans(&rows, first, n, spans, reader, out->arena, err)) < 0) return rc;
    for (uint32_t i = 0; i < n; i++) *weft_batch_add(out) = spans[i];
    return WEFT_OK;
}

int weft_block_trace(struct weft_block *b, const struct weft_block_mask *mask,
                     const struct weft_trace_id *id, struct weft_batch *out, struct weft_err *err)
{
    uint32_t number = rows_lower(b, id), before = out->span_count;
    struct weft_block_reader reader;
    struct weft_arena scratch;
    int rc;

    if (number == b->info.row_group_count || memcmp(&b->rows[number].first, id, 16) > 0)
        return WEFT_OK;
    if ((rc = weft_block_load_tables(b, err)) < 0) return rc;
    weft_arena_init(&scratch, 0);
    weft_block_reader_init(&reader, b);
    for (; number < b->info.row_group_count && memcmp(&b->rows[number].first, id, 16) <= 0 &&
           rc == WEFT_OK;
         number++) {
        rc = rows_trace(b, mask, number, id, out, &scratch, &reader, err);
        weft_arena_reset(&scratch);
    }
    if (rc < 0) out->span_count = before;
    weft_block_reader_release(&reader);
    weft_arena_release(&scratch);
    return rc;
}

int weft_block_trace_spans(struct weft_block *b, const struct weft_block_mask *mask,
                           const struct weft_trace_id *id, uint64_t *out, struct weft_err *err)
{
    struct weft_arena scratch;
    struct weft_rows rows;
    struct weft_trace_id found;
    int rc = WEFT_OK;

    *out = 0;
    weft_arena_init(&scratch, 0);
    for (uint32_t number = rows_lower(b, id);
         number < b->info.row_group_count && memcmp(&b->rows[number].first, id, 16) <= 0;
         number++) {
        if ((rc = weft_rows_open(&rows, b, number, &scratch, err)) < 0 ||
            (rc = weft_rows_load_traces(&rows, err)) < 0)
            break;
        uint32_t trace = weft_rows_trace_lower(&rows, id);
        if (trace == rows.trace_count) continue;
        weft_rows_trace_id(&rows, trace, &found);
        if (memcmp(&found, id, 16) == 0 && !weft_block_mask_has(mask, number, trace))
            *out += weft_paged_get(&rows.trace_spans, trace);
    }
    weft_arena_release(&scratch);
    return rc;
}

int weft_block_span(struct weft_block *b, uint64_t row_tag, struct weft_span *out,
                    struct weft_arena *arena, struct weft_err *err)
{
    uint32_t number = (uint32_t)(row_tag >> 20 & 0xfffff), row = (uint32_t)(row_tag & 0xfffff);
    struct weft_block_reader reader;
    struct weft_arena scratch;
    struct weft_rows rows;
    int rc;

    if (number >= b->info.row_group_count)
        return weft_fail(err, WEFT_INVALID, "block %s: row group %u does not exist", b->path,
                         number);
    if ((rc = weft_block_load_tables(b, err)) < 0) return rc;
    weft_arena_init(&scratch, 0);
    weft_block_reader_init(&reader, b);
    if ((rc = weft_rows_open(&rows, b, number, &scratch, err)) == WEFT_OK)
        rc = weft_rows_spans(&rows, row, 1, out, &reader, arena, err);
    weft_block_reader_release(&reader);
    weft_arena_release(&scratch);
    return rc;
}
