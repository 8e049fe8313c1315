/* http_internal.h -- what the parts of the HTTP server share: server, worker, listener, connection, exchange.
 *
 * Shape      server -> one worker a loop -> its connections -> their exchanges. A listener belongs to the server; its port on each
 *            loop accepts into that loop's worker. A connection speaks one protocol, a table of functions (HTTP/1.1 or HTTP/2)
 * Threads    workers, ports, connections and exchanges belong to their loop's thread; listeners and server are read-only after
 *            listen() but for their atomics
 * Ownership  an exchange belongs to its connection; when that goes first and a reply is still owed, to the handler
 */
#ifndef WEFT_NET_HTTP_INTERNAL_H
#define WEFT_NET_HTTP_INTERNAL_H
#include <stdatomic.h>

#include "base/metric.h"
#include "net/endpoint.h"
#include "net/http_server.h"
#include "net/tls.h"
#include "wire/http1.h"

#define WEFT_HTTP_READ_BYTES \
    (128u << 10) /* one read; a worker has one such buffer for all its connections */
#define WEFT_HTTP_OUT_BYTES_MAX \
    (256u << 10) /* HTTP/2 frames are made only while less than this waits to be written */
#define WEFT_HTTP_FIELDS_MAX 1024 /* upper bound of limits.header_count_max */
#define WEFT_HTTP_NEVER UINT64_MAX

/* Why something was refused or cut off: labels of weft_http_refused_total. */
enum weft_http_refusal {
    WEFT_HTTP_REFUSED_MALFORMED,
    WEFT_HTTP_REFUSED_HEADER,
    WEFT_HTTP_REFUSED_BODY,
    WEFT_HTTP_REFUSED_BUDGET,
    WEFT_HTTP_REFUSED_CONNECTIONS,
    WEFT_HTTP_REFUSED_TIMEOUT,
    WEFT_HTTP_REFUSED_FLOOD,
    WEFT_HTTP_REFUSED_TLS,
    WEFT_HTTP_REFUSED_COUNT
};
struct weft_http_metrics {
    struct weft_metric open, accepted, requests, refused[WEFT_HTTP_REFUSED_COUNT];
    char labels[64], refused_labels[WEFT_HTTP_REFUSED_COUNT][96];
    _Atomic uint64_t open_count;
    struct weft_http_metrics *next;
};

struct weft_http_body_block;
struct weft_http_exchange;
struct weft_http_connection;
struct weft_http_listener;

/* ---- server.c: what the server has on one loop ---- */
struct weft_http_worker {
    struct weft_http_server *server;
    struct weft_loop *loop;
    struct weft_http_connection *connections;
    uint32_t connection_count;
    struct weft_http_port *ports;
    char *read_buffer;
    struct weft_http1_field *fields;         /* shared by the HTTP/1 parsers */
    struct weft_http_body_block *blocks[32]; /* free body buffers by power of two */
    uint64_t block_bytes;                    /* held in `blocks` */
    struct weft_timer block_timer;           /* runs while `blocks` has any */
    bool is_block_taken;                     /* since it was started */
    struct weft_timer rate_timer; /* runs while bodies are received and memory is short */
    uint32_t vital_count;         /* open exchanges taken over the budget */
    struct weft_http_exchange *free_exchanges;
    uint32_t free_exchange_count;
    struct weft_http_exchange *orphans; /* the peer is gone, a reply is owed */
    /* All exchanges, oldest first; what other threads may read of them. */
    struct weft_http_exchange *oldest, *newest;
    _Atomic uint64_t exchange_count, oldest_since_ns;
    char date[40];
    uint64_t date_until_ns;
    bool is_draining, has_drained;
    struct weft_timer drain_timer;
};
/* A connection more, and one less. False: there are as many as there may be. */
bool weft_http_server_connection_add(struct weft_http_server *server);
void weft_http_server_connection_remove(struct weft_http_server *server);
/* "Sat, 21 Nov 2026 05:00:00 GMT" */
struct weft_str weft_http_worker_date(struct weft_http_worker *worker);
/* Called when a connection of the worker is gone. */
void weft_http_worker_connection_gone(struct weft_http_worker *worker);

/* ---- listener.c ---- */
struct weft_http_port {
    struct weft_watch watch;
    struct weft_timer pause; /* after accept() ran out of descriptors */
    struct weft_http_worker *worker;
    struct weft_http_listener *listener;
    struct weft_http_port *next;
};
struct weft_http_listener {
    struct weft_http_server *server;
    char *name;
    char address[108];
    char *unix_path; /* to be unlinked at the end */
    struct weft_http_limits limits;
    struct weft_budget *body_budget;
    struct weft_retry_delay *retry;
    struct weft_http_handler handler;
    struct weft_tls *tls;
    struct weft_http_metrics *metrics;
    _Atomic uint32_t connection_count;
    struct weft_http_listener *next;
};
int weft_http_listener_create(struct weft_http_listener **out, struct weft_http_server *server,
                              struct weft_http_worker *workers, unsigned worker_count,
                              const struct weft_http_listener_options *options,
                              struct weft_err *err);
