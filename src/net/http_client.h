/* http_client.h -- a simple blocking HTTP/1.1 client, for the command-line tools.
 *
 * Shape      one server a client, one call at a time, the connection is kept between calls
 * Units      times in nanoseconds, sizes in bytes
 * Errors     a sentence for the terminal: "connect 127.0.0.1:16686: Connection refused; is weft running?". An answer of 4xx or
 *            5xx is no error: look at response.status
 * Threads    a client belongs to one thread; it blocks
 * Ownership  the response is the caller's: weft_http_response_release()
 * Spec       RFC 9110, 9112
 */
#ifndef WEFT_NET_HTTP_CLIENT_H
#define WEFT_NET_HTTP_CLIENT_H
#include "base/buf.h"
#include "base/err.h"
#include "net/http_server.h" /* struct weft_http_header */

struct weft_http_client_options {
    const char *ca_file;         /* PEM, for https; NULL: the system's */
    bool skips_verification;     /* of the server's certificate: for tests and emergencies */
    uint64_t connect_ns_max;     /* 0: 5 s; with the TLS handshake */
    uint64_t idle_ns_max;        /* 0: 60 s without a byte from or to the server */
    uint64_t response_bytes_max; /* 0: 256 MiB, after decompression; not for streams */
};
struct weft_http_call {
    const char *method;   /* NULL: GET, or POST with a body */
    struct weft_str path; /* "/api/search?q=..."; put behind the path of the address */
    const struct weft_http_header *headers;
    uint32_t header_count;
    struct weft_str content_type; /* of the body; empty: none */
    struct weft_str body;
    /* A long answer, piece by piece (only when its status is 200; otherwise it is collected). False ends the call with
     * WEFT_CANCELLED. NULL: the whole body is collected. idle_ns_max does not apply. */
    bool (*piece)(void *self, struct weft_str bytes);
    void *self;
};
struct weft_http_response {
    int status;
    struct weft_buf body; /* decompressed */
    struct weft_buf content_type;
};
struct weft_http_client;

/* "http://host:port/prefix", "https://...", "host:port", "unix:/path". Does not connect yet. `options` may be NULL. */
int weft_http_client_create(struct weft_http_client **out, struct weft_str address,
                            const struct weft_http_client_options *options, struct weft_err *err);
/* *response is written anew (what it held is released): start with a zeroed one. */
int weft_http_client_call(struct weft_http_client *client, const struct weft_http_call *call,
                          struct weft_http_response *response, struct weft_err *err);
void weft_http_client_destroy(struct weft_http_client *client);
void weft_http_response_release(struct weft_http_response *response);

#endif
