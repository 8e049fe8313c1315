/* store_match.c -- the traces that have a span for which predicates hold, when they are few: then they
 * alone are visited (store_traces.c), found by the columns instead of span by span.
 *
 * Whatever is in doubt (damage, a page lost meanwhile) is answered "not few": visiting all of them is
 * never wrong.
 */
#include "store/store_internal.h"

#define HITS_MAX 65536u
#define FEW_ONE_IN \
    32u /* spans; sorting and seeking more than that costs as much as going through */

static int id_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct weft_trace_id));
}

static uint64_t spans_of(const struct weft_store_query *query)
{
    uint64_t spans = 0;

    for (uint32_t i = 0; i < query->set->segment_count; i++) spans += query->views[i].span_count;
    for (uint32_t i = 0; i < query->set->block_count; i++)
        spans += query->set->blocks[i]->summary.span_count;
    return spans;
}

static int parts_search(const struct weft_store_query *query, const struct weft_search *search,
                        struct weft_top *top, struct weft_search_result *stats,
                        struct weft_err *err)
{
    const struct weft_store_set *set = query->set;
    struct weft_block *block;
    int rc = WEFT_OK;

    for (uint32_t i = 0; i < set->segment_count && rc == WEFT_OK && !top->overflowed; i++)
        if ((rc = weft_segment_intact(set->segments[i].segment, err)) == WEFT_OK)
            rc = weft_segment_search(&query->views[i], search, 0, top, stats, err);
    for (uint32_t i = 0; i < set->block_count && rc == WEFT_OK && !top->overflowed; i++)
        if ((rc = weft_store_block_get(set->blocks[i], &block, err)) == WEFT_OK)
            rc = weft_block_search(block, set->blocks[i]->mask, search, 0, top, stats, err);
    return rc;
}

/* Predicates that hold together, as far as they are said on top of the tree. */
enum { PREDICATES_MAX = 64 };

static uint32_t conjuncts(const struct weft_selection *selection, struct weft_predicate *out,
                          uint32_t room)
{
    if (room == 0) return 0;
    if (selection->op == WEFT_SELECT_PREDICATE) {
        *out = *selection->predicate;
        return 1;
    }
    if (selection->op != WEFT_SELECT_INTERSECT) return 0;
    uint32_t n = conjuncts(selection->left, out, room);
    return n + conjuncts(selection->right, out + n, room - n);
}

int weft_store_match(const struct weft_store_query *query, const struct weft_trace_scan *scan,
                     struct weft_trace_id **ids, uint32_t *count, uint64_t *bytes,
                     struct weft_arena *arena, struct weft_err *err)
{
    uint64_t limit = spans_of(query) / FEW_ONE_IN, lost_pages = weft_file_lost_pages();
    struct weft_predicate predicates[PREDICATES_MAX];
    const uint32_t predicate_count = conjuncts(scan->selection, predicates, PREDICATES_MAX);
    const struct weft_search search = { .predicates = predicates,
                                        .predicate_count = predicate_count,
                                        .limit = limit < HITS_MAX ? (uint32_t)limit + 1 : HITS_MAX,
                                        .deadline_monotonic_ns = scan->deadline_monotonic_ns,
                                        .cancelled = scan->cancelled };
    struct weft_search_result stats = { 0 };
    struct weft_top top;

    *count = 0;
    if (predicate_count == 0) return WEFT_NOT_FOUND;
    weft_top_init(&top, &search, arena);
    int rc = parts_search(query, &search, &top, &stats, err);
    *bytes += stats.inspected_bytes;
    if (rc == WEFT_CORRUPT || rc == WEFT_UNSUPPORTED || weft_file_lost_pages() != lost_pages ||
        (rc == WEFT_OK && top.overflowed))
        return WEFT_NOT_FOUND;
    if (rc < 0) return rc;
    *ids = weft_arena_alloc_array(arena, top.count, sizeof **ids);
    for (uint32_t i = 0; i < top.count; i++) (*ids)[i] = top.heap[i].position.trace_id;
    if (top.count > 1) qsort(*ids, top.count, sizeof **ids, id_compare);
    for (uint32_t i = 0; i < top.count; i++)
        if (i == 0 || id_compare(&(*ids)[i], &(*ids)[*count - 1]) != 0)
            (*ids)[(*count)++] = (*ids)[i];
    return WEFT_OK;
}
