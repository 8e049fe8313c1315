/* jaeger_v3_parameters.c -- the query of api_v3 over HTTP: query.serviceName=..., or query.service_name=...
 *
 * Spec  query.md Q11.1.1, Q11.1.4
 */
#include "base/clock.h"
#include "server/jaeger_parameters.h"

#define DEPTH_DEFAULT 100

/* The value under one of two spellings; *name gets the one that is there. */
static struct weft_str find(struct weft_call *call, const char *const names[2], const char **name)
{
    struct weft_str value = { 0 };
    for (int i = 0; i < 2 && value.len == 0; i++) {
        *name = names[i];
        value = weft_call_query(call, weft_str_from_c(names[i]), NULL);
    }
    if (value.len == 0) *name = names[0];
    return value;
}
#define NAMES(camel, snake) ((const char *const[2]){ camel, snake })

static int malformed(struct weft_err *err, const char *name, struct weft_str found,
                     const char *expected)
{
    return weft_fail(err, WEFT_INVALID, "malformed parameter %s: found \"%.*s\", expected %s", name,
                     WEFT_S_ARG(found), expected);
}

int weft_jaeger_v3_time(struct weft_call *call, const char *camel, const char *snake, uint64_t *out,
                        struct weft_err *err)
{
    const char *name;
    struct weft_str text = find(call, NAMES(camel, snake), &name);
    if (text.len == 0 || weft_time_parse_rfc3339(text, out)) return WEFT_OK;
    return malformed(err, name, text, "a time such as 2026-11-21T05:00:00.123456789Z");
}

static int take_duration(struct weft_call *call, const char *camel, const char *snake, int64_t *out,
                         struct weft_err *err)
{
    const char *name;
    struct weft_str text = find(call, NAMES(camel, snake), &name);
    if (text.len == 0 || weft_go_duration_parse(text, out)) return WEFT_OK;
    return malformed(err, name, text, "a duration such as 1.5s or 300ms");
}

static int take_depth(struct weft_call *call, uint32_t *out, struct weft_err *err)
{
    const char *name;
    int64_t depth = DEPTH_DEFAULT;
    struct weft_str text = find(call, NAMES("query.searchDepth", "query.search_depth"), &name);
    if (text.len == 0) text = find(call, NAMES("query.num_traces", "query.numTraces"), &name);
    if (text.len > 0 && (!weft_str_to_i64(text, &depth) || depth < 1 || depth > INT32_MAX))
        return malformed(err, name, text, "a whole number from 1 on");
    *out = (uint32_t)depth;
    return WEFT_OK;
}

static int take_times(struct weft_call *call, struct weft_jaeger_query *query, struct weft_err *err)
{
    query->from_ns = query->to_ns = UINT64_MAX;
    int rc = weft_jaeger_v3_time(call, "query.startTimeMin", "query.start_time_min",
                                 &query->from_ns, err);
    if (rc == WEFT_OK)
        rc = weft_jaeger_v3_time(call, "query.startTimeMax", "query.start_time_max", &query->to_ns,
                                 err);
    if (rc < 0) return rc;
    if (query->from_ns == UINT64_MAX || query->to_ns == UINT64_MAX)
        return weft_fail(err, WEFT_INVALID,
                         "query.startTimeMin and query.startTimeMax are required");
    if (query->from_ns >= query->to_ns)
        return weft_fail(err, WEFT_INVALID, "query.startTimeMin must be before query.startTimeMax");
    return WEFT_OK;
}

int weft_jaeger_v3_parameters(struct weft_call *call, struct weft_jaeger_request *out,
                              struct weft_err *err)
{
    struct weft_jaeger_query *query = &out->query;
    const char *name;
    int rc;
    *out = (struct weft_jaeger_request){ 0 };
    query->service = find(call, NAMES("query.serviceName", "query.service_name"), &name);
    query->operation = find(call, NAMES("query.operationName", "query.operation_name"), &name);
    if (weft_call_query(call, WEFT_S("query.filter"), NULL).len > 0)
        return weft_fail(err, WEFT_INVALID,
                         "query.filter is not known here; use query.attributes or TraceQL");
    struct weft_str attributes = weft_call_query(call, WEFT_S("query.attributes"), NULL);
    if (attributes.len > 0 && weft_jaeger_tags_json(query, attributes, &call->arena, err) < 0)
        return weft_err_wrap(err, "malformed parameter query.attributes");
    if ((rc = take_times(call, query, err)) < 0 ||
        (rc = take_duration(call, "query.durationMin", "query.duration_min",
                            &query->duration_min_ns, err)) < 0 ||
        (rc = take_duration(call, "query.durationMax", "query.duration_max",
                            &query->duration_max_ns, err)) < 0 ||
        (rc = take_depth(call, &query->limit, err)) < 0 ||
        (rc = weft_jaeger_bool(call, "query.rawTraces", "query.raw_traces", &out->is_raw, err)) < 0)
        return rc;
    return weft_jaeger_query_finish(call, query, err);
}
