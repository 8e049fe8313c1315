/* store_source.c -- the store as a weft_source: one trace, over one set of segments and blocks; the other questions have files of their
 * own.
 *
 * A query takes the set and a view of the committed prefix of each live segment, then works on
 * these alone: what is sealed, compacted or removed meanwhile stays as it was for this query, so a
 * span is seen once, in its segment or in its block.
 */
#include "store/store_internal.h"
#include "store/trace_join.h"

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

struct weft_source weft_store_source(struct weft_store *store)
{
    return (struct weft_source){ .self = store,
                                 .trace = store_trace,
                                 .traces = weft_store_traces,
                                 .spans = weft_store_spans,
                                 .identify = weft_store_identify,
                                 .operations = weft_store_operations,
                                 .attribute_keys = weft_store_attribute_keys,
                                 .attribute_values = weft_store_attribute_values,
                                 .tail = weft_store_tail };
}
