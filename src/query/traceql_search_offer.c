/* traceql_search_offer.c -- traces and spans that a query leaves, and whether they have a place in the answer. */
#include "query/traceql_search_internal.h"

/* ---- What has a place ---- */

static bool is_behind_cursor(const struct weft_traceql_run *run,
                             const struct weft_traceql_cursor *key)
{
    const struct weft_traceql_cursor *after = run->limits->after;
    return after == NULL || weft_traceql_cursor_compare(&run->finish->order, key, after) > 0;
}

static struct weft_str tuple_key(const struct weft_traceql_tuple *tuple)
{
    return weft_str_make((const char *)tuple->bytes, sizeof tuple->bytes);
}

/* Notes the tuple of an answer that an earlier page may have had. */
static void look_back(struct weft_traceql_run *run, const struct weft_traceql_cursor *key,
                      const struct weft_traceql_tuple *tuple)
{
    if (is_behind_cursor(run, key)) return;
    weft_map_put(&run->passed, tuple_key(tuple), 0, NULL);
    if (run->passed.count <= WEFT_DISTINCT_PASSED_MAX) return;
    run->rc = weft_fail(run->err, WEFT_UNSUPPORTED,
                        "the pages before this one have more than %u different answers of "
                        "distinct(), more are not kept: narrow the query or the time range",
                        WEFT_DISTINCT_PASSED_MAX);
}

/* Once the answer is full, and it is known that there is more. */
static void start_min_raise(struct weft_traceql_run *run)
{
    const struct weft_traceql_top_item *last = weft_traceql_top_last(&run->top);

    if (last != NULL && weft_traceql_is_newest_first(run) && !run->finish->has_spans)
        run->start_min = last->key.start_time_unix_nano;
}

static bool has_place(struct weft_traceql_run *run, const struct weft_traceql_cursor *key,
                      const struct weft_traceql_tuple *tuple)
{
    if (run->is_looking_back) {
        look_back(run, key, tuple);
        return false;
    }
    if (!is_behind_cursor(run, key)) return false;
    if (run->passed.count > 0 && weft_map_get(&run->passed, tuple_key(tuple)) != NULL) return false;
    bool is_admitted = weft_traceql_top_admits(&run->top, key, tuple);
    start_min_raise(run);
    return is_admitted;
}

/* Whether a trace has no place, whatever the query says of it. What begins earlier than a trace has spans that may begin later. */
bool weft_traceql_is_out_of_place(const struct weft_traceql_run *run,
                                  const struct weft_found_trace *head)
{
    const struct weft_traceql_cursor key = { .start_time_unix_nano = head->start_time_unix_nano,
                                             .trace_id = head->trace_id };
    const struct weft_traceql_top_item *last = weft_traceql_top_last(&run->top);

    if (run->finish->has_spans || !weft_traceql_is_newest_first(run) || run->is_looking_back)
        return false;
    if (!is_behind_cursor(run, &key)) return true;
    return last != NULL && weft_traceql_cursor_compare(&run->finish->order, &key, &last->key) > 0;
}

static void keep(struct weft_traceql_seen *seen, struct weft_traceql_top_item *item)
{
    struct weft_traceql_run *run = seen->run;

    weft_traceql_top_put(&run->top, item);
    if (run->top.is_memory_limited) run->out->partial_reason = WEFT_MEMORY_LIMIT;
    start_min_raise(run);
}

static struct weft_found_record *record_of(struct weft_traceql_seen *seen)
{
    if (seen->record == NULL)
        seen->record = weft_found_record_create(&seen->head, seen->view, seen->spansets);
    return seen->record;
}

static struct weft_traceql_tuple tuple_of(struct weft_traceql_seen *seen, uint32_t span)
{
    const struct weft_traceql_finish *finish = seen->run->finish;
    struct weft_traceql_tuple tuple = { { 0 } };

    if (finish->distinct_count > 0)
        tuple = weft_traceql_tuple(finish->distinct, finish->distinct_count, seen->view, span);
    return tuple;
}

/* ---- A trace as an answer ---- */

static bool is_over_memory(const struct weft_traceql_run *run, const struct weft_arena *arena)
{
    uint64_t bytes_max = run->limits->memory_bytes_max;
    return bytes_max != 0 && arena->total_bytes > bytes_max;
}

static void spansets_show(struct weft_traceql_seen *seen, struct weft_found_record *record)
{
    struct weft_traceql_run *run = seen->run;

    for (uint32_t i = 0; i < seen->spansets->count; i++) {
        const struct weft_spanset *spanset = &seen->spansets->items[i];
        struct weft_found_spanset *found = &record->trace.spansets[i];
        uint32_t shown = spanset->count < run->limits->spans_per_spanset
                             ? spanset->count
                             : run->limits->spans_per_spanset;
        found->spans = weft_arena_alloc_array(&record->arena, shown, sizeof *found->spans);
        while (found->span_count < shown && !is_over_memory(run, &record->arena)) {
            uint32_t number = spanset->spans[found->span_count];
            weft_found_span_show(&found->spans[found->span_count++], &run->shown, seen->view,
                                 number, &record->arena);
        }
        if (!is_over_memory(run, &record->arena)) continue;
        run->out->partial_reason = WEFT_MEMORY_LIMIT;
        return;
    }
}

/* The span that order() puts first, of equals the earliest. */
struct best {
    uint32_t number; /* UINT32_MAX: none yet */
    struct weft_traceql_value value;
    char text[WEFT_ORDER_TEXT_BYTES_MAX];
};

