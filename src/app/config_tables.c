/* config_tables.c -- every key of the configuration, its default and what it means. Nothing about a
 * key stands elsewhere. */
#include "app/config_tables.h"
#include "app/config.h"

#include "base/log.h"

#define AT(field) offsetof(struct weft_config, field)
#define IN_LISTENER(field) offsetof(struct weft_config_listener, field)
#define IN_TLS(field) offsetof(struct weft_config_tls, field)
#define MIB (UINT64_C(1) << 20)
#define SECOND UINT64_C(1000000000)
#define HOUR (UINT64_C(3600) * SECOND)

static const char *const transports[] = { "tcp", "unix", NULL };
static const char *const tls_versions[] = { "1.2", "1.3", NULL };
static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const log_encodings[] = { "auto", "console", "json", NULL };
static const char *const receivers[] = { "otlp", NULL };
static const char *const exporters[] = { "store", NULL };
static const char *const no_processors[] = { NULL };

static const struct weft_option tls[] = {
    { .name = "cert_file",
      .kind = WEFT_OPT_STRING,
      .offset = IN_TLS(cert_file),
      .value_name = "FILE",
      .help = "Certificate and its chain, PEM. Together with key_file it turns TLS on." },
    { .name = "key_file",
      .kind = WEFT_OPT_STRING,
      .offset = IN_TLS(key_file),
      .value_name = "FILE",
      .help = "Private key of the certificate, PEM." },
    { .name = "client_ca_file",
      .kind = WEFT_OPT_STRING,
      .offset = IN_TLS(client_ca_file),
      .value_name = "FILE",
      .help = "Authorities whose client certificates are taken; with it, clients must have one." },
    { .name = "min_version",
      .kind = WEFT_OPT_ENUM,
      .offset = IN_TLS(min_version),
      .fallback = "1.2",
      .choices = tls_versions,
      .help = "Oldest TLS version taken." },
    { .name = "reload_interval",
      .kind = WEFT_OPT_DURATION,
      .offset = IN_TLS(reload_interval_ns),
      .fallback = "10s",
      .min = SECOND / 10,
      .help = "How often the files are looked at for a new certificate." },
    { .name = "ca_file",
      .kind = WEFT_OPT_REFUSED,
      .help = "a server takes client_ca_file to verify its clients" },
    { 0 },
};
#define TLS                                                                                \
    {                                                                                      \
        .name = "tls", .kind = WEFT_OPT_TABLE, .offset = IN_LISTENER(tls), .options = tls, \
        .help = "Encryption."                                                              \
    }
#define ENDPOINT(address)                                                                        \
    {                                                                                            \
        .name = "endpoint", .kind = WEFT_OPT_ENDPOINT, .offset = IN_LISTENER(endpoint),          \
        .fallback = address,                                                                     \
        .help = "Where to listen: host:port (port 0 takes a free one), [::1]:port, unix:/path; " \
                "empty: not at all."                                                             \
    }
#define CONNECTIONS                                                                                \
    {                                                                                              \
        .name = "max_connections", .kind = WEFT_OPT_COUNT, .offset = IN_LISTENER(connections_max), \
        .fallback = "10000", .min = 1, .max = 1000000,                                             \
        .help = "Connections open at once; further ones wait in the system's queue."               \
    }
#define STREAMS                                                                         \
    {                                                                                   \
        .name = "max_concurrent_streams", .kind = WEFT_OPT_COUNT,                       \
        .offset = IN_LISTENER(streams_max), .fallback = "128", .min = 1, .max = 100000, \
        .help = "Requests running at once on one HTTP/2 connection."                    \
    }
#define IDLE(key)                                                                   \
    {                                                                               \
        .name = key, .kind = WEFT_OPT_DURATION, .offset = IN_LISTENER(idle_ns_max), \
        .fallback = "10m", .min = SECOND, .max = 24 * HOUR,                         \
        .help = "A connection without a request for that long is closed."           \
    }
