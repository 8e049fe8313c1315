/* block_blob_test.c -- long values: once per content, whole again, asked by predicates, through
 * further merges. */
#include "store/block_blob.h"
#include "store/block_fixture.h"
#include "store/block_vectors_fixture.h"

enum { LONG = 1 << 18, SPANS = 300 };

static struct weft_str random_text(struct weft_random *random, struct weft_arena *arena, size_t len)
{
    char *text = weft_arena_alloc(arena, len + 1);
    weft_random_bytes(random, text, len);
    for (size_t i = 0; i < len; i++) text[i] = (char)('a' + (uint8_t)text[i] % 16);
    return weft_str_make(text, len);
}

struct values {
    struct weft_str dump;     /* the same in every third span */
    struct weft_str twins[3]; /* equal but for the length or the last byte */
};

static void values_make(struct values *v, struct weft_random *random, struct weft_arena *arena)
{
    v->dump = random_text(random, arena, LONG);
    v->twins[0] = random_text(random, arena, 20000);
    v->twins[1] = weft_str_make(v->twins[0].ptr, 19999);
    char *other = weft_arena_copy_c(arena, v->twins[0]);
    other[19999]++;
    v->twins[2] = weft_str_make(other, 20000);
}

static struct weft_attribute typed(struct weft_str key, struct weft_str value, uint8_t type)
{
    struct weft_attribute a = weft_attribute_text(key, value);
    a.type = type;
    return a;
}

static void span_fill(struct weft_span *span, uint32_t i, const struct values *v,
                      struct weft_random *random, struct weft_arena *arena)
{
    struct weft_attribute *a = weft_arena_alloc_array(arena, 6, sizeof *a),
                          *of_event = weft_arena_alloc_array(arena, 2, sizeof *a);
    struct weft_event *event = weft_arena_alloc_array(arena, 1, sizeof *event);
    uint32_t n = 0;

    a[n++] = weft_attribute_text(WEFT_S("a.small"), weft_arena_printf(arena, "v%u", i % 5));
    if (i % 3 == 0) a[n++] = weft_attribute_text(WEFT_S("b.dump"), v->dump);
    a[n++] =
        weft_attribute_text(WEFT_S("c.twin"), i % 4 < 3 ? v->twins[i % 4] : WEFT_S("short one"));
    if (i % 7 == 0)
        a[n++] = weft_attribute_text(WEFT_S("d.edge"), random_text(random, arena, 16380 + i % 8));
    if (i % 50 == 0)
        a[n++] = typed(WEFT_S("e.bytes"), random_text(random, arena, 30000), WEFT_VALUE_BYTES);
    span->attributes = (struct weft_attributes){ .items = a, .count = n };
    if (i % 10 == 0) {
        of_event[0] = weft_attribute_text(WEFT_S("exception.stacktrace"), v->dump);
        of_event[1] = weft_attribute_text(WEFT_S("size"), WEFT_S("large"));
        event->name = WEFT_S("exception");
        event->time_unix_nano = span->start_time_unix_nano + 5;
        event->attributes = (struct weft_attributes){ .items = of_event, .count = 2 };
        span->events = event;
        span->event_count = 1;
    }
    if (i % 40 == 0) span->status_message = v->twins[0];
    if (i % 60 == 0) span->name = v->twins[2];
}

static void batch_make(struct block_fixture *f, struct weft_batch *batch, const struct values *v,
                       uint64_t seed)
{
    static struct weft_resource resource;
    static struct weft_scope scope = { .resource = &resource };
    struct weft_random random;

    weft_random_init(&random, seed);
    batch->arena = &f->arena;
    for (uint32_t i = 0; i < SPANS; i++) {
        struct weft_span *span = weft_batch_add(batch);
        weft_random_bytes(&random, &span->trace_id, 16);
        weft_random_bytes(&random, &span->span_id, 8);
        span->scope = &scope;
        span->name = WEFT_S("work");
        span->start_time_unix_nano = 1000000 * seed + i;
        span->end_time_unix_nano = span->start_time_unix_nano + 7 * i;
        span_fill(span, i, v, &random, &f->arena);
        *weft_batch_add(&f->all) = *span;
    }
}

static void whole_again(struct block_fixture *f, struct weft_block *block)
{
    struct weft_batch got = { .arena = &f->arena };
    struct weft_err err = { 0 };
    char text[256];

    if (weft_block_check(block, NULL, NULL, &err) < 0) fail_msg("%s", err.text);
    fixture_read_all(block, &got);
    fixture_sort(&got);
    fixture_sort(&f->all);
    if (!weft_batch_difference(&f->all, &got, text, sizeof text)) fail_msg("%s", text);
}

