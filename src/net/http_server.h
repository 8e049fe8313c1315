/* http_server.h -- HTTP/1.1 and HTTP/2 (and so gRPC) in, one listener an endpoint, one loop a thread.
 *
 * Shape      handlers get whole requests (body still encoded) and reply once, now or later; gRPC is told apart by content type
 * Units      sizes in bytes, times in nanoseconds
 * Errors     what a peer does wrong is answered or cut off here, and counted; handlers see only sound requests
 * Threads    an exchange belongs to the loop that reads its connection; reply on that thread (weft_loop_post() gets there)
 * Ownership  request bytes live in exchange->arena until the reply is handed over
 * Spec       RFC 9110, 9112, 9113, 7541; gRPC over HTTP/2 (PROTOCOL-HTTP2.md); checklist C3.1, C3.5.5
 */
#ifndef WEFT_NET_HTTP_SERVER_H
#define WEFT_NET_HTTP_SERVER_H
#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/retry_delay.h"
#include "net/loop.h"

enum weft_http_method {
    WEFT_HTTP_OTHER,
    WEFT_HTTP_GET,
    WEFT_HTTP_HEAD,
    WEFT_HTTP_POST,
    WEFT_HTTP_PUT,
    WEFT_HTTP_PATCH,
    WEFT_HTTP_DELETE,
    WEFT_HTTP_OPTIONS,
};
struct weft_http_header {
    struct weft_str name, value;
}; /* names in lower case */

/* One request and its reply. Fields are read-only for handlers, but for `state`. */
struct weft_exchange {
    struct weft_arena *arena;
    struct weft_loop *loop;
    enum weft_http_method method;
    struct weft_str method_name;
    struct weft_str
        path; /* percent-decoded, normalised: no "..", no "//"; always starts with '/' */
    struct weft_str raw_path; /* as it was sent: tells "a%2fb" from "a/b" */
    struct weft_str query;    /* raw, without '?' */
    struct weft_str authority;
    struct weft_http_header *headers;
    uint32_t header_count;
    int http_major;               /* 1 or 2 */
    int64_t content_length;       /* -1: not told */
    struct weft_str body;         /* whole; content-encoding and gRPC framing still on it */
    struct weft_str peer_address; /* "127.0.0.1:53210", "unix" */
    bool is_tls;
    struct weft_str tls_peer_name; /* subject of a verified client certificate, or empty */
    bool is_closed;                /* the peer is gone: a reply is still owed, and thrown away */
    /* The handler's, or NULL: called once, on the loop's thread, when the peer has gone or will send no more while a reply is owed.
     * The reply is still owed; a peer that only shut its sending side will read it. */
    void (*peer_left)(struct weft_exchange *exchange);
    void *state; /* the handler's own; what admit() puts there must live in the arena */
};
struct weft_str weft_exchange_header(const struct weft_exchange *exchange,
                                     struct weft_str lower_case_name);
/* The handler is done with exchange->body (it is empty then): memory and budget go back now and not with the reply. Optional; worth it
 * when the reply waits for a commit, since the next body then lands in memory that is still in the cache. */
void weft_exchange_body_release(struct weft_exchange *exchange);

struct weft_http_reply {
    int status;                             /* 200, 404, ... */
    struct weft_str content_type;           /* empty: none */
    const struct weft_http_header *headers; /* besides content-type and content-length */
    uint32_t header_count;
    struct weft_str body;                    /* copied or sent before the call returns */
    const struct weft_http_header *trailers; /* HTTP/2 only: gRPC's status */
    uint32_t trailer_count;
    bool omits_length; /* HTTP/2: no content-length */
};
/* Exactly one of these two per exchange. The exchange is gone afterwards. */
void weft_exchange_reply(struct weft_exchange *exchange, const struct weft_http_reply *reply);
/* Or in pieces (body of *reply is the first piece, trailers are ignored): chunked in HTTP/1.1, DATA frames in HTTP/2.
 * write() returns WEFT_CLOSED when the peer is gone and WEFT_FULL when more than 1 MiB waits to be sent. */
void weft_exchange_start(struct weft_exchange *exchange, const struct weft_http_reply *reply);
int weft_exchange_write(struct weft_exchange *exchange, struct weft_str bytes);
void weft_exchange_finish(struct weft_exchange *exchange, const struct weft_http_header *trailers,
                          uint32_t trailer_count);
