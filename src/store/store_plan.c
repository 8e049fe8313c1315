/* store_plan.c -- see store_plan.h. */
#include "store/store_plan.h"
#include "store/block_estimate.h"
#include "store/block_select.h"
#include "store/segment_internal.h"
#include "store/segment_select.h"
#include "store/store_traces_internal.h"

/* Row groups whose directories are read. */
enum { SAMPLES_MAX = 12 };
/* Traces that a search for the newest puts together at first (store_traces.c). */
enum { FIRST_TRACES = 32 };

/* What traces() and spans() have in common. */
struct plan {
    struct weft_store *store;
    const struct weft_store_query *query;
    const struct weft_selection *selection;
    struct weft_estimate_ask ask;
    bool is_of_spans, is_newest, is_merge;
    uint64_t from_ns, to_ns, deadline_monotonic_ns;
    const _Atomic bool *cancelled;
    struct weft_scan_report *report;
    struct weft_trace_scan_result *result;
    struct weft_arena arena;             /* of a block, or a row group */
    struct weft_buf found;               /* struct found */
    uint64_t newest_bytes, newest_start; /* of row groups in the newest block that may be read */
    uint32_t newest_count;
    struct weft_err err;
};
/* A row group that may be read. */
struct found {
    struct weft_store_block *entry;
    uint32_t number;
};

