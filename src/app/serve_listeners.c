/* serve_listeners.c -- which address answers in which language. */
#include "app/serve.h"

#define FACE_BYTES_MIN (INT64_C(16) << 20)
/* Of requests with a TraceQL query of 128 KiB, every byte of it as %XX. */
#define FACE_HEADER_BYTES_MAX (400u << 10)

static const struct {
    const char *key;  /* of its address, in the configuration and in --addresses */
    const char *name; /* in logs and metrics */
    size_t config;    /* struct weft_config_listener in struct weft_config */
} listeners[WEFT_SERVE_LISTENER_COUNT] = {
    [WEFT_SERVE_OTLP_GRPC] = { "receivers.otlp.protocols.grpc.endpoint", "otlp_grpc",
                               offsetof(struct weft_config, otlp_grpc) },
    [WEFT_SERVE_OTLP_HTTP] = { "receivers.otlp.protocols.http.endpoint", "otlp_http",
                               offsetof(struct weft_config, otlp_http) },
    [WEFT_SERVE_HTTP] = { "server.http.endpoint", "http",
                          offsetof(struct weft_config, server_http) },
    [WEFT_SERVE_TEMPO] = { "server.tempo.endpoint", "tempo",
                           offsetof(struct weft_config, server_tempo) },
    [WEFT_SERVE_JAEGER_GRPC] = { "server.jaeger_grpc.endpoint", "jaeger_grpc",
                                 offsetof(struct weft_config, server_jaeger_grpc) },
    [WEFT_SERVE_ZIPKIN] = { "server.zipkin.endpoint", "zipkin",
                            offsetof(struct weft_config, server_zipkin) },
};

const char *weft_serve_listener_key(enum weft_serve_listener which)
{
    return listeners[which].key;
}

const char *weft_serve_listener_name(enum weft_serve_listener which)
{
    return listeners[which].name;
}

bool weft_serve_listener_takes_spans(enum weft_serve_listener which)
{
    return which == WEFT_SERVE_OTLP_GRPC || which == WEFT_SERVE_OTLP_HTTP ||
           which == WEFT_SERVE_ZIPKIN;
}

const struct weft_config_listener *weft_serve_listener_config(const struct weft_serve *serve,
                                                              enum weft_serve_listener which)
{
    return (const void *)((const char *)serve->config + listeners[which].config);
}

static void make_receiver(struct weft_serve *serve)
{
    const struct weft_config *config = serve->config;
    const struct weft_config_listener *http = &config->otlp_http;

    weft_receiver_otlp_create(&serve->receiver, &(struct weft_receiver_otlp_options){
        .consumer = weft_arrivals_consumer(serve->arrivals),
        .io_thread_count = serve->loop_count,
        .grpc_message_bytes_max = config->otlp_grpc.body_bytes_max,
        .http_body_bytes_max = http->body_bytes_max,
        .work_budget = &serve->work_budget,
        .retry = &serve->retry,
        .cors = {
            .allowed_origins = http->cors_allowed_origins.items,
            .allowed_origin_count = http->cors_allowed_origins.count,
            .allowed_headers = http->cors_allowed_headers.items,
            .allowed_header_count = http->cors_allowed_headers.count,
            .max_age_seconds = (uint32_t)(http->cors_max_age_ns / 1000000000),
        },
    });
}

static void make_faces(struct weft_serve *serve)
{
    serve->parts = (struct weft_server_parts){
        .source = weft_store_source(serve->store),
        .pool = serve->pool,
        .query_timeout_ns = serve->config->query.timeout_ns,
        .trace_spans_max = (uint32_t)serve->config->query.trace_spans_max,
        .search_limit_max = (uint32_t)serve->config->query.limit_max,
        .search_range_ns_max = serve->config->query.search_range_max_ns,
        .metrics_range_ns_max = serve->config->query.metrics_range_max_ns,
        .series_max = (uint32_t)serve->config->query.series_max,
        .pads_trace_ids = serve->config->query.left_pad_trace_ids,
        .zipkin_keys = serve->config->server_zipkin.autocomplete_keys.items,
        .zipkin_key_count = serve->config->server_zipkin.autocomplete_keys.count,
        .query_bytes_max = serve->config->query.bytes_max,
        .query_spans_max = serve->config->query.spans_max,
        .query_memory_bytes_max = serve->config->query.memory_bytes_max,
        .slots = serve->slots,
        .is_ready = &serve->is_ready,
        .write_status = weft_serve_write_status,
        .status_self = serve,
    };
    serve->face_http = (struct weft_face){
        .mounts = { { "", weft_routes_api_v1, WEFT_ERRORS_JSON },
                    { "", weft_routes_health, WEFT_ERRORS_TEXT },
                    { "", weft_routes_jaeger, WEFT_ERRORS_JAEGER },
                    { "", weft_routes_jaeger_v3, WEFT_ERRORS_JAEGER_V3 },
                    { "/tempo", weft_routes_tempo, WEFT_ERRORS_TEXT },
                    { "", weft_routes_tempo_grpc, WEFT_ERRORS_GRPC },
                    { "/jaeger", weft_routes_jaeger, WEFT_ERRORS_JAEGER },
                    { "/jaeger", weft_routes_jaeger_v3, WEFT_ERRORS_JAEGER_V3 },
                    { "/zipkin", weft_routes_zipkin, WEFT_ERRORS_TEXT },
                    { "", weft_routes_ui, WEFT_ERRORS_JSON } },
        .mount_count = 10,
        .browsers = &weft_ui_browsers,
        .parts = &serve->parts,
    };
    serve->face_jaeger_grpc = (struct weft_face){
        .mounts = { { "", weft_routes_jaeger_grpc, WEFT_ERRORS_GRPC } },
        .mount_count = 1,
        .parts = &serve->parts,
    };
    serve->face_tempo = (struct weft_face){
        .mounts = { { "", weft_routes_tempo, WEFT_ERRORS_TEXT },
                    { "", weft_routes_health, WEFT_ERRORS_TEXT },
                    { "", weft_routes_tempo_grpc, WEFT_ERRORS_GRPC } },
        .mount_count = 3,
        .parts = &serve->parts,
    };
    /* Zipkin's own pages ask under /zipkin. */
    serve->face_zipkin = (struct weft_face){
        .mounts = { { "", weft_routes_zipkin, WEFT_ERRORS_TEXT },
                    { "/zipkin", weft_routes_zipkin, WEFT_ERRORS_TEXT },
                    { "", weft_routes_health, WEFT_ERRORS_TEXT } },
        .mount_count = 3,
        .parts = &serve->parts,
    };
    struct weft_http_handler receiver = weft_receiver_otlp_zipkin_handler(serve->receiver);
    serve->http_with_zipkin =
        (struct weft_serve_zipkin){ weft_face_handler(&serve->face_http), receiver, false };
    serve->zipkin =
        (struct weft_serve_zipkin){ weft_face_handler(&serve->face_zipkin), receiver, true };
}

