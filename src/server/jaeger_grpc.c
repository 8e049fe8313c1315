/* jaeger_grpc.c -- jaeger.api_v2.QueryService and jaeger.api_v3.QueryService.
 *
 * Why traces may be missing is said in the metadata x-weft-partial: the messages have no place for it.
 * Spec  query.md Q11.2
 */
#include "base/clock.h"
#include "model/jaeger_protobuf.h"
#include "model/otlp.h"
#include "query/jaeger_links.h"
#include "query/jaeger_summary.h"
#include "server/call_grpc.h"
#include "server/jaeger_grpc_parameters.h"
#include "server/jaeger_names.h"
#include "server/jaeger_stream.h"
#include "wire/protobuf.h"

/* ---- streams of traces ---- */

struct answer {
    struct weft_jaeger_stream stream; /* first: it is the call's more_state */
    /* Messages about the trace at hand: the next one, false when there is none. */
    bool (*message)(struct answer *answer, struct weft_buf *out);
    bool in_trace;
    uint32_t at; /* spans of the trace at hand that were sent */
};

static bool spans_v2(struct answer *answer, struct weft_buf *out)
{
    struct weft_batch slice;
    uint32_t first = answer->at;
    if (!weft_jaeger_stream_slice(&answer->stream, &answer->at, &slice)) return false;
    for (uint32_t i = first; i < answer->at; i++)
        weft_jaeger_put_span(out, 1, &answer->stream.trace, i);
    return true;
}

static bool spans_v3(struct answer *answer, struct weft_buf *out)
{
    struct weft_batch slice;
    if (answer->at == 0)
        weft_jaeger_trace_attach_warnings(&answer->stream.trace, &answer->stream.arena);
    if (!weft_jaeger_stream_slice(&answer->stream, &answer->at, &slice)) return false;
    weft_otlp_encode_protobuf(out, &slice);
    return true;
}

static void put_summary(struct weft_buf *out, const struct weft_jaeger_summary *summary)
{
    char hex[33];
    weft_trace_id_format(&summary->trace_id, hex);
    weft_pb_put_bytes(out, 1, weft_str_from_c(hex));
    weft_pb_put_bytes(out, 2, summary->root_service_name);
    weft_pb_put_bytes(out, 3, summary->root_operation_name);
    weft_pb_put_fixed64(out, 4, summary->start_ns);
    weft_pb_put_fixed64(out, 5, summary->end_ns);
    weft_pb_put_uint(out, 6, summary->span_count);
    weft_pb_put_uint(out, 7, summary->error_span_count);
    weft_pb_put_uint(out, 8, summary->orphan_span_count);
    for (uint32_t i = 0; i < summary->service_count; i++) {
        size_t mark = weft_pb_open(out, 9);
        weft_pb_put_bytes(out, 1, summary->services[i].name);
        weft_pb_put_uint(out, 2, summary->services[i].span_count);
        weft_pb_put_uint(out, 3, summary->services[i].error_span_count);
        weft_pb_close(out, mark);
    }
}

static bool summary_v3(struct answer *answer, struct weft_buf *out)
{
    struct weft_jaeger_summary summary;
    if (answer->at > 0) return false;
    weft_jaeger_summarise(&summary, &answer->stream.trace, &answer->stream.arena);
    size_t mark = weft_pb_open(out, 1);
    put_summary(out, &summary);
    weft_pb_close(out, mark);
    answer->at = 1;
    return true;
}

static int messages_write(struct weft_call *call, struct weft_err *err)
{
    struct answer *answer = call->more_state;
    struct weft_buf message = { 0 };
    int rc = WEFT_CALL_MORE;
    while (rc == WEFT_CALL_MORE && call->body.len < WEFT_JAEGER_PIECE_BYTES) {
        if (!answer->in_trace) {
            rc = weft_jaeger_stream_next(&answer->stream, err); /* 1: WEFT_CALL_MORE */
            answer->in_trace = rc == WEFT_CALL_MORE;
            answer->at = 0;
            continue;
        }
        weft_buf_reset(&message);
        answer->in_trace = answer->message(answer, &message);
        if (answer->in_trace) weft_call_grpc_send(call, weft_buf_str(&message));
    }
    weft_buf_release(&message);
    return rc;
}

