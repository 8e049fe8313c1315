/* routes_zipkin.c -- the table of Zipkin's API, and what Zipkin's own pages and monitors ask. POST /api/v2/spans is the receiver's
 * (pipeline/receiver_zipkin.c).
 *
 * Spec  query.md Q12
 */
#include "base/metric.h"
#include "server/zipkin_routes.h"
#include "wire/json.h"
#include <stdatomic.h>

static int health(struct weft_call *call, struct weft_err *err)
{
    bool is_ready = atomic_load(call->face->parts->is_ready);
    call->status = is_ready ? 200 : 503;
    weft_buf_printf(&call->body, "{\"status\":\"%s\"}\n", is_ready ? "UP" : "DOWN");
    return WEFT_OK;
}

static int info(struct weft_call *call, struct weft_err *err)
{
    weft_buf_append_c(&call->body, "{\"zipkin\":{\"version\":\"weft " WEFT_VERSION "\"}}\n");
    return WEFT_OK;
}

static int prometheus(struct weft_call *call, struct weft_err *err)
{
    call->content_type = WEFT_S("text/plain; version=0.0.4; charset=utf-8");
    weft_metric_write_all(&call->body);
    return WEFT_OK;
}

/* What Zipkin's user interface is told before it starts. */
static int config(struct weft_call *call, struct weft_err *err)
{
    weft_buf_append_c(&call->body,
                      "{\"environment\":\"\",\"queryLimit\":10,\"defaultLookback\":900000,"
                      "\"searchEnabled\":true,\"logsUrl\":null,\"supportUrl\":null,"
                      "\"archivePostUrl\":null,\"archiveUrl\":null,\"dependency\":"
                      "{\"enabled\":true,\"lowErrorRate\":0.5,\"highErrorRate\":0.75}}\n");
    return WEFT_OK;
}

const struct weft_route weft_routes_zipkin[] = {
    { "GET", "/api/v2/services", false, weft_zipkin_route_services, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v2/spans", false, weft_zipkin_route_spans, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v2/remoteServices", false, weft_zipkin_route_remote_services,
      .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v2/traces", false, weft_zipkin_route_traces },
    { "GET", "/api/v2/trace/{}", false, weft_zipkin_route_trace, .work = WEFT_WORK_LOOKUP },
    { "GET", "/api/v2/traceMany", false, weft_zipkin_route_trace_many },
    { "GET", "/api/v2/dependencies", false, weft_zipkin_route_dependencies },
    { "GET", "/api/v2/autocompleteKeys", true, weft_zipkin_route_autocomplete_keys },
    { "GET", "/api/v2/autocompleteValues", false, weft_zipkin_route_autocomplete_values,
      .work = WEFT_WORK_LOOKUP },
    { "GET", "/config.json", true, config },
    { "GET", "/health", true, health, .is_vital = true },
    { "GET", "/info", true, info, .is_vital = true },
    { "GET", "/prometheus", true, prometheus, .is_vital = true },
    { 0 },
};
