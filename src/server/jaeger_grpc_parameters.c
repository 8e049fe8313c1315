/* jaeger_grpc_parameters.c -- see jaeger_grpc_parameters.h. */
#include "server/jaeger_grpc_parameters.h"
#include "base/clock.h"
#include "wire/protobuf.h"

#define TAG(number, wire) ((number) << 3 | (unsigned)(wire))
#define DEPTH_DEFAULT 100

static int broken(struct weft_err *err, const char *what)
{
    return weft_fail(err, WEFT_INVALID, "%s: the message is no protobuf of this type", what);
}

/* Timestamp and Duration: seconds = 1, nanos = 2. */
static bool seconds_and_nanos(struct weft_str message, int64_t *seconds, int64_t *nanos)
{
    struct weft_pb_reader r = weft_pb_reader_make(message);
    uint32_t tag;
    *seconds = *nanos = 0;
    while (weft_pb_next(&r, &tag)) {
        if (tag == TAG(1, WEFT_PB_VARINT))
            *seconds = (int64_t)weft_pb_varint(&r);
        else if (tag == TAG(2, WEFT_PB_VARINT))
            *nanos = (int64_t)weft_pb_varint(&r);
        else
            weft_pb_skip(&r, tag);
    }
    return !r.is_broken;
}

/* What lies before 1970 or beyond what ns can say is the first or the last moment there is. Go's zero time lies far before. */
static bool take_time(struct weft_str message, uint64_t *ns)
{
    int64_t seconds, nanos, total;
    if (!seconds_and_nanos(message, &seconds, &nanos)) return false;
    if (__builtin_mul_overflow(seconds, (int64_t)WEFT_NS_PER_SECOND, &total) ||
        __builtin_add_overflow(total, nanos, &total))
        total = seconds < 0 ? 0 : INT64_MAX;
    *ns = total < 0 ? 0 : (uint64_t)total;
    return true;
}

static bool take_duration(struct weft_str message, int64_t *ns)
{
    int64_t seconds, nanos;
    if (!seconds_and_nanos(message, &seconds, &nanos)) return false;
    if (__builtin_mul_overflow(seconds, (int64_t)WEFT_NS_PER_SECOND, ns) ||
        __builtin_add_overflow(*ns, nanos, ns))
        *ns = seconds < 0 ? INT64_MIN + 1 : INT64_MAX;
    return true;
}

/* ---- a trace ---- */

static int take_trace_id(struct weft_str text, struct weft_trace_id *out,
                         enum weft_jaeger_version version, struct weft_err *err)
{
    *out = (struct weft_trace_id){ 0 };
    if (version == WEFT_JAEGER_V3 && !weft_trace_id_parse(text, out))
        return weft_fail(err, WEFT_INVALID, "trace_id: found \"%.*s\", expected 1 to 32 hex digits",
                         WEFT_S_ARG(text));
    if (version == WEFT_JAEGER_V2 && text.len != 8 && text.len != sizeof out->bytes)
        return weft_fail(err, WEFT_INVALID, "trace_id: found %zu bytes, expected 16 or 8",
                         text.len);
    if (version == WEFT_JAEGER_V2)
        memcpy(out->bytes + sizeof out->bytes - text.len, text.ptr, text.len);
    if (weft_trace_id_is_zero(out))
        return weft_fail(err, WEFT_INVALID, "trace_id: all zero, expected the id of a trace");
    return WEFT_OK;
}

int weft_jaeger_grpc_get_trace(struct weft_jaeger_grpc_trace *out, struct weft_str message,
                               enum weft_jaeger_version version, struct weft_err *err)
{
    struct weft_pb_reader r = weft_pb_reader_make(message);
    struct weft_str id = { 0 };
    uint32_t tag;
    out->is_raw = false;
    while (weft_pb_next(&r, &tag)) {
        if (tag == TAG(1, WEFT_PB_BYTES))
            id = weft_pb_bytes(&r);
        else if (tag == TAG(4, WEFT_PB_VARINT))
            out->is_raw = weft_pb_varint(&r) != 0;
        else
            weft_pb_skip(&r, tag);
    }
    if (r.is_broken) return broken(err, "GetTraceRequest");
    return take_trace_id(id, &out->trace_id, version, err);
}

/* ---- a search ---- */

static bool take_attribute(struct weft_str entry, struct weft_jaeger_query *query,
                           struct weft_arena *arena)
{
    struct weft_pb_reader r = weft_pb_reader_make(entry);
    struct weft_str key = WEFT_S(""), value = WEFT_S("");
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag == TAG(1, WEFT_PB_BYTES))
            key = weft_pb_bytes(&r);
        else if (tag == TAG(2, WEFT_PB_BYTES))
            value = weft_pb_bytes(&r);
        else
            weft_pb_skip(&r, tag);
    }
    weft_jaeger_tag_add(query, key, value, arena);
    return !r.is_broken;
}