#define TIMES                                                                                    \
    { .name = "read_header_timeout",                                                             \
      .kind = WEFT_OPT_DURATION,                                                                 \
      .offset = IN_LISTENER(header_ns_max),                                                      \
      .fallback = "10s",                                                                         \
      .min = SECOND / 100,                                                                       \
      .max = HOUR,                                                                               \
      .help = "Time for the whole header of a request." },                                       \
        { .name = "read_timeout",                                                                \
          .kind = WEFT_OPT_DURATION,                                                             \
          .offset = IN_LISTENER(body_ns_max),                                                    \
          .fallback = "1m",                                                                      \
          .min = SECOND / 100,                                                                   \
          .max = HOUR,                                                                           \
          .help = "Time for the whole body of a request." },                                     \
    {                                                                                            \
        .name = "write_timeout", .kind = WEFT_OPT_DURATION, .offset = IN_LISTENER(write_ns_max), \
        .fallback = "1m", .min = SECOND / 100, .max = HOUR,                                      \
        .help = "Time without progress while a reply is sent."                                   \
    }

static const struct weft_option keepalive_server[] = {
    IDLE("max_connection_idle"),
    { .name = "max_connection_age",
      .kind = WEFT_OPT_REFUSED,
      .help = "connections are not closed by age" },
    { .name = "max_connection_age_grace",
      .kind = WEFT_OPT_REFUSED,
      .help = "connections are not closed by age" },
    { .name = "time",
      .kind = WEFT_OPT_REFUSED,
      .help = "weft does not ping its clients; idle ones are closed" },
    { .name = "timeout",
      .kind = WEFT_OPT_REFUSED,
      .help = "weft does not ping its clients; idle ones are closed" },
    { 0 },
};
static const struct weft_option keepalive[] = {
    { .name = "server_parameters",
      .kind = WEFT_OPT_TABLE,
      .options = keepalive_server,
      .help = "How long connections live." },
    { .name = "enforcement_policy",
      .kind = WEFT_OPT_REFUSED,
      .help = "how many pings a client may send is fixed" },
    { 0 },
};
static const struct weft_option otlp_grpc[] = {
    ENDPOINT("127.0.0.1:4317"),
    { .name = "transport",
      .kind = WEFT_OPT_ENUM,
      .offset = IN_LISTENER(transport),
      .fallback = "tcp",
      .choices = transports,
      .help = "With unix, endpoint is the path of a socket." },
    TLS,
    { .name = "max_recv_msg_size_mib",
      .kind = WEFT_OPT_MIB,
      .offset = IN_LISTENER(body_bytes_max),
      .fallback = "64",
      .min = MIB,
      .max = 1024 * MIB,
      .help = "Largest request in MiB, as received and decompressed." },
    STREAMS,
    CONNECTIONS,
    { .name = "keepalive",
      .kind = WEFT_OPT_TABLE,
      .options = keepalive,
      .help = "How long connections live." },
    TIMES,
    { .name = "read_buffer_size", .kind = WEFT_OPT_REFUSED, .help = "buffers follow what arrives" },
    { .name = "write_buffer_size",
      .kind = WEFT_OPT_REFUSED,
      .help = "buffers follow what is sent" },
    { .name = "include_metadata",
      .kind = WEFT_OPT_REFUSED,
      .help = "request headers are not kept" },
    { .name = "auth",
      .kind = WEFT_OPT_REFUSED,
      .help = "clients are told apart by certificates, see tls.client_ca_file" },
    { 0 },
};
static const struct weft_option cors[] = {
    { .name = "allowed_origins",
      .kind = WEFT_OPT_STRINGS,
      .offset = IN_LISTENER(cors_allowed_origins),
      .help = "Web pages that may send, such as https://shop.example; * stands for any run of "
              "characters. None: no page may." },
    { .name = "allowed_headers",
      .kind = WEFT_OPT_STRINGS,
      .offset = IN_LISTENER(cors_allowed_headers),
      .help = "Request headers they may use besides those every page may; * for any." },
    { .name = "max_age",
      .kind = WEFT_OPT_SECONDS,
      .offset = IN_LISTENER(cors_max_age_ns),
      .fallback = "0",
      .max = 24 * HOUR,
      .help = "How long a browser may remember the permission." },
    { .name = "exposed_headers",
      .kind = WEFT_OPT_REFUSED,
      .help = "replies have no headers a page would need" },
    { 0 },
};
static const struct weft_option otlp_http[] = {
    ENDPOINT("127.0.0.1:4318"),
    { .name = "transport",
      .kind = WEFT_OPT_ENUM,
      .offset = IN_LISTENER(transport),
      .fallback = "tcp",
      .choices = transports,
      .help = "With unix, endpoint is the path of a socket." },
    TLS,
    { .name = "max_request_body_size",
      .kind = WEFT_OPT_BYTES,
      .offset = IN_LISTENER(body_bytes_max),
      .fallback = "20MiB",
      .min = 1024,
      .max = 1024 * MIB,
      .help = "Largest body, as received and decompressed." },
    { .name = "cors",
      .kind = WEFT_OPT_TABLE,
      .options = cors,
      .help = "Which web pages may send from a browser." },
    IDLE("idle_timeout"),
    TIMES,
    STREAMS,
    CONNECTIONS,
    { .name = "include_metadata",
      .kind = WEFT_OPT_REFUSED,
      .help = "request headers are not kept" },
    { .name = "auth",
      .kind = WEFT_OPT_REFUSED,
      .help = "clients are told apart by certificates, see tls.client_ca_file" },
    { .name = "traces_url_path",
      .kind = WEFT_OPT_REFUSED,
      .help = "traces are taken at /v1/traces" },
    { 0 },
};
static const struct weft_option protocols[] = {
    { .name = "grpc",
      .kind = WEFT_OPT_TABLE,
      .offset = AT(otlp_grpc),
      .options = otlp_grpc,
      .help = "OTLP over gRPC." },
    { .name = "http",
      .kind = WEFT_OPT_TABLE,
      .offset = AT(otlp_http),
      .options = otlp_http,
      .help = "OTLP over HTTP, protobuf and JSON, at /v1/traces." },
    { 0 },
};
static const struct weft_option otlp[] = {
    { .name = "protocols",
      .kind = WEFT_OPT_TABLE,
      .options = protocols,
      .part = "protocol of OTLP",
      .help = "When a file has this map, only the protocols in it listen." },
    { 0 },
};
static const struct weft_option receiver_table[] = {
    { .name = "otlp",
      .kind = WEFT_OPT_TABLE,
      .options = otlp,
      .help = "OpenTelemetry's own protocol." },
    { 0 },
};
static const struct weft_option no_options[] = { { 0 } };
static const struct weft_option exporter_table[] = {
    { .name = "store",
      .kind = WEFT_OPT_TABLE,
      .options = no_options,
      .help = "The embedded store; storage says how it keeps." },
    { 0 },
};
static const struct weft_option pipeline[] = {
    { .name = "receivers",
      .kind = WEFT_OPT_STRINGS,
      .offset = AT(pipeline_receivers),
      .fallback = "otlp",
      .choices = receivers,
      .help = "Where spans come from." },
    { .name = "processors",
      .kind = WEFT_OPT_STRINGS,
      .offset = AT(pipeline_processors),
      .choices = no_processors,
      .help = "What happens to them on the way: nothing yet, leave it empty." },
    { .name = "exporters",
      .kind = WEFT_OPT_STRINGS,
      .offset = AT(pipeline_exporters),
      .fallback = "store",
      .choices = exporters,
      .help = "Where they go." },
    { 0 },
};
static const struct weft_option pipelines[] = {
    { .name = "traces", .kind = WEFT_OPT_TABLE, .options = pipeline, .help = "The way of spans." },
    { 0 },
};
static const struct weft_option logs[] = {
    { .name = "level",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(log_level),
      .fallback = "info",
      .choices = log_levels,
      .help = "Least important lines that are written." },
    { .name = "encoding",
      .kind = WEFT_OPT_ENUM,
      .offset = AT(log_encoding),
      .fallback = "auto",
      .choices = log_encodings,
      .help = "auto: text on a terminal, JSON otherwise." },
    { 0 },
};
static const struct weft_option telemetry[] = {
    { .name = "logs",
      .kind = WEFT_OPT_TABLE,
      .options = logs,
      .help = "weft's own log, on standard error." },
    { .name = "metrics",
      .kind = WEFT_OPT_REFUSED,
      .help = "weft's own metrics are always at /metrics of server.http.endpoint" },
    { 0 },
};
static const struct weft_option service[] = {
    { .name = "extensions",
      .kind = WEFT_OPT_STRINGS,
      .offset = AT(extensions),
      .choices = no_processors,
      .help = "None yet, leave it empty." },
    { .name = "pipelines",
      .kind = WEFT_OPT_TABLE,
      .options = pipelines,
      .part = "pipeline",
      .help = "The way of the data." },
    { .name = "telemetry",
      .kind = WEFT_OPT_TABLE,
      .options = telemetry,
      .help = "What weft tells about itself." },
    { 0 },
};
#define FACE(table, address)                                                              \
    static const struct weft_option table[] = {                                           \
        ENDPOINT(address), TLS, IDLE("idle_timeout"), TIMES, STREAMS, CONNECTIONS, { 0 }, \
    }
