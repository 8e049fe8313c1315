/* store_spans.c -- spans as columns, of one set: block by block what lies whole in one row group, then the traces that segments alone
 * have. Traces that lie in blocks and elsewhere are joined, when a part of them may be selected: what is not selected is no duplicate of
 * what is.
 */
#include "store/block_vectors.h"
#include "store/store_plan.h"
#include "store/store_split.h"
#include <stdlib.h>

struct scan {
    struct weft_store *store;
    const struct weft_store_query *query;
    const struct weft_span_scan *asked;
    struct weft_trace_scan_result *result;
    struct weft_buf ids; /* struct weft_trace_id: traces that do not lie whole in one row group */
    struct weft_apart apart; /* over these; those met are visited whole */
    uint64_t numbering;
    struct weft_err *err;
    bool is_enough;
};

/* The visitor of whole traces may have enough, too. */
static bool visit_trace(void *arg, const struct weft_batch *trace)
{
    struct scan *scan = arg;

    scan->is_enough = !scan->asked->trace(scan->asked->arg, trace);
    return !scan->is_enough;
}

/* What limits say is no error. */
static int cut_short(struct scan *scan, int rc)
{
    const char *reached = weft_read_limits_reached(scan->asked->reads);
    if (rc != WEFT_TIMEOUT && rc != WEFT_CANCELLED && (rc != WEFT_FULL || reached == NULL))
        return rc;
    if (rc != WEFT_FULL) reached = rc == WEFT_TIMEOUT ? "time limit" : "cancelled";
    scan->result->partial_reason = reached;
    scan->is_enough = true;
    return WEFT_OK;
}

/* A row group that cannot be read is left out; the whole file when the disk lost a page of it. */
static int block_damaged(struct scan *scan, struct weft_store_block *entry,
                         struct weft_block *block, int rc)
{
    if (!weft_store_block_found_damaged(scan->store, entry, rc, scan->err)) return rc;
    scan->result->partial_reason = "damaged file";
    return block == NULL || weft_block_intact(block, NULL) < 0 ? 0 : 1;
}

/* What became of the block, when all is said of its row groups. */
static void block_report(const struct scan *scan, const struct weft_block_vectors *v)
{
    struct weft_scan_report *report = scan->asked->report;
    uint64_t left = v->block->info.row_group_count - v->next;
    bool is_hopeless = weft_select_is_hopeless(v->select);

    weft_scan_piece(report, WEFT_PIECE_ROW_GROUP,
                    is_hopeless ? WEFT_FATE_HOPELESS : WEFT_FATE_NOT_REACHED, left);
    weft_scan_piece(report, WEFT_PIECE_BLOCK, is_hopeless ? WEFT_FATE_HOPELESS : v->fate, 1);
}

static int block_give(struct scan *scan, struct weft_store_block *entry)
{
    struct weft_block_vectors vectors = {
        .mask = entry->mask,
        .scan = scan->asked,
        .apart = &scan->apart,
        .numbering = &scan->numbering,
    };
    int rc = weft_store_block_get(entry, &vectors.block, scan->err);

    if (rc == WEFT_OK) rc = weft_block_vectors_init(&vectors, scan->err);
    if (rc < 0) {
        weft_scan_piece(scan->asked->report, WEFT_PIECE_BLOCK, WEFT_FATE_DAMAGED, 1);
        return (rc = block_damaged(scan, entry, NULL, rc)) < 0 ? rc : WEFT_OK;
    }
    for (rc = 1; rc > 0;) {
        rc = weft_block_vectors_next(&vectors, &scan->is_enough, scan->err);
        if (rc == WEFT_CORRUPT || rc == WEFT_UNSUPPORTED)
            rc = block_damaged(scan, entry, vectors.block, rc);
    }
    scan->result->inspected_spans += vectors.spans;
    scan->result->inspected_bytes += vectors.bytes;
    block_report(scan, &vectors);
    weft_block_vectors_release(&vectors);
    return cut_short(scan, rc);
}

