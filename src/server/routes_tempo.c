/* routes_tempo.c -- the part of Tempo's HTTP API that is here: a trace by id, echo, buildinfo.
 *
 * Spec       query.md Q8.1 - Q8.3, Q8.8
 */
#include "model/otlp.h"
#include "server/router.h"
#include "wire/json.h"
#include "wire/protobuf.h"

/* The trace of the path's id. WEFT_NOT_FOUND when there is none: then *batch is empty. */
static int load_trace(struct weft_call *call, struct weft_batch *batch, struct weft_err *err)
{
    struct weft_trace_id id;
    const struct weft_source *source = &call->face->parts->source;
    *batch = (struct weft_batch){ .arena = &call->arena };
    if (!weft_trace_id_parse(call->parameters[0], &id))
        return weft_fail(err, WEFT_INVALID, "trace id \"%.*s\": expected 1 to 32 hex digits",
                         WEFT_S_ARG(call->parameters[0]));
    return source->trace(source->self, &id, batch, err);
}

static bool wants_protobuf(const struct weft_call *call) /* no q-values, as Tempo: Q8.1.2 */
{
    return weft_call_accepts(call, WEFT_S("application/protobuf"));
}

/* Q8.2: {"batches": [...]}; not found is an empty 404. */
static int trace_v1(struct weft_call *call, struct weft_err *err)
{
    struct weft_batch batch;
    int rc = load_trace(call, &batch, err);
    if (rc == WEFT_NOT_FOUND) {
        call->status = 404;
        call->content_type = (struct weft_str){ 0 };
        return WEFT_OK;
    }
    if (rc < 0) return rc;
    if (wants_protobuf(call)) {
        call->content_type = WEFT_S("application/protobuf");
        weft_otlp_encode_protobuf(&call->body, &batch);
        return WEFT_OK;
    }
    weft_buf_append_c(&call->body, "{\"batches\":");
    weft_otlp_encode_json(&call->body, &batch, WEFT_OTLP_JSON_TEMPO);
    weft_buf_append_c(&call->body, "}");
    return WEFT_OK;
}

/* Q8.3: {"trace": {"resourceSpans": [...]}, "metrics": {}}; not found is an empty trace. */
static int trace_v2(struct weft_call *call, struct weft_err *err)
{
    struct weft_batch batch;
    int rc = load_trace(call, &batch, err);
    if (rc < 0 && rc != WEFT_NOT_FOUND) return rc;
    if (wants_protobuf(call)) { /* TraceByIDResponse{trace = 1, metrics = 2} */
        call->content_type = WEFT_S("application/protobuf");
        size_t trace = weft_pb_open(&call->body, 1);
        weft_otlp_encode_protobuf(&call->body, &batch);
        weft_pb_close(&call->body, trace);
        size_t metrics = weft_pb_open(&call->body, 2);
        weft_pb_close(&call->body, metrics);
        if (batch.partial_reason != NULL) { /* status = 3: PARTIAL = 1, message = 4 */
            weft_pb_put_uint(&call->body, 3, 1);
            weft_pb_put_bytes(&call->body, 4, weft_str_from_c(batch.partial_reason));
        }
        return WEFT_OK;
    }
    weft_buf_append_c(&call->body, "{\"trace\":{");
    if (batch.span_count > 0) {
        weft_buf_append_c(&call->body, "\"resourceSpans\":");
        weft_otlp_encode_json(&call->body, &batch, WEFT_OTLP_JSON_TEMPO);
    }
    weft_buf_append_c(&call->body, "},\"metrics\":{}");
    if (batch.partial_reason != NULL)
        weft_buf_printf(&call->body, ",\"status\":\"PARTIAL\",\"message\":\"%s\"",
                        batch.partial_reason);
    weft_buf_append_c(&call->body, "}");
    return WEFT_OK;
}

static int echo(struct weft_call *call, struct weft_err *err)
{
    call->content_type = WEFT_S("text/plain; charset=utf-8");
    weft_buf_append_c(&call->body, "echo");
    return WEFT_OK;
}

static int buildinfo(struct weft_call *call, struct weft_err *err)
{
    static const char *const empty[] = { "revision", "branch", "buildDate", "buildUser",
                                         "goVersion" };
    struct weft_json_writer w = { .out = &call->body };
    weft_json_object_start(&w);
    weft_json_key(&w, "version");
    weft_json_c(&w, WEFT_VERSION);
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        weft_json_key(&w, empty[i]);
        weft_json_c(&w, "");
    }
    weft_json_object_end(&w);
    return WEFT_OK;
}

const struct weft_route weft_routes_tempo[] = {
    { "GET", "/api/traces/{}", false, trace_v1 },
    { "GET", "/api/v2/traces/{}", false, trace_v2 },
    { "GET", "/api/echo", true, echo },
    { "GET", "/api/status/buildinfo", true, buildinfo },
    { "GET", "/ready", true, weft_route_ready },
    { 0 },
};