static void best_look(const struct weft_traceql_seen *seen, uint32_t number, struct best *best)
{
    const struct weft_traceql_order *order = &seen->run->finish->order;
    bool is_walked = seen->view->order != NULL;
    struct weft_arena_mark mark = weft_arena_mark(seen->view->arena);
    struct weft_traceql_value value;

    weft_traceql_order_value(order, seen->view, number, &value);
    int compared =
        best->number == UINT32_MAX ? -1 : weft_traceql_order_compare(order, &value, &best->value);
    if (compared < 0 || (compared == 0 && number < best->number)) {
        best->number = number;
        best->value = value;
        if (value.type == WEFT_TRACEQL_STRING && value.text.len > 0) {
            memcpy(best->text, value.text.ptr, value.text.len);
            best->value.text.ptr = best->text;
        }
    }
    if (is_walked == (seen->view->order != NULL)) weft_arena_rewind(seen->view->arena, mark);
}

static void best_span(const struct weft_traceql_seen *seen, struct best *best)
{
    bool is_given = seen->run->finish->order.is_given;

    best->number = UINT32_MAX;
    for (uint32_t i = 0; i < seen->spansets->count; i++) {
        const struct weft_spanset *spanset = &seen->spansets->items[i];
        uint32_t count = is_given ? spanset->count : 1; /* they are ascending */
        for (uint32_t s = 0; s < count; s++) best_look(seen, spanset->spans[s], best);
    }
}

static void trace_offer(struct weft_traceql_seen *seen)
{
    struct weft_traceql_cursor key = { .start_time_unix_nano = seen->head.start_time_unix_nano,
                                       .trace_id = seen->head.trace_id };
    struct weft_traceql_tuple tuple = { { 0 } };
    struct best best;

    if (seen->spansets->count > 0) {
        best_span(seen, &best);
        key.value = best.value;
        tuple = tuple_of(seen, best.number);
    }
    if (!has_place(seen->run, &key, &tuple)) return;
    struct weft_found_record *record = record_of(seen);
    spansets_show(seen, record);
    keep(seen, weft_traceql_top_item_create(&key, &tuple, record));
}

/* ---- Spans as answers ---- */

/* Spans come sorted by start, then id, so those that share both stand together. */
static void spans_number(struct weft_traceql_seen *seen)
{
    const struct weft_batch *batch = seen->view->batch;

    seen->numbers =
        weft_arena_alloc_array(seen->view->arena, batch->span_count, sizeof *seen->numbers);
    for (uint32_t i = 1; i < batch->span_count; i++) {
        const struct weft_span *a = &batch->spans[i - 1], *b = &batch->spans[i];
        bool is_like = a->start_time_unix_nano == b->start_time_unix_nano &&
                       memcmp(&a->span_id, &b->span_id, sizeof a->span_id) == 0;
        seen->numbers[i] = is_like ? seen->numbers[i - 1] + 1 : 0;
    }
}

static void span_keep(struct weft_traceql_seen *seen, const struct weft_traceql_cursor *key,
                      const struct weft_traceql_tuple *tuple, uint32_t spanset, uint32_t number)
{
    const struct weft_span *span = &seen->view->batch->spans[number];
    struct weft_traceql_top_item *item = weft_traceql_top_item_create(key, tuple, record_of(seen));

    item->spanset = spanset;
    item->row.service_name = weft_arena_copy(&item->arena, span->scope->resource->service_name);
    weft_found_span_show(&item->row.span, &seen->run->shown, seen->view, number, &item->arena);
    if (!item->row.span.has_name) item->row.span.name = weft_arena_copy(&item->arena, span->name);
    item->row.span.has_name = true;
    keep(seen, item);
}

static void span_offer(struct weft_traceql_seen *seen, uint32_t spanset, uint32_t number)
{
    const struct weft_span *span = &seen->view->batch->spans[number];
    struct weft_traceql_cursor key = { .start_time_unix_nano = span->start_time_unix_nano,
                                       .trace_id = span->trace_id,
                                       .span_id = span->span_id,
                                       .number = seen->numbers[number] };

    weft_traceql_order_value(&seen->run->finish->order, seen->view, number, &key.value);
    struct weft_traceql_tuple tuple = tuple_of(seen, number);
    if (has_place(seen->run, &key, &tuple)) span_keep(seen, &key, &tuple, spanset, number);
}

static void spans_offer(struct weft_traceql_seen *seen)
{
    bool is_walked = seen->view->order != NULL;

    spans_number(seen);
    struct weft_arena_mark mark = weft_arena_mark(seen->view->arena);
    for (uint32_t i = 0; i < seen->spansets->count; i++) {
        const struct weft_spanset *spanset = &seen->spansets->items[i];
        for (uint32_t s = 0; s < spanset->count && seen->run->rc == WEFT_OK; s++) {
            span_offer(seen, i, spanset->spans[s]);
            if (is_walked == (seen->view->order != NULL))
                weft_arena_rewind(seen->view->arena, mark); /* values are needed no more */
            else
                mark = weft_arena_mark(seen->view->arena); /* a walk made meanwhile stays */
            is_walked = seen->view->order != NULL;
        }
    }
}

void weft_traceql_offer(struct weft_traceql_seen *seen)
{
    if (seen->run->finish->has_spans)
        spans_offer(seen);
    else
        trace_offer(seen);
    if (seen->record != NULL) weft_traceql_top_record_leave(&seen->run->top, seen->record);
}
