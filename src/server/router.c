/* router.c -- from a request to a route and from its answer to a reply (router.h). */
#include "server/router.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/metric.h"
#include "net/grpc_server.h"
#include "server/call_grpc.h"
#include "wire/gzip_stream.h"
#include "wire/json.h"
#include "wire/text.h"

static const struct {
    int status;
    int http_status;
} http_statuses[] = {
    { WEFT_INVALID, 400 },     { WEFT_NOT_FOUND, 404 }, { WEFT_TOO_LARGE, 413 },
    { WEFT_UNSUPPORTED, 501 }, { WEFT_FULL, 429 },      { WEFT_BUSY, 503 },
    { WEFT_CLOSED, 503 },      { WEFT_TIMEOUT, 504 },
};

static int http_status_of(int status)
{
    for (size_t i = 0; i < sizeof http_statuses / sizeof http_statuses[0]; i++)
        if (http_statuses[i].status == status) return http_statuses[i].http_status;
    return 500;
}

static struct weft_metric cancelled_queries = {
    .name = "weft_queries_cancelled_total",
    .help = "Queries whose client went away before the answer.",
};

/* ---- matching ---- */

/* "{*}" against the front of *path: all but what the rest of the pattern needs. */
static bool segments_take(struct weft_str *path, struct weft_str wanted, struct weft_str *taken)
{
    size_t rest = wanted.len > 0 ? wanted.len + 1 : 0; /* with the slash before it */
    if (path->len <= rest) return false;
    *taken = weft_str_make(path->ptr, path->len - rest);
    *path = wanted.len > 0 ? weft_str_tail(*path, path->len - wanted.len) : weft_str_make(NULL, 0);
    return wanted.len == 0 || taken->ptr[taken->len] == '/';
}

static bool pattern_matches(const char *pattern, struct weft_str path, struct weft_str *parameters)
{
    struct weft_str wanted = weft_str_from_c(pattern);
    uint32_t count = 0;
    while (wanted.len > 0 && path.len > 0) {
        struct weft_str want = weft_str_split(&wanted, '/');
        if (weft_str_equal_c(want, "{*}")) {
            if (!segments_take(&path, wanted, &parameters[count++])) return false;
            continue;
        }
        struct weft_str found = weft_str_split(&path, '/');
        if (weft_str_equal_c(want, "{}")) {
            if (found.len == 0 || count == WEFT_ROUTE_PARAMETERS_MAX) return false;
            parameters[count++] = found;
        } else if (!weft_str_equal(want, found)) {
            return false;
        }
    }
    return wanted.len == 0 && path.len == 0;
}

static bool method_is_allowed(const char *methods, struct weft_str method)
{
    struct weft_str rest = weft_str_from_c(methods);
    if (weft_str_equal_c(method, "HEAD")) method = WEFT_S("GET");
    while (rest.len > 0)
        if (weft_str_equal(weft_str_split(&rest, ' '), method)) return true;
    return false;
}

struct match {
    const struct weft_mount *mount;
    const struct weft_route *route; /* NULL: nothing has this path */
    const char *allowed;            /* methods of the path when only the method did not fit */
};

static struct match find_route(const struct weft_face *face, const struct weft_exchange *exchange,
                               struct weft_str *parameters)
{
    struct match match = { .mount = &face->mounts[0] };
    for (uint32_t m = 0; m < face->mount_count; m++) {
        const struct weft_mount *mount = &face->mounts[m];
        struct weft_str prefix = weft_str_from_c(mount->prefix);
        if (!weft_str_starts_with(exchange->path, prefix)) continue;
        struct weft_str path = weft_str_tail(exchange->path, prefix.len);
        if (path.len > 0 && path.ptr[0] != '/') continue;
        if (prefix.len > 0) match.mount = mount;
        for (const struct weft_route *route = mount->routes; route->pattern != NULL; route++) {
            if (!pattern_matches(route->pattern, path, parameters)) continue;
            match.mount = mount;
            match.allowed = route->methods;
            if (!method_is_allowed(route->methods, exchange->method_name)) continue;
            match.route = route;
            return match;
        }
    }
    return match;
}

