/* trace_fetch.c -- traces as OTLP protobuf over a connection that is kept (trace_fetch.h). */
#include "app/transfer/trace_fetch.h"
#include "model/otlp.h"
#include "server/api_trace.h"
#include "wire/protobuf.h"

int weft_trace_fetch_init(struct weft_trace_fetch *fetch, const char *server, struct weft_err *err)
{
    const struct weft_http_client_options options = { .response_bytes_max = (uint64_t)1 << 32 };
    *fetch = (struct weft_trace_fetch){ 0 };
    weft_arena_init(&fetch->arena, (size_t)1 << 20);
    return weft_http_client_create(&fetch->client, weft_str_from_c(server), &options, err);
}

/* A field that OTLP does not know. */
struct weft_str weft_trace_fetch_partial(struct weft_str body)
{
    struct weft_pb_reader r = weft_pb_reader_make(body);
    struct weft_str reason = { 0 };
    uint32_t tag;

    while (weft_pb_next(&r, &tag)) {
        if (tag == (WEFT_API_TRACE_PARTIAL_FIELD << 3 | WEFT_PB_BYTES))
            reason = weft_pb_bytes(&r);
        else
            weft_pb_skip(&r, tag);
    }
    return reason;
}

int weft_trace_fetch_next(struct weft_trace_fetch *fetch, const struct weft_trace_id *id,
                          struct weft_err *err)
{
    struct weft_otlp_result result = { 0 };
    char hex[33];
    weft_trace_id_format(id, hex);
    weft_arena_reset(&fetch->arena);
    weft_buf_reset(&fetch->body);
    weft_buf_reset(&fetch->path);
    weft_buf_printf(&fetch->path, "/api/v1/traces/%s", hex);
    fetch->batch = (struct weft_batch){ .arena = &fetch->arena };
    fetch->partial = WEFT_S("");
    int rc = weft_ask_client(&fetch->body, fetch->client, weft_buf_str(&fetch->path),
                             "application/x-protobuf", err);
    if (rc == WEFT_OK)
        rc = weft_otlp_decode_protobuf(&fetch->batch, weft_buf_str(&fetch->body), &result, err);
    if (rc == WEFT_OK) fetch->partial = weft_trace_fetch_partial(weft_buf_str(&fetch->body));
    return rc;
}

void weft_trace_fetch_release(struct weft_trace_fetch *fetch)
{
    weft_http_client_destroy(fetch->client);
    weft_arena_release(&fetch->arena);
    weft_buf_release(&fetch->body);
    weft_buf_release(&fetch->path);
}
