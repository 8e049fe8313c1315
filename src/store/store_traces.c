/* store_traces.c -- the traces of one set, whole, one after the other.
 *
 * Every trace: a merge by trace id over the chunks of its segments and its blocks, each of which has its traces in the order of their
 * ids. Those that a selection has, or the newest, or those of a range that most blocks lie outside of: as store_traces_find.c lists them;
 * the parts are put on each of them.
 */
#include "store/store_plan.h"
#include "store/store_traces_internal.h"

/* The first batch is what most searches want; what they judge not to be an answer makes the next one larger. */
enum { BATCH_MIN = 32, BATCH_GROWTH = 4, BATCH_MAX = 1 << 17 };

/* Finding out which traces lie in several blocks takes about as long as putting a block on a trace once for so many traces. */
enum { TRACES_A_SEEK = 64 };

#define NOT_KNOWN UINT32_MAX

/* ---- every trace ---- */

static int merge_start(struct weft_scan *scan)
{
    static const struct weft_trace_id zero;
    int rc;

    scan->heap.count = 0;
    for (uint32_t i = 0; i < scan->part_count; i++) {
        struct weft_scan_part *part = &scan->parts[i];
        if (part->is_unplaced &&
            (rc = weft_scan_part_seek(scan, part, scan->has_visited ? &scan->visited : &zero)) < 0)
            return rc;
        while (scan->has_visited && !weft_scan_part_is_at_end(part) &&
               memcmp(weft_scan_part_id(part), &scan->visited, sizeof scan->visited) == 0)
            if ((rc = weft_scan_part_next(scan, part)) < 0) return rc;
        if (!weft_scan_part_is_at_end(part))
            scan->heap.items[scan->heap.count++] = weft_scan_place_of(weft_scan_part_id(part), i);
    }
    weft_scan_heap_make(&scan->heap);
    return WEFT_OK;
}

/* The first part has gone on. */
static void merge_move(struct weft_scan *scan)
{
    struct weft_scan_heap *heap = &scan->heap;
    uint32_t number = heap->items[0].part;
    struct weft_scan_part *part = &scan->parts[number];

    if (weft_scan_part_is_at_end(part))
        heap->items[0] = heap->items[--heap->count];
    else
        heap->items[0] = weft_scan_place_of(weft_scan_part_id(part), number);
    weft_scan_heap_sink(heap);
}

/* All spans of the first trace in the heap; the parts that have some of them go on. */
static int merge_collect(struct weft_scan *scan, struct weft_trace_id *id)
{
    const struct weft_scan_place first = scan->heap.items[0];
    int rc;

    *id = *weft_scan_part_id(&scan->parts[first.part]);
    while (scan->heap.count > 0 && scan->heap.items[0].high == first.high &&
           scan->heap.items[0].low == first.low) {
        struct weft_scan_part *part = &scan->parts[scan->heap.items[0].part];
        if ((rc = weft_scan_part_spans(scan, part)) < 0 ||
            (rc = weft_scan_part_next(scan, part)) < 0)
            return rc;
        weft_scan_part_count(scan, part);
        merge_move(scan);
    }
    return WEFT_OK;
}

/* ---- a trace that is asked for ---- */

/* All spans that the part has of it; how many pieces they lay in is added. */
static int part_collect(struct weft_scan *scan, struct weft_scan_part *part,
                        const struct weft_trace_id *id, uint32_t *pieces)
{
    int rc;

    bool must_seek = part->is_unplaced || (!weft_scan_part_is_at_end(part) &&
                                           memcmp(weft_scan_part_id(part), id, sizeof *id) < 0);
    if (must_seek && (rc = weft_scan_part_seek(scan, part, id)) < 0) return rc;
    for (; !weft_scan_part_is_at_end(part) && memcmp(weft_scan_part_id(part), id, sizeof *id) == 0;
         (*pieces)++)
        if ((rc = weft_scan_part_spans(scan, part)) < 0 ||
            (rc = weft_scan_part_next(scan, part)) < 0)
            return rc;
    return WEFT_OK;
}