/* What {*} stands for, from the path as it was sent: the normalised one has lost slashes and dots. */
static void raw_parameter(struct weft_call *call)
{
    const char *pattern = call->route->pattern, *place = strstr(pattern, "{*}");
    if (place == NULL) return;
    struct weft_str raw = call->exchange->raw_path, suffix = weft_str_from_c(place + 3);
    struct weft_str mount = weft_str_from_c(call->mount->prefix);
    struct weft_str front = weft_str_make(pattern, (size_t)(place - pattern));
    struct weft_buf decoded = { 0 };
    if (!weft_str_starts_with(raw, mount)) return;
    raw = weft_str_tail(raw, mount.len);
    if (!weft_str_starts_with(raw, front) || !weft_str_ends_with(raw, suffix)) return;
    raw = weft_str_tail(raw, front.len);
    if (raw.len > suffix.len &&
        weft_percent_decode(&decoded, weft_str_make(raw.ptr, raw.len - suffix.len)))
        call->parameters[0] = weft_arena_copy(&call->arena, weft_buf_str(&decoded));
    weft_buf_release(&decoded);
}

/* ---- answering ---- */

static void write_error_json(struct weft_json_writer *w, const struct weft_call *call,
                             const char *name, const char *text)
{
    weft_json_object_start(w);
    weft_json_key(w, "error");
    weft_json_object_start(w);
    weft_json_key(w, "status");
    weft_json_c(w, name);
    weft_json_key(w, "message");
    weft_json_c(w, text);
    if (call->error_line > 0) {
        weft_json_key(w, "line");
        weft_json_u64(w, call->error_line);
        weft_json_key(w, "column");
        weft_json_u64(w, call->error_column);
    }
    weft_json_object_end(w);
    weft_json_object_end(w);
}

static void write_error_jaeger(struct weft_buf *out, struct weft_json_writer *w, int http_status,
                               const char *text)
{
    weft_buf_printf(
        out,
        "{\"data\":null,\"total\":0,\"limit\":0,\"offset\":0,\"errors\":[{\"code\":%d,\"msg\":",
        http_status);
    weft_json_c(w, text);
    weft_buf_append_c(out, "}]}");
}

static void write_error_jaeger_v3(struct weft_buf *out, struct weft_json_writer *w, int http_status,
                                  const char *text)
{
    weft_buf_printf(out, "{\"error\":{\"httpCode\":%d,\"message\":", http_status);
    weft_json_c(w, text);
    weft_buf_append_c(out, "}}");
}

static void write_error(struct weft_call *call, int http_status, const char *name, const char *text)
{
    struct weft_json_writer w = { .out = &call->body };
    call->status = http_status;
    call->content_type = WEFT_S("application/json");
    weft_buf_reset(&call->body);
    switch (call->mount->errors) {
    case WEFT_ERRORS_JSON: write_error_json(&w, call, name, text); break;
    case WEFT_ERRORS_JAEGER: write_error_jaeger(&call->body, &w, http_status, text); break;
    case WEFT_ERRORS_JAEGER_V3: write_error_jaeger_v3(&call->body, &w, http_status, text); break;
    case WEFT_ERRORS_GRPC: weft_call_grpc_error(call, http_status, weft_str_from_c(text)); break;
    case WEFT_ERRORS_TEXT:
        call->content_type = WEFT_S("text/plain; charset=utf-8");
        weft_buf_append_c(&call->body, text);
        break;
    }
}

void weft_call_destroy(struct weft_call *call)
{
    if (call->release != NULL) call->release(call);
    weft_gzip_stream_destroy(call->gzip);
    weft_buf_release(&call->body);
    weft_arena_release(&call->arena);
    weft_free(call);
}

static void reply(void *arg) /* on the exchange's loop */
{
    struct weft_call *call = arg;
    if (call->more != NULL) {
        weft_call_stream(call);
        return;
    }
    if (weft_call_is_grpc(call))
        weft_call_grpc_reply(call);
    else
        weft_exchange_reply(call->owned_exchange, &(struct weft_http_reply){
                                                      .status = call->status,
                                                      .content_type = call->content_type,
                                                      .headers = call->headers,
                                                      .header_count = call->header_count,
                                                      .body = weft_buf_str(&call->body),
                                                  });
    weft_call_destroy(call);
}

