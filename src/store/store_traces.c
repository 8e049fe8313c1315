/* store_traces.c -- every trace of one set, one after the other: a merge by trace id over the chunks of
 * its segments and its blocks, each of which has its traces in the order of their ids.
 *
 * When few traces have what the predicates ask for, the parts are put on these one after the other
 * instead.
 *
 * When the disk cannot read a page meanwhile, nothing that was read since the last visit is believed:
 * the files that lost pages are left out from then on, and the others go back to where they were.
 */
#include "store/block_traces.h"
#include "store/chunk_traces.h"
#include "store/store_internal.h"
#include "store/trace_join.h"

/* A chunk of a segment, or a block. */
struct part {
    const struct weft_store_segment *segment; /* or: */
    struct weft_store_block *block;
    bool is_lost;
    union {
        struct weft_chunk_traces chunk;
        struct weft_block_traces *rows;
    };
};

struct place {
    uint64_t high, low; /* the id of the part's trace at hand, as numbers */
    struct part *part;
};

struct scan {
    struct weft_store *store;
    const struct weft_trace_scan *asked;
    struct weft_trace_scan_result *result;
    struct part *parts;
    uint32_t part_count;
    struct place *heap; /* of parts that have traces left; the smallest id first */
    uint32_t heap_count;
    struct weft_arena trace_arena; /* of the trace at hand */
    struct weft_batch found;       /* its spans, part after part, then joined */
    uint64_t lost_pages;
    struct weft_trace_id visited; /* the last one */
    bool has_visited;
    /* Nothing but these; NULL: all. */
    const struct weft_trace_id *wanted;
    uint32_t wanted_count, wanted_at;
    struct weft_arena wanted_arena;
    struct weft_err err;
};

/* ---- parts ---- */

static const struct weft_trace_id *part_id(const struct part *part)
{
    return part->block != NULL ? &part->rows->id : &part->chunk.id;
}

static bool part_is_at_end(const struct part *part)
{
    if (part->is_lost) return true;
    return part->block != NULL ? part->rows->is_at_end : part->chunk.is_at_end;
}

static void hole(struct scan *scan)
{
    scan->result->partial_reason = "damaged file";
}

/* What cannot be read of a block is left out, row group by row group. */
static int part_repair(struct scan *scan, struct part *part, int rc)
{
    while (rc < 0) {
        if (!weft_store_block_found_damaged(scan->store, part->block, rc, &scan->err)) return rc;
        hole(scan);
        rc = weft_block_traces_next(part->rows, &scan->err);
    }
    return rc;
}

static int part_next(struct scan *scan, struct part *part)
{
    if (part->block != NULL)
        return part_repair(scan, part, weft_block_traces_next(part->rows, &scan->err));
    weft_chunk_traces_next(&part->chunk);
    return WEFT_OK;
}

static int part_seek(struct scan *scan, struct part *part, const struct weft_trace_id *id)
{
    if (part->block != NULL)
        return part_repair(scan, part, weft_block_traces_seek(part->rows, id, &scan->err));
    weft_chunk_traces_seek(&part->chunk, id);
    return WEFT_OK;
}

/* Behind the trace `id`. */
static int part_pass(struct scan *scan, struct part *part, const struct weft_trace_id *id)
{
    int rc = WEFT_OK;

    while (rc == WEFT_OK && !part_is_at_end(part) && memcmp(part_id(part), id, sizeof *id) == 0)
        rc = part_next(scan, part);
    return rc;
}

static int part_spans(struct scan *scan, struct part *part)
{
    if (part->block == NULL) {
        weft_chunk_traces_spans(&part->chunk, &scan->found);
        return WEFT_OK;
    }
    int rc = weft_block_traces_spans(part->rows, &scan->found, &scan->err);
    if (rc == WEFT_OK || !weft_store_block_found_damaged(scan->store, part->block, rc, &scan->err))
        return rc;
    hole(scan);
    return WEFT_OK;
}

static void part_release(struct scan *scan, struct part *part)
{
    if (part->block == NULL) {
        weft_chunk_traces_release(&part->chunk);
        return;
    }
    if (part->rows == NULL) return;
    weft_block_traces_release(part->rows);
    scan->result->inspected_bytes += part->rows->bytes_touched;
    weft_free(part->rows);
    part->rows = NULL;
}

/* ---- the heap ---- */

static bool comes_before(const struct place *a, const struct place *b)
{
    return a->high != b->high ? a->high < b->high : a->low < b->low;
}

static struct place place_of(struct part *part)
{
    const uint8_t *id = part_id(part)->bytes;
    return (struct place){ weft_load_u64_be(id), weft_load_u64_be(id + 8), part };
}

/* The place at `at` may be too large for it. */
static void heap_sink(struct scan *scan, uint32_t at)
{
    struct place place = scan->heap[at];

    for (uint32_t child; (child = at * 2 + 1) < scan->heap_count; at = child) {
        if (child + 1 < scan->heap_count &&
            comes_before(&scan->heap[child + 1], &scan->heap[child]))
            child++;
        if (!comes_before(&scan->heap[child], &place)) break;
        scan->heap[at] = scan->heap[child];
    }
    scan->heap[at] = place;
}

