/* block_vectors_test.c -- selections over blocks, as vectors, against the reference: every span asked with
 * weft_selection_holds_span(). */
#include "store/block_fixture.h"
#include "store/block_vectors_fixture.h"
#include "store/predicate_fixture.h"

static int row_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct fixture_row));
}

static void expect(struct fixture_rows *out, const struct block_fixture *f, uint32_t masked_of,
                   const struct weft_span_scan *scan)
{
    for (uint32_t i = 0; i < f->all.span_count; i++) {
        const struct weft_span *s = &f->all.spans[i];
        struct fixture_row row = fixture_row_of(s);
        if (row.start < scan->from_ns || (scan->to_ns != 0 && row.start >= scan->to_ns) ||
            fixture_is_masked(&s->trace_id, masked_of) ||
            !weft_selection_holds_span(scan->selection, s))
            continue;
        weft_buf_append(&out->rows, &row, sizeof row);
        out->count++;
    }
    if (out->count > 1) qsort(out->rows.data, out->count, sizeof(struct fixture_row), row_compare);
}

static const struct fixture_row *rows_of(const struct fixture_rows *rows)
{
    return (const struct fixture_row *)(const void *)rows->rows.data;
}

static void differs(const struct fixture_rows *found, const struct fixture_rows *expected,
                    const struct weft_selection *selection)
{
    struct weft_buf text = { 0 };

    weft_selection_print(&text, selection);
    fail_msg("%u spans, %u expected, of %.*s", found->count, expected->count, (int)text.len,
             (const char *)text.data);
}

static void check(struct block_fixture *f, struct weft_block *block,
                  const struct weft_block_mask *mask, uint32_t masked_of,
                  const struct weft_span_scan *scan)
{
    struct fixture_rows expected = { 0 }, found = { 0 };
    struct weft_err err = { 0 };

    expect(&expected, f, masked_of, scan);
    if (fixture_rows_read(&found, block, mask, scan, &err) < 0) fail_msg("%s", err.text);
    if (found.count > 1)
        qsort(found.rows.data, found.count, sizeof(struct fixture_row), row_compare);
    if (found.count != expected.count ||
        (found.count > 0 && memcmp(found.rows.data, expected.rows.data, found.rows.len) != 0))
        differs(&found, &expected, scan->selection);
    weft_buf_release(&expected.rows);
    weft_buf_release(&found.rows);
}

/* ---- the newest, the longest ---- */

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* The `keep`-th largest of what is there, or 0. */
static uint64_t nth(const struct fixture_rows *rows, bool is_duration)
{
    uint64_t *values = weft_alloc_array(rows->count + 1, sizeof *values), value = 0;

    for (uint32_t i = 0; i < rows->count; i++)
        values[i] = is_duration ? rows_of(rows)[i].duration : rows_of(rows)[i].start;
    qsort(values, rows->count, sizeof *values, descending);
    if (rows->count >= rows->keep) value = values[rows->keep - 1];
    weft_free(values);
    return value;
}

static void start_min_raise(struct fixture_rows *rows)
{
    rows->start_min = nth(rows, false);
}

static void duration_min_raise(struct fixture_rows *rows)
{
    rows->duration_min = nth(rows, true);
}

/* What is given is true, and nothing above the bound is missing. */
static void check_ranked(struct block_fixture *f, struct weft_block *block,
                         const struct weft_block_mask *mask, uint32_t masked_of,
                         const struct weft_span_scan *scan, bool is_duration, uint32_t keep)
{
    struct fixture_rows expected = { .keep = keep },
                        found = { .keep = keep,
                                  .given = is_duration ? duration_min_raise : start_min_raise };
    struct weft_span_scan asked = *scan;
    struct weft_err err = { 0 };

    expect(&expected, f, masked_of, scan);
    if (is_duration)
        asked.duration_min = &found.duration_min;
    else
        asked.start_min = &found.start_min;
    if (fixture_rows_read(&found, block, mask, &asked, &err) < 0) fail_msg("%s", err.text);
    for (uint32_t i = 0; i < found.count; i++)
        if (bsearch(&rows_of(&found)[i], expected.rows.data, expected.count,
                    sizeof(struct fixture_row), row_compare) == NULL)
            differs(&found, &expected, scan->selection);
    assert_int_equal(nth(&found, is_duration), nth(&expected, is_duration));
    if (expected.count < keep) assert_int_equal(found.count, expected.count);
    weft_buf_release(&expected.rows);
    weft_buf_release(&found.rows);
}

