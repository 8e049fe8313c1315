/* traceql_extensions_test.c -- what weft adds to TraceQL, over a store in every state, against what can be said of plain searches: rows of
 * spans(), in the order of order(), one of each distinct(), page by page, are the spans of the plain search, sorted; -link-> and <-link- are two
 * plain searches and two loops. traceql_extensions_test [WORLDS] [SEED] */
#include "base/alloc.h"
#include "base/endian.h"
#include "base/log.h"
#include "differential.h"
#include "traceql_random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static uint64_t worlds = 11, seed = 20261122;
#define QUERIES_A_WORLD 25u

/* ---- A world with links between its traces ---- */

/* A span that is sent twice has the same ones both times. */
static void links_spread(struct world *world)
{
    for (uint32_t i = 0; i < world->span_count; i++) {
        struct weft_span *span = &world->spans[i];
        struct weft_link *links =
            weft_arena_alloc_array(&world->arena, span->link_count, sizeof *links);
        struct weft_random random;
        weft_random_init(&random, weft_load_u64(span->span_id.bytes) ^ span->start_time_unix_nano ^
                                      weft_load_u64(span->trace_id.bytes + 8));
        for (uint32_t l = 0; l < span->link_count; l++) {
            const struct weft_span *to =
                &world->spans[weft_random_below(&random, world->span_count)];
            links[l] = span->links[l];
            links[l].trace_id = to->trace_id;
            if (!random_one_in(&random, 5)) links[l].span_id = to->span_id;
        }
        span->links = links;
    }
}

static void make(struct world *world, struct weft_random *random, uint32_t n)
{
    uint32_t states = 0;
    while (store_state_names[states] != NULL) states++;
    weft_random_init(random, seed + n);
    world_make(world, seed + n, store_state_names[n % states], false);
    links_spread(world);
    world_open(world);
}

/* ---- Asking ---- */

struct flat {
    struct weft_trace_id trace_id;
    const struct weft_span *span;
};
struct flats {
    struct flat *items;
    uint32_t count;
};

/* The span of the naive store: no two of a trace have id and start in common. */
static const struct weft_span *span_of(const struct world *world, const struct weft_trace_id *trace,
                                       const struct weft_found_span *found)
{
    for (uint32_t t = 0; t < world->slow.trace_count; t++) {
        const struct weft_batch *batch = &world->slow.traces[t];
        if (memcmp(&batch->spans[0].trace_id, trace, sizeof *trace) != 0) continue;
        for (uint32_t i = 0; i < batch->span_count; i++)
            if (memcmp(&batch->spans[i].span_id, &found->span_id, sizeof found->span_id) == 0 &&
                batch->spans[i].start_time_unix_nano == found->start_time_unix_nano)
                return &batch->spans[i];
    }
    fail_msg("a span that nobody sent");
    return NULL;
}

static void flat_add(struct flats *flats, const struct world *world,
                     const struct weft_trace_id *trace, const struct weft_found_span *found)
{
    flats->items = weft_realloc_array(flats->items, flats->count + 1, sizeof *flats->items);
    flats->items[flats->count++] = (struct flat){ *trace, span_of(world, trace, found) };
}

/* False: no answer that can be compared. */
static bool search(const struct weft_source *source, struct weft_str text,
                   const struct weft_traceql_limits *limits, struct weft_traceql_result *out,
                   struct weft_arena *arena)
{
    struct weft_traceql_query query;
    struct weft_err err = { 0 };

    if (weft_traceql_parse(&query, text, arena, NULL, &err) < 0) return false;
    int rc = weft_traceql_search(source, &query, limits, out, arena, &err);
    if (rc < 0 && rc != WEFT_UNSUPPORTED) fail_msg("%.*s: %s", WEFT_S_ARG(text), err.text);
    return rc == WEFT_OK && out->partial_reason == NULL;
}

/* The spans of a plain search, of all of its spansets. */
static bool plain_spans(struct world *world, struct weft_str text, struct flats *out)
{
    struct weft_source source = naive_store_source(&world->data.naive);
    const struct weft_traceql_limits limits = { .traces = 100000, .spans_per_spanset = 100000 };
    struct weft_arena arena = { 0 };
    struct weft_traceql_result result;

    out->count = 0;
    bool is_fine = search(&source, text, &limits, &result, &arena);
    for (uint32_t t = 0; is_fine && t < result.trace_count; t++)
        for (uint32_t i = 0; i < result.traces[t].spanset_count; i++)
            for (uint32_t s = 0; s < result.traces[t].spansets[i].span_count; s++)
                flat_add(out, world, &result.traces[t].trace_id,
                         &result.traces[t].spansets[i].spans[s]);
    weft_arena_release(&arena);
    return is_fine;
}