static uint64_t sum_of(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Spans are asked for by their starts, traces by all of their time. Nothing is said of traces that lie elsewhere, too. */
static bool is_outside(const struct plan *p, uint64_t start_min, uint64_t start_max,
                       uint64_t duration_max)
{
    if (p->is_merge) return false;
    uint64_t end = p->is_of_spans ? start_max : sum_of(start_max, duration_max);
    return end < p->from_ns || (p->to_ns != 0 && start_min >= p->to_ns);
}

static bool is_over(struct plan *p)
{
    if (p->cancelled != NULL && atomic_load_explicit(p->cancelled, memory_order_relaxed))
        p->result->partial_reason = "cancelled";
    else if (p->deadline_monotonic_ns != 0 && weft_clock_monotonic_ns() >= p->deadline_monotonic_ns)
        p->result->partial_reason = "time limit";
    else
        return false;
    return true;
}

/* ---- blocks ---- */

static enum weft_fate row_groups_plan(struct plan *p, struct weft_store_block *entry,
                                      const struct weft_block *block, bool is_hopeless)
{
    uint64_t bytes = 0;
    enum weft_fate best = WEFT_FATE_NOT_REACHED;
    uint32_t count = 0;

    for (uint32_t r = 0; r < block->info.row_group_count; r++) {
        const struct weft_rows_entry *e = &block->rows[r];
        enum weft_fate fate = is_hopeless ? WEFT_FATE_HOPELESS
                              : is_outside(p, e->start_min, e->start_max, e->duration_max)
                                  ? WEFT_FATE_OUT_OF_RANGE
                                  : WEFT_FATE_READ;
        const struct found found = { entry, r };
        weft_scan_piece(p->report, WEFT_PIECE_ROW_GROUP, fate, 1);
        best = fate > best ? fate : best;
        if (fate != WEFT_FATE_READ) continue;
        weft_buf_append(&p->found, &found, sizeof found);
        p->report->rows += e->span_count;
        bytes += e->bytes;
        count++;
    }
    if (count > 0 && block->info.start_max >= p->newest_start) {
        p->newest_start = block->info.start_max;
        p->newest_bytes = bytes;
        p->newest_count = count;
    }
    return best;
}

static int select_make(struct plan *p, struct weft_block *block, struct weft_block_reader *reader,
                       struct weft_select **out)
{
    int rc = weft_block_load_tables(block, &p->err);

    if (rc < 0) return rc;
    weft_block_reader_init(reader, block);
    return weft_select_init(out, block, p->selection, reader, &p->arena, &p->err);
}

/* A block that cannot be read is told, and no error. */
static int damaged(struct plan *p, struct weft_store_block *entry, int rc)
{
    if (rc == WEFT_OK || !weft_store_block_found_damaged(p->store, entry, rc, &p->err)) return rc;
    p->result->partial_reason = "damaged file";
    weft_scan_piece(p->report, WEFT_PIECE_BLOCK, WEFT_FATE_DAMAGED, 1);
    return WEFT_OK;
}

static int block_plan(struct plan *p, struct weft_store_block *entry)
{
    const struct weft_block_summary *summary = &entry->summary;
    struct weft_block_reader reader = { 0 };
    struct weft_select *select;
    struct weft_block *block;
    enum weft_fate fate = WEFT_FATE_OUT_OF_RANGE;
    int rc = WEFT_OK;

    if (summary->span_count > 0 &&
        !is_outside(p, summary->start_min, summary->start_max, p->is_of_spans ? 0 : UINT64_MAX)) {
        weft_arena_reset(&p->arena);
        rc = weft_store_block_get(entry, &block, &p->err);
        if (rc == WEFT_OK) rc = select_make(p, block, &reader, &select);
        if (rc == WEFT_OK) weft_select_report(select, p->report, &p->arena);
        if (rc == WEFT_OK) fate = row_groups_plan(p, entry, block, weft_select_is_hopeless(select));
        weft_block_reader_release(&reader);
    } else {
        weft_scan_piece(p->report, WEFT_PIECE_ROW_GROUP, fate, summary->row_group_count);
    }
    if (rc == WEFT_OK) weft_scan_piece(p->report, WEFT_PIECE_BLOCK, fate, 1);
    return damaged(p, entry, rc);
}

/* ---- bytes, from some of the row groups ---- */

struct sums {
    uint64_t rows, bytes;
    struct weft_estimate estimate;
};

/* Nothing is asked of a row group whose directory says that there is nothing. */
static int sample_add(struct plan *p, const struct found *found, struct sums *sums)
{
    struct weft_block_reader reader = { 0 };
    struct weft_estimate estimate = { 0 };
    struct weft_select *select;
    struct weft_block *block;
    struct weft_rows rows;
    bool is_hopeless = false;

    weft_arena_reset(&p->arena);
    int rc = weft_store_block_get(found->entry, &block, &p->err);
    if (rc == WEFT_OK) rc = select_make(p, block, &reader, &select);
    if (rc == WEFT_OK) rc = weft_rows_open(&rows, block, found->number, &p->arena, &p->err);
    if (rc == WEFT_OK) rc = weft_select_enter(select, &rows, &is_hopeless, &p->err);
    if (rc == WEFT_OK) rc = weft_block_estimate(&rows, &p->ask, &estimate, &p->err);
    weft_block_reader_release(&reader);
    if (rc < 0) return rc;
    sums->rows += rows.span_count;
    sums->bytes += is_hopeless ? 0 : rows.entry->bytes;
    sums->estimate.find_least += is_hopeless ? estimate.directory : estimate.find_least;
    sums->estimate.find_most += is_hopeless ? estimate.directory : estimate.find_most;
    sums->estimate.columns += is_hopeless ? 0 : estimate.columns;
    return WEFT_OK;
}

static uint64_t scaled(uint64_t bytes, const struct plan *p, const struct sums *sums)
{
    return (uint64_t)((double)bytes * (double)p->report->rows / (double)sums->rows);
}

/* The newest block has some of everything that is frequent: then it is asked, and the row groups of the first traces are read. */
static uint64_t frequent_bytes(const struct plan *p, const struct sums *sums)
{
    uint32_t row_groups = p->newest_count < FIRST_TRACES ? p->newest_count : FIRST_TRACES;
    double share = (double)p->newest_count / ((double)p->found.len / sizeof(struct found)),
           find = (double)scaled(sums->estimate.find_most, p, sums) * share,
           read = (double)p->newest_bytes * row_groups / p->newest_count;
    return (uint64_t)(find + read);
}

/* What row groups have apart is not the same in all of them. */
static uint64_t with_margin(uint64_t bytes)
{
    return bytes + bytes / 16;
}

static void bytes_estimate(struct plan *p, const struct sums *sums)
{
    struct weft_scan_report *report = p->report;
    uint64_t least = scaled(sums->estimate.find_least, p, sums),
             most = scaled(sums->estimate.find_most, p, sums),
             columns = scaled(sums->estimate.columns, p, sums), all = scaled(sums->bytes, p, sums);

    if (p->is_of_spans) {
        least += p->selection == NULL ? columns : 0;
        most += columns;
    } else if (p->is_newest) {
        uint64_t frequent = frequent_bytes(p, sums);
        least = p->selection == NULL || frequent < least ? frequent : least;
        most += all;
    } else {
        least = p->is_merge ? all : least;
        most = p->is_merge ? all : most + all;
    }
    report->bytes_least += least;
    report->bytes_most += with_margin(most);
}

static int samples_take(struct plan *p)
{
    const struct found *found = (const struct found *)(const void *)p->found.data;
    uint32_t count = (uint32_t)(p->found.len / sizeof *found),
             samples = count < SAMPLES_MAX ? count : SAMPLES_MAX;
    struct sums sums = { 0 };

    for (uint32_t i = 0; i < samples && !is_over(p); i++) {
        const struct found *one = &found[(uint64_t)i * count / samples];
        int rc = sample_add(p, one, &sums);
        if (rc < 0 && !weft_store_block_found_damaged(p->store, one->entry, rc, &p->err)) return rc;
        if (rc < 0) p->result->partial_reason = "damaged file";
    }
    if (sums.rows > 0) bytes_estimate(p, &sums);
    return WEFT_OK;
}

/* ---- segments ---- */

static void segment_plan(struct plan *p, uint32_t i)
{
    const struct weft_segment_view *view = &p->query->views[i];
    enum weft_fate best = WEFT_FATE_NOT_REACHED;

    if (view->chunk_count == 0) return;
    if (weft_store_segment_is_unreadable(p->store, &p->query->set->segments[i], &p->err)) {
        p->result->partial_reason = "damaged file";
        weft_scan_piece(p->report, WEFT_PIECE_SEGMENT, WEFT_FATE_DAMAGED, 1);
        return;
    }
    weft_arena_reset(&p->arena);
    struct weft_segment_select *select = weft_segment_select_init(view, p->selection, &p->arena);
    for (uint32_t c = 0; c < view->chunk_count; c++) {
        const struct weft_chunk_view *chunk = &weft_segment_chunk_at(view->segment, c)->view;
        bool is_out =
            is_outside(p, chunk->start_min, chunk->start_max, p->is_of_spans ? 0 : UINT64_MAX);
        enum weft_fate fate = select == NULL ? WEFT_FATE_HOPELESS
                              : is_out       ? WEFT_FATE_OUT_OF_RANGE
                                             : WEFT_FATE_READ;
        weft_scan_piece(p->report, WEFT_PIECE_CHUNK, fate, 1);
        best = fate > best ? fate : best;
        if (fate == WEFT_FATE_READ) p->report->rows += chunk->span_count;
        if (fate == WEFT_FATE_READ && p->is_of_spans)
            p->report->bytes_most += (uint64_t)chunk->span_count * WEFT_RECORD_BYTES;
    }
    weft_segment_select_release(select);
    weft_scan_piece(p->report, WEFT_PIECE_SEGMENT, best, 1);
}

/* ---- both ---- */

static int plan_run(struct plan *p, struct weft_err *err)
{
    const struct weft_store_set *set = p->query->set;
    int rc = WEFT_OK;

    *p->result = (struct weft_trace_scan_result){ 0 };
    enum weft_scan_step step = weft_scan_enter(p->report, WEFT_STEP_PREPARE);
    weft_arena_init(&p->arena, 1 << 16);
    for (uint32_t i = 0; i < set->block_count && rc == WEFT_OK && !is_over(p); i++)
        rc = block_plan(p, set->blocks[i]);
    if (rc == WEFT_OK) rc = samples_take(p);
    for (uint32_t i = 0; i < set->segment_count && rc == WEFT_OK && !is_over(p); i++)
        segment_plan(p, i);
    weft_arena_release(&p->arena);
    weft_buf_release(&p->found);
    weft_scan_enter(p->report, step);
    if (rc < 0 && err != NULL) *err = p->err;
    return rc;
}

int weft_store_plan_traces(struct weft_store *store, const struct weft_store_query *query,
                           const struct weft_trace_scan *asked, struct weft_trace_scan_result *out,
                           struct weft_err *err)
{
    struct plan plan = { .store = store,
                         .query = query,
                         .selection = asked->selection,
                         .ask = { .selection = asked->selection, .of_traces = true },
                         .is_newest = asked->start_min != NULL,
                         .is_merge = weft_scan_is_merge(query, asked),
                         .from_ns = asked->from_ns,
                         .to_ns = asked->to_ns,
                         .deadline_monotonic_ns = asked->deadline_monotonic_ns,
                         .cancelled = asked->cancelled,
                         .report = asked->report,
                         .result = out };
    return plan_run(&plan, err);
}

int weft_store_plan_spans(struct weft_store *store, const struct weft_store_query *query,
                          const struct weft_span_scan *asked, struct weft_trace_scan_result *out,
                          struct weft_err *err)
{
    struct plan plan = { .store = store,
                         .query = query,
                         .selection = asked->selection,
                         .ask = { .selection = asked->selection,
                                  .columns = asked->columns,
                                  .column_count = asked->column_count },
                         .is_of_spans = true,
                         .from_ns = asked->from_ns,
                         .to_ns = asked->to_ns,
                         .deadline_monotonic_ns = asked->deadline_monotonic_ns,
                         .cancelled = asked->cancelled,
                         .report = asked->report,
                         .result = out };
    return plan_run(&plan, err);
}
