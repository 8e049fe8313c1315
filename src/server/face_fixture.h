/* face_fixture.h -- for fuzzers of the APIs: two small traces as a source, a call of any route, and its answer held against its format.
 *
 * The source is as slow and plain as can be, and gives whole traces where it may give columns.
 */
#ifndef WEFT_SERVER_FACE_FIXTURE_H
#define WEFT_SERVER_FACE_FIXTURE_H
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/clock.h"
#include "model/wanted_keys.h"
#include "server/call_grpc.h"
#include "server/router.h"
#include "wire/grpc_frame.h"
#include "wire/json.h"
#include "wire/protobuf.h"

/* ---- data ---- */

#define FACE_KEY(name) .key = name, .key_len = sizeof(name) - 1
#define FACE_START UINT64_C(1795226400000000000)

static const struct weft_attribute face_of_resource[] = {
    { FACE_KEY("service.name"), .type = WEFT_VALUE_STRING, .ptr = "shop", .value_len = 4 },
};
static const struct weft_attribute face_of_span[] = {
    { FACE_KEY("code"), .type = WEFT_VALUE_INT, .int_value = 200 },
    { FACE_KEY("d"), .type = WEFT_VALUE_DOUBLE, .double_value = 0.5 },
    { FACE_KEY("flag"), .type = WEFT_VALUE_BOOL, .bool_value = true },
    { FACE_KEY("nothing"), .type = WEFT_VALUE_EMPTY },
    { FACE_KEY("b"), .type = WEFT_VALUE_BYTES, .ptr = "\xff", .value_len = 1 },
    { FACE_KEY("list"), .type = WEFT_VALUE_ARRAY, .ptr = "\n\2\30\1\n\2\30\2", .value_len = 8 },
    { FACE_KEY("peer.service"), .type = WEFT_VALUE_STRING, .ptr = "Bank", .value_len = 4 },
};
static const struct weft_event face_events[] = {
    { .time_unix_nano = FACE_START + 5,
      .name = WEFT_S_INIT("exception"),
      .attributes = { face_of_span, 1, 0 } },
};
static const struct weft_link face_links[] = {
    { .trace_id = { { 2 } }, .span_id = { { 1 } } },
};
static const struct weft_resource face_resource = { .attributes = { face_of_resource, 1, 0 },
                                                    .service_name = WEFT_S_INIT("shop") };
static const struct weft_scope face_scope = { .resource = &face_resource,
                                              .name = WEFT_S_INIT("lib") };

static struct weft_span face_spans[] = {
    { .trace_id = { { 1 } },
      .span_id = { { 1 } },
      .scope = &face_scope,
      .start_time_unix_nano = FACE_START,
      .end_time_unix_nano = FACE_START + 3000000,
      .name = WEFT_S_INIT("root"),
      .attributes = { face_of_span, 7, 0 },
      .events = face_events,
      .event_count = 1,
      .links = face_links,
      .link_count = 1,
      .kind = WEFT_KIND_CLIENT },
    { .trace_id = { { 1 } },
      .span_id = { { 2 } },
      .parent_span_id = { { 1 } },
      .scope = &face_scope,
      .start_time_unix_nano = FACE_START + 1000000,
      .end_time_unix_nano = FACE_START + 2000000,
      .name = WEFT_S_INIT("child"),
      .kind = WEFT_KIND_SERVER,
      .status_code = WEFT_STATUS_ERROR },
    { .trace_id = { { 2 } },
      .span_id = { { 1 } },
      .parent_span_id = { { 9 } },
      .scope = &face_scope,
      .start_time_unix_nano = FACE_START + WEFT_NS_PER_SECOND,
      .end_time_unix_nano = FACE_START + WEFT_NS_PER_SECOND },
};
enum { FACE_SPANS = sizeof face_spans / sizeof face_spans[0] };

/* ---- a source ---- */

static int face_traces(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                       void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    const struct weft_batch traces[] = { { .spans = face_spans, .span_count = 2 },
                                         { .spans = face_spans + 2, .span_count = 1 } };
    *out = (struct weft_trace_scan_result){ 0 };
    if (visit(arg, &traces[0])) visit(arg, &traces[1]);
    return WEFT_OK;
}

static void face_keys_find(const struct weft_span_scan *scan)
{
    for (int i = 0; i < FACE_SPANS; i++) {
        const struct weft_span *span = &face_spans[i];
        if (scan->selection != NULL && !weft_selection_holds_span(scan->selection, span)) continue;
        weft_wanted_find_all(scan->wanted, WEFT_SCOPE_SPAN, span->attributes);
        weft_wanted_find_all(scan->wanted, WEFT_SCOPE_RESOURCE, span->scope->resource->attributes);
        weft_wanted_find_all(scan->wanted, WEFT_SCOPE_INSTRUMENTATION, span->scope->attributes);
        weft_wanted_find_carriers(scan->wanted, span);
    }
}

