/* block_select_test.c -- selections over row groups against weft_selection_mark() over the same rows as whole traces. */
#include "store/block_fixture.h"
#include "store/block_select.h"
#include "store/predicate_fixture.h"

enum { SPANS_A_TRACE_MAX = 24, WORDS_MAX = WEFT_ROWS_MAX / 64 };

/* ---- traces with trees ---- */

/* Spans of random batches, put into traces whose parents are known. `oddity` one in so many: a parent that is missing, or
 * any of the trace (circles), or the id of another span. */
static void trees_plant(struct weft_batch *batch, struct weft_random *random, uint32_t oddity)
{
    uint32_t at = 0;

    while (at < batch->span_count) {
        struct weft_span *trace = &batch->spans[at];
        uint32_t left = batch->span_count - at,
                 n = 1 + (uint32_t)weft_random_below(random, SPANS_A_TRACE_MAX);
        n = n < left ? n : left;
        for (uint32_t i = 0; i < n; i++) {
            trace[i].trace_id = trace[0].trace_id;
            weft_random_bytes(random, &trace[i].span_id, 8);
            trace[i].parent_span_id = (struct weft_span_id){ 0 };
            if (i > 0 && weft_random_below(random, 12) != 0)
                trace[i].parent_span_id = trace[weft_random_below(random, i)].span_id;
        }
        for (uint32_t i = 0; oddity > 0 && i < n; i++) {
            uint32_t other = (uint32_t)weft_random_below(random, n);
            if (weft_random_below(random, oddity) == 0) trace[i].parent_span_id.bytes[7] ^= 1;
            if (weft_random_below(random, oddity) == 0)
                trace[i].parent_span_id = trace[other].span_id;
            if (weft_random_below(random, oddity) == 0) trace[i].span_id = trace[other].span_id;
        }
        at += n;
    }
}

static struct weft_block *block_make(struct block_fixture *f, struct weft_random *random,
                                     uint32_t batch_count, uint32_t oddity,
                                     const struct weft_batch_random_knobs *knobs)
{
    struct weft_batch *batches = weft_arena_alloc_array(&f->arena, batch_count, sizeof *batches);
    struct weft_merge_stats stats;

    for (uint32_t i = 0; i < batch_count; i++) {
        batches[i].arena = &f->arena;
        weft_batch_random(&batches[i], random, knobs);
        trees_plant(&batches[i], random, oddity);
    }
    struct weft_segment *segment = block_fixture_segment(f, batches, batch_count);
    return block_fixture_merge(f, &segment, 1, NULL, 0, &stats);
}

/* ---- selections ---- */

static const struct weft_selection *draw(struct weft_random *random, const struct weft_batch *spans,
                                         uint32_t height, bool is_spanwise,
                                         struct weft_arena *arena)
{
    struct weft_selection *node = weft_arena_alloc_zero(arena, sizeof *node);

    if (height > 0 && weft_random_below(random, 6) != 0) {
        node->op = WEFT_SELECT_INTERSECT +
                   (enum weft_selection_op)weft_random_below(random, is_spanwise ? 2 : 9);
        node->count = 1 + (uint32_t)weft_random_below(random, 3);
        node->left = draw(random, spans, height - 1, is_spanwise, arena);
        node->right = weft_random_below(random, 8) == 0
                          ? node->left
                          : draw(random, spans, height - 1, is_spanwise, arena);
    } else if (weft_random_below(random, 8) != 0) {
        struct weft_predicate *p = weft_arena_alloc(arena, sizeof *p);
        const struct weft_span *span = &spans->spans[weft_random_below(random, spans->span_count)];
        *p = fixture_predicate(random, span, arena);
        node->op = WEFT_SELECT_PREDICATE;
        node->predicate = p;
    }
    return node;
}

/* ---- comparing ---- */

struct checking {
    struct weft_block *block;
    const struct weft_selection *selection;
    struct weft_select *select;
    struct weft_block_reader reader;
    struct weft_arena arena;
    struct weft_rows rows;
    struct weft_span *spans; /* of the row group */
    uint64_t bits[WORDS_MAX + 1], loose[WORDS_MAX + 1];
    uint64_t selected;
};