/* Which blocks need not be asked, once that has been asked often enough. */
static bool is_in_one_block(struct weft_scan *scan, const struct weft_trace_id *id)
{
    const struct weft_store_set *set = scan->query->set;

    if (scan->blocks_split == NULL) {
        enum weft_scan_step step;
        uint64_t traces = 0;
        for (uint32_t i = 0; i < set->block_count; i++)
            traces += set->blocks[i]->summary.trace_count;
        if (!weft_store_split_is_made(scan->query) &&
            ++scan->seeks * set->block_count < traces / TRACES_A_SEEK)
            return false;
        scan->blocks_split = &scan->blocks_split_room;
        step = weft_scan_enter(scan->asked->report, WEFT_STEP_SPLIT);
        weft_store_split_init(scan->blocks_split, scan->query);
        weft_scan_enter(scan->asked->report, step);
    }
    return !weft_store_split_blocks_have(scan->blocks_split, id);
}

/* `found_in`: one of the parts that have it, or NOT_KNOWN. */
static int trace_collect(struct weft_scan *scan, const struct weft_trace_id *id, uint32_t found_in)
{
    bool is_alone =
        found_in != NOT_KNOWN && scan->parts[found_in].block != NULL && is_in_one_block(scan, id);
    uint32_t pieces = 0;
    bool is_new;
    int rc;

    for (uint32_t i = 0; i < scan->part_count; i++) {
        struct weft_scan_part *part = &scan->parts[i];
        if (is_alone && part->block != NULL && i != found_in) continue;
        if ((rc = part_collect(scan, part, id, &pieces)) < 0) return rc;
        weft_scan_part_count(scan, part);
    }
    if (pieces > 1 && scan->asked->start_min != NULL)
        weft_map_put(&scan->several, weft_str_make((const char *)id, sizeof *id), 0, &is_new);
    return WEFT_OK;
}

/* ---- visiting ---- */

static bool is_in_range(const struct weft_trace_scan *asked, const struct weft_batch *trace)
{
    uint64_t start = UINT64_MAX, end = 0;

    for (uint32_t i = 0; i < trace->span_count; i++) {
        const struct weft_span *span = &trace->spans[i];
        uint64_t span_end = span->start_time_unix_nano + weft_span_duration_ns(span);
        start = span->start_time_unix_nano < start ? span->start_time_unix_nano : start;
        end = span_end > end ? span_end : end;
    }
    return end >= asked->from_ns && (asked->to_ns == 0 || start < asked->to_ns);
}

static void trace_begin(struct weft_scan *scan)
{
    weft_arena_reset(&scan->trace_arena);
    scan->found = (struct weft_batch){ .arena = &scan->trace_arena };
}

/* What was collected of trace `id` is joined and visited. 1: go on; 0: enough; 2: pages were lost, and the trace has to be collected
 * again. */
enum { ENOUGH = 0, GO_ON = 1, AGAIN = 2 };

static int trace_give(struct weft_scan *scan, const struct weft_trace_id *id,
                      weft_trace_visit *visit, void *arg)
{
    bool is_wanted = scan->found.span_count > 0 && is_in_range(scan->asked, &scan->found), is_cut;
    int rc = is_wanted ? weft_trace_join(&scan->found, &is_cut, &scan->err) : WEFT_OK;

    if (weft_scan_pages_were_lost(scan)) {
        weft_scan_parts_recover(scan);
        return AGAIN;
    }
    if (rc < 0) return rc;
    scan->visited = *id;
    scan->has_visited = true;
    if (!is_wanted) return GO_ON;
    scan->result->inspected_traces++;
    scan->result->inspected_spans += scan->found.span_count;
    weft_read_limits_add(scan->asked->reads, 0, scan->found.span_count);
    scan->found.partial_reason = scan->result->partial_reason;
    weft_scan_count(scan->asked->report, WEFT_STEP_READ, 1, scan->found.span_count, 0);
    weft_scan_count(scan->asked->report, WEFT_STEP_JUDGE, 1, 0, 0);
    enum weft_scan_step step = weft_scan_enter(scan->asked->report, WEFT_STEP_JUDGE);
    bool goes_on = visit(arg, &scan->found);
    weft_scan_enter(scan->asked->report, step);
    return goes_on ? GO_ON : ENOUGH;
}

static int listed_visit(struct weft_scan *scan, const struct weft_trace_id *id, uint32_t found_in,
                        weft_trace_visit *visit, void *arg)
{
    int rc;

    do {
        trace_begin(scan);
        if ((rc = trace_collect(scan, id, found_in)) < 0) return rc;
        rc = trace_give(scan, id, visit, arg);
    } while (rc == AGAIN);
    return rc;
}

/* ---- the three ways ---- */

