/* serve_live.c -- what the interface asks each second: where spans can be sent, what has come, how full the disk is. Members of
 * /api/v1/status; cheap, for it is answered on an I/O thread. */
#include "app/serve.h"
#include "base/clock.h"
#include "wire/json.h"

static bool is_local(const char *address)
{
    struct weft_str text = weft_str_from_c(address);
    return weft_str_starts_with(text, WEFT_S("127.")) ||
           weft_str_starts_with(text, WEFT_S("[::1]:")) ||
           weft_str_starts_with(text, WEFT_S("unix:"));
}

static void write_endpoint(struct weft_json_writer *json, const struct weft_serve *serve,
                           enum weft_serve_listener which)
{
    struct weft_http_counts counts;

    weft_http_counts(weft_serve_listener_name(which), &counts);
    weft_json_object_start(json);
    weft_json_key(json, "name");
    weft_json_c(json, weft_serve_listener_name(which));
    weft_json_key(json, "key");
    weft_json_c(json, weft_serve_listener_key(which));
    weft_json_key(json, "address");
    weft_json_c(json, serve->addresses[which]);
    weft_json_key(json, "is_tls");
    weft_json_bool(json, weft_serve_listener_config(serve, which)->tls.cert_file != NULL);
    weft_json_key(json, "is_local");
    weft_json_bool(json, is_local(serve->addresses[which]));
    weft_json_key(json, "takes_spans");
    weft_json_bool(json, weft_serve_listener_takes_spans(which));
    weft_json_key(json, "connection_count");
    weft_json_u64(json, counts.connections_open);
    weft_json_key(json, "request_count");
    weft_json_u64(json, counts.requests);
    weft_json_key(json, "refused_count");
    weft_json_u64(json, counts.refused);
    weft_json_object_end(json);
}

static void write_received(struct weft_json_writer *json, const struct weft_serve *serve)
{
    struct weft_receiver_counts counts;
    struct weft_trace_id newest;
    uint64_t newest_ns;
    char id[33];

    weft_receiver_otlp_counts(&counts);
    bool is_there = weft_arrivals_last(serve->arrivals, &newest, &newest_ns);
    weft_json_key(json, "received");
    weft_json_object_start(json);
    weft_json_key(json, "accepted_span_count");
    weft_json_u64(json, counts.accepted_spans);
    weft_json_key(json, "rejected_span_count");
    weft_json_u64(json, counts.rejected_spans);
    weft_json_key(json, "refused_span_count");
    weft_json_u64(json, counts.refused_spans);
    weft_json_key(json, "failed_request_count");
    weft_json_u64(json, counts.failed_requests);
    weft_json_key(json, "newest_trace_id");
    if (is_there) {
        weft_trace_id_format(&newest, id);
        weft_json_c(json, id);
    } else {
        weft_json_null(json);
    }
    weft_json_key(json, "newest_time_unix_nano");
    if (is_there)
        weft_json_u64_string(json, newest_ns);
    else
        weft_json_null(json);
    weft_json_object_end(json);
}

/* What the disk leaves room for above its floor, or retention if that is less. */
static uint64_t bytes_max(const struct weft_serve *serve, const struct weft_store_stats *stats,
                          uint64_t bytes)
{
    uint64_t free =
        stats->free_bytes > stats->free_bytes_min ? stats->free_bytes - stats->free_bytes_min : 0;
    uint64_t kept = serve->config->storage.retention_bytes;

    return kept > 0 && kept < bytes + free ? kept : bytes + free;
}

static void write_storage(struct weft_json_writer *json, const struct weft_serve *serve,
                          const struct weft_store_stats *stats)
{
    uint64_t bytes = stats->segment_bytes + stats->block_bytes + stats->spare_bytes;

    weft_json_key(json, "storage");
    weft_json_object_start(json);
    weft_json_key(json, "directory");
    weft_json_c(json, serve->config->storage.directory);
    weft_json_key(json, "span_count");
    weft_json_u64(json, stats->live_spans + stats->sealed_spans + stats->block_spans);
    weft_json_key(json, "bytes");
    weft_json_u64(json, bytes);
    weft_json_key(json, "bytes_max");
    weft_json_u64(json, bytes_max(serve, stats, bytes));
    weft_json_key(json, "oldest_time_unix_nano");
    if (stats->oldest_start_unix_nano > 0)
        weft_json_u64_string(json, stats->oldest_start_unix_nano);
    else
        weft_json_null(json);
    weft_json_object_end(json);
}

void weft_serve_write_live(const struct weft_serve *serve, const struct weft_store_stats *stats,
                           struct weft_json_writer *json)
{
    weft_json_key(json, "time_unix_nano");
    weft_json_u64_string(json, weft_clock_unix_ns());
    weft_json_key(json, "endpoints");
    weft_json_array_start(json);
    for (int which = 0; which < WEFT_SERVE_LISTENER_COUNT; which++)
        if (serve->addresses[which][0] != '\0')
            write_endpoint(json, serve, (enum weft_serve_listener)which);
    weft_json_array_end(json);
    write_received(json, serve);
    write_storage(json, serve, stats);
}