static struct answer *answer_make(struct weft_call *call, bool is_raw,
                                  const struct weft_newest_trace *traces, uint32_t trace_count,
                                  bool (*message)(struct answer *answer, struct weft_buf *out))
{
    struct answer *answer = weft_arena_alloc_zero(&call->arena, sizeof *answer);
    weft_jaeger_stream_init(&answer->stream, call, &(struct weft_jaeger_form){ .is_raw = is_raw },
                            traces, trace_count);
    answer->message = message;
    return answer;
}

static int answer_start(struct weft_call *call, struct weft_err *err)
{
    int rc = messages_write(call, err);
    if (rc == WEFT_CALL_MORE) call->more = messages_write;
    return rc;
}

static int get_trace(struct weft_call *call, enum weft_jaeger_version version, struct weft_err *err)
{
    struct weft_newest_trace *found = weft_arena_alloc_zero(&call->arena, sizeof *found);
    struct weft_jaeger_grpc_trace request;
    struct weft_str message;
    int rc;
    if ((rc = weft_call_grpc_message(call, &message, err)) < 0 ||
        (rc = weft_jaeger_grpc_get_trace(&request, message, version, err)) < 0)
        return rc;
    found->trace_id = request.trace_id;
    struct answer *answer = answer_make(call, request.is_raw, found, 1,
                                        version == WEFT_JAEGER_V2 ? spans_v2 : spans_v3);
    answer->stream.is_required = true;
    return answer_start(call, err);
}

static int find_traces(struct weft_call *call, enum weft_jaeger_version version,
                       bool (*message)(struct answer *answer, struct weft_buf *out),
                       struct weft_err *err)
{
    struct weft_jaeger_request request;
    struct weft_jaeger_result found;
    struct weft_str body;
    int rc;
    if ((rc = weft_call_grpc_message(call, &body, err)) < 0 ||
        (rc = weft_jaeger_grpc_find_traces(&request, call, body, version, err)) < 0 ||
        (rc = weft_jaeger_search(&call->face->parts->source, &request.query, &found, &call->arena,
                                 err)) < 0)
        return rc;
    if (found.partial_reason != NULL)
        weft_call_add_header(call, WEFT_S("x-weft-partial"), weft_str_from_c(found.partial_reason));
    answer_make(call, request.is_raw || message == summary_v3, found.traces, found.trace_count,
                message);
    return answer_start(call, err);
}

static int v2_get_trace(struct weft_call *call, struct weft_err *err)
{
    return get_trace(call, WEFT_JAEGER_V2, err);
}

static int v3_get_trace(struct weft_call *call, struct weft_err *err)
{
    return get_trace(call, WEFT_JAEGER_V3, err);
}

static int v2_find_traces(struct weft_call *call, struct weft_err *err)
{
    return find_traces(call, WEFT_JAEGER_V2, spans_v2, err);
}

static int v3_find_traces(struct weft_call *call, struct weft_err *err)
{
    return find_traces(call, WEFT_JAEGER_V3, spans_v3, err);
}

static int v3_find_trace_summaries(struct weft_call *call, struct weft_err *err)
{
    return find_traces(call, WEFT_JAEGER_V3, summary_v3, err);
}

/* ---- single answers ---- */

static int send(struct weft_call *call, struct weft_buf *message)
{
    weft_call_grpc_send(call, weft_buf_str(message));
    weft_buf_release(message);
    return WEFT_OK;
}

/* There is one store, and what is in it stays until its retention ends: nothing to copy. */
static int v2_archive_trace(struct weft_call *call, struct weft_err *err)
{
    const struct weft_source *source = &call->face->parts->source;
    struct weft_jaeger_grpc_trace request;
    struct weft_batch batch = { .arena = &call->arena };
    struct weft_str message;
    int rc;
    if ((rc = weft_call_grpc_message(call, &message, err)) < 0 ||
        (rc = weft_jaeger_grpc_get_trace(&request, message, WEFT_JAEGER_V2, err)) < 0)
        return rc;
    rc = source->trace(source->self, &request.trace_id, &batch, err);
    if (rc == WEFT_NOT_FOUND) return weft_fail(err, rc, "trace not found");
    if (rc < 0) return rc;
    weft_call_grpc_send(call, WEFT_S(""));
    return WEFT_OK;
}

static int get_services(struct weft_call *call, struct weft_err *err)
{
    struct weft_buf out = { 0 };
    struct weft_str *services;
    uint32_t count;
    int rc = weft_jaeger_load_services(call, &services, &count, err);
    if (rc < 0) return rc;
    for (uint32_t i = 0; i < count; i++) weft_pb_put_bytes_always(&out, 1, services[i]);
    return send(call, &out);
}

