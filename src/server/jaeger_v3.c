/* jaeger_v3.c -- Jaeger's api_v3 over HTTP: traces as OTLP JSON, and summaries.
 *
 * Why traces may be missing is said in the header x-weft-partial: these answers have no place for it.
 * Spec  query.md Q11.1
 */
#include "model/otlp.h"
#include "query/jaeger_summary.h"
#include "server/jaeger_parameters.h"
#include "server/jaeger_routes.h"
#include "server/jaeger_stream.h"
#include "wire/json.h"

struct answer {
    struct weft_jaeger_stream stream; /* first: it is the call's more_state */
    struct weft_buf slice;            /* reused */
    bool in_trace, needs_comma;
    uint32_t at; /* spans of the trace at hand that are written */
    void (*release)(struct weft_call *call);
};

static void release(struct weft_call *call)
{
    struct answer *answer = call->more_state;
    weft_buf_release(&answer->slice);
    answer->release(call);
}

static struct answer *answer_make(struct weft_call *call, const struct weft_jaeger_form *form,
                                  const struct weft_newest_trace *traces, uint32_t trace_count)
{
    struct answer *answer = weft_arena_alloc_zero(&call->arena, sizeof *answer);
    weft_jaeger_stream_init(&answer->stream, call, form, traces, trace_count);
    answer->release = call->release;
    call->release = release;
    return answer;
}

/* ---- traces ---- */

/* The elements of a ResourceSpans array, without its brackets, behind those that are there. */
static void append_slice(struct answer *answer, const struct weft_batch *slice)
{
    struct weft_buf *out = &answer->stream.call->body;
    weft_buf_reset(&answer->slice);
    weft_otlp_encode_json(&answer->slice, slice, WEFT_OTLP_JSON_SPARSE);
    if (answer->needs_comma) weft_buf_append_byte(out, ',');
    answer->needs_comma = true;
    weft_buf_append(out, answer->slice.data + 1, answer->slice.len - 2);
}

static int traces_write(struct weft_call *call, struct weft_err *err)
{
    struct answer *answer = call->more_state;
    struct weft_jaeger_stream *stream = &answer->stream;
    struct weft_batch slice;
    while (call->body.len < WEFT_JAEGER_PIECE_BYTES) {
        if (answer->in_trace) {
            answer->in_trace = weft_jaeger_stream_slice(stream, &answer->at, &slice);
            if (answer->in_trace) append_slice(answer, &slice);
            continue;
        }
        int rc = weft_jaeger_stream_next(stream, err);
        if (rc < 0) return rc;
        if (rc == 0 && !answer->needs_comma)
            return weft_fail(err, WEFT_NOT_FOUND, "No traces found");
        if (rc == 0) {
            weft_buf_append_c(&call->body, "]}}");
            return WEFT_OK;
        }
        weft_jaeger_trace_attach_warnings(&stream->trace, &stream->arena);
        answer->in_trace = true;
        answer->at = 0;
    }
    return WEFT_CALL_MORE;
}

static int answer_traces(struct weft_call *call, struct weft_err *err)
{
    weft_buf_append_c(&call->body, "{\"result\":{\"resourceSpans\":[");
    int rc = traces_write(call, err);
    if (rc == WEFT_CALL_MORE) call->more = traces_write;
    return rc;
}

static int search(struct weft_call *call, struct weft_jaeger_request *request,
                  struct weft_jaeger_result *found, struct weft_err *err)
{
    int rc = weft_jaeger_v3_parameters(call, request, err);
    if (rc < 0) return rc;
    rc = weft_jaeger_search(&call->face->parts->source, &request->query, found, &call->arena, err);
    if (rc >= 0 && found->partial_reason != NULL)
        weft_call_add_header(call, WEFT_S("x-weft-partial"),
                             weft_str_from_c(found->partial_reason));
    return rc;
}

int weft_jaeger_v3_traces(struct weft_call *call, struct weft_err *err)
{
    struct weft_jaeger_request request;
    struct weft_jaeger_result found;
    int rc = search(call, &request, &found, err);
    if (rc < 0) return rc;
    answer_make(call, &(struct weft_jaeger_form){ .is_raw = request.is_raw }, found.traces,
                found.trace_count);
    return answer_traces(call, err);
}

