/* candidates.c -- see candidates.h. */
#include "store/candidates.h"
#include "store/block_select_internal.h"
#include "store/chunk_traces.h"
#include "store/segment_internal.h"

void weft_split_list_make(struct weft_split_list *list)
{
    struct weft_store_split split;

    if (list->is_made) return;
    weft_store_split_init(&split, list->query);
    list->is_all = !weft_store_split_ids(&split, &list->ids);
    list->is_made = true;
}

static bool is_behind(const struct weft_candidate_bounds *bounds, uint64_t start)
{
    return start < bounds->start_min || (bounds->after != NULL && start > bounds->after->start_ns);
}

static void candidate_add(struct weft_buf *out, const struct weft_candidate_bounds *bounds,
                          const struct weft_trace_id *id, uint64_t start)
{
    struct weft_candidate found = { .id = *id, .start_ns = start };

    if (bounds->after == NULL || weft_candidate_compare(bounds->after, &found) < 0)
        weft_buf_append(out, &found, sizeof found);
}

/* ---- of a block ---- */

int weft_block_candidates_init(struct weft_block_candidates *c, struct weft_block *block,
                               const struct weft_block_mask *mask,
                               const struct weft_selection *selection,
                               struct weft_split_list *split, struct weft_scan_report *report,
                               struct weft_err *err)
{
    int rc = weft_block_load_tables(block, err);

    if (rc < 0) return rc;
    *c = (struct weft_block_candidates){ .block = block,
                                         .mask = mask,
                                         .split = split,
                                         .report = report,
                                         .is_spanwise = weft_selection_is_spanwise(selection) };
    weft_arena_init(&c->arena, 0);
    weft_block_reader_init(&c->reader, block);
    if (selection != NULL)
        rc = weft_select_init(&c->select, block, selection, &c->reader, &c->arena, err);
    if (rc == WEFT_OK && selection != NULL && report != NULL)
        weft_select_report(c->select, report, &c->arena);
    if (rc < 0) weft_block_candidates_release(c);
    return rc;
}

void weft_block_candidates_release(struct weft_block_candidates *c)
{
    if (c->block == NULL) return;
    weft_block_reader_release(&c->reader);
    weft_arena_release(&c->arena);
    c->block = NULL;
}

bool weft_block_candidates_is_hopeless(const struct weft_block_candidates *c)
{
    return c->select != NULL && weft_select_is_hopeless(c->select);
}

/* A row group at work; bitmaps of its traces. */
struct finding {
    struct weft_block_candidates *c;
    struct weft_rows *rows;
    const struct weft_candidate_bounds *bounds;
    uint64_t *starts; /* by trace; NULL: times leave none out */
    uint32_t *first;  /* row, by trace; one more; NULL: not read yet */
    uint64_t *split;  /* NULL: not asked for yet */
    uint64_t *eligible;
    struct weft_err *err;
};

static uint64_t *trace_bits(const struct finding *f)
{
    return weft_arena_alloc_zero(f->rows->arena, (f->rows->trace_count / 64 + 1) * 8);
}