static bool take_query_field(struct weft_jaeger_request *out, struct weft_pb_reader *r,
                             uint32_t tag, bool *has_filter, struct weft_arena *arena)
{
    struct weft_jaeger_query *query = &out->query;
    switch (tag) {
    case TAG(1, WEFT_PB_BYTES): query->service = weft_pb_bytes(r); return true;
    case TAG(2, WEFT_PB_BYTES): query->operation = weft_pb_bytes(r); return true;
    case TAG(3, WEFT_PB_BYTES): return take_attribute(weft_pb_bytes(r), query, arena);
    case TAG(4, WEFT_PB_BYTES): return take_time(weft_pb_bytes(r), &query->from_ns);
    case TAG(5, WEFT_PB_BYTES): return take_time(weft_pb_bytes(r), &query->to_ns);
    case TAG(6, WEFT_PB_BYTES): return take_duration(weft_pb_bytes(r), &query->duration_min_ns);
    case TAG(7, WEFT_PB_BYTES): return take_duration(weft_pb_bytes(r), &query->duration_max_ns);
    case TAG(8, WEFT_PB_VARINT): query->limit = (uint32_t)weft_pb_varint(r); return true;
    case TAG(9, WEFT_PB_VARINT): out->is_raw = weft_pb_varint(r) != 0; return true;
    case TAG(10, WEFT_PB_BYTES): *has_filter = weft_pb_bytes(r).len > 0; return true;
    default: weft_pb_skip(r, tag); return true;
    }
}

static int check_times(struct weft_jaeger_query *query, enum weft_jaeger_version version,
                       struct weft_err *err)
{
    if (version == WEFT_JAEGER_V3 && (query->from_ns == 0 || query->to_ns == 0))
        return weft_fail(err, WEFT_INVALID,
                         "start_time_min and start_time_max are required parameters");
    if (query->to_ns == 0) query->to_ns = UINT64_MAX;
    if (query->from_ns > query->to_ns)
        return weft_fail(err, WEFT_INVALID, "start_time_min lies behind start_time_max");
    return WEFT_OK;
}

int weft_jaeger_grpc_find_traces(struct weft_jaeger_request *out, struct weft_call *call,
                                 struct weft_str message, enum weft_jaeger_version version,
                                 struct weft_err *err)
{
    struct weft_pb_reader r = weft_pb_reader_make(message);
    struct weft_str query = { 0 };
    bool has_query = false, has_filter = false;
    uint32_t tag;
    *out = (struct weft_jaeger_request){ 0 };
    while (weft_pb_next(&r, &tag)) {
        if (tag == TAG(1, WEFT_PB_BYTES)) {
            query = weft_pb_bytes(&r);
            has_query = true;
        } else {
            weft_pb_skip(&r, tag);
        }
    }
    if (r.is_broken) return broken(err, "FindTracesRequest");
    if (!has_query) return weft_fail(err, WEFT_INVALID, "missing query");
    r = weft_pb_reader_make(query);
    while (weft_pb_next(&r, &tag))
        if (!take_query_field(out, &r, tag, &has_filter, &call->arena)) r.is_broken = true;
    if (r.is_broken) return broken(err, "TraceQueryParameters");
    if (has_filter)
        return weft_fail(err, WEFT_INVALID, "filter is not known here; use attributes or TraceQL");
    if (out->query.limit == 0) out->query.limit = DEPTH_DEFAULT;
    if (out->query.limit > INT32_MAX)
        return weft_fail(err, WEFT_INVALID, "search_depth: found a negative number");
    int rc = check_times(&out->query, version, err);
    return rc < 0 ? rc : weft_jaeger_query_finish(call, &out->query, err);
}

/* ---- names, dependencies ---- */

int weft_jaeger_grpc_operations(struct weft_str *service, struct weft_str *kind,
                                struct weft_str message, struct weft_err *err)
{
    struct weft_pb_reader r = weft_pb_reader_make(message);
    uint32_t tag;
    *service = *kind = WEFT_S("");
    while (weft_pb_next(&r, &tag)) {
        if (tag == TAG(1, WEFT_PB_BYTES))
            *service = weft_pb_bytes(&r);
        else if (tag == TAG(2, WEFT_PB_BYTES))
            *kind = weft_pb_bytes(&r);
        else
            weft_pb_skip(&r, tag);
    }
    return r.is_broken ? broken(err, "GetOperationsRequest") : WEFT_OK;
}

int weft_jaeger_grpc_dependencies(uint64_t *from_ns, uint64_t *to_ns, struct weft_str message,
                                  struct weft_err *err)
{
    struct weft_pb_reader r = weft_pb_reader_make(message);
    uint32_t tag;
    *from_ns = *to_ns = 0;
    while (weft_pb_next(&r, &tag)) {
        if (tag == TAG(1, WEFT_PB_BYTES))
            r.is_broken |= !take_time(weft_pb_bytes(&r), from_ns);
        else if (tag == TAG(2, WEFT_PB_BYTES))
            r.is_broken |= !take_time(weft_pb_bytes(&r), to_ns);
        else
            weft_pb_skip(&r, tag);
    }
    if (r.is_broken) return broken(err, "GetDependenciesRequest");
    if (*from_ns == 0 || *to_ns == 0)
        return weft_fail(err, WEFT_INVALID, "start_time and end_time are required");
    return WEFT_OK;
}
