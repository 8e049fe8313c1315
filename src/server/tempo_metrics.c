/* tempo_metrics.c -- /api/metrics/query_range and /api/metrics/query: series from spans (Q8.7). */
#include "base/clock.h"
#include "server/tempo.h"
#include <inttypes.h>

#define STEPS_DEFAULT 240

uint64_t weft_tempo_default_step(uint64_t range_ns)
{
    static const unsigned seconds[] = { 3600, 300, 60, 15, 5, 1 };
    const uint64_t fine = 50 * WEFT_NS_PER_MS;
    uint64_t step = range_ns / STEPS_DEFAULT;
    if (range_ns < 60 * WEFT_NS_PER_SECOND) return step < fine ? fine : step / fine * fine;
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
        if (step > seconds[i] * WEFT_NS_PER_SECOND)
            return step / (seconds[i] * WEFT_NS_PER_SECOND) * (seconds[i] * WEFT_NS_PER_SECOND);
    return WEFT_NS_PER_SECOND;
}

static int metrics_check(const struct weft_tempo_metrics *metrics, uint64_t range_ns_max,
                         struct weft_err *err)
{
    if (metrics->start_ns >= metrics->end_ns)
        return weft_fail(err, WEFT_INVALID, "end must be greater than start");
    if (range_ns_max > 0 && metrics->end_ns - metrics->start_ns > range_ns_max)
        return weft_fail(err, WEFT_INVALID,
                         "metrics query time range is %" PRIu64 " s, at most %" PRIu64
                         " s expected (query.metrics_range_max)",
                         (metrics->end_ns - metrics->start_ns) / WEFT_NS_PER_SECOND,
                         range_ns_max / WEFT_NS_PER_SECOND);
    return WEFT_OK;
}

int weft_tempo_metrics_answer(struct weft_call *call, const struct weft_tempo_metrics *metrics,
                              const struct weft_tempo_encoder *encoder, struct weft_buf *out,
                              struct weft_err *err)
{
    const struct weft_server_parts *parts = call->face->parts;
    struct weft_traceql_query query;
    struct weft_metrics_result result = { 0 };
    int rc = metrics_check(metrics, parts->metrics_range_ns_max, err);
    if (rc < 0) return rc;
    if (weft_traceql_parse(&query, metrics->query, &call->arena, NULL, err) < 0)
        return weft_err_wrap(err, "invalid TraceQL query");
    struct weft_metrics_range range = {
        .start_ns = metrics->start_ns,
        .end_ns = metrics->end_ns,
        .step_ns = metrics->step_ns,
        .series_max = metrics->series_max > 0 && metrics->series_max < parts->series_max
                          ? metrics->series_max
                          : parts->series_max,
        .exemplars_max = metrics->exemplars,
        .memory_bytes_max = parts->query_memory_bytes_max,
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
    if (!metrics->is_instant && range.step_ns == 0)
        range.step_ns = weft_tempo_default_step(range.end_ns - range.start_ns);
    rc = weft_traceql_metrics(&parts->source, &query, &range, &result, &call->arena, err);
    if (rc == WEFT_UNSUPPORTED)
        rc = WEFT_INVALID; /* of this query: saying it again does not help */
    if (rc < 0) return rc;
    (metrics->is_instant ? encoder->instant : encoder->range)(out, &result);
    return WEFT_OK;
}

/* ---- parameters ---- */

static int time_parse(struct weft_call *call, const char *name, uint64_t *out, struct weft_err *err)
{
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), NULL);
    if (text.len == 0 || weft_tempo_time_parse(text, out)) return WEFT_OK;
    return weft_fail(
        err, WEFT_INVALID,
        "invalid %s: found \"%.*s\", expected Unix seconds or nanoseconds, or RFC 3339", name,
        WEFT_S_ARG(text));
}

/* end: now unless given. start: `since` before it. */
static int times_parse(struct weft_call *call, struct weft_tempo_metrics *metrics,
                       struct weft_err *err)
{
    uint64_t since = 3600 * WEFT_NS_PER_SECOND;
    struct weft_str text = weft_call_query(call, WEFT_S("since"), NULL);
    metrics->end_ns = weft_clock_unix_ns();
    if (text.len > 0 && !weft_tempo_duration_parse(text, &since))
        return weft_fail(err, WEFT_INVALID,
                         "invalid since: found \"%.*s\", expected a duration like 1h30m",
                         WEFT_S_ARG(text));
    int rc = time_parse(call, "end", &metrics->end_ns, err);
    if (rc < 0) return rc;
    metrics->start_ns = metrics->end_ns > since ? metrics->end_ns - since : 0;
    return time_parse(call, "start", &metrics->start_ns, err);
}

static int step_parse(struct weft_call *call, uint64_t *step_ns, struct weft_err *err)
{
    double seconds;
    struct weft_str text = weft_call_query(call, WEFT_S("step"), NULL);
    if (text.len == 0) return WEFT_OK;
    if (weft_str_to_double(text, &seconds) && seconds > 0 && seconds < 9e9)
        *step_ns = (uint64_t)(seconds * 1e9 + 0.5);
    else if (!weft_tempo_duration_parse(text, step_ns))
        *step_ns = 0;
    if (*step_ns > 0) return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "invalid step: found \"%.*s\", expected seconds or a duration, more than zero",
                     WEFT_S_ARG(text));
}

static int metrics_parse(struct weft_call *call, struct weft_tempo_metrics *metrics,
                         struct weft_err *err)
{
    metrics->query = weft_call_query(call, WEFT_S("q"), NULL);
    if (metrics->query.len == 0) metrics->query = weft_call_query(call, WEFT_S("query"), NULL);
    metrics->exemplars = WEFT_TEMPO_EXEMPLARS_MAX;
    int rc = times_parse(call, metrics, err);
    if (rc < 0) return rc;
    if ((rc = weft_tempo_count_parse(call, "exemplars", &metrics->exemplars, err)) < 0) return rc;
    if (metrics->exemplars > WEFT_TEMPO_EXEMPLARS_MAX)
        metrics->exemplars = WEFT_TEMPO_EXEMPLARS_MAX;
    return metrics->is_instant ? WEFT_OK : step_parse(call, &metrics->step_ns, err);
}

/* Always JSON: metrics do not look at Accept (Q8.1.2). */
int weft_tempo_query_range(struct weft_call *call, struct weft_err *err)
{
    struct weft_tempo_metrics metrics = { 0 };
    int rc = metrics_parse(call, &metrics, err);
    if (rc < 0) return rc;
    return weft_tempo_metrics_answer(call, &metrics, &weft_tempo_json, &call->body, err);
}

int weft_tempo_query_instant(struct weft_call *call, struct weft_err *err)
{
    struct weft_tempo_metrics metrics = { .is_instant = true };
    int rc = metrics_parse(call, &metrics, err);
    if (rc < 0) return rc;
    return weft_tempo_metrics_answer(call, &metrics, &weft_tempo_json, &call->body, err);
}
