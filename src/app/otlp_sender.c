/* otlp_sender.c -- OTLP out, for load and demo (otlp_sender.h). */
#include "app/otlp_sender.h"
#include "base/alloc.h"
#include "wire/protobuf.h"

const char *const weft_otlp_protocol_choices[] = { "grpc", "http", "http-json", NULL };
const char *const weft_otlp_compression_choices[] = { "none", "gzip",    "zstd", "snappy",
                                                      "lz4",  "deflate", NULL };
static const enum weft_compression compressions[] = {
    WEFT_COMPRESSION_NONE,   WEFT_COMPRESSION_GZIP, WEFT_COMPRESSION_ZSTD,
    WEFT_COMPRESSION_SNAPPY, WEFT_COMPRESSION_LZ4,  WEFT_COMPRESSION_DEFLATE,
};
static const struct {
    enum weft_client_protocol client;
    const char *path, *content_type, *endpoint;
} protocols[] = {
    [WEFT_OTLP_GRPC] = { WEFT_CLIENT_GRPC,
                         "/opentelemetry.proto.collector.trace.v1.TraceService/Export", NULL,
                         "http://127.0.0.1:4317" },
    [WEFT_OTLP_HTTP_PROTOBUF] = { WEFT_CLIENT_HTTP1, "/v1/traces", "application/x-protobuf",
                                  "http://127.0.0.1:4318" },
    [WEFT_OTLP_HTTP_JSON] = { WEFT_CLIENT_HTTP1, "/v1/traces", "application/json",
                              "http://127.0.0.1:4318" },
};

/* A call in flight; kept in a list for reuse. */
struct sending {
    struct weft_otlp_sender *sender;
    void (*done)(void *arg, const struct weft_otlp_sent *sent);
    void *arg;
    struct sending *next_free;
};
struct weft_otlp_sender {
    struct weft_client_pool *pool;
    const char *endpoint;
    int protocol;
    enum weft_compression compression;
    struct weft_http_header headers[2];
    uint32_t header_count;
    struct sending *free;
};

static void fill_headers(struct weft_otlp_sender *sender)
{
    struct weft_str name =
        sender->protocol == WEFT_OTLP_GRPC ? WEFT_S("grpc-encoding") : WEFT_S("content-encoding");
    const char *type = protocols[sender->protocol].content_type;
    if (type != NULL)
        sender->headers[sender->header_count++] =
            (struct weft_http_header){ WEFT_S("content-type"), weft_str_from_c(type) };
    if (sender->compression != WEFT_COMPRESSION_NONE)
        sender->headers[sender->header_count++] = (struct weft_http_header){
            name, weft_str_from_c(weft_compression_name(sender->compression))
        };
}

int weft_otlp_sender_create(struct weft_otlp_sender **out,
                            const struct weft_otlp_sender_options *options, struct weft_err *err)
{
    struct weft_otlp_sender *sender = weft_alloc_zero(sizeof *sender);
    sender->protocol = options->protocol;
    sender->compression = compressions[options->compression];
    sender->endpoint = options->endpoint != NULL && options->endpoint[0] != '\0'
                           ? options->endpoint
                           : protocols[options->protocol].endpoint;
    fill_headers(sender);
    struct weft_str address = weft_str_from_c(sender->endpoint);
    int rc = WEFT_OK;
    if (weft_str_starts_with(address, WEFT_S("https://")))
        rc = weft_fail(err, WEFT_UNSUPPORTED,
                       "endpoint %s: TLS is not spoken here; name a plain port or a unix socket",
                       sender->endpoint);
    if (weft_str_starts_with(address, WEFT_S("http://"))) address = weft_str_tail(address, 7);
    if (weft_str_ends_with(address, WEFT_S("/"))) address.len--;
    struct weft_arena arena;
    weft_arena_init(&arena, 0);
    const struct weft_client_pool_options pool_options = {
        .protocol = protocols[options->protocol].client,
        .endpoint = weft_arena_copy_c(&arena, address),
        .connections = options->connections,
        .in_flight_max = options->in_flight,
    };
    if (rc == WEFT_OK) rc = weft_client_pool_create(&sender->pool, &pool_options, err);
    weft_arena_release(&arena);
    if (rc < 0) {
        weft_otlp_sender_destroy(sender);
        return rc;
    }
    *out = sender;
    return WEFT_OK;
}

void weft_otlp_sender_destroy(struct weft_otlp_sender *sender)
{
    if (sender == NULL) return;
    if (sender->pool != NULL) weft_client_pool_destroy(sender->pool);
    while (sender->free != NULL) {
        struct sending *next = sender->free->next_free;
        weft_free(sender->free);
        sender->free = next;
    }
    weft_free(sender);
}

const char *weft_otlp_sender_endpoint(const struct weft_otlp_sender *sender)
{
    return sender->endpoint;
}

