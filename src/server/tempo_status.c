/* tempo_status.c -- /api/echo, /api/status/buildinfo and the text pages under /status (Q8.8). */
#include "base/clock.h"
#include "server/tempo.h"
#include "wire/json.h"
#include <inttypes.h>
#include <stdatomic.h>

static int text(struct weft_call *call)
{
    call->content_type = WEFT_S("text/plain; charset=utf-8");
    return WEFT_OK;
}

int weft_tempo_echo(struct weft_call *call, struct weft_err *err)
{
    weft_buf_append_c(&call->body, "echo");
    return text(call);
}

int weft_tempo_buildinfo(struct weft_call *call, struct weft_err *err)
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

/* ---- pages ---- */

static void put_version(const struct weft_call *call, struct weft_buf *out)
{
    weft_buf_append_c(out, "weft, version " WEFT_VERSION "\n");
}

static void put_services(const struct weft_call *call, struct weft_buf *out)
{
    bool is_ready = atomic_load(call->face->parts->is_ready);
    weft_buf_printf(out, "weft  %s\n", is_ready ? "Running" : "Starting");
}

static void put_endpoints(const struct weft_call *call, struct weft_buf *out)
{
    for (const struct weft_route *route = weft_routes_tempo; route->pattern != NULL; route++)
        weft_buf_printf(out, "%s  %s\n", route->methods, route->pattern);
    for (const struct weft_route *route = weft_routes_tempo_grpc; route->pattern != NULL; route++)
        weft_buf_printf(out, "gRPC  %s\n", route->pattern);
}

/* What a client may want to know of it: the limits of questions. */
static void put_config(const struct weft_call *call, struct weft_buf *out)
{
    const struct weft_server_parts *parts = call->face->parts;
    weft_buf_printf(out,
                    "query:\n"
                    "  timeout: %" PRIu64 "ms\n"
                    "  search_range_max: %" PRIu64 "s\n"
                    "  metrics_range_max: %" PRIu64 "s\n"
                    "  series_max: %u\n"
                    "  memory_max: %" PRIu64 "\n"
                    "  left_pad_trace_ids: %s\n",
                    parts->query_timeout_ns / WEFT_NS_PER_MS,
                    parts->search_range_ns_max / WEFT_NS_PER_SECOND,
                    parts->metrics_range_ns_max / WEFT_NS_PER_SECOND, parts->series_max,
                    parts->query_memory_bytes_max, parts->pads_trace_ids ? "true" : "false");
}

static void put_nothing(const struct weft_call *call, struct weft_buf *out)
{
    weft_buf_append_c(out, "# none: limits are the same for everybody, see /status/config\n");
}

static const struct {
    const char *name;
    void (*put)(const struct weft_call *call, struct weft_buf *out);
} pages[] = {
    { "version", put_version }, { "services", put_services },      { "endpoints", put_endpoints },
    { "config", put_config },   { "runtime_config", put_nothing }, { "overrides", put_nothing },
};

int weft_tempo_status(struct weft_call *call, struct weft_err *err)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        weft_buf_printf(&call->body, "---\n# /status/%s\n", pages[i].name);
        pages[i].put(call, &call->body);
    }
    return text(call);
}

int weft_tempo_status_page(struct weft_call *call, struct weft_err *err)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (!weft_str_equal_c(call->parameters[0], pages[i].name)) continue;
        pages[i].put(call, &call->body);
        return text(call);
    }
    return weft_fail(err, WEFT_NOT_FOUND,
                     "no such page: found \"%.*s\", expected version, services, endpoints, config, "
                     "runtime_config or overrides",
                     WEFT_S_ARG(call->parameters[0]));
}