/* The rows of a query that ends in spans(), page by page, from the store. */
static bool paged_spans(const struct world *world, struct weft_str text, uint32_t page,
                        struct flats *out)
{
    struct weft_traceql_limits limits = { .traces = page };
    struct weft_arena arena = { 0 };
    struct weft_traceql_cursor after;
    bool is_fine, goes_on;

    out->count = 0;
    do {
        struct weft_traceql_result result;
        is_fine = search(&world->source, text, &limits, &result, &arena);
        for (uint32_t i = 0; is_fine && i < result.row_count; i++)
            flat_add(out, world, &result.traces[result.rows[i].trace].trace_id,
                     &result.rows[i].span);
        goes_on = is_fine && result.has_more;
        if (goes_on) assert_int_equal(result.row_count, page);
        if (goes_on) after = result.last;
        limits.after = &after;
    } while (goes_on);
    weft_arena_release(&arena);
    return is_fine;
}

static void flats_print(struct weft_buf *out, const struct flats *flats)
{
    for (uint32_t i = 0; i < flats->count; i++)
        weft_buf_printf(
            out, "%02x/%llu@%llu ", flats->items[i].trace_id.bytes[15],
            (unsigned long long)weft_load_u64(flats->items[i].span->span_id.bytes),
            (unsigned long long)(flats->items[i].span->start_time_unix_nano - RANDOM_BASE_NS));
}

static void same_spans(const struct world *world, struct weft_str text, const struct flats *found,
                       const struct flats *expected)
{
    struct weft_buf a = { 0 }, b = { 0 };

    flats_print(&a, found);
    flats_print(&b, expected);
    if (!weft_str_equal(weft_buf_str(&a), weft_buf_str(&b)))
        fail_msg("seed %llu, %s: %.*s\nfound    %.*s\nexpected %.*s", (unsigned long long)seed,
                 world->state, WEFT_S_ARG(text), WEFT_S_ARG(weft_buf_str(&a)),
                 WEFT_S_ARG(weft_buf_str(&b)));
    weft_buf_release(&a);
    weft_buf_release(&b);
}

/* ---- order(), distinct(), spans(), pages ---- */

static int by_newest(const struct flat *a, const struct flat *b)
{
    if (a->span->start_time_unix_nano != b->span->start_time_unix_nano)
        return a->span->start_time_unix_nano > b->span->start_time_unix_nano ? -1 : 1;
    int order = memcmp(&a->trace_id, &b->trace_id, sizeof a->trace_id);
    return order != 0 ? order : memcmp(&a->span->span_id, &b->span->span_id, 8);
}

static int by_start(const struct flat *a, const struct flat *b)
{
    return (a->span->start_time_unix_nano > b->span->start_time_unix_nano) -
           (a->span->start_time_unix_nano < b->span->start_time_unix_nano);
}

static int by_duration(const struct flat *a, const struct flat *b)
{
    uint64_t x = weft_span_duration_ns(a->span), y = weft_span_duration_ns(b->span);
    return (x > y) - (x < y);
}

static int by_name(const struct flat *a, const struct flat *b)
{
    return weft_str_compare(a->span->name, b->span->name);
}

static int by_nothing(const struct flat *a, const struct flat *b)
{
    return 0;
}

static const struct {
    const char *text;
    int (*compare)(const struct flat *a, const struct flat *b);
    int sign;
} orders[] = {
    { "", by_nothing, 1 },
    { " | order(start)", by_start, -1 },
    { " | order(start asc)", by_start, 1 },
    { " | order(duration)", by_duration, -1 },
    { " | order(duration asc)", by_duration, 1 },
    { " | order(name)", by_name, 1 },
    { " | order(name desc)", by_name, -1 },
    { " | order(span.no_such_thing)", by_nothing, 1 },
};

static void sort(struct flats *flats, size_t order)
{
    for (uint32_t i = 1; i < flats->count; i++)
        for (uint32_t j = i; j > 0; j--) {
            struct flat *a = &flats->items[j - 1], *b = &flats->items[j], moved = *a;
            int compared = orders[order].sign * orders[order].compare(a, b);
            if (compared == 0) compared = by_newest(a, b);
            if (compared <= 0) break;
            *a = *b;
            *b = moved;
        }
}

static void names_once(struct flats *flats)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < flats->count; i++) {
        bool is_known = false;
        for (uint32_t k = 0; k < kept; k++)
            is_known |= by_name(&flats->items[k], &flats->items[i]) == 0;
        if (!is_known) flats->items[kept++] = flats->items[i];
    }
    flats->count = kept;
}