/* The first part has gone on. */
static void heap_first_moved(struct scan *scan)
{
    struct part *part = scan->heap[0].part;

    if (part_is_at_end(part))
        scan->heap[0] = scan->heap[--scan->heap_count];
    else
        scan->heap[0] = place_of(part);
    if (scan->heap_count > 0) heap_sink(scan, 0);
}

static void heap_make(struct scan *scan)
{
    scan->heap_count = 0;
    for (uint32_t i = 0; i < scan->part_count; i++)
        if (!part_is_at_end(&scan->parts[i]))
            scan->heap[scan->heap_count++] = place_of(&scan->parts[i]);
    for (uint32_t i = scan->heap_count / 2; i > 0; i--) heap_sink(scan, i - 1);
}

/* ---- which parts there are ---- */

static int block_add(struct scan *scan, struct weft_store_block *entry)
{
    static const struct weft_trace_id zero;
    struct weft_block *block;
    int rc = weft_store_block_get(entry, &block, &scan->err);

    if (rc < 0) {
        if (!weft_store_block_found_damaged(scan->store, entry, rc, &scan->err)) return rc;
        hole(scan);
        return WEFT_OK;
    }
    struct part *part = &scan->parts[scan->part_count++];
    *part = (struct part){ .block = entry, .rows = weft_alloc(sizeof *part->rows) };
    weft_block_traces_init(part->rows, block, entry->mask);
    return part_seek(scan, part, &zero);
}

static int parts_open(struct scan *scan, const struct weft_store_query *query)
{
    const struct weft_store_set *set = query->set;
    uint32_t count = set->block_count;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < set->segment_count; i++) count += query->views[i].chunk_count;
    scan->parts = weft_alloc_array(count + 1, sizeof *scan->parts);
    scan->heap = weft_alloc_array(count + 1, sizeof *scan->heap);
    for (uint32_t i = 0; i < set->segment_count; i++) {
        if (weft_store_segment_is_unreadable(scan->store, &set->segments[i], &scan->err)) {
            hole(scan);
            continue;
        }
        for (uint32_t c = 0; c < query->views[i].chunk_count; c++) {
            struct part *part = &scan->parts[scan->part_count++];
            *part = (struct part){ .segment = &set->segments[i] };
            weft_chunk_traces_init(&part->chunk, &query->views[i], c);
        }
    }
    for (uint32_t i = 0; i < set->block_count && rc == WEFT_OK; i++)
        rc = block_add(scan, set->blocks[i]);
    return rc;
}

static bool part_is_unreadable(struct scan *scan, struct part *part)
{
    if (part->block == NULL)
        return weft_store_segment_is_unreadable(scan->store, part->segment, &scan->err);
    int rc = weft_block_intact(part->rows->block, &scan->err);
    return weft_store_block_found_damaged(scan->store, part->block, rc, &scan->err);
}

/* Files that lost a page go, the others back to behind the last trace that was visited. */
static int parts_recover(struct scan *scan)
{
    static const struct weft_trace_id zero;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < scan->part_count && rc == WEFT_OK; i++) {
        struct part *part = &scan->parts[i];
        if (part->is_lost) continue;
        if (part_is_unreadable(scan, part)) {
            hole(scan);
            part_release(scan, part);
            part->is_lost = true;
            continue;
        }
        rc = part_seek(scan, part, scan->has_visited ? &scan->visited : &zero);
        if (rc == WEFT_OK && scan->has_visited) rc = part_pass(scan, part, &scan->visited);
    }
    if (rc == WEFT_OK) heap_make(scan);
    return rc;
}

/* ---- one trace after the other ---- */

/* All spans of the first trace in the heap; the parts that have some of them go on. */
static int first_collect(struct scan *scan, struct weft_trace_id *id)
{
    const struct place first = scan->heap[0];
    int rc;

    *id = *part_id(first.part);
    while (scan->heap_count > 0 && scan->heap[0].high == first.high &&
           scan->heap[0].low == first.low) {
        struct part *part = scan->heap[0].part;
        if ((rc = part_spans(scan, part)) < 0 || (rc = part_next(scan, part)) < 0) return rc;
        heap_first_moved(scan);
    }
    return WEFT_OK;
}

/* The same for a trace that is asked for; ids only rise. */
static int wanted_collect(struct scan *scan, const struct weft_trace_id *id)
{
    int rc;

    for (uint32_t i = 0; i < scan->part_count; i++) {
        struct part *part = &scan->parts[i];
        if (!part_is_at_end(part) && memcmp(part_id(part), id, sizeof *id) < 0 &&
            (rc = part_seek(scan, part, id)) < 0)
            return rc;
        while (!part_is_at_end(part) && memcmp(part_id(part), id, sizeof *id) == 0)
            if ((rc = part_spans(scan, part)) < 0 || (rc = part_next(scan, part)) < 0) return rc;
    }
    return WEFT_OK;
}

static int trace_collect(struct scan *scan, struct weft_trace_id *id)
{
    if (scan->wanted == NULL) return first_collect(scan, id);
    *id = scan->wanted[scan->wanted_at];
    return wanted_collect(scan, id);
}