static int get_operations(struct weft_call *call, enum weft_jaeger_version version,
                          struct weft_err *err)
{
    struct weft_buf out = { 0 };
    struct weft_str message, service, kind;
    struct weft_operation *found;
    uint32_t count;
    int rc;
    if ((rc = weft_call_grpc_message(call, &message, err)) < 0 ||
        (rc = weft_jaeger_grpc_operations(&service, &kind, message, err)) < 0 ||
        (rc = weft_jaeger_load_operations(call, service, kind, &found, &count, err)) < 0)
        return rc;
    bool is_v2 = version == WEFT_JAEGER_V2;
    for (uint32_t i = 0; i < count && is_v2; i++) /* operationNames, deprecated: each once */
        if (i == 0 || !weft_str_equal(found[i].name, found[i - 1].name))
            weft_pb_put_bytes_always(&out, 1, found[i].name);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = weft_jaeger_kind(found[i].kind);
        size_t mark = weft_pb_open(&out, is_v2 ? 2 : 1);
        weft_pb_put_bytes(&out, 1, found[i].name);
        weft_pb_put_bytes(&out, 2, weft_str_from_c(name[0] == '\0' && !is_v2 ? "internal" : name));
        weft_pb_close(&out, mark);
    }
    return send(call, &out);
}

static int v2_get_operations(struct weft_call *call, struct weft_err *err)
{
    return get_operations(call, WEFT_JAEGER_V2, err);
}

static int v3_get_operations(struct weft_call *call, struct weft_err *err)
{
    return get_operations(call, WEFT_JAEGER_V3, err);
}

static int get_dependencies(struct weft_call *call, struct weft_err *err)
{
    struct weft_buf out = { 0 };
    struct weft_jaeger_links_query query = {
        .deadline_monotonic_ns = call->deadline_monotonic_ns,
        .cancelled = &call->is_cancelled,
        .reads = &call->reads,
    };
    struct weft_jaeger_links links;
    struct weft_str message;
    int rc;
    if ((rc = weft_call_grpc_message(call, &message, err)) < 0 ||
        (rc = weft_jaeger_grpc_dependencies(&query.from_ns, &query.to_ns, message, err)) < 0 ||
        (rc = weft_jaeger_find_links(&call->face->parts->source, &query, &links, &call->arena,
                                     err)) < 0)
        return rc;
    if (links.partial_reason != NULL)
        weft_call_add_header(call, WEFT_S("x-weft-partial"), weft_str_from_c(links.partial_reason));
    for (uint32_t i = 0; i < links.count; i++) {
        size_t mark = weft_pb_open(&out, 1);
        weft_pb_put_bytes(&out, 1, links.items[i].parent);
        weft_pb_put_bytes(&out, 2, links.items[i].child);
        weft_pb_put_uint(&out, 3, links.items[i].call_count);
        weft_pb_close(&out, mark);
    }
    return send(call, &out);
}

#define V2 "/jaeger.api_v2.QueryService/"
#define V3 "/jaeger.api_v3.QueryService/"
const struct weft_route weft_routes_jaeger_grpc[] = {
    { "POST", V2 "GetTrace", false, v2_get_trace, .work = WEFT_WORK_LOOKUP },
    { "POST", V2 "FindTraces", false, v2_find_traces },
    { "POST", V2 "ArchiveTrace", false, v2_archive_trace, .work = WEFT_WORK_LOOKUP },
    { "POST", V2 "GetServices", false, get_services, .work = WEFT_WORK_LOOKUP },
    { "POST", V2 "GetOperations", false, v2_get_operations, .work = WEFT_WORK_LOOKUP },
    { "POST", V2 "GetDependencies", false, get_dependencies },
    { "POST", V3 "GetTrace", false, v3_get_trace, .work = WEFT_WORK_LOOKUP },
    { "POST", V3 "FindTraces", false, v3_find_traces },
    { "POST", V3 "FindTraceSummaries", false, v3_find_trace_summaries },
    { "POST", V3 "GetServices", false, get_services, .work = WEFT_WORK_LOOKUP },
    { "POST", V3 "GetOperations", false, v3_get_operations, .work = WEFT_WORK_LOOKUP },
    { "POST", V3 "GetDependencies", false, get_dependencies },
    { 0 },
};
