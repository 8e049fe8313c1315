/* zipkin_parameters.c -- see zipkin_parameters.h. */
#include "server/zipkin_parameters.h"
#include "base/clock.h"
#include "wire/text.h"

#define LOOKBACK_MS (INT64_C(24) * 3600 * 1000)
#define LIMIT_DEFAULT 10

int weft_zipkin_required(struct weft_call *call, const char *name, struct weft_str *out,
                         struct weft_err *err)
{
    bool is_there;
    *out = weft_call_query(call, weft_str_from_c(name), &is_there);
    if (is_there) return WEFT_OK;
    return weft_fail(err, WEFT_INVALID, "Mandatory parameter/header/attribute is missing: %s",
                     name);
}

struct weft_str weft_zipkin_name(struct weft_call *call, const char *name)
{
    return weft_utf8_lower(weft_call_query(call, weft_str_from_c(name), NULL), &call->arena);
}

int weft_zipkin_number(struct weft_call *call, const char *name, int64_t max, int64_t *out,
                       struct weft_err *err)
{
    bool is_there;
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), &is_there);
    struct weft_str digits = text;
    if (!is_there) return WEFT_OK;
    if (digits.len > 1 && digits.ptr[0] == '+') digits = weft_str_tail(digits, 1);
    if (!weft_str_to_i64(digits, out) || *out > max)
        return weft_fail(err, WEFT_INVALID,
                         "%s: For input string: \"%.*s\", expected a whole number up to %lld", name,
                         WEFT_S_ARG(text), (long long)max);
    if (*out <= 0) return weft_fail(err, WEFT_INVALID, "%s <= 0", name);
    return WEFT_OK;
}

int weft_zipkin_range(struct weft_call *call, uint64_t *from_us, uint64_t *to_us,
                      struct weft_err *err)
{
    int64_t end_ms = (int64_t)(weft_clock_unix_ns() / WEFT_NS_PER_MS), lookback_ms = LOOKBACK_MS;
    int rc;
    if ((rc = weft_zipkin_number(call, "endTs", INT64_MAX, &end_ms, err)) < 0 ||
        (rc = weft_zipkin_number(call, "lookback", INT64_MAX, &lookback_ms, err)) < 0)
        return rc;
    if (__builtin_mul_overflow((uint64_t)end_ms, UINT64_C(1000), to_us)) *to_us = UINT64_MAX;
    *from_us = 0;
    if (lookback_ms < end_ms &&
        __builtin_mul_overflow((uint64_t)(end_ms - lookback_ms), UINT64_C(1000), from_us))
        *from_us = UINT64_MAX;
    return WEFT_OK;
}

static bool is_lower_hex(struct weft_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (weft_hex_digit(text.ptr[i]) < 0 || (text.ptr[i] >= 'A' && text.ptr[i] <= 'F'))
            return false;
    return text.len > 0;
}

int weft_zipkin_trace_id(struct weft_str text, struct weft_trace_id *out, struct weft_err *err)
{
    if (text.len > 32) return weft_fail(err, WEFT_INVALID, "traceId.length > 32");
    if (!is_lower_hex(text) || !weft_trace_id_parse(text, out))
        return weft_fail(err, WEFT_INVALID, "%.*s should be lower-hex encoded with no prefix",
                         WEFT_S_ARG(text));
    if (weft_trace_id_is_zero(out))
        return weft_fail(err, WEFT_INVALID, "Invalid traceID: all zeros");
    return WEFT_OK;
}

/* "a and b=c": a later term of the same key replaces the earlier one, but a bare word no term with a value. */
static void terms_parse(struct weft_call *call, struct weft_str text,
                        struct weft_zipkin_query *query)
{
    static const struct weft_str separator = WEFT_S_INIT(" and ");
    struct weft_zipkin_term *terms =
        weft_arena_alloc_array(&call->arena, WEFT_ZIPKIN_TERMS_MAX, sizeof *terms);
    for (uint32_t pieces = 1; text.len > 0; pieces++) {
        size_t len = 0;
        while (len < text.len && (pieces == WEFT_ZIPKIN_TERMS_MAX ||
                                  !weft_str_starts_with(weft_str_tail(text, len), separator)))
            len++;
        struct weft_str piece = weft_str_make(text.ptr, len);
        text = weft_str_tail(text, len + separator.len);
        struct weft_zipkin_term term = { .value = piece };
        bool is_bare = weft_str_find(piece, '=') < 0;
        term.key = weft_str_split(&term.value, '=');
        uint32_t at = 0;
        while (at < query->term_count && !weft_str_equal(terms[at].key, term.key)) at++;
        if (at == query->term_count)
            terms[query->term_count++] = term;
        else if (!is_bare)
            terms[at] = term;
    }
    query->terms = terms;
}

static int durations(struct weft_call *call, struct weft_zipkin_query *query, struct weft_err *err)
{
    int64_t min = 0, max = 0;
    bool has_max;
    int rc = weft_zipkin_number(call, "minDuration", INT64_MAX, &min, err);
    if (rc < 0) return rc;
    struct weft_str text = weft_call_query(call, WEFT_S("maxDuration"), &has_max);
    if (!has_max) {
        query->duration_min_us = (uint64_t)min;
        return WEFT_OK;
    }
    if (!weft_str_to_i64(text, &max))
        return weft_fail(err, WEFT_INVALID,
                         "maxDuration: For input string: \"%.*s\", expected a whole number",
                         WEFT_S_ARG(text));
    if (min == 0) return weft_fail(err, WEFT_INVALID, "maxDuration is only valid with minDuration");
    if (max < min) return weft_fail(err, WEFT_INVALID, "maxDuration < minDuration");
    query->duration_min_us = (uint64_t)min;
    query->duration_max_us = (uint64_t)max;
    return WEFT_OK;
}

int weft_zipkin_search_parameters(struct weft_call *call, struct weft_zipkin_query *out,
                                  struct weft_err *err)
{
    uint32_t limit_max = call->face->parts->search_limit_max;
    int64_t limit = LIMIT_DEFAULT;
    int rc;
    *out = (struct weft_zipkin_query){
        .service = weft_zipkin_name(call, "serviceName"),
        .name = weft_zipkin_name(call, "spanName"),
        .remote_service = weft_zipkin_name(call, "remoteServiceName"),
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
    if (weft_str_equal_c(out->name, "all")) out->name = WEFT_S("");
    if ((rc = weft_zipkin_range(call, &out->from_us, &out->to_us, err)) < 0 ||
        (rc = weft_zipkin_number(call, "limit", INT32_MAX, &limit, err)) < 0 ||
        (rc = durations(call, out, err)) < 0)
        return rc;
    out->limit = limit > limit_max ? limit_max : (uint32_t)limit;
    terms_parse(call, weft_call_query(call, WEFT_S("annotationQuery"), NULL), out);
    return WEFT_OK;
}