static bool block_is_outside(const struct weft_span_scan *asked,
                             const struct weft_block_summary *block)
{
    return block->span_count == 0 || block->start_max < weft_vectors_from(asked) ||
           (asked->to_ns != 0 && block->start_min >= asked->to_ns);
}

/* `blocks`: those of the set, in the order they come. */
static int blocks_give(struct scan *scan, struct weft_store_block *const *blocks)
{
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < scan->query->set->block_count && rc == WEFT_OK; i++) {
        const struct weft_block_summary *block = &blocks[i]->summary;
        bool is_outside = block_is_outside(scan->asked, block);
        if (!is_outside && !scan->is_enough) {
            rc = block_give(scan, blocks[i]);
            continue;
        }
        enum weft_fate fate = is_outside ? WEFT_FATE_OUT_OF_RANGE : WEFT_FATE_NOT_REACHED;
        weft_scan_piece(scan->asked->report, WEFT_PIECE_BLOCK, fate, 1);
        weft_scan_piece(scan->asked->report, WEFT_PIECE_ROW_GROUP, fate, block->row_group_count);
    }
    return rc;
}

static int segments_give(struct scan *scan)
{
    struct weft_segment_vectors vectors = { .store = scan->store,
                                            .query = scan->query,
                                            .scan = scan->asked,
                                            .apart = &scan->apart,
                                            .numbering = &scan->numbering };
    int rc = weft_segment_vectors_give(&vectors, scan->err);

    scan->result->inspected_spans += vectors.spans;
    scan->result->inspected_bytes += vectors.bytes;
    if (vectors.has_hole) scan->result->partial_reason = "damaged file";
    scan->is_enough |= vectors.is_enough;
    return cut_short(scan, rc);
}

/* `ids` NULL: all. */
static int traces_give(struct scan *scan, const struct weft_trace_id *ids, uint32_t count)
{
    const struct weft_span_scan *asked = scan->asked;
    const struct weft_trace_scan traces = { .from_ns = asked->from_ns,
                                            .to_ns = asked->to_ns,
                                            .selection = asked->selection,
                                            .deadline_monotonic_ns = asked->deadline_monotonic_ns,
                                            .cancelled = asked->cancelled,
                                            .reads = asked->reads,
                                            .report = asked->report };
    struct weft_trace_scan_result found;
    int rc = weft_store_traces_of(scan->store, scan->query, &traces, ids, count, visit_trace, scan,
                                  &found, scan->err);

    if (found.partial_reason != NULL) scan->result->partial_reason = found.partial_reason;
    scan->result->inspected_traces += found.inspected_traces;
    scan->result->inspected_spans += found.inspected_spans;
    scan->result->inspected_bytes += found.inspected_bytes;
    return rc;
}

static int met_give(struct scan *scan)
{
    struct weft_trace_id *ids = (struct weft_trace_id *)(void *)scan->ids.data;
    uint32_t count = 0;

    for (uint32_t i = 0; i < scan->apart.count; i++)
        if (weft_apart_is_met(&scan->apart, i)) ids[count++] = ids[i];
    return count > 0 ? traces_give(scan, ids, count) : WEFT_OK;
}

static int newest_compare(const void *a, const void *b)
{
    const struct weft_store_block *const *x = a, *const *y = b;
    uint64_t p = (*x)->summary.start_max, q = (*y)->summary.start_max;
    return (p < q) - (p > q);
}

/* Only the newest, or the longest: each row for itself, wherever the rest of its trace lies. Segments have the newest. */
static int ranked_give(struct scan *scan)
{
    const struct weft_store_set *set = scan->query->set;
    struct weft_store_block **blocks = weft_alloc_array(set->block_count + 1, sizeof(*blocks));
    int rc = segments_give(scan);

    if (set->block_count > 0) {
        memcpy(blocks, set->blocks, set->block_count * sizeof(*blocks));
        qsort(blocks, set->block_count, sizeof(*blocks), newest_compare);
    }
    if (rc == WEFT_OK) rc = blocks_give(scan, blocks);
    weft_free(blocks);
    return rc;
}

