/* http1_session.h -- what the two halves of the HTTP/1.1 server share: http1_server.c (in) and http1_reply.c (out). */
#ifndef WEFT_NET_HTTP1_SESSION_H
#define WEFT_NET_HTTP1_SESSION_H
#include "net/http_internal.h"

struct weft_http1_session {
    struct weft_http1_parser parser;
    struct weft_http_exchange *exchange; /* the one being read or answered */
    uint64_t header_since_ns;            /* part of a header is here, or 0 */
    uint64_t body_since_ns;
    uint64_t idle_since_ns;
    bool keeps_alive;   /* this message allows another one */
    bool is_minor_zero; /* HTTP/1.0: no chunks */
    bool has_body;
    bool is_discarding; /* answered; the rest of the body is read and dropped */
    bool
        is_processing; /* weft_http1_process() is on the stack: it goes on by itself after a reply */
};
/* Take what is held in connection->in, after a reply or when room came to be. */
void weft_http1_process_held(struct weft_http_connection *connection);

void weft_http1_reply(struct weft_http_exchange *exchange, const struct weft_http_reply *reply);
void weft_http1_start(struct weft_http_exchange *exchange, const struct weft_http_reply *reply);
int weft_http1_write(struct weft_http_exchange *exchange, struct weft_str bytes);
void weft_http1_finish(struct weft_http_exchange *exchange, const struct weft_http_header *trailers,
                       uint32_t trailer_count);
void weft_http1_cut(struct weft_http_exchange *exchange);

#endif
