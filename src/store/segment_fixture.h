/* segment_fixture.h -- for the tests of segments: random batches of a chosen variety, whole spans
 * compared, a directory to work in. */
#ifndef WEFT_STORE_SEGMENT_FIXTURE_H
#define WEFT_STORE_SEGMENT_FIXTURE_H
#include "base/file.h"
#include "base/random.h"
#include "store/segment_internal.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture_variety {
    uint32_t spans, resources, names, keys, values; /* how many different ones are drawn from */
    uint32_t attributes_max;
    bool
        is_rich; /* events, links, states, dropped counts, every type of value, odd times, odd ids */
};

static inline struct weft_str fixture_text(struct weft_arena *arena, const char *what, uint64_t n)
{
    return weft_arena_printf(arena, "%s.%llu", what, (unsigned long long)n);
}

static inline void fixture_value(struct weft_random *random, const struct fixture_variety *variety,
                                 struct weft_arena *arena, struct weft_attribute *out)
{
    static const char array[] = "\x0a\x03\x0a\x01\x61\x0a\x02\x18\x05"; /* "a", 5 */
    static const char kvlist[] = "\x0a\x07\x0a\x01k\x12\x02\x18\x05";
    uint64_t n = weft_random_below(random, variety->values);
    struct weft_str s;
    out->type = variety->is_rich ? (uint32_t)weft_random_below(random, 8) : WEFT_VALUE_STRING;
    switch (out->type) {
    case WEFT_VALUE_STRING:
        s = fixture_text(arena, "value", n);
        if (variety->is_rich && weft_random_below(random, 200) == 0) {
            s.len = 5000;
            s.ptr = memset(weft_arena_alloc(arena, s.len), 'a' + (int)(n % 26), s.len);
        }
        if (variety->is_rich && n == 0) s.len = 0;
        break;
    case WEFT_VALUE_BYTES: s = fixture_text(arena, "value", n); break;
    case WEFT_VALUE_ARRAY: s = weft_str_make(array, sizeof array - 1); break;
    case WEFT_VALUE_KVLIST: s = weft_str_make(kvlist, sizeof kvlist - 1); break;
    case WEFT_VALUE_BOOL: out->bool_value = n & 1; return;
    case WEFT_VALUE_DOUBLE: out->double_value = (double)n * 0.5; return;
    case WEFT_VALUE_INT: out->int_value = n == 1 ? INT64_MIN : (int64_t)n - 5; return;
    default: return;
    }
    out->ptr = s.ptr;
    out->value_len = (uint32_t)s.len;
}

static inline void fixture_attributes(struct weft_random *random,
                                      const struct fixture_variety *variety,
                                      struct weft_arena *arena, struct weft_attributes *out)
{
    uint32_t count = (uint32_t)weft_random_below(random, variety->attributes_max + 1);
    struct weft_attribute *items = weft_arena_alloc_array(arena, count, sizeof *items);
    uint64_t first = weft_random_below(random, variety->keys);
    for (uint32_t i = 0; i < count; i++) {
        struct weft_str key = fixture_text(arena, "some.key", (first + i) % variety->keys);
        items[i].key = key.ptr;
        items[i].key_len = (uint32_t)key.len & 0xffffff;
        fixture_value(random, variety, arena, &items[i]);
    }
    *out = (struct weft_attributes){ .items = count > 0 ? items : NULL, .count = count };
    if (variety->is_rich && weft_random_below(random, 8) == 0)
        out->dropped_count = (uint32_t)weft_random_below(random, 5);
}

static inline void fixture_events_and_links(struct weft_random *random,
                                            const struct fixture_variety *variety,
                                            struct weft_arena *arena, struct weft_span *span)
{
    uint32_t event_count = (uint32_t)weft_random_below(random, 3),
             link_count = (uint32_t)weft_random_below(random, 3);
    struct weft_event *events = weft_arena_alloc_array(arena, event_count, sizeof *events);
    struct weft_link *links = weft_arena_alloc_array(arena, link_count, sizeof *links);
    for (uint32_t i = 0; i < event_count; i++) {
        events[i].time_unix_nano = weft_random_u64(random);
        events[i].name = fixture_text(arena, "event", weft_random_below(random, 4));
        fixture_attributes(random, variety, arena, &events[i].attributes);
    }
    for (uint32_t i = 0; i < link_count; i++) {
        weft_random_bytes(random, &links[i].trace_id, 16);
        weft_random_bytes(random, &links[i].span_id, 8);
        links[i].flags = 0x301;
        if (i > 0) links[i].trace_state = WEFT_S("a=b");
        fixture_attributes(random, variety, arena, &links[i].attributes);
    }
    span->events = events;
    span->event_count = event_count;
    span->links = links;
    span->link_count = link_count;
    span->dropped_events_count = (uint32_t)weft_random_below(random, 2);
    if (weft_random_below(random, 3) == 0) span->trace_state = WEFT_S("vendor=state");
    if (weft_random_below(random, 3) == 0)
        span->status_message = fixture_text(arena, "went wrong", weft_random_below(random, 9));
    span->flags = (uint32_t)weft_random_below(random, 0x400);
    if (weft_random_below(random, 9) == 0)
        span->end_time_unix_nano = span->start_time_unix_nano - 77;
    if (weft_random_below(random, 9) == 0) span->name.len = 0;
}

