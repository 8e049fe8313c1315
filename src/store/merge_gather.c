/* merge_gather.c -- the rows of a row group copied together in trace-id order, and the traces
 * among them. */
#include "base/alloc.h"
#include "store/merge_internal.h"

enum { AHEAD = 16 };

static const uint8_t *record_of(const struct merge *m, const struct merge_entry *e)
{
    return m->chunks[e->chunk].view.records + (size_t)e->row * WEFT_RECORD_BYTES;
}

static inline void row_load(struct merge *m, struct merge_row *row, const struct merge_entry *e)
{
    const struct merge_chunk *chunk = &m->chunks[e->chunk];
    const uint8_t *r = record_of(m, e);

    memcpy(row->trace_id, r, 16);
    row->span_id = weft_load_u64(r + 16);
    row->parent = weft_load_u64(r + 24);
    row->start = weft_record_start(r);
    row->length = weft_load_u64(r + 40);
    row->words = chunk->view.words + weft_record_words(r);
    row->chunk = chunk;
    row->head = m->sources[chunk->source].heads[weft_record_head(r)];
    row->shape = weft_record_shape(r);
    row->flags = weft_record_flags(r);
    row->number = e->row;
    row->depth = 0;
    __builtin_prefetch(row->words);
}

void weft_merge_gather(struct merge *m, uint32_t from, uint32_t count)
{
    if (count > m->row_capacity) {
        m->row_capacity = WEFT_ROWS_MAX;
        m->rows = weft_realloc_array(m->rows, m->row_capacity, sizeof *m->rows);
        m->order = weft_realloc_array(m->order, m->row_capacity, sizeof *m->order);
        m->group_of = weft_realloc_array(m->group_of, m->row_capacity, sizeof *m->group_of);
    }
    const struct merge_entry *e = m->entries + from;
    for (uint32_t i = 0; i < count; i++) {
        if (i + AHEAD < count) __builtin_prefetch(record_of(m, e + i + AHEAD));
        row_load(m, &m->rows[i], e + i);
    }
    m->row_count = count;
}

struct weft_head_view weft_merge_source_head(const struct merge *m, const struct merge_row *row)
{
    const struct merge_source *source = &m->sources[row->chunk->source];
    uint32_t head =
        weft_record_head(row->chunk->view.records + (size_t)row->number * WEFT_RECORD_BYTES);
    return source->view != NULL ? weft_segment_head(source->view, head)
                                : weft_block_head(source->block, head);
}

static int compare_trace(const void *a, const void *b)
{
    return memcmp(a, b, 16);
} /* trace_id is the first field */

/* Entries are sorted by 40 bits only: rows of one prefix may be several traces, mixed. */
static void prefix_run_sort(struct merge *m, uint32_t from, uint32_t end)
{
    for (uint32_t i = from + 1; i < end; i++) {
        if (memcmp(m->rows[i - 1].trace_id, m->rows[i].trace_id, 16) > 0) {
            qsort(m->rows + from, end - from, sizeof *m->rows, compare_trace);
            return;
        }
    }
}

void weft_merge_traces_find(struct merge *m)
{
    uint32_t n = m->row_count;

    if (n > m->trace_capacity) {
        m->trace_capacity = WEFT_ROWS_MAX;
        m->traces = weft_realloc_array(m->traces, m->trace_capacity, sizeof *m->traces);
    }
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && memcmp(m->rows[end].trace_id, m->rows[i].trace_id, 5) == 0;
             end++) {}
        if (end - i > 1) prefix_run_sort(m, i, end);
    }
    m->trace_count = 0;
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && memcmp(m->rows[end].trace_id, m->rows[i].trace_id, 16) == 0;
             end++) {}
        m->traces[m->trace_count++] = (struct merge_trace){ .first = i, .rows = end - i };
    }
}