FACE(face_http, "127.0.0.1:16686");
FACE(face_tempo, "127.0.0.1:3200");
FACE(face_jaeger_grpc, "127.0.0.1:16685");
static const struct weft_option face_zipkin[] = {
    /* struct weft_config_zipkin starts with a listener */
    ENDPOINT("127.0.0.1:9411"),
    TLS,
    IDLE("idle_timeout"),
    TIMES,
    STREAMS,
    CONNECTIONS,
    { .name = "autocomplete_keys",
      .kind = WEFT_OPT_STRINGS,
      .offset = offsetof(struct weft_config_zipkin, autocomplete_keys),
      .help = "Tags whose values Zipkin's search offers, such as http.method." },
    { 0 },
};
static const struct weft_option server[] = {
    { .name = "http",
      .kind = WEFT_OPT_TABLE,
      .offset = AT(server_http),
      .options = face_http,
      .help = "weft's own API, Jaeger's (also under /jaeger), Tempo's under /tempo, Zipkin's "
              "under /zipkin, /metrics, "
              "/health, /ready." },
    { .name = "tempo",
      .kind = WEFT_OPT_TABLE,
      .offset = AT(server_tempo),
      .options = face_tempo,
      .help = "Tempo's API at its own address, for Grafana." },
    { .name = "jaeger_grpc",
      .kind = WEFT_OPT_TABLE,
      .offset = AT(server_jaeger_grpc),
      .options = face_jaeger_grpc,
      .help = "Jaeger's gRPC API, api_v2 and api_v3." },
    { .name = "zipkin",
      .kind = WEFT_OPT_TABLE,
      .offset = AT(server_zipkin),
      .options = face_zipkin,
      .help = "Zipkin's API v2 at its own address (also at server.http.endpoint under /zipkin), "
              "and spans "
              "in its JSON v2." },
    { .name = "io_threads",
      .kind = WEFT_OPT_COUNT,
      .offset = AT(io_threads),
      .fallback = "0",
      .max = 256,
      .help = "Threads that read the network and write to the store; 0: one a processor." },
    { 0 },
};
const struct weft_option weft_config_options[] = {
    { .name = "receivers",
      .kind = WEFT_OPT_TABLE,
      .options = receiver_table,
      .part = "receiver",
      .help = "Where spans come from." },
    { .name = "processors",
      .kind = WEFT_OPT_TABLE,
      .options = no_options,
      .part = "processor",
      .hint = "remove it (batching and memory limits are built in, see memory.limit)",
      .help = "What happens to spans on the way; none yet." },
    { .name = "exporters",
      .kind = WEFT_OPT_TABLE,
      .options = exporter_table,
      .part = "exporter",
      .help = "Where spans go." },
    { .name = "connectors",
      .kind = WEFT_OPT_TABLE,
      .options = no_options,
      .part = "connector",
      .help = "None yet." },
    { .name = "extensions",
      .kind = WEFT_OPT_TABLE,
      .options = no_options,
      .part = "extension",
      .hint = "/health, /ready and /metrics are always at server.http.endpoint",
      .help = "None yet." },
    { .name = "service",
      .kind = WEFT_OPT_TABLE,
      .options = service,
      .help = "Which parts are used." },
    { .name = "server",
      .kind = WEFT_OPT_TABLE,
      .options = server,
      .help = "Where questions are answered." },
    { .name = "memory",
      .kind = WEFT_OPT_TABLE,
      .options = weft_config_memory_options,
      .help = "What may be used." },
    { .name = "storage",
      .kind = WEFT_OPT_TABLE,
      .options = weft_config_storage_options,
      .help = "The embedded store." },
    { .name = "query",
      .kind = WEFT_OPT_TABLE,
      .options = weft_config_query_options,
      .help = "Limits of questions." },
    { 0 },
};
