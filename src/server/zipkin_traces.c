/* zipkin_traces.c -- searching and reading traces as Zipkin does. A trace is in memory one at a time, its text in pieces.
 *
 * Zipkin's answers have no place for why they may not be all: the header x-weft-partial says it where it is known before the first piece.
 * Spec  query.md Q12.3, Q12.4
 */
#include "model/zipkin_json.h"
#include "server/zipkin_parameters.h"
#include "server/zipkin_routes.h"

#define PIECE_BYTES ((size_t)256 << 10)
#define TRACES_MAX 1000 /* asked for by id at once */

struct answer {
    const struct weft_newest_trace *traces;
    uint32_t trace_count, next_trace, next_span;
    bool is_one;             /* a list of spans, not of traces; that has to be there */
    struct weft_arena arena; /* of the trace at hand */
    struct weft_batch batch;
    struct weft_json_writer w;
};

static void release(struct weft_call *call)
{
    struct answer *answer = call->more_state;
    weft_arena_release(&answer->arena);
}

/* The next trace that is there: 1. 0: that was all. */
static int trace_next(struct weft_call *call, struct answer *answer, struct weft_err *err)
{
    const struct weft_source *source = &call->face->parts->source;
    while (answer->next_trace < answer->trace_count) {
        const struct weft_trace_id *id = &answer->traces[answer->next_trace++].trace_id;
        weft_arena_release(&answer->arena); /* of a large trace nothing is kept */
        weft_arena_init(&answer->arena, 0);
        answer->batch = (struct weft_batch){ .arena = &answer->arena,
                                             .spans_max = call->face->parts->trace_spans_max };
        answer->next_span = 0;
        int rc = source->trace(source->self, id, &answer->batch, err);
        if (rc == WEFT_NOT_FOUND && !answer->is_one)
            continue; /* deleted meanwhile, or never there */
        return rc < 0 ? rc : 1;
    }
    return 0;
}

static int piece_write(struct weft_call *call, struct weft_err *err)
{
    struct answer *answer = call->more_state;
    while (call->body.len < PIECE_BYTES) {
        if (answer->next_span < answer->batch.span_count) {
            weft_zipkin_encode_json(&answer->w, &answer->batch.spans[answer->next_span++],
                                    &answer->arena);
            continue;
        }
        if (answer->batch.span_count > 0 && !answer->is_one) weft_json_array_end(&answer->w);
        answer->batch.span_count = answer->next_span = 0;
        int rc = trace_next(call, answer, err);
        if (rc < 0) return rc;
        if (rc == 0) {
            weft_json_array_end(&answer->w);
            return WEFT_OK;
        }
        if (!answer->is_one) weft_json_array_start(&answer->w);
    }
    return WEFT_CALL_MORE;
}

static int answer_traces(struct weft_call *call, const struct weft_newest_trace *traces,
                         uint32_t count, bool is_one, struct weft_err *err)
{
    struct answer *answer = weft_arena_alloc_zero(&call->arena, sizeof *answer);
    answer->traces = traces;
    answer->trace_count = count;
    answer->is_one = is_one;
    answer->w.out = &call->body;
    weft_arena_init(&answer->arena, 0);
    call->more_state = answer;
    call->release = release;
    weft_json_array_start(&answer->w);
    int rc = piece_write(call, err);
    if (is_one && rc >= 0 && answer->batch.partial_reason != NULL)
        weft_call_add_header(call, WEFT_S("x-weft-partial"),
                             weft_str_from_c(answer->batch.partial_reason));
    if (rc == WEFT_CALL_MORE) call->more = piece_write;
    return rc;
}

int weft_zipkin_route_traces(struct weft_call *call, struct weft_err *err)
{
    struct weft_zipkin_query query;
    struct weft_zipkin_result found;
    int rc;
    if ((rc = weft_zipkin_search_parameters(call, &query, err)) < 0 ||
        (rc = weft_zipkin_search(&call->face->parts->source, &query, &found, &call->arena, err)) <
            0)
        return rc;
    if (found.partial_reason != NULL)
        weft_call_add_header(call, WEFT_S("x-weft-partial"), weft_str_from_c(found.partial_reason));
    return answer_traces(call, found.traces, found.trace_count, false, err);
}

int weft_zipkin_route_trace(struct weft_call *call, struct weft_err *err)
{
    struct weft_newest_trace *trace = weft_arena_alloc_zero(&call->arena, sizeof *trace);
    int rc = weft_zipkin_trace_id(call->parameters[0], &trace->trace_id, err);
    if (rc < 0) return rc;
    rc = answer_traces(call, trace, 1, true, err);
    if (rc == WEFT_NOT_FOUND)
        return weft_fail(err, rc, "%.*s not found", WEFT_S_ARG(call->parameters[0]));
    return rc;
}

int weft_zipkin_route_trace_many(struct weft_call *call, struct weft_err *err)
{
    struct weft_newest_trace *traces =
        weft_arena_alloc_array(&call->arena, TRACES_MAX, sizeof *traces);
    struct weft_str ids;
    uint32_t count = 0;
    int rc = weft_zipkin_required(call, "traceIds", &ids, err);
    if (rc < 0) return rc;
    while (ids.len > 0) {
        struct weft_str id = weft_str_split(&ids, ',');
        if (count == TRACES_MAX)
            return weft_fail(err, WEFT_INVALID, "more than %d traceIds", TRACES_MAX);
        if ((rc = weft_zipkin_trace_id(id, &traces[count].trace_id, err)) < 0) return rc;
        for (uint32_t i = 0; i < count; i++)
            if (memcmp(&traces[i].trace_id, &traces[count].trace_id, sizeof traces->trace_id) == 0)
                return weft_fail(err, WEFT_INVALID, "redundant traceId: %.*s", WEFT_S_ARG(id));
        count++;
    }
    if (count == 0) return weft_fail(err, WEFT_INVALID, "traceIds parameter is empty");
    if (count == 1)
        return weft_fail(err, WEFT_INVALID,
                         "Use /api/v2/trace/{traceId} endpoint to retrieve a single trace");
    return answer_traces(call, traces, count, false, err);
}