int weft_otlp_sender_pack(const struct weft_otlp_sender *sender, struct weft_str body,
                          struct weft_buf *packed, struct weft_str *out, struct weft_err *err)
{
    *out = body;
    if (sender->compression == WEFT_COMPRESSION_NONE) return WEFT_OK;
    weft_buf_reset(packed);
    int rc = weft_compress(packed, sender->compression, body, err);
    *out = weft_buf_str(packed);
    return rc;
}

/* ---- answers ---- */

static void set_code(struct weft_otlp_sent *sent, const char *code)
{
    snprintf(sent->code, sizeof sent->code, "%s", code);
}

static void read_grpc_answer(struct weft_otlp_sent *sent, const struct weft_client_answer *answer)
{
    static const char *const names[] = {
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    };
    static const unsigned retryable =
        1 << 1 | 1 << 4 | 1 << 10 | 1 << 11 | 1 << 14 | 1 << 15; /* C3.5.1 */
    unsigned status = (unsigned)answer->grpc_status;
    set_code(sent, status < sizeof names / sizeof names[0] ? names[status] : "UNKNOWN");
    sent->is_accepted = status == 0;
    sent->may_retry =
        (status < 16 && (retryable >> status & 1)) || (status == 8 && answer->has_retry_after);
}

static void read_http_answer(struct weft_otlp_sent *sent, const struct weft_client_answer *answer)
{
    int status = answer->http_status;
    snprintf(sent->code, sizeof sent->code, "%d", status);
    sent->is_accepted = status == 200;
    sent->may_retry = status == 429 || (status >= 502 && status <= 504); /* C3.4.1 */
}

/* ExportTraceServiceResponse: partial_success { rejected_spans, error_message } (C3.3.2). */
static void read_partial_success(struct weft_otlp_sent *sent, struct weft_str body)
{
    struct weft_pb_reader r = weft_pb_reader_make(body);
    uint32_t tag, inner_tag;
    while (weft_pb_next(&r, &tag)) {
        if (tag != (1 << 3 | WEFT_PB_BYTES)) {
            weft_pb_skip(&r, tag);
            continue;
        }
        struct weft_pb_reader inner = weft_pb_reader_make(weft_pb_bytes(&r));
        while (weft_pb_next(&inner, &inner_tag)) {
            if (inner_tag == (1 << 3 | WEFT_PB_VARINT))
                sent->rejected_spans = weft_pb_varint(&inner);
            else if (inner_tag == (2 << 3 | WEFT_PB_BYTES))
                sent->message = weft_pb_bytes(&inner);
            else
                weft_pb_skip(&inner, inner_tag);
        }
    }
}

static void answered(void *self, const struct weft_client_answer *answer)
{
    struct sending *sending = self;
    struct weft_otlp_sender *sender = sending->sender;
    struct weft_otlp_sent sent = { .message = answer->message, .latency_ns = answer->latency_ns };
    if (answer->has_retry_after) sent.retry_after_ns = answer->retry_after_ns;
    if (answer->error < 0) {
        set_code(&sent, weft_status_name(answer->error));
        sent.may_retry = answer->error == WEFT_CLOSED || answer->error == WEFT_TIMEOUT;
    } else if (sender->protocol == WEFT_OTLP_GRPC) {
        read_grpc_answer(&sent, answer);
    } else {
        read_http_answer(&sent, answer);
    }
    if (sent.is_accepted && sender->protocol != WEFT_OTLP_HTTP_JSON)
        read_partial_success(&sent, answer->body);
    sending->next_free = sender->free;
    sender->free = sending;
    sending->done(sending->arg, &sent);
}

int weft_otlp_sender_send(struct weft_otlp_sender *sender, struct weft_str packed,
                          void (*done)(void *arg, const struct weft_otlp_sent *sent), void *arg,
                          struct weft_err *err)
{
    struct sending *sending = sender->free;
    if (sending == NULL)
        sending = weft_alloc_zero(sizeof *sending);
    else
        sender->free = sending->next_free;
    *sending = (struct sending){ .sender = sender, .done = done, .arg = arg };
    const struct weft_client_call call = {
        .path = weft_str_from_c(protocols[sender->protocol].path),
        .headers = sender->headers,
        .header_count = sender->header_count,
        .body = packed,
        .is_compressed = sender->compression != WEFT_COMPRESSION_NONE,
        .done = answered,
        .self = sending,
    };
    int rc = weft_client_pool_submit(sender->pool, &call, err);
    if (rc < 0) {
        sending->next_free = sender->free;
        sender->free = sending;
    }
    return rc;
}

void weft_otlp_sender_poll(struct weft_otlp_sender *sender, uint64_t timeout_ns)
{
    weft_client_pool_poll(sender->pool, timeout_ns);
}

unsigned weft_otlp_sender_in_flight(const struct weft_otlp_sender *sender)
{
    return weft_client_pool_in_flight(sender->pool);
}