static void ask(struct block_fixture *f, struct weft_block *block, const struct weft_predicate *p)
{
    const struct weft_selection selection = { .op = WEFT_SELECT_PREDICATE, .predicate = p };
    struct fixture_rows rows = { 0 };
    struct weft_err err = { 0 };
    uint32_t expected = 0;

    if (fixture_rows_read(&rows, block, NULL, &(struct weft_span_scan){ .selection = &selection },
                          &err) < 0)
        fail_msg("%s", err.text);
    for (uint32_t i = 0; i < f->all.span_count; i++)
        expected += weft_predicate_holds_span(p, &f->all.spans[i]);
    if (rows.count != expected)
        fail_msg("op %d key %.*s, %zu bytes: %u spans, %u expected", p->op, WEFT_S_ARG(p->key),
                 p->value.bytes.len, rows.count, expected);
    weft_buf_release(&rows.rows);
}

static void predicates_agree(struct block_fixture *f, struct weft_block *block,
                             const struct values *v)
{
    static const char *const keys[] = { "b.dump", "c.twin", "exception.stacktrace", "e.bytes" };
    const struct weft_str wanted[] = { v->dump,
                                       v->twins[0],
                                       v->twins[1],
                                       v->twins[2],
                                       weft_str_make(v->dump.ptr, 256),
                                       weft_str_make(v->dump.ptr, 257),
                                       weft_str_make(v->twins[0].ptr, 3),
                                       weft_str_make(v->twins[0].ptr, 19000),
                                       WEFT_S("short"),
                                       WEFT_S("~"),
                                       WEFT_S("") };

    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
            for (int op = WEFT_OP_EQ; op <= WEFT_OP_NOT_EXISTS; op++) {
                struct weft_predicate p = { .op = (enum weft_op)op,
                                            .scope = k == 2 ? WEFT_SCOPE_EVENT : WEFT_SCOPE_SPAN,
                                            .key = weft_str_from_c(keys[k]),
                                            .value = { .type = WEFT_VALUE_STRING,
                                                       .bytes = wanted[w] } };
                ask(f, block, &p);
            }
        }
    }
    struct weft_predicate name = { .field = WEFT_FIELD_NAME,
                                   .value = { .type = WEFT_VALUE_STRING, .bytes = v->twins[2] } };
    ask(f, block, &name);
}

static void each_content_is_stored_once_and_read_whole(void **state)
{
    struct block_fixture f;
    struct values v;
    struct weft_merge_stats stats;
    struct weft_random random;
    struct weft_block *blocks[2];

    block_fixture_init(&f);
    weft_random_init(&random, 1);
    values_make(&v, &random, &f.arena);
    for (uint32_t i = 0; i < 2; i++) {
        struct weft_batch batch = { 0 };
        batch_make(&f, &batch, &v, i + 1);
        struct weft_segment *segment = block_fixture_segment(&f, &batch, 1);
        /* The second has all spans of the first once more. */
        struct weft_batch again = { .arena = &f.arena };
        for (uint32_t s = 0; i == 1 && s < SPANS; s++) *weft_batch_add(&again) = f.all.spans[s];
        struct weft_segment *segments[2] = { segment, NULL };
        if (i == 1) segments[1] = block_fixture_segment(&f, &again, 1);
        blocks[i] = block_fixture_merge(&f, segments, 1 + i, NULL, 0, &stats);
        assert_int_equal(weft_block_load_tables(blocks[i], NULL), 0);
        if (i == 0) whole_again(&f, blocks[0]);
        if (i == 0) predicates_agree(&f, blocks[0], &v);
        /* Four long texts of the fixture, the edges above the limit, the random bytes. */
        uint32_t edges = 0;
        for (uint32_t s = 0; s < SPANS; s += 7) edges += 16380 + s % 8 >= 16384;
        assert_int_equal(blocks[i]->blob_count, (4 + (edges + 6)) + i * (edges + 6));
        assert_true(stats.bytes < LONG + (uint64_t)blocks[i]->blob_count * 31000 + SPANS * 2500);
    }
    struct weft_block *block = block_fixture_merge(&f, NULL, 0, blocks, 2, &stats);
    assert_int_equal(stats.exact_duplicates, SPANS);
    assert_int_equal(stats.spans_out, 2 * SPANS);
    assert_int_equal(weft_block_load_tables(block, NULL), 0);
    assert_int_equal(block->blob_count, blocks[1]->blob_count);
    whole_again(&f, block);
    predicates_agree(&f, block, &v);
    weft_block_unref(blocks[0]);
    weft_block_unref(blocks[1]);
    weft_block_unref(block);
    block_fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(
        each_content_is_stored_once_and_read_whole) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
