/* tempo_search.c -- /api/search: traces that match a TraceQL query or tags (Q8.4). */
#include "base/clock.h"
#include "server/tempo.h"
#include <inttypes.h>

/* A query, parsed; NULL when there is none. */
static int query_parse(struct weft_call *call, const struct weft_tempo_search *search,
                       const struct weft_traceql_query **out, struct weft_err *err)
{
    struct weft_str text = search->query;
    struct weft_traceql_query *query = weft_arena_alloc_zero(&call->arena, sizeof *query);
    if (text.len == 0 && search->tags.len > 0) {
        struct weft_buf made = { 0 };
        int rc = weft_tempo_tags_to_query(&made, search->tags, err);
        text = weft_arena_copy(&call->arena, weft_buf_str(&made));
        weft_buf_release(&made);
        if (rc < 0) return weft_err_wrap(err, "invalid tags");
    }
    *out = NULL;
    if (text.len == 0) return WEFT_OK;
    if (weft_traceql_parse(query, text, &call->arena, NULL, err) < 0)
        return weft_err_wrap(err, "invalid TraceQL query");
    if (query->metrics != NULL)
        return weft_fail(err, WEFT_INVALID,
                         "invalid TraceQL query: found a metrics query, expected one for traces; "
                         "series are at /api/metrics/query_range");
    *out = query;
    return WEFT_OK;
}

static int search_check(const struct weft_tempo_search *search, uint64_t range_ns_max,
                        struct weft_err *err)
{
    if (search->query.len > 0 && search->tags.len > 0)
        return weft_fail(
            err, WEFT_INVALID,
            "found q and tags, expected one of them: both in one search have no meaning");
    if (search->traces == 0)
        return weft_fail(err, WEFT_INVALID, "invalid limit: found 0, expected a positive number");
    if (search->traces > WEFT_TEMPO_TRACES_MAX)
        return weft_fail(err, WEFT_INVALID, "limit %u exceeds max limit %u", search->traces,
                         WEFT_TEMPO_TRACES_MAX);
    if (search->duration_max_ns > 0 && search->duration_max_ns < search->duration_min_ns)
        return weft_fail(err, WEFT_INVALID,
                         "invalid maxDuration: must be greater than minDuration");
    if (range_ns_max > 0 && search->to_ns > search->from_ns + range_ns_max + 1)
        return weft_fail(err, WEFT_INVALID,
                         "range specified by start and end is %" PRIu64 " s, at most %" PRIu64
                         " s expected (query.search_range_max)",
                         (search->to_ns - search->from_ns) / WEFT_NS_PER_SECOND,
                         range_ns_max / WEFT_NS_PER_SECOND);
    return WEFT_OK;
}

int weft_tempo_search_answer(struct weft_call *call, const struct weft_tempo_search *search,
                             const struct weft_tempo_encoder *encoder, struct weft_buf *out,
                             struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    const struct weft_traceql_query *query;
    struct weft_traceql_result result = { 0 };
    bool is_by_tags = search->query.len == 0;
    int rc = search_check(search, parts->search_range_ns_max, err);
    if (rc < 0 || (rc = query_parse(call, search, &query, err)) < 0) return rc;
    const struct weft_traceql_limits limits = {
        .from_ns = search->from_ns,
        .to_ns = search->to_ns,
        .traces = search->traces,
        .spans_per_spanset = search->spans_per_spanset,
        .duration_min_ns = is_by_tags ? search->duration_min_ns : 0,
        .duration_max_ns = is_by_tags ? search->duration_max_ns : 0,
        .memory_bytes_max = parts->query_memory_bytes_max,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
    rc = weft_traceql_search(&parts->source, query, &limits, &result, &call->arena, err);
    if (rc == WEFT_UNSUPPORTED)
        rc = WEFT_INVALID; /* of this query: saying it again does not help */
    if (rc < 0) return rc;
    encoder->search(out, &result, parts->pads_trace_ids);
    return WEFT_OK;
}

static int duration_parse(struct weft_call *call, const char *name, uint64_t *out,
                          struct weft_err *err)
{
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), NULL);
    if (text.len == 0 || weft_tempo_duration_parse(text, out)) return WEFT_OK;
    return weft_fail(
        err, WEFT_INVALID,
        "invalid %s: found \"%.*s\", expected a duration with unit, like 1.5s or 200ms", name,
        WEFT_S_ARG(text));
}

int weft_tempo_search_route(struct weft_call *call, struct weft_err *err)
{
    int rc;
    struct weft_tempo_search search = {
        .query = weft_call_query(call, WEFT_S("q"), NULL),
        .tags = weft_call_query(call, WEFT_S("tags"), NULL),
        .traces = WEFT_TEMPO_TRACES_DEFAULT,
        .spans_per_spanset = WEFT_TEMPO_SPANS_DEFAULT,
    };
    if ((rc = weft_tempo_range_parse(call, &search.from_ns, &search.to_ns, err)) < 0 ||
        (rc = weft_tempo_count_parse(call, "limit", &search.traces, err)) < 0 ||
        (rc = weft_tempo_count_parse(call, "spss", &search.spans_per_spanset, err)) < 0 ||
        (rc = duration_parse(call, "minDuration", &search.duration_min_ns, err)) < 0 ||
        (rc = duration_parse(call, "maxDuration", &search.duration_max_ns, err)) < 0)
        return rc;
    if (search.spans_per_spanset == 0) search.spans_per_spanset = WEFT_TEMPO_SPANS_DEFAULT;
    const struct weft_tempo_encoder *encoder = weft_tempo_encoder_wanted(call);
    return weft_tempo_search_answer(call, &search, encoder, &call->body, err);
}
