/* decode_bench.c -- what it costs to turn an OTLP request into span views.
 *
 * usage: decode_bench [seconds]   from the top of the tree
 *
 *   a1      1,000 spans cycling through the 66 shapes of semconv_shapes.tsv, 12.5 attributes and
 *   about 840 bytes a span
 *   small   1,000 spans of one attribute and one event, 119 bytes each
 *   json    the a1 spans as OTLP/JSON
 * Each is decoded warm (one request again and again) and cold (64 requests in rotation, so that
 * each comes from memory, and the branch predictor has not learnt it). CPU time of this thread,
 * nanoseconds a span, the best of five runs.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "model/otlp.h"

#define SHAPES 66u
#define SPANS 1000u
#define REQUESTS 64u
#define ATTRIBUTES_MAX 64u
#define VALUES_MAX 48u

struct list {
    struct weft_str type, values[VALUES_MAX];
    uint32_t count;
};
struct shape {
    struct weft_str name;
    struct weft_str keys[ATTRIBUTES_MAX];
    struct list lists[ATTRIBUTES_MAX];
    uint32_t count;
};

static struct weft_random rng;
static struct shape shapes[SHAPES];
static struct weft_arena strings;

static void die(const struct weft_err *err)
{
    fprintf(stderr, "decode_bench: %s\n", err->text);
    exit(1);
}

static void shapes_read(const char *path)
{
    struct weft_buf file = { 0 };
    struct weft_err err;
    uint32_t s = 0;
    if (weft_file_read_all(&file, path, 1 << 20, &err) < 0) die(&err);
    struct weft_str rest = weft_buf_str(&file); /* the values point into it: it stays */
    while (rest.len > 0) {
        struct weft_str line = weft_str_split(&rest, '\n'), first = weft_str_split(&line, '\t');
        if (first.len == 0 || first.ptr[0] == '#') continue;
        if (weft_str_equal_c(first, "span") && s < SHAPES) {
            shapes[s++].name = weft_str_split(&line, '\t');
            continue;
        }
        struct shape *shape = &shapes[s - 1];
        struct list *list = &shape->lists[shape->count];
        list->type = weft_str_split(&line, '\t');
        shape->keys[shape->count++] = first;
        while (line.len > 0 && list->count < VALUES_MAX)
            list->values[list->count++] = weft_str_split(&line, '\t');
    }
}

static void attribute_draw(struct weft_attribute *a, struct weft_str key, const struct list *list)
{
    struct weft_str text = list->values[weft_random_below(&rng, list->count)];
    *a = (struct weft_attribute){ .key = key.ptr,
                                  .key_len = (uint32_t)key.len & 0xffffff,
                                  .type = WEFT_VALUE_STRING,
                                  .ptr = text.ptr,
                                  .value_len = (uint32_t)text.len };
    if (weft_str_equal_c(list->type, "int") && weft_str_to_i64(text, &a->int_value))
        a->type = WEFT_VALUE_INT;
    if (weft_str_equal_c(list->type, "double") && weft_str_to_double(text, &a->double_value))
        a->type = WEFT_VALUE_DOUBLE;
    if (weft_str_equal_c(list->type, "bool")) {
        a->type = WEFT_VALUE_BOOL;
        a->int_value = weft_str_equal_c(text, "true");
    }
    if (weft_str_equal_c(list->type, "array") && text.len < 120) {
        struct weft_str array = weft_arena_printf(&strings, "\x0a%c\x0a%c%.*s", (int)text.len + 2,
                                                  (int)text.len, WEFT_S_ARG(text));
        a->type = WEFT_VALUE_ARRAY;
        a->ptr = array.ptr;
        a->value_len = (uint32_t)array.len;
    }
}

static void span_draw(struct weft_span *span, const struct weft_scope *scope, uint32_t i)
{
    weft_random_bytes(&rng, &span->trace_id, 16);
    weft_random_bytes(&rng, &span->span_id, 8);
    weft_random_bytes(&rng, &span->parent_span_id, 8);
    span->scope = scope;
    span->kind = (uint8_t)(1 + i % 3);
    span->start_time_unix_nano = UINT64_C(1795219200000000000) + i * 1000;
    span->end_time_unix_nano = span->start_time_unix_nano + weft_random_below(&rng, 100000000);
    span->flags = 0x101;
}

