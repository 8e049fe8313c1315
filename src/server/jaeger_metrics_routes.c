/* jaeger_metrics_routes.c -- dependencies, and metrics of services counted from their spans.
 *
 * Spec  query.md Q10.5.1, Q10.5.2
 */
#include "base/clock.h"
#include "query/jaeger_links.h"
#include "query/jaeger_metrics.h"
#include "server/jaeger_parameters.h"
#include "server/jaeger_reply.h"
#include "server/jaeger_routes.h"
#include "wire/text.h"

#define PIECE_BYTES ((size_t)256 << 10)
#define DAY_NS (UINT64_C(24) * 3600 * WEFT_NS_PER_SECOND)
#define HOUR_NS (UINT64_C(3600) * WEFT_NS_PER_SECOND)

/* A length of time in whole milliseconds. */
static int take_ms(struct weft_call *call, const char *name, uint64_t *ns, struct weft_err *err)
{
    int64_t ms = -1;
    int rc = weft_jaeger_i64(call, name, &ms, err);
    if (rc < 0 || weft_call_query(call, weft_str_from_c(name), NULL).len == 0) return rc;
    if (ms <= 0)
        return weft_fail(
            err, WEFT_INVALID,
            "unable to parse param '%s': found %lld, expected milliseconds, at least 1", name,
            (long long)ms);
    if (__builtin_mul_overflow((uint64_t)ms, WEFT_NS_PER_MS, ns)) *ns = UINT64_MAX;
    return WEFT_OK;
}

/* ---- dependencies ---- */

int weft_jaeger_dependencies(struct weft_call *call, struct weft_err *err)
{
    struct weft_jaeger_links_query query = {
        .to_ns = weft_clock_unix_ns(),
        .service = weft_call_query(call, WEFT_S("service"), NULL),
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
    struct weft_jaeger_links links;
    struct weft_jaeger_reply reply;
    uint64_t lookback_ns = DAY_NS;
    int rc;
    if ((rc = weft_jaeger_time(call, "endTs", WEFT_NS_PER_MS, &query.to_ns, err)) < 0 ||
        (rc = take_ms(call, "lookback", &lookback_ns, err)) < 0)
        return rc;
    query.from_ns = query.to_ns > lookback_ns ? query.to_ns - lookback_ns : 0;
    rc = weft_jaeger_find_links(&call->face->parts->source, &query, &links, &call->arena, err);
    if (rc < 0) return rc;
    weft_jaeger_reply_start(&reply, call);
    weft_json_array_start(&reply.w);
    for (uint32_t i = 0; i < links.count; i++) {
        weft_json_object_start(&reply.w);
        weft_json_key(&reply.w, "parent");
        weft_json_string(&reply.w, links.items[i].parent);
        weft_json_key(&reply.w, "child");
        weft_json_string(&reply.w, links.items[i].child);
        weft_json_key(&reply.w, "callCount");
        weft_json_u64(&reply.w, links.items[i].call_count);
        weft_json_object_end(&reply.w);
    }
    weft_json_array_end(&reply.w);
    weft_jaeger_reply_finish_partial(&reply, links.partial_reason);
    return WEFT_OK;
}

/* ---- parameters of metrics ---- */

static int take_kind(struct weft_str value, uint32_t *kinds, struct weft_err *err)
{
    uint8_t kind;
    if (!weft_span_kind_parse(value, &kind))
        return weft_fail(err, WEFT_INVALID,
                         "unable to parse param 'spanKind': found \"%.*s\", expected unspecified, "
                         "internal, server, client, producer or consumer",
                         WEFT_S_ARG(value));
    *kinds |= 1u << kind;
    return WEFT_OK;
}

static int take_services_and_kinds(struct weft_call *call, struct weft_jaeger_metrics_query *query,
                                   struct weft_err *err)
{
    struct weft_str name, value, text = call->exchange->query;
    size_t at = 0, pairs = 1;
    for (size_t i = 0; i < text.len; i++) pairs += text.ptr[i] == '&';
    struct weft_str *services = weft_arena_alloc_array(&call->arena, pairs, sizeof *services);
    while (weft_query_string_next(text, &at, &call->arena, &name, &value)) {
        if (weft_str_equal_c(name, "service")) services[query->service_count++] = value;
        if (!weft_str_equal_c(name, "spanKind")) continue;
        int rc = take_kind(value, &query->kinds, err);
        if (rc < 0) return rc;
    }
    query->services = services;
    if (query->kinds == 0) query->kinds = 1u << WEFT_KIND_SERVER;
    if (query->service_count > 0) return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "unable to parse param 'service': please provide at least one service name");
}

static int take_quantile(struct weft_call *call, double *quantile, struct weft_err *err)
{
    struct weft_str text = weft_call_query(call, WEFT_S("quantile"), NULL);
    if (weft_str_to_double(text, quantile) && *quantile >= 0 && *quantile <= 1) return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "unable to parse param 'quantile': found \"%.*s\", expected a number from 0 "
                     "to 1",
                     WEFT_S_ARG(text));
}

static int metrics_parameters(struct weft_call *call, struct weft_jaeger_metrics_query *query,
                              struct weft_err *err)
{
    int rc;
    query->end_ns = weft_clock_unix_ns();
    query->lookback_ns = HOUR_NS;
    query->step_ns = 5 * WEFT_NS_PER_SECOND;
    query->rate_per_ns = HOUR_NS / 6;
    query->deadline_monotonic_ns = call->deadline_monotonic_ns;
    query->cancelled = &call->is_cancelled;
    query->reads = &call->reads;
    if ((rc = take_services_and_kinds(call, query, err)) < 0 ||
        (rc = weft_jaeger_bool(call, "groupByOperation", NULL, &query->by_operation, err)) < 0 ||
        (rc = weft_jaeger_time(call, "endTs", WEFT_NS_PER_MS, &query->end_ns, err)) < 0 ||
        (rc = take_ms(call, "lookback", &query->lookback_ns, err)) < 0 ||
        (rc = take_ms(call, "step", &query->step_ns, err)) < 0 ||
        (rc = take_ms(call, "ratePer", &query->rate_per_ns, err)) < 0)
        return rc;
    return WEFT_OK;
}

