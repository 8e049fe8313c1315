/* client_pool_internal.h -- shared by client_pool.c (connections, calls) and its two protocols. */
#ifndef WEFT_NET_CLIENT_POOL_INTERNAL_H
#define WEFT_NET_CLIENT_POOL_INTERNAL_H
#include "base/buf.h"
#include "net/client_pool.h"
#include "net/endpoint.h"

/* A call in flight. `call.done` is NULL in a free slot. */
struct weft_client_slot {
    struct weft_client_call call;
    struct weft_client_connection *connection;
    uint64_t start_ns;
    int32_t stream_id; /* gRPC */
    size_t sent;       /* bytes of prefix and body given away */
    char prefix[5];    /* gRPC */
    int http_status, grpc_status;
    bool has_retry_after, is_too_large;
    uint64_t retry_after_ns;
    struct weft_buf body;    /* received; memory kept between calls */
    struct weft_buf message; /* of gRPC, decoded */
};

struct weft_client_connection {
    struct weft_client_pool *pool;
    int fd;          /* -1: closed */
    uint32_t events; /* epoll's, as set */
    bool is_connecting;
    bool is_ending;       /* takes no more calls, closed when the last has ended */
    uint64_t retry_at_ns; /* closed: not before this */
    unsigned in_flight;
    struct weft_client_slot *slots;
    void *state;         /* the protocol's own */
    struct weft_buf out; /* to be sent; out_at bytes of it already are */
    size_t out_at;
};

/* One way of speaking on a connection. All return WEFT_OK, or a negative status with a sentence, upon which the connection is
 * closed and its calls end. */
struct weft_client_speech {
    int (*open)(struct weft_client_connection *c, struct weft_err *err);
    void (*close)(struct weft_client_connection *c);
    int (*submit)(struct weft_client_connection *c, struct weft_client_slot *slot,
                  struct weft_err *err);
    int (*receive)(struct weft_client_connection *c, struct weft_str bytes,
                   struct weft_err *err); /* empty: closed by the peer */
    int (*fill)(struct weft_client_connection *c,
                struct weft_err *err); /* more bytes into c->out */
    void (*cancel)(struct weft_client_connection *c,
                   struct weft_client_slot *slot); /* the answer is not wanted any more */
    unsigned in_flight_max;                        /* 0: no bound of its own */
};
extern const struct weft_client_speech weft_client_speech_grpc, weft_client_speech_http1;

struct weft_client_pool {
    struct weft_client_pool_options options;
    const struct weft_client_speech *speech;
    struct weft_endpoint endpoint;
    struct weft_client_connection *connections;
    unsigned in_flight, finished;
    int epoll_fd;
    uint64_t next_look_ns; /* when timeouts are looked for */
    struct weft_buf done_body,
        done_message; /* of the call being ended, so that its slot can be used again at once */
    struct weft_err last_failure;
    char read_buffer[64 * 1024];
};

/* End the call: free its slot, then call back. */
void weft_client_slot_finish(struct weft_client_slot *slot, int error, struct weft_str sentence);
bool weft_client_body_add(struct weft_client_slot *slot,
                          struct weft_str bytes); /* false: over answer_bytes_max */

#endif
