/* segment_vectors.c -- see segment_vectors.h: a merge over the chunks by trace id. Rows are asked by the segment's own tables; only those
 * that are selected are read. */
#include "store/segment_vectors.h"
#include "base/assert.h"
#include "store/block_vectors.h"
#include "store/segment_internal.h"
#include "store/segment_select.h"
#include "store/store_traces_internal.h"

#define VALUE_BYTES_MAX (16u << 20) /* as in block_vectors.c */
enum { FEW_SPANS = 16, TRACES_PER_CHECK = 256 };

struct part {
    struct weft_chunk_traces cursor;
    uint32_t segment;
};
/* A row of the trace at hand. */
struct row {
    uint64_t span_id;
    uint32_t part, row;
};
/* What identify() needs. */
struct place {
    struct weft_vector_place head; /* first */
    struct weft_span_identity ids[WEFT_SPAN_VECTOR_MAX];
};
struct giving {
    struct weft_segment_vectors *v;
    struct weft_err *err;
    struct part *parts;
    uint32_t part_count;
    struct part *ranked; /* of chunks, the newest first, when only these are wanted */
    uint32_t ranked_count;
    struct weft_scan_heap heap;
    struct weft_segment_select **selects; /* by segment; NULL: nothing of it is selected */
    struct weft_arena arena, spans;       /* of all; of the spans of a vector */
    struct weft_buf rows;                 /* struct row, of the trace at hand */
    struct weft_codes *codes;             /* by column */
    bool needs_lists; /* some column is of what stands behind the record and the tables */
    uint64_t lost_pages;
    uint32_t at; /* in apart: the trace at hand is not before it */
    uint32_t checked;
    /* The vector that collects. */
    struct place place;
    uint32_t count;
    uint64_t start[WEFT_SPAN_VECTOR_MAX], duration[WEFT_SPAN_VECTOR_MAX];
};

/* ---- vectors ---- */

static void identify(const struct weft_span_vector *vector, uint32_t index,
                     struct weft_span_identity *out)
{
    *out = ((const struct place *)vector->place)->ids[index];
}

static void codes_trim(struct giving *g)
{
    size_t bytes = 0;

    for (uint32_t c = 0; c < g->v->scan->column_count; c++) bytes += weft_codes_bytes(&g->codes[c]);
    if (bytes <= VALUE_BYTES_MAX) return;
    for (uint32_t c = 0; c < g->v->scan->column_count; c++)
        if (g->codes[c].column != NULL) weft_codes_forget(&g->codes[c]);
    ++*g->v->numbering;
}

/* A page that was lost may have been any of these: nothing more is given. */
static bool lost_a_page(struct giving *g)
{
    const struct weft_store_set *set = g->v->query->set;
    uint64_t lost_pages = weft_file_lost_pages();
    bool is_lost = false;

    if (lost_pages == g->lost_pages) return false;
    g->lost_pages = lost_pages;
    for (uint32_t i = 0; i < set->segment_count; i++)
        is_lost |= g->selects[i] != NULL &&
                   weft_store_segment_is_unreadable(g->v->store, &set->segments[i], NULL);
    g->v->has_hole |= is_lost;
    return is_lost;
}

/* False: no more. */
static bool vector_give(struct giving *g)
{
    const struct weft_span_scan *scan = g->v->scan;
    struct weft_span_vector vector = { .count = g->count,
                                       .numbering = *g->v->numbering,
                                       .start_time_unix_nano = g->start,
                                       .place = &g->place };

    if (g->count == 0) return true;
    for (uint32_t c = 0; c < scan->column_count; c++) {
        const struct weft_codes *codes = &g->codes[c];
        if (codes->column == NULL)
            vector.duration_ns = g->duration;
        else
            vector.columns[c] = (struct weft_span_codes){ codes->codes, codes->table.values,
                                                          codes->table.value_count };
    }
    if (lost_a_page(g)) return false;
    weft_scan_count(scan->report, WEFT_STEP_COLUMNS, 0, g->count, 0);
    weft_scan_count(scan->report, WEFT_STEP_COUNT, g->count, 0, 0);
    enum weft_scan_step step = weft_scan_enter(scan->report, WEFT_STEP_COUNT);
    g->v->is_enough = !scan->vector(scan->arg, &vector);
    weft_scan_enter(scan->report, step);
    g->count = 0;
    weft_arena_reset(&g->spans);
    codes_trim(g);
    return !g->v->is_enough;
}