static void select_at_random(struct block_fixture *f, struct weft_block *block,
                             const struct weft_block_mask *mask, uint32_t masked_of,
                             struct weft_random *random, uint32_t scans)
{
    for (uint32_t i = 0; i < scans; i++) {
        struct weft_predicate predicates[2];
        uint32_t count = 1 + (uint32_t)weft_random_below(random, 2);
        struct weft_span_scan scan = { 0 };
        const struct weft_span *one = &f->all.spans[weft_random_below(random, f->all.span_count)];
        for (uint32_t p = 0; p < count; p++)
            predicates[p] = fixture_predicate(random, one, &f->arena);
        scan.selection = weft_selection_all_of(predicates, count, &f->arena);
        if (weft_random_below(random, 4) == 0) scan.from_ns = one->start_time_unix_nano;
        if (weft_random_below(random, 4) == 0) scan.to_ns = one->start_time_unix_nano + 1000000;
        check(f, block, mask, masked_of, &scan);
        check_ranked(f, block, mask, masked_of, &scan, i % 2 == 0,
                     1 + (uint32_t)weft_random_below(random, 40));
    }
}

static void run(uint64_t seed, uint32_t batches, const struct weft_batch_random_knobs *knobs,
                uint32_t scans, uint32_t masked_of)
{
    struct block_fixture f;
    struct weft_segment *segments[2];
    struct weft_merge_stats stats;
    struct weft_random random;

    block_fixture_init(&f);
    for (uint32_t i = 0; i < 2; i++)
        segments[i] = block_fixture_random(&f, seed * 10 + i, batches, knobs);
    struct weft_block *block = block_fixture_merge(&f, segments, 2, NULL, 0, &stats);
    struct weft_block_mask *mask = fixture_mask(block, masked_of);
    assert_int_equal(weft_block_mask_trace_count(mask) > 0, masked_of > 0);
    weft_random_init(&random, seed);
    select_at_random(&f, block, mask, masked_of, &random, scans);
    weft_block_mask_unref(mask);
    weft_block_unref(block);
    block_fixture_release(&f);
}

static void vectors_agree_with_the_reference(void **state)
{
    static const struct weft_batch_random_knobs plain = { 0 }, odd = { .has_odd_values = true,
                                                                       .has_nested_values = true,
                                                                       .has_unicode = true,
                                                                       .has_odd_times = true,
                                                                       .has_events_and_links = true,
                                                                       .has_all_fields = true };
    for (uint64_t seed = 1; seed <= 4; seed++) run(seed, 8, &odd, 150, 0);
    run(9, 60, &plain, 150, 0);
    run(10, 60, &odd, 100, 0);
    /* A third of the traces is masked, or all of them. */
    run(11, 20, &odd, 150, 3);
    run(12, 20, &plain, 50, 1);
}

/* A shop's spans: city, plan and is_big follow from the customer, in two shapes; `noise` follows from
 * nothing, `almost` but for one span. */
static void shop_fill(struct block_fixture *f, struct weft_batch *batch, uint32_t spans)
{
    static struct weft_resource resource;
    static struct weft_scope scope = { .resource = &resource };
    struct weft_random random;
    uint32_t customers[3];

    weft_random_init(&random, 7);
    batch->arena = &f->arena;
    for (uint32_t i = 0; i < spans; i++) {
        struct weft_span *span = weft_batch_add(batch);
        struct weft_attribute *a = weft_arena_alloc_array(&f->arena, 6, sizeof *a);
        uint32_t customer = (uint32_t)weft_random_below(&random, 50), n = 0;
        weft_random_bytes(&random, &span->trace_id, 16);
        weft_random_bytes(&random, &span->span_id, 8);
        span->scope = &scope;
        span->name = WEFT_S("buy");
        span->start_time_unix_nano = 1000000 + i;
        span->end_time_unix_nano = 1000500 + i * 3;
        customers[0] = customer, customers[1] = customer % 7, customers[2] = customer % 3;
        static const char *const keys[] = { "customer", "customer.city", "customer.plan" };
        for (uint32_t k = 0; k < 3; k++) {
            struct weft_str text = weft_arena_printf(&f->arena, "%s-%u", keys[k] + 4, customers[k]);
            a[n++] = weft_attribute_text(weft_str_from_c(keys[k]), text);
        }
        a[n++] = (struct weft_attribute){
            .type = WEFT_VALUE_BOOL, .key = "is_big", .key_len = 6, .bool_value = customer > 20
        };
        a[n++] = weft_attribute_text(
            WEFT_S("noise"),
            weft_arena_printf(&f->arena, "n%u", (uint32_t)weft_random_below(&random, 9)));
        if (i % 2 == 0)
            a[n++] = weft_attribute_text(
                WEFT_S("z.almost"),
                weft_arena_printf(&f->arena, "%u", i == 500 ? 99 : customers[1]));
        span->attributes = (struct weft_attributes){ .items = a, .count = n };
        *weft_batch_add(&f->all) = *span;
    }
}

