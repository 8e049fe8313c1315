/* api_search.c -- searches and the tail of what is committed, as JSON (api_search.h). */
#include "server/api_search.h"
#include "base/clock.h"
#include "query/search_request.h"
#include "query/trace_search.h"
#include "server/api_question.h"
#include "wire/json.h"
#include <inttypes.h>

#define SEARCH_LIMIT_DEFAULT 20
#define TAIL_LIMIT 5000

struct parsing {
    struct weft_call *call;
    struct weft_search_request request;
    struct weft_search_limits limits;
    struct weft_api_limited lower;
    uint64_t now_ns;
    struct weft_tail_position after; /* tail alone */
    bool is_tail;
};

static int take_parameter(void *arg, struct weft_str name, struct weft_str value,
                          struct weft_err *err)
{
    struct parsing *p = arg;
    if (p->is_tail && weft_str_equal_c(name, "after")) {
        struct weft_str rest = value;
        uint64_t segment, chunk;
        if (!weft_str_to_u64(weft_str_split(&rest, '.'), &segment) ||
            !weft_str_to_u64(rest, &chunk) || chunk > UINT32_MAX)
            return weft_fail(err, WEFT_INVALID,
                             "after: found \"%.*s\", expected the next of an earlier answer",
                             WEFT_S_ARG(value));
        p->after = (struct weft_tail_position){ segment, (uint32_t)chunk };
        return WEFT_OK;
    }
    int rc = p->is_tail ? 0
                        : weft_api_parameter_take(p->call, weft_api_limit_parameters, &p->lower,
                                                  name, value, err);
    if (rc != 0) return rc < 0 ? rc : WEFT_OK;
    return weft_search_request_set(&p->request, name, value, &p->limits, p->now_ns, &p->call->arena,
                                   err);
}

static int parse_search(struct parsing *p, struct weft_call *call, bool is_tail,
                        struct weft_err *err)
{
    *p = (struct parsing){ .call = call, .now_ns = weft_clock_unix_ns(), .is_tail = is_tail };
    p->limits =
        (struct weft_search_limits){ SEARCH_LIMIT_DEFAULT, call->face->parts->search_limit_max };
    weft_search_request_init(&p->request, &p->limits, &call->arena);
    int rc = weft_api_each_parameter(call, take_parameter, p, err);
    if (rc == WEFT_OK) rc = weft_search_request_finish(&p->request, &call->arena, err);
    weft_api_limits_apply(call, &p->lower.limits);
    p->request.search.deadline_monotonic_ns = call->deadline_monotonic_ns;
    p->request.search.cancelled = &call->is_cancelled;
    p->request.search.reads = &call->reads;
    return rc;
}

static void write_ids(struct weft_json_writer *w, const struct weft_hit *hit)
{
    char trace_id[33], span_id[17], parent_id[17];
    weft_trace_id_format(&hit->position.trace_id, trace_id);
    weft_span_id_format(&hit->position.span_id, span_id);
    weft_json_key(w, "trace_id");
    weft_json_c(w, trace_id);
    weft_json_key(w, "span_id");
    weft_json_c(w, span_id);
    if (!weft_span_id_is_zero(&hit->parent_span_id)) {
        weft_span_id_format(&hit->parent_span_id, parent_id);
        weft_json_key(w, "parent_span_id");
        weft_json_c(w, parent_id);
    }
}

static void write_hit(struct weft_json_writer *w, const struct weft_service_slots *slots,
                      const struct weft_hit *hit)
{
    weft_json_object_start(w);
    write_ids(w, hit);
    weft_json_key(w, "service_name");
    weft_json_string(w, hit->service_name);
    weft_json_key(w, "service_slot");
    weft_json_u64(w, weft_service_slot(slots, hit->service_name));
    weft_json_key(w, "name");
    weft_json_string(w, hit->name);
    weft_json_key(w, "kind");
    weft_json_c(w, weft_span_kind_name(hit->position.kind));
    weft_json_key(w, "status");
    weft_json_c(w, weft_status_code_name(hit->status_code));
    weft_json_key(w, "start_time_unix_nano");
    weft_json_u64_string(w, hit->position.start_time_unix_nano);
    weft_json_key(w, "duration_ns");
    weft_json_u64(w, hit->position.duration_ns);
    weft_json_object_end(w);
}

static void write_services(struct weft_json_writer *w, const struct weft_service_slots *slots,
                           const struct weft_trace_summary *trace)
{
    weft_json_key(w, "services");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < trace->service_count; i++) {
        weft_json_object_start(w);
        weft_json_key(w, "name");
        weft_json_string(w, trace->services[i].name);
        weft_json_key(w, "slot");
        weft_json_u64(w, weft_service_slot(slots, trace->services[i].name));
        weft_json_key(w, "span_count");
        weft_json_u64(w, trace->services[i].span_count);
        weft_json_key(w, "error_count");
        weft_json_u64(w, trace->services[i].error_count);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
}

