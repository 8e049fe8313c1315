/* jaeger_search.c -- conditions on one span, and the newest traces that have such a span (jaeger_search.h). */
#include "query/jaeger_search.h"
#include "model/jaeger_json.h"

/* ---- conditions ---- */

static bool attributes_have(struct weft_attributes attributes, const struct weft_jaeger_tag *tag,
                            struct weft_buf *scratch)
{
    const struct weft_attribute *a = weft_attributes_find(attributes, tag->key);
    return a != NULL && weft_str_equal(weft_jaeger_value_text(a, scratch), tag->value);
}

static bool carriers_have(const struct weft_span *span, const struct weft_jaeger_tag *tag,
                          struct weft_buf *scratch)
{
    if (attributes_have(span->attributes, tag, scratch) ||
        attributes_have(span->scope->attributes, tag, scratch) ||
        attributes_have(span->scope->resource->attributes, tag, scratch))
        return true;
    for (uint32_t i = 0; i < span->event_count; i++)
        if (attributes_have(span->events[i].attributes, tag, scratch)) return true;
    for (uint32_t i = 0; i < span->link_count; i++)
        if (attributes_have(span->links[i].attributes, tag, scratch)) return true;
    return false;
}

static bool is_one_of(struct weft_str text, const char *const *texts)
{
    for (; *texts != NULL; texts++)
        if (weft_str_equal_c(text, *texts)) return true;
    return false;
}

/* error=true asks for status error, error=false for status ok, as the peer has it. */
static bool error_holds(const struct weft_span *span, struct weft_str value)
{
    static const char *const yes[] = { "true", "TRUE", "True", "t", "T", "1", NULL };
    static const char *const no[] = { "false", "FALSE", "False", "f", "F", "0", NULL };
    if (is_one_of(value, yes)) return span->status_code == WEFT_STATUS_ERROR;
    return is_one_of(value, no) && span->status_code == WEFT_STATUS_OK;
}

static bool status_holds(const struct weft_span *span, struct weft_str value)
{
    return weft_str_equal_ignoring_case(value,
                                        weft_str_from_c(weft_status_code_name(span->status_code)));
}

static bool kind_holds(const struct weft_span *span, struct weft_str value)
{
    return weft_str_equal_ignoring_case(value, weft_str_from_c(weft_span_kind_name(span->kind)));
}

static bool scope_name_holds(const struct weft_span *span, struct weft_str value)
{
    return weft_str_equal(value, span->scope->name);
}

static bool scope_version_holds(const struct weft_span *span, struct weft_str value)
{
    return weft_str_equal(value, span->scope->version);
}

/* Keys that ask for a field of the span, never for an attribute. */
static const struct {
    struct weft_str key;
    bool (*holds)(const struct weft_span *span, struct weft_str value);
} fields[] = {
    { WEFT_S_INIT("error"), error_holds },
    { WEFT_S_INIT("span.status"), status_holds },
    { WEFT_S_INIT("span.kind"), kind_holds },
    { WEFT_S_INIT("scope.name"), scope_name_holds },
    { WEFT_S_INIT("scope.version"), scope_version_holds },
};

static bool service_holds(const struct weft_span *span, struct weft_str value)
{
    return weft_str_equal(value, weft_jaeger_service(span->scope->resource));
}

static bool tag_holds(const struct weft_span *span, const struct weft_jaeger_tag *tag,
                      struct weft_buf *scratch)
{
    static const struct weft_str resource = WEFT_S_INIT("resource.");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (weft_str_equal(tag->key, fields[i].key)) return fields[i].holds(span, tag->value);
    if (weft_str_equal_c(tag->key, "service.name") && service_holds(span, tag->value)) return true;
    if (carriers_have(span, tag, scratch)) return true;
    if (!weft_str_starts_with(tag->key, resource)) return false;
    struct weft_jaeger_tag bare = { weft_str_tail(tag->key, resource.len), tag->value };
    return attributes_have(span->scope->resource->attributes, &bare, scratch);
}

bool weft_jaeger_query_matches(const struct weft_jaeger_query *query, const struct weft_span *span,
                               struct weft_buf *scratch)
{
    /* Signed: a span may end before it starts, and Jaeger's durations may be negative. */
    int64_t duration = (int64_t)weft_span_duration_ns(span);
    if (span->start_time_unix_nano < query->from_ns || span->start_time_unix_nano > query->to_ns)
        return false;
    if (query->service.len > 0 && !service_holds(span, query->service)) return false;
    if (query->operation.len > 0 && !weft_str_equal(query->operation, weft_jaeger_name(span->name)))
        return false;
    if (query->duration_min_ns != 0 && duration < query->duration_min_ns) return false;
    if (query->duration_max_ns != 0 && duration > query->duration_max_ns) return false;
    for (uint32_t i = 0; i < query->tag_count; i++)
        if (!tag_holds(span, &query->tags[i], scratch)) return false;
    return true;
}

/* ---- the newest ---- */

struct looking {
    const struct weft_jaeger_query *query;
    struct weft_buf scratch;
    struct weft_newest newest;
    uint64_t start_min; /* traces that start earlier have no place in the answer */
};

static bool visit(void *arg, const struct weft_batch *trace)
{
    struct looking *looking = arg;
    struct weft_newest_trace found = { .start_ns = UINT64_MAX };
    bool matches = false;
    for (uint32_t i = 0; i < trace->span_count; i++) {
        const struct weft_span *span = &trace->spans[i];
        if (span->start_time_unix_nano < found.start_ns)
            found.start_ns = span->start_time_unix_nano;
        matches = matches || weft_jaeger_query_matches(looking->query, span, &looking->scratch);
    }
    if (!matches) return true;
    found.trace_id = trace->spans[0].trace_id;
    weft_newest_offer(&looking->newest, &found);
    if (looking->newest.count == looking->query->limit)
        looking->start_min = looking->newest.heap[0].start_ns;
    return true;
}

int weft_jaeger_search(const struct weft_source *source, const struct weft_jaeger_query *query,
                       struct weft_jaeger_result *out, struct weft_arena *arena,
                       struct weft_err *err)
{
    struct looking looking = { .query = query, .newest.limit = query->limit };
    struct weft_trace_scan_result scanned = { 0 };
    struct weft_trace_scan scan = {
        .from_ns = query->from_ns,
        .to_ns = query->to_ns == UINT64_MAX ? 0 : query->to_ns + 1,
        .selection = weft_jaeger_select(query, arena),
        .start_min = &looking.start_min,
        .deadline_monotonic_ns = query->deadline_monotonic_ns,
        .cancelled = query->cancelled,
        .reads = query->reads,
    };
    *out = (struct weft_jaeger_result){ 0 };
    int rc = source->traces(source->self, &scan, visit, &looking, &scanned, err);
    weft_buf_release(&looking.scratch);
    if (rc >= 0) {
        out->partial_reason = scanned.partial_reason;
        out->trace_count = looking.newest.count;
        out->traces = weft_newest_finish(&looking.newest, arena);
    }
    weft_newest_release(&looking.newest);
    return rc;
}
