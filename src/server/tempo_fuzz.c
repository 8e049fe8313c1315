/* tempo_fuzz.c -- any request to any path of Tempo's API, over two small traces: an answer that can be read, or a sentence.
 *
 * The input: a byte that chooses the route, one whose lowest bit asks for protobuf, then the path's parameter, a line break and the query
 * string; of gRPC methods the rest is the message. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/clock.h"
#include "server/tempo.h"
#include "wire/grpc_frame.h"
#include "wire/json.h"
#include "wire/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- data ---- */

#define KEY(name) .key = name, .key_len = sizeof(name) - 1
#define START UINT64_C(1795226400000000000)

static const struct weft_attribute of_resource[] = {
    { KEY("service.name"), .type = WEFT_VALUE_STRING, .ptr = "shop", .value_len = 4 },
};
static const struct weft_attribute of_span[] = {
    { KEY("code"), .type = WEFT_VALUE_INT, .int_value = 200 },
    { KEY("d"), .type = WEFT_VALUE_DOUBLE, .double_value = 0.5 },
    { KEY("flag"), .type = WEFT_VALUE_BOOL, .bool_value = true },
    { KEY("nothing"), .type = WEFT_VALUE_EMPTY },
    { KEY("b"), .type = WEFT_VALUE_BYTES, .ptr = "\xff", .value_len = 1 },
    { KEY("list"), .type = WEFT_VALUE_ARRAY, .ptr = "\n\2\30\1\n\2\30\2", .value_len = 8 },
};
static const struct weft_event events[] = {
    { .time_unix_nano = START + 5,
      .name = WEFT_S_INIT("exception"),
      .attributes = { of_span, 1, 0 } },
};
static const struct weft_link links[] = { { .trace_id = { { 2 } }, .span_id = { { 1 } } } };
static const struct weft_resource resource = { .attributes = { of_resource, 1, 0 },
                                               .service_name = WEFT_S_INIT("shop") };
static const struct weft_scope scope = { .resource = &resource, .name = WEFT_S_INIT("lib") };

static struct weft_span spans[] = {
    { .trace_id = { { 1 } },
      .span_id = { { 1 } },
      .scope = &scope,
      .start_time_unix_nano = START,
      .end_time_unix_nano = START + 3000000,
      .name = WEFT_S_INIT("root"),
      .attributes = { of_span, 6, 0 },
      .events = events,
      .event_count = 1,
      .links = links,
      .link_count = 1,
      .kind = WEFT_KIND_SERVER },
    { .trace_id = { { 1 } },
      .span_id = { { 2 } },
      .parent_span_id = { { 1 } },
      .scope = &scope,
      .start_time_unix_nano = START + 1000000,
      .end_time_unix_nano = START + 2000000,
      .name = WEFT_S_INIT("child"),
      .status_code = WEFT_STATUS_ERROR },
    { .trace_id = { { 2 } },
      .span_id = { { 1 } },
      .parent_span_id = { { 9 } },
      .scope = &scope,
      .start_time_unix_nano = START + WEFT_NS_PER_SECOND,
      .end_time_unix_nano = START + WEFT_NS_PER_SECOND },
};

static int visit_both(void *self, const struct weft_trace_scan *scan, weft_trace_visit *visit,
                      void *arg, struct weft_trace_scan_result *out, struct weft_err *err)
{
    const struct weft_batch traces[] = { { .spans = spans, .span_count = 2 },
                                         { .spans = spans + 2, .span_count = 1 } };
    if (visit(arg, &traces[0])) visit(arg, &traces[1]);
    return WEFT_OK;
}

static int one_trace(void *self, const struct weft_trace_id *id, struct weft_batch *out,
                     struct weft_err *err)
{
    if (id->bytes[0] != 1) return weft_fail(err, WEFT_NOT_FOUND, "no such trace");
    for (int i = 0; i < 2; i++) *weft_batch_add(out) = spans[i];
    return WEFT_OK;
}

/* ---- asking ---- */

static _Atomic bool is_ready = true;
static const struct weft_server_parts parts = {
    .source = { .traces = visit_both, .trace = one_trace },
    .is_ready = &is_ready,
    .search_range_ns_max = UINT64_C(168) * 3600 * WEFT_NS_PER_SECOND,
    .metrics_range_ns_max = UINT64_C(24) * 3600 * WEFT_NS_PER_SECOND,
    .series_max = 1000,
    .query_memory_bytes_max = UINT64_C(16) << 20,
};