static void run_route(struct weft_call *call)
{
    struct weft_err err = { 0 };
    int rc = call->route->run(call, &err);
    if (rc >= 0) {
        if (!weft_call_is_grpc(call)) weft_call_compress(call);
        return;
    }
    if (rc == WEFT_CORRUPT || rc == WEFT_IO) weft_log(WEFT_LOG_ERROR, "query", "%s", err.text);
    call->more = NULL;
    write_error(call, http_status_of(rc), weft_status_name(rc), err.text);
}

/* Too many wait, too many waited, or the program stops. */
static void refuse(struct weft_call *call, int rc)
{
    unsigned seconds = weft_query_pool_retry_seconds(call->face->parts->pool);

    write_error(call, http_status_of(rc), weft_status_name(rc),
                rc == WEFT_FULL   ? "too many queries are waiting; try again later"
                : rc == WEFT_BUSY ? "no thread was free for this query before its time was over; "
                                    "try again later"
                                  : "weft is stopping");
    weft_call_add_header(call, WEFT_S("retry-after"),
                         weft_arena_printf(&call->arena, "%u", seconds));
}

static void run_on_pool(struct weft_query_job *job)
{
    struct weft_call *call = (struct weft_call *)((char *)job - offsetof(struct weft_call, job));
    if (atomic_load_explicit(&call->is_cancelled, memory_order_relaxed))
        write_error(call, 503, weft_status_name(WEFT_CANCELLED), "the client has gone");
    else if (weft_clock_monotonic_ns() >= call->deadline_monotonic_ns)
        refuse(call, WEFT_BUSY);
    else
        run_route(call);
    weft_loop_post(call->owned_exchange->loop, reply, call);
}

/* The exchange's `state` is its call, which lives until the reply: on this thread too. */
static void cancel(struct weft_exchange *exchange)
{
    struct weft_call *call = exchange->state;
    atomic_store_explicit(&call->is_cancelled, true, memory_order_relaxed);
    weft_metric_add(&cancelled_queries, 1);
}

static struct weft_call *call_begin(struct weft_face *face, struct weft_exchange *exchange)
{
    struct weft_call *call = weft_alloc_zero(sizeof *call);
    call->face = face;
    call->exchange = call->owned_exchange = exchange;
    call->status = 200;
    call->content_type = WEFT_S("application/json");
    call->timeout_ns = face->parts->query_timeout_ns;
    call->deadline_monotonic_ns = weft_clock_monotonic_ns() + call->timeout_ns;
    call->reads = (struct weft_read_limits){ .bytes_max = face->parts->query_bytes_max,
                                             .spans_max = face->parts->query_spans_max };
    weft_arena_init(&call->arena, 0);
    return call;
}

static void no_route(struct weft_call *call, const char *allowed)
{
    struct weft_err err;
    struct weft_str path = call->exchange->path, methods = { 0 };
    struct weft_buf list = { 0 };
    if (weft_call_is_grpc(call)) {
        weft_fail(&err, WEFT_UNSUPPORTED, "unknown method %.*s", WEFT_S_ARG(path));
        write_error(call, 501, "unsupported", err.text);
        return;
    }
    if (allowed == NULL && call->face->browsers != NULL && call->face->browsers->not_found(call))
        return;
    if (allowed == NULL || call->mount->errors == WEFT_ERRORS_JAEGER ||
        call->mount->errors == WEFT_ERRORS_JAEGER_V3) {
        weft_fail(&err, WEFT_NOT_FOUND, "no such path: %.*s", WEFT_S_ARG(path));
        write_error(call, 404, "not_found", err.text);
        return;
    }
    methods = weft_str_from_c(allowed);
    while (methods.len > 0) {
        struct weft_str method = weft_str_split(&methods, ' ');
        weft_buf_printf(&list, "%s%.*s", list.len > 0 ? ", " : "", WEFT_S_ARG(method));
        if (weft_str_equal_c(method, "GET")) weft_buf_append_c(&list, ", HEAD");
    }
    struct weft_str copy = weft_arena_copy(&call->arena, weft_buf_str(&list));
    weft_buf_release(&list);
    weft_fail(&err, WEFT_INVALID, "%.*s takes %.*s", WEFT_S_ARG(path), WEFT_S_ARG(copy));
    write_error(call, 405, "method_not_allowed", err.text);
    weft_call_add_header(call, WEFT_S("allow"), copy);
}

