/* tempo_trace.c -- /api/traces/{id} and /api/v2/traces/{id}: one trace, whole or filtered (Q8.2, Q8.3). */
#include "query/traceql_eval.h"
#include "server/tempo.h"
#include "server/tempo_pieces.h"

/* ---- the trace ---- */

/* The trace of the path's id, in the call's arena. WEFT_NOT_FOUND when there is none: then it is empty. */
static int load_trace(struct weft_call *call, struct weft_batch **out, struct weft_err *err)
{
    struct weft_trace_id id;
    struct weft_batch *batch = weft_arena_alloc(&call->arena, sizeof *batch);
    const struct weft_source *source = &call->face->parts->source;
    *batch = (struct weft_batch){ .arena = &call->arena,
                                  .spans_max = call->face->parts->trace_spans_max };
    *out = batch;
    if (!weft_trace_id_parse(call->parameters[0], &id))
        return weft_fail(err, WEFT_INVALID, "trace id \"%.*s\": expected 1 to 32 hex digits",
                         WEFT_S_ARG(call->parameters[0]));
    return source->trace(source->self, &id, batch, err);
}

/* Q8.2: {"batches": [...]}; not found is an empty 404. */
int weft_tempo_trace_v1(struct weft_call *call, struct weft_err *err)
{
    struct weft_batch *batch;
    uint64_t from_ns, to_ns; /* checked alone: a trace is found whenever it was */
    int rc = weft_tempo_range_parse(call, &from_ns, &to_ns, err);
    if (rc < 0) return rc;
    rc = load_trace(call, &batch, err);
    if (rc == WEFT_NOT_FOUND) {
        call->status = 404;
        call->content_type = (struct weft_str){ 0 };
        return WEFT_OK;
    }
    if (rc < 0) return rc;
    weft_tempo_answer_v1(call, batch);
    return WEFT_OK;
}

/* ---- the filter of v2 (Q8.3.3) ---- */

#define ALL_LEVELS UINT32_MAX

struct filter {
    bool is_there;
    const struct weft_expr *expr;
    uint32_t ancestor_levels, descendant_levels;
};

static bool is_of_trace(const struct weft_traceql_attribute *attribute)
{
    static const bool of_trace[WEFT_INTRINSIC_COUNT] = {
        [WEFT_INTRINSIC_TRACE_ID] = true,
        [WEFT_INTRINSIC_TRACE_DURATION] = true,
        [WEFT_INTRINSIC_ROOT_NAME] = true,
        [WEFT_INTRINSIC_ROOT_SERVICE] = true,
    };
    return attribute->scope == WEFT_TRACEQL_SCOPE_INTRINSIC && of_trace[attribute->intrinsic];
}

static int filter_query_parse(struct weft_call *call, struct weft_str text, struct filter *filter,
                              struct weft_err *err)
{
    struct weft_traceql_query query;
    int rc = weft_traceql_parse(&query, text, &call->arena, NULL, err);
    if (rc < 0) return rc;
    const struct weft_traceql_stage *stage = query.pipeline != NULL ? query.pipeline->first : NULL;
    if (stage == NULL || query.linked != NULL || stage->kind != WEFT_STAGE_SPANSET ||
        stage->next != NULL || stage->spanset->op != WEFT_SPANSET_FILTER)
        return weft_fail(err, WEFT_INVALID,
                         "only a single filter is supported, like { status = error }: "
                         "found a structural, aggregate or metrics query");
    for (uint32_t i = 0; i < query.attribute_count; i++) {
        if (!is_of_trace(&query.attributes[i])) continue;
        return weft_fail(err, WEFT_INVALID,
                         "%s is not supported by this filter: it is the same for all spans",
                         weft_traceql_intrinsics[query.attributes[i].intrinsic].name);
    }
    filter->expr = stage->spanset->expr;
    return WEFT_OK;
}

/* -1: all, 0: none, n levels. */
static int levels_parse(struct weft_call *call, const char *name, uint32_t *out,
                        struct weft_err *err)
{
    int64_t number;
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), NULL);
    if (text.len == 0) return WEFT_OK;
    if (!weft_str_to_i64(text, &number) || number < -1 || number > INT32_MAX)
        return weft_fail(err, WEFT_INVALID,
                         "invalid %s: found \"%.*s\", expected -1 (all), 0 (none) or levels", name,
                         WEFT_S_ARG(text));
    *out = number < 0 ? ALL_LEVELS : (uint32_t)number;
    return WEFT_OK;
}

static int filter_parse(struct weft_call *call, struct filter *filter, struct weft_err *err)
{
    struct weft_str query = weft_call_query(call, WEFT_S("q"), NULL);
    struct weft_str hierarchy = weft_call_query(call, WEFT_S("keep_hierarchy"), NULL);
    uint32_t levels = ALL_LEVELS;
    int rc = levels_parse(call, "ancestor_depth", &levels, err);
    if (rc < 0 || (rc = levels_parse(call, "match_depth", &filter->descendant_levels, err)) < 0)
        return rc;
    if (hierarchy.len > 0 && !weft_str_equal_c(hierarchy, "true") &&
        !weft_str_equal_c(hierarchy, "false") && !weft_str_equal_c(hierarchy, "1") &&
        !weft_str_equal_c(hierarchy, "0"))
        return weft_fail(err, WEFT_INVALID,
                         "invalid keep_hierarchy: found \"%.*s\", expected true or false",
                         WEFT_S_ARG(hierarchy));
    if (weft_str_equal_c(hierarchy, "true") || weft_str_equal_c(hierarchy, "1"))
        filter->ancestor_levels = levels;
    filter->is_there = query.len > 0;
    if (filter->is_there && filter_query_parse(call, query, filter, err) < 0)
        return weft_err_wrap(err, "invalid TraceQL filter");
    return WEFT_OK;
}