static int span_put(struct giving *g, const struct weft_span *span)
{
    int rc = WEFT_OK;

    g->start[g->count] = span->start_time_unix_nano;
    g->duration[g->count] = weft_span_duration_ns(span);
    g->place.ids[g->count] = (struct weft_span_identity){ .trace_id = span->trace_id,
                                                          .span_id = span->span_id,
                                                          .parent_span_id = span->parent_span_id };
    for (uint32_t c = 0; c < g->v->scan->column_count && rc == WEFT_OK; c++)
        if (g->codes[c].column != NULL)
            rc = weft_codes_of_span(&g->codes[c], span, &g->codes[c].codes[g->count], g->err);
    g->count++;
    return rc;
}

/* ---- one trace ---- */

static bool is_in_range(const struct weft_span_scan *scan, const uint8_t *record)
{
    uint64_t start = weft_record_start(record), duration_min = weft_vectors_duration_min(scan);

    return start >= weft_vectors_from(scan) && (scan->to_ns == 0 || start < scan->to_ns) &&
           (duration_min == 0 || weft_record_duration_ns(record) >= duration_min);
}

/* What record and tables say. */
static void record_read(const struct part *part, uint32_t row, const uint8_t *record,
                        struct weft_span *out)
{
    const struct weft_segment_view *view = part->cursor.view;
    const struct weft_table_head *head =
        weft_segment_tables_head(&view->segment->tables, weft_record_head(record));

    *out = (struct weft_span){ .scope = head->scope,
                               .kind = head->view.kind,
                               .name = weft_row_name(view, part->cursor.chunk, row),
                               .status_code = weft_record_flags(record) & WEFT_ROW_STATUS_MASK,
                               .start_time_unix_nano = weft_record_start(record),
                               .end_time_unix_nano = weft_record_end(record) };
    memcpy(out->trace_id.bytes, record, 16);
    memcpy(out->span_id.bytes, record + 16, 8);
    memcpy(out->parent_span_id.bytes, record + 24, 8);
}

/* 1: go on; 0: no more. */
static int row_give(struct giving *g, const struct part *part, uint32_t row)
{
    const struct weft_chunk_view *chunk = part->cursor.chunk;
    const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
    struct weft_span span;
    int rc;

    if (!is_in_range(g->v->scan, record)) return 1;
    bool is_selected = weft_segment_select_holds(g->selects[part->segment], chunk, row);
    weft_scan_count(g->v->scan->report, WEFT_STEP_FIND, 1, is_selected, 0);
    if (!is_selected) return 1;
    if (g->needs_lists)
        weft_row_read(part->cursor.view, chunk, row, &span, &g->spans);
    else
        record_read(part, row, record, &span);
    if ((rc = span_put(g, &span)) < 0) return rc;
    return g->count < WEFT_SPAN_VECTOR_MAX || vector_give(g);
}

static int span_id_compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return (x->span_id > y->span_id) - (x->span_id < y->span_id);
}

static bool has_repeated(struct row *rows, uint32_t count)
{
    if (count > FEW_SPANS) {
        qsort(rows, count, sizeof *rows, span_id_compare);
        for (uint32_t i = 1; i < count; i++)
            if (rows[i].span_id == rows[i - 1].span_id) return true;
        return false;
    }
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t k = 0; k < i; k++)
            if (rows[i].span_id == rows[k].span_id) return true;
    return false;
}

static void rows_note(const struct giving *g, uint32_t count)
{
    uint64_t bytes = (uint64_t)count * WEFT_RECORD_BYTES;

    g->v->spans += count;
    g->v->bytes += bytes;
    weft_read_limits_add(g->v->scan->reads, bytes, count);
    weft_scan_count(g->v->scan->report, WEFT_STEP_FIND, 0, 0, bytes);
}

static int trace_give(struct giving *g, const struct weft_trace_id *id)
{
    const struct weft_apart *apart = g->v->apart;
    struct row *rows = (struct row *)(void *)g->rows.data;
    uint32_t count = (uint32_t)(g->rows.len / sizeof *rows);
    int rc = 1;

    while (g->at < apart->count && memcmp(&apart->ids[g->at], id, sizeof *id) < 0) g->at++;
    WEFT_ASSERT(g->at < apart->count, "a trace of a segment is not listed at %u", g->at);
    if (weft_apart_is_met(apart, g->at)) return 1;
    if (has_repeated(rows, count)) {
        weft_apart_meet(apart, g->at);
        return 1;
    }
    rows_note(g, count);
    for (uint32_t i = 0; i < count && rc > 0; i++)
        rc = row_give(g, &g->parts[rows[i].part], rows[i].row);
    return rc;
}

