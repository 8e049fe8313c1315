/* store_source.c -- the store as a weft_source: traces and searches over one set of segments and
 * blocks.
 *
 * A query takes the set and a view of the committed prefix of each live segment, then works on
 * these alone: what is sealed, compacted or removed meanwhile stays as it was for this query, so a
 * span is seen once, in its segment or in its block.
 *
 * Spans with equal search positions (the same span received twice, in one part or in several) are
 * one hit: all parts offer to one heap, which keeps different positions only.
 */
#include "store/store_internal.h"
#include "store/trace_join.h"

#define TAG_PART_SHIFT 40 /* segment.h, block.h: the part's own row tags are below */
#define PARTS_MAX (1u << 24)

/* ---- one trace ---- */

static bool block_may_have(const struct weft_store_block *block, const struct weft_trace_id *id)
{
    return memcmp(id, &block->summary.trace_min, sizeof *id) >= 0 &&
           memcmp(id, &block->summary.trace_max, sizeof *id) <= 0;
}

/* A block that cannot be read leaves a hole in the answer; `damage` says what was found. */
static int trace_collect(struct weft_store *store, const struct weft_store_query *query,
                         const struct weft_trace_id *id, struct weft_batch *parts,
                         struct weft_err *damage, struct weft_err *err)
{
    const struct weft_store_set *set = query->set;
    int rc;

    for (uint32_t i = 0; i < set->segment_count; i++) {
        if (weft_store_segment_is_unreadable(store, &set->segments[i], damage))
            parts->partial_reason = "damaged file";
        else if ((rc = weft_segment_trace(&query->views[i], id, parts, err)) < 0)
            return rc;
    }
    for (uint32_t i = 0; i < set->block_count; i++) {
        struct weft_block *block;
        if (!block_may_have(set->blocks[i], id)) continue;
        uint32_t before = parts->span_count;
        rc = weft_store_block_get(set->blocks[i], &block, damage);
        if (rc == WEFT_OK) rc = weft_block_trace(block, set->blocks[i]->mask, id, parts, damage);
        if (rc == WEFT_OK || rc == WEFT_NOT_FOUND) continue;
        if (!weft_store_block_found_damaged(store, set->blocks[i], rc, damage)) {
            if (err != NULL) *err = *damage;
            return rc;
        }
        parts->span_count = before;
        parts->partial_reason = "damaged file";
    }
    return WEFT_OK;
}

/* Why the answer is not the whole trace, or NULL. */
static const char *partial_reason(const struct weft_batch *trace, bool has_damage, bool is_cut)
{
    if (!is_cut) return has_damage ? "damaged file" : NULL;
    return weft_arena_printf(trace->arena,
                             "%sthe trace has more spans than query.trace_spans_max: these are the "
                             "first %u",
                             has_damage ? "damaged file; " : "", trace->span_count)
        .ptr;
}

static int store_trace(void *self, const struct weft_trace_id *id, struct weft_batch *out,
                       struct weft_err *err)
{
    struct weft_store *store = self;
    struct weft_store_query query;
    struct weft_err damage = { 0 };
    const struct weft_batch before = *out;
    char hex[33];
    int rc;
    uint64_t lost_pages;
    bool is_cut = false;

    weft_store_query_begin(&query, store);
    do { /* again without the file, when the disk could not read a page meanwhile */
        lost_pages = weft_file_lost_pages();
        *out = before;
        rc = trace_collect(store, &query, id, out, &damage, err); /* views of the files */
        if (rc == WEFT_OK) rc = weft_trace_join(out, &is_cut, err);
    } while (weft_file_lost_pages() != lost_pages);
    bool has_damage = out->partial_reason != NULL;
    if (rc == WEFT_OK && out->span_count == 0 && has_damage) {
        rc = WEFT_CORRUPT; /* it may be there, but nobody can say */
        if (err != NULL) *err = damage;
    } else if (rc == WEFT_OK && out->span_count == 0) {
        weft_trace_id_format(id, hex);
        rc = weft_fail(err, WEFT_NOT_FOUND, "no span of trace %s is stored", hex);
    }
    has_damage = has_damage || atomic_load(&store->damaged_files) > 0;
    out->partial_reason = partial_reason(out, has_damage, is_cut);
    weft_store_query_end(&query);
    return rc;
}