static uint32_t count_of(const struct weft_buf *text, const char *what)
{
    uint32_t count = 0;
    for (const char *at = text->data; (at = strstr(at, what)) != NULL; at++) count++;
    return count;
}

/* ---- attributes of rare keys ---- */

static struct weft_attribute rare_attribute(struct weft_random *random, struct weft_arena *arena)
{
    uint32_t key = (uint32_t)weft_random_below(random, weft_random_below(random, 4) == 0 ? 5 : 900);
    struct weft_str name = weft_arena_printf(arena, "rare.key.%u", key);
    struct weft_attribute a = weft_attribute_text(
        name, weft_arena_printf(arena, "v%u", (uint32_t)weft_random_below(random, 40)));

    switch (weft_random_below(random, 8)) {
    case 0: a = (struct weft_attribute){ .type = WEFT_VALUE_EMPTY }; break;
    case 1: a = (struct weft_attribute){ .type = WEFT_VALUE_BOOL, .bool_value = key % 2 }; break;
    case 2:
        a = (struct weft_attribute){ .type = WEFT_VALUE_INT, .int_value = (int64_t)key - 40 };
        break;
    case 3:
        a = (struct weft_attribute){ .type = WEFT_VALUE_DOUBLE, .double_value = key / 8.0 };
        break;
    case 4:
        a = weft_attribute_text(
            name,
            weft_arena_printf(arena, "fresh-%llx", (unsigned long long)weft_random_u64(random)));
        break;
    default: break;
    }
    a.key = name.ptr;
    a.key_len = (uint32_t)name.len & 0xffffff;
    return a;
}

/* Few names, many key lists: nearly all rows are in pools, where few keys have 32 values. A key may be there twice. */
static void rare_fill(struct block_fixture *f, struct weft_batch *batch, struct weft_random *random)
{
    static struct weft_resource resource;
    static struct weft_scope scope = { .resource = &resource };

    batch->arena = &f->arena;
    for (uint32_t i = 0; i < 300; i++) {
        struct weft_span *span = weft_batch_add(batch);
        uint32_t count = (uint32_t)weft_random_below(random, 12);
        struct weft_attribute *a = weft_arena_alloc_array(&f->arena, count, sizeof *a);
        weft_random_bytes(random, &span->trace_id, 16);
        weft_random_bytes(random, &span->span_id, 8);
        span->scope = &scope;
        span->name = weft_arena_printf(&f->arena, "name-%u", i % 3);
        span->start_time_unix_nano = 1000000 + i;
        span->end_time_unix_nano = 1000500 + i * 3;
        for (uint32_t k = 0; k < count; k++) a[k] = rare_attribute(random, &f->arena);
        span->attributes = (struct weft_attributes){ .items = a, .count = count };
        *weft_batch_add(&f->all) = *span;
    }
}

static void assert_holds_all(struct block_fixture *f, struct weft_block *block)
{
    struct weft_arena arena;
    struct weft_batch got = { .arena = &arena };
    struct weft_err err = { 0 };

    weft_arena_init(&arena, 0);
    fixture_read_all(block, &got);
    fixture_assert_same(&f->all, &got);
    if (weft_block_check(block, NULL, NULL, &err) < 0) fail_msg("%s", err.text);
    weft_arena_release(&arena);
}