static void browser_headers(struct weft_call *call)
{
    const struct weft_face_browsers *browsers = call->face->browsers;
    for (uint32_t i = 0; browsers != NULL && i < browsers->header_count; i++)
        weft_call_add_header(call, browsers->headers[i].name, browsers->headers[i].value);
}

/* Everybody at one address is one client: connections are free. */
static uint64_t client_of(const struct weft_exchange *exchange)
{
    struct weft_str address = exchange->peer_address;
    const char *colon = address.len > 0 ? memrchr(address.ptr, ':', address.len) : NULL;

    if (colon != NULL) address.len = (size_t)(colon - address.ptr);
    return weft_hash_seeded(address.ptr, address.len, weft_hash_process_seed());
}

static bool is_lookup(struct weft_call *call)
{
    enum weft_route_work work = call->route->work;
    return work == WEFT_WORK_LOOKUP ||
           (work == WEFT_WORK_LOOKUP_UNLESS_Q && weft_call_query(call, WEFT_S("q"), NULL).len == 0);
}

static void handle(void *self, struct weft_exchange *exchange)
{
    struct weft_face *face = self;
    struct weft_call *call = call_begin(face, exchange);
    struct match match = find_route(face, exchange, call->parameters);

    call->mount = match.mount;
    call->route = match.route;
    if (weft_call_is_grpc(call))
        weft_call_grpc_deadline(call);
    else
        browser_headers(call);
    if (match.route == NULL || (weft_call_is_grpc(call) && !weft_grpc_is_call(exchange))) {
        no_route(call, match.allowed);
        reply(call);
        return;
    }
    raw_parameter(call);
    if (match.route->is_instant) {
        run_route(call);
        reply(call);
    } else {
        call->job = (struct weft_query_job){ .run = run_on_pool,
                                             .is_lookup = is_lookup(call),
                                             .client = client_of(exchange) };
        exchange->state = call;
        exchange->peer_left = cancel;
        int rc = weft_query_pool_submit(face->parts->pool, &call->job);
        if (rc == WEFT_OK) return;
        refuse(call, rc);
        reply(call);
    }
}

static bool is_vital(void *self, const struct weft_exchange *exchange)
{
    struct weft_str parameters[WEFT_ROUTE_PARAMETERS_MAX];
    struct match match = find_route(self, exchange, parameters);
    return match.route != NULL && match.route->is_vital;
}

struct weft_http_handler weft_face_handler(struct weft_face *face)
{
    weft_metric_register(&cancelled_queries);
    return (struct weft_http_handler){ .self = face, .is_vital = is_vital, .handle = handle };
}

/* ---- for routes ---- */

void weft_call_add_header(struct weft_call *call, struct weft_str name, struct weft_str value)
{
    if (call->header_count < WEFT_CALL_HEADERS_MAX)
        call->headers[call->header_count++] = (struct weft_http_header){ name, value };
}

struct weft_str weft_call_query(struct weft_call *call, struct weft_str name, bool *is_there)
{
    struct weft_str value = { 0 };
    bool found = weft_query_string_find(call->exchange->query, &call->arena, name, &value);
    if (is_there != NULL) *is_there = found;
    return value;
}

bool weft_call_accepts(const struct weft_call *call, struct weft_str media_type)
{
    struct weft_str accepted = weft_exchange_header(call->exchange, WEFT_S("accept"));
    while (accepted.len > 0) {
        struct weft_str item = weft_str_split(&accepted, ',');
        if (weft_str_equal_ignoring_case(weft_str_trim(weft_str_split(&item, ';')), media_type))
            return true;
    }
    return false;
}