static inline const struct weft_scope *fixture_scope(struct weft_random *random,
                                                     const struct fixture_variety *variety,
                                                     struct weft_arena *arena)
{
    struct weft_resource *resource = weft_arena_alloc_zero(arena, sizeof *resource);
    struct weft_scope *scope = weft_arena_alloc_zero(arena, sizeof *scope);
    struct weft_attribute *service = weft_arena_alloc_zero(arena, sizeof *service);
    resource->service_name =
        fixture_text(arena, "service", weft_random_below(random, variety->resources));
    *service = (struct weft_attribute){ .key = "service.name",
                                        .key_len = 12,
                                        .type = WEFT_VALUE_STRING,
                                        .ptr = resource->service_name.ptr,
                                        .value_len = (uint32_t)resource->service_name.len };
    resource->attributes = (struct weft_attributes){ .items = service, .count = 1 };
    scope->resource = resource;
    scope->name = fixture_text(arena, "library", weft_random_below(random, 3));
    scope->version = WEFT_S("1.2");
    return scope;
}

/* Appends to the batch; spans of one scope stand together, some share traces. */
static inline void fixture_batch(struct weft_random *random, const struct fixture_variety *variety,
                                 struct weft_batch *batch)
{
    const struct weft_scope *scope = NULL;
    struct weft_trace_id trace;
    weft_random_bytes(random, &trace, sizeof trace);
    for (uint32_t i = 0; i < variety->spans; i++) {
        struct weft_span *span = weft_batch_add(batch);
        if (scope == NULL || weft_random_below(random, 10) == 0)
            scope = fixture_scope(random, variety, batch->arena);
        if (weft_random_below(random, 4) == 0) weft_random_bytes(random, &trace, sizeof trace);
        span->scope = scope;
        span->trace_id = trace;
        weft_random_bytes(random, &span->span_id, 8);
        if (weft_random_below(random, 2) == 0) weft_random_bytes(random, &span->parent_span_id, 8);
        span->start_time_unix_nano =
            UINT64_C(1700000000000000000) + weft_random_below(random, 1000000000);
        span->end_time_unix_nano = span->start_time_unix_nano + weft_random_below(random, 5000000);
        span->name =
            fixture_text(batch->arena, "GET /name", weft_random_below(random, variety->names));
        span->kind = (uint8_t)weft_random_below(random, WEFT_KIND_COUNT);
        span->status_code = (uint8_t)weft_random_below(random, WEFT_STATUS_COUNT);
        fixture_attributes(random, variety, batch->arena, &span->attributes);
        if (variety->is_rich) fixture_events_and_links(random, variety, batch->arena, span);
    }
}

/* ---- comparing ---- */

static inline void assert_str(struct weft_str a, struct weft_str b)
{
    assert_int_equal(a.len, b.len);
    if (a.len > 0) assert_memory_equal(a.ptr, b.ptr, a.len);
}

static inline void assert_attributes(const struct weft_attributes *a,
                                     const struct weft_attributes *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->dropped_count, b->dropped_count);
    for (uint32_t i = 0; i < a->count; i++) {
        const struct weft_attribute *x = &a->items[i], *y = &b->items[i];
        assert_str(weft_attribute_key(x), weft_attribute_key(y));
        assert_int_equal(x->type, y->type);
        struct weft_value v = weft_attribute_value(x), w = weft_attribute_value(y);
        switch (x->type) {
        case WEFT_VALUE_EMPTY: break;
        case WEFT_VALUE_BOOL: assert_int_equal(v.bool_value, w.bool_value); break;
        case WEFT_VALUE_INT: assert_int_equal(v.int_value, w.int_value); break;
        case WEFT_VALUE_DOUBLE: assert_memory_equal(&v.double_value, &w.double_value, 8); break;
        default: assert_str(v.bytes, w.bytes);
        }
    }
}

