/* jaeger_traces.c -- searching and reading traces in the classic API.
 *
 * Spec  query.md Q10.3, Q10.4, Q10.5.3
 */
#include "server/jaeger_classic.h"
#include "server/jaeger_parameters.h"
#include "server/jaeger_routes.h"

static struct weft_jaeger_classic *answer_make(struct weft_call *call, bool is_raw,
                                               const struct weft_newest_trace *traces,
                                               uint32_t trace_count)
{
    struct weft_jaeger_classic *answer = weft_arena_alloc_zero(&call->arena, sizeof *answer);
    weft_jaeger_stream_init(&answer->stream, call, &(struct weft_jaeger_form){ .is_raw = is_raw },
                            traces, trace_count);
    return answer;
}

int weft_jaeger_traces(struct weft_call *call, struct weft_err *err)
{
    struct weft_jaeger_request request;
    struct weft_jaeger_result found = { 0 };
    int rc = weft_jaeger_search_parameters(call, &request, err);
    if (rc < 0) return rc;
    if (request.trace_count > 0)
        found = (struct weft_jaeger_result){ request.traces, request.trace_count, NULL };
    else
        rc = weft_jaeger_search(&call->face->parts->source, &request.query, &found, &call->arena,
                                err);
    if (rc < 0) return rc;
    struct weft_jaeger_classic *answer =
        answer_make(call, request.is_raw, found.traces, found.trace_count);
    answer->stream.partial_reason = found.partial_reason;
    answer->stream.tells_missing = request.trace_count > 0;
    return weft_jaeger_classic_answer(answer, err);
}

/* The id of the path, and that there is such a trace. */
static int path_trace(struct weft_call *call, struct weft_newest_trace *found, struct weft_err *err)
{
    const struct weft_source *source = &call->face->parts->source;
    struct weft_batch batch = { .arena = &call->arena };
    *found = (struct weft_newest_trace){ 0 };
    int rc = weft_jaeger_trace_id(call->parameters[0], &found->trace_id, err);
    if (rc < 0) return rc;
    rc = source->trace(source->self, &found->trace_id, &batch, err);
    return rc == WEFT_NOT_FOUND ? weft_fail(err, rc, "trace not found") : rc;
}

int weft_jaeger_trace(struct weft_call *call, struct weft_err *err)
{
    struct weft_newest_trace *found = weft_arena_alloc_zero(&call->arena, sizeof *found);
    bool is_raw = false;
    uint64_t ignored; /* a trace is found whenever it was: start and end are checked, no more */
    int rc;
    if ((rc = weft_jaeger_bool(call, "raw", NULL, &is_raw, err)) < 0 ||
        (rc = weft_jaeger_time(call, "start", 1000, &ignored, err)) < 0 ||
        (rc = weft_jaeger_time(call, "end", 1000, &ignored, err)) < 0 ||
        (rc = weft_jaeger_trace_id(call->parameters[0], &found->trace_id, err)) < 0)
        return rc;
    struct weft_jaeger_classic *answer = answer_make(call, is_raw, found, 1);
    answer->stream.is_required = true;
    return weft_jaeger_classic_answer(answer, err);
}

/* There is one store, and what is in it stays until its retention ends: nothing to copy. */
int weft_jaeger_archive(struct weft_call *call, struct weft_err *err)
{
    struct weft_newest_trace found;
    int rc = path_trace(call, &found, err);
    if (rc < 0) return rc;
    struct weft_jaeger_reply reply;
    weft_jaeger_reply_start(&reply, call);
    weft_json_array_start(&reply.w);
    weft_json_array_end(&reply.w);
    weft_jaeger_reply_finish(&reply, 0, WEFT_S("[]"));
    return WEFT_OK;
}
