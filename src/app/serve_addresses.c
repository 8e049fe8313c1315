/* serve_addresses.c -- telling people and scripts where we listen. */
#include "app/serve.h"

#include "base/file.h"
#include "base/log.h"
#include "wire/json.h"

int weft_serve_write_addresses(const struct weft_serve *serve, const char *path,
                               struct weft_err *err)
{
    struct weft_buf text = { 0 };
    struct weft_json_writer json = { .out = &text };

    weft_json_object_start(&json);
    for (int which = 0; which < WEFT_SERVE_LISTENER_COUNT; which++) {
        if (serve->addresses[which][0] == '\0') continue;
        weft_json_key(&json, weft_serve_listener_key((enum weft_serve_listener)which));
        weft_json_c(&json, serve->addresses[which]);
    }
    weft_json_object_end(&json);
    weft_buf_append_byte(&text, '\n');
    int rc = weft_file_replace(path, weft_buf_str(&text), err);
    weft_buf_release(&text);
    return rc;
}

/* A wildcard is where we listen, not where somebody can send: name this machine instead. */
static const char *reachable(const char *address, char out[static 128])
{
    static const struct {
        struct weft_str wildcard;
        const char *host;
    } wildcards[] = {
        { WEFT_S_INIT("0.0.0.0:"), "127.0.0.1" },
        { WEFT_S_INIT("[::]:"), "[::1]" },
    };
    struct weft_str text = weft_str_from_c(address);

    for (size_t i = 0; i < sizeof wildcards / sizeof wildcards[0]; i++) {
        if (!weft_str_starts_with(text, wildcards[i].wildcard)) continue;
        snprintf(out, 128, "%s:%s", wildcards[i].host, address + wildcards[i].wildcard.len);
        return out;
    }
    return address;
}

static bool is_tls(const struct weft_config_listener *listener)
{
    return listener->tls.cert_file != NULL;
}

static void log_listener(const struct weft_serve *serve, enum weft_serve_listener which,
                         const char *what, bool tls)
{
    if (serve->addresses[which][0] == '\0') return;
    weft_log(WEFT_LOG_INFO, "serve", "%s on %s%s", what, serve->addresses[which],
             tls ? " (TLS)" : "");
}

void weft_serve_log_start(const struct weft_serve *serve)
{
    const struct weft_config *config = serve->config;
    const char *http = serve->addresses[WEFT_SERVE_HTTP],
               *otlp = serve->addresses[WEFT_SERVE_OTLP_HTTP];
    char address[128];

    weft_log(WEFT_LOG_INFO, "serve", "weft " WEFT_VERSION ", data in %s, %u I/O threads",
             config->storage.directory, serve->loop_count);
    log_listener(serve, WEFT_SERVE_OTLP_GRPC, "OTLP over gRPC", is_tls(&config->otlp_grpc));
    log_listener(serve, WEFT_SERVE_OTLP_HTTP, "OTLP over HTTP", is_tls(&config->otlp_http));
    log_listener(serve, WEFT_SERVE_HTTP, "weft's API and Jaeger's", is_tls(&config->server_http));
    log_listener(serve, WEFT_SERVE_TEMPO, "Tempo's API", is_tls(&config->server_tempo));
    log_listener(serve, WEFT_SERVE_JAEGER_GRPC, "Jaeger's gRPC API",
                 is_tls(&config->server_jaeger_grpc));
    log_listener(serve, WEFT_SERVE_ZIPKIN, "Zipkin's API and spans",
                 is_tls(&config->server_zipkin.listener));
    if (otlp[0] != '\0' && !weft_str_starts_with(weft_str_from_c(otlp), WEFT_S("unix")))
        weft_log(WEFT_LOG_INFO, "serve",
                 "a first trace: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf "
                 "OTEL_EXPORTER_OTLP_ENDPOINT=%s://%s YOUR-PROGRAM",
                 is_tls(&config->otlp_http) ? "https" : "http", reachable(otlp, address));
    if (http[0] != '\0' && !weft_str_starts_with(weft_str_from_c(http), WEFT_S("unix")))
        weft_log(WEFT_LOG_INFO, "serve", "ready; see it with: weft search --server %s://%s",
                 is_tls(&config->server_http) ? "https" : "http", reachable(http, address));
    else
        weft_log(WEFT_LOG_INFO, "serve", "ready");
}