static void part_take(struct giving *g, uint32_t number)
{
    struct part *part = &g->parts[number];
    struct weft_chunk_traces *cursor = &part->cursor;

    for (uint32_t i = cursor->from; i < cursor->end; i++) {
        struct row row = { .part = number, .row = weft_chunk_traces_row(cursor, i) };
        memcpy(&row.span_id, cursor->chunk->records + (size_t)row.row * WEFT_RECORD_BYTES + 16, 8);
        weft_buf_append(&g->rows, &row, sizeof row);
    }
    weft_chunk_traces_next(cursor);
}

static void first_take(struct giving *g, struct weft_trace_id *id)
{
    struct weft_scan_heap *heap = &g->heap;
    const struct weft_scan_place first = heap->items[0];

    weft_buf_reset(&g->rows);
    *id = g->parts[first.part].cursor.id;
    while (heap->count > 0 && heap->items[0].high == first.high &&
           heap->items[0].low == first.low) {
        uint32_t number = heap->items[0].part;
        struct weft_chunk_traces *cursor = &g->parts[number].cursor;
        part_take(g, number);
        heap->items[0] = cursor->is_at_end ? heap->items[--heap->count]
                                           : weft_scan_place_of(&cursor->id, number);
        weft_scan_heap_sink(heap);
    }
}

/* ---- all of them ---- */

static bool chunk_is_outside(const struct weft_span_scan *scan, const struct weft_chunk_view *chunk)
{
    return chunk->start_max < weft_vectors_from(scan) ||
           (scan->to_ns != 0 && chunk->start_min >= scan->to_ns);
}

/* False: it cannot be read. */
static bool segment_select(struct giving *g, uint32_t i)
{
    const struct weft_segment_view *view = &g->v->query->views[i];

    if (weft_store_segment_is_unreadable(g->v->store, &g->v->query->set->segments[i], NULL)) {
        g->v->has_hole = true;
        weft_scan_piece(g->v->scan->report, WEFT_PIECE_SEGMENT, WEFT_FATE_DAMAGED, 1);
        return false;
    }
    g->selects[i] = weft_segment_select_init(view, g->v->scan->selection, &g->arena);
    return true;
}

/* Chunks that come in question are opened. Rows that are not selected are no duplicates of those that are: parts without any are left
 * out. */
static void segment_open(struct giving *g, uint32_t i,
                         void (*open)(struct giving *g, uint32_t segment, uint32_t chunk))
{
    const struct weft_segment_view *view = &g->v->query->views[i];
    struct weft_scan_report *report = g->v->scan->report;
    enum weft_fate best = WEFT_FATE_NOT_REACHED;

    if (!segment_select(g, i)) return;
    for (uint32_t c = 0; c < view->chunk_count; c++) {
        bool is_outside =
            chunk_is_outside(g->v->scan, &weft_segment_chunk_at(view->segment, c)->view);
        enum weft_fate fate = g->selects[i] == NULL ? WEFT_FATE_HOPELESS
                              : is_outside          ? WEFT_FATE_OUT_OF_RANGE
                                                    : WEFT_FATE_READ;
        weft_scan_piece(report, WEFT_PIECE_CHUNK, fate, 1);
        best = fate > best ? fate : best;
        if (fate == WEFT_FATE_READ) open(g, i, c);
    }
    if (view->chunk_count > 0) weft_scan_piece(report, WEFT_PIECE_SEGMENT, best, 1);
}

static void part_open(struct giving *g, uint32_t i, uint32_t c)
{
    struct part *part = &g->parts[g->part_count];

    part->segment = i;
    weft_chunk_traces_init(&part->cursor, &g->v->query->views[i], c);
    if (!part->cursor.is_at_end)
        g->heap.items[g->heap.count++] = weft_scan_place_of(&part->cursor.id, g->part_count);
    g->part_count++;
}

static void parts_open(struct giving *g)
{
    const struct weft_store_query *query = g->v->query;
    uint32_t chunks = 1;

    g->selects = weft_arena_alloc_array(&g->arena, query->set->segment_count, sizeof *g->selects);
    for (uint32_t i = 0; i < query->set->segment_count; i++) chunks += query->views[i].chunk_count;
    g->parts = weft_alloc_array(chunks, sizeof *g->parts);
    g->heap.items = weft_alloc_array(chunks, sizeof *g->heap.items);
    for (uint32_t i = 0; i < query->set->segment_count; i++) segment_open(g, i, part_open);
    weft_scan_heap_make(&g->heap);
}