static void rare_keys_are_found(void **state)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct block_fixture f;
        struct weft_segment *segments[2];
        struct weft_merge_stats stats;
        struct weft_random random;
        struct weft_buf dump = { 0 };
        struct weft_err err = { 0 };

        block_fixture_init(&f);
        weft_random_init(&random, seed);
        for (uint32_t i = 0; i < 2; i++) {
            struct weft_batch batches[4] = { 0 };
            for (uint32_t b = 0; b < 4; b++) rare_fill(&f, &batches[b], &random);
            segments[i] = block_fixture_segment(&f, batches, 4);
        }
        struct weft_block *block = block_fixture_merge(&f, segments, 2, NULL, 0, &stats);
        uint64_t bytes = stats.bytes;
        if (weft_block_dump(block, &dump, &err) < 0) fail_msg("%s", err.text);
        assert_int_equal(count_of(&dump, "key (rare keys), type 7, plain"), 3);
        assert_in_range(count_of(&dump, "key rare.key."), 3, 200);
        assert_holds_all(&f, block);
        select_at_random(&f, block, NULL, 0, &random, 150);
        struct weft_block *again = block_fixture_merge(&f, NULL, 0, &block, 1, &stats);
        assert_in_range(stats.bytes, bytes * 99 / 100, bytes * 101 / 100);
        assert_holds_all(&f, again);
        select_at_random(&f, again, NULL, 0, &random, 50);
        weft_buf_release(&dump);
        weft_block_unref(block);
        weft_block_unref(again);
        block_fixture_release(&f);
    }
}

static void columns_that_follow_from_another(void **state)
{
    struct block_fixture f;
    struct weft_batch batch = { 0 }, got;
    struct weft_merge_stats stats;
    struct weft_buf dump = { 0 };
    struct weft_random random;
    struct weft_err err;
    char text[256];

    block_fixture_init(&f);
    shop_fill(&f, &batch, 4000);
    struct weft_segment *segment = block_fixture_segment(&f, &batch, 1);
    struct weft_block *block = block_fixture_merge(&f, &segment, 1, NULL, 0, &stats);
    assert_int_equal(weft_block_dump(block, &dump, &err), 0);
    weft_buf_append_byte(&dump, 0);
    assert_int_equal(count_of(&dump, "key customer.city, type 1, function"), 2);
    assert_int_equal(count_of(&dump, "key customer.plan, type 1, function"), 2);
    assert_int_equal(count_of(&dump, "key is_big, type 2, function"), 2);
    assert_int_equal(count_of(&dump, "function, 0 bits"), 6);
    for (unsigned again = 0; again < 2; again++) {
        got = (struct weft_batch){ .arena = &f.arena };
        fixture_read_all(block, &got);
        fixture_sort(&got);
        fixture_sort(&f.all);
        if (!weft_batch_difference(&f.all, &got, text, sizeof text)) fail_msg("%s", text);
        weft_random_init(&random, 3);
        select_at_random(&f, block, NULL, 0, &random, 300);
        struct weft_block *older = block; /* and after merging the block again */
        if (again == 0) block = block_fixture_merge(&f, NULL, 0, &older, 1, &stats);
        weft_block_unref(older);
    }
    weft_buf_release(&dump);
    block_fixture_release(&f);
}

static void it_stops_when_told(void **state)
{
    static const struct weft_batch_random_knobs plain = { 0 };
    struct block_fixture f;
    struct weft_merge_stats stats;
    struct fixture_rows rows = { 0 };
    struct weft_err err;
    const _Atomic bool cancelled = true;
    struct weft_span_scan scan = { .cancelled = &cancelled };

    block_fixture_init(&f);
    struct weft_segment *segment = block_fixture_random(&f, 1, 3, &plain);
    struct weft_block *block = block_fixture_merge(&f, &segment, 1, NULL, 0, &stats);
    assert_int_equal(fixture_rows_read(&rows, block, NULL, &scan, &err), WEFT_CANCELLED);
    scan.cancelled = NULL;
    scan.deadline_monotonic_ns = 1;
    assert_int_equal(fixture_rows_read(&rows, block, NULL, &scan, &err), WEFT_TIMEOUT);
    assert_int_equal(rows.count, 0);
    weft_block_unref(block);
    block_fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(vectors_agree_with_the_reference),
                                        cmocka_unit_test(columns_that_follow_from_another),
                                        cmocka_unit_test(rare_keys_are_found),
                                        cmocka_unit_test(it_stops_when_told) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
