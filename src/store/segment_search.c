/* segment_search.c -- a search over the committed rows of one segment. */
#include "store/segment_search.h"

#include "base/clock.h"

#define ROWS_PER_CHECK 4096u

static int check_time(const struct weft_search *search, struct weft_err *err)
{
    if (search->cancelled != NULL &&
        atomic_load_explicit(search->cancelled, memory_order_relaxed)) {
        return weft_fail(err, WEFT_CANCELLED, "the search was cancelled");
    }
    if (search->deadline_monotonic_ns != 0 &&
        weft_clock_monotonic_ns() >= search->deadline_monotonic_ns) {
        return weft_fail(err, WEFT_TIMEOUT, "the search took longer than it may");
    }
    return WEFT_OK;
}

static void position_of(const struct weft_segment_view *view, const uint8_t *record,
                        struct weft_search_position *out)
{
    *out = (struct weft_search_position){
        .start_time_unix_nano = weft_record_start(record),
        .duration_ns = weft_record_duration_ns(record),
        .kind =
            weft_segment_tables_head(&view->segment->tables, weft_record_head(record))->view.kind,
    };
    memcpy(out->trace_id.bytes, record, 16);
    memcpy(out->span_id.bytes, record + 16, 8);
}

/* Once there are more hits than asked for, what sorts behind the worst of them cannot change the
 * answer any more. */
static bool cannot_matter(const struct weft_top *top, const struct weft_search_position *position)
{
    return top->overflowed && top->count == top->limit && top->count > 0 &&
           weft_search_position_compare(top->order, position, &top->heap[0].position) > 0;
}

static bool chunk_cannot_matter(const struct weft_search *search, const struct weft_top *top,
                                const struct weft_chunk_view *chunk)
{
    if (chunk->start_max < search->from_ns ||
        (search->to_ns != 0 && chunk->start_min >= search->to_ns))
        return true;
    return !search->wants_total && search->order == WEFT_ORDER_NEWEST && top->overflowed &&
           top->count == top->limit && top->count > 0 &&
           chunk->start_max < top->heap[0].position.start_time_unix_nano;
}

static int search_rows(struct weft_search_plan *plan, const struct weft_search *search,
                       uint32_t chunk_number, uint64_t tag_base, struct weft_top *top,
                       struct weft_search_result *stats, struct weft_err *err)
{
    const struct weft_chunk_view *chunk =
        &weft_segment_chunk_at(plan->view->segment, chunk_number)->view;
    uint64_t tag = tag_base | (uint64_t)chunk_number << 24,
             to = search->to_ns != 0 ? search->to_ns : UINT64_MAX;
    for (uint32_t row = 0; row < chunk->span_count; row++) {
        if (row % ROWS_PER_CHECK == 0) {
            int rc = check_time(search, err);
            if (rc < 0) return rc;
        }
        const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
        uint64_t start = weft_record_start(record);
        stats->inspected_spans++;
        if (start < search->from_ns || (start >= to && search->to_ns != 0)) continue;
        struct weft_search_position position;
        if (top->overflowed && !search->wants_total) {
            position_of(plan->view, record, &position);
            if (cannot_matter(top, &position)) continue;
        }
        if (!weft_search_plan_holds(plan, chunk, row)) continue;
        stats->total += search->wants_total;
        position_of(plan->view, record, &position);
        weft_top_offer(top, &position, tag | row);
    }
    stats->inspected_bytes += (uint64_t)chunk->span_count * WEFT_RECORD_BYTES;
    if (plan->attribute_count + plan->span_count > 0)
        stats->inspected_bytes += (uint64_t)chunk->word_count * 4;
    return WEFT_OK;
}

int weft_segment_search(const struct weft_segment_view *view, const struct weft_search *search,
                        uint64_t tag_base, struct weft_top *top, struct weft_search_result *stats,
                        struct weft_err *err)
{
    int rc = check_time(search, err);
    struct weft_arena arena;
    struct weft_search_plan plan;
    if (rc < 0 || view->chunk_count == 0 || view->start_max < search->from_ns ||
        (search->to_ns != 0 && view->start_min >= search->to_ns)) {
        return rc;
    }
    weft_arena_init(&arena, 0);
    bool is_possible = weft_search_plan_init(&plan, view, search, &arena);
    /* Newest chunks first: for the usual order the older ones are then ruled out by their times. */
    for (uint32_t c = view->chunk_count; is_possible && c > 0 && rc == WEFT_OK; c--) {
        if (chunk_cannot_matter(search, top, &weft_segment_chunk_at(view->segment, c - 1)->view))
            continue;
        rc = search_rows(&plan, search, c - 1, tag_base, top, stats, err);
    }
    weft_search_plan_release(&plan);
    weft_arena_release(&arena);
    return rc;
}

void weft_segment_hit(const struct weft_segment_view *view, uint64_t row_tag, struct weft_hit *out)
{
    const struct weft_chunk_view *chunk =
        &weft_segment_chunk_at(view->segment, row_tag >> 24 & 0xffff)->view;
    uint32_t row = row_tag & 0xffffff;
    const uint8_t *record = chunk->records + (size_t)row * WEFT_RECORD_BYTES;
    const struct weft_table_head *head =
        weft_segment_tables_head(&view->segment->tables, weft_record_head(record));
    *out = (struct weft_hit){
        .service_name = head->scope->resource->service_name,
        .name = weft_row_name(view, chunk, row),
        .status_code = weft_record_flags(record) & WEFT_ROW_STATUS_MASK,
    };
    position_of(view, record, &out->position);
    memcpy(out->parent_span_id.bytes, record + 24, 8);
}