/* ---- search ---- */

/* One part of the set in the order of visiting: the newest first, so that the heap fills with what
 * stays. */
struct part {
    uint64_t start_min, start_max;
    uint32_t index;
    bool is_block;
};

struct search_run {
    struct weft_store *store;
    const struct weft_store_query *query;
    struct part *parts;
    uint32_t part_count;
    struct weft_search search; /* for one hit more than asked for: is there more? */
    uint32_t limit;            /* that was asked for */
    struct weft_top top;
    struct weft_search_result *result;
    bool has_hole;
};

static int part_compare(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    if (x->start_max != y->start_max) return x->start_max > y->start_max ? -1 : 1;
    if (x->is_block != y->is_block) return x->is_block ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static bool part_in_range(const struct weft_search *search, uint64_t start_min, uint64_t start_max)
{
    return start_max >= search->from_ns && (search->to_ns == 0 || start_min < search->to_ns);
}

static void parts_choose(struct search_run *run, struct weft_arena *arena)
{
    const struct weft_store_set *set = run->query->set;
    struct part *parts =
        weft_arena_alloc_array(arena, set->segment_count + set->block_count + 1, sizeof *parts);
    uint32_t count = 0;

    for (uint32_t i = 0; i < set->segment_count; i++) {
        const struct weft_segment_view *view = &run->query->views[i];
        if (view->span_count > 0 && part_in_range(&run->search, view->start_min, view->start_max))
            parts[count++] = (struct part){ view->start_min, view->start_max, i, false };
    }
    for (uint32_t i = 0; i < set->block_count; i++) {
        const struct weft_block_summary *block = &set->blocks[i]->summary;
        if (block->span_count > 0 &&
            part_in_range(&run->search, block->start_min, block->start_max))
            parts[count++] = (struct part){ block->start_min, block->start_max, i, true };
    }
    if (count > 1) qsort(parts, count, sizeof *parts, part_compare);
    run->parts = parts;
    run->part_count = count;
}

/* Nothing of the part can enter the heap, and that there is more than the heap holds is known
 * already. */
static bool part_is_hopeless(const struct search_run *run, const struct part *part)
{
    const struct weft_top *top = &run->top;
    return !run->search.wants_total && top->order == WEFT_ORDER_NEWEST && top->overflowed &&
           top->count == top->limit && part->start_max < top->heap[0].position.start_time_unix_nano;
}

static int part_search(struct search_run *run, const struct part *part, struct weft_err *err)
{
    uint64_t tag_base = (uint64_t)(part - run->parts) << TAG_PART_SHIFT;
    struct weft_store_block *entry;
    struct weft_block *block = NULL;

    if (!part->is_block && weft_store_segment_is_unreadable(
                               run->store, &run->query->set->segments[part->index], err)) {
        run->has_hole = true;
        return WEFT_OK;
    }
    if (!part->is_block)
        return weft_segment_search(&run->query->views[part->index], &run->search, tag_base,
                                   &run->top, run->result, err);
    entry = run->query->set->blocks[part->index];
    int rc = weft_store_block_get(entry, &block, err);
    if (rc == WEFT_OK)
        rc = weft_block_search(block, entry->mask, &run->search, tag_base, &run->top, run->result,
                               err);
    if (rc < 0 && weft_store_block_found_damaged(run->store, entry, rc, err)) {
        run->has_hole = true;
        return WEFT_OK;
    }
    return rc;
}

static int run_parts(struct search_run *run, struct weft_err *err)
{
    for (uint32_t i = 0; i < run->part_count; i++) {
        if (part_is_hopeless(run, &run->parts[i])) continue;
        int rc = part_search(run, &run->parts[i], err);
        if (rc < 0) return rc;
    }
    return WEFT_OK;
}

static int hit_fill(const struct search_run *run, uint64_t row, struct weft_hit *out,
                    struct weft_arena *arena, struct weft_err *err)
{
    const struct part *part = &run->parts[row >> TAG_PART_SHIFT];
    uint64_t tag = row & ((UINT64_C(1) << TAG_PART_SHIFT) - 1);
    struct weft_block *block;
    int rc;

    if (part->is_block) {
        if ((rc = weft_store_block_get(run->query->set->blocks[part->index], &block, err)) < 0)
            return rc;
        return weft_block_hit(block, tag, out, arena, err);
    }
    weft_segment_hit(&run->query->views[part->index], tag, out);
    out->service_name = weft_arena_copy(arena, out->service_name);
    out->name = weft_arena_copy(arena, out->name);
    return WEFT_OK;
}

static int hits_fill(struct search_run *run, uint32_t count, struct weft_arena *arena,
                     struct weft_err *err)
{
    struct weft_search_result *result = run->result;

    result->hits = weft_arena_alloc_array(arena, count, sizeof *result->hits);
    for (uint32_t i = 0; i < count; i++) {
        int rc = hit_fill(run, run->top.heap[i].row, &result->hits[i], arena, err);
        if (rc < 0) return rc;
        result->hit_count++;
    }
    return WEFT_OK;
}

/* From the beginning: nothing of an earlier try is left in the heap or the result. */
static int answer(struct search_run *run, struct weft_arena *arena, struct weft_err *err)
{
    struct weft_search_result *out = run->result;

    *out = (struct weft_search_result){ 0 };
    weft_top_init(&run->top, &run->search, arena);
    int rc = run->part_count < PARTS_MAX
                 ? run_parts(run, err)
                 : weft_fail(err, WEFT_TOO_LARGE, "search: more than %u files", PARTS_MAX);
    weft_top_finish(&run->top);
    if (rc == WEFT_OK && run->has_hole) out->partial_reason = "damaged file";
    out->is_cut = rc == WEFT_TIMEOUT || rc == WEFT_CANCELLED;
    if (rc == WEFT_TIMEOUT) out->partial_reason = "time limit";
    if (rc == WEFT_CANCELLED) out->partial_reason = "cancelled";
    if (rc < 0 && rc != WEFT_TIMEOUT && rc != WEFT_CANCELLED) return rc;
    uint32_t found = run->top.count;
    out->has_more = found > run->limit;
    return hits_fill(run, found < run->limit ? found : run->limit, arena, err);
}

static int store_search(void *self, const struct weft_search *search,
                        struct weft_search_result *out, struct weft_arena *arena,
                        struct weft_err *err)
{
    struct weft_store *store = self;
    struct weft_store_query query;

    *out = (struct weft_search_result){ 0 };
    if (search->limit == 0)
        return weft_fail(err, WEFT_INVALID, "search: limit is 0, at least 1 expected");
    weft_store_query_begin(&query, store);
    struct search_run run = {
        .store = store, .query = &query, .search = *search, .limit = search->limit, .result = out
    };
    run.has_hole = atomic_load(&store->damaged_files) > 0;
    if (search->limit < UINT32_MAX) run.search.limit++;
    parts_choose(&run, arena);
    int rc;
    uint64_t lost_pages;
    do { /* again without the file, when the disk could not read a page meanwhile */
        lost_pages = weft_file_lost_pages();
        rc = answer(&run, arena, err);
    } while (weft_file_lost_pages() != lost_pages);
    weft_store_query_end(&query);
    return rc;
}

struct weft_source weft_store_source(struct weft_store *store)
{
    return (struct weft_source){ .self = store,
                                 .trace = store_trace,
                                 .search = store_search,
                                 .traces = weft_store_traces,
                                 .spans = weft_store_spans,
                                 .identify = weft_store_identify,
                                 .operations = weft_store_operations,
                                 .attribute_keys = weft_store_attribute_keys,
                                 .attribute_values = weft_store_attribute_values,
                                 .tail = weft_store_tail };
}