static int traces_give(struct giving *g)
{
    struct weft_trace_id id;
    int rc = 1;

    while (g->heap.count > 0 && rc > 0) {
        if (g->checked++ % TRACES_PER_CHECK == 0 &&
            (rc = weft_vectors_check_time(g->v->scan, g->err)) < 0)
            return rc;
        first_take(g, &id);
        rc = trace_give(g, &id);
    }
    if (rc > 0) vector_give(g);
    return rc < 0 ? rc : WEFT_OK;
}

/* ---- only the newest, or the longest ---- */

static int part_compare(const void *a, const void *b)
{
    const struct weft_chunk_view *x = ((const struct part *)a)->cursor.chunk,
                                 *y = ((const struct part *)b)->cursor.chunk;
    return (x->start_max < y->start_max) - (x->start_max > y->start_max);
}

static void ranked_open(struct giving *g, uint32_t i, uint32_t c)
{
    const struct weft_segment_view *view = &g->v->query->views[i];

    g->ranked[g->ranked_count++] =
        (struct part){ .segment = i,
                       .cursor = { .view = view,
                                   .chunk = &weft_segment_chunk_at(view->segment, c)->view } };
}

static void chunks_open(struct giving *g)
{
    const struct weft_store_query *query = g->v->query;
    uint32_t chunks = 1;

    g->selects = weft_arena_alloc_array(&g->arena, query->set->segment_count, sizeof *g->selects);
    for (uint32_t i = 0; i < query->set->segment_count; i++) chunks += query->views[i].chunk_count;
    g->ranked = weft_arena_alloc_array(&g->arena, chunks, sizeof *g->ranked);
    for (uint32_t i = 0; i < query->set->segment_count; i++) segment_open(g, i, ranked_open);
    if (g->ranked_count > 1) qsort(g->ranked, g->ranked_count, sizeof *g->ranked, part_compare);
}

/* Row by row, the newest chunks first: what was received twice is given twice. */
static int chunks_give(struct giving *g)
{
    int rc = 1;

    chunks_open(g);
    for (uint32_t i = 0; i < g->ranked_count && rc > 0; i++) {
        const struct weft_chunk_view *chunk = g->ranked[i].cursor.chunk;
        if ((rc = weft_vectors_check_time(g->v->scan, g->err)) < 0) return rc;
        rc = 1;
        if (chunk_is_outside(g->v->scan, chunk)) continue;
        rows_note(g, chunk->span_count);
        for (uint32_t row = 0; row < chunk->span_count && rc > 0; row++)
            rc = row_give(g, &g->ranked[i], row);
        /* What is found here may rule the next ones out. */
        if (rc > 0) rc = vector_give(g);
    }
    return rc < 0 ? rc : WEFT_OK;
}

static void giving_release(struct giving *g)
{
    for (uint32_t i = 0; i < g->part_count; i++) weft_chunk_traces_release(&g->parts[i].cursor);
    for (uint32_t i = 0; i < g->v->query->set->segment_count; i++)
        weft_segment_select_release(g->selects[i]);
    for (uint32_t c = 0; c < g->v->scan->column_count; c++)
        if (g->codes[c].column != NULL) weft_codes_release(&g->codes[c]);
    weft_free(g->parts);
    weft_free(g->heap.items);
    weft_buf_release(&g->rows);
    weft_arena_release(&g->arena);
    weft_arena_release(&g->spans);
    weft_free(g);
}

int weft_segment_vectors_give(struct weft_segment_vectors *v, struct weft_err *err)
{
    struct giving *g = weft_alloc_zero(sizeof *g);

    g->v = v;
    g->err = err;
    g->lost_pages = weft_file_lost_pages();
    g->place.head.identify = identify;
    weft_arena_init(&g->arena, 0);
    weft_arena_init(&g->spans, 1 << 16);
    g->codes = weft_arena_alloc_array(&g->arena, v->scan->column_count, sizeof *g->codes);
    for (uint32_t c = 0; c < v->scan->column_count; c++) {
        const struct weft_span_column *column = &v->scan->columns[c];
        if (column->field != WEFT_FIELD_DURATION) weft_codes_init(&g->codes[c], column, NULL);
        g->needs_lists |=
            column->field == WEFT_FIELD_STATUS_MESSAGE ||
            (column->field == WEFT_FIELD_ATTRIBUTE && column->scope == WEFT_SCOPE_SPAN);
    }
    ++*v->numbering;
    if (!weft_vectors_are_ranked(v->scan)) parts_open(g);
    enum weft_scan_step step = weft_scan_enter(v->scan->report, WEFT_STEP_FIND);
    int rc = weft_vectors_are_ranked(v->scan) ? chunks_give(g) : traces_give(g);
    weft_scan_enter(v->scan->report, step);
    giving_release(g);
    return rc;
}