void weft_http_listener_destroy(struct weft_http_listener *listener); /* after its ports */
void weft_http_port_destroy(struct weft_http_port *port);
void weft_http_port_accept_last(struct weft_http_port *port); /* before it closes for a drain */
struct weft_http_metrics *weft_http_metrics_for(
    const char *listener_name); /* registered once a name, kept for ever */

/* ---- connection.c: bytes in and out, TLS or not ---- */
struct weft_http_protocol {
    /* Where the next bytes shall go, *len of them; NULL: the worker's buffer. */
    char *(*read_place)(struct weft_http_connection *connection, size_t *len);
    /* What comes behind those *len bytes is read in the same call, up to so many, into the worker's buffer; 0: it is not. */
    size_t read_behind_bytes;
    /* `bytes` came, at read_place() or in the worker's buffer. */
    void (*received)(struct weft_http_connection *connection, struct weft_str bytes);
    void (*peer_finished)(struct weft_http_connection *connection); /* it will send no more */
    /* Put more into connection->out, if there is more. */
    void (*pull)(struct weft_http_connection *connection);
    /* All was written. */
    void (*written)(struct weft_http_connection *connection);
    uint64_t (*deadline)(const struct weft_http_connection *connection);
    void (*expired)(struct weft_http_connection *connection, uint64_t now_ns);
    /* Answer with weft_http_exchange_refuse_slow() and take no more of its body. */
    void (*refuse_slow_body)(struct weft_http_exchange *exchange);
    void (*drain)(struct weft_http_connection *connection);
    /* Let go of the exchanges (weft_http_exchange_orphan()); the connection is closed already. */
    void (*closed)(struct weft_http_connection *connection);
    void (*release)(struct weft_http_connection *connection);

    void (*reply)(struct weft_http_exchange *exchange, const struct weft_http_reply *reply);
    void (*start)(struct weft_http_exchange *exchange, const struct weft_http_reply *reply);
    int (*write)(struct weft_http_exchange *exchange, struct weft_str bytes);
    void (*finish)(struct weft_http_exchange *exchange, const struct weft_http_header *trailers,
                   uint32_t trailer_count);
    void (*cut)(struct weft_http_exchange *exchange);
};
struct weft_http_connection {
    struct weft_watch watch;
    struct weft_timer timer; /* may run early: the true deadline is computed when it fires */
    struct weft_http_worker *worker;
    struct weft_http_listener *listener;
    const struct weft_http_protocol *protocol; /* NULL until the first bytes told */
    void *session;                             /* the protocol's */
    struct ssl_st *ssl;
    struct weft_buf in;  /* received, not understood yet */
    struct weft_buf out; /* out.data[out_sent..out.len) waits to be written */
    size_t out_sent;
    uint64_t accepted_ns, first_byte_ns;
    uint64_t write_since_ns; /* last progress while something waits, or 0 */
    uint64_t linger_until_ns;
    uint64_t body_bytes; /* what its requests hold of the budget */
    uint32_t vital_count;
    int64_t out_counted; /* of `out`, in the budget too */
    bool is_handshaking, is_closed, is_read_paused, is_write_blocked, is_flush_deferred,
        is_read_deferred, tls_wants_write;
    bool closes_after_write, is_lingering, peer_has_finished;
    char peer_address[64];
    struct weft_str tls_peer_name; /* owned */
    struct weft_http_connection *next, *previous;
};
void weft_http_connection_create(struct weft_http_port *port, int fd, struct weft_str peer_address);
/* At once; memory goes at the end of the round, or (the loop has stopped) now. */
void weft_http_connection_close(struct weft_http_connection *connection);
void weft_http_connection_destroy_now(struct weft_http_connection *connection);
/* Write what waits, then tell the peer, read and drop for a little while (else a reset could overtake the reply), close. */
void weft_http_connection_close_after_write(struct weft_http_connection *connection);
void weft_http_connection_flush_later(struct weft_http_connection *connection);
void weft_http_connection_read_pause(struct weft_http_connection *connection, bool is_paused);
/* A deadline has come nearer. */
void weft_http_connection_timer_update(struct weft_http_connection *connection);
static inline size_t weft_http_connection_unsent(const struct weft_http_connection *connection)
{
    return connection->out.len - connection->out_sent;
}
static inline void weft_http_refused(struct weft_http_connection *connection,
                                     enum weft_http_refusal why)
{
    weft_metric_add(&connection->listener->metrics->refused[why], 1);
}