static int all_visit(struct weft_scan *scan, weft_trace_visit *visit, void *arg)
{
    struct weft_trace_id id;
    int rc = merge_start(scan);

    if (rc == WEFT_OK && weft_scan_pages_were_lost(scan)) {
        weft_scan_parts_recover(scan);
        rc = merge_start(scan);
    }
    while (rc >= 0 && scan->heap.count > 0 && !weft_scan_is_over(scan)) {
        trace_begin(scan);
        if ((rc = merge_collect(scan, &id)) < 0) return rc;
        rc = trace_give(scan, &id, visit, arg);
        if (rc == ENOUGH) return WEFT_OK;
        if (rc == AGAIN) rc = merge_start(scan);
    }
    return rc < 0 ? rc : WEFT_OK;
}

static int selected_visit(struct weft_scan *scan, weft_trace_visit *visit, void *arg)
{
    struct weft_trace_id id;
    uint32_t part;
    int rc = weft_scan_selected_start(scan);

    const struct weft_trace_id *after = scan->asked->after;
    while (rc >= 0 && weft_scan_selected_next(scan, &id, &part, &rc) && !weft_scan_is_over(scan))
        if (after != NULL && memcmp(&id, after, sizeof id) <= 0)
            continue;
        else if ((rc = listed_visit(scan, &id, part, visit, arg)) == ENOUGH)
            return WEFT_OK;
    return rc < 0 ? rc : WEFT_OK;
}

/* One batch, in the order of ids. ENOUGH: a part of it. */
static int batch_visit(struct weft_scan *scan, weft_trace_visit *visit, void *arg)
{
    const struct weft_candidate *batch = (const struct weft_candidate *)(void *)scan->batch.data;
    uint32_t count = (uint32_t)(scan->batch.len / sizeof *batch);
    int rc = GO_ON;

    for (uint32_t i = 0; i < scan->part_count; i++) scan->parts[i].is_unplaced = true;
    for (uint32_t i = 0; i < count && rc > 0; i++) {
        const struct weft_trace_id *id = &batch[i].id;
        if (weft_scan_is_over(scan)) return ENOUGH;
        if (batch[i].start_ns < *scan->asked->start_min) continue;
        if (scan->has_visited && memcmp(id, &scan->visited, sizeof *id) == 0) continue;
        if (weft_map_get(&scan->several, weft_str_make((const char *)id, sizeof *id)) != NULL)
            continue;
        rc = listed_visit(scan, id, batch[i].part, visit, arg);
    }
    return rc;
}

/* Of a batch that a limit ends nothing is known: when one is near, batches become smaller. */
static uint32_t batch_within(const struct weft_scan *scan, uint64_t began_ns, uint32_t count)
{
    const struct weft_trace_scan *asked = scan->asked;
    uint64_t traces = scan->result->inspected_traces, now = weft_clock_monotonic_ns();
    double left = BATCH_MAX;

    if (traces == 0) return count;
    if (asked->reads != NULL && asked->reads->spans_max > asked->reads->spans)
        left = (double)(asked->reads->spans_max - asked->reads->spans) /
               (double)(scan->result->inspected_spans + 1) * (double)traces;
    if (asked->deadline_monotonic_ns > now) {
        double by_time = (double)(asked->deadline_monotonic_ns - now) /
                         (double)(now - began_ns + 1) * (double)traces;
        left = by_time < left ? by_time : left;
    }
    if (left / 2 >= count) return count;
    return left / 2 > BATCH_MIN ? (uint32_t)(left / 2) : BATCH_MIN;
}

static int newest_visit(struct weft_scan *scan, weft_trace_visit *visit, void *arg)
{
    struct weft_candidate oldest = { 0 }, after;
    bool is_first = true, is_last = false, is_cut = false;
    uint64_t began_ns = weft_clock_monotonic_ns();
    int rc = GO_ON;

    scan->must_go_on = true;
    for (uint32_t count = BATCH_MIN; rc > 0 && !is_last && !weft_scan_is_over(scan);
         count = count < BATCH_MAX ? count * BATCH_GROWTH : count) {
        count = batch_within(scan, began_ns, count);
        rc = weft_scan_newest_find(scan, count, is_first ? NULL : &after, &oldest, &is_last,
                                   &is_cut);
        if (rc < 0) return rc;
        if (weft_scan_is_over(scan)) return WEFT_OK;
        if ((rc = batch_visit(scan, visit, arg)) <= 0) return rc;
        is_last |= oldest.start_ns < *scan->asked->start_min;
        scan->result->complete_from_ns = is_last ? 0 : oldest.start_ns + 1;
        /* Traces of several parts come up where only a part of them lies behind the end of the range. */
        scan->must_go_on =
            scan->asked->to_ns != 0 && scan->result->complete_from_ns >= scan->asked->to_ns;
        after = oldest;
        is_first = false;
    }
    return rc < 0 ? rc : WEFT_OK;
}