static uint32_t split_lower(const struct weft_split_list *list, const struct weft_trace_id *id)
{
    const struct weft_trace_id *ids = (const struct weft_trace_id *)(const void *)list->ids.data;
    uint32_t low = 0, high = (uint32_t)(list->ids.len / sizeof *ids);

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (memcmp(&ids[middle], id, sizeof *id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Traces of the row group that other parts have, too. */
static void split_mark(struct finding *f)
{
    struct weft_split_list *list = f->c->split;
    const struct weft_rows *rows = f->rows;
    struct weft_trace_id found;

    if (f->split != NULL) return;
    f->split = trace_bits(f);
    enum weft_scan_step step = weft_scan_enter(f->c->report, WEFT_STEP_SPLIT);
    weft_split_list_make(list);
    weft_scan_enter(f->c->report, step);
    if (list->is_all) {
        weft_bits_fill(f->split, 0, rows->trace_count);
        return;
    }
    const struct weft_trace_id *ids = (const struct weft_trace_id *)(const void *)list->ids.data;
    uint32_t count = (uint32_t)(list->ids.len / sizeof *ids);
    for (uint32_t i = split_lower(list, &rows->entry->first);
         i < count && memcmp(&ids[i], &rows->entry->last, sizeof *ids) <= 0; i++) {
        uint32_t trace = weft_rows_trace_lower(rows, &ids[i]);
        if (trace == rows->trace_count) return;
        weft_rows_trace_id(rows, trace, &found);
        if (memcmp(&found, &ids[i], sizeof found) == 0) weft_bit_set(f->split, trace);
    }
}

static uint64_t sum_of(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Do all spans of the row group lie out of the range? */
static bool is_out_of_range(const struct weft_rows_entry *e,
                            const struct weft_candidate_bounds *bounds)
{
    return (bounds->to_ns != 0 && e->start_min >= bounds->to_ns) ||
           sum_of(e->start_max, e->duration_max) < bounds->from_ns;
}

/* Clears traces whose piece here lies out of the range, unless there is more of them elsewhere. A trace ends here at its start
 * + excess + duration of its first row at most. */
static int range_keep(struct finding *f)
{
    const struct weft_rows_entry *e = f->rows->entry;
    const struct weft_candidate_bounds *b = f->bounds;
    struct weft_paged excess;
    int rc;

    bool has_late = b->to_ns != 0 && e->start_max >= b->to_ns,
         has_early = b->from_ns > e->start_min;
    if (!has_late && !has_early) return WEFT_OK;
    if (has_early && (rc = weft_rows_trace_excess(f->rows, &excess, f->err)) < 0) return rc;
    for (uint32_t n = f->rows->trace_count, t = weft_bits_next(f->eligible, 0, n); t < n;
         t = weft_bits_next(f->eligible, t + 1, n)) {
        bool is_late = b->to_ns != 0 && f->starts[t] >= b->to_ns,
             is_early = has_early && f->starts[t] < b->from_ns &&
                        sum_of(sum_of(f->starts[t], weft_paged_get(&excess, t)), e->duration_max) <
                            b->from_ns;
        if (!is_late && !is_early) continue;
        split_mark(f);
        if (!weft_bit_get(f->split, t)) f->eligible[t / 64] &= ~(UINT64_C(1) << (t % 64));
    }
    return WEFT_OK;
}

/* Can times leave out a trace? */
static bool times_matter(const struct weft_rows_entry *e, const struct weft_candidate_bounds *b)
{
    return e->start_min < b->start_min || e->start_min < b->from_ns || b->after != NULL ||
           (b->to_ns != 0 && e->start_max >= b->to_ns);
}

static void starts_keep(struct finding *f)
{
    const struct weft_rows *rows = f->rows;

    f->starts = weft_arena_alloc(rows->arena, (size_t)rows->trace_count * sizeof *f->starts);
    weft_paged_read(&rows->trace_start, 0, rows->trace_count, f->starts);
    for (uint32_t from = 0; from < rows->trace_count; from += 64) {
        uint32_t left = rows->trace_count - from, n = left < 64 ? left : 64;
        uint64_t word = 0;
        for (uint32_t i = 0; i < n; i++)
            word |= (uint64_t)!is_behind(f->bounds, f->starts[from + i]) << i;
        f->eligible[from / 64] = word;
    }
}

/* Traces by their times and the mask. */
static int eligible_find(struct finding *f, bool *any)
{
    const struct weft_rows *rows = f->rows;
    uint32_t masked;
    int rc;

    f->eligible = trace_bits(f);
    if (times_matter(rows->entry, f->bounds))
        starts_keep(f);
    else
        weft_bits_fill(f->eligible, 0, rows->trace_count);
    const uint32_t *traces = weft_block_mask_traces(f->c->mask, rows->number, &masked);
    for (uint32_t i = 0; i < masked && traces[i] < rows->trace_count; i++)
        f->eligible[traces[i] / 64] &= ~(UINT64_C(1) << (traces[i] % 64));
    if (f->starts != NULL && (rc = range_keep(f)) < 0) return rc;
    *any = weft_bits_any(f->eligible, WEFT_SELECT_WORDS(rows->trace_count));
    return WEFT_OK;
}

static void firsts_read(struct finding *f)
{
    const struct weft_rows *rows = f->rows;
    uint64_t counts[WEFT_PAGED_ROWS];
    uint32_t row = 0;

    if (f->first != NULL) return;
    f->first = weft_arena_alloc(rows->arena, (rows->trace_count + 1) * sizeof *f->first);
    for (uint32_t t = 0; t < rows->trace_count; t += WEFT_PAGED_ROWS) {
        uint32_t left = rows->trace_count - t, n = left < WEFT_PAGED_ROWS ? left : WEFT_PAGED_ROWS;
        weft_paged_read(&rows->trace_spans, t, n, counts);
        for (uint32_t i = 0; i < n; i++) {
            f->first[t + i] = row;
            row += (uint32_t)counts[i];
        }
    }
    f->first[rows->trace_count] = row;
}

/* Rows of split traces, for operators that would need all of a trace. */
static const uint64_t *loose_rows(struct finding *f)
{
    uint32_t n = f->rows->trace_count;

    if (f->c->is_spanwise) return NULL;
    split_mark(f);
    if (!weft_bits_any(f->split, WEFT_SELECT_WORDS(n))) return NULL;
    firsts_read(f);
    uint64_t *loose =
        weft_arena_alloc_zero(f->rows->arena, WEFT_SELECT_WORDS(f->rows->span_count) * 8);
    for (uint32_t t = weft_bits_next(f->split, 0, n); t < n; t = weft_bits_next(f->split, t + 1, n))
        weft_bits_fill(loose, f->first[t], f->first[t + 1]);
    return loose;
}

/* Leaves the eligible traces that have one of `count` selected rows. */
static void traces_of_rows(struct finding *f, const uint64_t *bits, uint32_t count)
{
    uint32_t rows = f->rows->span_count, t = 0;
    uint64_t *selected = trace_bits(f);

    if (count > 0) firsts_read(f);
    for (uint32_t row = count > 0 ? weft_bits_next(bits, 0, rows) : rows; row < rows;
         row = weft_bits_next(bits, f->first[t + 1], rows)) {
        while (f->first[t + 1] <= row) t++;
        weft_bit_set(selected, t);
    }
    for (size_t w = 0; w < WEFT_SELECT_WORDS(f->rows->trace_count); w++)
        f->eligible[w] &= selected[w];
}

static int selected_keep(struct finding *f)
{
    uint32_t count;
    uint64_t *bits =
        weft_arena_alloc(f->rows->arena, WEFT_SELECT_WORDS(f->rows->span_count) * sizeof *bits);

    int rc = weft_select_rows_loose(f->c->select, f->rows, loose_rows(f), bits, &count, f->err);
    weft_scan_count(f->c->report, WEFT_STEP_FIND, f->rows->span_count, count, 0);
    if (rc == WEFT_OK) traces_of_rows(f, bits, count);
    return rc;
}

static int rows_find(struct finding *f, bool in_doubt, struct weft_buf *out)
{
    struct weft_rows *rows = f->rows;
    struct weft_trace_id id;
    bool any, is_hopeless = false;
    int rc = WEFT_OK;

    if (!in_doubt && f->c->select != NULL)
        rc = weft_select_enter(f->c->select, rows, &is_hopeless, f->err);
    if (is_hopeless) f->c->fate = WEFT_FATE_HOPELESS;
    if (rc < 0 || is_hopeless) return rc;
    if ((rc = weft_rows_load_traces(rows, f->err)) < 0) return rc;
    if (is_out_of_range(rows->entry, f->bounds)) {
        split_mark(f);
        f->c->fate = WEFT_FATE_OUT_OF_RANGE;
        if (!weft_bits_any(f->split, WEFT_SELECT_WORDS(rows->trace_count))) return WEFT_OK;
    }
    if ((rc = eligible_find(f, &any)) < 0 || !any) return rc;
    f->c->fate = WEFT_FATE_READ;
    if (!in_doubt && f->c->select != NULL && (rc = selected_keep(f)) < 0) return rc;
    for (uint32_t n = rows->trace_count, t = weft_bits_next(f->eligible, 0, n); t < n;
         t = weft_bits_next(f->eligible, t + 1, n)) {
        weft_rows_trace_id(rows, t, &id);
        candidate_add(out, f->bounds, &id,
                      f->starts != NULL ? f->starts[t] : weft_paged_get(&rows->trace_start, t));
    }
    return WEFT_OK;
}

int weft_block_candidates_find(struct weft_block_candidates *c, uint32_t row_group,
                               const struct weft_candidate_bounds *bounds, bool in_doubt,
                               struct weft_buf *out, struct weft_arena *scratch,
                               struct weft_err *err)
{
    struct weft_rows rows;
    struct finding f = { .c = c, .rows = &rows, .bounds = bounds, .err = err };

    weft_arena_reset(scratch);
    c->fate =
        bounds->start_min > 0 || bounds->after != NULL ? WEFT_FATE_TOO_OLD : WEFT_FATE_OUT_OF_RANGE;
    if (c->block->rows[row_group].start_max < bounds->start_min) return WEFT_OK;
    int rc = weft_rows_open(&rows, c->block, row_group, scratch, err);
    if (rc == WEFT_OK) rc = rows_find(&f, in_doubt, out);
    c->bytes_touched += rows.bytes_touched;
    return rc;
}

/* ---- of a chunk ---- */

static const uint8_t *record_of(const struct weft_chunk_view *chunk, uint32_t row)
{
    return chunk->records + (size_t)row * WEFT_RECORD_BYTES;
}

static bool chunk_trace_is_selected(struct weft_segment_select *select,
                                    const struct weft_chunk_traces *traces,
                                    struct weft_scan_report *report)
{
    uint32_t i = traces->from;

    while (i < traces->end &&
           !weft_segment_select_holds(select, traces->chunk, weft_chunk_traces_row(traces, i)))
        i++;
    bool is_selected = i < traces->end;
    weft_scan_count(report, WEFT_STEP_FIND, i - traces->from + is_selected, is_selected, 0);
    return is_selected;
}

enum weft_fate weft_chunk_candidates_find(struct weft_segment_select *select,
                                          const struct weft_segment_view *view, uint32_t chunk,
                                          const struct weft_candidate_bounds *bounds,
                                          struct weft_scan_report *report, struct weft_buf *out)
{
    struct weft_chunk_traces traces;

    if (weft_segment_chunk_at(view->segment, chunk)->view.start_max < bounds->start_min)
        return WEFT_FATE_TOO_OLD;
    weft_chunk_traces_init(&traces, view, chunk);
    for (; !traces.is_at_end; weft_chunk_traces_next(&traces)) {
        uint64_t start = UINT64_MAX;
        for (uint32_t i = traces.from; i < traces.end; i++) {
            uint64_t at =
                weft_record_start(record_of(traces.chunk, weft_chunk_traces_row(&traces, i)));
            start = at < start ? at : start;
        }
        if (!is_behind(bounds, start) && chunk_trace_is_selected(select, &traces, report))
            candidate_add(out, bounds, &traces.id, start);
    }
    weft_chunk_traces_release(&traces);
    return WEFT_FATE_READ;
}