/* ---- exchange.c ---- */
struct weft_http_exchange {
    struct weft_exchange public; /* first: the two are cast to each other */
    struct weft_arena arena;
    struct weft_http_worker *worker;
    struct weft_http_listener *listener;
    struct weft_http_connection *connection; /* NULL once it is gone */
    struct weft_http_exchange *next,
        *previous;                            /* list of the connection, or orphans, or free ones */
    struct weft_http_exchange *older, *newer; /* list of the worker */
    uint64_t opened_ns;
    uint32_t header_capacity;
    uint64_t header_bytes;
    char *body; /* from the worker's pool */
    size_t body_len, body_capacity;
    int64_t budget_bytes;        /* taken for the body */
    int64_t header_budget_bytes; /* and for all else, until the end */
    bool is_handed_over;         /* the handler owes a reply */
    bool is_replied;             /* weft_exchange_reply() or weft_exchange_start() was called */
    bool is_finished;            /* the last byte of the reply was handed over */
    bool is_vital;               /* taken over the budget, counted */
    bool is_streaming, expects_continue, has_sent_continue, is_header_refused, is_body_complete;
    /* HTTP/2 */
    int32_t stream_id;
    struct weft_str target; /* :path */
    struct weft_buf out;    /* reply bytes not yet framed */
    size_t out_framed;
    struct weft_http_header *trailers; /* in the arena */
    uint32_t trailer_count;
    bool is_out_deferred;
    uint8_t timeline; /* which of the session's two time lists this is in */
    uint64_t since_ns;
    struct weft_http_exchange *time_next, *time_previous;
};
static inline struct weft_http_exchange *weft_http_exchange_of(struct weft_exchange *public)
{
    return (struct weft_http_exchange *)public;
}
struct weft_http_exchange *weft_http_exchange_create(struct weft_http_connection *connection);
void weft_http_exchange_destroy(struct weft_http_exchange *exchange); /* back into the pool */
/* Tell the handler that owes a reply, once. */
void weft_http_exchange_peer_left(struct weft_http_exchange *exchange);
/* The connection is gone: keep the exchange while a reply is owed, else destroy it. */
void weft_http_exchange_orphan(struct weft_http_exchange *exchange);
/* Copies both; the name must be in lower case already. False: over a limit (counted, not stored). */
bool weft_http_exchange_header_add(struct weft_http_exchange *exchange, struct weft_str name,
                                   struct weft_str value);
/* Set path and query from the request target. */
bool weft_http_exchange_target_set(struct weft_http_exchange *exchange, struct weft_str target);
void weft_http_exchange_method_set(struct weft_http_exchange *exchange, struct weft_str method);
/* The header is complete: check lengths and budget, ask the handler. False: it was answered. `has_body`: bytes will follow. */
bool weft_http_exchange_admit(struct weft_http_exchange *exchange, bool has_body);
void weft_http_exchange_hand_over(struct weft_http_exchange *exchange);
void weft_http_exchange_refuse(struct weft_http_exchange *exchange, enum weft_http_refusal why,
                               int status, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void weft_http_worker_pool_release(struct weft_http_worker *worker);

/* ---- exchange_body.c ---- */
/* Count the header and what belongs to it; false: over the budget. */
bool weft_http_exchange_header_count(struct weft_http_exchange *exchange);
void weft_http_exchange_header_release(struct weft_http_exchange *exchange);
/* Count a body of `bytes` in all; false: over the budget. */
bool weft_http_exchange_claim(struct weft_http_exchange *exchange, int64_t bytes);
/* Room for at least `more` bytes of body. False: refused and answered. */
bool weft_http_exchange_body_reserve(struct weft_http_exchange *exchange, size_t more);
bool weft_http_exchange_body_append(struct weft_http_exchange *exchange, struct weft_str bytes);
void weft_http_exchange_body_release(struct weft_http_exchange *exchange);
/* Count reply bytes that wait in exchange->out, until the exchange ends. */
void weft_http_exchange_out_count(struct weft_http_exchange *exchange, size_t bytes);
/* Answer so; false always. */
bool weft_http_exchange_too_large(struct weft_http_exchange *exchange);
bool weft_http_exchange_over_budget(struct weft_http_exchange *exchange);
void weft_http_exchange_refuse_slow(struct weft_http_exchange *exchange);

/* ---- body_block.c ---- */
char *weft_http_block_take(struct weft_http_worker *worker, size_t size, size_t *capacity);
void weft_http_block_give(struct weft_http_worker *worker, char *memory, size_t capacity);
void weft_http_blocks_release(struct weft_http_worker *worker);

/* ---- http_target.c ---- */
/* Percent-decoded and normalised into the arena. False: bad escape, control character, not starting with '/'. */
bool weft_http_path_normalise(struct weft_arena *arena, struct weft_str raw, struct weft_str *path);

/* ---- http1_server.c, http2_server.c ---- */
extern const struct weft_http_protocol weft_http1_protocol, weft_http2_protocol;
void weft_http1_session_create(struct weft_http_connection *connection);
int weft_http2_session_create(struct weft_http_connection *connection);

#endif
