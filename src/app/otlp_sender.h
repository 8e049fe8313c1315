/* otlp_sender.h -- OTLP out, for load and demo: encoded requests over gRPC or HTTP, and what became
 * of each.
 *
 * Threads    one owner; answers come out of weft_otlp_sender_poll()
 * Ownership  a body is borrowed until its answer
 * Spec       OTLP; checklist C3.1, C3.4, C3.5
 */
#ifndef WEFT_APP_OTLP_SENDER_H
#define WEFT_APP_OTLP_SENDER_H
#include "base/buf.h"
#include "base/option.h"
#include "net/client_pool.h"
#include "wire/compress.h"

enum weft_otlp_protocol { WEFT_OTLP_GRPC, WEFT_OTLP_HTTP_PROTOBUF, WEFT_OTLP_HTTP_JSON };
extern const char *const weft_otlp_protocol_choices[]; /* "grpc", "http", "http-json" */
extern const char
    *const weft_otlp_compression_choices[]; /* "none", "gzip", "zstd", "snappy", "lz4", "deflate" */

/* How and where to send: the same options in load and demo. `type` has the fields endpoint,
 * protocol and compression. */
#define WEFT_OTLP_SENDER_OPTIONS(type)                                                          \
    { .name = "endpoint",                                                                       \
      .kind = WEFT_OPT_STRING,                                                                  \
      .offset = offsetof(type, endpoint),                                                       \
      .letter = 'e',                                                                            \
      .value_name = "URL",                                                                      \
      .help = "Where to send: http://127.0.0.1:4317 for grpc, :4318 for http, unless given." }, \
        { .name = "protocol",                                                                   \
          .kind = WEFT_OPT_ENUM,                                                                \
          .offset = offsetof(type, protocol),                                                   \
          .letter = 'p',                                                                        \
          .fallback = "grpc",                                                                   \
          .choices = weft_otlp_protocol_choices,                                                \
          .help = "http is OTLP/HTTP with protobuf." },                                         \
    {                                                                                           \
        .name = "compression", .kind = WEFT_OPT_ENUM, .offset = offsetof(type, compression),    \
        .letter = 'z', .fallback = "none", .choices = weft_otlp_compression_choices,            \
        .help = "Of the requests."                                                              \
    }

struct weft_otlp_sender_options {
    const char *
        endpoint; /* "http://127.0.0.1:4317", "127.0.0.1:4317", "unix:/path"; NULL: the protocol's default port */
    int protocol;    /* enum weft_otlp_protocol */
    int compression; /* place in weft_otlp_compression_choices */
    unsigned connections, in_flight;
};
struct weft_otlp_sent {
    bool is_accepted;
    bool may_retry;
    char code[32];           /* "OK", "429", "RESOURCE_EXHAUSTED", "closed", "timeout" */
    struct weft_str message; /* of a refusal, or about rejected spans; borrowed for the call */
    uint64_t rejected_spans; /* of an accepted request (partial success); not read over http-json */
    uint64_t retry_after_ns;
    uint64_t latency_ns;
};
struct weft_otlp_sender;

int weft_otlp_sender_create(struct weft_otlp_sender **out,
                            const struct weft_otlp_sender_options *options, struct weft_err *err);
void weft_otlp_sender_destroy(struct weft_otlp_sender *sender); /* NULL is fine */
const char *weft_otlp_sender_endpoint(
    const struct weft_otlp_sender *sender); /* as in the options, or the default */
/* The request as it goes out: `body` itself, or compressed into `packed` (written anew). */
int weft_otlp_sender_pack(const struct weft_otlp_sender *sender, struct weft_str body,
                          struct weft_buf *packed, struct weft_str *out, struct weft_err *err);
/* WEFT_FULL: as many are in flight as may be. WEFT_CLOSED: not connected, try again in 100 ms. */
int weft_otlp_sender_send(struct weft_otlp_sender *sender, struct weft_str packed,
                          void (*done)(void *arg, const struct weft_otlp_sent *sent), void *arg,
                          struct weft_err *err);
void weft_otlp_sender_poll(struct weft_otlp_sender *sender, uint64_t timeout_ns);
unsigned weft_otlp_sender_in_flight(const struct weft_otlp_sender *sender);

#endif