static void test_rows(void **unused)
{
    struct flats found = { 0 }, expected = { 0 };
    struct weft_buf text = { 0 };
    uint64_t rows = 0, compared = 0;

    for (uint32_t n = 0; n < worlds; n++) {
        struct world world;
        struct weft_random random;
        make(&world, &random, n);
        for (uint32_t i = 0; i < QUERIES_A_WORLD; i++) {
            size_t order = weft_random_below(&random, sizeof orders / sizeof *orders);
            bool is_distinct = random_one_in(&random, 3);
            weft_buf_reset(&text);
            random_search(&text, &random);
            if (random_one_in(&random, 3)) {
                weft_buf_reset(&text);
                weft_buf_append_c(&text, "{ }"); /* many rows */
            }
            if (!plain_spans(&world, weft_buf_str(&text), &expected)) continue;
            sort(&expected, order);
            if (is_distinct) names_once(&expected);
            weft_buf_printf(&text, "%s%s | spans()", is_distinct ? " | distinct(name)" : "",
                            orders[order].text);
            if (!paged_spans(&world, weft_buf_str(&text),
                             1 + (uint32_t)weft_random_below(&random, 12), &found))
                continue;
            same_spans(&world, weft_buf_str(&text), &found, &expected);
            rows += found.count;
            compared++;
        }
        world_release(&world);
    }
    assert_true(compared > worlds * QUERIES_A_WORLD / 2); /* the test says something */
    assert_true(rows > 2 * compared);
    weft_free(found.items);
    weft_free(expected.items);
    weft_buf_release(&text);
}

/* ---- Links ---- */

static bool has_link_to(const struct weft_span *from, const struct weft_span *to)
{
    for (uint32_t i = 0; i < from->link_count; i++)
        if (memcmp(&from->links[i].trace_id, &to->trace_id, sizeof to->trace_id) == 0 &&
            memcmp(&from->links[i].span_id, &to->span_id, sizeof to->span_id) == 0)
            return true;
    return false;
}

/* Of `right` those that stand so to one of `left`. */
static void linked_keep(const struct flats *left, struct flats *right, bool is_back)
{
    uint32_t kept = 0;

    for (uint32_t r = 0; r < right->count; r++) {
        bool is_linked = false;
        for (uint32_t l = 0; l < left->count && !is_linked; l++) {
            const struct weft_span *a = left->items[l].span, *b = right->items[r].span;
            is_linked = is_back ? has_link_to(b, a) : has_link_to(a, b);
        }
        if (is_linked) right->items[kept++] = right->items[r];
    }
    right->count = kept;
}

static void random_set(struct weft_buf *out, struct weft_random *random)
{
    struct weft_traceql_query query;
    struct weft_arena arena = { 0 };
    bool is_set;

    do {
        weft_buf_reset(out);
        random_search(out, random);
        is_set = weft_traceql_parse(&query, weft_buf_str(out), &arena, NULL, NULL) == WEFT_OK &&
                 query.hints == NULL && query.pipeline->first->kind == WEFT_STAGE_SPANSET &&
                 query.pipeline->first->next == NULL &&
                 !query.pipeline->first->spanset->has_pipeline;
        weft_arena_reset(&arena);
    } while (!is_set);
    if (random_one_in(random, 3)) {
        weft_buf_reset(out);
        weft_buf_append_c(out, "{ }");
    }
    weft_arena_release(&arena);
}

static void test_links(void **unused)
{
    struct flats found = { 0 }, left = { 0 }, right = { 0 };
    struct weft_buf a = { 0 }, b = { 0 }, text = { 0 };
    uint64_t rows = 0, compared = 0;

    for (uint32_t n = 0; n < worlds; n++) {
        struct world world;
        struct weft_random random;
        make(&world, &random, n);
        for (uint32_t i = 0; i < QUERIES_A_WORLD; i++) {
            bool is_back = random_one_in(&random, 2);
            random_set(&a, &random);
            random_set(&b, &random);
            if (!plain_spans(&world, weft_buf_str(&a), &left) ||
                !plain_spans(&world, weft_buf_str(&b), &right))
                continue;
            linked_keep(&left, &right, is_back);
            sort(&right, 0);
            weft_buf_reset(&text);
            weft_buf_printf(&text, "%.*s %s %.*s | spans()", WEFT_S_ARG(weft_buf_str(&a)),
                            is_back ? "<-link-" : "-link->", WEFT_S_ARG(weft_buf_str(&b)));
            if (!paged_spans(&world, weft_buf_str(&text),
                             1 + (uint32_t)weft_random_below(&random, 12), &found))
                continue;
            same_spans(&world, weft_buf_str(&text), &found, &right);
            rows += found.count;
            compared++;
        }
        world_release(&world);
    }
    assert_true(compared > worlds * QUERIES_A_WORLD / 2); /* the test says something */
    assert_true(rows > compared / 2);
    weft_free(found.items);
    weft_free(left.items);
    weft_free(right.items);
    weft_buf_release(&a);
    weft_buf_release(&b);
    weft_buf_release(&text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows), cmocka_unit_test(test_links) };

    if (argc > 1) worlds = strtoull(argv[1], NULL, 10);
    if (argc > 2) seed = strtoull(argv[2], NULL, 10);
    weft_log_configure(WEFT_LOG_ERROR + 1, WEFT_LOG_TEXT, 2);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
