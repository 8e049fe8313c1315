/* router.h -- HTTP routes: tables of paths, run on the loop when instant, on the query pool when
 * they read the store.
 *
 * Shape      a face is a set of mounts (prefix + table); one listener serves one face
 * Errors     a route returns a status and a sentence; the face says it in its own language (JSON or
 *            plain text)
 * Threads    routes marked is_instant run on the I/O thread and must not block; the others on a
 *            query thread
 * Ownership  a call, its arena and its reply live until the reply is handed to the exchange; then
 *            all is gone
 */
#ifndef WEFT_SERVER_ROUTER_H
#define WEFT_SERVER_ROUTER_H
#include "model/source.h"
#include "net/http_server.h"
#include "server/query_pool.h"
#include "server/service_slots.h"

#define WEFT_ROUTE_PARAMETERS_MAX 4
#define WEFT_CALL_HEADERS_MAX 16
#define WEFT_CALL_MORE 1

struct weft_face;
struct weft_route;
struct weft_route_docs;

/* One request being answered. Routes read the first part and fill the second. */
struct weft_call {
    struct weft_face *face;
    const struct weft_exchange *exchange;                  /* method, path, query, headers, body */
    struct weft_str parameters[WEFT_ROUTE_PARAMETERS_MAX]; /* what the pattern's "{}" stood for */
    struct weft_arena arena;
    uint64_t deadline_monotonic_ns, timeout_ns; /* the one from the other */
    struct weft_read_limits reads;
    _Atomic bool is_cancelled; /* nobody waits for the answer any more: stop looking */

    int status;                   /* 200 unless set */
    struct weft_str content_type; /* application/json unless set */
    struct weft_buf body;
    struct weft_http_header headers[WEFT_CALL_HEADERS_MAX];
    uint32_t header_count;
    /* Of a refused query: where it does not fit, from 1; 0: no place. */
    uint32_t error_line, error_column;
    /* A long answer: called on a query thread each time `body` was sent, appends the next piece of it. WEFT_CALL_MORE: there is more;
     * WEFT_OK: that was the end; negative: the answer is cut off. NULL: `body` is all. Whoever reads slowly holds no thread. */
    int (*more)(struct weft_call *call, struct weft_err *err);
    void *more_state;
    void (*release)(
        struct weft_call *call); /* of what more_state holds beside the arena; NULL: nothing */

    bool is_last_piece;
    struct weft_gzip_stream *gzip; /* a long answer's pieces are packed; NULL: they are not */
    struct weft_timer timer;       /* waits for the connection to take more */
    struct weft_query_job job;
    struct weft_exchange *owned_exchange;
    const struct weft_mount *mount; /* whose language errors are said in */
    int grpc_status;                /* call_grpc.h */
    const struct weft_route *route;
};

/* Look-ups do not wait behind searches (query_pool.h). */
enum weft_route_work {
    WEFT_WORK_SEARCH,
    WEFT_WORK_LOOKUP,
    WEFT_WORK_LOOKUP_UNLESS_Q, /* with a parameter `q` it is a search */
};
struct weft_route {
    const char *methods; /* "GET", "GET POST"; HEAD goes with GET */
    const char *
        pattern; /* "/api/v1/traces/{}"; "{*}" is one or more segments as sent ("x%2fy" is x/y), once in a pattern and without {} */
    bool is_instant;
    int (*run)(struct weft_call *call, struct weft_err *err); /* negative: the error is the reply */
    bool is_vital; /* answered even when the budget is used up: small, about the server itself */
    const struct weft_route_docs *docs; /* api_docs.h; NULL: in no document */
    enum weft_route_work work;          /* unless is_instant */
};
enum weft_face_errors {
    WEFT_ERRORS_JSON,
    WEFT_ERRORS_TEXT,
    WEFT_ERRORS_JAEGER,    /* query.md Q10.1.2; another method is not found */
    WEFT_ERRORS_JAEGER_V3, /* Q11.1.1; likewise */
    WEFT_ERRORS_GRPC,      /* call_grpc.h */
};
struct weft_mount {
    const char *prefix;              /* "" or "/tempo" */
    const struct weft_route *routes; /* ends with a NULL pattern */
    enum weft_face_errors errors;
};
/* Of a face that browsers look at. */
struct weft_face_browsers {
    const struct weft_http_header *headers; /* of every answer */
    uint32_t header_count;
    bool (*not_found)(
        struct weft_call *call); /* no route has the path; false: an error, as the face says it */
};
#define WEFT_FACE_MOUNTS_MAX 16
struct weft_face {
    struct weft_mount mounts[WEFT_FACE_MOUNTS_MAX]; /* the first says what no mount has */
    uint32_t mount_count;
    const struct weft_server_parts *parts;     /* what routes work on */
    const struct weft_face_browsers *browsers; /* NULL: none */
};