static void write_trace_summary(struct weft_json_writer *w, const struct weft_service_slots *slots,
                                const struct weft_trace_summary *trace)
{
    char id[33];
    weft_trace_id_format(&trace->trace_id, id);
    weft_json_object_start(w);
    weft_json_key(w, "trace_id");
    weft_json_c(w, id);
    weft_json_key(w, "root_service_name");
    weft_json_string(w, trace->root_service_name);
    weft_json_key(w, "root_name");
    weft_json_string(w, trace->root_name);
    weft_json_key(w, "has_root");
    weft_json_bool(w, trace->has_root);
    weft_json_key(w, "start_time_unix_nano");
    weft_json_u64_string(w, trace->start_time_unix_nano);
    weft_json_key(w, "duration_ns");
    weft_json_u64(w, trace->duration_ns);
    weft_json_key(w, "span_count");
    weft_json_u64(w, trace->span_count);
    weft_json_key(w, "error_count");
    weft_json_u64(w, trace->error_count);
    weft_json_key(w, "matched_span_count");
    weft_json_u64(w, trace->matched_span_count);
    write_services(w, slots, trace);
    weft_json_key(w, "first_match");
    write_hit(w, slots, &trace->first_hit);
    weft_json_object_end(w);
}

/* How exact the answer is and where it goes on: the end of every search answer. */
static void write_tail_of_answer(struct weft_json_writer *w, struct weft_call *call,
                                 const struct weft_search *search, uint64_t total, bool has_more,
                                 const struct weft_search_position *next,
                                 const char *partial_reason, uint64_t inspected_traces,
                                 uint64_t inspected_spans, uint64_t inspected_bytes)
{
    weft_json_key(w, "has_more");
    weft_json_bool(w, has_more);
    if (search->wants_total) {
        weft_json_key(w, "total_spans");
        weft_json_u64(w, total);
    }
    if (has_more) {
        weft_json_key(w, "next_cursor");
        weft_json_string(w, weft_cursor_format(search->order, next, &call->arena));
    }
    weft_api_write_inspected(w, call, partial_reason, inspected_traces, inspected_spans,
                             inspected_bytes);
}

static int search_spans(struct weft_call *call, const struct weft_search *search,
                        struct weft_err *err)
{
    const struct weft_source *source = &call->face->parts->source;
    struct weft_search_result result = { 0 };
    int rc = weft_span_search(source, search, &result, &call->arena, err);
    if (rc < 0) return rc;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "spans");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < result.hit_count; i++)
        write_hit(&w, call->face->parts->slots, &result.hits[i]);
    weft_json_array_end(&w);
    write_tail_of_answer(&w, call, search, result.total, result.has_more,
                         result.hit_count > 0 ? &result.hits[result.hit_count - 1].position
                                              : &search->after,
                         result.partial_reason, 0, result.inspected_spans, result.inspected_bytes);
    weft_json_object_end(&w);
    return WEFT_OK;
}

static int search_traces(struct weft_call *call, const struct weft_search *search,
                         struct weft_err *err)
{
    struct weft_trace_search_result result;
    int rc = weft_trace_search(&call->face->parts->source, search, &result, &call->arena, err);
    if (rc < 0) return rc;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "traces");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < result.trace_count; i++)
        write_trace_summary(&w, call->face->parts->slots, &result.traces[i]);
    weft_json_array_end(&w);
    write_tail_of_answer(&w, call, search, result.total_spans, result.has_more, &result.next,
                         result.partial_reason, result.inspected_traces, result.inspected_spans,
                         result.inspected_bytes);
    weft_json_object_end(&w);
    return WEFT_OK;
}

int weft_api_search(struct weft_call *call, struct weft_err *err)
{
    struct parsing p;
    int rc = parse_search(&p, call, false, err);
    if (rc < 0) return rc;
    return p.request.wants_spans ? search_spans(call, &p.request.search, err)
                                 : search_traces(call, &p.request.search, err);
}

/* ---- tail: spans committed since an earlier answer ---- */

int weft_api_tail(struct weft_call *call, struct weft_err *err)
{
    struct parsing p;
    const struct weft_source *source = &call->face->parts->source;
    struct weft_batch batch = { .arena = &call->arena };
    int rc = parse_search(&p, call, true, err);
    if (rc == WEFT_OK) rc = source->tail(source->self, &p.after, TAIL_LIMIT, &batch, err);
    if (rc < 0) return rc;
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "spans");
    weft_json_array_start(&w);
    for (uint32_t i = 0; i < batch.span_count; i++) {
        if (!weft_search_matches_span(&p.request.search, &batch.spans[i])) continue;
        struct weft_hit hit = weft_hit_of(&batch.spans[i]);
        write_hit(&w, call->face->parts->slots, &hit);
    }
    weft_json_array_end(&w);
    weft_json_key(&w, "next");
    weft_json_string(&w, weft_arena_printf(&call->arena, "%" PRIu64 ".%" PRIu32, p.after.segment,
                                           p.after.chunk));
    weft_json_object_end(&w);
    return WEFT_OK;
}