/* ---- answers of metrics ---- */

static const struct {
    const char *name, *operation_name, *help;
} texts[] = {
    [WEFT_JAEGER_LATENCIES] = { "service_latencies", "service_operation_latencies",
                                "th quantile latency, grouped by service" },
    [WEFT_JAEGER_CALLS] = { "service_call_rate", "service_operation_call_rate",
                            "calls/sec, grouped by service" },
    [WEFT_JAEGER_ERRORS] = { "service_error_rate", "service_operation_error_rate",
                             "error rate, computed as a fraction of errors/sec over calls/sec, "
                             "grouped by service" },
};

static void put_label(struct weft_json_writer *w, const char *name, struct weft_str value)
{
    weft_json_object_start(w);
    weft_json_key(w, "name");
    weft_json_c(w, name);
    weft_json_key(w, "value");
    weft_json_string(w, value);
    weft_json_object_end(w);
}

static void put_point(struct weft_json_writer *w, uint64_t at_ns, double value)
{
    char time[48];
    size_t len =
        weft_time_format_rfc3339(time, sizeof time, at_ns, at_ns % 1000000000 == 0 ? 0 : 3);
    weft_json_object_start(w);
    weft_json_key(w, "gaugeValue");
    weft_json_object_start(w);
    weft_json_key(w, "doubleValue");
    weft_json_double(w, value);
    weft_json_object_end(w);
    weft_json_key(w, "timestamp");
    weft_json_string(w, weft_str_make(time, len));
    weft_json_object_end(w);
}

struct answer {
    struct weft_jaeger_metrics_query query;
    struct weft_jaeger_metrics metrics;
    struct weft_json_writer w;
    uint32_t series, point; /* next to be written */
};

static int metrics_write(struct weft_call *call, struct weft_err *err)
{
    struct answer *answer = call->more_state;
    const struct weft_jaeger_metrics *metrics = &answer->metrics;
    struct weft_json_writer *w = &answer->w;
    for (; answer->series < metrics->series_count; answer->series++, answer->point = 0) {
        const struct weft_jaeger_series *series = &metrics->series[answer->series];
        if (answer->point == 0) {
            weft_json_object_start(w);
            weft_json_key(w, "labels");
            weft_json_array_start(w);
            if (answer->query.by_operation) put_label(w, "operation", series->operation);
            put_label(w, "service_name", series->service);
            weft_json_array_end(w);
            weft_json_key(w, "metricPoints");
            weft_json_array_start(w);
        }
        for (; answer->point < metrics->point_count; answer->point++) {
            if (call->body.len >= PIECE_BYTES) return WEFT_CALL_MORE;
            put_point(w, metrics->first_ns + answer->point * answer->query.step_ns,
                      series->values[answer->point]);
        }
        weft_json_array_end(w);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
    weft_json_object_end(w);
    return WEFT_OK;
}

static void put_head(struct weft_json_writer *w, const struct weft_jaeger_metrics_query *query)
{
    char help[160];
    snprintf(help, sizeof help, "%s%s", texts[query->metric].help,
             query->by_operation ? " & operation" : "");
    weft_json_object_start(w);
    weft_json_key(w, "name");
    weft_json_c(w, query->by_operation ? texts[query->metric].operation_name
                                       : texts[query->metric].name);
    weft_json_key(w, "type");
    weft_json_c(w, "GAUGE");
    weft_json_key(w, "help");
    if (query->metric == WEFT_JAEGER_LATENCIES) {
        char quantile[200];
        snprintf(quantile, sizeof quantile, "%.4g%s", query->quantile, help);
        weft_json_c(w, quantile);
    } else {
        weft_json_c(w, help);
    }
    weft_json_key(w, "metrics");
    weft_json_array_start(w);
}

static int answer_metrics(struct weft_call *call, enum weft_jaeger_metric metric,
                          struct weft_err *err)
{
    struct answer *answer = weft_arena_alloc_zero(&call->arena, sizeof *answer);
    answer->query.metric = metric;
    int rc = WEFT_OK;
    if (metric == WEFT_JAEGER_LATENCIES) rc = take_quantile(call, &answer->query.quantile, err);
    if (rc < 0 || (rc = metrics_parameters(call, &answer->query, err)) < 0 ||
        (rc = weft_jaeger_metrics(&call->face->parts->source, &answer->query, &answer->metrics,
                                  &call->arena, err)) < 0)
        return rc;
    if (answer->metrics.partial_reason != NULL)
        weft_call_add_header(call, WEFT_S("x-weft-partial"),
                             weft_str_from_c(answer->metrics.partial_reason));
    answer->w.out = &call->body;
    put_head(&answer->w, &answer->query);
    call->more_state = answer;
    rc = metrics_write(call, err);
    if (rc == WEFT_CALL_MORE) call->more = metrics_write;
    return rc;
}

int weft_jaeger_latencies(struct weft_call *call, struct weft_err *err)
{
    return answer_metrics(call, WEFT_JAEGER_LATENCIES, err);
}

int weft_jaeger_calls(struct weft_call *call, struct weft_err *err)
{
    return answer_metrics(call, WEFT_JAEGER_CALLS, err);
}

int weft_jaeger_errors(struct weft_call *call, struct weft_err *err)
{
    return answer_metrics(call, WEFT_JAEGER_ERRORS, err);
}