static int face_spans_of(void *self, const struct weft_span_scan *scan,
                         struct weft_trace_scan_result *out, struct weft_err *err)
{
    const struct weft_trace_scan all = { .selection = scan->selection };
    *out = (struct weft_trace_scan_result){ 0 };
    if (scan->wanted != NULL) face_keys_find(scan);
    if (scan->wanted != NULL) return WEFT_OK;
    return face_traces(self, &all, scan->trace, scan->arg, out, err);
}

static int face_trace(void *self, const struct weft_trace_id *id, struct weft_batch *out,
                      struct weft_err *err)
{
    if (id->bytes[0] != 1) return weft_fail(err, WEFT_NOT_FOUND, "no such trace");
    for (int i = 0; i < 2; i++) *weft_batch_add(out) = face_spans[i];
    return WEFT_OK;
}

static int face_operations(void *self, struct weft_str service, struct weft_operation **out,
                           uint32_t *count, struct weft_arena *arena, struct weft_err *err)
{
    static struct weft_operation operations[] = {
        { WEFT_S_INIT("Shop"), WEFT_S_INIT("Root"), WEFT_KIND_SERVER, 1, 0 },
        { WEFT_S_INIT("shop"), WEFT_S_INIT("child"), WEFT_KIND_UNSPECIFIED, 2, 1 },
        { WEFT_S_INIT("shop"), WEFT_S_INIT("root"), WEFT_KIND_CLIENT, 1, 0 },
    };
    *out = operations;
    *count = sizeof operations / sizeof operations[0];
    return WEFT_OK;
}

static int face_keys(void *self, uint64_t from_ns, uint64_t to_ns, struct weft_attribute_keys *out,
                     struct weft_arena *arena, struct weft_err *err)
{
    static struct weft_attribute_key keys[] = {
        { WEFT_SCOPE_SPAN, WEFT_S_INIT("code"), 1 },
        { WEFT_SCOPE_SPAN, WEFT_S_INIT("odd key \"\\"), 1 },
        { WEFT_SCOPE_RESOURCE, WEFT_S_INIT("service.name"), 3 },
    };
    *out = (struct weft_attribute_keys){ keys, sizeof keys / sizeof keys[0], NULL };
    return WEFT_OK;
}

static int face_values(void *self, const struct weft_attribute_ask *ask,
                       struct weft_attribute_values *out, struct weft_arena *arena,
                       struct weft_err *err)
{
    static struct weft_attribute_value values[] = {
        { { .type = WEFT_VALUE_STRING, .bytes = WEFT_S_INIT("Bank \"\xc3\xa4\"\n") }, 2 },
        { { .type = WEFT_VALUE_INT, .int_value = 200 }, 1 },
        { { .type = WEFT_VALUE_DOUBLE, .double_value = 0.5 }, 1 },
        { { .type = WEFT_VALUE_BOOL, .bool_value = true }, 1 },
    };
    uint32_t count = sizeof values / sizeof values[0];
    *out = (struct weft_attribute_values){ values, ask->limit < count ? ask->limit : count,
                                           ask->limit < count, NULL };
    return WEFT_OK;
}

static int face_tail(void *self, struct weft_tail_position *position, uint32_t limit,
                     struct weft_batch *out, struct weft_err *err)
{
    *weft_batch_add(out) = face_spans[0];
    position->segment++;
    return WEFT_OK;
}

static _Atomic bool face_is_ready = true;
static const struct weft_str face_zipkin_keys[] = { WEFT_S_INIT("code"),
                                                    WEFT_S_INIT("http.method") };
static const struct weft_server_parts face_parts = {
    .source = { .traces = face_traces,
                .spans = face_spans_of,
                .trace = face_trace,
                .operations = face_operations,
                .attribute_keys = face_keys,
                .attribute_values = face_values,
                .tail = face_tail },
    .is_ready = &face_is_ready,
    .query_timeout_ns = WEFT_NS_PER_SECOND,
    .search_limit_max = 10000,
    .search_range_ns_max = UINT64_C(168) * 3600 * WEFT_NS_PER_SECOND,
    .metrics_range_ns_max = UINT64_C(24) * 3600 * WEFT_NS_PER_SECOND,
    .series_max = 1000,
    .query_memory_bytes_max = UINT64_C(16) << 20,
    .zipkin_keys = face_zipkin_keys,
    .zipkin_key_count = 2,
};

/* ---- answers ---- */

static void face_check_json(struct weft_str body, struct weft_arena *arena)
{
    struct weft_json_reader r;
    enum weft_json_token token;
    weft_json_reader_init(&r, body, arena);
    do token = weft_json_next(&r);
    while (token != WEFT_JSON_END && token != WEFT_JSON_ERROR);
    WEFT_ASSERT(token == WEFT_JSON_END, "no JSON: %.*s", WEFT_S_ARG(body));
}

static void face_check_protobuf(struct weft_str body)
{
    struct weft_pb_reader r = weft_pb_reader_make(body);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) weft_pb_skip(&r, tag);
    WEFT_ASSERT(!r.is_broken, "no protobuf of %zu bytes", body.len);
}

