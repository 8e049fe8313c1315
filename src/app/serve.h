/* serve.h -- what a running server consists of; cmd_serve.c starts and stops it, serve_*.c have the
 * pieces.
 *
 * Threads    made, started and stopped on the main thread; loops, query pool and store have their
 *            own
 *
 * Order of life: loops -> store -> query pool -> listeners -> loop threads -> ready; and back in
 * reverse, with one exception (serve_stop.c says which and why).
 */
#ifndef WEFT_APP_SERVE_H
#define WEFT_APP_SERVE_H
#include "app/config.h"
#include "base/budget.h"
#include "net/http_server.h"
#include "pipeline/receiver_otlp.h"
#include "server/arrivals.h"
#include "server/router.h"
#include "store/store.h"
#include <pthread.h>
#include <stdatomic.h>

/* DRAIN: for running requests to end; STOP: for everything, after it the process ends as it is. */
#define WEFT_SERVE_DRAIN_NS UINT64_C(7000000000)
#define WEFT_SERVE_STOP_NS UINT64_C(9500000000)

enum weft_serve_listener {
    WEFT_SERVE_OTLP_GRPC,
    WEFT_SERVE_OTLP_HTTP,
    WEFT_SERVE_HTTP,
    WEFT_SERVE_TEMPO,
    WEFT_SERVE_JAEGER_GRPC,
    WEFT_SERVE_ZIPKIN,
    WEFT_SERVE_LISTENER_COUNT,
};
/* A face that also takes spans in Zipkin's format. */
struct weft_serve_zipkin {
    struct weft_http_handler face, receiver;
    bool is_at_root; /* and not only under /zipkin */
};
struct weft_serve {
    struct weft_config *config;
    unsigned loop_count;
    struct weft_loop **loops;
    pthread_t *threads;
    unsigned running_threads;
    struct weft_store *store;
    struct weft_query_pool *pool;
    struct weft_service_slots *slots;
    struct weft_arrivals *arrivals;
    struct weft_receiver_otlp *receiver;
    /* All follow from memory.limit: bodies, what inflating and decoding them takes, requests to the own APIs. */
    struct weft_budget body_budget, work_budget, face_budget;
    struct weft_retry_delay retry;
    struct weft_server_parts parts;
    struct weft_face face_http, face_jaeger_grpc, face_tempo, face_zipkin;
    struct weft_serve_zipkin http_with_zipkin, zipkin;
    struct weft_http_server *server;
    char addresses[WEFT_SERVE_LISTENER_COUNT][108]; /* "": does not listen */
    uint64_t started_monotonic_ns;
    _Atomic bool is_ready;
};

/* serve_loops.c */
int weft_serve_create_loops(struct weft_serve *serve, struct weft_err *err);
int weft_serve_start_loops(struct weft_serve *serve, struct weft_err *err);
void weft_serve_stop_loops(struct weft_serve *serve); /* and join */
void weft_serve_destroy_loops(struct weft_serve *serve);
/* serve_store.c */
int weft_serve_open_store(struct weft_serve *serve, struct weft_err *err);
/* serve_arrivals.c */
void weft_serve_watch_arrivals(struct weft_serve *serve);
/* serve_listeners.c */
int weft_serve_listen(struct weft_serve *serve, struct weft_err *err);
const char *weft_serve_listener_key(enum weft_serve_listener which);  /* "server.http.endpoint" */
const char *weft_serve_listener_name(enum weft_serve_listener which); /* "http" */
bool weft_serve_listener_takes_spans(enum weft_serve_listener which);
const struct weft_config_listener *weft_serve_listener_config(const struct weft_serve *serve,
                                                              enum weft_serve_listener which);
/* serve_zipkin.c */
struct weft_http_handler weft_serve_zipkin_handler(struct weft_serve_zipkin *zipkin);
/* serve_addresses.c */
int weft_serve_write_addresses(const struct weft_serve *serve, const char *path,
                               struct weft_err *err);
void weft_serve_log_start(const struct weft_serve *serve);
/* serve_status.c */
void weft_serve_write_status(void *serve, struct weft_buf *out);
void weft_serve_register_metrics(struct weft_serve *serve);
/* serve_live.c */
struct weft_json_writer;
void weft_serve_write_live(const struct weft_serve *serve, const struct weft_store_stats *stats,
                           struct weft_json_writer *json);
/* serve_stop.c */
int weft_serve_block_signals(struct weft_err *err);
/* Wait for SIGTERM or SIGINT, drain. A second signal ends the process with 1 at once. */
int weft_serve_wait_and_drain(struct weft_serve *serve, struct weft_err *err);
void weft_serve_release(struct weft_serve *serve); /* also of one half made */

#endif
