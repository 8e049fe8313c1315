/* config.h -- everything `weft serve` is told: one YAML file in the OpenTelemetry Collector's
 * shape, overrides, defaults.
 *
 * Shape      a plain struct, filled from the tables of config_tables.c; docs/configuration.md is
 *            made from them too
 * Units      bytes, nanoseconds
 * Errors     WEFT_INVALID: `weft.yaml:12: receivers.otlp.protocols.grpc.endpont: unknown key; did
 *            you mean "endpoint"?`
 * Ownership  strings belong to the configuration's arena
 */
#ifndef WEFT_APP_CONFIG_H
#define WEFT_APP_CONFIG_H
#include "base/option.h"

enum weft_config_transport { WEFT_TRANSPORT_TCP, WEFT_TRANSPORT_UNIX };
enum weft_config_tls_version { WEFT_TLS_1_2, WEFT_TLS_1_3 };

struct weft_config_tls {
    const char *cert_file, *key_file, *client_ca_file; /* NULL: not given */
    int min_version;                                   /* enum weft_config_tls_version */
    uint64_t reload_interval_ns;
};
struct weft_config_listener {
    const char *endpoint; /* "": does not listen */
    int transport;        /* enum weft_config_transport */
    struct weft_config_tls tls;
    uint64_t body_bytes_max;
    uint64_t streams_max;
    uint64_t connections_max;
    uint64_t idle_ns_max, header_ns_max, body_ns_max, write_ns_max;
    struct weft_option_strings cors_allowed_origins, cors_allowed_headers;
    uint64_t cors_max_age_ns;
};
struct weft_config_zipkin {
    struct weft_config_listener listener; /* first */
    struct weft_option_strings autocomplete_keys;
};
struct weft_config_storage {
    const char *directory; /* NULL only before weft_config_finish() */
    uint64_t seal_age_ns;
    uint64_t compaction_segments_min, compaction_segments_max, compaction_age_ns;
    uint64_t compaction_fan_in, small_block_spans, small_block_bytes, bundle_bytes_max;
    uint64_t blob_min;
    uint64_t tail_segments_max, tail_memory_max;
    uint64_t free_space_min;
    uint64_t retention_age_ns, retention_bytes, retention_free_bytes;
};
struct weft_config_query {
    uint64_t timeout_ns, limit_max, trace_spans_max, threads, waiting_max;
    uint64_t search_range_max_ns, metrics_range_max_ns, series_max, memory_bytes_max;
    uint64_t bytes_max, spans_max;
    bool left_pad_trace_ids;
};
struct weft_config {
    struct weft_config_listener otlp_grpc, otlp_http;
    struct weft_config_listener server_http, server_tempo, server_jaeger_grpc;
    struct weft_config_zipkin server_zipkin;
    uint64_t io_threads; /* 0: one a processor */
    struct weft_option_strings pipeline_receivers, pipeline_processors, pipeline_exporters,
        extensions;
    int log_level;    /* enum weft_log_level */
    int log_encoding; /* enum weft_log_format */
    uint64_t memory_limit_bytes;
    struct weft_config_storage storage;
    struct weft_config_query query;

    struct weft_arena arena;
    void (*warn)(void *self, const char *sentence); /* NULL: nobody listens */
    void *warn_self;
};

void weft_config_init(struct weft_config *config); /* the defaults */
void weft_config_release(struct weft_config *config);
/* Read a file over what is there. */
int weft_config_read_file(struct weft_config *config, const char *path, struct weft_err *err);
/* The same from memory; `name` stands in sentences. */
int weft_config_read(struct weft_config *config, struct weft_str yaml, const char *name,
                     struct weft_err *err);
/* "path=value", as --set has it. */
int weft_config_set(struct weft_config *config, struct weft_str assignment, struct weft_err *err);
/* What only the whole can tell: keys that belong together, the default directory. Last step before
 * use. */
int weft_config_finish(struct weft_config *config, struct weft_err *err);
/* All keys as YAML, as they stand. */
void weft_config_write(const struct weft_config *config, struct weft_buf *out);
/* docs/configuration.md's table. */
void weft_config_write_reference(struct weft_buf *out);

extern const struct weft_option weft_config_options[];

#endif