static bool has_next(const struct scan *scan)
{
    return scan->wanted != NULL ? scan->wanted_at < scan->wanted_count : scan->heap_count > 0;
}

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

static bool is_over(struct scan *scan)
{
    const struct weft_trace_scan *asked = scan->asked;

    if (asked->cancelled != NULL && atomic_load_explicit(asked->cancelled, memory_order_relaxed))
        scan->result->partial_reason = "cancelled";
    else if (asked->deadline_monotonic_ns != 0 &&
             weft_clock_monotonic_ns() >= asked->deadline_monotonic_ns)
        scan->result->partial_reason = "time limit";
    else
        return false;
    return true;
}

static bool pages_were_lost(struct scan *scan)
{
    uint64_t lost_pages = weft_file_lost_pages();
    bool were_lost = lost_pages != scan->lost_pages;

    scan->lost_pages = lost_pages;
    return were_lost;
}

/* Visits the next trace. 1: there may be more; 0: enough. */
static int trace_visit(struct scan *scan, weft_trace_visit *visit, void *arg)
{
    struct weft_trace_id id;
    bool is_cut;
    int rc;

    weft_arena_reset(&scan->trace_arena);
    scan->found = (struct weft_batch){ .arena = &scan->trace_arena };
    if ((rc = trace_collect(scan, &id)) < 0) return rc;
    bool is_wanted = scan->found.span_count > 0 && is_in_range(scan->asked, &scan->found);
    if (is_wanted) rc = weft_trace_join(&scan->found, &is_cut, &scan->err);
    if (pages_were_lost(scan)) return (rc = parts_recover(scan)) < 0 ? rc : 1;
    if (rc < 0) return rc;
    scan->visited = id;
    scan->has_visited = true;
    scan->wanted_at++;
    if (!is_wanted) return 1;
    scan->result->inspected_traces++;
    scan->result->inspected_spans += scan->found.span_count;
    scan->found.partial_reason = scan->result->partial_reason;
    return visit(arg, &scan->found);
}

/* Which traces, when predicates say so. */
static int wanted_find(struct scan *scan, const struct weft_store_query *query)
{
    if (scan->wanted != NULL || scan->asked->selection == NULL) return WEFT_OK;
    struct weft_trace_id *found = NULL;
    int rc = weft_store_match(query, scan->asked, &found, &scan->wanted_count,
                              &scan->result->inspected_bytes, &scan->wanted_arena, &scan->err);
    scan->wanted = rc == WEFT_OK ? found : NULL;
    /* Cut short: it is over before anything is visited. */
    return rc == WEFT_NOT_FOUND || rc == WEFT_TIMEOUT || rc == WEFT_CANCELLED ? WEFT_OK : rc;
}

static int traces_visit(struct scan *scan, const struct weft_store_query *query,
                        weft_trace_visit *visit, void *arg)
{
    int rc;

    if (atomic_load(&scan->store->damaged_files) > 0) hole(scan);
    scan->lost_pages = weft_file_lost_pages();
    if ((rc = wanted_find(scan, query)) < 0 || is_over(scan) || (rc = parts_open(scan, query)) < 0)
        return rc;
    heap_make(scan);
    if (pages_were_lost(scan) && (rc = parts_recover(scan)) < 0) return rc;
    while (has_next(scan) && !is_over(scan))
        if ((rc = trace_visit(scan, visit, arg)) <= 0) return rc;
    return WEFT_OK;
}

static int scan_run(struct scan *scan, const struct weft_store_query *query,
                    weft_trace_visit *visit, void *arg, struct weft_err *err)
{
    weft_arena_init(&scan->trace_arena, 1 << 16);
    weft_arena_init(&scan->wanted_arena, 0);
    int rc = traces_visit(scan, query, visit, arg);
    for (uint32_t i = 0; i < scan->part_count; i++) part_release(scan, &scan->parts[i]);
    weft_free(scan->parts);
    weft_free(scan->heap);
    weft_arena_release(&scan->trace_arena);
    weft_arena_release(&scan->wanted_arena);
    if (rc < 0 && err != NULL) *err = scan->err;
    return rc;
}

int weft_store_traces_of(struct weft_store *store, const struct weft_store_query *query,
                         const struct weft_trace_scan *asked, const struct weft_trace_id *ids,
                         uint32_t count, weft_trace_visit *visit, void *arg,
                         struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct scan scan = {
        .store = store, .asked = asked, .result = out, .wanted = ids, .wanted_count = count
    };

    *out = (struct weft_trace_scan_result){ 0 };
    return scan_run(&scan, query, visit, arg, err);
}

int weft_store_traces(void *self, const struct weft_trace_scan *asked, weft_trace_visit *visit,
                      void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct weft_store_query query;
    struct scan scan = { .store = self, .asked = asked, .result = out };

    *out = (struct weft_trace_scan_result){ 0 };
    weft_store_query_begin(&query, self);
    int rc = scan_run(&scan, &query, visit, arg, err);
    weft_store_query_end(&query);
    return rc;
}