static int list_visit(struct weft_scan *scan, const struct weft_trace_id *ids, uint32_t count,
                      weft_trace_visit *visit, void *arg)
{
    int rc = GO_ON;

    for (uint32_t i = 0; i < count && rc > 0 && !weft_scan_is_over(scan); i++)
        rc = listed_visit(scan, &ids[i], NOT_KNOWN, visit, arg);
    return rc < 0 ? rc : WEFT_OK;
}

static int found_visit(struct weft_scan *scan, weft_trace_visit *visit, void *arg)
{
    enum weft_scan_step step = weft_scan_enter(scan->asked->report, WEFT_STEP_PREPARE);
    weft_scan_find_start(scan);
    weft_scan_enter(scan->asked->report, step);
    int rc = scan->asked->start_min != NULL ? newest_visit(scan, visit, arg)
                                            : selected_visit(scan, visit, arg);
    weft_scan_find_release(scan);
    return rc;
}

static bool block_starts_in_range(const struct weft_trace_scan *asked,
                                  const struct weft_block_summary *block)
{
    return block->start_max >= asked->from_ns &&
           (asked->to_ns == 0 || block->start_min < asked->to_ns);
}

bool weft_scan_is_merge(const struct weft_store_query *query, const struct weft_trace_scan *asked)
{
    uint64_t inside = 0, spans = 0;

    if (asked->selection != NULL || asked->start_min != NULL) return false;
    for (uint32_t i = 0; i < query->set->block_count; i++) {
        const struct weft_block_summary *block = &query->set->blocks[i]->summary;
        spans += block->span_count;
        if (block_starts_in_range(asked, block)) inside += block->span_count;
    }
    return inside >= spans / 2;
}

/* `ids` NULL: those that are asked for. */
static int scan_run(struct weft_scan *scan, const struct weft_trace_id *ids, uint32_t count,
                    weft_trace_visit *visit, void *arg)
{
    const struct weft_trace_scan *asked = scan->asked;
    int rc;

    if (atomic_load(&scan->store->damaged_files) > 0) weft_scan_hole(scan);
    if (asked->start_min != NULL) scan->result->complete_from_ns = UINT64_MAX;
    scan->lost_pages = weft_file_lost_pages();
    if (weft_scan_is_over(scan) || (rc = weft_scan_parts_open(scan)) < 0)
        return weft_scan_is_over(scan) ? WEFT_OK : rc;
    weft_scan_enter(asked->report, WEFT_STEP_READ);
    if (ids != NULL) return list_visit(scan, ids, count, visit, arg);
    if (asked->after != NULL) {
        scan->visited = *asked->after;
        scan->has_visited = true;
    }
    weft_scan_fates_start(scan);
    bool is_merge = weft_scan_is_merge(scan->query, asked);
    rc = is_merge ? all_visit(scan, visit, arg) : found_visit(scan, visit, arg);
    weft_scan_fates_count(scan, is_merge);
    return rc;
}

int weft_store_traces_of(struct weft_store *store, const struct weft_store_query *query,
                         const struct weft_trace_scan *asked, const struct weft_trace_id *ids,
                         uint32_t count, weft_trace_visit *visit, void *arg,
                         struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct weft_scan scan = { .store = store, .query = query, .asked = asked, .result = out };

    *out = (struct weft_trace_scan_result){ 0 };
    enum weft_scan_step step = weft_scan_enter(asked->report, WEFT_STEP_PREPARE);
    weft_arena_init(&scan.trace_arena, 1 << 16);
    int rc = scan_run(&scan, ids, count, visit, arg);
    weft_scan_parts_release(&scan);
    weft_arena_release(&scan.trace_arena);
    weft_scan_enter(asked->report, step);
    if (rc < 0 && err != NULL) *err = scan.err;
    return rc;
}

int weft_store_traces(void *self, const struct weft_trace_scan *asked, weft_trace_visit *visit,
                      void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct weft_store_query query;

    weft_store_query_begin(&query, self);
    if (asked->report != NULL && asked->report->is_plan) {
        int planned = weft_store_plan_traces(self, &query, asked, out, err);
        weft_store_query_end(&query);
        return planned;
    }
    int rc = weft_store_traces_of(self, &query, asked, NULL, 0, visit, arg, out, err);
    weft_store_query_end(&query);
    return rc;
}