static void face_check_grpc(struct weft_str body)
{
    size_t at = 0;
    while (at < body.len) {
        struct weft_grpc_frame frame;
        int rc = weft_grpc_frame_next(&frame, body, &at, body.len, NULL);
        WEFT_ASSERT(rc == 1, "not whole gRPC messages in %zu bytes", body.len);
        face_check_protobuf(frame.message);
    }
}

static void face_check_answer(struct weft_call *call, struct weft_str body)
{
    if (call->mount->errors == WEFT_ERRORS_GRPC)
        face_check_grpc(body);
    else if (weft_str_equal_c(call->content_type, "application/json") && body.len > 0)
        face_check_json(body, &call->arena);
    else if (weft_str_equal_c(call->content_type, "application/protobuf"))
        face_check_protobuf(body);
}

/* What comes piece by piece, in one. */
static void face_pieces(struct weft_call *call, struct weft_buf *all)
{
    struct weft_err err = { 0 };
    int rc = call->more != NULL ? WEFT_CALL_MORE : WEFT_OK;
    weft_buf_append_str(all, weft_buf_str(&call->body));
    while (rc == WEFT_CALL_MORE) {
        weft_buf_reset(&call->body);
        rc = call->more(call, &err);
        weft_buf_append_str(all, weft_buf_str(&call->body));
    }
    WEFT_ASSERT(rc == WEFT_OK, "an answer was cut off: %s", err.text);
}

/* ---- a call ---- */

static void face_ask(const struct weft_mount *mount, const struct weft_route *route,
                     struct weft_exchange *exchange, struct weft_str parameter)
{
    struct weft_face face = { .parts = &face_parts };
    struct weft_buf body = { 0 };
    struct weft_err err = { 0 };
    struct weft_call call = { .face = &face,
                              .exchange = exchange,
                              .owned_exchange = exchange,
                              .mount = mount,
                              .route = route,
                              .parameters = { parameter, WEFT_S_INIT("0100000000000000") },
                              .status = 200,
                              .content_type = WEFT_S("application/json"),
                              .timeout_ns = WEFT_NS_PER_SECOND };
    call.deadline_monotonic_ns = weft_clock_monotonic_ns() + call.timeout_ns;
    weft_arena_init(&call.arena, 0);
    int rc = route->run(&call, &err);
    if (rc >= 0) {
        face_pieces(&call, &body);
        face_check_answer(&call, weft_buf_str(&body));
    } else {
        WEFT_ASSERT((rc == WEFT_INVALID || rc == WEFT_NOT_FOUND || rc == WEFT_TOO_LARGE ||
                     rc == WEFT_UNSUPPORTED || rc == WEFT_FULL) &&
                        err.text[0] != '\0',
                    "status %d, \"%s\"", rc, err.text);
    }
    if (call.release != NULL) call.release(&call);
    weft_buf_release(&call.body);
    weft_buf_release(&body);
    weft_arena_release(&call.arena);
}

/* Two tables: the first of HTTP, the second of gRPC (or of HTTP too, as its mount says; NULL: none). The input: a byte that chooses the
 * route, one whose lowest bit asks for protobuf and whose next says that the rest comes as a body, then the path's parameter, a line
 * break and the query string; of gRPC methods the rest is the message. */
static void face_run(const struct weft_mount *first, const struct weft_mount *second,
                     const uint8_t *data, size_t size)
{
    struct weft_http_header headers[] = {
        { WEFT_S("content-type"), WEFT_S("application/json") },
        { WEFT_S("accept"), WEFT_S("application/protobuf") },
    };
    struct weft_exchange exchange = { .headers = headers,
                                      .method = WEFT_HTTP_GET,
                                      .http_major = 2 };
    struct weft_str rest = weft_str_make((const char *)data, size), parameter = { 0 };
    struct weft_buf body = { 0 };
    uint32_t first_count = 0, second_count = 0;
    while (first->routes[first_count].pattern != NULL) first_count++;
    while (second != NULL && second->routes[second_count].pattern != NULL) second_count++;
    if (size < 2) return;
    uint32_t which = data[0] % (first_count + second_count);
    const struct weft_mount *mount = which < first_count ? first : second;
    const struct weft_route *route =
        &mount->routes[which < first_count ? which : which - first_count];
    exchange.header_count = 1 + (data[1] & 1);
    rest = weft_str_tail(rest, 2);
    if (mount->errors == WEFT_ERRORS_GRPC) {
        weft_grpc_frame_append(&body, false, rest);
        exchange.body = weft_buf_str(&body);
    } else {
        parameter = weft_str_split(&rest, '\n');
        exchange.query = rest;
        if (data[1] & 2) {
            exchange.method = WEFT_HTTP_POST;
            exchange.body = rest;
            exchange.query = (struct weft_str){ 0 };
        }
    }
    face_ask(mount, route, &exchange, parameter);
    weft_buf_release(&body);
}

#endif