/* What the routes need of the program, joined in app/. */
struct weft_server_parts {
    struct weft_source source;
    struct weft_query_pool *pool;
    uint64_t query_timeout_ns;
    uint64_t query_bytes_max, query_spans_max; /* that one may read; 0: any number */
    uint32_t search_limit_max;
    uint32_t trace_spans_max;
    /* Of Tempo's API: longest ranges (0: any), series in an answer, trace ids with leading zeros. */
    uint64_t search_range_ns_max, metrics_range_ns_max;
    uint32_t series_max;
    bool pads_trace_ids;
    /* Of Zipkin's: tags whose values are offered. */
    const struct weft_str *zipkin_keys;
    uint32_t zipkin_key_count;
    const struct weft_service_slots *slots; /* colours of services; NULL: none have one */
    uint64_t query_memory_bytes_max;        /* of one query; 0: no bound */
    const _Atomic bool *is_ready;
    /* Appends members of a JSON object about the program and its store ("\"version\": ..."); may be
     * NULL. */
    void (*write_status)(void *self, struct weft_buf *out);
    void *status_self;
};

struct weft_http_handler weft_face_handler(struct weft_face *face);

/* For routes. */
void weft_call_add_header(struct weft_call *call, struct weft_str name, struct weft_str value);
/* A parameter of the query string, decoded; empty when absent (*is_there tells, unless NULL). */
struct weft_str weft_call_query(struct weft_call *call, struct weft_str name, bool *is_there);
bool weft_call_accepts(const struct weft_call *call, struct weft_str media_type);
/* call_encoding.c: may the answer have that Content-Encoding? */
bool weft_call_takes_encoding(const struct weft_call *call, struct weft_str encoding);
/* call_encoding.c: gzip of the answer when it is taken, wins something, and the route did not choose another. */
void weft_call_compress(struct weft_call *call);

/* call_stream.c: packs the first piece and those to come; false: they go as they are. On the query thread. */
bool weft_call_stream_pack(struct weft_call *call);
/* call_stream.c: the reply of a call with more(); the call is destroyed with its end. On the exchange's loop. */
void weft_call_stream(struct weft_call *call);
void weft_call_destroy(struct weft_call *call);

int weft_route_ready(struct weft_call *call, struct weft_err *err); /* in two tables */
/* The faces' tables. */
extern const struct weft_route weft_routes_health[];     /* /health /ready /metrics */
extern const struct weft_route weft_routes_api_v1[];     /* /api/v1/... */
extern const struct weft_route weft_routes_tempo[];      /* /api/traces/{} ... as Tempo has them */
extern const struct weft_route weft_routes_tempo_grpc[]; /* tempopb.StreamingQuerier */
extern const struct weft_route weft_routes_ui[];         /* the interface's pages and files */
extern const struct weft_face_browsers weft_ui_browsers;
extern const struct weft_route weft_routes_jaeger[];      /* Jaeger's classic JSON API */
extern const struct weft_route weft_routes_jaeger_grpc[]; /* api_v2 and api_v3 over gRPC */
extern const struct weft_route weft_routes_jaeger_v3[];   /* its api_v3 over HTTP */
extern const struct weft_route weft_routes_zipkin[];      /* Zipkin's API v2 */

#endif
