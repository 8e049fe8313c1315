/* api_question.c -- the query and the range of time of a question, and values in answers (api_question.h). */
#include "server/api_question.h"
#include "base/clock.h"
#include "base/option.h"
#include <inttypes.h>

int weft_api_range_finish(struct weft_api_range *range, struct weft_err *err)
{
    uint64_t now = range->now_ns = weft_clock_unix_ns();
    if (range->since_ns > 0 && range->from_ns > 0)
        return weft_fail(err, WEFT_INVALID, "found from and since, expected one of them");
    if (range->since_ns > 0) range->from_ns = now > range->since_ns ? now - range->since_ns : 0;
    if (range->to_ns > 0 && range->from_ns >= range->to_ns)
        return weft_fail(err, WEFT_INVALID, "from (%llu ns) must lie before to (%llu ns)",
                         (unsigned long long)range->from_ns, (unsigned long long)range->to_ns);
    return WEFT_OK;
}

const struct weft_api_parameter weft_api_limit_parameters[] = {
    WEFT_API_LIMITS(struct weft_api_limited),
    { 0 },
};

static void lower(uint64_t *limit, uint64_t wanted)
{
    if (wanted > 0 && (*limit == 0 || wanted < *limit)) *limit = wanted;
}

void weft_api_limits_apply(struct weft_call *call, const struct weft_api_limits *limits)
{
    lower(&call->reads.bytes_max, limits->bytes_max);
    lower(&call->reads.spans_max, limits->spans_max);
    if (limits->timeout_ns == 0 || limits->timeout_ns >= call->timeout_ns) return;
    call->deadline_monotonic_ns -= call->timeout_ns - limits->timeout_ns;
    call->timeout_ns = limits->timeout_ns;
}

int weft_api_query_parse(struct weft_call *call, struct weft_str text,
                         struct weft_traceql_query *out, struct weft_err *err)
{
    struct weft_traceql_place place = { 0 };
    int rc = weft_traceql_parse(out, text, &call->arena, &place, err);
    call->error_line = place.line;
    call->error_column = place.column;
    return rc;
}

const char *weft_api_type_name(enum weft_traceql_type type)
{
    static const char *const names[] = {
        [WEFT_TRACEQL_NIL] = "nil",         [WEFT_TRACEQL_INT] = "int",
        [WEFT_TRACEQL_FLOAT] = "float",     [WEFT_TRACEQL_DURATION] = "duration",
        [WEFT_TRACEQL_STRING] = "string",   [WEFT_TRACEQL_BOOL] = "bool",
        [WEFT_TRACEQL_STATUS] = "status",   [WEFT_TRACEQL_KIND] = "kind",
        [WEFT_TRACEQL_ARRAY] = "array",     [WEFT_TRACEQL_OPAQUE] = "opaque",
        [WEFT_TRACEQL_UNKNOWN] = "unknown",
    };
    return names[type];
}

void weft_api_write_value(struct weft_json_writer *w, const struct weft_traceql_value *value)
{
    struct weft_buf text = { 0 };
    weft_traceql_print_value(&text, value);
    weft_json_key(w, "type");
    weft_json_c(w, weft_api_type_name(value->type));
    weft_api_put_text(w, "value", weft_buf_str(&text));
    weft_buf_release(&text);
}

void weft_api_put_text(struct weft_json_writer *w, const char *key, struct weft_str value)
{
    weft_json_key(w, key);
    weft_json_string(w, value);
}

void weft_api_put_u64(struct weft_json_writer *w, const char *key, uint64_t value)
{
    weft_json_key(w, key);
    weft_json_u64(w, value);
}

void weft_api_put_time(struct weft_json_writer *w, const char *key, uint64_t unix_ns)
{
    weft_json_key(w, key);
    weft_json_u64_string(w, unix_ns);
}

/* The reason, and what the limit is. */
static void partial_say(struct weft_buf *out, const struct weft_call *call, const char *reason)
{
    const struct weft_read_limits *reads = &call->reads;
    uint64_t memory_max = call->face->parts->query_memory_bytes_max;

    weft_buf_append_c(out, reason);
    if (strcmp(reason, "time limit") == 0) {
        weft_buf_append_c(out, " of ");
        weft_duration_print(out, (int64_t)call->timeout_ns);
    } else if (strcmp(reason, WEFT_BYTES_LIMIT) == 0) {
        weft_buf_append_c(out, ": ");
        weft_bytes_write(reads->bytes, out);
        weft_buf_append_c(out, ", at most ");
        weft_bytes_write(reads->bytes_max, out);
    } else if (strcmp(reason, WEFT_SPANS_LIMIT) == 0) {
        weft_buf_printf(out, ": %" PRIu64 ", at most %" PRIu64, reads->spans, reads->spans_max);
    } else if (strcmp(reason, "memory limit") == 0 && memory_max > 0) {
        weft_buf_append_c(out, " of ");
        weft_bytes_write(memory_max, out);
    }
}

void weft_api_write_partial(struct weft_json_writer *w, const struct weft_call *call,
                            const char *partial_reason)
{
    struct weft_buf said = { 0 };
    weft_json_key(w, "partial");
    if (partial_reason != NULL) {
        partial_say(&said, call, partial_reason);
        weft_json_string(w, weft_buf_str(&said));
        weft_buf_release(&said);
    } else {
        weft_json_null(w);
    }
}

void weft_api_write_inspected(struct weft_json_writer *w, const struct weft_call *call,
                              const char *partial_reason, uint64_t traces, uint64_t spans,
                              uint64_t bytes)
{
    weft_api_write_partial(w, call, partial_reason);
    weft_json_key(w, "inspected");
    weft_json_object_start(w);
    weft_api_put_u64(w, "traces", traces);
    weft_api_put_u64(w, "spans", spans);
    weft_api_put_u64(w, "bytes", bytes);
    weft_json_object_end(w);
}
