/* jaeger_parameters.c -- single values and the classic search (jaeger_parameters.h). */
#include "server/jaeger_parameters.h"
#include "base/clock.h"
#include "wire/json.h"
#include "wire/text.h"

#define LOOKBACK_NS (UINT64_C(48) * 3600 * WEFT_NS_PER_SECOND)
#define LIMIT_DEFAULT 100

/* ---- values ---- */

bool weft_go_bool_parse(struct weft_str text, bool *out)
{
    static const struct {
        const char *text;
        bool value;
    } words[] = {
        { "1", true },    { "t", true },      { "T", true },      { "true", true },
        { "TRUE", true }, { "True", true },   { "0", false },     { "f", false },
        { "F", false },   { "false", false }, { "FALSE", false }, { "False", false },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!weft_str_equal_c(text, words[i].text)) continue;
        *out = words[i].value;
        return true;
    }
    return false;
}

/* weft's durations and Go's differ: Go has a sign, ".5s" and "1.s", and no days. */
bool weft_go_duration_parse(struct weft_str text, int64_t *ns)
{
    char plain[128];
    size_t len = 0;
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+')) text = weft_str_tail(text, 1);
    if (text.len == 0 || text.len >= sizeof plain / 3) return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i], before = i > 0 ? text.ptr[i - 1] : 'x',
             after = i + 1 < text.len ? text.ptr[i + 1] : 'x';
        bool has_digit_before = before >= '0' && before <= '9';
        bool has_digit_after = after >= '0' && after <= '9';
        if (c == 'd' || (c == '.' && !has_digit_before && !has_digit_after)) return false;
        if (c == '.' && !has_digit_before) plain[len++] = '0';
        plain[len++] = c;
        if (c == '.' && !has_digit_after) plain[len++] = '0';
    }
    if (!weft_duration_parse(weft_str_make(plain, len), ns)) return false;
    if (is_negative) *ns = -*ns;
    return true;
}

int weft_jaeger_bool(struct weft_call *call, const char *name, const char *other, bool *out,
                     struct weft_err *err)
{
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), NULL);
    if (text.len == 0 && other != NULL) text = weft_call_query(call, weft_str_from_c(other), NULL);
    if (text.len == 0 || weft_go_bool_parse(text, out)) return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "malformed parameter %s: found \"%.*s\", expected true or false", name,
                     WEFT_S_ARG(text));
}

int weft_jaeger_i64(struct weft_call *call, const char *name, int64_t *out, struct weft_err *err)
{
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), NULL);
    if (text.len == 0 || weft_str_to_i64(text, out)) return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "unable to parse param '%s': found \"%.*s\", expected a whole number", name,
                     WEFT_S_ARG(text));
}

int weft_jaeger_time(struct weft_call *call, const char *name, uint64_t unit_ns, uint64_t *out,
                     struct weft_err *err)
{
    int64_t units = INT64_MIN;
    int rc = weft_jaeger_i64(call, name, &units, err);
    if (rc < 0 || units == INT64_MIN) return rc;
    if (units < 0)
        *out = 0;
    else if (__builtin_mul_overflow((uint64_t)units, unit_ns, out))
        *out = UINT64_MAX;
    return WEFT_OK;
}

static bool trace_id_base64(struct weft_str text, struct weft_trace_id *out)
{
    char bytes[32];
    size_t len;
    if (weft_base64_decoded_max(text) > sizeof bytes ||
        !weft_base64_decode_into(bytes, &len, WEFT_BASE64_ANY, text) || (len != 8 && len != 16))
        return false;
    *out = (struct weft_trace_id){ 0 };
    memcpy(out->bytes + sizeof out->bytes - len, bytes, len);
    return true;
}

int weft_jaeger_trace_id(struct weft_str text, struct weft_trace_id *out, struct weft_err *err)
{
    if (weft_trace_id_parse(text, out) || trace_id_base64(text, out)) return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "cannot parse traceID: found \"%.*s\", expected 1 to 32 hex digits",
                     WEFT_S_ARG(text));
}

/* ---- tags ---- */

void weft_jaeger_tag_add(struct weft_jaeger_query *query, struct weft_str key,
                         struct weft_str value, struct weft_arena *arena)
{
    struct weft_jaeger_tag *tags =
        weft_arena_alloc_array(arena, (size_t)query->tag_count + 1, sizeof *tags);
    if (query->tag_count > 0) memcpy(tags, query->tags, query->tag_count * sizeof *tags);
    for (uint32_t i = 0; i < query->tag_count; i++) { /* a key given again replaces the first */
        if (!weft_str_equal(tags[i].key, key)) continue;
        tags[i].value = value;
        query->tags = tags;
        return;
    }
    tags[query->tag_count++] = (struct weft_jaeger_tag){ key, value };
    query->tags = tags;
}

int weft_jaeger_tags_json(struct weft_jaeger_query *query, struct weft_str json,
                          struct weft_arena *arena, struct weft_err *err)
{
    struct weft_json_reader r;
    enum weft_json_token token;
    weft_json_reader_init(&r, json, arena);
    token = weft_json_next(&r);
    if (token == WEFT_JSON_ERROR) return weft_json_fail(&r, err);
    if (token == WEFT_JSON_NULL) return WEFT_OK;
    if (token != WEFT_JSON_OBJECT_START)
        return weft_fail(err, WEFT_INVALID, "found no JSON object, expected {\"key\": \"value\"}");
    while ((token = weft_json_next(&r)) == WEFT_JSON_KEY) {
        struct weft_str key = r.text;
        token = weft_json_next(&r);
        if (token == WEFT_JSON_ERROR) return weft_json_fail(&r, err);
        if (token != WEFT_JSON_STRING)
            return weft_fail(err, WEFT_INVALID, "\"%.*s\": found another value, expected a text",
                             WEFT_S_ARG(key));
        weft_jaeger_tag_add(query, key, r.text, arena);
    }
    if (token == WEFT_JSON_OBJECT_END) token = weft_json_next(&r);
    return token == WEFT_JSON_END ? WEFT_OK : weft_json_fail(&r, err);
}