static uint32_t one_less(uint32_t levels)
{
    return levels == ALL_LEVELS ? ALL_LEVELS : levels - 1;
}

/* How many levels above each span are kept because of what lies below, and the other way round: 0 is the span alone. Every span is
 * seen once going up and once going down, so that a chain of any length costs its length. */
struct levels {
    bool is_kept, goes_up, goes_down;
    uint32_t up, down; /* still to go from here */
};

/* Spans so that each stands behind its parent: children may start before it. */
static uint32_t *parents_first(const struct weft_trace_view *view, struct weft_arena *arena)
{
    uint32_t count = view->batch->span_count, done = 0, filled = 0;
    uint32_t *order = weft_arena_alloc_array(arena, count, sizeof *order);
    uint32_t *start = weft_arena_alloc_array(arena, (size_t)count + 1, sizeof *start);
    uint32_t *children = weft_arena_alloc_array(arena, count, sizeof *children);
    for (uint32_t i = 0; i < count; i++) start[i + 1] = start[i] + view->child_count[i];
    uint32_t *at = weft_arena_alloc_array(arena, count, sizeof *at);
    for (uint32_t i = 0; i < count; i++) {
        if (view->parent[i] == WEFT_NO_PARENT)
            order[filled++] = i;
        else
            children[start[view->parent[i]] + at[view->parent[i]]++] = i;
    }
    for (; done < filled; done++)
        for (uint32_t k = start[order[done]]; k < start[order[done] + 1]; k++)
            order[filled++] = children[k];
    return order;
}

static void spread(struct levels *levels, const struct weft_trace_view *view, const uint32_t *order)
{
    uint32_t count = view->batch->span_count;
    for (uint32_t k = count; k-- > 0;) { /* up: children before parents */
        const struct levels *from = &levels[order[k]];
        uint32_t parent = view->parent[order[k]];
        if (parent == WEFT_NO_PARENT || !from->goes_up || from->up == 0) continue;
        struct levels *to = &levels[parent];
        uint32_t left = one_less(from->up);
        if (!to->goes_up || left > to->up) to->up = left;
        to->goes_up = to->is_kept = true;
    }
    for (uint32_t k = 0; k < count; k++) { /* down: parents before children */
        uint32_t parent = view->parent[order[k]];
        if (parent == WEFT_NO_PARENT || !levels[parent].goes_down || levels[parent].down == 0)
            continue;
        struct levels *to = &levels[order[k]];
        uint32_t left = one_less(levels[parent].down);
        if (!to->goes_down || left > to->down) to->down = left;
        to->goes_down = to->is_kept = true;
    }
}

/* Keeps the spans that match, and those above and below them that are asked for. */
static void filter_apply(struct weft_batch *batch, const struct filter *filter)
{
    struct weft_trace_view view;
    uint32_t kept = 0;
    struct levels *levels = weft_arena_alloc_array(batch->arena, batch->span_count, sizeof *levels);
    weft_trace_view_init(&view, batch, batch->arena);
    for (uint32_t i = 0; i < batch->span_count; i++)
        if (weft_traceql_holds(&view, filter->expr, i))
            levels[i] = (struct levels){ true, true, true, filter->ancestor_levels,
                                         filter->descendant_levels };
    spread(levels, &view, parents_first(&view, batch->arena));
    for (uint32_t i = 0; i < batch->span_count; i++)
        if (levels[i].is_kept) batch->spans[kept++] = batch->spans[i];
    batch->span_count = kept;
    batch->partial_reason =
        "Trace filtered, only a subset of spans matching the filter is returned";
}

/* ---- v2 ---- */

/* One of start and end alone is fine here. */
static int range_check(struct weft_call *call, struct weft_err *err)
{
    uint64_t from_ns, to_ns;
    bool has_start = weft_call_query(call, WEFT_S("start"), NULL).len > 0;
    bool has_end = weft_call_query(call, WEFT_S("end"), NULL).len > 0;
    uint32_t seconds;
    if (has_start != has_end)
        return weft_tempo_count_parse(call, has_start ? "start" : "end", &seconds, err);
    return weft_tempo_range_parse(call, &from_ns, &to_ns, err);
}

/* {"trace": {"resourceSpans": [...]}, "metrics": {}}; not found is an empty trace. */
int weft_tempo_trace_v2(struct weft_call *call, struct weft_err *err)
{
    struct weft_batch *batch;
    struct filter filter = { 0 };
    int rc = range_check(call, err);
    if (rc < 0 || (rc = filter_parse(call, &filter, err)) < 0) return rc;
    rc = load_trace(call, &batch, err);
    if (rc < 0 && rc != WEFT_NOT_FOUND) return rc;
    if (filter.is_there && rc != WEFT_NOT_FOUND) filter_apply(batch, &filter);
    weft_tempo_answer_v2(call, batch);
    return WEFT_OK;
}