/* Instead of finish(): the rest will not come, and no reader may take what came for the whole. HTTP/1.1: the connection ends before the
 * last chunk; HTTP/1.0: it is reset; HTTP/2: RST_STREAM with INTERNAL_ERROR. */
void weft_exchange_cut(struct weft_exchange *exchange);

struct weft_http_handler {
    void *self;
    /* Headers are here, the body is not read yet. True: read it. False: a reply was given. NULL: always read. */
    bool (*admit)(void *self, struct weft_exchange *exchange);
    /* Must it be taken though the budget is used up? For small answers about the server itself. NULL: nothing. */
    bool (*is_vital)(void *self, const struct weft_exchange *exchange);
    /* The whole request is here: reply now or later. */
    void (*handle)(void *self, struct weft_exchange *exchange);
    /* The server refuses by itself (400, 408, 413, 417, 429, 431, 503): reply in this listener's language. retry_after_ns > 0: with
     * a delay. NULL: a plain text reply. */
    void (*refuse)(void *self, struct weft_exchange *exchange, int status, struct weft_str sentence,
                   uint64_t retry_after_ns);
};

struct weft_tls_options {
    const char *cert_file, *key_file; /* PEM; NULL: no TLS */
    const char
        *client_ca_file;     /* NULL: no client certificates; else they are required and verified */
    const char *min_version; /* "1.2" (default), "1.3" */
    uint64_t reload_interval_ns; /* files are looked at that often and when used; 0: default 10 s */
};
struct weft_http_limits {
    uint32_t header_bytes_max;          /* 32 KiB: request line or all pseudo and header fields */
    uint32_t header_count_max;          /* 128 */
    uint64_t body_bytes_max;            /* 20 MiB as received */
    uint32_t connections_max;           /* 10,000 a listener */
    uint32_t streams_max;               /* 128 concurrent HTTP/2 streams a connection */
    uint64_t connection_body_bytes_max; /* 64 MiB in flight on one connection */
    uint64_t first_byte_ns_max;         /* 30 s from accept to the first byte */
    uint64_t header_ns_max;             /* 10 s for a whole header */
    uint64_t body_ns_max;               /* 60 s for a whole body */
    uint64_t idle_ns_max;               /* 10 min between requests */
    uint64_t write_ns_max;              /* 60 s without progress of a reply */
};
void weft_http_limits_init(struct weft_http_limits *limits); /* the values above */

struct weft_http_listener_options {
    const char *name;     /* for logs and metrics: "otlp_grpc" */
    const char *endpoint; /* "127.0.0.1:4317", "[::1]:0", "localhost:4318", "unix:/run/weft.sock" */
    struct weft_tls_options tls;
    struct weft_http_limits limits;
    struct weft_budget *
        body_budget; /* of requests in memory, header and body; several listeners may share one; NULL: none */
    struct weft_retry_delay
        *retry; /* for what is refused by the budget, shared likewise; NULL: one second always */
    struct weft_http_handler handler;
};
struct weft_http_server;
int weft_http_server_create(struct weft_http_server **out, struct weft_loop *const *loops,
                            unsigned loop_count, struct weft_err *err);
/* Bind and listen on every loop (SO_REUSEPORT); accepts from the moment the loops run. *address (arena-free, 108 bytes of the
 * caller) gets what was really bound, "127.0.0.1:43121". Call before the loops run. */
int weft_http_server_listen(struct weft_http_server *server,
                            const struct weft_http_listener_options *options,
                            char address[static 108], struct weft_err *err);
/* Of all listeners together; what comes beyond is accepted and closed. Call before the loops run; 0: no bound. */
void weft_http_server_connections_max_set(struct weft_http_server *server, uint32_t count);
/* From any thread: how many requests are open, and for how long the oldest has been. */
void weft_http_server_requests_open(const struct weft_http_server *server, uint64_t *count,
                                    uint64_t *oldest_ns);
/* From any thread: of the listeners of that name; zeros when there is none. */
struct weft_http_counts {
    uint64_t connections_open, requests, refused; /* the last two since the start */
};
void weft_http_counts(const char *listener_name, struct weft_http_counts *out);
/* From any thread: stop accepting, let running exchanges end, close idle connections (GOAWAY); `drained` is called on a loop's thread
 * when none is left or `bound_ns` has passed. */
void weft_http_server_drain(struct weft_http_server *server, uint64_t bound_ns,
                            void (*drained)(void *arg), void *arg);
/* After the loops stopped, before they are destroyed; replies still owed are dropped. */
void weft_http_server_destroy(struct weft_http_server *server);

#endif