static void request_make(struct weft_buf *out, bool is_small, bool is_json)
{
    static const struct weft_attribute service = { .key = "service.name",
                                                   .key_len = 12,
                                                   .type = WEFT_VALUE_STRING,
                                                   .ptr = "bench",
                                                   .value_len = 5 };
    static const struct weft_attribute one = {
        .key = "k", .key_len = 1, .type = WEFT_VALUE_STRING, .ptr = "value", .value_len = 5
    };
    static const struct weft_event event = { .time_unix_nano = UINT64_C(1795219200000000000),
                                             .name = WEFT_S_INIT("event") };
    static const struct weft_resource resource = { .attributes = { &service, 1, 0 } };
    static const struct weft_scope scope = { .resource = &resource, .name = WEFT_S_INIT("bench") };
    struct weft_batch batch = { .arena = &strings };
    for (uint32_t i = 0; i < SPANS; i++) {
        struct weft_span *span = weft_batch_add(&batch);
        span_draw(span, &scope, i);
        if (is_small) {
            span->name = WEFT_S("operation name");
            span->attributes = (struct weft_attributes){ &one, 1, 0 };
            span->events = &event;
            span->event_count = 1;
            continue;
        }
        const struct shape *shape = &shapes[i % SHAPES];
        struct weft_attribute *items =
            weft_arena_alloc_array(&strings, shape->count, sizeof *items);
        for (uint32_t a = 0; a < shape->count; a++)
            attribute_draw(&items[a], shape->keys[a], &shape->lists[a]);
        span->name = shape->name;
        span->attributes = (struct weft_attributes){ items, shape->count, 0 };
    }
    if (!is_json) {
        weft_otlp_encode_protobuf(out, &batch);
        return;
    }
    weft_buf_append_c(out, "{\"resourceSpans\":");
    weft_otlp_encode_json(out, &batch, WEFT_OTLP_JSON);
    weft_buf_append_c(out, "}");
}

static double run(const struct weft_buf *requests, uint32_t count, uint32_t rounds, bool is_json)
{
    static struct weft_arena arena;
    struct weft_otlp_result result;
    struct weft_err err;
    if (arena.block_bytes == 0) weft_arena_init(&arena, 1 << 20); /* as the receiver does */
    uint64_t start = weft_clock_thread_cpu_ns();
    for (uint32_t i = 0; i < rounds; i++) {
        struct weft_batch batch = { .arena = &arena };
        struct weft_str body = weft_buf_str(&requests[i % count]);
        int rc = is_json ? weft_otlp_decode_json(&batch, body, &result, &err)
                         : weft_otlp_decode_protobuf(&batch, body, &result, &err);
        if (rc < 0) die(&err);
        weft_arena_reset(&arena);
    }
    return (double)(weft_clock_thread_cpu_ns() - start) / rounds / SPANS;
}

static void measure(const char *name, bool is_small, bool is_json, double seconds)
{
    static struct weft_buf requests[REQUESTS];
    for (uint32_t i = 0; i < REQUESTS; i++) {
        weft_buf_reset(&requests[i]);
        request_make(&requests[i], is_small, is_json);
    }
    double first = run(requests, REQUESTS, REQUESTS, is_json), warm = 1e9, cold = 1e9;
    uint32_t rounds = (uint32_t)(seconds / 10 * 1e9 / (first * SPANS)) + REQUESTS;
    for (int i = 0; i < 5; i++) {
        double w = run(requests, 1, rounds, is_json), c = run(requests, REQUESTS, rounds, is_json);
        if (w < warm) warm = w;
        if (c < cold) cold = c;
    }
    printf("%-6s %5.0f bytes a span   warm %6.1f ns   cold %6.1f ns a span\n", name,
           (double)requests[0].len / SPANS, warm, cold);
    weft_arena_reset(&strings);
}

int main(int argc, char **argv)
{
    double seconds = 2;
    if (argc > 1 && !weft_str_to_double(weft_str_from_c(argv[1]), &seconds)) {
        fprintf(stderr, "usage: decode_bench [seconds]\n");
        return 2;
    }
    weft_random_init(&rng, 1);
    weft_arena_init(&strings, 1 << 20);
    shapes_read("bench/semconv_shapes.tsv");
    measure("a1", false, false, seconds);
    measure("small", true, false, seconds);
    measure("json", false, true, seconds);
    return 0;
}