static void check_json(struct weft_str body, struct weft_arena *arena)
{
    struct weft_json_reader r;
    enum weft_json_token token;
    weft_json_reader_init(&r, body, arena);
    do token = weft_json_next(&r);
    while (token != WEFT_JSON_END && token != WEFT_JSON_ERROR);
    WEFT_ASSERT(token == WEFT_JSON_END, "no JSON: %.*s", WEFT_S_ARG(body));
}

static void check_protobuf(struct weft_str body)
{
    struct weft_pb_reader r = weft_pb_reader_make(body);
    uint32_t tag;
    while (weft_pb_next(&r, &tag)) weft_pb_skip(&r, tag);
    WEFT_ASSERT(!r.is_broken, "no protobuf of %zu bytes", body.len);
}

static void check_answer(struct weft_call *call)
{
    struct weft_str body = weft_buf_str(&call->body);
    size_t at = 0;
    struct weft_grpc_frame frame;
    if (call->mount->errors == WEFT_ERRORS_GRPC) {
        int rc = weft_grpc_frame_next(&frame, body, &at, body.len, NULL);
        WEFT_ASSERT(rc == 1 && at == body.len, "not one gRPC message in %zu bytes", body.len);
        check_protobuf(frame.message);
    } else if (weft_str_equal_c(call->content_type, "application/json")) {
        check_json(body, &call->arena);
    } else if (weft_str_equal_c(call->content_type, "application/protobuf")) {
        check_protobuf(body);
    }
}

static void ask(const struct weft_mount *mount, const struct weft_route *route,
                struct weft_exchange *exchange, struct weft_str parameter)
{
    struct weft_face face = { .parts = &parts };
    struct weft_err err = { 0 };
    struct weft_call call = { .face = &face,
                              .exchange = exchange,
                              .owned_exchange = exchange,
                              .mount = mount,
                              .route = route,
                              .parameters = { parameter },
                              .content_type = WEFT_S("application/json"),
                              .deadline_monotonic_ns =
                                  weft_clock_monotonic_ns() + WEFT_NS_PER_SECOND };
    weft_arena_init(&call.arena, 0);
    int rc = route->run(&call, &err);
    if (rc >= 0)
        check_answer(&call);
    else
        WEFT_ASSERT((rc == WEFT_INVALID || rc == WEFT_NOT_FOUND || rc == WEFT_TOO_LARGE ||
                     rc == WEFT_UNSUPPORTED || rc == WEFT_FULL) &&
                        err.text[0] != '\0',
                    "status %d, \"%s\"", rc, err.text);
    weft_buf_release(&call.body);
    weft_arena_release(&call.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct weft_mount http = { "", weft_routes_tempo, WEFT_ERRORS_TEXT };
    static const struct weft_mount grpc = { "", weft_routes_tempo_grpc, WEFT_ERRORS_GRPC };
    struct weft_http_header accept = { WEFT_S("accept"), WEFT_S("application/protobuf") };
    struct weft_exchange exchange = { .headers = &accept, .http_major = 2 };
    struct weft_str rest = weft_str_make((const char *)data, size);
    struct weft_buf body = { 0 };
    uint32_t http_count = 0, grpc_count = 0;
    while (weft_routes_tempo[http_count].pattern != NULL) http_count++;
    while (weft_routes_tempo_grpc[grpc_count].pattern != NULL) grpc_count++;
    if (size < 2) return 0;
    uint32_t which = data[0] % (http_count + grpc_count);
    exchange.header_count = data[1] & 1;
    rest = weft_str_tail(rest, 2);
    if (which < http_count) {
        struct weft_str parameter = weft_str_split(&rest, '\n');
        exchange.query = rest;
        ask(&http, &weft_routes_tempo[which], &exchange, parameter);
    } else {
        weft_grpc_frame_append(&body, false, rest);
        exchange.body = weft_buf_str(&body);
        ask(&grpc, &weft_routes_tempo_grpc[which - http_count], &exchange, (struct weft_str){ 0 });
    }
    weft_buf_release(&body);
    return 0;
}