static struct weft_http_handler handler_of(struct weft_serve *serve, enum weft_serve_listener which)
{
    if (which == WEFT_SERVE_HTTP) return weft_serve_zipkin_handler(&serve->http_with_zipkin);
    if (which == WEFT_SERVE_ZIPKIN) return weft_serve_zipkin_handler(&serve->zipkin);
    if (which == WEFT_SERVE_JAEGER_GRPC) return weft_face_handler(&serve->face_jaeger_grpc);
    if (which == WEFT_SERVE_TEMPO) return weft_face_handler(&serve->face_tempo);
    return weft_receiver_otlp_handler(serve->receiver);
}

static struct weft_http_limits limits_of(const struct weft_config_listener *config,
                                         const struct weft_budget *budget, bool takes_spans)
{
    struct weft_http_limits limits;
    enum { GRPC_FRAME_BYTES = 5 };

    weft_http_limits_init(&limits);
    if (!takes_spans) limits.header_bytes_max = FACE_HEADER_BYTES_MAX;
    if (config->body_bytes_max > 0)
        limits.body_bytes_max = config->body_bytes_max + GRPC_FRAME_BYTES;
    /* One connection gets half of an empty budget (net/exchange.c). What never fits is told so (413), not "come back later". */
    uint64_t fits = (uint64_t)budget->limit_bytes / 2 - limits.header_bytes_max * UINT64_C(2);
    if (limits.body_bytes_max > fits) limits.body_bytes_max = fits;
    if (limits.connection_body_bytes_max < limits.body_bytes_max)
        limits.connection_body_bytes_max = limits.body_bytes_max;
    limits.streams_max = (uint32_t)config->streams_max;
    limits.connections_max = (uint32_t)config->connections_max;
    limits.idle_ns_max = config->idle_ns_max;
    limits.header_ns_max = config->header_ns_max;
    limits.body_ns_max = config->body_ns_max;
    limits.write_ns_max = config->write_ns_max;
    return limits;
}

static int listen_one(struct weft_serve *serve, enum weft_serve_listener which,
                      struct weft_err *err)
{
    const struct weft_config_listener *config = weft_serve_listener_config(serve, which);
    bool takes_spans = weft_serve_listener_takes_spans(which);
    struct weft_budget *budget = takes_spans ? &serve->body_budget : &serve->face_budget;
    struct weft_http_listener_options options = {
        .name = listeners[which].name,
        .endpoint = config->endpoint,
        .tls = {
            .cert_file = config->tls.cert_file,
            .key_file = config->tls.key_file,
            .client_ca_file = config->tls.client_ca_file,
            .min_version = config->tls.min_version == WEFT_TLS_1_3 ? "1.3" : "1.2",
            .reload_interval_ns = config->tls.reload_interval_ns,
        },
        .limits = limits_of(config, budget, takes_spans),
        .body_budget = budget,
        .retry = takes_spans ? &serve->retry : NULL,
        .handler = handler_of(serve, which),
    };

    if (config->endpoint[0] == '\0') return WEFT_OK;
    if (weft_http_server_listen(serve->server, &options, serve->addresses[which], err) < 0)
        return weft_err_wrap(err, "%s", listeners[which].key);
    return WEFT_OK;
}

int weft_serve_listen(struct weft_serve *serve, struct weft_err *err)
{
    int64_t limit_bytes = (int64_t)serve->config->memory_limit_bytes;
    serve->body_budget.limit_bytes = serve->work_budget.limit_bytes = limit_bytes;
    /* A budget of their own keeps /metrics and searches answering when senders fill theirs; answers that wait to be read count. */
    serve->face_budget.limit_bytes = limit_bytes > FACE_BYTES_MIN ? limit_bytes : FACE_BYTES_MIN;
    make_receiver(serve);
    make_faces(serve);
    int rc = weft_http_server_create(&serve->server, serve->loops, serve->loop_count, err);
    for (int which = 0; rc == WEFT_OK && which < WEFT_SERVE_LISTENER_COUNT; which++)
        rc = listen_one(serve, (enum weft_serve_listener)which, err);
    return rc;
}