static inline void assert_span(const struct weft_span *a, const struct weft_span *b)
{
    assert_memory_equal(&a->trace_id, &b->trace_id, 16);
    assert_memory_equal(&a->span_id, &b->span_id, 8);
    assert_memory_equal(&a->parent_span_id, &b->parent_span_id, 8);
    assert_int_equal(a->start_time_unix_nano, b->start_time_unix_nano);
    assert_int_equal(a->end_time_unix_nano, b->end_time_unix_nano);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->status_code, b->status_code);
    assert_str(a->name, b->name);
    assert_str(a->trace_state, b->trace_state);
    assert_str(a->status_message, b->status_message);
    assert_attributes(&a->attributes, &b->attributes);
    assert_int_equal(a->dropped_events_count, b->dropped_events_count);
    assert_int_equal(a->dropped_links_count, b->dropped_links_count);
    assert_int_equal(a->event_count, b->event_count);
    for (uint32_t i = 0; i < a->event_count; i++) {
        assert_int_equal(a->events[i].time_unix_nano, b->events[i].time_unix_nano);
        assert_str(a->events[i].name, b->events[i].name);
        assert_attributes(&a->events[i].attributes, &b->events[i].attributes);
    }
    assert_int_equal(a->link_count, b->link_count);
    for (uint32_t i = 0; i < a->link_count; i++) {
        assert_memory_equal(&a->links[i].trace_id, &b->links[i].trace_id, 16);
        assert_memory_equal(&a->links[i].span_id, &b->links[i].span_id, 8);
        assert_int_equal(a->links[i].flags, b->links[i].flags);
        assert_str(a->links[i].trace_state, b->links[i].trace_state);
        assert_attributes(&a->links[i].attributes, &b->links[i].attributes);
    }
    assert_str(a->scope->name, b->scope->name);
    assert_str(a->scope->version, b->scope->version);
    assert_attributes(&a->scope->attributes, &b->scope->attributes);
    assert_str(a->scope->resource->service_name, b->scope->resource->service_name);
    assert_attributes(&a->scope->resource->attributes, &b->scope->resource->attributes);
}

/* Every row of the segment, in order, is the batch's span. */
static inline void assert_segment_holds(struct weft_segment *segment,
                                        const struct weft_batch *batch, uint32_t span_count)
{
    struct weft_arena arena;
    struct weft_segment_view view;
    uint32_t at = 0;
    weft_arena_init(&arena, 0);
    weft_segment_view_init(&view, segment);
    assert_int_equal(view.span_count, span_count);
    for (uint32_t c = 0; c < view.chunk_count; c++) {
        struct weft_chunk_view chunk;
        weft_segment_chunk(&view, c, &chunk);
        for (uint32_t row = 0; row < chunk.span_count; row++) {
            struct weft_span span;
            weft_row_read(&view, &chunk, row, &span, &arena);
            assert_span(&span, &batch->spans[at++]);
        }
        weft_arena_reset(&arena);
    }
    assert_int_equal(at, span_count);
    weft_segment_view_release(&view);
    weft_arena_release(&arena);
}

/* ---- a directory and a writer ---- */

struct fixture {
    char directory[64];
    struct weft_random random;
    struct weft_arena arena;
    struct weft_batch batch; /* everything appended, in order */
    struct weft_segment_limits limits;
};

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    snprintf(f->directory, sizeof f->directory, "/tmp/weft-segment-XXXXXX");
    if (mkdtemp(f->directory) == NULL) return -1;
    weft_random_init(&f->random, 42);
    weft_arena_init(&f->arena, 1 << 20);
    f->batch.arena = &f->arena;
    f->limits = weft_segment_limits_default;
    f->limits.file_bytes = 4 << 20;
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", f->directory);
    weft_arena_release(&f->arena);
    int rc = system(command);
    free(f);
    return rc;
}

static inline struct weft_segment_writer *fixture_writer(struct fixture *f, uint64_t number,
                                                         const char *recycle)
{
    struct weft_err err;
    struct weft_segment_writer *writer;
    struct weft_segment_options options = {
        .directory = f->directory, .number = number, .recycle = recycle, .created_unix_ns = 7
    };
    int rc = weft_segment_writer_create_limited(&writer, &options, &f->limits, &err);
    if (rc < 0) fail_msg("%s", err.text);
    return writer;
}

/* Append `variety->spans` more spans of f->batch. */
static inline int fixture_append(struct fixture *f, struct weft_segment_writer *writer,
                                 const struct fixture_variety *variety, bool *must_seal,
                                 struct weft_err *err)
{
    uint32_t before = f->batch.span_count;
    fixture_batch(&f->random, variety, &f->batch);
    struct weft_batch part = { .arena = f->batch.arena,
                               .spans = f->batch.spans + before,
                               .span_count = f->batch.span_count - before };
    int rc = weft_segment_writer_append(writer, &part, must_seal, err);
    if (rc < 0) f->batch.span_count = before;
    return rc;
}

static inline int fixture_commit(struct weft_segment_writer *writer, struct weft_err *err)
{
    struct weft_chunk_build *chunk = weft_segment_writer_take(writer);
    if (chunk == NULL) return WEFT_OK;
    int rc = weft_chunk_commit(chunk, err);
    weft_segment_writer_give_back(writer, chunk);
    return rc;
}

static inline void fixture_append_ok(struct fixture *f, struct weft_segment_writer *writer,
                                     const struct fixture_variety *variety)
{
    bool must_seal;
    struct weft_err err;
    if (fixture_append(f, writer, variety, &must_seal, &err) < 0) fail_msg("%s", err.text);
}

static inline void fixture_commit_ok(struct weft_segment_writer *writer)
{
    struct weft_err err;
    if (fixture_commit(writer, &err) < 0) fail_msg("%s", err.text);
}

/* A copy of the file's bytes, to damage. */
static inline struct weft_buf fixture_file(const char *path)
{
    struct weft_err err;
    struct weft_buf out = { 0 };
    if (weft_file_read_all(&out, path, 1 << 27, &err) < 0) fail_msg("%s", err.text);
    return out;
}

#endif