/* ---- the classic search ---- */

static int take_repeated(struct weft_call *call, struct weft_jaeger_request *out,
                         struct weft_str name, struct weft_str value, struct weft_err *err)
{
    struct weft_jaeger_query *query = &out->query;
    if (weft_str_equal_c(name, "tag")) {
        ptrdiff_t colon = weft_str_find(value, ':');
        if (colon < 0)
            return weft_fail(err, WEFT_INVALID,
                             "malformed 'tag' parameter: found \"%.*s\", expected key:value",
                             WEFT_S_ARG(value));
        weft_jaeger_tag_add(query, weft_str_make(value.ptr, (size_t)colon),
                            weft_str_tail(value, (size_t)colon + 1), &call->arena);
    } else if (weft_str_equal_c(name, "tags")) {
        if (weft_jaeger_tags_json(query, value, &call->arena, err) < 0)
            return weft_err_wrap(err, "malformed 'tags' parameter");
    } else if (weft_str_equal_c(name, "traceID")) {
        struct weft_newest_trace *found = &out->traces[out->trace_count];
        int rc = weft_jaeger_trace_id(value, &found->trace_id, err);
        if (rc < 0) return rc;
        for (uint32_t i = 0; i < out->trace_count; i++)
            if (memcmp(&out->traces[i].trace_id, &found->trace_id, sizeof found->trace_id) == 0)
                return WEFT_OK;
        out->trace_count++;
    }
    return WEFT_OK;
}

static int take_all_repeated(struct weft_call *call, struct weft_jaeger_request *out,
                             struct weft_err *err)
{
    struct weft_str query = call->exchange->query, name, value;
    size_t at = 0, pairs = 1;
    for (size_t i = 0; i < query.len; i++) pairs += query.ptr[i] == '&';
    out->traces = weft_arena_alloc_array(&call->arena, pairs, sizeof *out->traces);
    while (weft_query_string_next(query, &at, &call->arena, &name, &value)) {
        int rc = take_repeated(call, out, name, value, err);
        if (rc < 0) return rc;
    }
    return WEFT_OK;
}

static int take_duration(struct weft_call *call, const char *name, int64_t *ns,
                         struct weft_err *err)
{
    struct weft_str text = weft_call_query(call, weft_str_from_c(name), NULL);
    if (text.len == 0 || weft_go_duration_parse(text, ns)) return WEFT_OK;
    return weft_fail(err, WEFT_INVALID,
                     "unable to parse param '%s': found \"%.*s\", expected a duration such as 1.5s "
                     "or 300ms",
                     name, WEFT_S_ARG(text));
}

int weft_jaeger_query_finish(struct weft_call *call, struct weft_jaeger_query *query,
                             struct weft_err *err)
{
    if (query->duration_min_ns != 0 && query->duration_max_ns != 0 &&
        query->duration_max_ns < query->duration_min_ns)
        return weft_fail(err, WEFT_INVALID, "'maxDuration' should be greater than 'minDuration'");
    if (query->limit > call->face->parts->search_limit_max)
        query->limit = call->face->parts->search_limit_max;
    query->deadline_monotonic_ns = call->deadline_monotonic_ns;
    query->cancelled = &call->is_cancelled;
    query->reads = &call->reads;
    return WEFT_OK;
}

int weft_jaeger_search_parameters(struct weft_call *call, struct weft_jaeger_request *out,
                                  struct weft_err *err)
{
    struct weft_jaeger_query *query = &out->query;
    uint64_t now = weft_clock_unix_ns();
    int64_t limit = LIMIT_DEFAULT;
    int rc;
    *out = (struct weft_jaeger_request){ 0 };
    query->service = weft_call_query(call, WEFT_S("service"), NULL);
    query->operation = weft_call_query(call, WEFT_S("operation"), NULL);
    query->from_ns = now - LOOKBACK_NS;
    query->to_ns = now;
    if ((rc = weft_jaeger_time(call, "start", WEFT_NS_PER_US, &query->from_ns, err)) < 0 ||
        (rc = weft_jaeger_time(call, "end", WEFT_NS_PER_US, &query->to_ns, err)) < 0 ||
        (rc = take_all_repeated(call, out, err)) < 0 ||
        (rc = weft_jaeger_i64(call, "limit", &limit, err)) < 0 ||
        (rc = take_duration(call, "minDuration", &query->duration_min_ns, err)) < 0 ||
        (rc = take_duration(call, "maxDuration", &query->duration_max_ns, err)) < 0 ||
        (rc = weft_jaeger_bool(call, "raw", NULL, &out->is_raw, err)) < 0)
        return rc;
    if (out->trace_count == 0 && query->service.len == 0)
        return weft_fail(err, WEFT_INVALID, "parameter 'service' is required");
    if (limit < 1 || limit > INT32_MAX)
        return weft_fail(err, WEFT_INVALID, "limit: found %lld, expected 1 to %d", (long long)limit,
                         INT32_MAX);
    if (query->from_ns > query->to_ns)
        return weft_fail(err, WEFT_INVALID, "'start' lies behind 'end'");
    query->limit = (uint32_t)limit;
    return weft_jaeger_query_finish(call, query, err);
}