int weft_jaeger_v3_trace(struct weft_call *call, struct weft_err *err)
{
    struct weft_newest_trace *found = weft_arena_alloc_zero(&call->arena, sizeof *found);
    struct weft_jaeger_form form = { 0 };
    uint64_t ignored; /* a trace is found whenever it was: times are checked, no more */
    int rc;
    if (!weft_trace_id_parse(call->parameters[0], &found->trace_id))
        return weft_fail(
            err, WEFT_INVALID,
            "malformed parameter trace_id: found \"%.*s\", expected 1 to 32 hex digits",
            WEFT_S_ARG(call->parameters[0]));
    if ((rc = weft_jaeger_v3_time(call, "startTime", "start_time", &ignored, err)) < 0 ||
        (rc = weft_jaeger_v3_time(call, "endTime", "end_time", &ignored, err)) < 0 ||
        (rc = weft_jaeger_bool(call, "rawTraces", "raw_traces", &form.is_raw, err)) < 0)
        return rc;
    answer_make(call, &form, found, 1);
    return answer_traces(call, err);
}

/* ---- summaries ---- */

static void put_text(struct weft_json_writer *w, const char *key, struct weft_str text)
{
    weft_json_key(w, key);
    weft_json_string(w, text);
}

static void put_count(struct weft_json_writer *w, const char *key, uint32_t count)
{
    if (count == 0) return;
    weft_json_key(w, key);
    weft_json_u64(w, count);
}

static void put_summary(struct weft_json_writer *w, const struct weft_jaeger_summary *summary)
{
    char hex[33];
    weft_trace_id_format(&summary->trace_id, hex);
    weft_json_object_start(w);
    put_text(w, "traceId", weft_str_from_c(hex));
    put_text(w, "rootServiceName", summary->root_service_name);
    put_text(w, "rootOperationName", summary->root_operation_name);
    weft_json_key(w, "minStartTimeUnixNano");
    weft_json_u64_string(w, summary->start_ns);
    weft_json_key(w, "maxEndTimeUnixNano");
    weft_json_u64_string(w, summary->end_ns);
    put_count(w, "spanCount", summary->span_count);
    put_count(w, "errorSpanCount", summary->error_span_count);
    put_count(w, "orphanSpanCount", summary->orphan_span_count);
    weft_json_key(w, "services");
    weft_json_array_start(w);
    for (uint32_t i = 0; i < summary->service_count; i++) {
        weft_json_object_start(w);
        put_text(w, "name", summary->services[i].name);
        put_count(w, "spanCount", summary->services[i].span_count);
        put_count(w, "errorSpanCount", summary->services[i].error_span_count);
        weft_json_object_end(w);
    }
    weft_json_array_end(w);
    weft_json_object_end(w);
}

static int summaries_write(struct weft_call *call, struct weft_err *err)
{
    struct answer *answer = call->more_state;
    struct weft_jaeger_stream *stream = &answer->stream;
    struct weft_json_writer w = { .out = &call->body, .needs_comma = answer->needs_comma };
    while (call->body.len < WEFT_JAEGER_PIECE_BYTES) {
        struct weft_jaeger_summary summary;
        int rc = weft_jaeger_stream_next(stream, err);
        if (rc < 0) return rc;
        if (rc == 0) {
            weft_buf_append_c(&call->body, "]}");
            return WEFT_OK;
        }
        weft_jaeger_summarise(&summary, &stream->trace, &stream->arena);
        put_summary(&w, &summary);
        answer->needs_comma = true;
    }
    return WEFT_CALL_MORE;
}

int weft_jaeger_v3_summaries(struct weft_call *call, struct weft_err *err)
{
    struct weft_jaeger_request request;
    struct weft_jaeger_result found;
    int rc = search(call, &request, &found, err);
    if (rc < 0) return rc;
    answer_make(call, &(struct weft_jaeger_form){ .is_raw = true }, found.traces,
                found.trace_count);
    weft_buf_append_c(&call->body, "{\"summaries\":[");
    rc = summaries_write(call, err);
    if (rc == WEFT_CALL_MORE) call->more = summaries_write;
    return rc;
}