static int segments_look(struct scan *scan)
{
    const struct weft_store_set *set = scan->query->set;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < set->segment_count && rc == WEFT_OK; i++) {
        if (scan->asked->wanted->left == 0) break;
        rc = weft_segment_wanted_look(&scan->query->views[i], scan->asked, scan->err);
        scan->result->inspected_bytes += scan->query->views[i].span_count * WEFT_RECORD_BYTES;
        if (weft_store_segment_is_unreadable(scan->store, &set->segments[i], NULL))
            scan->result->partial_reason = "damaged file";
    }
    return cut_short(scan, rc);
}

/* Every part has its own: nothing has to be put together. */
static int wanted_find(struct scan *scan)
{
    int rc = blocks_give(scan, scan->query->set->blocks);
    return rc < 0 || scan->is_enough ? rc : segments_look(scan);
}

static int spans_give(struct scan *scan)
{
    struct weft_store_split split;
    int rc = weft_vectors_check_time(scan->asked, scan->err);

    if (rc < 0) return cut_short(scan, rc);
    if (scan->asked->wanted != NULL) return wanted_find(scan);
    /* Operators between spans need whole traces. */
    if (scan->asked->selection != NULL && !weft_selection_is_spanwise(scan->asked->selection))
        return traces_give(scan, NULL, 0);
    if (weft_vectors_are_ranked(scan->asked)) return ranked_give(scan);
    weft_scan_enter(scan->asked->report, WEFT_STEP_SPLIT);
    weft_store_split_init(&split, scan->query);
    bool is_listed = weft_store_split_ids(&split, &scan->ids);
    weft_scan_enter(scan->asked->report, WEFT_STEP_PREPARE);
    if (!is_listed) return traces_give(scan, NULL, 0);
    scan->apart.ids = (const struct weft_trace_id *)(const void *)scan->ids.data;
    scan->apart.count = (uint32_t)(scan->ids.len / sizeof *scan->apart.ids);
    scan->apart.met = weft_alloc_array(scan->apart.count / 64 + 1, sizeof *scan->apart.met);
    if ((rc = blocks_give(scan, scan->query->set->blocks)) < 0 || scan->is_enough ||
        (rc = segments_give(scan)) < 0 || scan->is_enough)
        return rc;
    return met_give(scan);
}

int weft_store_spans(void *self, const struct weft_span_scan *asked,
                     struct weft_trace_scan_result *out, struct weft_err *err)
{
    struct weft_store_query query;
    struct weft_err ignored;
    struct scan scan = { .store = self,
                         .query = &query,
                         .asked = asked,
                         .result = out,
                         .err = err != NULL ? err : &ignored };

    *out = (struct weft_trace_scan_result){ 0 };
    if (asked->column_count > WEFT_SPAN_COLUMNS_MAX)
        return weft_fail(err, WEFT_INVALID, "spans: %u columns, at most %u", asked->column_count,
                         WEFT_SPAN_COLUMNS_MAX);
    weft_store_query_begin(&query, self);
    if (asked->report != NULL && asked->report->is_plan) {
        int planned = weft_store_plan_spans(self, &query, asked, out, err);
        weft_store_query_end(&query);
        return planned;
    }
    enum weft_scan_step step = weft_scan_enter(asked->report, WEFT_STEP_PREPARE);
    if (atomic_load(&scan.store->damaged_files) > 0) out->partial_reason = "damaged file";
    int rc = spans_give(&scan);
    weft_buf_release(&scan.ids);
    weft_free(scan.apart.met);
    weft_store_query_end(&query);
    weft_scan_enter(asked->report, step);
    return rc;
}

void weft_store_identify(void *self, const struct weft_span_vector *vector, uint32_t index,
                         struct weft_span_identity *out)
{
    const struct weft_vector_place *place = vector->place;
    place->identify(vector, index, out);
}
