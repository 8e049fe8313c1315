/* client_pool.h -- many calls in flight over a few connections: gRPC (HTTP/2, without TLS) or HTTP/1.1, for load and demo.
 *
 * Shape      non-blocking; the caller alternates submit and poll on one thread, callbacks come out of poll
 * Units      times in nanoseconds
 * Errors     of a call: in its answer. A connection that breaks ends its calls with WEFT_CLOSED and is opened again by a later
 *            submit, at most every 100 ms
 * Threads    a pool belongs to one thread; use one a thread
 * Ownership  path, headers and body of a call are borrowed until its answer: a load generator sends the same bytes again
 *            and again without copying them
 * Spec       gRPC over HTTP/2 (PROTOCOL-HTTP2.md), RFC 9112, 9113; checklist C3.4, C3.5
 */
#ifndef WEFT_NET_CLIENT_POOL_H
#define WEFT_NET_CLIENT_POOL_H
#include "base/err.h"
#include "base/str.h"
#include "net/http_server.h" /* struct weft_http_header */

enum weft_client_protocol { WEFT_CLIENT_GRPC, WEFT_CLIENT_HTTP1 };
struct weft_client_pool_options {
    enum weft_client_protocol protocol;
    const char *endpoint; /* "127.0.0.1:4317", "unix:/path"; resolved once, at create */
    unsigned connections; /* 0: 1 */
    unsigned
        in_flight_max; /* calls on one connection; 0: 64. HTTP/1.1 carries one at a time whatever this says */
    uint64_t call_ns_max;      /* 0: 60 s; then the answer is WEFT_TIMEOUT */
    uint64_t answer_bytes_max; /* 0: 4 MiB (C3.2.4) */
};
struct weft_client_answer {
    int error; /* WEFT_OK: the server answered, see below. WEFT_CLOSED, WEFT_TIMEOUT, WEFT_INVALID,
                                    WEFT_TOO_LARGE: it did not, `message` says what happened */
    int http_status;
    int grpc_status;         /* gRPC: 0 to 16 */
    struct weft_str message; /* gRPC: grpc-message, decoded */
    struct weft_str body; /* gRPC: the message without its prefix; HTTP/1.1: the body as it came */
    bool is_compressed;   /* gRPC: the frame's flag */
    bool has_retry_after; /* RetryInfo (C3.5.2) or Retry-After in seconds (C3.4.2) */
    uint64_t retry_after_ns;
    uint64_t latency_ns; /* from submit */
};
struct weft_client_call {
    struct weft_str path;
    const struct weft_http_header *
        headers; /* lower-case names; gRPC: besides te and content-type; HTTP/1.1: content-type too */
    uint32_t header_count;
    struct weft_str body; /* gRPC: the message, its prefix is put before it */
    bool is_compressed;   /* gRPC: the flag; put grpc-encoding among the headers */
    /* May submit. The answer's views end with it. */
    void (*done)(void *self, const struct weft_client_answer *answer);
    void *self;
};
struct weft_client_pool;
int weft_client_pool_create(struct weft_client_pool **out,
                            const struct weft_client_pool_options *options, struct weft_err *err);
/* 0: under way, `done` will be called once. WEFT_FULL: every connection has all it may carry. WEFT_CLOSED: no connection, and it
 * is too early to try again; the sentence says why the last try failed. */
int weft_client_pool_submit(struct weft_client_pool *pool, const struct weft_client_call *call,
                            struct weft_err *err);
/* Send, receive, call back; waits at most `timeout_ns` (0: not at all) for something to happen. Calls finished. */
unsigned weft_client_pool_poll(struct weft_client_pool *pool, uint64_t timeout_ns);
unsigned weft_client_pool_in_flight(const struct weft_client_pool *pool);
/* How many more could be submitted now. */
unsigned weft_client_pool_room(const struct weft_client_pool *pool);
/* Calls in flight end with WEFT_CANCELLED. */
void weft_client_pool_destroy(struct weft_client_pool *pool);

#endif