static bool is_set(const uint64_t *bits, uint32_t i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

static bool id_equal(const struct weft_span_id *a, const struct weft_span_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Ids are there once, parents are there, and each way upwards ends: answers must be exact. */
static bool is_tidy(const struct weft_span *spans, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const struct weft_span *at = &spans[i];
        uint32_t steps = 0;
        for (uint32_t k = 0; k < i; k++)
            if (id_equal(&spans[i].span_id, &spans[k].span_id)) return false;
        while (!weft_span_id_is_zero(&at->parent_span_id)) {
            uint32_t p = 0;
            while (p < n && !id_equal(&spans[p].span_id, &at->parent_span_id)) p++;
            if (p == n || steps++ == n) return false;
            at = &spans[p];
        }
    }
    return true;
}

/* Of one trace: rows from .. from + n - 1. */
static void trace_check(struct checking *c, uint32_t from, uint32_t n)
{
    struct weft_batch trace = { .spans = c->spans + from, .span_count = n };
    bool *in = weft_arena_alloc_array(&c->arena, n, sizeof *in);
    bool is_exact = weft_selection_is_spanwise(c->selection) || is_tidy(trace.spans, n);

    weft_selection_mark(c->selection, &trace, in, &c->arena);
    for (uint32_t i = 0; i < n; i++) {
        if (in[i] && !is_set(c->bits, from + i)) fail_msg("row %u of %u is missing", i, n);
        if (!in[i] && is_set(c->bits, from + i) && is_exact)
            fail_msg("row %u of %u is too many", i, n);
        if (is_set(c->bits, from + i) && !is_set(c->loose, from + i))
            fail_msg("row %u of %u is missing when operators are unions", i, n);
        c->selected += in[i];
    }
}

static void groups_check(struct checking *c, uint32_t count)
{
    struct weft_group_bits groups;
    uint32_t sum = 0, row;
    struct weft_err err = { 0 };

    assert_int_equal(weft_select_groups(c->select, &c->rows, &groups, &err), WEFT_OK);
    assert_int_equal(groups.count, count);
    for (uint32_t g = 0; g < c->rows.group_count && count > 0; g++) {
        const uint64_t *bits = groups.bits + groups.first[g];
        for (uint32_t i = 0; i < c->rows.groups[g].rows; i++) {
            if (!is_set(bits, i)) continue;
            sum++;
            assert_int_equal(weft_rows_find_row(&c->rows, g, i, &row, &err), WEFT_OK);
            assert_true(is_set(c->bits, row));
        }
    }
    assert_int_equal(sum, count);
}

static void rows_check(struct checking *c, uint32_t number)
{
    struct weft_err err = { 0 };
    uint32_t count = 0, loosely = 0, row = 0;
    uint64_t all[WORDS_MAX + 1];

    memset(all, 0xff, sizeof all);
    if (weft_rows_open(&c->rows, c->block, number, &c->arena, &err) < 0 ||
        weft_rows_load_traces(&c->rows, &err) < 0 || weft_rows_load_groups(&c->rows, &err) < 0 ||
        weft_select_rows(c->select, &c->rows, c->bits, &count, &err) < 0 ||
        weft_select_rows_loose(c->select, &c->rows, all, c->loose, &loosely, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(loosely >= count);
    if (weft_select_is_hopeless(c->select)) assert_int_equal(loosely, 0);
    c->spans = weft_arena_alloc_array(&c->arena, c->rows.span_count, sizeof *c->spans);
    if (weft_rows_spans(&c->rows, 0, c->rows.span_count, c->spans, &c->reader, &c->arena, &err) < 0)
        fail_msg("%s", err.text);
    for (uint32_t t = 0; t < c->rows.trace_count; t++) {
        uint32_t n = (uint32_t)weft_paged_get(&c->rows.trace_spans, t);
        trace_check(c, row, n);
        row += n;
    }
    groups_check(c, count);
}

/* How many spans it had. */
static uint64_t selection_check(struct weft_block *block, const struct weft_selection *selection)
{
    struct checking *c = weft_alloc_zero(sizeof *c);
    struct weft_arena arena;
    struct weft_err err = { 0 };

    c->block = block;
    c->selection = selection;
    weft_arena_init(&arena, 0);
    weft_arena_init(&c->arena, 0);
    weft_block_reader_init(&c->reader, block);
    if (weft_block_load_tables(block, &err) < 0 ||
        weft_select_init(&c->select, block, selection, &c->reader, &arena, &err) < 0)
        fail_msg("%s", err.text);
    for (uint32_t r = 0; r < block->info.row_group_count; r++) {
        rows_check(c, r);
        weft_arena_reset(&c->arena);
    }
    uint64_t selected = c->selected;
    weft_block_reader_release(&c->reader);
    weft_arena_release(&c->arena);
    weft_arena_release(&arena);
    weft_free(c);
    return selected;
}

static void run(uint64_t seed, uint32_t batches, uint32_t oddity,
                const struct weft_batch_random_knobs *knobs, uint32_t selections)
{
    struct block_fixture f;
    struct weft_random random;
    struct weft_arena arena;
    uint32_t not_empty = 0;

    block_fixture_init(&f);
    weft_random_init(&random, seed);
    struct weft_block *block = block_make(&f, &random, batches, oddity, knobs);
    assert_true(oddity == 0 || block->info.conflicting_duplicates > 0);
    weft_arena_init(&arena, 0);
    struct weft_batch spans = { .arena = &f.arena };
    fixture_read_all(block, &spans);
    for (uint32_t i = 0; i < selections; i++) {
        const struct weft_selection *selection =
            draw(&random, &spans, i % 4, weft_random_below(&random, 4) == 0, &arena);
        not_empty += selection_check(block, selection) > 0;
        weft_arena_reset(&arena);
    }
    assert_true(not_empty > selections / 4);
    weft_arena_release(&arena);
    weft_block_unref(block);
    block_fixture_release(&f);
}

static void selections_mean_what_the_reference_says(void **state)
{
    static const struct weft_batch_random_knobs plain = { 0 }, odd = { .has_odd_values = true,
                                                                       .has_nested_values = true,
                                                                       .has_unicode = true,
                                                                       .has_odd_times = true,
                                                                       .has_events_and_links = true,
                                                                       .has_all_fields = true };
    run(1, 8, 0, &odd, 200);
    run(2, 8, 6, &odd, 200);
    run(3, 60, 0, &plain, 60);
    run(4, 60, 10, &plain, 60);
}

/* ---- too deep ---- */

static void a_tree_that_is_too_high_is_refused(void **state)
{
    struct block_fixture f;
    struct weft_random random;
    struct weft_selection nodes[2 * WEFT_SELECTION_DEPTH_MAX] = { 0 };
    struct weft_block_reader reader;
    struct weft_select *select;
    struct weft_err err = { 0 };
    const struct weft_batch_random_knobs plain = { 0 };

    block_fixture_init(&f);
    weft_random_init(&random, 1);
    struct weft_block *block = block_make(&f, &random, 1, 0, &plain);
    const uint32_t last = 2 * WEFT_SELECTION_DEPTH_MAX - 1;
    for (uint32_t i = 0; i < last; i++)
        nodes[i] =
            (struct weft_selection){ .op = i % 2 == 0 ? WEFT_SELECT_INTERSECT : WEFT_SELECT_UNION,
                                     .left = &nodes[i + 1],
                                     .right = &nodes[last] };
    weft_block_reader_init(&reader, block);
    assert_int_equal(weft_block_load_tables(block, &err), WEFT_OK);
    assert_int_equal(weft_select_init(&select, block, nodes, &reader, &f.arena, &err),
                     WEFT_INVALID);
    assert_int_equal(
        weft_select_init(&select, block, &nodes[last / 2 + 1], &reader, &f.arena, &err), WEFT_OK);
    weft_block_reader_release(&reader);
    weft_block_unref(block);
    block_fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selections_mean_what_the_reference_says),
        cmocka_unit_test(a_tree_that_is_too_high_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
