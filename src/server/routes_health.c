/* routes_health.c -- /health, /ready, /metrics. */
#include "base/metric.h"
#include "server/router.h"
#include <stdatomic.h>

static int health(struct weft_call *call, struct weft_err *err)
{
    call->content_type = WEFT_S("text/plain; charset=utf-8");
    weft_buf_append_c(&call->body, "ok\n");
    return WEFT_OK;
}

/* 200 "ready" as Tempo says it (query.md Q8.8.1), 503 before and while stopping. */
int weft_route_ready(struct weft_call *call, struct weft_err *err)
{
    bool is_ready = atomic_load(call->face->parts->is_ready);
    call->content_type = WEFT_S("text/plain; charset=utf-8");
    call->status = is_ready ? 200 : 503;
    weft_buf_append_c(&call->body, is_ready ? "ready\n" : "not ready\n");
    return WEFT_OK;
}

static int metrics(struct weft_call *call, struct weft_err *err)
{
    call->content_type = WEFT_S("text/plain; version=0.0.4; charset=utf-8");
    weft_metric_write_all(&call->body);
    return WEFT_OK;
}

const struct weft_route weft_routes_health[] = {
    { "GET", "/health", true, health, .is_vital = true },
    { "GET", "/ready", true, weft_route_ready, .is_vital = true },
    { "GET", "/metrics", true, metrics, .is_vital = true },
    { 0 },
};
